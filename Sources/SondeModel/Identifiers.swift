// SPDX-License-Identifier: Apache-2.0
// The two ids every signal carries, as fixed-size values: no allocation, ordered, printed as lower-case hex.

/// A W3C trace id: 16 bytes, not all zero. Printed as 32 lower-case hex digits.
///
/// See https://www.w3.org/TR/trace-context-2/#trace-id.
@usableFromInline
package struct TraceID: Hashable, Sendable {
    /// Bytes 0 to 7, big-endian.
    @usableFromInline package var high: UInt64
    /// Bytes 8 to 15, big-endian.
    @usableFromInline package var low: UInt64

    @inlinable
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// All bytes zero: forbidden on the wire, used here for "absent".
    @inlinable package static var zero: TraceID { TraceID(high: 0, low: 0) }

    /// Whether at least one byte is not zero, as the specification demands.
    @inlinable package var isValid: Bool { high | low != 0 }

    /// Reads exactly 32 hex digits in either case; nil for anything else.
    package init?(hex: some StringProtocol) {
        let digits = hex.utf8
        guard digits.count == 32, let high = Hex.value(of: digits.prefix(16)),
            let low = Hex.value(of: digits.dropFirst(16))
        else { return nil }
        self.init(high: high, low: low)
    }

    /// Reads 1 to 32 hex digits, left-padded with zeros, as Zipkin and Jaeger users write 64-bit ids.
    package init?(padding hex: some StringProtocol) {
        let digits = hex.utf8
        guard (1...32).contains(digits.count) else { return nil }
        let highDigits = max(0, digits.count - 16)
        guard let high = Hex.value(of: digits.prefix(highDigits)), let low = Hex.value(of: digits.dropFirst(highDigits))
        else { return nil }
        self.init(high: high, low: low)
    }

    /// 32 lower-case hex digits.
    package var hex: String { Hex.text(high) + Hex.text(low) }
}

extension TraceID: Comparable {
    @inlinable
    package static func < (a: TraceID, b: TraceID) -> Bool { a.high != b.high ? a.high < b.high : a.low < b.low }
}

extension TraceID: CustomStringConvertible {
    @usableFromInline package var description: String { hex }
}

/// A W3C span id (`parent-id`): 8 bytes, not all zero. Printed as 16 lower-case hex digits.
///
/// See https://www.w3.org/TR/trace-context-2/#parent-id.
@usableFromInline
package struct SpanID: Hashable, Sendable {
    /// The eight bytes, big-endian.
    @usableFromInline package var value: UInt64

    @inlinable
    package init(_ value: UInt64) { self.value = value }

    /// All bytes zero: forbidden on the wire, used here for "absent".
    @inlinable package static var zero: SpanID { SpanID(0) }

    /// Whether at least one byte is not zero, as the specification demands.
    @inlinable package var isValid: Bool { value != 0 }

    /// Reads exactly 16 hex digits in either case; nil for anything else.
    package init?(hex: some StringProtocol) {
        guard hex.utf8.count == 16, let value = Hex.value(of: hex.utf8) else { return nil }
        self.init(value)
    }

    /// 16 lower-case hex digits.
    package var hex: String { Hex.text(value) }
}

extension SpanID: Comparable {
    @inlinable
    package static func < (a: SpanID, b: SpanID) -> Bool { a.value < b.value }
}

extension SpanID: CustomStringConvertible {
    @usableFromInline package var description: String { hex }
}

/// Hex digits, without Foundation.
@usableFromInline
package enum Hex {
    package static let digits = [UInt8]("0123456789abcdef".utf8)

    /// 16 lower-case digits.
    package static func text(_ value: UInt64) -> String {
        String(unsafeUninitializedCapacity: 16) { buffer in
            for place in 0..<16 {
                buffer[place] = digits[Int(truncatingIfNeeded: value >> UInt64(60 - 4 * place)) & 15]
            }
            return 16
        }
    }

    /// The value of up to 16 digits in either case; zero for none, nil for anything that is not a digit.
    package static func value(of digits: some Collection<UInt8>) -> UInt64? {
        guard digits.count <= 16 else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            guard let nibble = nibble(digit) else { return nil }
            value = value << 4 | UInt64(nibble)
        }
        return value
    }

    @inlinable
    package static func nibble(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit &- 0x30
        case 0x61...0x66: digit &- 0x57
        case 0x41...0x46: digit &- 0x37
        default: nil
        }
    }
}
