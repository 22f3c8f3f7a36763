// SPDX-License-Identifier: Apache-2.0
// Looks at the bytes of an `AnyValue` without making a value of them: the common forms, one string or one integer in
// the shortest encoding. Everything else is left to the model's reader.

enum AnyValueBytes {
    /// The text if the message is one string field and nothing else, written as encoders write it.
    @inline(__always)
    static func string(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8>? {
        guard let base = bytes.baseAddress, bytes.count >= 2, base[0] == 0x0A else { return nil }
        if base[1] < 0x80 {
            return Int(base[1]) == bytes.count - 2 ? UnsafeBufferPointer(start: base + 2, count: bytes.count - 2) : nil
        }
        guard bytes.count >= 131 else { return nil }
        var length = 0
        var place = 1
        while place < min(bytes.count, 6) {
            length |= Int(base[place] & 0x7F) << (7 * (place - 1))
            place += 1
            if base[place - 1] < 0x80 { break }
        }
        guard base[place - 1] < 0x80, base[place - 1] != 0, place + length == bytes.count else { return nil }
        return UnsafeBufferPointer(start: base + place, count: length)
    }

    /// The number if the message is one integer field and nothing else, in its shortest form.
    @inline(__always)
    static func integer(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64? {
        guard let base = bytes.baseAddress, bytes.count >= 2, bytes.count <= 11, base[0] == 0x18 else { return nil }
        var value: UInt64 = 0
        for place in 1..<bytes.count {
            let byte = base[place]
            guard byte >= 0x80 || place == bytes.count - 1 else { return nil }
            if place == 10, byte > 1 { return nil }
            value |= UInt64(byte & 0x7F) << UInt64(7 * (place - 1))
        }
        let last = base[bytes.count - 1]
        guard last < 0x80, last != 0 || bytes.count == 2 else { return nil }
        return value
    }

    /// The text if the message is one string of an even number of lower-case hex digits, as ids are written.
    static func hex(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8>? {
        guard let text = string(bytes), text.count >= 8, text.count % 2 == 0 else { return nil }
        for digit in text where !((0x30...0x39).contains(digit) || (0x61...0x66).contains(digit)) { return nil }
        return text
    }

    /// Two digits a byte.
    static func pack(_ hex: UnsafeBufferPointer<UInt8>, into output: inout ByteBuffer) {
        for place in stride(from: 0, to: hex.count, by: 2) {
            output.append(nibble(hex[place]) << 4 | nibble(hex[place + 1]))
        }
    }

    private static func nibble(_ digit: UInt8) -> UInt8 { digit < 0x3A ? digit &- 0x30 : digit &- 0x57 }

    /// The digits that packed bytes stand for.
    static func hexText(_ packed: ArraySlice<UInt8>) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(packed.count * 2)
        for byte in packed {
            text.append(digit(byte >> 4))
            text.append(digit(byte & 15))
        }
        return text
    }

    private static func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x57 + nibble }
}
