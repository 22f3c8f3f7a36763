// SPDX-License-Identifier: Apache-2.0
// A span of swift-distributed-tracing as OTLP's Span message, straight from what the span holds. The message is drawn in
// Wire's OTLPEncoder+Spans.swift. Attributes are written sorted by key: collectors store equal key sequences once.

import SondeModel
import SondeWire
import Tracing

extension ProtobufWriter {
    mutating func span(_ head: SpanHead, _ state: SpanState, limits: SpanLimits) {
        traceID(head.trace.traceID, field: 1)
        spanID(head.trace.spanID, field: 2)
        if !head.trace.state.isEmpty { string(head.trace.state.text, field: 3) }
        if let parent = head.parent { spanID(parent.spanID, field: 4) }
        string(state.name, field: 5)
        varint(UInt64(SondeModel.SpanKind(head.kind).rawValue), field: 6)
        fixed64(head.start, field: 7)
        fixed64(head.end, field: 8)
        attributes(state.attributes, field: 9, limits: limits, dropped: state.droppedAttributes, droppedField: 10)
        for event in state.events {
            message(field: 11) { writer in
                writer.fixed64(event.nanosecondsSinceEpoch, field: 1)
                writer.string(event.name, field: 2)
                writer.attributes(event.attributes, field: 3, limits: limits, droppedField: 4)
            }
        }
        if state.droppedEvents > 0 { varint(UInt64(state.droppedEvents), field: 12) }
        for link in state.links { message(field: 13) { $0.link(link, limits: limits) } }
        if state.droppedLinks > 0 { varint(UInt64(state.droppedLinks), field: 14) }
        OTLPEncoder.status(state.status, into: &self)
        fixed32(head.trace.wireFlags(parentIsRemote: head.parent?.isRemote ?? false), field: 16)
    }

    private mutating func link(_ link: SpanState.Link, limits: SpanLimits) {
        traceID(link.trace.traceID, field: 1)
        spanID(link.trace.spanID, field: 2)
        if !link.trace.state.isEmpty { string(link.trace.state.text, field: 3) }
        attributes(link.attributes, field: 4, limits: limits, droppedField: 5)
        fixed32(link.trace.wireFlags(parentIsRemote: link.trace.isRemote), field: 6)
    }

    /// `attributes` as `KeyValue` fields, at most as many as the limit says, and the count of those left out.
    private mutating func attributes(
        _ attributes: SpanAttributes, field: Int, limits: SpanLimits, dropped: UInt32 = 0, droppedField: Int
    ) {
        guard !attributes.isEmpty || dropped > 0 else { return }
        var pairs: [(key: String, value: SpanAttribute)] = []
        pairs.reserveCapacity(attributes.count)
        attributes.forEach { pairs.append(($0, $1)) }
        pairs.sort { $0.key < $1.key }
        for (key, value) in pairs.prefix(limits.attributeCount) {
            message(field: field) { writer in
                writer.string(key, field: 1)
                writer.message(field: 2) { $0.value(value, length: limits.attributeValueLength) }
            }
        }
        let surplus = dropped + UInt32(max(0, pairs.count - limits.attributeCount))
        if surplus > 0 { varint(UInt64(surplus), field: droppedField) }
    }

    /// The fields of an `AnyValue`.
    private mutating func value(_ value: SpanAttribute, length: Int?) {
        switch value {
        case .string(let text): string(text.cut(to: length), field: 1)
        case .bool(let flag): varint(flag ? 1 : 0, field: 2)
        case .int32(let number): varint(UInt64(bitPattern: Int64(number)), field: 3)
        case .int64(let number): varint(UInt64(bitPattern: number), field: 3)
        case .double(let number): fixed64(number.bitPattern, field: 4)
        case .stringConvertible(let value): string("\(value)".cut(to: length), field: 1)
        case .stringArray(let values): array(values) { $0.string($1.cut(to: length), field: 1) }
        case .boolArray(let values): array(values) { $0.varint($1 ? 1 : 0, field: 2) }
        case .int32Array(let values): array(values) { $0.varint(UInt64(bitPattern: Int64($1)), field: 3) }
        case .int64Array(let values): array(values) { $0.varint(UInt64(bitPattern: $1), field: 3) }
        case .doubleArray(let values): array(values) { $0.fixed64($1.bitPattern, field: 4) }
        case .stringConvertibleArray(let values): array(values) { $0.string("\($1)".cut(to: length), field: 1) }
        default: return
        }
    }

    private mutating func array<Value>(_ values: [Value], _ write: (inout ProtobufWriter, Value) -> Void) {
        message(field: 5) { writer in
            for value in values { writer.message(field: 1) { write(&$0, value) } }
        }
    }
}

extension String {
    /// The first `length` characters.
    fileprivate func cut(to length: Int?) -> String {
        guard let length, utf8.count > length else { return self }
        return String(prefix(length))
    }
}

extension SondeModel.SpanKind {
    init(_ kind: Tracing.SpanKind) {
        switch kind {
        case .server: self = .server
        case .client: self = .client
        case .producer: self = .producer
        case .consumer: self = .consumer
        case .internal: self = .internal
        }
    }
}
