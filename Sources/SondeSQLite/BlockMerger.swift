// SPDX-License-Identifier: Apache-2.0
// Merges blocks: their columns are read back into a session and cut anew. Dictionaries are mapped once a block, not
// once a record; attributes are not walked again.

import SondeModel
import SondeStorage

struct MergedSpans {
    var blocks: [EncodedSpanBlock]
    var duplicates: Int
    /// Whether the blocks hold no span that another merged block holds as well. If not they remain fresh, for the next
    /// merge to go on with them.
    var isComplete = true
    /// How many of the inputs were merged: fewer than were given where they came to more than a merge may hold.
    var taken = 0
    /// Merged blocks that held copies of the same spans, without them.
    var rewritten: [RewrittenSpans] = []
    /// Merged blocks that hold copies and cannot be taken apart.
    var unreadable: [Int64] = []
}

struct MergedLogs {
    var blocks: [EncodedLogBlock]
    /// How many of the inputs were merged.
    var taken: Int
}

struct BlockMerger: ~Copyable {
    /// Spans of merged blocks that one merge takes apart for copies.
    var rivalRecords = Limits.rivalRecords
    /// Bytes of attributes at which a merge takes no further block.
    var sessionBytes = Limits.sessionBytes
    var spans = SpanSession()
    var logs = LogSession()
    var spanWriter = SpanBlockWriter(isFresh: false)
    var logWriter = LogBlockWriter(isFresh: false)

    /// The blocks, given in order of arrival, as full blocks grouped by trace, without duplicates: the first of them, as
    /// many as a merge may hold.
    ///
    /// - Parameter damaged: blocks that are known not to be readable.
    mutating func merge(
        _ inputs: [SpanBlockInfo], in file: BlockFile, damaged: Set<Int64> = []
    ) throws(ReadError) -> MergedSpans {
        spans.removeAll()
        var taken = 0
        for block in inputs where taken == 0 || spans.columns.byteCount < sessionBytes {
            try add(block, file)
            taken += 1
        }
        let inputs = Array(inputs.prefix(taken))
        let rivals = rivals(of: inputs, in: file, damaged: damaged)
        guard rivals.blocks.isEmpty else { return try merge(inputs, besides: rivals, in: file) }
        let duplicates = spans.dropDuplicates()
        return MergedSpans(
            blocks: encode(spans.plan(blockRecords: Limits.blockRecords), file), duplicates: duplicates, taken: taken)
    }

    mutating func encode(_ plans: [SpanBlockPlan], withFilter: Bool = true, _ file: BlockFile) -> [EncodedSpanBlock] {
        let names = file.catalog.names
        var blocks: [EncodedSpanBlock] = []
        for plan in plans {
            blocks.append(
                spanWriter.encode(plan, of: spans, withFilter: withFilter) { names.operation($0)?.service ?? 0 })
        }
        return blocks
    }

    mutating func add(_ block: SpanBlockInfo, _ file: BlockFile) throws(ReadError) {
        let head = try file.head(block)
        let meta = try file.meta(.cold, block.id)
        let values = try file.values(.cold, block.id, meta)
        var mapping = ColumnMapping(meta, values, into: &spans.columns)
        let kinds = head.operations.map { file.catalog.names.operation($0)?.kind.rawValue ?? 0 }
        // Parents may lie in another slice of the same trace: all ids of the block are at hand.
        var ids = Buffer<UInt64>()
        for slice in head.slices.indices {
            let found = try file.spanIDs(block, slice, head).ids
            found.withUnsafeBufferPointer { found in
                if let first = found.baseAddress { ids.append(first, count: found.count) }
            }
        }
        var trace = -1
        var nextTrace = 0
        var id = TraceWords(.zero)
        for (number, slice) in head.slices.enumerated() {
            try checkSize(of: spans.columns.byteCount, block.id)
            let scan = try file.scan(block, number, head)
            mapping.begin(try file.readColumns(block, number, head, hasPlaces: false), &spans.columns)
            var other = 0
            for index in 0..<slice.count {
                let row = slice.lowerBound + index
                if nextTrace <= row {
                    trace += 1
                    nextTrace = head.traces[trace].rows.upperBound
                    id = head.traces[trace].id
                }
                let operation = Int(scan.operations[index])
                let parent = try scan.parent(index, row: row, ids: ids.elements, other: &other, block)
                spans.append(
                    SpanRow(
                        trace: 0, operation: UInt32(head.operations[operation]), start: scan.starts[index],
                        end: scan.ends[index], spanID: ids.base[row], parent: parent,
                        columns: mapping.add(index, context: nil, to: &spans.columns),
                        state: UInt8(truncatingIfNeeded: scan.states[index]), kind: kinds[operation]),
                    trace: id)
            }
        }
    }

    /// A block that would take more memory than dictionaries can hold is left as it is.
    private func checkSize(of bytes: Int, _ block: Int64) throws(ReadError) {
        guard bytes > Limits.sessionBytesMost else { return }
        throw .failed("cannot take block \(block) apart: its attributes come to more than 1 GiB")
    }

    /// The blocks, given in order of arrival, as full blocks: the first of them, as many as a merge may hold.
    mutating func merge(_ inputs: [LogBlockInfo], in file: BlockFile) throws(ReadError) -> MergedLogs {
        logs.removeAll()
        var taken = 0
        for block in inputs where taken == 0 || logs.columns.byteCount < sessionBytes {
            try add(block, file)
            taken += 1
        }
        let blocks = LogSession.cut(logs.count).map { logWriter.encode($0, of: logs, withFilter: true) }
        return MergedLogs(blocks: blocks, taken: taken)
    }

    mutating func add(_ block: LogBlockInfo, _ file: BlockFile) throws(ReadError) {
        let head = try file.head(block)
        let meta = try file.meta(.logCold, block.id)
        let values = try file.values(.logCold, block.id, meta)
        var mapping = ColumnMapping(meta, values, into: &logs.columns)
        for (number, slice) in head.slices.enumerated() {
            try checkSize(of: logs.columns.byteCount, block.id)
            let scan = try file.scan(block, number, head)
            let columns = try file.columns(block, number, head)
            mapping.begin(columns, &logs.columns)
            for index in 0..<slice.rows.count {
                let row = mapping.add(index, context: scan.contexts[index], to: &logs.columns)
                let trace = scan.traces[index] == 0 ? TraceWords(.zero) : head.traces[Int(scan.traces[index]) - 1]
                logs.append(
                    LogRow(
                        time: scan.times[index], observed: scan.observed[index], trace: trace, span: scan.spans[index],
                        columns: row))
            }
        }
    }
}

/// From the local numbers of a block to those of a session. A slice is mapped column by column, then dealt out to its
/// records.
struct ColumnMapping: ~Copyable {
    private static let unknown = UInt32.max

    /// Session numbers by local ones.
    private let keys: [Int]
    private var contexts = Buffer<UInt32>()
    private var shapes = Buffer<UInt32>()
    /// The local keys of all shapes; those of a shape end where the next one's begin.
    private var shapeKeys = Buffer<UInt32>()
    private var firstKeys = Buffer<UInt32>()
    /// The session's numbers of all dictionaries, found when first used, and where each key's begin.
    private var values = Buffer<UInt32>()
    private let firstValues: [Int]
    // The slice at hand: its values in session numbers, key by key, and for each key the place of the next.
    private var mapped = Buffer<UInt32>(capacity: 8_192)
    private var next = Buffer<Int>()
    private var sliceShapes = Buffer<UInt32>()
    private var sliceContexts = Buffer<UInt32>()
    private var scratch = ByteBuffer()

    init(_ meta: ColumnMeta, _ values: ColumnValues, into columns: inout RecordColumns) {
        let keys = meta.keys.map { key in
            key.pseudo ?? key.bytes.withUnsafeBytesOrEmpty { columns.key($0, $1) }
        }
        self.keys = keys
        let resources = meta.resources.map { bytes in bytes.withUnsafeBytes { columns.resources.find($0) } }
        let scopes = meta.scopes.map { bytes in bytes.withUnsafeBytes { columns.scopes.find($0) } }
        for var context in meta.contexts {
            context.resource = UInt32(resources[Int(context.resource)])
            context.scope = UInt32(scopes[Int(context.scope)])
            contexts.append(UInt32(columns.contextID(context)))
        }
        for shape in meta.shapes {
            shapes.append(UInt32(columns.shape(shape.map { keys[$0] })))
            firstKeys.append(UInt32(shapeKeys.count))
            for key in shape { shapeKeys.append(UInt32(key)) }
        }
        firstKeys.append(UInt32(shapeKeys.count))
        var firstValues: [Int] = []
        var total = 0
        for offsets in values.offsets {
            firstValues.append(total)
            total += max(0, offsets.count - 1)
        }
        self.firstValues = firstValues
        self.values.fill(Self.unknown, count: total)
    }

    /// Maps the columns of a slice.
    mutating func begin(_ slice: ColumnSlice, _ columns: inout RecordColumns) {
        sliceShapes.replace(with: slice.shapes)
        sliceContexts.replace(with: slice.contexts)
        mapped.removeAll()
        next.fill(0, count: keys.count)
        for key in keys.indices {
            next[key] = mapped.count
            guard let column = slice.columns[key] else { continue }
            mapped.reserve(column.count)
            if column.mode == .dictionary {
                map(column, key, slice, &columns)
            } else {
                add(column, key, slice, &columns)
            }
        }
    }

    private mutating func map(
        _ column: ColumnSlice.Column, _ key: Int, _ slice: ColumnSlice, _ columns: inout RecordColumns
    ) {
        let known = values.base + firstValues[key]
        let sessionKey = keys[key]
        slice.withDictionary(of: key, column) { texts, offsets, numbers in
            for number in numbers {
                let id = known + Int(number)
                if id.pointee == Self.unknown {
                    let start = Int(offsets[Int(number)])
                    let count = Int(offsets[Int(number) + 1]) - start
                    id.pointee = UInt32(truncatingIfNeeded: columns.value(key: sessionKey, texts + start, count))
                }
                mapped.append(id.pointee)
            }
        }
    }

    private mutating func add(
        _ column: ColumnSlice.Column, _ key: Int, _ slice: ColumnSlice, _ columns: inout RecordColumns
    ) {
        let sessionKey = keys[key]
        // What fresh blocks have: values as they came.
        if column.mode == .raw {
            return slice.withRaw(column) { texts, offsets in
                for place in 0..<max(0, offsets.count - 1) {
                    let start = Int(offsets[place])
                    let count = Int(offsets[place + 1]) - start
                    let id = columns.value(key: sessionKey, texts + start, count)
                    mapped.append(UInt32(truncatingIfNeeded: id))
                }
            }
        }
        for place in 0..<column.count {
            let id = slice.withValue(key: key, column, place) { value in
                value.withAnyValue(&scratch) { columns.value(key: sessionKey, $0, $1) }
            }
            mapped.append(UInt32(truncatingIfNeeded: id))
        }
    }

    /// Takes over the columns of the next record of the slice; records come in order. Without a context of its own
    /// (those of logs lie elsewhere) it is the one in the slice.
    @inline(__always)
    mutating func add(_ index: Int, context: UInt32?, to columns: inout RecordColumns) -> ColumnRow {
        let firstValue = columns.valueIDs.count
        let shape = Int(sliceShapes[index])
        for place in Int(firstKeys[shape])..<Int(firstKeys[shape + 1]) {
            let next = next.base + Int(shapeKeys[place])
            columns.valueIDs.append(mapped.base[next.pointee])
            next.pointee &+= 1
        }
        return ColumnRow(
            context: contexts[Int(context ?? sliceContexts[index])], shape: shapes[shape],
            firstValue: UInt32(truncatingIfNeeded: firstValue))
    }
}

extension [UInt8] {
    /// Calls `body` with an address, also for no bytes.
    func withUnsafeBytesOrEmpty<R>(_ body: (UnsafePointer<UInt8>, Int) -> R) -> R {
        withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else {
                var nothing: UInt8 = 0
                return body(&nothing, 0)
            }
            return body(base, buffer.count)
        }
    }
}

extension RecordColumns {
    /// The number of a shape given by its keys.
    mutating func shape(_ keys: [Int]) -> Int {
        let words = keys.map { UInt32(truncatingIfNeeded: $0) }
        return words.withUnsafeBytes { shapes.find($0) }
    }
}
