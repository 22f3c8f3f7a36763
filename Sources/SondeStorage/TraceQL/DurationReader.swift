// SPDX-License-Identifier: Apache-2.0
// Durations in queries: `1.2s`, `100ms`, `1h5m`. Units as in Go, and days.

package enum DurationReader {
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("ns", 1), ("us", 1_000), ("\u{B5}s", 1_000), ("\u{3BC}s", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000),
        ("m", 60_000_000_000), ("h", 3_600_000_000_000), ("d", 86_400_000_000_000),
    ]

    /// Nanoseconds; what is smaller than one is cut off. Nil for anything else and for more than 292 years.
    package static func nanoseconds(_ text: some StringProtocol) -> Int64? {
        if text == "0" { return 0 }
        var rest = Array(text.unicodeScalars)[...]
        guard !rest.isEmpty else { return nil }
        var total: Int64 = 0
        while !rest.isEmpty {
            guard let part = term(&rest) else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow else { return nil }
            total = sum
        }
        return total
    }

    private static func term(_ rest: inout ArraySlice<Unicode.Scalar>) -> Int64? {
        let whole = rest.prefix(while: isDigit)
        rest = rest.dropFirst(whole.count)
        var fraction: ArraySlice<Unicode.Scalar> = []
        if rest.first == "." {
            fraction = rest.dropFirst().prefix(while: isDigit)
            rest = rest.dropFirst(1 + fraction.count)
        }
        let name = rest.prefix { !isDigit($0) && $0 != "." }
        rest = rest.dropFirst(name.count)
        let text = String(String.UnicodeScalarView(name))
        guard !(whole.isEmpty && fraction.isEmpty), let unit = units.first(where: { $0.name == text })?.nanoseconds
        else {
            return nil
        }
        var value: Int64 = 0
        for digit in whole {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int64(digit.value) - 0x30)
            guard !overflow, !carry else { return nil }
            value = sum
        }
        let (nanoseconds, overflow) = value.multipliedReportingOverflow(by: unit)
        let (sum, carry) = nanoseconds.addingReportingOverflow(share(fraction.prefix(18), of: unit))
        return overflow || carry ? nil : sum
    }

    /// `0.digits × unit`, cut off. Eighteen digits are more than any unit can use, and 10^18 fits.
    private static func share(_ digits: ArraySlice<Unicode.Scalar>, of unit: Int64) -> Int64 {
        var numerator: UInt64 = 0
        var denominator: UInt64 = 1
        for digit in digits {
            numerator = numerator * 10 + UInt64(digit.value - 0x30)
            denominator *= 10
        }
        return Int64(denominator.dividingFullWidth(numerator.multipliedFullWidth(by: UInt64(unit))).quotient)
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
}
