// SPDX-License-Identifier: Apache-2.0
// JSON strings: found and checked as places in the text, unescaped only for whoever wants the content.
//
// https://www.rfc-editor.org/rfc/rfc8259#section-7

internal import SondeModel

/// A string's place in the text, without its quotes; its bytes are UTF-8 and its escapes are whole.
struct JSONText: Hashable, Sendable {
    var offset: Int
    var count: Int
    var hasEscapes: Bool
}

extension JSONReader {
    mutating func readString() throws(MalformedJSON) -> String {
        let text = try readText()
        return string(text)
    }

    mutating func readText() throws(MalformedJSON) -> JSONText {
        guard try nextByte("a string") == UInt8(ascii: "\"") else { throw malformed("expected a string") }
        position += 1
        let start = position
        var hasEscapes = false
        while true {
            skipPlain()
            guard position < end else { throw malformed("the text ends inside a string", at: start - 1) }
            switch base[position] {
            case UInt8(ascii: "\""):
                position += 1
                return JSONText(offset: start, count: position - 1 - start, hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try checkEscape()
            case 0x80...: try checkUTF8()
            case ..<0x20: throw malformed("a control character must be escaped in a string")
            default: position += 1
            }
        }
    }

    /// Steps over eight bytes at a time while they are ASCII and need no look.
    @inline(__always)
    private mutating func skipPlain() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        while end - position >= 8 {
            let word = UInt64(littleEndian: UnsafeRawPointer(base + position).loadUnaligned(as: UInt64.self))
            let quotes = word ^ (ones &* 0x22)
            let backslashes = word ^ (ones &* 0x5C)
            let controls = (word &- ones &* 0x20) & ~word
            let marked =
                word | controls | ((quotes &- ones) & ~quotes) | ((backslashes &- ones) & ~backslashes)
            guard marked & tops == 0 else {
                // The lowest mark is a true one; those above it may be carries.
                position += (marked & tops).trailingZeroBitCount / 8
                return
            }
            position += 8
        }
    }

    private mutating func checkEscape() throws(MalformedJSON) {
        guard end - position >= 2 else { throw malformed("the text ends inside an escape") }
        switch base[position + 1] {
        case UInt8(ascii: "u"):
            guard end - position >= 6, Self.unit(base + position + 2) != nil else {
                throw malformed("expected four hex digits after \\u")
            }
            position += 6
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        default: throw malformed("there is no such escape")
        }
    }

    /// Steps over one character of two to four bytes: no overlong forms, no surrogates, nothing above U+10FFFF.
    private mutating func checkUTF8() throws(MalformedJSON) {
        let (count, second): (Int, ClosedRange<UInt8>) =
            switch base[position] {
            case 0xC2...0xDF: (2, 0x80...0xBF)
            case 0xE0: (3, 0xA0...0xBF)
            case 0xE1...0xEC, 0xEE...0xEF: (3, 0x80...0xBF)
            case 0xED: (3, 0x80...0x9F)
            case 0xF0: (4, 0x90...0xBF)
            case 0xF1...0xF3: (4, 0x80...0xBF)
            case 0xF4: (4, 0x80...0x8F)
            default: (0, 0x80...0xBF)
            }
        guard count > 0, end - position >= count, second.contains(base[position + 1]),
            (2..<count).allSatisfy({ base[position + $0] & 0xC0 == 0x80 })
        else { throw malformed("invalid UTF-8") }
        position += count
    }

    // MARK: Content

    /// The content as text.
    func string(_ text: JSONText) -> String {
        guard text.hasEscapes else {
            return String(decoding: UnsafeBufferPointer(start: base + text.offset, count: text.count), as: UTF8.self)
        }
        var bytes: [UInt8] = []
        append(text, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether the content is `name`.
    func equals(_ text: JSONText, _ name: StaticString) -> Bool {
        guard !text.hasEscapes else { return string(text) == name.description }
        guard text.count == name.utf8CodeUnitCount else { return false }
        for index in 0..<text.count where base[text.offset + index] != name.utf8Start[index] { return false }
        return true
    }

    /// Appends the content in UTF-8. Half a surrogate pair becomes U+FFFD.
    func append(_ text: JSONText, to output: inout [UInt8]) {
        var from = text.offset
        let stop = text.offset + text.count
        guard text.hasEscapes else {
            return output.append(contentsOf: UnsafeBufferPointer(start: base + from, count: text.count))
        }
        while from < stop {
            let run = UnsafeBufferPointer(start: base + from, count: stop - from).prefix { $0 != UInt8(ascii: "\\") }
            output.append(contentsOf: run)
            from += run.count
            if from < stop { from += unescape(at: from, stop: stop, into: &output) }
        }
    }

    /// Appends what the escape at `offset` stands for and returns its size.
    private func unescape(at offset: Int, stop: Int, into output: inout [UInt8]) -> Int {
        switch base[offset + 1] {
        case UInt8(ascii: "u"): break
        case UInt8(ascii: "b"): return append(0x08, to: &output)
        case UInt8(ascii: "f"): return append(0x0C, to: &output)
        case UInt8(ascii: "n"): return append(0x0A, to: &output)
        case UInt8(ascii: "r"): return append(0x0D, to: &output)
        case UInt8(ascii: "t"): return append(0x09, to: &output)
        case let other: return append(other, to: &output)
        }
        let unit = Self.unit(base + offset + 2) ?? 0xFFFD
        guard unit & 0xF800 == 0xD800 else {
            appendScalar(unit, to: &output)
            return 6
        }
        guard unit < 0xDC00, stop - offset >= 12, base[offset + 6] == UInt8(ascii: "\\"),
            base[offset + 7] == UInt8(ascii: "u"), let low = Self.unit(base + offset + 8), low & 0xFC00 == 0xDC00
        else {
            appendScalar(0xFFFD, to: &output)
            return 6
        }
        appendScalar(0x1_0000 + (unit & 0x3FF) << 10 + (low & 0x3FF), to: &output)
        return 12
    }

    private func append(_ byte: UInt8, to output: inout [UInt8]) -> Int {
        output.append(byte)
        return 2
    }

    private func appendScalar(_ value: UInt32, to output: inout [UInt8]) {
        let scalar = Unicode.Scalar(value) ?? "\u{FFFD}"
        output.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }

    /// The value of four hex digits.
    private static func unit(_ digits: UnsafePointer<UInt8>) -> UInt32? {
        var value: UInt32 = 0
        for place in 0..<4 {
            guard let nibble = Hex.nibble(digits[place]) else { return nil }
            value = value << 4 | UInt32(nibble)
        }
        return value
    }
}
