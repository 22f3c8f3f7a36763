// SPDX-License-Identifier: Apache-2.0
// Reads the parameters of Jaeger's two query APIs. Unknown names (`lookback`) are ignored: viewers send them to servers of
// every age.

import NIOHTTP1
import SondeModel
import SondeStorage
import SondeWire

/// A search as Jaeger's clients put it.
enum JaegerQuestion {
    /// How far back a search looks that names no start: two days, as Jaeger does. Grafana relies on it.
    static let lookBackNanoseconds: UInt64 = 48 * 3_600_000_000_000
    /// Traces in an answer unless told otherwise.
    static let defaultLimit = 100

    // MARK: First version

    /// `service operation start end limit minDuration maxDuration tag tags`; the service is required.
    static func search(_ parameters: Parameters) throws(Refusal) -> TraceQuery {
        guard let service = parameters.text("service") else {
            throw .invalid("the parameter service is missing", hint: "give service=NAME, or traceID=ID")
        }
        var query = TraceQuery()
        query.service = JaegerNames.storedService(service)
        query.operation = parameters.text("operation").map(JaegerNames.storedOperation)
        try window(parameters, &query)
        query.minDuration = try parameters.duration("minDuration")
        query.maxDuration = try parameters.duration("maxDuration")
        query.limit = try parameters.limit(default: defaultLimit, max: TraceQuery.maxLimit)
        for tag in parameters.all("tag") {
            guard let colon = tag.firstIndex(of: ":") else {
                throw parameters.malformed("tag", tag, expected: "key:value")
            }
            try add(String(tag[..<colon]), String(tag[tag.index(after: colon)...]), to: &query)
        }
        for text in parameters.all("tags") { try addAll(text, "tags", parameters, to: &query) }
        try check(query)
        return query
    }

    /// From `start` to `end` in microseconds, both included; to now, and two days long, where they are absent.
    private static func window(_ parameters: Parameters, _ query: inout TraceQuery) throws(Refusal) {
        let end = try parameters.microseconds("end") ?? parameters.now
        query.start = try parameters.microseconds("start") ?? end.moved(back: lookBackNanoseconds)
        if let start = query.start, start > end { throw .invalid("nothing can match: start lies after end") }
        query.end = end.advanced(byNanoseconds: 1000)
    }

    // MARK: Third version

    /// `query.serviceName`, … with both ends of the window required, the first included. Names may be written with
    /// underscores.
    static func searchV3(_ parameters: Parameters) throws(Refusal) -> TraceQuery {
        var query = TraceQuery()
        query.service = parameters.v3("serviceName", "service_name").map(JaegerNames.storedService)
        query.operation = parameters.v3("operationName", "operation_name").map(JaegerNames.storedOperation)
        let start = try parameters.v3Moment("startTimeMin", "start_time_min")
        let end = try parameters.v3Moment("startTimeMax", "start_time_max")
        guard start < end else { throw .invalid("nothing can match: startTimeMin does not lie before startTimeMax") }
        query.start = start
        query.end = end
        query.minDuration = try parameters.v3Duration("durationMin", "duration_min")
        query.maxDuration = try parameters.v3Duration("durationMax", "duration_max")
        let depth = parameters.v3("searchDepth", "search_depth") ?? parameters.v3("numTraces", "num_traces")
        query.limit = try parameters.limit("searchDepth", depth, default: defaultLimit, max: TraceQuery.maxLimit)
        if let text = parameters.v3("attributes", "attributes") {
            try addAll(text, "query.attributes", parameters, to: &query)
        }
        try check(query)
        if let text = parameters.v3("filter", "filter") {
            guard !query.hasSpanConditions else {
                throw .invalid("query.filter can't stand beside other conditions", hint: "say all in query.filter")
            }
            query.expression = TraceExpression(
                text: text, root: .filter(try JaegerFilter.condition(text)))
        }
        return query
    }

    /// Whether a search of the third version wants times as they were sent.
    static func isRawV3(_ parameters: Parameters) throws(Refusal) -> Bool {
        try parameters.goFlag("query.rawTraces", parameters.v3("rawTraces", "raw_traces"))
    }

    /// `startTime`, `endTime` and `rawTraces` beside the id of one trace. The times only help a store that can't find a
    /// trace by its id; ours needs no help. Whether times are wanted as they were sent.
    static func isRawTraceV3(_ parameters: Parameters) throws(Refusal) -> Bool {
        for (camel, snake) in [("startTime", "start_time"), ("endTime", "end_time")] {
            guard let text = parameters.text(camel) ?? parameters.text(snake) else { continue }
            _ = try parameters.lenientMoment(camel, text)
        }
        return try parameters.goFlag(
            "rawTraces", parameters.text("rawTraces") ?? parameters.text("raw_traces"))
    }

    // MARK: Tags

    /// A JSON object of keys and texts; numbers and truth values are taken as they are written.
    private static func addAll(
        _ text: String, _ name: String, _ parameters: Parameters, to query: inout TraceQuery
    ) throws(Refusal) {
        let expected = #"a JSON object of texts, like {"http.method":"GET"}"#
        guard let members = (try? JSONValue.parse(Array(text.utf8), as: name))?.object else {
            throw parameters.malformed(name, text, expected: expected)
        }
        for member in members.list {
            guard let value = member.value.tagText else { throw parameters.malformed(name, text, expected: expected) }
            try add(member.key, value, to: &query)
        }
    }

    /// What our answers show as tags although OTLP has a field for it is searched for in that field.
    private static func add(_ key: String, _ value: String, to query: inout TraceQuery) throws(Refusal) {
        switch (key, value.lowercased()) {
        case ("error", "true"), ("otel.status_code", "error"): try set(.error, &query.status, key, value)
        case ("otel.status_code", "ok"): try set(.ok, &query.status, key, value)
        case ("span.kind", let word):
            guard let kind = SpanKind(name: word) else { fallthrough }
            try set(kind, &query.kind, key, value)
        default: query.attributes.append(AttributeCondition(key: key, value: value))
        }
    }

    /// Two different conditions on one field can't both hold.
    private static func set<Value: Equatable>(
        _ value: Value, _ field: inout Value?, _ key: String, _ text: String
    ) throws(Refusal) {
        guard field == nil || field == value else {
            throw .invalid("nothing can match: \(key)=\(text) contradicts another tag")
        }
        field = value
    }

    private static func check(_ query: TraceQuery) throws(Refusal) {
        guard let shortest = query.minDuration, let longest = query.maxDuration, shortest > longest else { return }
        throw .invalid("nothing can match: the longest duration is smaller than the shortest")
    }

    // MARK: Ids

    /// `start` and `end` beside the id of one trace; see ``isRawTraceV3(_:)``.
    static func checkWhereabouts(_ parameters: Parameters) throws(Refusal) {
        _ = try parameters.microseconds("start")
        _ = try parameters.microseconds("end")
        _ = try parameters.goFlag("raw")
    }

    /// Hex of 1 to 32 digits in either case, or the 16 (of short ids 8) bytes in base64.
    static func traceID(_ text: String) throws(Refusal) -> TraceID {
        if let id = TraceID(padding: text) ?? TraceID(base64: text) { return id }
        throw .invalid(
            "\(text.prefix(80)) is not a trace id", hint: "expected 1 to 32 hex digits, or 16 bytes in base64")
    }
}

extension Parameters {
    /// A member of the third version's `query`, in either spelling.
    fileprivate func v3(_ camel: String, _ snake: String) -> String? {
        text("query.\(camel)") ?? text("query.\(snake)")
    }

    fileprivate func v3Moment(_ camel: String, _ snake: String) throws(Refusal) -> Timestamp {
        guard let text = v3(camel, snake) else {
            throw .invalid("the parameter query.\(camel) is missing", hint: "expected RFC 3339")
        }
        return try lenientMoment("query.\(camel)", text)
    }

    fileprivate func lenientMoment(_ name: String, _ text: String) throws(Refusal) -> Timestamp {
        // Grafana does not escape the + of a zone's offset, so that it arrives as a space.
        let restored = text.map { $0 == " " ? "+" : String($0) }.joined()
        guard let moment = RFC3339.parse(restored) else {
            throw malformed(name, text, expected: "RFC 3339, like 2026-01-02T03:04:05.123456789Z")
        }
        return moment
    }

    fileprivate func v3Duration(_ camel: String, _ snake: String) throws(Refusal) -> UInt64? {
        guard let text = v3(camel, snake) else { return nil }
        guard let duration = DurationText.parse(text) else {
            throw malformed("query.\(camel)", text, expected: "a duration like 1.2s, 100ms or 4500ns")
        }
        return duration
    }
}

extension JSONValue {
    /// A single value as searches compare it.
    fileprivate var tagText: String? {
        switch self {
        case .string(let text): text
        case .bool(let flag): AttributeValue.bool(flag).text
        case .int(let number): String(number)
        case .unsigned(let number): String(number)
        case .double(let number): AttributeValue.double(number).text
        case .null, .array, .object: nil
        }
    }
}

extension TraceID {
    /// The 16 or 8 bytes in base64, with or without padding, in the alphabet of files and addresses too.
    init?(base64 text: String) {
        let digits = text.utf8.prefix { $0 != UInt8(ascii: "=") }
        let padding = text.utf8.dropFirst(digits.count)
        // 22 digits hold 132 bits, of which the last 4 are none of the id's; 11 digits hold 66, and the last 2.
        let (surplus, padded): (UInt8, String)
        switch digits.count {
        case 22: (surplus, padded) = (4, "==")
        case 11: (surplus, padded) = (2, "=")
        default: return nil
        }
        guard padding.isEmpty || padding.elementsEqual(padded.utf8) else { return nil }
        var bits: UInt128 = 0
        var rest: UInt8 = 0
        for (place, digit) in digits.enumerated() {
            guard let value = Self.base64Value(digit) else { return nil }
            if place < digits.count - 1 { bits = bits << 6 | UInt128(value) } else { rest = value }
        }
        guard rest & (1 << surplus - 1) == 0 else { return nil }
        bits = bits << UInt128(6 - surplus) | UInt128(rest >> surplus)
        self.init(high: UInt64(truncatingIfNeeded: bits >> 64), low: UInt64(truncatingIfNeeded: bits))
    }

    private static func base64Value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
