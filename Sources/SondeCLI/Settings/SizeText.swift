// SPDX-License-Identifier: Apache-2.0
// Sizes as people write them.

enum SizeText {
    /// Bytes of `10GB`, `128 MB`, `1.5TB`, `2GiB`, `4096`: kB to TB count by 1000, KiB to TiB by 1024, `K` to `T` alone
    /// mean the former. Nil for anything else, and for more than `Int` holds.
    static func parse(_ text: String) -> Int? {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = text.dropFirst(number.count).drop { $0 == " " }.lowercased()
        guard let scale = units[unit], let value = Double(number), value.isFinite else { return nil }
        if let whole = Int(number) {
            let (bytes, overflow) = whole.multipliedReportingOverflow(by: scale)
            return overflow ? nil : bytes
        }
        return Int(exactly: (value * Double(scale)).rounded())
    }

    private static let units: [String: Int] = {
        var units = ["": 1, "b": 1]
        for (power, letter) in ["k", "m", "g", "t"].enumerated() {
            let decimal = (0...power).reduce(1) { size, _ in size * 1000 }
            units[letter] = decimal
            units[letter + "b"] = decimal
            units[letter + "ib"] = 1 << (10 * (power + 1))
        }
        return units
    }()
}
