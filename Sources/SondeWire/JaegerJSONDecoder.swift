// SPDX-License-Identifier: Apache-2.0
// Traces in Jaeger's JSON, as its viewer downloads them and its query API answers. The way back from what Jaeger made of
// OTLP: tags with well-known names become the fields they stand for (JaegerJSON+Trace.swift has the list), all others
// are attributes. docs/formats.md says what is lost on the way there and can't come back.
//
//   {"data": [trace, …] | trace} | trace | [trace, …]
//   trace = {traceID, spans: [span, …], processes: {p1: process, …}}

package import SondeModel

/// Reads Jaeger's JSON.
///
/// - A span whose ids, times or parts can't be read costs only itself: it is left out and counted.
/// - Text that is no JSON, and JSON that is no trace, cost the whole text: ``DecodeError``.
package enum JaegerJSONDecoder {
    package static func traces(_ bytes: [UInt8]) throws(DecodeError) -> DecodedBatch<SpanEntry> {
        let root = try JSONValue.parse(bytes, as: "Jaeger JSON")
        var reading = JaegerReading()
        for trace in try traces(in: root) { try reading.add(trace) }
        var decoded = try OTLPDecoder.traces(OTLPEncoder.traces(reading.spans))
        decoded.rejectedCount += reading.rejectedCount
        decoded.rejectionReason = reading.rejectionReason ?? decoded.rejectionReason
        return decoded
    }

    private static func traces(in root: JSONValue) throws(DecodeError) -> [JSONValue] {
        if let list = root.array { return list }
        guard root.object != nil else { throw notATrace("expected an object") }
        guard let data = root["data"] else { return [root] }
        if data.isNull { return [] }
        return data.array ?? [data]
    }

    fileprivate static func notATrace(_ what: String) -> DecodeError {
        DecodeError(message: "cannot decode Jaeger JSON: \(what)")
    }
}

/// What has been read so far.
private struct JaegerReading {
    private(set) var spans: [SpanRecord] = []
    private(set) var rejectedCount = 0
    /// Of the first span that was left out.
    private(set) var rejectionReason: String?

    mutating func add(_ trace: JSONValue) throws(DecodeError) {
        guard let list = trace["spans"]?.array else {
            throw JaegerJSONDecoder.notATrace("expected a trace, an object with an array \"spans\"")
        }
        let first = spans.count
        var resources: [String: Resource] = [:]
        for process in trace["processes"]?.object?.list ?? [] {
            resources[process.key] = Resource(jaeger: process.value)
        }
        for (index, span) in list.enumerated() {
            do throws(Flaw) {
                let key = span["processID"]?.string ?? ""
                let inline = span["process"].map { Resource(jaeger: $0) }
                var record = try SpanRecord(jaeger: span, traceID: trace["traceID"]?.string)
                record.resource = resources[key] ?? inline ?? Resource()
                spans.append(record)
            } catch {
                rejectedCount += 1
                let name = span["operationName"]?.string.map { " (\($0.prefix(Limits.maxQuotedTitle)))" } ?? ""
                rejectionReason = rejectionReason ?? "span \(index + 1) of its trace\(name): \(error.reason)"
            }
        }
        adopt(from: first)
    }

    /// OpenTracing knew followers without a parent. Where the span they follow is there and began no later, it is their
    /// parent, as it is for Jaeger; a root that merely links to a span of its own trace stays a root.
    private mutating func adopt(from first: Int) {
        var starts: [SpanID: Timestamp] = [:]
        for span in spans[first...] { starts[span.spanID] = span.start }
        for index in first..<spans.count where !spans[index].parentSpanID.isValid {
            let span = spans[index]
            let leader = span.links.first { link in
                guard link.traceID == span.traceID, link.spanID != span.spanID, let start = starts[link.spanID] else {
                    return false
                }
                return start < span.start
            }
            if let leader { spans[index].parentSpanID = leader.spanID }
        }
    }
}

/// Why a span was left out.
private struct Flaw: Error {
    var reason: String

    init(_ reason: String) { self.reason = reason }
}

extension Resource {
    /// `{serviceName, tags}`.
    fileprivate init(jaeger process: JSONValue) {
        self.init()
        switch process["serviceName"]?.string {
        case nil, JaegerNames.missingService: break
        case JaegerNames.emptyService: attributes.append(Attribute("service.name", .string("")))
        case let name?: attributes.append(Attribute("service.name", .string(name)))
        }
        attributes += [Attribute](jaegerTags: process["tags"])
    }
}

extension SpanRecord {
    fileprivate init(jaeger span: JSONValue, traceID traceOfAll: String?) throws(Flaw) {
        let traceText = span["traceID"]?.string ?? traceOfAll ?? ""
        guard let traceID = TraceID(padding: traceText), traceID.isValid else {
            throw Flaw("\"\(traceText.prefix(40))\" is not a trace id")
        }
        let spanID = try SpanID(jaeger: span["spanID"], "span id")
        let start = try Timestamp(jaegerMicroseconds: span["startTime"], "startTime")
        let length = try Timestamp(jaegerMicroseconds: span["duration"] ?? .int(0), "duration")
        let (end, isTooLate) = start.nanoseconds.addingReportingOverflow(length.nanoseconds)
        guard !isTooLate else { throw Flaw("it ends after the year 2554") }
        let name = span["operationName"]?.string ?? ""
        self.init(
            traceID: traceID, spanID: spanID, name: name == JaegerNames.emptySpan ? "" : name, kind: .unspecified,
            start: start, end: Timestamp(nanoseconds: end))
        // Jaeger's other flags mean something else in W3C's.
        flags = (span["flags"]?.integer(UInt32.self) ?? 0) & 1
        for log in span["logs"]?.array ?? [] { events.append(try SpanEvent(jaeger: log)) }
        try takeReferences(span)
        takeTags([Attribute](jaegerTags: span["tags"]))
        if attributes[SpanRecord.unfinishedKey] == .bool(true) { self.end = .zero }
    }

    /// The first CHILD_OF in this trace names the parent; all others are links.
    private mutating func takeReferences(_ span: JSONValue) throws(Flaw) {
        for reference in span["references"]?.array ?? [] {
            let text = reference["traceID"]?.string ?? ""
            guard let trace = TraceID(padding: text) else { throw Flaw("\"\(text.prefix(40))\" is not a trace id") }
            let id = try SpanID(jaeger: reference["spanID"], "span id")
            let isChild = reference["refType"]?.string == "CHILD_OF"
            if isChild, trace == traceID, !parentSpanID.isValid {
                parentSpanID = id
            } else {
                let type = Attribute("opentracing.ref_type", .string("child_of"))
                links.append(SpanLink(traceID: trace, spanID: id, attributes: isChild ? [type] : []))
            }
        }
        // What old versions wrote instead of references.
        if let parent = span["parentSpanID"], !parentSpanID.isValid, parent.string?.isEmpty == false {
            parentSpanID = try SpanID(jaeger: parent, "parent span id")
        }
    }

    /// Tags that stand for fields become these; all others are attributes.
    private mutating func takeTags(_ tags: [Attribute]) {
        var hasFailed = false
        for tag in tags {
            switch (tag.key, tag.value.jaegerText) {
            case ("span.kind", let name?) where SpanKind(name: name) != nil:
                kind = SpanKind(name: name) ?? .unspecified
            case ("otel.status_code", let code?) where StatusCode(name: code) != nil:
                status.code = StatusCode(name: code) ?? .unset
            case ("otel.status_description", let message?): status.message = message
            case ("error", "true"): hasFailed = true
            case ("error", nil) where tag.value == .bool(true): hasFailed = true
            case ("w3c.tracestate", let state?): traceState = state
            case ("otel.scope.name", let name?), ("otel.library.name", let name?): scope.name = name
            case ("otel.scope.version", let version?), ("otel.library.version", let version?): scope.version = version
            default: attributes.append(tag)
            }
        }
        if hasFailed, status.code == .unset { status.code = .error }
    }
}

extension SpanEvent {
    /// `{timestamp, fields}`; the field `event` is the name.
    fileprivate init(jaeger log: JSONValue) throws(Flaw) {
        self.init(time: try Timestamp(jaegerMicroseconds: log["timestamp"], "timestamp of a log"), name: "")
        attributes = [Attribute](jaegerTags: log["fields"])
        guard let index = attributes.firstIndex(where: { $0.key == "event" }),
            let name = attributes[index].value.jaegerText
        else { return }
        self.name = name
        attributes.remove(at: index)
    }
}

extension SpanID {
    fileprivate init(jaeger value: JSONValue?, _ what: String) throws(Flaw) {
        let text = value?.string ?? ""
        guard !text.isEmpty, text.utf8.count <= 16, let number = Hex.value(of: text.utf8), number != 0 else {
            throw Flaw("\"\(text.prefix(40))\" is not a \(what)")
        }
        self.init(number)
    }
}

extension Timestamp {
    /// Microseconds as a number, or as the text of one.
    fileprivate init(jaegerMicroseconds value: JSONValue?, _ what: String) throws(Flaw) {
        let number = value?.integer(UInt64.self) ?? value?.string.flatMap { UInt64($0) }
        guard let number, number <= UInt64.max / 1000 else {
            throw Flaw("its \(what) is no number of microseconds from 0 to \(UInt64.max / 1000)")
        }
        self.init(nanoseconds: number * 1000)
    }
}

extension [Attribute] {
    /// `[{key, type, value}, …]`; what has no key is no tag.
    fileprivate init(jaegerTags tags: JSONValue?) {
        self.init()
        for tag in tags?.array ?? [] {
            guard let key = tag["key"]?.string else { continue }
            append(Attribute(key, AttributeValue(jaeger: tag["value"] ?? .null, type: tag["type"]?.string)))
        }
    }
}

extension AttributeValue {
    /// Values come as their JSON type or as text; what is not what `type` says is taken as it stands.
    fileprivate init(jaeger value: JSONValue, type: String?) {
        let text = value.string
        switch type?.lowercased() {
        case "bool": self = (value.bool ?? text.flatMap { Bool($0) }).map { .bool($0) } ?? .init(untyped: value)
        case "int64":
            self = (value.integer(Int64.self) ?? text.flatMap { Int64($0) }).map { .int($0) } ?? .init(untyped: value)
        case "float64":
            self = (value.double ?? text.flatMap { Double($0) }).map { .double($0) } ?? .init(untyped: value)
        case "binary": self = text.flatMap { Base64.decode(Array($0.utf8)) }.map { .bytes($0) } ?? .init(untyped: value)
        default: self = .init(untyped: value)
        }
    }

    /// The value as Jaeger's type `string` has it; nil for those that have a type of their own.
    fileprivate var jaegerText: String? {
        switch self {
        case .string, .empty, .array, .map: text
        case .bool, .int, .double, .bytes: nil
        }
    }

    private init(untyped value: JSONValue) {
        switch value {
        case .null: self = .empty
        case .bool(let flag): self = .bool(flag)
        case .int(let number): self = .int(number)
        case .unsigned(let number): self = .double(Double(number))
        case .double(let number): self = .double(number)
        case .string(let text): self = .string(text)
        case .array(let values): self = .array(values.map { AttributeValue(untyped: $0) })
        case .object(let members):
            self = .map(members.list.map { Attribute($0.key, AttributeValue(untyped: $0.value)) })
        }
    }
}
