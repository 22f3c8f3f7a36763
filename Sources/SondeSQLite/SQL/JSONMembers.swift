// SPDX-License-Identifier: Apache-2.0
// Finds one member of a JSON object without making values of the others. It reads what JSONText writes and other JSON as
// well; from what is no JSON it gives nothing.

struct JSONMembers {
    /// A value as it stands.
    enum Value {
        case string(UnsafeBufferPointer<UInt8>, hasEscapes: Bool)
        /// A number, a word, a list or an object.
        case plain(UnsafeBufferPointer<UInt8>)
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private var place = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// The value of the first member with this key.
    mutating func value(of key: UnsafeBufferPointer<UInt8>) -> Value? {
        guard take(UInt8(ascii: "{")) else { return nil }
        while let (name, hasEscapes) = string() {
            guard take(UInt8(ascii: ":")), let value = value() else { return nil }
            if hasEscapes ? Self.unescaped(name).elementsEqual(key) : name.elementsEqual(key) { return value }
            guard take(UInt8(ascii: ",")) else { return nil }
        }
        return nil
    }

    private mutating func skipBlanks() {
        while place < bytes.count, bytes[place] == 0x20 || bytes[place] &- 9 < 5 { place += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipBlanks()
        guard place < bytes.count, bytes[place] == byte else { return false }
        place += 1
        return true
    }

    /// What stands between two quotes.
    private mutating func string() -> (UnsafeBufferPointer<UInt8>, hasEscapes: Bool)? {
        guard take(UInt8(ascii: "\"")) else { return nil }
        let start = place
        var hasEscapes = false
        while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
            if bytes[place] == UInt8(ascii: "\\") {
                hasEscapes = true
                place += 1
            }
            place += 1
        }
        guard place < bytes.count else { return nil }
        place += 1
        return (UnsafeBufferPointer(rebasing: bytes[start..<(place - 1)]), hasEscapes)
    }

    private mutating func value() -> Value? {
        skipBlanks()
        guard place < bytes.count else { return nil }
        if bytes[place] == UInt8(ascii: "\"") {
            return string().map { .string($0.0, hasEscapes: $0.hasEscapes) }
        }
        let start = place
        var depth = 0
        scan: while place < bytes.count {
            switch bytes[place] {
            case UInt8(ascii: "\""):
                guard string() != nil else { return nil }
                continue scan
            case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                if depth == 0 { break scan }
                depth -= 1
            case UInt8(ascii: ","): if depth == 0 { break scan }
            default: break
            }
            place += 1
        }
        var end = place
        while end > start, bytes[end - 1] <= 0x20 { end -= 1 }
        return end > start ? .plain(UnsafeBufferPointer(rebasing: bytes[start..<end])) : nil
    }

    static func unescaped(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var place = 0
        while place < text.count {
            guard text[place] == UInt8(ascii: "\\"), place + 1 < text.count else {
                result.append(text[place])
                place += 1
                continue
            }
            place += 2
            switch text[place - 1] {
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "u"): result += scalar(text, &place)
            case let other: result.append(other)
            }
        }
        return result
    }

    /// The scalar whose four digits come next, with its second half if it has two.
    private static func scalar(_ text: UnsafeBufferPointer<UInt8>, _ place: inout Int) -> [UInt8] {
        func unit() -> UInt32? {
            guard place + 4 <= text.count else { return nil }
            return UInt32(String(decoding: text[place..<(place + 4)], as: UTF8.self), radix: 16)
        }
        guard var code = unit() else { return [] }
        place += 4
        if 0xD800..<0xDC00 ~= code, place + 6 <= text.count, text[place] == UInt8(ascii: "\\"),
            text[place + 1] == UInt8(ascii: "u")
        {
            place += 2
            if let low = unit(), 0xDC00..<0xE000 ~= low {
                code = 0x1_0000 + (code - 0xD800) << 10 + (low - 0xDC00)
                place += 4
            } else {
                place -= 2
            }
        }
        return Array(String(Character(Unicode.Scalar(code) ?? "\u{FFFD}")).utf8)
    }
}

extension JSONMembers.Value {
    func give(_ result: SQLResult) {
        switch self {
        case .string(let text, false): result.set(utf8: text)
        case .string(let text, true): JSONMembers.unescaped(text).withUnsafeBufferPointer { result.set(utf8: $0) }
        case .plain(let text): Self.give(plain: text, result)
        }
    }

    private static func give(plain text: UnsafeBufferPointer<UInt8>, _ result: SQLResult) {
        switch text[0] {
        case UInt8(ascii: "t"): result.set(true)
        case UInt8(ascii: "f"): result.set(false)
        case UInt8(ascii: "n"): result.null()
        case UInt8(ascii: "["), UInt8(ascii: "{"): result.set(utf8: text)
        default:
            let digits = String(decoding: text, as: UTF8.self)
            if let whole = Int64(digits) {
                result.set(whole)
            } else if let number = Double(digits) {
                result.set(number)
            } else {
                result.null()
            }
        }
    }
}
