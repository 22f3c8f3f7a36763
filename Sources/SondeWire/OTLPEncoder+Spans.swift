// SPDX-License-Identifier: Apache-2.0
// One span as OTLP's Span message.
//
//   Span { 1 trace_id, 2 span_id, 3 trace_state, 4 parent_span_id, 5 name, 6 kind, 7 start fixed64, 8 end fixed64,
//          9 repeated KeyValue, 10 dropped, 11 repeated Event, 12 dropped, 13 repeated Link, 14 dropped,
//          15 Status { 2 message, 3 code }, 16 flags fixed32 }

package import SondeModel

extension OTLPEncoder {
    /// The fields of a `Span` message, without a tag or length around them.
    package static func span(_ span: SpanRecord, into writer: inout ProtobufWriter) {
        writer.traceID(span.traceID, field: 1)
        writer.spanID(span.spanID, field: 2)
        if !span.traceState.isEmpty { writer.string(span.traceState, field: 3) }
        if span.parentSpanID.isValid { writer.spanID(span.parentSpanID, field: 4) }
        if !span.name.isEmpty { writer.string(span.name, field: 5) }
        if span.kind != .unspecified { writer.varint(UInt64(span.kind.rawValue), field: 6) }
        if span.start != .zero { writer.fixed64(span.start.nanoseconds, field: 7) }
        if span.end != .zero { writer.fixed64(span.end.nanoseconds, field: 8) }
        attributes(span.attributes, field: 9, into: &writer)
        count(span.droppedAttributesCount, field: 10, into: &writer)
        for event in span.events { writer.message(field: 11) { self.event(event, into: &$0) } }
        count(span.droppedEventsCount, field: 12, into: &writer)
        for link in span.links { writer.message(field: 13) { self.link(link, into: &$0) } }
        count(span.droppedLinksCount, field: 14, into: &writer)
        status(span.status, into: &writer)
        if span.flags != 0 { writer.fixed32(span.flags, field: 16) }
        writer.bytes.append(contentsOf: span.unknownFields)
    }

    /// The `Status` field of a span; nothing if it is unset and has no message.
    package static func status(_ status: SpanStatus, into writer: inout ProtobufWriter) {
        guard status != SpanStatus() else { return }
        writer.message(field: 15) { writer in
            if !status.message.isEmpty { writer.string(status.message, field: 2) }
            if status.code != .unset { writer.varint(UInt64(status.code.rawValue), field: 3) }
        }
    }

    private static func event(_ event: SpanEvent, into writer: inout ProtobufWriter) {
        if event.time != .zero { writer.fixed64(event.time.nanoseconds, field: 1) }
        if !event.name.isEmpty { writer.string(event.name, field: 2) }
        attributes(event.attributes, field: 3, into: &writer)
        count(event.droppedAttributesCount, field: 4, into: &writer)
        writer.bytes.append(contentsOf: event.unknownFields)
    }

    private static func link(_ link: SpanLink, into writer: inout ProtobufWriter) {
        if link.traceID.isValid { writer.traceID(link.traceID, field: 1) }
        if link.spanID.isValid { writer.spanID(link.spanID, field: 2) }
        if !link.traceState.isEmpty { writer.string(link.traceState, field: 3) }
        attributes(link.attributes, field: 4, into: &writer)
        count(link.droppedAttributesCount, field: 5, into: &writer)
        if link.flags != 0 { writer.fixed32(link.flags, field: 6) }
        writer.bytes.append(contentsOf: link.unknownFields)
    }
}
