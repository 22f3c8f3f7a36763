// SPDX-License-Identifier: Apache-2.0
// What is the same about texts that differ in their literals: names, statements, URLs, messages. Pure, over UTF-8,
// since all that decides is ASCII.

/// Texts with their literals collapsed.
package enum Shape {
    /// A span's name: `GET /users/42` becomes `GET /users/{id}`. Whole numbers, UUIDs, and long or hexadecimal words with
    /// a digit in them go; `v2`, `s3` and `http2` stay. A name that is SQL is treated as ``statement(_:)``.
    package static func name(_ name: String) -> String {
        if SQLShape.isSQL(name.utf8) { return statement(name) }
        var scan = WordScan(name, placeholder: "{id}")
        return scan.run()
    }

    /// SQL, or another query language with literals like SQL's: strings, numbers and parameters become `?`, lists of
    /// them one, comments go, runs of white space become a space.
    package static func statement(_ text: String) -> String {
        var scan = SQLShape(text)
        return scan.run()
    }

    /// A URL or path without its query and fragment, ids as in ``name(_:)``.
    package static func url(_ url: String) -> String {
        let end = url.utf8.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? url.endIndex
        var scan = WordScan(String(url[..<end]), placeholder: "{id}")
        return scan.run()
    }

    /// The message of a failure: what stands in quotes, every number and every id become `*`.
    package static func message(_ message: String) -> String {
        var scan = WordScan(message, placeholder: "*", isMessage: true)
        return scan.run()
    }
}

/// Reads a text word by word and replaces those that are literals.
private struct WordScan {
    private let bytes: ArraySlice<UInt8>
    private let placeholder: [UInt8]
    private let isMessage: Bool
    private var place: Int
    private var output: [UInt8] = []

    init(_ text: String, placeholder: String, isMessage: Bool = false) {
        bytes = Array(text.utf8.prefix(Limits.maxShapeBytes))[...]
        self.placeholder = Array(placeholder.utf8)
        self.isMessage = isMessage
        place = bytes.startIndex
        output.reserveCapacity(bytes.count)
    }

    mutating func run() -> String {
        while place < bytes.endIndex {
            if let end = uuidEnd() ?? (isMessage ? quotationEnd() : nil) {
                replace(to: end)
            } else if bytes[place].isWord {
                takeWord()
            } else {
                output.append(bytes[place])
                place += 1
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    private mutating func takeWord() {
        let end = bytes[place...].firstIndex { !$0.isWord } ?? bytes.endIndex
        if isLiteral(bytes[place..<end]) {
            replace(to: end)
        } else {
            output.append(contentsOf: bytes[place..<end])
            place = end
        }
    }

    private func isLiteral(_ word: ArraySlice<UInt8>) -> Bool {
        guard word.contains(where: \.isDigit) else { return false }
        if word.allSatisfy(\.isDigit) || word.count >= Limits.minIDLength { return true }
        if word.count >= Limits.minHexLength, word.allSatisfy(\.isHexDigit) { return true }
        // `30ms`, `0x7f`, `02T03`: in a message whatever begins with a digit is a value.
        return isMessage && (word.first?.isDigit ?? false)
    }

    /// Puts one placeholder for what lies before `end`; numbers joined by a point, dash or colon (versions, addresses,
    /// dates) share one.
    private mutating func replace(to end: Int) {
        place = end
        guard let joint = output.last,
            joint == UInt8(ascii: ".") || joint == UInt8(ascii: "-") || joint == UInt8(ascii: ":"),
            output.dropLast().suffix(placeholder.count).elementsEqual(placeholder)
        else { return output.append(contentsOf: placeholder) }
        output.removeLast()
    }

    /// The end of a UUID that begins here: 8, 4, 4, 4 and 12 hex digits.
    private func uuidEnd() -> Int? {
        guard bytes[place].isHexDigit, bytes.endIndex - place >= 36,
            place == bytes.startIndex || !bytes[place - 1].isWord
        else { return nil }
        for offset in 0..<36 {
            let byte = bytes[place + offset]
            let isDash = offset == 8 || offset == 13 || offset == 18 || offset == 23
            guard isDash ? byte == UInt8(ascii: "-") : byte.isHexDigit else { return nil }
        }
        let end = place + 36
        return end == bytes.endIndex || !bytes[end].isWord ? end : nil
    }

    /// The end of a quotation that begins here. An apostrophe inside a word opens none, and what is not closed is none.
    private func quotationEnd() -> Int? {
        let quote = bytes[place]
        guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") || quote == UInt8(ascii: "`"),
            place == bytes.startIndex || !bytes[place - 1].isWord,
            let close = bytes[(place + 1)...].firstIndex(of: quote)
        else { return nil }
        return close + 1
    }
}

extension UInt8 {
    var isDigit: Bool { self >= 0x30 && self <= 0x39 }
    var isLetter: Bool { (self | 0x20) >= 0x61 && (self | 0x20) <= 0x7A }
    var isHexDigit: Bool { isDigit || ((self | 0x20) >= 0x61 && (self | 0x20) <= 0x66) }
    /// Letters and digits; bytes of other scripts belong to words too.
    var isWord: Bool { isDigit || isLetter || self >= 0x80 }
    var isWhiteSpace: Bool { self == 0x20 || (self >= 0x09 && self <= 0x0D) }
}
