// SPDX-License-Identifier: Apache-2.0
// The hits of a search, one line a trace, and how many there are.

import SondeModel
package import SondeStorage
package import SondeTerminal

package struct TraceListDrawing: Sendable {
    let page: TracePage
    let canvas: Canvas
    private let hues: ServiceHues

    package init(_ page: TracePage, on canvas: Canvas) {
        self.page = page
        self.canvas = canvas
        self.hues = ServiceHues(page.traces.lazy.map(\.rootService))
    }

    package func lines() -> [StyledText] {
        let starts = StartColumn(page.traces.map(\.start), canvas.zone)
        let showsServices = canvas.width >= Limits.minColumnsForServices
        var table = Table(columns: [
            .init(starts.title, leavesAt: 2), .init("duration", .right, leavesAt: 1),
            .init("spans", .right, leavesAt: 4),
            .init("errors", .right, leavesAt: 3), .init("root", shrinksTo: 12),
        ])
        if showsServices { table.columns.append(.init("services", shrinksTo: 16)) }
        table.columns.append(.init("trace"))
        let digits = idDigits
        for trace in page.traces {
            var cells = cells(trace, starts)
            if showsServices { cells.append(StyledText(trace.services.map(\.name).joined(separator: ", "), .faint)) }
            table.append(
                cells + [StyledText(digits == 32 ? trace.traceID.hex : String(trace.traceID.sentHex.prefix(digits)))])
        }
        return table.lines(width: canvas.width)
    }

    private func cells(_ trace: TraceSummary, _ starts: StartColumn) -> [StyledText] {
        var root = StyledText(trace.isComplete ? "" : "? ", .notice)
        root.append(hues.text(trace.rootService))
        root.append(": ", .faint)
        root.append(Phrase.operation(trace.rootOperation))
        return [
            StyledText(starts.text(trace.start)), StyledText(Quantity.duration(nanoseconds: trace.durationNanoseconds)),
            StyledText(Quantity.count(trace.spanCount)), Phrase.errors(trace.errorCount), root,
        ]
    }

    /// Whole ids where there is room, else as many digits as tell the rows apart: any of them opens the trace.
    private var idDigits: Int {
        if canvas.width >= Limits.minColumnsForWholeIDs { return 32 }
        let ids = Set(page.traces.map(\.traceID.sentHex))
        return (Limits.shortIDDigits...32).first { digits in Set(ids.map { $0.prefix(digits) }).count == ids.count }
            ?? 32
    }

    /// What to say below the list, where there is more than it shows or a mark to explain; nil otherwise.
    package func footer() -> StyledText? {
        var parts: [String] = []
        if page.next != nil || page.total.value > page.traces.count {
            let total = Quantity.count(page.total.value)
            parts.append("\(page.traces.count) of \(page.total.isExact ? "" : "at least ")\(total) traces")
        }
        if page.traces.contains(where: { !$0.isComplete }) { parts.append("? = incomplete") }
        return parts.isEmpty ? nil : Phrase.joined(parts, .faint)
    }
}

extension TraceID {
    /// As its sender writes it: Zipkin's tracers make ids of 64 bits, and zeros in front tell no trace from another.
    var sentHex: Substring { high == 0 ? hex.suffix(16) : hex[...] }
}

/// Moments in a column: the offset from UTC stands once in the title, unless daylight saving changed between the rows.
struct StartColumn {
    let zone: Zone
    let commonOffset: String?

    init(_ times: [Timestamp], _ zone: Zone) {
        self.zone = zone
        let offsets = Set(times.map { Moment.offset(nanosecondsSince1970: $0.nanoseconds, zone: zone) })
        self.commonOffset = offsets.count == 1 ? offsets.first : nil
    }

    var title: String { "start" + titleSuffix }
    /// The offset, behind any title.
    var titleSuffix: String { commonOffset.map { " (\($0))" } ?? "" }

    func text(_ time: Timestamp) -> String {
        let nanoseconds = time.nanoseconds
        let text =
            Moment.date(nanosecondsSince1970: nanoseconds, zone: zone) + " "
            + Moment.timeOfDay(nanosecondsSince1970: nanoseconds, zone: zone).prefix(8)
        return commonOffset == nil ? text + " " + Moment.offset(nanosecondsSince1970: nanoseconds, zone: zone) : text
    }
}
