// SPDX-License-Identifier: Apache-2.0
// Spans and logs for tests, said briefly: every value that a test does not name has a harmless default.

package import SondeModel

extension TraceID {
    /// A recognisable id: `n` in the low half.
    package static func sample(_ n: UInt64) -> TraceID { TraceID(high: 0x5a5a_0000_0000_0000, low: n) }
}

extension Timestamp {
    /// 2026-01-02T03:04:05Z, the moment at which samples begin.
    package static let sampleEpoch = Timestamp(nanoseconds: 1_767_323_045_000_000_000)

    /// That many milliseconds after ``sampleEpoch``.
    package static func sample(ms: Int64) -> Timestamp { sampleEpoch.advanced(byNanoseconds: ms * 1_000_000) }
}

extension Resource {
    package static func sample(_ service: String, _ attributes: Attribute...) -> Resource {
        Resource(attributes: [Attribute("service.name", .string(service))] + attributes)
    }
}

extension SpanRecord {
    /// A span of trace `trace` from `start` for `duration` milliseconds after ``SondeModel/Timestamp/sampleEpoch``.
    package static func sample(
        trace: UInt64 = 1, _ id: UInt64, parent: UInt64 = 0, service: String = "orders", name: String = "GET /orders",
        kind: SpanKind = .server, start: Int64 = 0, duration: Int64 = 10, status: SpanStatus = SpanStatus(),
        attributes: [Attribute] = []
    ) -> SpanRecord {
        SpanRecord(
            traceID: .sample(trace), spanID: SpanID(id), parentSpanID: SpanID(parent), name: name, kind: kind,
            start: .sample(ms: start), end: .sample(ms: start + duration), status: status, attributes: attributes,
            resource: .sample(service))
    }

    /// A span that uses every field, with every attribute type.
    package static func sampleOfEverything(trace: UInt64 = 7, _ id: UInt64 = 70, parent: UInt64 = 0) -> SpanRecord {
        SpanRecord(
            traceID: .sample(trace), spanID: SpanID(id), parentSpanID: SpanID(parent), name: "POST /päyments ✓",
            kind: .producer, start: Timestamp(nanoseconds: 1_767_323_045_123_456_789),
            end: Timestamp(nanoseconds: 1_767_323_046_987_654_321),
            status: SpanStatus(code: .error, message: "card declined: \"insufficient\"\n"),
            attributes: [Attribute].sampleOfEveryType,
            events: [
                SpanEvent(
                    time: Timestamp(nanoseconds: 1_767_323_045_500_000_001), name: "exception",
                    attributes: [Attribute("exception.type", .string("Declined"))], droppedAttributesCount: 3,
                    unknownFields: [0xC0, 0x3E, 0x06]),
                SpanEvent(time: .zero, name: ""),
            ],
            links: [
                SpanLink(
                    traceID: .sample(99), spanID: SpanID(98), traceState: "a=1",
                    attributes: [Attribute("link.kind", .string("follows"))], droppedAttributesCount: 1, flags: 0x301,
                    unknownFields: [0xC0, 0x3E, 0x07])
            ],
            traceState: "vendor=value,other=1", flags: 0x301, droppedAttributesCount: 4, droppedEventsCount: 5,
            droppedLinksCount: 6,
            resource: Resource(
                attributes: [
                    Attribute("service.name", .string("payments")), Attribute("host.cpus", .int(2)),
                    Attribute("tags", .array([.string("a"), .bool(false)])),
                ], droppedAttributesCount: 2, schemaURL: "https://opentelemetry.io/schemas/1.30.0",
                unknownFields: [0xC0, 0x3E, 0x08]),
            scope: InstrumentationScope(
                name: "shop.payments", version: "1.2.3", attributes: [Attribute("scope.attr", .double(0.5))],
                droppedAttributesCount: 1, schemaURL: "https://opentelemetry.io/schemas/1.29.0",
                unknownFields: [0xC0, 0x3E, 0x09]),
            // Field 1000, a varint of 5.
            unknownFields: [0xC0, 0x3E, 0x05])
    }

    /// The same without the fields that only protobuf can carry.
    package var withoutUnknownFields: SpanRecord {
        var span = self
        span.unknownFields = []
        span.resource.unknownFields = []
        span.scope.unknownFields = []
        for index in span.events.indices { span.events[index].unknownFields = [] }
        for index in span.links.indices { span.links[index].unknownFields = [] }
        return span
    }
}

extension [Attribute] {
    /// One attribute of every type, extremes included, and one key twice.
    package static var sampleOfEveryType: [Attribute] {
        [
            Attribute("string", .string("line\nbreak \"quoted\" \u{1F600}")), Attribute("empty string", .string("")),
            Attribute("true", .bool(true)), Attribute("false", .bool(false)), Attribute("zero", .int(0)),
            Attribute("min", .int(.min)), Attribute("max", .int(.max)), Attribute("double", .double(1.5)),
            Attribute("whole double", .double(8)), Attribute("infinity", .double(.infinity)),
            Attribute("bytes", .bytes([0, 1, 254, 255])), Attribute("no bytes", .bytes([])),
            Attribute("array", .array([.int(1), .string("two"), .array([.double(3)]), .empty])),
            Attribute("map", .map([Attribute("a", .int(1)), Attribute("b", .map([Attribute("c", .bool(true))]))])),
            Attribute("empty array", .array([])), Attribute("empty map", .map([])), Attribute("empty", .empty),
            Attribute("twice", .int(1)), Attribute("twice", .int(2)),
        ]
    }
}

extension LogRecord {
    /// A record `ms` milliseconds after ``SondeModel/Timestamp/sampleEpoch``.
    package static func sample(
        _ body: String, ms: Int64 = 0, service: String = "orders", level: LogLevel = .info, trace: UInt64 = 0,
        span: UInt64 = 0, attributes: [Attribute] = []
    ) -> LogRecord {
        LogRecord(
            time: .sample(ms: ms), observedTime: .sample(ms: ms + 1), severityNumber: level.rawValue,
            severityText: level.name.uppercased(), body: .string(body), attributes: attributes,
            traceID: trace == 0 ? .zero : .sample(trace), spanID: SpanID(span), resource: .sample(service))
    }
}
