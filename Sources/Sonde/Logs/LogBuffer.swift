// SPDX-License-Identifier: Apache-2.0
// The bytes of one line while it is written: memory that is kept between lines, so that a line costs no allocation, and
// the escaping that JSON asks for.

import SondeModel

/// A growing run of bytes. Not for two threads at once.
struct LogBuffer: ~Copyable {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int = Limits.logScratchBytes) {
        base = .allocate(capacity: capacity)
        self.capacity = capacity
    }

    deinit { base.deallocate() }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Empties it. Memory that one huge line needed is given back.
    mutating func clear(keepingAtMost kept: Int = Limits.logScratchKeptBytes) {
        count = 0
        if capacity > kept { resize(to: Limits.logScratchBytes) }
    }

    // MARK: Appending

    @inline(__always)
    mutating func append(_ byte: UInt8) {
        reserve(1)
        base[count] = byte
        count += 1
    }

    @inline(__always)
    mutating func append(_ text: StaticString) {
        append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let start = bytes.baseAddress else { return }
        reserve(bytes.count)
        (base + count).update(from: start, count: bytes.count)
        count += bytes.count
    }

    mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBufferPointer { append($0) } }

    mutating func append(text: String) {
        var text = text
        text.withUTF8 { append($0) }
    }

    /// Sixteen lower-case hex digits, most significant first.
    mutating func appendHex(_ value: UInt64) {
        reserve(16)
        let place = UnsafeMutableRawPointer(base + count)
        place.storeBytes(of: Self.hexDigits(UInt32(truncatingIfNeeded: value >> 32)).bigEndian, as: UInt64.self)
        place.storeBytes(
            of: Self.hexDigits(UInt32(truncatingIfNeeded: value)).bigEndian, toByteOffset: 8, as: UInt64.self)
        count += 16
    }

    /// The eight digits of a word, the most significant in the highest byte, all at once: four bits to each byte, then
    /// the distance of "a" from the character after "9" where they exceed 9.
    @inline(__always)
    private static func hexDigits(_ value: UInt32) -> UInt64 {
        var word = UInt64(value)
        word = (word | word << 16) & 0x0000_FFFF_0000_FFFF
        word = (word | word << 8) & 0x00FF_00FF_00FF_00FF
        word = (word | word << 4) & 0x0F0F_0F0F_0F0F_0F0F
        let letters = ((word &+ 0x0606_0606_0606_0606) >> 4) & 0x0101_0101_0101_0101
        return word &+ 0x3030_3030_3030_3030 &+ letters &* 0x27
    }

    mutating func appendDecimal(_ value: Int64) {
        reserve(20)
        var rest = value.magnitude
        var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
        let length = withUnsafeMutableBytes(of: &digits) { scratch in
            var place = scratch.count
            repeat {
                let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
                place -= 1
                scratch[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit)
                rest = quotient
            } while rest > 0
            return scratch.count - place
        }
        if value < 0 { append(UInt8(ascii: "-")) }
        withUnsafeBytes(of: &digits) { scratch in
            append(UnsafeBufferPointer(rebasing: scratch.assumingMemoryBound(to: UInt8.self).suffix(length)))
        }
    }

    /// `value` thousandths as Swift prints a `Double`: at least one digit behind the point, and no zeros at the end of more.
    mutating func appendThousandths(_ value: Int64) {
        let (whole, rest) = value.quotientAndRemainder(dividingBy: 1_000)
        if value < 0, whole == 0 { append(UInt8(ascii: "-")) }
        appendDecimal(whole)
        append(UInt8(ascii: "."))
        var digits = 3
        var part = Int(rest.magnitude)
        while digits > 1, part % 10 == 0 {
            part /= 10
            digits -= 1
        }
        appendPadded(part, digits: digits)
    }

    /// `digits` digits of `value`, with zeros in front.
    mutating func appendPadded(_ value: Int, digits: Int) {
        reserve(digits)
        var rest = value
        for place in (0..<digits).reversed() {
            base[count + place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        count += digits
    }

    // MARK: JSON

    /// `text` as a JSON string, quotes included.
    @inline(__always)
    mutating func appendJSON(_ text: String) {
        append(UInt8(ascii: "\""))
        appendEscaped(text)
        append(UInt8(ascii: "\""))
    }

    /// `"key":` for a key of our own, in which nothing must be escaped.
    @inline(__always)
    mutating func append(key: String) {
        var key = key
        key.withUTF8 { key in
            reserve(key.count + 3)
            base[count] = UInt8(ascii: "\"")
            if let start = key.baseAddress { (base + count + 1).update(from: start, count: key.count) }
            base[count + key.count + 1] = UInt8(ascii: "\"")
            base[count + key.count + 2] = UInt8(ascii: ":")
            count += key.count + 3
        }
    }

    @inline(__always)
    mutating func appendEscaped(_ text: String) {
        var text = text
        text.withUTF8 { appendEscaped($0) }
    }

    /// Copies runs of harmless bytes at once, and writes what JSON demands in place of quote, backslash and control
    /// characters. DEL is escaped as well: a log is read on terminals.
    private mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>) {
        var start = 0
        while true {
            let end = Self.harmlessEnd(of: text, from: start)
            append(UnsafeBufferPointer(rebasing: text[start..<end]))
            guard end < text.count else { return }
            appendEscape(text[end])
            start = end + 1
        }
    }

    /// Where the first byte stands that must be escaped; the end if none must. Eight bytes are looked at together.
    private static func harmlessEnd(of text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        guard let base = text.baseAddress else { return 0 }
        let raw = UnsafeRawPointer(base)
        var place = start
        while place + 8 <= text.count {
            let word = raw.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            guard !needsEscape(word) else { break }
            place += 8
        }
        while place < text.count, !needsEscape(text[place]) { place += 1 }
        return place
    }

    @inline(__always)
    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == 0x7F
    }

    /// Whether any of eight bytes needs it. For a byte below 128, adding or taking away what stands here sets its top bit
    /// exactly if it is below 0x20, or becomes zero by XOR; bytes of 128 and more are masked out. A borrow can only make
    /// the byte above a hit look like one too, which the byte by byte search then puts right.
    @inline(__always)
    private static func needsEscape(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        let quote = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
        let backslash = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
        let delete = word ^ (ones &* 0x7F)
        let hits =
            ((word &- ones &* 0x20) | (quote &- ones) | (backslash &- ones) | (delete &- ones)) & ~word & tops
        return hits != 0
    }

    private mutating func appendEscape(_ byte: UInt8) {
        append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): append(byte)
        case UInt8(ascii: "\n"): append(UInt8(ascii: "n"))
        case UInt8(ascii: "\r"): append(UInt8(ascii: "r"))
        case UInt8(ascii: "\t"): append(UInt8(ascii: "t"))
        default:
            append("u00")
            append(Self.hexDigit(byte >> 4))
            append(Self.hexDigit(byte & 15))
        }
    }

    // MARK: Parts

    @inline(__always)
    private static func hexDigit(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }

    @inline(__always)
    private mutating func reserve(_ more: Int) {
        if count + more > capacity { resize(to: max(capacity * 2, count + more)) }
    }

    private mutating func resize(to size: Int) {
        let grown = UnsafeMutablePointer<UInt8>.allocate(capacity: size)
        grown.update(from: base, count: count)
        base.deallocate()
        base = grown
        capacity = size
    }
}
