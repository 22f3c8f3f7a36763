// SPDX-License-Identifier: Apache-2.0
// Names of spans without what changes from one call to the next, so that a million calls are one series:
//
//   GET /users/4711/orders/7d3f…(UUID)    →  GET /users/{id}/orders/{id}
//   SELECT * FROM t WHERE id = 12         →  SELECT * FROM t WHERE id = {id}
//
// A word is a run of letters, digits, `_` and `-`. It is an id if it is a number, a UUID, eight or more hex digits with a
// digit among them, or sixteen or more letters and digits with four digits. `v1`, `s3` and `utf8` stay.

enum SpanNameTemplate {
    private static let placeholder = Array("{id}".utf8)

    static func bytes(of name: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(name.count)
        var index = name.startIndex
        while index < name.endIndex {
            let start = index
            while index < name.endIndex, isWordByte(name[index]) { index += 1 }
            if start < index {
                let word = UnsafeBufferPointer(rebasing: name[start..<index])
                if isID(word) { result += placeholder } else { result.append(contentsOf: word) }
            } else {
                result.append(name[index])
                index += 1
            }
        }
        return cut(result)
    }

    private static func isID(_ word: UnsafeBufferPointer<UInt8>) -> Bool {
        var digits = 0
        var hexDigits = 0
        var others = 0
        for byte in word {
            switch byte {
            case 0x30...0x39: digits += 1
            case 0x41...0x46, 0x61...0x66: hexDigits += 1
            // Between the groups of a UUID, and in `-5`.
            case UInt8(ascii: "-"): continue
            default: others += 1
            }
        }
        guard digits > 0 else { return false }
        if others == 0, hexDigits == 0 { return true }
        if others == 0 { return digits + hexDigits >= 8 }
        return digits >= 4 && digits + hexDigits + others >= 16 && !word.contains(UInt8(ascii: "_"))
            && !word.contains(UInt8(ascii: "-"))
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }

    /// `text` up to what a label may have, cut at the start of a character.
    static func cut(_ text: some RandomAccessCollection<UInt8>) -> [UInt8] {
        guard text.count > PipelineLimits.spanLabelBytes else { return Array(text) }
        var end = text.index(text.startIndex, offsetBy: PipelineLimits.spanLabelBytes)
        while end > text.startIndex, text[end] & 0xC0 == 0x80 { end = text.index(before: end) }
        return Array(text[..<end])
    }
}
