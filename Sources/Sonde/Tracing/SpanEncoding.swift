// SPDX-License-Identifier: Apache-2.0
// A span of swift-distributed-tracing as OTLP's Span message, straight from what the span holds. The message is drawn in
// Wire's OTLPEncoder+Spans.swift. Attributes are written sorted by key: collectors store equal key sequences once.

import SondeModel
import SondeWire
import Tracing

extension EntryBuffer {
    /// What is known of every span. `end` is 0 for one that has not ended.
    @inline(__always)
    mutating func spanHead(
        _ trace: TraceContext, parentID: SpanID, parentIsRemote: Bool, name: String, kind: Tracing.SpanKind,
        start: UInt64, end: UInt64
    ) {
        spanBeginning(trace, parentID: parentID, parentIsRemote: parentIsRemote, kind: kind, start: start)
        string(name, field: 5)
        fixed64(end, field: 8)
    }

    /// What is known when a span begins, but for its name.
    @inline(__always)
    mutating func spanBeginning(
        _ trace: TraceContext, parentID: SpanID, parentIsRemote: Bool, kind: Tracing.SpanKind, start: UInt64
    ) {
        traceID(trace.traceID, field: 1)
        spanID(trace.spanID, field: 2)
        if !trace.state.isEmpty { string(trace.state.text, field: 3) }
        if parentID.isValid { spanID(parentID, field: 4) }
        varint(UInt64(SondeModel.SpanKind(kind).rawValue), field: 6)
        fixed64(start, field: 7)
        fixed32(trace.wireFlags(parentIsRemote: parentIsRemote), field: 16)
    }

    /// - Parameters:
    ///   - limits: How much may still be written.
    ///   - dropped: Attributes that were left out before.
    mutating func spanState(_ state: SpanState, limits: SpanLimits, dropped: UInt32 = 0) {
        attributes(
            state.attributes, field: 9, limits: limits, dropped: state.droppedAttributes + dropped, droppedField: 10)
        for event in state.events {
            let start = beginMessage(field: 11)
            fixed64(event.nanosecondsSinceEpoch, field: 1)
            string(event.name, field: 2)
            attributes(event.attributes, field: 3, limits: limits, droppedField: 4)
            endMessage(start)
        }
        if state.droppedEvents > 0 { varint(UInt64(state.droppedEvents), field: 12) }
        for link in state.links {
            let start = beginMessage(field: 13)
            linked(link.trace)
            attributes(link.attributes, field: 4, limits: limits, droppedField: 5)
            endMessage(start)
        }
        if state.droppedLinks > 0 { varint(UInt64(state.droppedLinks), field: 14) }
        status(state.status)
    }

    /// The fields of a `Link` but for its attributes.
    mutating func linked(_ trace: TraceContext) {
        traceID(trace.traceID, field: 1)
        spanID(trace.spanID, field: 2)
        if !trace.state.isEmpty { string(trace.state.text, field: 3) }
        fixed32(trace.wireFlags(parentIsRemote: trace.isRemote), field: 6)
    }

    /// The `Status` field of a span; nothing if it is unset.
    @inline(__always)
    mutating func status(_ status: SondeModel.SpanStatus) {
        guard status.code != .unset else { return }
        let start = beginMessage(field: 15)
        if !status.message.isEmpty { string(status.message, field: 2) }
        varint(UInt64(status.code.rawValue), field: 3)
        endMessage(start)
    }

    /// The fields of the `KeyValue` that says that a span has not ended.
    mutating func unfinishedMark() {
        string(SpanRecord.unfinishedKey, field: 1)
        message(field: 2) { $0.varint(1, field: 2) }
    }

    /// `attributes` as `KeyValue` fields, at most as many as the limit says, and the count of those left out.
    mutating func attributes(
        _ attributes: SpanAttributes, field: Int, limits: SpanLimits, dropped: UInt32 = 0, droppedField: Int
    ) {
        let count = attributes.count
        guard count > 0 || dropped > 0 else { return }
        Self.withSorted(attributes, count: count) { pairs in
            let kept = min(pairs.count, limits.attributeCount)
            for index in 0..<kept {
                // Taken out, not looked at: a copy of key and value would be counted up and down.
                let pair = pairs.moveElement(from: index)
                pair.key.withBytes { attribute($0, pair.value, field: field, length: limits.attributeValueLength) }
            }
            return kept
        }
        let surplus = dropped + UInt32(max(0, count - limits.attributeCount))
        if surplus > 0 { varint(UInt64(surplus), field: droppedField) }
    }

    private struct Pair {
        var key: String
        var value: SpanAttribute
    }

    /// The attributes sorted by key, in memory of the stack if they are as few as usual. `body` takes them out from the
    /// front and returns how many it took.
    @inline(__always)
    private static func withSorted(
        _ attributes: SpanAttributes, count: Int, _ body: (UnsafeMutableBufferPointer<Pair>) -> Int
    ) {
        withUnsafeTemporaryAllocation(of: Pair.self, capacity: count) { pairs in
            var next = 0
            attributes.forEach { key, value in
                guard next < count else { return }
                pairs.initializeElement(at: next, to: Pair(key: key, value: value))
                next += 1
            }
            sort(pairs, count: next)
            let taken = body(UnsafeMutableBufferPointer(rebasing: pairs[..<next]))
            UnsafeMutableBufferPointer(rebasing: pairs[taken..<next]).deinitialize()
        }
    }

    /// Few are sorted by insertion, which swaps bits and allocates nothing.
    private static func sort(_ pairs: UnsafeMutableBufferPointer<Pair>, count: Int) {
        guard count <= 32 else {
            var sorted = UnsafeMutableBufferPointer(rebasing: pairs[..<count])
            return sorted.sort { $0.key < $1.key }
        }
        for index in 1..<max(1, count) {
            guard pairs[index].key < pairs[index - 1].key else { continue }
            let pair = pairs.moveElement(from: index)
            var hole = index
            repeat {
                pairs.initializeElement(at: hole, to: pairs.moveElement(from: hole - 1))
                hole -= 1
            } while hole > 0 && pair.key < pairs[hole - 1].key
            pairs.initializeElement(at: hole, to: pair)
        }
    }

    /// One attribute as a `KeyValue` field.
    mutating func attribute(
        _ key: UnsafeBufferPointer<UInt8>, _ value: SpanAttribute, field: Int, length: Int?
    ) {
        switch value {
        case .string(let text): text.cut(to: length).withBytes { attribute(key, text: $0, field: field) }
        case .bool(let flag): attribute(key, bool: flag, field: field)
        case .int32(let number): attribute(key, int: Int64(number), field: field)
        case .int64(let number): attribute(key, int: number, field: field)
        case .double(let number): attribute(key, double: number, field: field)
        case .stringConvertible(let value):
            "\(value)".cut(to: length).withBytes { attribute(key, text: $0, field: field) }
        default:
            message(field: field) { buffer in
                buffer.string(key, field: 1)
                buffer.message(field: 2) { $0.list(value, length: length) }
            }
        }
    }

    /// The fields of an `AnyValue` that is a list.
    private mutating func list(_ value: SpanAttribute, length: Int?) {
        switch value {
        case .stringArray(let values): array(values) { $0.string($1.cut(to: length), field: 1) }
        case .boolArray(let values): array(values) { $0.varint($1 ? 1 : 0, field: 2) }
        case .int32Array(let values): array(values) { $0.varint(UInt64(bitPattern: Int64($1)), field: 3) }
        case .int64Array(let values): array(values) { $0.varint(UInt64(bitPattern: $1), field: 3) }
        case .doubleArray(let values): array(values) { $0.fixed64($1.bitPattern, field: 4) }
        case .stringConvertibleArray(let values): array(values) { $0.string("\($1)".cut(to: length), field: 1) }
        default: return
        }
    }

    private mutating func array<Value>(_ values: [Value], _ write: (inout EntryBuffer, Value) -> Void) {
        message(field: 5) { buffer in
            for value in values { buffer.message(field: 1) { write(&$0, value) } }
        }
    }
}

extension String {
    /// The first `length` characters.
    @inline(__always)
    fileprivate func cut(to length: Int?) -> String {
        guard let length, utf8.count > length else { return self }
        return String(prefix(length))
    }
}

extension SondeModel.SpanKind {
    @inline(__always)
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
