// SPDX-License-Identifier: Apache-2.0
// Looks for a text in the bodies of a slice of logs, ignoring the case of ASCII letters, a column at a time.

import SondeModel
import SondeStorage

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct BodyNeedle {
    private let text: String
    private let lowered: [UInt8]
    /// Whether bytes can be compared: texts are repaired when they are read, which changes no ASCII letter.
    private let isASCII: Bool
    /// Whether it can only lie inside a string or key of a structured body: letters, more than `false` has, and not
    /// all of them hex digits. Such a body need not be turned into text to find that the word is not in it.
    private let isWord: Bool

    /// Nil for the empty text, which every body contains.
    init?(_ text: String) {
        guard !text.isEmpty else { return nil }
        self.text = text
        lowered = text.utf8.map(Self.lowercased)
        isASCII = lowered.allSatisfy { $0 < 0x80 }
        isWord = lowered.count > 5 && lowered.allSatisfy { $0 &- 0x61 < 26 } && lowered.contains { $0 > 0x66 }
    }

    /// For each record of the slice whether its body contains the text.
    func matches(_ slice: ColumnSlice) -> [Bool] {
        var matches = Array(repeating: false, count: slice.shapes.count)
        guard let key = slice.meta.keys.firstIndex(where: { $0.pseudo == PseudoKey.text }),
            let column = slice.columns[key]
        else { return matches }
        let values = self.values(slice, key, column)
        let hasBody = slice.meta.shapes.map { $0.contains(key) }
        var next = 0
        for (index, shape) in slice.shapes.enumerated() where hasBody[Int(shape)] {
            matches[index] = values[next]
            next += 1
        }
        return matches
    }

    /// For each value of the column whether it contains the text.
    private func values(_ slice: ColumnSlice, _ key: Int, _ column: ColumnSlice.Column) -> [Bool] {
        if column.mode == .strings, isASCII {
            return slice.withTexts(column) { bytes, offsets in search(bytes, offsets) }
        }
        guard column.mode == .dictionary else { return (0..<column.count).map { contains(slice, key, column, $0) } }
        var known: [UInt32: Bool] = [:]
        return column.numbers.enumerated().map { place, number in
            if let answer = known[number] { return answer }
            let answer = contains(slice, key, column, place)
            known[number] = answer
            return answer
        }
    }

    private func contains(_ slice: ColumnSlice, _ key: Int, _ column: ColumnSlice.Column, _ place: Int) -> Bool {
        slice.withValue(key: key, column, place) { value in
            if case .anyValue(let bytes) = value {
                if isASCII, let text = AnyValueBytes.string(bytes) { return occurs(in: text) }
                if isWord, !occurs(in: bytes) { return false }
            }
            return LogQuery.text(value.attributeValue.text, contains: text)
        }
    }

    private func occurs(in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let lowered = bytes.map(Self.lowercased)
        return lowered.withUnsafeBytes { bytes in
            bytes.baseAddress.map { find($0, bytes.count, from: 0) != nil } ?? false
        }
    }

    /// Searches texts that lie side by side all at once.
    private func search(_ bytes: UnsafeBufferPointer<UInt8>, _ offsets: [UInt32]) -> [Bool] {
        var found = Array(repeating: false, count: offsets.count - 1)
        let haystack = bytes.map(Self.lowercased)
        haystack.withUnsafeBytes { haystack in
            guard let base = haystack.baseAddress else { return }
            var position = 0
            var value = 0
            while let start = find(base, haystack.count, from: position) {
                while Int(offsets[value + 1] - offsets[0]) <= start { value += 1 }
                let end = Int(offsets[value + 1] - offsets[0])
                // A hit across two texts is none; after a hit the rest of a text does not matter.
                let isInside = start + lowered.count <= end
                if isInside { found[value] = true }
                position = isInside ? end : start + 1
            }
        }
        return found
    }

    /// Where the text begins next; the C library looks for its first letter.
    private func find(_ base: UnsafeRawPointer, _ count: Int, from start: Int) -> Int? {
        var position = start
        while count - position >= lowered.count,
            let hit = memchr(base + position, Int32(lowered[0]), count - position - lowered.count + 1)
        {
            let place = UnsafeRawPointer(hit)
            if memcmp(place, lowered, lowered.count) == 0 { return place - base }
            position = place - base + 1
        }
        return nil
    }

    @inline(__always)
    private static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}

extension ColumnSlice {
    /// Calls `body` with the texts of a column of strings, side by side, and where each begins in the slice's bytes.
    fileprivate func withTexts<R>(_ column: Column, _ body: (UnsafeBufferPointer<UInt8>, [UInt32]) -> R) -> R {
        let range = Int(column.offsets.first ?? 0)..<Int(column.offsets.last ?? 0)
        return source(of: column).withUnsafeBufferPointer {
            body(UnsafeBufferPointer(rebasing: $0[range]), column.offsets)
        }
    }
}
