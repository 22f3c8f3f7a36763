// SPDX-License-Identifier: Apache-2.0
// Merges blocks: their columns are read back into a session and cut anew. Dictionaries are mapped once a block, not once
// a record; attributes are not walked again.

import SondeModel
import SondeStorage

struct MergedSpans {
    var blocks: [EncodedSpanBlock]
    var duplicates: Int
}

struct BlockMerger: ~Copyable {
    /// zlib's fastest: the higher levels gain a few percent for several times the work.
    private static let level: Int32 = 1

    private var spans = SpanSession()
    private var logs = LogSession()
    private var spanWriter = SpanBlockWriter(compressionLevel: BlockMerger.level)
    private var logWriter = LogBlockWriter(compressionLevel: BlockMerger.level)

    /// The blocks, given in order of arrival, as full blocks grouped by trace, without duplicates.
    mutating func merge(_ inputs: [SpanBlockInfo], in file: BlockFile) throws(ReadError) -> MergedSpans {
        spans.removeAll()
        for block in inputs { try add(block, file) }
        let duplicates = spans.dropDuplicates()
        let names = file.catalog.names
        var blocks: [EncodedSpanBlock] = []
        for plan in spans.plan(blockRecords: Limits.blockRecords) {
            blocks.append(
                spanWriter.encode(plan, of: spans, withFilter: true) { names.operation($0)?.service ?? 0 })
        }
        return MergedSpans(blocks: blocks, duplicates: duplicates)
    }

    private mutating func add(_ block: SpanBlockInfo, _ file: BlockFile) throws(ReadError) {
        let head = try file.head(block)
        let meta = try file.meta(.cold, block.id)
        let values = try file.values(.cold, block.id, meta)
        var mapping = ColumnMapping(meta, values, into: &spans.columns)
        var trace = 0
        var traceRows: [SpanOutline] = []
        for (number, slice) in head.slices.enumerated() {
            let columns = try file.columns(block, number, head)
            for row in slice {
                if traceRows.isEmpty || head.traces[trace].rows.upperBound <= row {
                    if !traceRows.isEmpty { trace += 1 }
                    traceRows = try file.outlines(head.traces[trace], in: block)
                }
                let outline = traceRows[row - head.traces[trace].rows.lowerBound]
                let index = row - slice.lowerBound
                let columnRow = mapping.add(columns, index, context: Int(columns.contexts[index]), to: &spans.columns)
                let kind = file.catalog.names.operation(outline.operation)?.kind ?? .unspecified
                spans.append(
                    SpanRow(
                        trace: 0, operation: UInt32(outline.operation), start: outline.start, end: outline.end,
                        spanID: outline.spanID, parent: outline.parent, columns: columnRow, state: outline.state,
                        kind: kind.rawValue),
                    trace: head.traces[trace].id)
            }
        }
    }

    /// The blocks, given in order of arrival, as full blocks.
    mutating func merge(_ inputs: [LogBlockInfo], in file: BlockFile) throws(ReadError) -> [EncodedLogBlock] {
        logs.removeAll()
        for block in inputs { try add(block, file) }
        return LogSession.cut(logs.count).map { logWriter.encode($0, of: logs, withFilter: true) }
    }

    private mutating func add(_ block: LogBlockInfo, _ file: BlockFile) throws(ReadError) {
        let head = try file.head(block)
        let meta = try file.meta(.logCold, block.id)
        let values = try file.values(.logCold, block.id, meta)
        var mapping = ColumnMapping(meta, values, into: &logs.columns)
        for (number, slice) in head.slices.enumerated() {
            let scan = try file.scan(block, number, head)
            let columns = try file.columns(block, number, head)
            for index in 0..<slice.rows.count {
                let row = mapping.add(columns, index, context: Int(scan.contexts[index]), to: &logs.columns)
                let trace = scan.traces[index] == 0 ? TraceWords(.zero) : head.traces[Int(scan.traces[index]) - 1]
                logs.append(
                    LogRow(
                        time: scan.times[index], observed: scan.observed[index], trace: trace, span: scan.spans[index],
                        columns: row))
            }
        }
    }
}

/// From the local numbers of a block to those of a session.
struct ColumnMapping {
    private static let unknown = -1

    private let keys: [Int]
    private let contexts: [Int]
    private let shapes: [Int]
    /// For each local key the session's numbers of its dictionary, found when first used.
    private var values: [[Int]]
    private let meta: ColumnMeta

    init(_ meta: ColumnMeta, _ values: ColumnValues, into columns: inout RecordColumns) {
        self.meta = meta
        var keys: [Int] = []
        for key in meta.keys {
            keys.append(key.pseudo ?? key.bytes.withUnsafeBytesOrEmpty { columns.key($0, $1) })
        }
        self.keys = keys
        let resources = meta.resources.map { bytes in bytes.withUnsafeBytes { columns.resources.find($0) } }
        let scopes = meta.scopes.map { bytes in bytes.withUnsafeBytes { columns.scopes.find($0) } }
        var contexts: [Int] = []
        for var context in meta.contexts {
            context.resource = UInt32(resources[Int(context.resource)])
            context.scope = UInt32(scopes[Int(context.scope)])
            contexts.append(columns.contextID(context))
        }
        self.contexts = contexts
        var shapes: [Int] = []
        for shape in meta.shapes { shapes.append(columns.shape(shape.map { keys[$0] })) }
        self.shapes = shapes
        self.values = values.offsets.map { Array(repeating: Self.unknown, count: max(0, $0.count - 1)) }
    }

    /// Takes over the columns of a record.
    mutating func add(
        _ slice: ColumnSlice, _ index: Int, context: Int, to columns: inout RecordColumns
    ) -> ColumnRow {
        let firstValue = columns.valueIDs.count
        var scratch = ByteBuffer()
        for (place, key) in slice.keys(index).enumerated() {
            let number = slice.dictionaryNumber(index, place)
            if let number, values[key][number] != Self.unknown {
                columns.valueIDs.append(UInt32(truncatingIfNeeded: values[key][number]))
                continue
            }
            let id = slice.withValue(index, place) { value in
                value.withAnyValue(&scratch) { columns.value(key: keys[key], $0, $1) }
            }
            if let number { values[key][number] = id }
            columns.valueIDs.append(UInt32(truncatingIfNeeded: id))
        }
        return ColumnRow(
            context: UInt32(truncatingIfNeeded: contexts[context]),
            shape: UInt32(truncatingIfNeeded: shapes[Int(slice.shapes[index])]),
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

extension ColumnSlice {
    /// The dictionary number of the value at `place` of the record's shape; nil if its column has no dictionary.
    func dictionaryNumber(_ index: Int, _ place: Int) -> Int? {
        let key = keys(index)[place]
        guard let column = columns[key], column.mode == .dictionary else { return nil }
        return Int(column.numbers[Int(places[firstPlaces[index] + place])])
    }
}
