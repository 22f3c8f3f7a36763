// SPDX-License-Identifier: Apache-2.0
// Single values of some spans of a block, of a few keys: read slice by slice, only the columns asked for.

import SondeModel
import SondeStorage

/// Where the values of some keys of a span lie in their columns.
struct PickedValues {
    fileprivate let slice: ColumnSlice
    /// In the order of the span's attributes: a key, and the place in its column.
    fileprivate(set) var places: [(key: Int, place: Int)] = []

    fileprivate init(_ slice: ColumnSlice) { self.slice = slice }

    /// The number in its dictionary of a key's value; nil for keys that have none.
    func number(_ key: Int, _ place: Int) -> Int? {
        guard let column = slice.columns[key], column.mode == .dictionary else { return nil }
        return Int(column.numbers[place])
    }

    /// Calls `body` with a value; nil if the column is missing.
    func withValue<R>(_ key: Int, _ place: Int, _ body: (ColumnSlice.Value) -> R) -> R? {
        guard let column = slice.columns[key] else { return nil }
        return slice.withValue(key: key, column, place, body)
    }
}

extension BlockFile {
    /// Calls `body` for each of `rows`, which ascend, with its number among them and where its values of `keys`, local
    /// ones, lie.
    func pick(
        _ rows: [Int32], keys: Set<Int>, in block: SpanBlockInfo,
        _ body: (Int, borrowing PickedValues) throws(ReadError) -> Void
    ) throws(ReadError) {
        let head = try head(block)
        let values = try values(block, keys: keys)
        var next = 0
        while next < rows.count {
            let number = head.slice(of: Int(rows[next]))
            guard number < head.slices.count else { return }
            let range = head.slices[number]
            let slice = try columns(block, number, head, keys: keys, values: values)
            try Self.pick(rows, &next, range, keys, slice, body)
        }
    }

    /// The same within one slice.
    private static func pick(
        _ rows: [Int32], _ next: inout Int, _ range: Range<Int>, _ keys: Set<Int>, _ slice: ColumnSlice,
        _ body: (Int, borrowing PickedValues) throws(ReadError) -> Void
    ) throws(ReadError) {
        let shapes = slice.meta.shapes.map { $0.filter(keys.contains) }
        var counts = Array(repeating: 0, count: slice.meta.keys.count)
        var picked = PickedValues(slice)
        for row in range {
            let isAsked = next < rows.count && Int(rows[next]) == row
            if isAsked { picked.places.removeAll(keepingCapacity: true) }
            for key in shapes[Int(slice.shapes[row - range.lowerBound])] {
                if isAsked { picked.places.append((key, counts[key])) }
                counts[key] += 1
            }
            guard isAsked else { continue }
            try body(next, picked)
            next += 1
            if next == rows.count { return }
        }
    }
}
