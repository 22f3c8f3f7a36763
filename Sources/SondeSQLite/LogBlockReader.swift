// SPDX-License-Identifier: Apache-2.0
// A block of log records, read back: head, slices, records.

import SondeModel
import SondeStorage

/// Chunk 0 of `log_hot`.
final class LogHead: CachedPart {
    struct Slice: Sendable {
        var rows: Range<Int>
        var start: UInt64
        var end: UInt64
    }

    let slices: [Slice]
    let traces: [TraceWords]

    init(_ bytes: UnsafeBufferPointer<UInt8>) throws(Damage) {
        var reader = ByteReader(bytes)
        var slices: [Slice] = []
        var next = 0
        for _ in 0..<(try reader.count()) {
            let count = try reader.count()
            guard count > 0 else { throw Damage("a slice has no records") }
            let start = try reader.varint()
            slices.append(Slice(rows: next..<(next + count), start: start, end: start &+ (try reader.varint())))
            next += count
        }
        self.slices = slices
        var traces: [TraceWords] = []
        for _ in 0..<(try reader.count()) {
            traces.append(
                TraceWords(TraceID(high: try reader.fixed64().byteSwapped, low: try reader.fixed64().byteSwapped)))
        }
        self.traces = traces
    }

    var cost: Int { slices.count * 32 + traces.count * 16 }
}

/// The hot columns of one slice.
final class LogScan: CachedPart {
    let times: [UInt64]
    let observed: [UInt64]
    let contexts: [UInt32]
    /// 0, or 1 + the number of the trace in the block.
    let traces: [UInt32]
    let spans: [UInt64]

    init(_ bytes: UnsafeBufferPointer<UInt8>, count: Int, head: LogHead, meta: ColumnMeta) throws(Damage) {
        var reader = ByteReader(bytes)
        // Each record has three bytes there at least: a wrong head must not make us ask for memory without bound.
        guard count <= bytes.count / 3 else { throw Damage("a slice has fewer bytes than records") }
        contexts = try reader.numbers(count, below: meta.contexts.count, "a record names a context")
        traces = try reader.numbers(count, below: head.traces.count + 1, "a record names a trace")
        var spans: [UInt64] = []
        var last: UInt64 = 0
        for code in bytes[try reader.take(count)] {
            if code == 2 { last = try reader.fixed64() } else if code == 0 { last = 0 }
            spans.append(last)
        }
        self.spans = spans
        var times: [UInt64] = []
        var previous: UInt64 = 0
        for _ in 0..<count {
            previous &+= UInt64(bitPattern: try reader.zigzag())
            times.append(previous)
        }
        self.times = times
        var observed: [UInt64] = []
        for time in times { observed.append(time &+ UInt64(bitPattern: try reader.zigzag())) }
        self.observed = observed
    }

    var cost: Int { times.count * 32 }

    func effectiveTime(_ index: Int) -> UInt64 { times[index] == 0 ? observed[index] : times[index] }
}

extension BlockFile {
    func head(_ block: LogBlockInfo) throws(ReadError) -> LogHead {
        try part(.logHot, block.id, 0) { bytes throws(Damage) in
            let head = try LogHead(bytes)
            let count = head.slices.last?.rows.upperBound ?? 0
            guard count == block.count else { throw Damage("it has \(count) records, its row says \(block.count)") }
            return head
        }
    }

    func scan(_ block: LogBlockInfo, _ slice: Int, _ head: LogHead) throws(ReadError) -> LogScan {
        let meta = try meta(.logCold, block.id)
        return try part(.logHot, block.id, 1 + slice) { bytes throws(Damage) in
            try LogScan(bytes, count: head.slices[slice].rows.count, head: head, meta: meta)
        }
    }

    /// The cold columns of a slice, bodies included.
    func columns(_ block: LogBlockInfo, _ slice: Int, _ head: LogHead) throws(ReadError) -> ColumnSlice {
        let number = 3 + 3 * slice
        let key = BlockCache.Key(table: .logCold, block: block.id, part: number)
        if let known = cache.part(key, as: ColumnSlice.self) { return known }
        let meta = try meta(.logCold, block.id)
        let values = try values(.logCold, block.id, meta)
        let others = [try chunk(.logCold, block.id, number - 1), try chunk(.logCold, block.id, number + 1)]
        return try part(.logCold, block.id, number) { bytes throws(Damage) in
            try ColumnSlice(
                bytes, count: head.slices[slice].rows.count, meta: meta, values: values, hasContexts: false,
                others: others)
        }
    }

    func record(
        _ head: LogHead, _ scan: LogScan, _ columns: ColumnSlice, _ index: Int, _ builder: inout SpanRecordBuilder
    ) -> LogRecord {
        let context = columns.meta.contexts[Int(scan.contexts[index])]
        var record = LogRecord(
            time: Timestamp(nanoseconds: scan.times[index]), observedTime: Timestamp(nanoseconds: scan.observed[index]),
            severityNumber: UInt8(truncatingIfNeeded: context.first), droppedAttributesCount: context.droppedAttributes,
            flags: context.flags,
            traceID: scan.traces[index] == 0 ? .zero : head.traces[Int(scan.traces[index]) - 1].id,
            spanID: SpanID(scan.spans[index]), resource: builder.resource(Int(context.resource)),
            scope: builder.scope(Int(context.scope)))
        for (place, key) in columns.keys(index).enumerated() {
            switch columns.meta.keys[key].pseudo {
            case nil:
                let value = columns.withValue(index, place) { $0.attributeValue }
                record.attributes.append(Attribute(key: columns.meta.keys[key].name, value: value))
            case PseudoKey.text: record.body = columns.withValue(index, place) { $0.attributeValue }
            case PseudoKey.state: record.severityText = columns.withValue(index, place) { $0.plainText }
            case PseudoKey.extras: record.eventName = columns.withValue(index, place) { $0.plainText }
            default: continue
            }
        }
        return record
    }
}
