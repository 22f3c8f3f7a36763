// SPDX-License-Identifier: Apache-2.0
// The cold part of a block, read back: the columns of a slice.

import SondeModel
import SondeStorage

/// The columns of one slice. Values are found by record and place in the record's shape.
final class ColumnSlice: CachedPart {
    /// One key's values in this slice.
    struct Column {
        var mode: ColumnMode
        /// Dictionary numbers; for integers the values' bits in two halves are in `integers`.
        var numbers: [UInt32] = []
        /// Where raw values and strings lie.
        var offsets: [UInt32] = []
        var integers: [UInt64] = []
        /// Number of the chunk.
        var source = 0
    }

    /// Where an attribute's value is.
    enum Value {
        case anyValue(UnsafeBufferPointer<UInt8>)
        case string(UnsafeBufferPointer<UInt8>)
        case integer(UInt64)
    }

    let meta: ColumnMeta
    private let values: ColumnValues
    let contexts: [UInt32]
    let shapes: [UInt32]
    /// The chunks that columns lie in, and columns that were put together.
    private let sources: [[UInt8]]
    let columns: [Column?]
    /// For each record where its places in the columns begin; each is an index into the column of its key.
    let firstPlaces: [Int]
    let places: [UInt32]

    /// - Parameters:
    ///   - hasContexts: whether the slice begins with context ids.
    ///   - others: the chunks beside the first that hold columns.
    ///   - hasPlaces: whether values will be asked for record by record.
    ///   - wanted: the keys whose columns will be asked for, if not all.
    init(
        _ bytes: UnsafeBufferPointer<UInt8>, count: Int, meta: ColumnMeta, values: ColumnValues, hasContexts: Bool,
        others: [[UInt8]], hasPlaces: Bool = true, wanted: Set<Int>? = nil
    ) throws(Damage) {
        self.meta = meta
        self.values = values
        var sources = [Array(bytes)] + others
        var reader = ByteReader(bytes)
        contexts = hasContexts ? try reader.numbers(count, below: meta.contexts.count, "a record names a context") : []
        shapes = try reader.numbers(count, below: meta.shapes.count, "a record names a shape")
        let needed = Self.countValues(shapes, meta)
        // Columns of equal values take no room, however many shapes with repeated keys make them.
        let total = needed.reduce(0, +)
        guard total <= Limits.sliceValues else { throw Damage("a slice has \(total) values") }
        var columns: [Column?] = Array(repeating: nil, count: meta.keys.count)
        while !reader.isAtEnd { try Self.readColumn(&reader, 0, meta, values, needed, wanted, &columns, &sources) }
        for (number, other) in others.enumerated() {
            let result: Result<Void, Damage> = other.withUnsafeBufferPointer { bytes in
                do throws(Damage) {
                    var reader = ByteReader(bytes)
                    while !reader.isAtEnd {
                        try Self.readColumn(&reader, number + 1, meta, values, needed, wanted, &columns, &sources)
                    }
                    return .success(())
                } catch { return .failure(error) }
            }
            try result.get()
        }
        self.columns = columns
        for (key, count) in needed.enumerated() where count > 0 && columns[key] == nil && wanted?.contains(key) ?? true
        {
            throw Damage("a column has fewer values than its records")
        }
        self.sources = sources
        (firstPlaces, places) = hasPlaces ? Self.findPlaces(shapes, meta) : ([], [])
    }

    private static func readColumn(
        _ reader: inout ByteReader, _ source: Int, _ meta: ColumnMeta, _ values: ColumnValues, _ needed: [Int],
        _ wanted: Set<Int>?, _ columns: inout [Column?], _ sources: inout [[UInt8]]
    ) throws(Damage) {
        let key = try reader.count()
        let count = try reader.count()
        let size = try reader.count()
        guard key < meta.keys.count else { throw Damage("a column belongs to a key that the block lacks") }
        guard count == needed[key] else { throw Damage("a column has \(count) values for \(needed[key])") }
        if let wanted, !wanted.contains(key) {
            _ = try reader.take(size)
            return
        }
        let end = reader.position + size
        var column = Column(mode: meta.keys[key].mode)
        column.source = source
        switch column.mode {
        case .dictionary:
            column.numbers = try reader.numbers(
                count, below: values.offsets[key].count - 1, "a record names a value")
        case .raw where meta.keys[key].isSimilar, .strings where meta.keys[key].isSimilar:
            let texts = try SimilarStrings(&reader, count: count)
            column.offsets = texts.offsets
            column.source = sources.count
            sources.append(texts.bytes)
        case .raw, .strings, .hex: column.offsets = try reader.offsets(count: count)
        case .integers:
            column.integers.reserveCapacity(min(count, size))
            for _ in 0..<count { column.integers.append(try reader.varint()) }
        }
        guard reader.position == end else { throw Damage("a column is longer or shorter than it says") }
        columns[key] = column
    }

    /// For each key how many values its column must have.
    private static func countValues(_ shapes: [UInt32], _ meta: ColumnMeta) -> [Int] {
        var records = Array(repeating: 0, count: meta.shapes.count)
        for shape in shapes { records[Int(shape)] += 1 }
        var needed = Array(repeating: 0, count: meta.keys.count)
        for (shape, count) in records.enumerated() where count > 0 {
            for key in meta.shapes[shape] { needed[key] += count }
        }
        return needed
    }

    private static func findPlaces(_ shapes: [UInt32], _ meta: ColumnMeta) -> ([Int], [UInt32]) {
        var next: [UInt32] = Array(repeating: 0, count: meta.keys.count)
        var first: [Int] = []
        first.reserveCapacity(shapes.count)
        var places: [UInt32] = []
        places.reserveCapacity(shapes.count * 10)
        for shape in shapes {
            first.append(places.count)
            for key in meta.shapes[Int(shape)] {
                places.append(next[key])
                next[key] += 1
            }
        }
        return (first, places)
    }

    var cost: Int { sources.reduce(0) { $0 + $1.count } + places.count * 8 + shapes.count * 16 }

    /// The chunk in which a column lies.
    func source(of column: Column) -> [UInt8] { sources[column.source] }

    /// The local keys of the record at `index`.
    func keys(_ index: Int) -> [Int] { meta.shapes[Int(shapes[index])] }

    /// Calls `body` with the value at `place` of the record's shape.
    func withValue<R>(_ index: Int, _ place: Int, _ body: (Value) -> R) -> R {
        let key = keys(index)[place]
        guard let column = columns[key] else { preconditionFailure("a record's columns were checked when it was read") }
        return withValue(key: key, column, Int(places[firstPlaces[index] + place]), body)
    }

    /// Calls `body` with the texts of a key's dictionary, where each begins, and the column's numbers in it.
    func withDictionary(
        of key: Int, _ column: Column,
        _ body: (UnsafePointer<UInt8>, UnsafeBufferPointer<UInt32>, UnsafeBufferPointer<UInt32>) -> Void
    ) {
        Self.withTexts(values.bytes, values.offsets[key]) { texts, offsets in
            column.numbers.withUnsafeBufferPointer { body(texts, offsets, $0) }
        }
    }

    /// Calls `body` with the texts of a raw column and where each begins.
    func withRaw(_ column: Column, _ body: (UnsafePointer<UInt8>, UnsafeBufferPointer<UInt32>) -> Void) {
        Self.withTexts(source(of: column), column.offsets, body)
    }

    private static func withTexts(
        _ texts: [UInt8], _ offsets: [UInt32], _ body: (UnsafePointer<UInt8>, UnsafeBufferPointer<UInt32>) -> Void
    ) {
        texts.withUnsafeBytesOrEmpty { texts, _ in offsets.withUnsafeBufferPointer { body(texts, $0) } }
    }

    /// Calls `body` with the value at `place` of a key's column.
    func withValue<R>(key: Int, _ column: Column, _ at: Int, _ body: (Value) -> R) -> R {
        switch column.mode {
        case .dictionary:
            let number = Int(column.numbers[at])
            let range = Int(values.offsets[key][number])..<Int(values.offsets[key][number + 1])
            return values.bytes.withUnsafeBufferPointer { body(.anyValue(UnsafeBufferPointer(rebasing: $0[range]))) }
        case .raw, .strings:
            let range = Int(column.offsets[at])..<Int(column.offsets[at + 1])
            return source(of: column).withUnsafeBufferPointer {
                let value = UnsafeBufferPointer(rebasing: $0[range])
                return body(column.mode == .raw ? .anyValue(value) : .string(value))
            }
        case .integers: return body(.integer(column.integers[at]))
        case .hex:
            let range = Int(column.offsets[at])..<Int(column.offsets[at + 1])
            let text = AnyValueBytes.hexText(source(of: column)[range])
            return text.withUnsafeBufferPointer { body(.string($0)) }
        }
    }
}

extension ColumnSlice.Column {
    var count: Int {
        switch mode {
        case .dictionary: numbers.count
        case .raw, .strings, .hex: offsets.count - 1
        case .integers: integers.count
        }
    }
}

extension ColumnSlice.Value {
    var attributeValue: AttributeValue {
        switch self {
        case .anyValue(let bytes): AnyValueBytes.value(bytes)
        case .string(let text): .string(String(decoding: text, as: UTF8.self))
        case .integer(let value): .int(Int64(bitPattern: value))
        }
    }

    /// Whether the value as text is `wanted`; the common kinds without making a value.
    func matches(text wanted: String) -> Bool {
        switch self {
        case .anyValue(let bytes):
            if let text = AnyValueBytes.string(bytes) { return ColumnSlice.Value.string(text).matches(text: wanted) }
            return AnyValueBytes.value(bytes).text == wanted
        case .string(let text):
            if text.elementsEqual(wanted.utf8) { return true }
            return !text.allSatisfy { $0 < 0x80 } && String(decoding: text, as: UTF8.self) == wanted
        case .integer(let value): return String(Int64(bitPattern: value)) == wanted
        }
    }

    /// Calls `body` with the value as `AnyValue` bytes, as they came.
    func withAnyValue<R>(_ scratch: inout ByteBuffer, _ body: (UnsafePointer<UInt8>, Int) -> R) -> R {
        scratch.removeAll()
        switch self {
        case .anyValue(let bytes):
            guard let base = bytes.baseAddress else { return body(scratch.base, 0) }
            return body(base, bytes.count)
        case .string(let text):
            scratch.append(0x0A)
            scratch.appendVarint(text.count)
            scratch.append(UnsafeRawBufferPointer(text))
        case .integer(let value):
            scratch.append(0x18)
            scratch.appendVarint(value)
        }
        return body(scratch.base, scratch.count)
    }
}

extension BlockFile {
    func meta(_ table: BlobTable, _ block: Int64) throws(ReadError) -> ColumnMeta {
        try part(table, block, 0) { bytes throws(Damage) in try ColumnMeta(bytes) }
    }

    func values(_ table: BlobTable, _ block: Int64, _ meta: ColumnMeta) throws(ReadError) -> ColumnValues {
        try part(table, block, 1) { bytes throws(Damage) in try ColumnValues(bytes, meta: meta) }
    }

    /// The cold columns of a slice of spans.
    func columns(_ block: SpanBlockInfo, _ slice: Int, _ head: SpanHead) throws(ReadError) -> ColumnSlice {
        let number = 2 + 2 * slice
        let key = BlockCache.Key(table: .cold, block: block.id, part: number)
        if let known = cache.part(key, as: ColumnSlice.self) { return known }
        let slice = try readColumns(block, slice, head, hasPlaces: true)
        cache.insert(slice, for: key)
        return slice
    }

    /// The columns of `keys` only, with their dictionaries in `values`: a search through many blocks reads little of
    /// each, and leaves the cache to what is shown.
    func columns(
        _ block: SpanBlockInfo, _ slice: Int, _ head: SpanHead, keys: Set<Int>, values: ColumnValues
    ) throws(ReadError) -> ColumnSlice {
        let key = BlockCache.Key(table: .cold, block: block.id, part: 2 + 2 * slice)
        if let known = cache.part(key, as: ColumnSlice.self) { return known }
        let meta = try meta(.cold, block.id)
        let isPlain = keys.contains { meta.keys[$0].mode.rawValue >= ColumnMode.integers.rawValue }
        let plain = isPlain ? [try chunk(.cold, block.id, 3 + 2 * slice)] : []
        return try Self.decode(.cold, block.id, try chunk(.cold, block.id, 2 + 2 * slice)) { bytes throws(Damage) in
            try ColumnSlice(
                bytes, count: head.slices[slice].count, meta: meta, values: values, hasContexts: true, others: plain,
                hasPlaces: false, wanted: keys)
        }
    }

    /// The dictionaries of `keys` only.
    func values(_ block: SpanBlockInfo, keys: Set<Int>) throws(ReadError) -> ColumnValues {
        if let known = cache.part(.init(table: .cold, block: block.id, part: 1), as: ColumnValues.self) { return known }
        let meta = try meta(.cold, block.id)
        guard keys.contains(where: { meta.keys[$0].mode == .dictionary }) else { return ColumnValues(meta: meta) }
        return try Self.decode(.cold, block.id, try chunk(.cold, block.id, 1)) { bytes throws(Damage) in
            try ColumnValues(bytes, meta: meta, wanted: keys)
        }
    }

    /// The same, read anew, and only to be taken over as a whole if it has no places.
    func readColumns(
        _ block: SpanBlockInfo, _ slice: Int, _ head: SpanHead, hasPlaces: Bool
    ) throws(ReadError) -> ColumnSlice {
        let meta = try meta(.cold, block.id)
        let values = try values(.cold, block.id, meta)
        let plain = try chunk(.cold, block.id, 3 + 2 * slice)
        return try Self.decode(.cold, block.id, try chunk(.cold, block.id, 2 + 2 * slice)) { bytes throws(Damage) in
            try ColumnSlice(
                bytes, count: head.slices[slice].count, meta: meta, values: values, hasContexts: true, others: [plain],
                hasPlaces: hasPlaces)
        }
    }
}
