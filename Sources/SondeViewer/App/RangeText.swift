// SPDX-License-Identifier: Apache-2.0
// A range of time as people type it, and as it is shown: `15m`, `2h..30m`, `14:00..15:30`,
// `2026-11-23 14:00..2026-11-23 15:00`, `all`.

import SondeModel
import SondeStorage
import SondeTerminal

extension TimeRange {
    /// `15m`, `2h`, `all`: a range that needs no clock to be read.
    package init?(_ text: String) {
        guard let range = RangeText.parse(text, now: .zero, zone: .utc) else { return nil }
        if case .between = range { return nil }
        self = range
    }
}

enum RangeText {
    static let expectation =
        "give a length like 15m or 2h, all, or two moments like 14:00..15:30, 2h..1h or 2026-01-02 14:00..15:00"

    static func parse(_ text: String, now: Timestamp, zone: Zone) -> TimeRange? {
        let text = text.trimmed
        if text == "all" { return .all }
        guard let dots = text.range(of: "..") else {
            let length = DurationText.parse(text.hasPrefix("last ") ? text.dropFirst(5) : text[...])
            guard let length, length > 0 else { return nil }
            return .last(length)
        }
        let (head, tail) = (String(text[..<dots.lowerBound]).trimmed, String(text[dots.upperBound...]).trimmed)
        guard let start = moment(head, day: nil, now: now, zone: zone) else { return nil }
        let day = head.contains("-") && !head.hasPrefix("now") ? String(head.prefix(10)) : nil
        let end = tail.isEmpty ? now : moment(tail, day: day, now: now, zone: zone)
        guard let end, start < end else { return nil }
        return .between(start, end)
    }

    /// - Parameter day: the date that a time of day belongs to; today's where nil.
    private static func moment(_ text: String, day: String?, now: Timestamp, zone: Zone) -> Timestamp? {
        if text == "now" { return now }
        let ago = text.hasPrefix("now-") ? text.dropFirst(4) : text[...]
        if let length = DurationText.parse(ago), length > 0 {
            return Timestamp(nanoseconds: now.nanoseconds - min(now.nanoseconds, length))
        }
        let parts = text.split(whereSeparator: { $0 == " " || $0 == "T" })
        switch parts.count {
        case 1 where parts[0].contains(":"):
            let today = Moment.date(nanosecondsSince1970: now.nanoseconds, zone: zone)
            return local(day ?? today, String(parts[0]), zone)
        case 1: return local(String(parts[0]), "00:00", zone)
        case 2: return local(String(parts[0]), String(parts[1]), zone)
        default: return nil
        }
    }

    private static func local(_ date: String, _ time: String, _ zone: Zone) -> Timestamp? {
        let ymd = date.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        let hms = time.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard ymd.count == 3, let year = ymd[0], let month = ymd[1], let day = ymd[2], (1970...2500).contains(year),
            (1...12).contains(month), (1...31).contains(day), (2...3).contains(hms.count),
            let hour = hms[0], let minute = hms[1], let second = hms.count == 3 ? hms[2] : 0,
            (0...24).contains(hour), (0..<60).contains(minute), (0..<61).contains(second)
        else { return nil }
        let seconds = daysSince1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
        // The offset in force there may differ from the one that a first guess finds.
        let guess = seconds - offset(atSeconds: seconds, zone)
        let exact = seconds - offset(atSeconds: guess, zone)
        guard exact >= 0 else { return nil }
        return Timestamp(nanoseconds: UInt64(exact) * 1_000_000_000)
    }

    private static func offset(atSeconds seconds: Int, _ zone: Zone) -> Int {
        let text = Moment.offset(nanosecondsSince1970: UInt64(max(0, seconds)) * 1_000_000_000, zone: zone)
        let parts = text.dropFirst().split(separator: ":").compactMap { Int($0) }
        guard parts.count == 2 else { return 0 }
        return (text.hasPrefix("-") ? -1 : 1) * (parts[0] * 3_600 + parts[1] * 60)
    }

    /// Of the proleptic Gregorian calendar; years begin in March, so that the leap day comes last.
    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted / 400
        let ofEra = shifted - era * 400
        let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    }

    // MARK: Shown

    static func text(_ range: TimeRange, zone: Zone) -> String {
        switch range {
        case .last(let length): return "last " + TimeRange.short(length)
        case .all: return "all times"
        case .between(let start, let end):
            let (from, to) = (parts(start, zone), parts(end, zone))
            return from.date == to.date
                ? "\(from.date) \(from.time)–\(to.time)" : "\(from.date) \(from.time)–\(to.date) \(to.time)"
        }
    }

    private static func parts(_ moment: Timestamp, _ zone: Zone) -> (date: String, time: String) {
        let date = Moment.date(nanosecondsSince1970: moment.nanoseconds, zone: zone)
        let time = Moment.timeOfDay(nanosecondsSince1970: moment.nanoseconds, zone: zone)
        return (date, String(time.prefix(time.hasSuffix(":00.000") ? 5 : 8)))
    }
}

extension String {
    /// Where `other` first occurs.
    func range(of other: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(other) { return start..<index(start, offsetBy: other.count) }
            start = index(after: start)
        }
        return nil
    }
}
