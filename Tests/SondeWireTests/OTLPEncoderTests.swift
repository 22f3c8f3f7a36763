// SPDX-License-Identifier: Apache-2.0

import SondeModel
import Testing

@testable import SondeWire

struct OTLPEncoderTests {
    static let values: [AttributeValue] = [
        .empty, .string(""), .string("größe\0\n"), .bool(true), .bool(false), .int(0), .int(.min), .int(.max),
        .double(0),
        .double(-0.0), .double(.infinity), .double(1.5e-300), .bytes([]), .bytes([0, 255]), .array([]),
        .array([.int(1), .empty, .array([.string("x")])]), .map([]),
        .map([Attribute("a", .map([Attribute("", .empty)])), Attribute("a", .int(2))]),
    ]

    static var attributes: [Attribute] {
        values.enumerated().map { Attribute("key.\($0.offset)", $0.element) }
    }

    /// A span with something in every field.
    static func span(
        _ seed: UInt64, resource: Resource = Resource(), scope: InstrumentationScope = .init()
    ) -> SpanRecord {
        var unknown = ProtobufWriter()
        unknown.string("from the future", field: 99)
        unknown.varint(seed, field: 1_000)
        return SpanRecord(
            traceID: TraceID(high: seed, low: ~seed), spanID: SpanID(seed + 1), parentSpanID: SpanID(seed),
            name: "span \(seed)",
            kind: .consumer, start: Timestamp(nanoseconds: 1), end: Timestamp(nanoseconds: .max),
            status: SpanStatus(code: .error, message: "no"), attributes: attributes,
            events: [
                SpanEvent(
                    time: Timestamp(nanoseconds: 7), name: "e", attributes: attributes, droppedAttributesCount: 1),
                SpanEvent(time: .zero, name: ""),
            ],
            links: [
                SpanLink(
                    traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), traceState: "a=1", attributes: attributes,
                    droppedAttributesCount: 4, flags: 0x301),
                SpanLink(traceID: .zero, spanID: .zero),
            ],
            traceState: "foo=1", flags: 0x103, droppedAttributesCount: 5, droppedEventsCount: 6,
            droppedLinksCount: .max,
            resource: resource, scope: scope, unknownFields: unknown.bytes)
    }

    static let resource = Resource(
        attributes: [Attribute("service.name", .string("a"))], droppedAttributesCount: 2, schemaURL: "https://r")
    static let scope = InstrumentationScope(
        name: "s", version: "1", attributes: [Attribute("k", .int(1))], droppedAttributesCount: 3,
        schemaURL: "https://s")

    @Test func spansComeBackAsTheyWere() throws {
        let bare = SpanRecord(
            traceID: TraceID(high: 0, low: 1), spanID: SpanID(1), name: "", kind: .unspecified, start: .zero, end: .zero
        )
        let spans = [
            Self.span(1, resource: Self.resource, scope: Self.scope),
            Self.span(2, resource: Self.resource, scope: Self.scope),
            Self.span(3, resource: Self.resource), bare, Self.span(5, resource: Self.resource),
        ]
        let decoded = try OTLPDecoder.traces(OTLPEncoder.traces(spans))
        #expect(decoded.rejectedCount == 0)
        #expect(try decoded.batch.records() == spans)
    }

    @Test func neighboursShareAnEnvelope() throws {
        let spans = [Self.span(1), Self.span(2), Self.span(3, resource: Self.resource), Self.span(4)]
        #expect(try OTLPDecoder.traces(OTLPEncoder.traces(spans)).batch.resources.count == 3)
    }

    @Test func logsComeBackAsTheyWere() throws {
        var logs = Self.values.map { body in
            LogRecord(
                time: Timestamp(nanoseconds: 1), observedTime: Timestamp(nanoseconds: 2), severityNumber: 17,
                severityText: "error", body: body, eventName: "event", attributes: Self.attributes,
                droppedAttributesCount: 1,
                flags: 1, traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), resource: Self.resource,
                scope: Self.scope)
        }
        logs.append(LogRecord(time: .zero))
        let decoded = try OTLPDecoder.logs(OTLPEncoder.logs(logs))
        #expect(decoded.rejectedCount == 0)
        #expect(try decoded.batch.records() == logs)
    }

    @Test func nothingGivesAnEmptyRequest() {
        #expect(OTLPEncoder.traces([]) == [])
        #expect(OTLPEncoder.logs([]) == [])
    }

    @Test func wrapsEntriesEncodedOneByOne() throws {
        let spans = [
            Self.span(1, resource: Self.resource, scope: Self.scope),
            Self.span(2, resource: Self.resource, scope: Self.scope),
            Self.span(3, resource: Self.resource),
        ]
        let entries = spans.map { span in
            var writer = ProtobufWriter()
            writer.message(field: 2) { OTLPEncoder.span(span, into: &$0) }
            return writer.bytes
        }
        let body = OTLPEncoder.envelope(
            resource: Self.resource,
            parts: [(Self.scope, entries[0] + entries[1]), (InstrumentationScope(), entries[2])])
        #expect(body == OTLPEncoder.traces(spans))
    }
}
