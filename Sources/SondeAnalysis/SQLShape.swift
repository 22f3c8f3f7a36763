// SPDX-License-Identifier: Apache-2.0
// A statement without its literals, so that `… WHERE id IN (1, 2)` and `… WHERE id IN (?, ?, ?)` are one.

struct SQLShape {
    private let bytes: [UInt8]
    private var place = 0
    private var output: [UInt8] = []

    init(_ text: String) {
        bytes = Array(text.utf8.prefix(Limits.maxShapeBytes))
        output.reserveCapacity(bytes.count)
    }

    /// Whether the text begins with a word that begins statements, followed by more.
    static func isSQL(_ text: String.UTF8View) -> Bool {
        let word = text.prefix(while: \.isLetter)
        guard (4...7).contains(word.count), let next = text.dropFirst(word.count).first, next.isWhiteSpace else {
            return false
        }
        let upper = word.map { $0 & 0xDF }
        return Self.verbs.contains { $0.elementsEqual(upper) }
    }

    /// Whether it changes what is stored.
    static func isWrite(_ text: String) -> Bool {
        let upper = text.utf8.prefix(while: \.isLetter).map { $0 & 0xDF }
        return Self.writingVerbs.contains { $0.elementsEqual(upper) }
    }

    private static let verbs = ["SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "WITH"].map {
        Array($0.utf8)
    }
    private static let writingVerbs = ["INSERT", "UPDATE", "DELETE", "REPLACE", "MERGE", "BEGIN", "COMMIT", "ROLLBACK"]
        .map { Array($0.utf8) }

    mutating func run() -> String {
        while place < bytes.count { step() }
        if output.last == UInt8(ascii: " ") { output.removeLast() }
        return String(decoding: output, as: UTF8.self)
    }

    private mutating func step() {
        let byte = bytes[place]
        if byte.isWhiteSpace {
            place += 1
            addSpace()
        } else if byte == UInt8(ascii: "'") {
            skipString()
            addLiteral()
        } else if byte == UInt8(ascii: "-") || byte == UInt8(ascii: "/"), let end = commentEnd() {
            place = end
            addSpace()
        } else if isParameter(byte) {
            place += 1
            skipWord()
            addLiteral()
        } else if byte.isWord || byte == UInt8(ascii: "_") {
            takeWord()
        } else {
            place += 1
            add(byte)
        }
    }

    /// `?`, `$1`, `:name`, `@p0`, `%s`; not `::text` and not `a % b`.
    private func isParameter(_ byte: UInt8) -> Bool {
        let next = place + 1 < bytes.count ? bytes[place + 1] : 0
        switch byte {
        case UInt8(ascii: "?"): return true
        case UInt8(ascii: "$"): return next.isDigit
        case UInt8(ascii: "@"): return next.isWord
        case UInt8(ascii: "%"): return next == UInt8(ascii: "s")
        case UInt8(ascii: ":"): return next.isWord && output.last != UInt8(ascii: ":")
        default: return false
        }
    }

    private mutating func takeWord() {
        let start = place
        skipWord()
        guard bytes[start].isDigit else { return output.append(contentsOf: bytes[start..<place]) }
        // The rest of a decimal or of an exponent belongs to the number.
        while place < bytes.count, bytes[place] == UInt8(ascii: "."), place + 1 < bytes.count, bytes[place + 1].isDigit
        {
            place += 1
            skipWord()
        }
        addLiteral()
    }

    private mutating func skipWord() {
        while place < bytes.count, bytes[place].isWord || bytes[place] == UInt8(ascii: "_") { place += 1 }
    }

    /// Past the closing quote; a doubled one stands for itself.
    private mutating func skipString() {
        place += 1
        while place < bytes.count {
            let isQuote = bytes[place] == UInt8(ascii: "'")
            place += 1
            guard isQuote else { continue }
            guard place < bytes.count, bytes[place] == UInt8(ascii: "'") else { return }
            place += 1
        }
    }

    private func commentEnd() -> Int? {
        let rest = bytes[place...]
        if rest.starts(with: "--".utf8) { return rest.firstIndex(of: 0x0A) ?? bytes.endIndex }
        guard rest.starts(with: "/*".utf8) else { return nil }
        var index = place + 2
        while index + 1 < bytes.count, !(bytes[index] == UInt8(ascii: "*") && bytes[index + 1] == UInt8(ascii: "/")) {
            index += 1
        }
        return min(index + 2, bytes.count)
    }

    private mutating func addSpace() {
        if let last = output.last, last != UInt8(ascii: " "), last != UInt8(ascii: "(") { output.append(0x20) }
    }

    /// One `?` for a list of literals.
    private mutating func addLiteral() {
        for tail in Self.listTails where drop(tail) { break }
        output.append(UInt8(ascii: "?"))
    }

    /// One `(?)` for a list of rows.
    private mutating func add(_ byte: UInt8) {
        if byte == UInt8(ascii: ")") || byte == UInt8(ascii: ","), output.last == 0x20 { output.removeLast() }
        output.append(byte)
        guard byte == UInt8(ascii: ")") else { return }
        for joint in Self.rowJoints where ends(with: joint) { output.removeLast(joint.count - 3) }
    }

    private static let listTails = ["?, ", "?,"].map { Array($0.utf8) }
    private static let rowJoints = ["(?), (?)", "(?),(?)"].map { Array($0.utf8) }

    /// Takes `tail` off the end, if it is there.
    private mutating func drop(_ tail: [UInt8]) -> Bool {
        guard ends(with: tail) else { return false }
        output.removeLast(tail.count)
        return true
    }

    private func ends(with tail: [UInt8]) -> Bool {
        guard output.count >= tail.count else { return false }
        let offset = output.count - tail.count
        for place in tail.indices where output[offset + place] != tail[place] { return false }
        return true
    }
}
