// SPDX-License-Identifier: Apache-2.0
// Operations by what they cost: where the time goes, how often, how often in vain, how slow at the worst.

package import SondeModel
import SondeStorage
package import SondeTerminal

/// What a list of operations is sorted by.
package enum ActivityOrder: String, Hashable, Sendable, CaseIterable {
    case `self`, rate, errors, p95

    /// The largest first, ties by name.
    package func sorted(_ series: [ActivitySeries]) -> [ActivitySeries] {
        series.sorted { a, b in
            let (x, y) = (weight(a.counts), weight(b.counts))
            return x != y ? x > y : (a.service, a.operation ?? "") < (b.service, b.operation ?? "")
        }
    }

    private func weight(_ counts: ActivityCounts) -> UInt64 {
        switch self {
        case .self: counts.selfTime ?? 0
        case .rate: UInt64(max(0, counts.calls))
        case .errors: UInt64(max(0, counts.errors))
        case .p95: counts.durations.quantile(0.95) ?? 0
        }
    }
}

package struct ActivityDrawing: Sendable {
    let series: [ActivitySeries]
    let seconds: Double
    let order: ActivityOrder
    let canvas: Canvas
    private let hues: ServiceHues

    /// - Parameter series: in the order in which they shall stand.
    /// - Parameter seconds: the time over which they were counted, for rates.
    package init(_ series: [ActivitySeries], seconds: Double, order: ActivityOrder, on canvas: Canvas) {
        self.series = series
        self.seconds = seconds
        self.order = order
        self.canvas = canvas
        hues = ServiceHues(series.lazy.map(\.service))
    }

    package func lines() -> [StyledText] {
        var table = Table(columns: [
            .init("operation", shrinksTo: 12), .init("self time" + mark(.self), .right),
            .init("share", .right, leavesAt: 2),
            .init("rate" + mark(.rate), .right), .init("calls", .right, leavesAt: 3),
            .init("errors" + mark(.errors), .right),
            .init("p50", .right, leavesAt: 1), .init("p95" + mark(.p95), .right),
        ])
        let whole = series.reduce(0.0) { $0 + Double($1.counts.selfTime ?? 0) }
        for item in series {
            var name = hues.text(item.service)
            name.append(": ", .faint)
            name.append(Phrase.operation(item.operation ?? ""))
            let own = Double(item.counts.selfTime ?? 0)
            table.append([
                name, Phrase.duration(item.counts.selfTime),
                StyledText(whole > 0 ? Phrase.percent(own / whole) : "–", .faint),
                StyledText(rate(item.counts.calls)), StyledText(Quantity.count(item.counts.calls), .faint),
                Phrase.share(item.counts.errors, of: item.counts.calls),
                Phrase.duration(item.counts.durations.quantile(0.5)),
                Phrase.duration(item.counts.durations.quantile(0.95)),
            ])
        }
        return table.lines(width: canvas.width)
    }

    private func mark(_ column: ActivityOrder) -> String { column == order ? " ▾" : "" }

    private func rate(_ calls: Int) -> String { Phrase.rate(calls, seconds: seconds) }
}
