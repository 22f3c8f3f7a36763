// SPDX-License-Identifier: Apache-2.0
// Questions about traces: search, one trace as a tree, as a list, or as OTLP.

import NIOCore
import NIOHTTP1
import SondeAnalysis
import SondeModel
import SondeStorage
import SondeWire

struct TraceQueries: Sendable {
    let reader: any TraceReader
    let clock: WallClock

    var routes: [Route] {
        [
            Route(.GET, "/sonde/v1/traces") { try await search($0) },
            Route(.GET, "/sonde/v1/traces/{id}") { try await trace($0) },
            Route(.GET, "/sonde/v1/traceIds") { try await traceIDs($0) },
        ]
    }

    // MARK: Search

    private func search(_ request: Request) async throws(Refusal) -> Reply {
        let query = try Self.query(Parameters(items: request.match.target.query, now: clock.now()))
        let page = try await asking { () async throws(ReadError) in try await reader.search(query) }
        return .json(NativeJSON.search(page.traces, next: page.next?.text, total: page.total))
    }

    static func query(_ parameters: Parameters) throws(Refusal) -> TraceQuery {
        var query = TraceQuery()
        query.service = parameters.text("service")
        query.operation = parameters.text("operation")
        query.kind = try parameters.kind("kind")
        query.status = try parameters.status("status")
        query.minDuration = try parameters.duration("minDuration")
        query.maxDuration = try parameters.duration("maxDuration")
        query.minTraceDuration = try parameters.duration("minTraceDuration")
        query.maxTraceDuration = try parameters.duration("maxTraceDuration")
        query.attributes = attributes(parameters.items)
        if let text = parameters.text("q") {
            do { try query.add(text) } catch { throw Refusal(error) }
        }
        query.spansPerSet = try parameters.count(
            "spss", default: TraceQuery.defaultSpansPerSet, max: QueryLimits.spansShown)
        query.start = try parameters.moment("start")
        query.end = try parameters.moment("end")
        if let since = try parameters.duration("since") {
            query.start = query.start ?? parameters.now.moved(back: since)
        }
        query.limit = try parameters.limit(default: TraceQuery.defaultLimit, max: TraceQuery.maxLimit)
        query.cursor = try parameters.parse("cursor", expected: "the next of an earlier answer") {
            TraceCursor(text: $0)
        }
        try check(query)
        return query
    }

    private static func attributes(_ items: QueryItems) -> [AttributeCondition] {
        items.items.compactMap { item in
            let key = item.name.dropFirst("attr.".count)
            guard item.name.hasPrefix("attr."), !key.isEmpty else { return nil }
            return AttributeCondition(key: String(key), value: item.value)
        }
    }

    private static func check(_ query: TraceQuery) throws(Refusal) {
        try checkOrder(query.minDuration, query.maxDuration, "minDuration is larger than maxDuration")
        try checkOrder(
            query.minTraceDuration, query.maxTraceDuration, "minTraceDuration is larger than maxTraceDuration")
        try checkOrder(query.start, query.end, "start lies after end")
    }

    private static func checkOrder<T: Comparable>(_ low: T?, _ high: T?, _ complaint: String) throws(Refusal) {
        guard let low, let high, low > high else { return }
        throw .invalid("nothing can match: \(complaint)")
    }

    // MARK: One trace

    private func trace(_ request: Request) async throws(Refusal) -> Reply {
        let text = request.match.parameters["id"] ?? ""
        let parameters = Parameters(items: request.match.target.query, now: clock.now())
        guard let id = TraceID(padding: text) else {
            throw .invalid("\(text.prefix(80)) is not a trace id", hint: "expected 1 to 32 hex digits")
        }
        var trace = try await asking { () async throws(ReadError) in try await reader.trace(id) }
        if trace == nil, try parameters.flag("prefix"), let prefix = TraceIDPrefix(text) {
            trace = try await traceByPrefix(prefix)
        }
        guard let trace else {
            throw .notFound(
                "no span of trace \(id) is stored", hint: "it may not have arrived yet, or have been pruned")
        }
        return try reply(with: trace, request, parameters)
    }

    /// The only trace whose id begins with `prefix`; nil if there is none.
    private func traceByPrefix(_ prefix: TraceIDPrefix) async throws(Refusal) -> Trace? {
        guard prefix.digits.utf8.count >= Self.minPrefixDigits else {
            throw .invalid(
                "the prefix \(prefix.digits) is too short", hint: "give at least \(Self.minPrefixDigits) digits")
        }
        let limit = Self.maxCandidates
        let ids = try await asking { () async throws(ReadError) in
            try await reader.traceIDs(withPrefix: prefix, limit: limit + 1)
        }
        guard ids.count <= 1 else {
            let shown = ids.prefix(limit).map(\.hex).joined(separator: ", ") + (ids.count > limit ? ", …" : "")
            throw Refusal(
                .conflict, code: "ambiguous", "more than one trace id begins with \(prefix.digits): \(shown)",
                hint: "give more digits")
        }
        guard let id = ids.first else { return nil }
        return try await asking { () async throws(ReadError) in try await reader.trace(id) }
    }

    /// Fewer digits match by chance: 4 tell 65 536 traces apart.
    private static let minPrefixDigits = 4
    /// Candidates named when a prefix is ambiguous: a screenful.
    private static let maxCandidates = 20

    // MARK: Ids

    /// `{traceIds:[…]}`: the ids that begin with `prefix`, ascending.
    private func traceIDs(_ request: Request) async throws(Refusal) -> Reply {
        let parameters = Parameters(items: request.match.target.query, now: clock.now())
        let expected = "1 to 32 hex digits"
        guard let prefix = try parameters.parse("prefix", expected: expected, read: { TraceIDPrefix($0) }) else {
            throw .invalid("prefix is missing", hint: "expected \(expected)")
        }
        let limit = try parameters.limit(default: Self.maxCandidates, max: TraceQuery.maxLimit)
        let ids = try await asking { () async throws(ReadError) in
            try await reader.traceIDs(withPrefix: prefix, limit: limit)
        }
        var json = JSONWriter()
        json.beginObject()
        json.key("traceIds")
        json.beginArray()
        for id in ids { json.string(id.hex) }
        json.endArray()
        json.endObject()
        return .json(json.bytes)
    }

    // MARK: Forms of one trace

    private func reply(with trace: Trace, _ request: Request, _ parameters: Parameters) throws(Refusal) -> Reply {
        if ContentType.accepts(ContentType.protobuf, request.header("accept")) {
            return Reply(type: ContentType.protobuf, bytes: OTLPEncoder.traces(trace.spans))
        }
        switch parameters.text("format") {
        case "otlp": return .json(OTLPJSON.traces(trace.spans))
        case nil, "tree":
            let annotations = TraceAnalysis.annotations(of: trace)
            return .json(NativeJSON.tree(trace, annotations: annotations, flat: try parameters.flag("flat")))
        case let other?: throw parameters.malformed("format", other, expected: "tree or otlp")
        }
    }
}

extension Timestamp {
    /// This moment, `nanoseconds` earlier; never before 1970.
    func moved(back nanoseconds: UInt64) -> Timestamp {
        Timestamp(nanoseconds: self.nanoseconds > nanoseconds ? self.nanoseconds - nanoseconds : 0)
    }
}
