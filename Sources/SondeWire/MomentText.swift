// SPDX-License-Identifier: Apache-2.0
// Moments as people and query strings write them.

package import SondeModel

package enum MomentText {
    /// Reads one of these; nil for anything else.
    ///
    /// - `now`, `now-1h`, `now+5m` (or `now 5m`, which is what query strings make of the `+`);
    /// - RFC 3339 with an offset;
    /// - an integer since 1970 whose digits give the unit: up to 11 seconds, 14 milliseconds, 17 microseconds, else
    ///   nanoseconds.
    package static func parse(_ text: some StringProtocol, now: Timestamp) -> Timestamp? {
        if text.hasPrefix("now") { return relative(text.dropFirst(3), now: now) }
        if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return integer(text) }
        return RFC3339.parse(text)
    }

    private static func relative(_ offset: some StringProtocol, now: Timestamp) -> Timestamp? {
        guard let sign = offset.first else { return now }
        guard let distance = DurationText.parse(offset.dropFirst()), let signed = Int64(exactly: distance) else {
            return nil
        }
        switch sign {
        case "-": return now.advanced(byNanoseconds: -signed)
        case "+", " ": return now.advanced(byNanoseconds: signed)
        default: return nil
        }
    }

    private static func integer(_ digits: some StringProtocol) -> Timestamp? {
        guard let number = UInt64(digits) else { return nil }
        let unit: UInt64 =
            switch digits.utf8.count {
            case ...11: 1_000_000_000
            case ...14: 1_000_000
            case ...17: 1_000
            default: 1
            }
        let (nanoseconds, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? nil : Timestamp(nanoseconds: nanoseconds)
    }
}
