// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them: durations and sizes to three digits, counts with their thousands apart.

package enum Quantity {
    /// `0 ns`, `850 ns`, `1.23 µs`, `12.3 ms`, `4.56 s`, `2m 05s`, `1h 05m`, `3d 04h`: three digits that matter.
    package static func duration(nanoseconds: UInt64) -> String {
        if nanoseconds < 1_000 { return "\(nanoseconds) ns" }
        for unit in units {
            if let text = threeDigits(nanoseconds, per: unit.size, below: unit.bound) { return text + " " + unit.name }
        }
        let seconds = roundedQuotient(nanoseconds, 1_000_000_000)
        if seconds < 3_600 { return "\(seconds / 60)m " + twoDigits(seconds % 60) + "s" }
        let minutes = roundedQuotient(nanoseconds, 60_000_000_000)
        if minutes < 1_440 { return "\(minutes / 60)h " + twoDigits(minutes % 60) + "m" }
        let hours = roundedQuotient(nanoseconds, 3_600_000_000_000)
        return "\(hours / 24)d " + twoDigits(hours % 24) + "h"
    }

    /// `0 B`, `999 B`, `1.23 kB`, `12.3 MB`, `4.56 GB`: powers of 1000, as disks are sold and limits are given.
    package static func size(bytes: Int) -> String {
        let value = UInt64(max(0, bytes))
        if value < 1_000 { return "\(value) B" }
        for unit in sizes {
            if let text = threeDigits(value, per: unit.size, below: unit.bound) { return text + " " + unit.name }
        }
        return count(bytes / 1_000_000_000_000) + " TB"
    }

    /// `0`, `999`, `12 345`: thousands apart.
    package static func count(_ value: Int) -> String {
        let digits = Array(String(value.magnitude))
        var text = value < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0 && (digits.count - index) % 3 == 0 && digits.count > 4 { text.append(" ") }
            text.append(digit)
        }
        return text
    }

    /// `1 span`, `2 spans`, `12 345 spans`.
    package static func counted(_ value: Int, _ one: String, _ many: String? = nil) -> String {
        count(value) + " " + (value == 1 ? one : many ?? one + "s")
    }

    /// A unit, its size in the smallest one, and the number of it that is written in the next unit.
    private static let units: [(name: String, size: UInt64, bound: UInt64)] = [
        ("µs", 1_000, 1_000), ("ms", 1_000_000, 1_000), ("s", 1_000_000_000, 60),
    ]
    private static let sizes: [(name: String, size: UInt64, bound: UInt64)] = [
        ("kB", 1_000, 1_000), ("MB", 1_000_000, 1_000), ("GB", 1_000_000_000, 1_000), ("TB", 1_000_000_000_000, 1_000),
    ]

    /// `value / size` with three digits; nil if that rounds to `bound` or more.
    private static func threeDigits(_ value: UInt64, per size: UInt64, below bound: UInt64) -> String? {
        for (decimals, scale) in [(2, UInt64(100)), (1, 10), (0, 1)] {
            let scaled = roundedQuotient(value, size / scale)
            guard scaled < min(1_000, bound * scale) else { continue }
            guard decimals > 0 else { return "\(scaled)" }
            let fraction = String(scaled % scale)
            return "\(scaled / scale)." + String(repeating: "0", count: decimals - fraction.utf8.count) + fraction
        }
        return nil
    }

    private static func roundedQuotient(_ value: UInt64, _ size: UInt64) -> UInt64 {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: size)
        return remainder >= size - remainder ? quotient + 1 : quotient
    }

    private static func twoDigits(_ value: UInt64) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
