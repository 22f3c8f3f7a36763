// SPDX-License-Identifier: Apache-2.0
// `--output ndjson`: the items of an answer, one a line, cut out of the very JSON that `--output json` prints. The two
// can't disagree.

/// Cuts an answer of the native API, one JSON object, into its items.
enum JSONLines {
    /// The elements of the object's first member that is an array, each as its own slice; nil if there is no such member.
    static func items(of document: [UInt8]) -> [ArraySlice<UInt8>]? {
        guard let array = firstArray(of: document) else { return nil }
        return elements(of: array)
    }

    /// The items, each with its newline; the document itself where it holds no list.
    static func text(_ document: [UInt8]) -> [UInt8] {
        guard let items = items(of: document) else { return document.last == newline ? document : document + [newline] }
        var lines: [UInt8] = []
        lines.reserveCapacity(document.count)
        for item in items {
            lines.append(contentsOf: item)
            lines.append(newline)
        }
        return lines
    }

    /// The first array that is a member of the object, with its brackets.
    static func firstArray(of document: [UInt8]) -> ArraySlice<UInt8>? {
        var scanner = Scanner(bytes: document[...])
        while let (place, depth, byte) = scanner.next() {
            guard byte == UInt8(ascii: "["), depth == 2 else { continue }
            while let (end, depth, byte) = scanner.next() {
                if byte == UInt8(ascii: "]"), depth == 1 { return document[place...end] }
            }
        }
        return nil
    }

    private static func elements(of array: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        var elements: [ArraySlice<UInt8>] = []
        var scanner = Scanner(bytes: array)
        var start = array.startIndex + 1
        while let (place, depth, byte) = scanner.next() {
            let isEnd = byte == UInt8(ascii: "]") && depth == 0
            guard isEnd || (byte == UInt8(ascii: ",") && depth == 1) else { continue }
            if place > start { elements.append(array[start..<place]) }
            start = place + 1
        }
        return elements
    }

    private static let newline = UInt8(ascii: "\n")

    /// Visits the brackets and commas outside of strings, each with the depth after it.
    private struct Scanner {
        let bytes: ArraySlice<UInt8>
        private var place: Int
        private var depth = 0

        init(bytes: ArraySlice<UInt8>) {
            self.bytes = bytes
            self.place = bytes.startIndex
        }

        mutating func next() -> (place: Int, depth: Int, byte: UInt8)? {
            while place < bytes.endIndex {
                defer { place += 1 }
                switch bytes[place] {
                case UInt8(ascii: "\""): skipString()
                case UInt8(ascii: "["), UInt8(ascii: "{"):
                    depth += 1
                    return (place, depth, bytes[place])
                case UInt8(ascii: "]"), UInt8(ascii: "}"):
                    depth -= 1
                    return (place, depth, bytes[place])
                case UInt8(ascii: ","): return (place, depth, bytes[place])
                default: break
                }
            }
            return nil
        }

        /// From the opening quote to the closing one.
        private mutating func skipString() {
            place += 1
            while place < bytes.endIndex, bytes[place] != UInt8(ascii: "\"") {
                place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
            }
        }
    }
}
