// SPDX-License-Identifier: Apache-2.0
// Durations as people write them: `1.2s`, `100ms`, `1h5m`.

package enum DurationText {
    /// Nanoseconds of one or more numbers with units, largest unit first or not: `1.2s`, `4500ns`, `1h5m`, `7d`. A
    /// number may have a fraction; what is smaller than a nanosecond is cut off. `0` needs no unit. Nil for anything
    /// else, negative numbers included, and for more than 584 years.
    package static func parse(_ text: some StringProtocol) -> UInt64? {
        if text == "0" { return 0 }
        var rest = Array(text.utf8)[...]
        guard !rest.isEmpty else { return nil }
        var total: UInt64 = 0
        while !rest.isEmpty {
            guard let part = term(&rest) else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(part)
            guard !overflow else { return nil }
            total = sum
        }
        return total
    }

    /// The duration for people: three significant digits below a minute (`999ns`, `4.5µs`, `12.3ms`, `1.23s`), above
    /// it the two largest units (`1m5s`, `2h`, `3d4h`). Rounded, hence not what was measured to the nanosecond.
    package static func text(_ nanoseconds: UInt64) -> String {
        guard nanoseconds >= 1_000 else { return "\(nanoseconds)ns" }
        for (unit, name) in [(1_000, "µs"), (1_000_000, "ms"), (1_000_000_000, "s")] as [(UInt64, String)] {
            // Room to the next unit: 1000, and 60 for seconds.
            let ceiling = name == "s" ? 60 : 1_000
            if let digits = significant(nanoseconds, unit: unit, below: UInt64(ceiling)) { return digits + name }
        }
        return coarse(nanoseconds / 1_000_000_000 + (nanoseconds % 1_000_000_000 >= 500_000_000 ? 1 : 0))
    }

    private static func significant(_ value: UInt64, unit: UInt64, below ceiling: UInt64) -> String? {
        for (scale, isEnough) in [(100, value < unit * 10), (10, value < unit * 100), (1, true)] as [(UInt64, Bool)] {
            guard isEnough else { continue }
            let step = unit / scale
            let scaled = value / step + (value % step * 2 >= step ? 1 : 0)
            guard scaled < ceiling * scale else { return nil }
            return decimal(scaled, scale: scale)
        }
        return nil
    }

    /// `scaled / scale` without trailing zeros.
    private static func decimal(_ scaled: UInt64, scale: UInt64) -> String {
        let fraction = scaled % scale
        guard fraction > 0 else { return "\(scaled / scale)" }
        if scale == 100 && fraction < 10 { return "\(scaled / scale).0\(fraction)" }
        return "\(scaled / scale).\(scale == 100 && fraction % 10 == 0 ? fraction / 10 : fraction)"
    }

    private static func coarse(_ seconds: UInt64) -> String {
        let units: [(UInt64, String, UInt64, String)] = [
            (86_400, "d", 3_600, "h"), (3_600, "h", 60, "m"), (60, "m", 1, "s"),
        ]
        for (large, largeName, small, smallName) in units where seconds >= large {
            let rest = seconds % large / small
            return rest == 0 ? "\(seconds / large)\(largeName)" : "\(seconds / large)\(largeName)\(rest)\(smallName)"
        }
        return "\(seconds)s"
    }

    /// A number and its unit, taken from the front.
    private static func term(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        let whole = rest.prefix(while: isDigit)
        rest = rest.dropFirst(whole.count)
        var fraction: ArraySlice<UInt8> = []
        if rest.first == UInt8(ascii: ".") {
            fraction = rest.dropFirst().prefix(while: isDigit)
            rest = rest.dropFirst(1 + fraction.count)
        }
        let name = rest.prefix { !isDigit($0) && $0 != UInt8(ascii: ".") }
        rest = rest.dropFirst(name.count)
        guard !(whole.isEmpty && fraction.isEmpty), let unit = unit(String(decoding: name, as: UTF8.self)) else {
            return nil
        }
        return value(whole, fraction, unit)
    }

    private static func value(_ whole: ArraySlice<UInt8>, _ fraction: ArraySlice<UInt8>, _ unit: UInt64) -> UInt64? {
        var value: UInt64 = 0
        for digit in whole {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit - 0x30))
            guard !overflow, !carry else { return nil }
            value = sum
        }
        let (nanoseconds, overflow) = value.multipliedReportingOverflow(by: unit)
        let part = share(fraction.prefix(18), of: unit)
        let (sum, carry) = nanoseconds.addingReportingOverflow(part)
        return overflow || carry ? nil : sum
    }

    /// `0.digits × unit`, cut off. Eighteen digits are more than any unit can use, and 10^18 fits.
    private static func share(_ digits: ArraySlice<UInt8>, of unit: UInt64) -> UInt64 {
        var numerator: UInt64 = 0
        var denominator: UInt64 = 1
        for digit in digits {
            numerator = numerator * 10 + UInt64(digit - 0x30)
            denominator *= 10
        }
        return denominator.dividingFullWidth(numerator.multipliedFullWidth(by: unit)).quotient
    }

    private static func unit(_ name: String) -> UInt64? {
        switch name {
        case "ns": 1
        // The micro sign, the Greek letter, and what keyboards have.
        case "us", "\u{B5}s", "\u{3BC}s": 1_000
        case "ms": 1_000_000
        case "s": 1_000_000_000
        case "m": 60_000_000_000
        case "h": 3_600_000_000_000
        case "d": 86_400_000_000_000
        default: nil
        }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
