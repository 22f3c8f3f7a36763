// SPDX-License-Identifier: Apache-2.0
// What the list of traces looks like: the query on top, the plot of durations, a heading, and the rows in sight; columns
// leave as it gets narrow. Only what is visible is made.

import SondeModel
import SondeStorage
import SondeTerminal

/// Which part of the screen belongs to what.
struct TracesLayout: Hashable, Sendable {
    let query: Rect
    let plot: Rect
    let heading: Rect
    let rows: Rect

    init(_ rect: Rect, showsPlot: Bool) {
        let (query, below) = rect.split(top: 1)
        let hasRoom = showsPlot && rect.rows >= Limits.minRowsForPlot
        let (plot, rest) = below.split(top: hasRoom ? min(Limits.maxPlotRows, rect.rows / 4 + 1) : 0)
        let (heading, rows) = rest.split(top: 1)
        (self.query, self.plot, self.heading, self.rows) = (query, plot, heading, rows)
    }
}

struct TracesPicture {
    private let screen: TracesScreen
    private let context: ScreenContext
    private let layout: TracesLayout
    private let columns: TraceColumns

    init(_ screen: TracesScreen, _ context: ScreenContext) {
        self.screen = screen
        self.context = context
        layout = TracesLayout(context.body, showsPlot: screen.showsPlot)
        columns = TraceColumns(screen.list, width: layout.rows.columns, context)
    }

    func draw(on frame: inout Frame) {
        drawPlot(on: &frame)
        frame.draw(columns.heading(screen.list.order), row: layout.heading.row, limit: layout.heading.columns)
        drawRows(on: &frame)
        // Last: the candidates lie over everything else.
        drawQuery(on: &frame)
    }

    // MARK: The plot

    /// The listed traces as points, from the beginning of the range, or of the list if it does not reach so far.
    static func scatter(_ list: TraceList, _ context: ScreenContext) -> Scatter {
        let points = list.traces.map {
            Scatter.Point(time: $0.start, nanoseconds: $0.durationNanoseconds, isBad: $0.errorCount > 0)
        }
        let (start, end) = context.range.bounds(now: context.now)
        let reachesBack = list.next == nil && !list.isFull
        return Scatter(points, from: reachesBack ? start : list.oldest, to: end ?? (start == nil ? nil : context.now))
    }

    /// The moment that a column of the plot stands for.
    static func time(at column: Int, _ scatter: Scatter, _ width: Int) -> Timestamp {
        let room = max(1, width - Limits.scatterLabel)
        let share = Double(min(max(0, column - Limits.scatterLabel), room)) / Double(room)
        let length = Double(scatter.start.nanoseconds(until: scatter.end))
        // Senders may be off by centuries, which no signed number of nanoseconds holds.
        return Timestamp(nanoseconds: UInt64(min(Double(scatter.start.nanoseconds) + share * length, 1.8e19)))
    }

    private func drawPlot(on frame: inout Frame) {
        guard !layout.plot.isEmpty, !screen.list.traces.isEmpty else { return }
        let lines = Self.scatter(screen.list, context).lines(
            width: layout.plot.columns, height: layout.plot.rows, zone: context.zone, charset: context.charset,
            selected: screen.rows.selection)
        for (place, line) in lines.enumerated() {
            frame.draw(line, row: layout.plot.row + place, limit: layout.plot.columns)
        }
        if let columns = screen.drag?.columns, screen.drag?.isDrag == true {
            let rect = Rect(
                column: columns[0], row: layout.plot.row, columns: columns[1] - columns[0] + 1,
                rows: layout.plot.rows)
            frame.recolour(rect, ground: .selected)
        }
    }

    // MARK: Rows

    private func drawRows(on frame: inout Frame) {
        guard let sentence = emptiness else {
            for place in screen.rows.rows.prefix(layout.rows.rows) {
                let row = layout.rows.row + place - screen.rows.top
                frame.draw(columns.row(screen.list.traces[place]), row: row, limit: layout.rows.columns)
                if place == screen.rows.selection { select(row, on: &frame) }
            }
            return drawScrollBar(on: &frame)
        }
        for (place, line) in sentence.wrapped(to: max(1, layout.rows.columns - 2)).prefix(layout.rows.rows).enumerated()
        {
            frame.draw(line, row: layout.rows.row + place, column: 1)
        }
    }

    private func select(_ row: Int, on frame: inout Frame) {
        frame.recolour(
            Rect(column: layout.rows.column, row: row, columns: layout.rows.columns, rows: 1), ground: .selected)
        frame.put(context.charset == .unicode ? "▌" : ">", .strong, row: row, column: layout.rows.column)
    }

    private func drawScrollBar(on frame: inout Frame) {
        guard let thumb = screen.rows.thumb(length: layout.rows.rows) else { return }
        for place in thumb {
            frame.put(
                context.charset == .unicode ? "▐" : "|", .faint, row: layout.rows.row + place,
                column: layout.rows.endColumn - 1)
        }
    }

    private var emptiness: StyledText? {
        if let complaint = screen.complaint { return StyledText(complaint, .bad) }
        guard screen.list.traces.isEmpty else { return nil }
        guard screen.isLoaded else { return StyledText("searching …", .faint) }
        return StyledText(
            screen.text.isEmpty
                ? "No trace began in this time. Services send OTLP to port 4318 (HTTP) or 4317 (gRPC) of the collector; "
                    + "t chooses another time."
                : "No trace of this time matches. x forgets the query, t chooses another time.", .faint)
    }

    // MARK: The query

    private func drawQuery(on frame: inout Frame) {
        let rect = layout.query
        guard let field = screen.field else {
            let state = state
            let room = max(0, rect.columns - state.width - 3)
            var line = StyledText("/ ", .faint)
            line.append(screen.text.isEmpty ? "all traces" : screen.text, screen.text.isEmpty ? .faint : .strong)
            frame.draw(line.truncated(to: room), row: rect.row, column: 1, limit: room)
            frame.draw(state, row: rect.row, column: rect.endColumn - state.width - 1)
            return
        }
        frame.fill(rect, ground: .raised)
        frame.draw("/", .strong, row: rect.row, column: 1, ground: .raised)
        drawCandidates(of: field, on: &frame)
        field.field.draw(
            on: &frame, row: rect.row, column: 3, width: max(1, rect.columns - 4), ground: .raised,
            placeholder: "service=orders duration>200ms error …, or TraceQL: { status = error }")
    }

    private func drawCandidates(of field: QueryField, on frame: inout Frame) {
        let lines =
            field.complaint.map { $0.wrapped(to: max(1, layout.query.columns - 5)) }
            ?? field.candidates.map { StyledText($0) }
        let width = field.complaint == nil ? min(layout.query.columns - 3, (lines.map(\.width).max() ?? 0) + 2) : nil
        for (place, line) in lines.prefix(max(0, context.body.rows - 2)).enumerated() {
            let row = layout.query.row + 1 + place
            let rect = Rect(column: 2, row: row, columns: width ?? layout.query.columns - 3, rows: 1)
            let isChosen = field.complaint == nil && place == field.chosen
            frame.fill(rect, ground: isChosen ? .selected : .raised)
            frame.draw(line, row: row, column: 3, limit: rect.columns - 1, ground: isChosen ? .selected : .raised)
        }
    }

    /// `12 of 345 · follows`.
    private var state: StyledText {
        guard screen.isLoaded, screen.complaint == nil else { return StyledText() }
        let list = screen.list
        var parts: [String] = []
        if list.traces.count < list.total.value || !list.total.isExact {
            let total = (list.total.isExact ? "" : "at least ") + Quantity.count(list.total.value)
            parts.append("\(Quantity.count(list.traces.count)) of \(total)")
        } else {
            parts.append(Quantity.counted(list.traces.count, "trace"))
        }
        if list.order != .newest, list.next != nil || list.isFull { parts.append("sorted among these") }
        if screen.isInPlot { parts.append("arrows choose points") }
        if screen.follows { parts.append("follows") }
        return Phrase.joined(parts, .faint)
    }
}

/// The columns of the list at a width.
private struct TraceColumns {
    private let width: Int
    private let longest: UInt64
    private let zone: Zone
    private let charset: Charset
    private let hues: ServiceHues
    private let marked: Set<TraceID>
    private let showsDate: Bool
    private let barWidth: Int
    private let servicesWidth: Int
    private let rootWidth: Int

    private static let durationWidth = 7
    private static let spansWidth = 6
    private static let errorsWidth = 5

    init(_ list: TraceList, width: Int, _ context: ScreenContext) {
        self.width = width
        longest = max(1, list.longest)
        (zone, charset, hues) = (context.zone, context.charset, context.hues)
        marked = Set(context.marked)
        showsDate = Self.date(list.oldest, context.zone) != Self.date(list.newest ?? context.now, context.zone)
        barWidth = width >= 72 ? max(8, width / 10) : 0
        servicesWidth = width >= Limits.minColumnsForTraceServices ? width / 4 : 0
        let fixed =
            2 + (showsDate ? 14 : 8) + 2 + Self.durationWidth + 1 + (barWidth > 0 ? barWidth + 1 : 0) + Self.spansWidth
            + Self.errorsWidth + 2 + (servicesWidth > 0 ? servicesWidth + 2 : 0) + 1
        rootWidth = max(8, width - fixed)
    }

    private static func date(_ time: Timestamp?, _ zone: Zone) -> String? {
        time.map { Moment.date(nanosecondsSince1970: $0.nanoseconds, zone: zone) }
    }

    func heading(_ order: TraceList.Order) -> StyledText {
        func title(_ name: String, _ column: TraceList.Order, _ width: Int, _ alignment: Alignment) -> StyledText {
            let mark = order == column ? (charset == .unicode ? "▾" : "v") : ""
            return StyledText(name + mark, .heading).fitted(to: width, alignment: alignment)
        }
        var line = StyledText("  ")
        line.append(title("start", .newest, showsDate ? 14 : 8, .left))
        line.append("  ")
        line.append(StyledText("root", .heading).fitted(to: rootWidth))
        line.append(title("time", .duration, Self.durationWidth + 1, .right))
        if barWidth > 0 { line.append(" " + String(repeating: " ", count: barWidth)) }
        line.append(title("spans", .spans, Self.spansWidth, .right))
        line.append(title("errs", .errors, Self.errorsWidth, .right))
        if servicesWidth > 0 {
            line.append("  ")
            line.append("services", .heading)
        }
        return line.truncated(to: width)
    }

    func row(_ trace: TraceSummary) -> StyledText {
        let isMarked = marked.contains(trace.traceID)
        var line = StyledText(" ")
        line.append(isMarked ? (charset == .unicode ? "●" : "*") : " ", .notice)
        line.append(start(trace.start), .faint)
        line.append("  ")
        line.append(root(trace).fitted(to: rootWidth))
        line.append(" ")
        line.append(
            StyledText(Quantity.duration(nanoseconds: trace.durationNanoseconds), trace.errorCount > 0 ? .bad : .plain)
                .fitted(to: Self.durationWidth, alignment: .right))
        if barWidth > 0 {
            line.append(" ")
            let share = Double(trace.durationNanoseconds) / Double(longest)
            let role: Role = trace.errorCount > 0 ? .bad : hues[trace.rootService]
            line.append(Meter.text(share, width: barWidth, role: role, charset: charset).fitted(to: barWidth))
        }
        line.append(StyledText(Quantity.count(trace.spanCount)).fitted(to: Self.spansWidth, alignment: .right))
        line.append(errors(trace.errorCount).fitted(to: Self.errorsWidth, alignment: .right))
        if servicesWidth > 0 {
            line.append("  ")
            line.append(services(trace).fitted(to: servicesWidth))
        }
        return line
    }

    private func start(_ time: Timestamp) -> String {
        let clock = Moment.timeOfDay(nanosecondsSince1970: time.nanoseconds, zone: zone).prefix(8)
        return showsDate
            ? Moment.date(nanosecondsSince1970: time.nanoseconds, zone: zone).dropFirst(5) + " " + clock : String(clock)
    }

    private func root(_ trace: TraceSummary) -> StyledText {
        var text = StyledText(trace.isComplete ? "" : "? ", .notice)
        text.append(hues.text(trace.rootService))
        text.append(" ")
        text.append(Phrase.operation(trace.rootOperation))
        return text
    }

    /// Failures have a sign, too: colours alone tell nothing to some eyes and on some terminals.
    private func errors(_ count: Int) -> StyledText {
        count > 0
            ? StyledText((charset == .unicode ? "✗" : "x") + Quantity.count(count), .bad) : StyledText("·", .faint)
    }

    private func services(_ trace: TraceSummary) -> StyledText {
        var text = StyledText()
        for (place, service) in trace.services.enumerated() {
            if place > 0 { text.append(" ") }
            text.append(service.name, service.errorCount > 0 ? .bad : hues[service.name])
        }
        return text
    }
}
