// SPDX-License-Identifier: Apache-2.0
// Moments as people read them: `2026-11-23 07:00:35.123 +01:00`, in local time or UTC.

/// Where on earth the reader's clock hangs.
package enum Zone: Hashable, Sendable {
    case utc
    /// The zone of this process, daylight saving included.
    case local
    /// A fixed distance from UTC in seconds, east positive.
    case offset(seconds: Int)

    package func offsetSeconds(at secondsSince1970: Int64) -> Int {
        switch self {
        case .utc: 0
        case .local: Device.localOffsetSeconds(at: secondsSince1970)
        case .offset(let seconds): seconds
        }
    }
}

package enum Moment {
    /// Date, time to the millisecond and offset from UTC.
    package static func text(nanosecondsSince1970: UInt64, zone: Zone) -> String {
        let parts = parts(nanosecondsSince1970, zone)
        return parts.date + " " + parts.time + (zone == .utc ? "Z" : " " + parts.offset)
    }

    /// Time of day to the millisecond, for lines under a heading that says the date.
    package static func timeOfDay(nanosecondsSince1970: UInt64, zone: Zone) -> String {
        parts(nanosecondsSince1970, zone).time
    }

    package static func date(nanosecondsSince1970: UInt64, zone: Zone) -> String {
        parts(nanosecondsSince1970, zone).date
    }

    /// `+01:00` in force at a moment; `UTC` for that.
    package static func offset(nanosecondsSince1970: UInt64, zone: Zone) -> String {
        zone == .utc ? "UTC" : parts(nanosecondsSince1970, zone).offset
    }

    private static func parts(_ nanoseconds: UInt64, _ zone: Zone) -> (date: String, time: String, offset: String) {
        let seconds = Int64(nanoseconds / 1_000_000_000)
        let offset = zone.offsetSeconds(at: seconds)
        let local = seconds + Int64(offset)
        let days = floorDivide(local, 86_400)
        let ofDay = local - days * 86_400
        let time = [ofDay / 3_600, ofDay / 60 % 60, ofDay % 60].map { padded($0, 2) }.joined(separator: ":")
        let milliseconds = Int64(nanoseconds / 1_000_000 % 1_000)
        return (civilDate(daysSince1970: days), time + "." + padded(milliseconds, 3), text(ofOffset: offset))
    }

    private static func text(ofOffset seconds: Int) -> String {
        let minutes = Int64(abs(seconds) / 60)
        return (seconds < 0 ? "-" : "+") + padded(minutes / 60, 2) + ":" + padded(minutes % 60, 2)
    }

    /// The proleptic Gregorian date: days are counted from 1 March of year 0, in eras of 400 years, so that the leap day
    /// comes last in its year.
    private static func civilDate(daysSince1970: Int64) -> String {
        let days = daysSince1970 + 719_468
        let era = floorDivide(days, 146_097)
        let ofEra = days - era * 146_097
        let yearOfEra = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * ofYear + 2) / 153
        let day = ofYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return padded(year, 4) + "-" + padded(month, 2) + "-" + padded(day, 2)
    }

    private static func floorDivide(_ a: Int64, _ b: Int64) -> Int64 { a >= 0 ? a / b : (a - b + 1) / b }

    private static func padded(_ value: Int64, _ digits: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}
