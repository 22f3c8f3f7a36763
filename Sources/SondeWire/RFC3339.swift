// SPDX-License-Identifier: Apache-2.0
// Moments as text, to the nanosecond: printed in UTC, read in any offset.
//
//   2026-01-02T03:04:05.123456789Z
//
// https://www.rfc-editor.org/rfc/rfc3339

package import SondeModel

package enum RFC3339 {
    /// The moment in UTC with a `Z`, always with nine fraction digits, so that texts sort like moments.
    package static func text(_ moment: Timestamp) -> String {
        String(unsafeUninitializedCapacity: textSize) { buffer in
            write(moment, into: buffer)
            return textSize
        }
    }

    /// Reads a date, a time and an offset; nil for anything else, and for moments outside 1970 to 2554.
    ///
    /// Tolerated beyond the standard: a space or `+` between date and time, a space for the `+` of an offset (both are
    /// what query strings make of them), and more than nine fraction digits (cut off).
    package static func parse(_ text: some StringProtocol) -> Timestamp? {
        var scanner = Scanner(rest: Array(text.utf8)[...])
        guard let year = scanner.digits(4), scanner.take("-"), let month = scanner.digits(2), scanner.take("-"),
            let day = scanner.digits(2), isDate(year, month, day), scanner.take("Tt +"),
            let hour = scanner.digits(2), hour < 24, scanner.take(":"), let minute = scanner.digits(2), minute < 60,
            // 60 is a leap second; it reads as the first of the next minute.
            scanner.take(":"), let second = scanner.digits(2), second <= 60,
            let fraction = scanner.fraction(), let offset = scanner.offset(), scanner.rest.isEmpty
        else { return nil }
        let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset
        guard seconds >= 0 else { return nil }
        let (nanoseconds, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = nanoseconds.addingReportingOverflow(UInt64(fraction))
        return overflow || carry ? nil : Timestamp(nanoseconds: sum)
    }

    /// Bytes of every printed moment.
    static let textSize = 30

    /// Prints `moment` into the first ``textSize`` bytes of `buffer`.
    static func write(_ moment: Timestamp, into buffer: UnsafeMutableBufferPointer<UInt8>) {
        let (seconds, fraction) = moment.nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let (day, time) = Int(seconds).quotientAndRemainder(dividingBy: 86_400)
        let date = civil(day)
        put(date.year, 4, at: 0, in: buffer, before: "-")
        put(date.month, 2, at: 5, in: buffer, before: "-")
        put(date.day, 2, at: 8, in: buffer, before: "T")
        put(time / 3_600, 2, at: 11, in: buffer, before: ":")
        put(time / 60 % 60, 2, at: 14, in: buffer, before: ":")
        put(time % 60, 2, at: 17, in: buffer, before: ".")
        put(Int(fraction), 9, at: 20, in: buffer, before: "Z")
    }

    private static func put(
        _ value: Int, _ digits: Int, at start: Int, in buffer: UnsafeMutableBufferPointer<UInt8>,
        before mark: Unicode.Scalar
    ) {
        var rest = value
        for place in (start..<start + digits).reversed() {
            buffer[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        buffer[start + digits] = UInt8(ascii: mark)
    }

    // Days and dates by counting years from March, so that leap days come last. 719 468 is the number of days from
    // 0000-03-01 to 1970-01-01; 146 097 the days of 400 years.

    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
    }

    private static func civil(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let (era, dayOfEra) = (days + 719_468).quotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
    }

    private static func isDate(_ year: Int, _ month: Int, _ day: Int) -> Bool {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...12).contains(month) && (1...lengths[month - 1]).contains(day)
    }
}

/// Takes parts of a date from the front of a text.
private struct Scanner {
    var rest: ArraySlice<UInt8>

    mutating func take(_ anyOf: String) -> Bool {
        guard let first = rest.first, anyOf.utf8.contains(first) else { return false }
        rest.removeFirst()
        return true
    }

    mutating func digits(_ count: Int) -> Int? {
        guard rest.count >= count else { return nil }
        var value = 0
        for byte in rest.prefix(count) {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        rest.removeFirst(count)
        return value
    }

    /// Nanoseconds; zero without a point, nil for a point without digits.
    mutating func fraction() -> Int? {
        guard take(".,") else { return 0 }
        var value = 0
        var count = 0
        while let digit = digits(1) {
            if count < 9 { value = value * 10 + digit }
            count += 1
        }
        guard count > 0 else { return nil }
        for _ in count..<max(count, 9) { value *= 10 }
        return value
    }

    /// Seconds east of UTC; nil without an offset.
    mutating func offset() -> Int? {
        if take("Zz") { return 0 }
        let sign = rest.first == UInt8(ascii: "-") ? -1 : 1
        guard take("+- "), let hours = digits(2), hours < 24, take(":"), let minutes = digits(2), minutes < 60 else {
            return nil
        }
        return sign * (hours * 3_600 + minutes * 60)
    }
}
