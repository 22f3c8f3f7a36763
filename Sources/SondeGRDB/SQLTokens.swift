// SPDX-License-Identifier: Apache-2.0
// SQLite's SQL as words, marks and placeholders. Literals and comments go already here: nothing behind this file sees
// a value. https://www.sqlite.org/lang_expr.html, https://www.sqlite.org/lang_comment.html

struct SQLToken: Equatable {
    enum Kind: Equatable {
        /// A keyword or a name without quotes.
        case word
        /// A name in quotes of any of SQLite's four kinds, quotes included.
        case quoted
        /// A literal or a parameter.
        case placeholder
        case mark
    }

    var kind: Kind
    /// As written; `?` for a literal.
    var text: Substring
    /// Whether white space or a comment stands before it.
    var isSpaced = false

    /// Whether it is this keyword, which is given in upper case.
    func `is`(_ keyword: String) -> Bool {
        guard kind == .word, text.utf8.count == keyword.utf8.count else { return false }
        return zip(text.utf8, keyword.utf8).allSatisfy { SQLBytes.upper($0) == $1 }
    }

    func isMark(_ mark: Substring) -> Bool { kind == .mark && text == mark }

    /// The name without its quotes; nil if it is none.
    var name: Substring? {
        switch kind {
        case .word: text
        case .quoted: text.dropFirst().dropLast()
        case .placeholder, .mark: nil
        }
    }
}

/// Takes SQL apart, byte by byte: all that decides is ASCII.
struct SQLTokenizer {
    private let text: Substring
    private let bytes: Substring.UTF8View
    private var place: Substring.Index
    private var isSpaced = false
    private(set) var tokens: [SQLToken] = []

    /// The tokens of `text`, of its first ``Limits/statementBytes``.
    static func tokens(_ text: String) -> [SQLToken] {
        var tokenizer = SQLTokenizer(text)
        tokenizer.run()
        return SQLValuesInQuotes.hidden(tokenizer.tokens)
    }

    private init(_ text: String) {
        let end = text.utf8.index(text.startIndex, offsetBy: Limits.statementBytes, limitedBy: text.endIndex)
        self.text = text[..<(end ?? text.endIndex)]
        bytes = self.text.utf8
        place = bytes.startIndex
    }

    private mutating func run() {
        while let byte = peek() { step(byte) }
    }

    private mutating func step(_ byte: UInt8) {
        switch byte {
        case 0x20, 0x09...0x0D:
            advance(1)
            isSpaced = true
        case UInt8(ascii: "-") where peek(1) == byte: skip { $0 == 0x0A }
        case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "*"): skipBlockComment()
        case UInt8(ascii: "'"): literal(end: closing(byte, from: place))
        case UInt8(ascii: "x"), UInt8(ascii: "X"):
            if peek(1) == UInt8(ascii: "'") { literal(end: closing(0x27, from: after(1))) } else { word() }
        case UInt8(ascii: "\""), UInt8(ascii: "`"): add(.quoted, upTo: closing(byte, from: place))
        case UInt8(ascii: "["): add(.quoted, upTo: closing(UInt8(ascii: "]"), from: place))
        case UInt8(ascii: "0")...UInt8(ascii: "9"): number()
        case UInt8(ascii: ".") where peek(1).map(SQLBytes.isDigit) == true: number()
        case UInt8(ascii: "?"): literal(end: end { SQLBytes.isDigit($0) })
        case UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: "$"):
            add(.placeholder, upTo: end { SQLBytes.isWord($0) })
        default: if SQLBytes.isWord(byte) { word() } else { add(.mark, upTo: after(1)) }
        }
    }

    // MARK: Pieces

    private mutating func word() {
        add(.word, upTo: end { SQLBytes.isWord($0) })
    }

    /// Digits, a fraction, an exponent, or hexadecimal; a sign before it belongs to it where no operand precedes.
    private mutating func number() {
        var stop = end { SQLBytes.isWord($0) || $0 == UInt8(ascii: ".") }
        if stop < bytes.endIndex, bytes[stop] == UInt8(ascii: "-") || bytes[stop] == UInt8(ascii: "+"),
            SQLBytes.upper(bytes[bytes.index(before: stop)]) == UInt8(ascii: "E"), peek(1) != UInt8(ascii: "x")
        {
            bytes.formIndex(after: &stop)
            while stop < bytes.endIndex, SQLBytes.isDigit(bytes[stop]) { bytes.formIndex(after: &stop) }
        }
        if let sign = tokens.last, sign.isMark("-") || sign.isMark("+"), followsNoOperand {
            tokens.removeLast()
            isSpaced = sign.isSpaced
        }
        literal(end: stop)
    }

    /// Whether the token before the last is none that a sign could subtract from.
    private var followsNoOperand: Bool {
        guard let before = tokens.dropLast().last else { return true }
        switch before.kind {
        case .mark: return !before.isMark(")")
        case .word:
            return ["SELECT", "VALUES", "THEN", "ELSE", "WHEN", "AND", "OR", "LIMIT"].contains { before.is($0) }
        case .quoted, .placeholder: return false
        }
    }

    private mutating func literal(end: Substring.Index) {
        tokens.append(SQLToken(kind: .placeholder, text: "?", isSpaced: isSpaced))
        isSpaced = false
        place = end
    }

    private mutating func add(_ kind: SQLToken.Kind, upTo end: Substring.Index) {
        tokens.append(SQLToken(kind: kind, text: text[place..<end], isSpaced: isSpaced))
        isSpaced = false
        place = end
    }

    private mutating func skip(until isEnd: (UInt8) -> Bool) {
        while let byte = peek(), !isEnd(byte) { advance(1) }
        isSpaced = true
    }

    private mutating func skipBlockComment() {
        advance(2)
        while let byte = peek(), !(byte == UInt8(ascii: "*") && peek(1) == UInt8(ascii: "/")) { advance(1) }
        advance(2)
        isSpaced = true
    }

    // MARK: Places

    private func peek(_ distance: Int = 0) -> UInt8? {
        let index = after(distance)
        return index < bytes.endIndex ? bytes[index] : nil
    }

    private func after(_ distance: Int) -> Substring.Index {
        bytes.index(place, offsetBy: distance, limitedBy: bytes.endIndex) ?? bytes.endIndex
    }

    private mutating func advance(_ distance: Int) { place = after(distance) }

    /// The end of a run that begins here, whose first byte is taken as it is.
    private func end(while belongs: (UInt8) -> Bool) -> Substring.Index {
        var index = after(1)
        while index < bytes.endIndex, belongs(bytes[index]) { bytes.formIndex(after: &index) }
        return index
    }

    /// Behind the quote that closes the one at `start`; a doubled quote is none. The end, if nothing closes it.
    private func closing(_ quote: UInt8, from start: Substring.Index) -> Substring.Index {
        var index = bytes.index(after: start)
        while index < bytes.endIndex {
            let next = bytes.index(after: index)
            if bytes[index] == quote {
                guard quote != UInt8(ascii: "]"), next < bytes.endIndex, bytes[next] == quote else { return next }
                index = bytes.index(after: next)
            } else {
                index = next
            }
        }
        return bytes.endIndex
    }
}

enum SQLBytes {
    static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
    static func upper(_ byte: UInt8) -> UInt8 { byte >= 0x61 && byte <= 0x7A ? byte - 0x20 : byte }
    /// Letters, digits, `_`, `$` and all beyond ASCII.
    static func isWord(_ byte: UInt8) -> Bool {
        isDigit(byte) || (upper(byte) >= 0x41 && upper(byte) <= 0x5A) || byte == 0x5F || byte == 0x24 || byte >= 0x80
    }
}
