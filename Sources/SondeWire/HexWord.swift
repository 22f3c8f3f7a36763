// SPDX-License-Identifier: Apache-2.0
// Lower-case hex digits, eight at a time: each byte of a word holds one digit, and arithmetic on the word works on all of
// them, since none carries into its neighbour. Every request reads and writes some hundred digits.

/// Ids in the `traceparent` header.
enum HexWord {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highBits: UInt64 = 0x8080_8080_8080_8080

    /// 16 digits from `start` on; nil if one of them is not a digit or in upper case.
    @inline(__always)
    static func value(_ digits: UnsafeBufferPointer<UInt8>, at start: Int) -> UInt64? {
        let bytes = UnsafeRawBufferPointer(digits)
        let high = bytes.loadUnaligned(fromByteOffset: start, as: UInt64.self)
        let low = bytes.loadUnaligned(fromByteOffset: start + 8, as: UInt64.self)
        guard let high = half(UInt64(bigEndian: high)), let low = half(UInt64(bigEndian: low)) else { return nil }
        return high << 32 | low
    }

    /// The value of two digits.
    static func pair(_ high: UInt8, _ low: UInt8) -> UInt8? {
        guard let high = nibble(high), let low = nibble(low) else { return nil }
        return high << 4 | low
    }

    /// Writes 16 digits.
    @inline(__always)
    static func write(_ value: UInt64, to buffer: UnsafeMutableBufferPointer<UInt8>, at start: Int) {
        let bytes = UnsafeMutableRawBufferPointer(buffer)
        bytes.storeBytes(of: digits(value >> 32).bigEndian, toByteOffset: start, as: UInt64.self)
        bytes.storeBytes(of: digits(value & 0xFFFF_FFFF).bigEndian, toByteOffset: start + 8, as: UInt64.self)
    }

    @inline(__always)
    static func digit(_ nibble: UInt8) -> UInt8 { nibble < 10 ? 0x30 + nibble : 0x57 + nibble }

    private static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit &- 0x30
        case 0x61...0x66: digit &- 0x57
        default: nil
        }
    }

    /// The value of the eight digits in `word`, the first in its highest byte.
    @inline(__always)
    private static func half(_ word: UInt64) -> UInt64? {
        guard word & highBits == 0 else { return nil }
        // The high bit of each byte says whether the byte is at least "0", ":", "a", "g".
        let digits = (word &+ ones &* 0x50) & ~(word &+ ones &* 0x46)
        let letters = (word &+ ones &* 0x1F) & ~(word &+ ones &* 0x19) & highBits
        guard (digits | letters) & highBits == highBits else { return nil }
        var value = (word & (ones &* 0x0F)) &+ (letters >> 7) &* 9
        value = (value | value >> 4) & 0x00FF_00FF_00FF_00FF
        value = (value | value >> 8) & 0x0000_FFFF_0000_FFFF
        return (value | value >> 16) & 0xFFFF_FFFF
    }

    /// Eight digits of the low 32 bits, the first in the highest byte.
    @inline(__always)
    private static func digits(_ half: UInt64) -> UInt64 {
        var word = (half & 0xFFFF_0000) << 16 | half & 0xFFFF
        word = (word & 0x0000_FF00_0000_FF00) << 8 | word & 0x0000_00FF_0000_00FF
        word = (word & 0x00F0_00F0_00F0_00F0) << 4 | word & 0x000F_000F_000F_000F
        let letters = (word &+ ones &* 6) >> 4 & ones
        return word &+ ones &* 0x30 &+ letters &* 0x27
    }
}
