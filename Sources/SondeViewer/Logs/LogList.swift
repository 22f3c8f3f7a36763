// SPDX-License-Identifier: Apache-2.0
// Log records as they come in pages, put together: the newest page again and again while new ones arrive, older pages as
// somebody scrolls up. Records have no identity, so pages are joined by time, and what is the same at one moment is
// counted.

import SondeModel
import SondeStorage

struct LogList: Sendable {
    /// As they were written: the oldest first.
    private(set) var records: [LogRecord] = []
    /// Where older ones begin; nil if there are none.
    private(set) var older: LogCursor?
    private(set) var total = Total(0, isExact: true)

    /// What a page did to the rows.
    enum Change: Hashable, Sendable {
        /// Rows from the first on are what they were; so many came in front of them, if below zero left.
        case joined(inFront: Int)
        /// Nothing is where it was.
        case replaced
    }

    /// Takes the newest page once more. Records between what is known and that page can't be told: if there may be some,
    /// what is known is let go of, and found again by scrolling.
    mutating func refresh(with page: LogPage) -> Change {
        let fresh = Array(page.logs.reversed())
        total = page.total
        guard let first = fresh.first, page.next != nil, let newest = records.last,
            newest.effectiveTime >= first.effectiveTime
        else {
            defer { (records, older) = (fresh, page.next) }
            return page.next == nil
                ? Self.change(from: records, to: fresh) : records.isEmpty ? .joined(inFront: 0) : .replaced
        }
        let kept = Self.olderThan(first.effectiveTime, records, fresh)
        if kept.isEmpty { older = page.next }
        records = kept + fresh
        return .joined(inFront: trim())
    }

    /// What became of rows whose list was answered anew as a whole.
    private static func change(from known: [LogRecord], to fresh: [LogRecord]) -> Change {
        guard let first = known.first else { return .joined(inFront: 0) }
        if let place = fresh.firstIndex(of: first) { return .joined(inFront: place) }
        guard let gone = fresh.first.flatMap({ known.firstIndex(of: $0) }) else { return .replaced }
        return .joined(inFront: -gone)
    }

    /// Takes a page that lies before what is known.
    mutating func join(older page: LogPage) -> Change {
        records = page.logs.reversed() + records
        older = page.next
        return .joined(inFront: page.logs.count)
    }

    /// Those of `known` that the page of `fresh` ones, which begins at `time`, does not have.
    private static func olderThan(_ time: Timestamp, _ known: [LogRecord], _ fresh: [LogRecord]) -> [LogRecord] {
        var kept = Array(known.prefix { $0.effectiveTime < time })
        // At the page's first moment both may have records; each is shown once for each time that it was sent.
        var again: [LogRecord: Int] = [:]
        for record in fresh.prefix(while: { $0.effectiveTime == time }) { again[record, default: 0] += 1 }
        for record in known[kept.count...].prefix(while: { $0.effectiveTime == time }) {
            if let count = again[record], count > 0 { again[record] = count - 1 } else { kept.append(record) }
        }
        return kept
    }

    /// Lets go of the oldest where there are too many. The cut lies between two moments, so that scrolling up begins
    /// exactly there.
    /// - Returns: the rows that have gone, as a number below zero.
    private mutating func trim() -> Int {
        guard records.count > Limits.logsKept else { return 0 }
        var cut = records.count - Limits.logsKept
        while cut < records.count - 1, records[cut].effectiveTime == records[cut - 1].effectiveTime { cut += 1 }
        guard records[cut].effectiveTime != records[cut - 1].effectiveTime else { return 0 }
        older = LogCursor(time: records[cut].effectiveTime, sequence: 0)
        records.removeFirst(cut)
        return -cut
    }

    /// Records by step of their time, errors among them, for a picture.
    func columns(_ count: Int) -> [ColumnChart.Column] {
        guard let first = records.first?.effectiveTime, let last = records.last?.effectiveTime, count > 0 else {
            return []
        }
        var columns = Array(repeating: ColumnChart.Column(), count: count)
        let length = Double(max(1, first.nanoseconds(until: last)))
        for record in records {
            let share = Double(first.nanoseconds(until: record.effectiveTime)) / length
            let place = min(count - 1, Int(share * Double(count)))
            columns[place].count += 1
            if let level = LogLevel(severityNumber: record.severityNumber), level >= .error { columns[place].bad += 1 }
        }
        return columns
    }
}
