// SPDX-License-Identifier: Apache-2.0
// Where an exposition is written: one block of memory that stays from scrape to scrape, so that a page of a hundred
// thousand samples costs no allocation; numbers become digits without a String in between.

/// An append-only buffer of text. It grows and never shrinks; ``removeAll()`` keeps the memory.
@usableFromInline
package struct PrometheusSink: ~Copyable {
    @usableFromInline var base: UnsafeMutablePointer<UInt8>
    @usableFromInline var capacity: Int
    @usableFromInline var written: Int

    /// Bytes that may be written past what was asked for, so that short pieces are copied in whole words.
    @usableFromInline static var slack: Int { 64 }

    package init(reservingCapacity capacity: Int = 16_384) {
        self.capacity = max(capacity, 1_024)
        base = .allocate(capacity: self.capacity + Self.slack)
        written = 0
    }

    deinit { base.deallocate() }

    package var count: Int { written }

    package mutating func removeAll() { written = 0 }

    /// What has been written; valid until the next change.
    package var bytes: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: written) }

    /// Makes room for `extra` bytes.
    @inlinable
    @inline(__always)
    package mutating func reserve(_ extra: Int) {
        if capacity &- written < extra { grow(extra) }
    }

    @usableFromInline
    mutating func grow(_ extra: Int) {
        let wanted = max(capacity * 2, written + extra)
        let fresh = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted + Self.slack)
        fresh.update(from: base, count: written)
        base.deallocate()
        base = fresh
        capacity = wanted
    }

    /// Appends `length` bytes of a ``PaddedText``: 32 at a time, reading up to 32 bytes past the end.
    @inlinable
    @inline(__always)
    package mutating func append(padded text: UnsafePointer<UInt8>, _ length: Int) {
        reserve(length)
        let target = UnsafeMutableRawPointer(base + written)
        let source = UnsafeRawPointer(text)
        var offset = 0
        repeat {
            let word = source.loadUnaligned(fromByteOffset: offset, as: SIMD32<UInt8>.self)
            target.storeBytes(of: word, toByteOffset: offset, as: SIMD32<UInt8>.self)
            offset &+= 32
        } while offset < length
        written &+= length
    }

    @inlinable
    package mutating func append(_ text: UnsafeBufferPointer<UInt8>) {
        guard let start = text.baseAddress else { return }
        reserve(text.count)
        (base + written).update(from: start, count: text.count)
        written &+= text.count
    }

    package mutating func append(_ text: [UInt8]) {
        text.withUnsafeBufferPointer { append($0) }
    }

    package mutating func append(_ text: StaticString) {
        append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inlinable
    @inline(__always)
    package mutating func append(byte: UInt8) {
        reserve(1)
        base[written] = byte
        written &+= 1
    }
}

// MARK: - Numbers

extension PrometheusSink {
    @inlinable
    package mutating func append(_ value: UInt64) {
        let digits = DecimalDigits.count(value)
        reserve(digits)
        DecimalDigits.write(value, digits: digits, at: base + written)
        written &+= digits
    }

    package mutating func append(_ value: Int64) {
        if value < 0 { append(byte: UInt8(ascii: "-")) }
        append(value.magnitude)
    }

    /// `nanoseconds` as seconds, exactly: 1500000000 is `1.5`.
    package mutating func append(secondsOf nanoseconds: UInt64) {
        append(nanoseconds / 1_000_000_000)
        append(fraction: nanoseconds % 1_000_000_000, digits: 9)
    }

    /// A number as both text formats write it, the same as ``PrometheusText/text(_:)`` and without allocating.
    package mutating func append(_ value: Double) {
        let magnitude = value.magnitude
        if magnitude < 9_007_199_254_740_992 {
            let whole = UInt64(magnitude)
            if Double(whole) == magnitude {
                if value < 0 { append(byte: UInt8(ascii: "-")) }
                return append(whole)
            }
            if appendDecimal(magnitude, isNegative: value < 0) { return }
        }
        if value.isNaN { return append("NaN") }
        if value.isInfinite { return append(value < 0 ? "-Inf" : "+Inf") }
        var digits = ShortestDigits()
        value.write(to: &digits)
        reserve(ShortestDigits.room)
        digits.copy(to: base + written)
        written &+= digits.count
    }

    /// Numbers that people write, like 0.25: a whole number below 10^15 over a power of ten. Fifteen digits name at most
    /// one double, hence the fewest that name this one are the shortest.
    private mutating func appendDecimal(_ magnitude: Double, isNegative: Bool) -> Bool {
        guard magnitude >= 0.0001 else { return false }
        var power = 1.0
        for digits in 1...9 {
            power *= 10
            let scaled = magnitude * power
            guard scaled < 1_000_000_000_000_000 else { return false }
            let whole = UInt64(scaled + 0.5)
            guard Double(whole) / power == magnitude else { continue }
            if isNegative { append(byte: UInt8(ascii: "-")) }
            let divisor = UInt64(power)
            append(whole / divisor)
            append(fraction: whole % divisor, digits: digits)
            return true
        }
        return false
    }

    /// `.` and `digits` digits of `fraction`, without the zeros at the end; nothing if it is zero.
    private mutating func append(fraction: UInt64, digits: Int) {
        guard fraction > 0 else { return }
        var rest = fraction
        var length = digits
        while rest % 10 == 0 {
            rest /= 10
            length &-= 1
        }
        reserve(length + 1)
        base[written] = UInt8(ascii: ".")
        for place in stride(from: length, to: 0, by: -1) {
            base[written &+ place] = UInt8(truncatingIfNeeded: rest % 10) &+ 0x30
            rest /= 10
        }
        written &+= length &+ 1
    }
}

/// Whole numbers as decimal digits.
@usableFromInline
enum DecimalDigits {
    @inlinable
    @inline(__always)
    static func count(_ value: UInt64) -> Int {
        var digits = 1
        var bound: UInt64 = 10
        while value >= bound {
            digits &+= 1
            if digits == 20 { break }
            bound &*= 10
        }
        return digits
    }

    @inlinable
    @inline(__always)
    static func write(_ value: UInt64, digits: Int, at target: UnsafeMutablePointer<UInt8>) {
        var rest = value
        var place = digits
        while place > 0 {
            place &-= 1
            let quotient = rest / 10
            target[place] = UInt8(truncatingIfNeeded: rest &- quotient &* 10) &+ 0x30
            rest = quotient
        }
    }
}

/// Takes the digits that the standard library finds for a Double. It hands over ASCII where a stream takes that, and a
/// String where not.
private struct ShortestDigits: TextOutputStream {
    static let room = 40
    private var bytes = SIMD64<UInt8>()
    private(set) var count = 0

    mutating func _writeASCII(_ buffer: UnsafeBufferPointer<UInt8>) {
        for byte in buffer where count < Self.room {
            bytes[count] = byte
            count += 1
        }
    }

    mutating func write(_ string: String) {
        for byte in string.utf8 where count < Self.room {
            bytes[count] = byte
            count += 1
        }
    }

    func copy(to target: UnsafeMutablePointer<UInt8>) {
        for index in 0..<count { target[index] = bytes[index] }
    }
}

/// Text with readable bytes behind it, which lets ``PrometheusSink`` copy it in whole words. Never changes, and is freed
/// by its owner.
@usableFromInline
// Sendable although it is a pointer: nobody writes what it leads to after `init`.
package struct PaddedText: @unchecked Sendable {
    @usableFromInline package let start: UnsafePointer<UInt8>
    @usableFromInline let length: UInt32

    @inlinable package var count: Int { Int(length) }

    package init(_ parts: UnsafeBufferPointer<UInt8>) {
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: parts.count + 32)
        if let first = parts.baseAddress { memory.update(from: first, count: parts.count) }
        (memory + parts.count).update(repeating: 0, count: 32)
        start = UnsafePointer(memory)
        length = UInt32(parts.count)
    }

    package init(_ text: String) {
        self = Array(text.utf8).withUnsafeBufferPointer { PaddedText($0) }
    }

    package func deallocate() { start.deallocate() }
}
