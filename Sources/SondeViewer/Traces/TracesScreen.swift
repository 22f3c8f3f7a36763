// SPDX-License-Identifier: Apache-2.0
// Traces, newest first: a query line, durations over time as points, and a row a trace. New ones come in while it is
// looked at; what is selected stays selected.

import SondeModel
package import SondeStorage
package import SondeTerminal

package struct TracesScreen: ViewerScreen {
    package static let name = "traces"
    package static let keys: [KeyBinding] =
        [
            .init("open", ["enter"], hint: "open", "Open the selected trace"),
            .init("query", ["/"], hint: "query", "Edit the query; Tab completes, Enter searches, Esc leaves it"),
            .init("errors", ["e"], hint: "errors", "Only traces with a failed span, or all again"),
            .init("sort", ["s"], hint: "sort", "Sort by start, duration, spans or errors"),
            .init("follow", ["f"], hint: "follow", "Keep the newest trace selected as traces arrive"),
            ViewerKeys.timeRange,
            .init("points", ["p"], "Choose among the points of the plot with the arrows; again or Esc leaves them"),
            .init("plot", ["P"], "Show or hide the plot"),
            .init("slowest", ["S"], "Select the slowest trace of those listed"),
            .init("mark", ["m"], "Mark the trace for comparison"),
            .init("compare", ["D"], "Compare the marked trace, else the typical one of its operation, with this one"),
            .init("pin", ["*"], "Pin the trace: retention spares it"),
            .init("unpin", ["ctrl-u"], "Take the pin back"),
            .init("clear", ["x"], "Forget the query"),
            ViewerKeys.refresh,
        ] + ViewerKeys.lists

    private(set) var query: TraceQuery
    private(set) var text: String
    private(set) var field: QueryField?
    private(set) var list = TraceList()
    private(set) var rows = ListState()
    private(set) var follows = false
    private(set) var showsPlot = true
    /// Whether the arrows go from point to point.
    private(set) var isInPlot = false
    private(set) var isLoaded = false
    private(set) var isLoadingMore = false
    private(set) var complaint: String?
    private(set) var drag: DragOnPlot?
    private var history: [String] = []
    private var asked: TraceQuery?
    private var askedLive: TraceQuery?

    package init(_ query: TraceQuery) {
        self.query = query
        text = query.words
    }

    package var title: StyledText { StyledText(text.isEmpty ? "traces" : text) }
    package var isTyping: Bool { field != nil }
    package var place: Destination { .traces(query) }

    package func shellCommand(_ context: ScreenContext) -> String? {
        "sonde traces" + (text.isEmpty ? "" : " " + ShellWord.quoted(text)) + query.flags + context.range.flags
    }

    // MARK: Questions

    package mutating func opened(_ context: ScreenContext) -> [ScreenEffect] {
        if let start = query.start, let end = query.end {
            // Whoever opens this screen on a stretch of time means that one.
            (query.start, query.end) = (nil, nil)
            let range = TimeRange.between(start, end)
            if range != context.range { return [.setRange(range)] }
        }
        return ask(context)
    }

    package mutating func rangeChanged(_ context: ScreenContext) -> [ScreenEffect] { ask(context) }

    package mutating func shown(_ context: ScreenContext) -> [ScreenEffect] {
        layOut(context)
        return isLoaded && context.range.isLive && askedLive == nil ? [live(context)] : []
    }

    private mutating func ask(_ context: ScreenContext) -> [ScreenEffect] {
        var question = query
        (question.start, question.end) = context.range.bounds(now: context.now)
        question.limit = Limits.tracesPage
        (asked, askedLive, isLoaded, isLoadingMore, complaint) = (question, nil, false, false, nil)
        return [.withdraw(slot: "live"), .withdraw(slot: "more"), .ask(.search(question))]
    }

    /// News since a little before the newest trace that is known: spans of that time may still be on their way.
    private mutating func live(_ context: ScreenContext) -> ScreenEffect {
        var question = query
        (question.start, question.end) = context.range.bounds(now: context.now)
        if let newest = list.newest {
            // Slow traces come long after they began: now and then a look goes further back.
            looks += 1
            let overlap = looks % Limits.tracesFarLook == 0 ? Limits.tracesFarOverlap : Limits.tracesOverlap
            // A clock that is ahead must not hide what comes in the meantime.
            let recent = min(newest, context.now).advanced(byNanoseconds: -overlap)
            question.start = max(question.start ?? recent, recent)
        }
        question.limit = Limits.tracesPage
        askedLive = question
        return .ask(.search(question), slot: "live")
    }

    /// Looks for news so far.
    private var looks = 0

    package mutating func woken(_ slot: String, _ context: ScreenContext) -> [ScreenEffect] {
        complaint == nil ? [live(context)] : ask(context)
    }

    package mutating func receive(
        _ answer: Result<Answer, ReadError>, for request: Request, _ context: ScreenContext
    ) -> [ScreenEffect] {
        switch (answer, request) {
        case (.success(.search(let page)), .search(let question)): return take(page, of: question, context)
        case (.success(.pinned(let isPinned)), _):
            return [.notice(StyledText(isPinned ? "pinned" : "the pin is taken back", .good))]
        case (.success(let answer), _): field?.receive(answer, for: request)
        case (.failure(let error), .search(let question)) where question == asked:
            (complaint, asked, list, isLoaded) = (error.reason, nil, TraceList(), true)
            return retry(after: error, context)
        case (.failure(let error), .search(let question)):
            if question == askedLive { askedLive = nil } else { isLoadingMore = false }
            return [.notice(StyledText(error.reason, .bad))] + retry(after: error, context)
        case (.failure(let error), .pin): return [.notice(StyledText(error.reason, .bad))]
        default: break
        }
        return []
    }

    /// A source that failed once may answer the next time; a question that is wrong stays wrong.
    private func retry(after error: ReadError, _ context: ScreenContext) -> [ScreenEffect] {
        guard case .failed = error, context.range.isLive, asked == nil, askedLive == nil else { return [] }
        return [.wake(slot: "live", after: Limits.tracesRetryInterval)]
    }

    private mutating func take(
        _ page: TracePage, of question: TraceQuery, _ context: ScreenContext
    ) -> [ScreenEffect] {
        let selected = selectedTrace?.traceID
        if question == asked {
            asked = nil
            list.replace(with: page)
            isLoaded = true
        } else if question == askedLive {
            askedLive = nil
            list.takeNews(page, now: context.now)
        } else {
            isLoadingMore = false
            list.append(page)
        }
        layOut(context)
        if follows {
            rows.home()
        } else if let selected, let place = list.place(of: selected) {
            rows.select(place)
        }
        guard context.range.isLive, asked == nil, askedLive == nil else { return [] }
        return [.wake(slot: "live", after: Limits.tracesInterval)]
    }

    /// Further pages, before the end of the list is reached.
    private mutating func askMore() -> [ScreenEffect] {
        guard !isLoadingMore, asked == nil, let next = list.next, rows.selection + rows.visible >= list.traces.count,
            var question = lastQuestion
        else { return [] }
        question.cursor = next
        isLoadingMore = true
        return [.ask(.search(question), slot: "more")]
    }

    private var lastQuestion: TraceQuery? {
        guard isLoaded else { return nil }
        var question = query
        question.limit = Limits.tracesPage
        // The cursor lies inside the range; only its beginning still has to be kept.
        question.start = rangeStart
        return question
    }
    private var rangeStart: Timestamp?

    // MARK: The selection

    var selectedTrace: TraceSummary? {
        list.traces.indices.contains(rows.selection) ? list.traces[rows.selection] : nil
    }

    mutating func layOut(_ context: ScreenContext) {
        rangeStart = context.range.bounds(now: context.now).start
        rows.update(
            count: list.traces.count, visible: TracesLayout(context.body, showsPlot: showsPlot).rows.rows)
    }

    // MARK: Actions

    package mutating func perform(
        _ action: ActionName, argument: String, _ context: ScreenContext
    ) -> [ScreenEffect] {
        layOut(context)
        if isInPlot, action == "up" || action == "down" {
            move(action == "up" ? .up : .down, context)
            return []
        }
        if rows.perform(action) {
            follows = follows && rows.selection == 0
            return askMore()
        }
        switch action {
        case "open": return open(context)
        case "query":
            field = QueryField(text, history: history)
            return complete(context)
        case "errors": return toggleErrors(context)
        case "clear": return search("", context)
        case "sort": sort(by: list.order.next)
        case "slowest": selectSlowest()
        case "follow": return follow()
        case "points": isInPlot = !isInPlot && !list.traces.isEmpty
        case "plot":
            showsPlot.toggle()
            isInPlot = false
            layOut(context)
        case "refresh": return ask(context)
        default: return performOnTrace(action, context)
        }
        return []
    }

    private mutating func performOnTrace(_ action: ActionName, _ context: ScreenContext) -> [ScreenEffect] {
        guard let trace = selectedTrace else { return [] }
        switch action {
        case "mark": return [.mark(trace.traceID)]
        case "compare":
            let other = context.marked.last { $0 != trace.traceID }
            return [.open(other.map { .diff($0, trace.traceID) } ?? .diff(trace.traceID))]
        case "pin": return [.ask(.pin(trace.traceID, true))]
        case "unpin": return [.ask(.pin(trace.traceID, false))]
        case "export":
            return [.export(.traces(TracePage(traces: list.traces, next: list.next, total: list.total)))]
        default: return []
        }
    }

    private func open(_ context: ScreenContext) -> [ScreenEffect] {
        guard let trace = selectedTrace else { return [] }
        return [.open(.trace(trace.traceID, focus: trace.spanSets.first?.spans.first?.spanID))]
    }

    private mutating func sort(by order: TraceList.Order) {
        let selected = selectedTrace?.traceID
        list.sort(by: order)
        // Who sorts wants to see what comes first; who has gone down keeps the place.
        if rows.selection > 0, let selected, let place = list.place(of: selected) { rows.select(place) }
    }

    private mutating func selectSlowest() {
        let traces = list.traces
        guard let place = traces.indices.max(by: { traces[$0].durationNanoseconds < traces[$1].durationNanoseconds })
        else { return }
        follows = false
        rows.select(place)
    }

    private mutating func follow() -> [ScreenEffect] {
        follows.toggle()
        guard follows else { return [.notice(StyledText("the selection stays on its trace", .faint))] }
        list.sort(by: .newest)
        rows.home()
        return [.notice(StyledText("the newest trace stays selected", .faint))]
    }

    package mutating func back(_ context: ScreenContext) -> [ScreenEffect]? {
        guard isInPlot else { return nil }
        isInPlot = false
        return []
    }

    // MARK: The query

    /// Conditions in the shorthand are terms side by side; a query in TraceQL is narrowed by a further stage.
    private mutating func toggleErrors(_ context: ScreenContext) -> [ScreenEffect] {
        let addition = TraceExpression.isTraceQL(text) ? " | { status = error }" : " error"
        if text.hasSuffix(addition) { return search(String(text.dropLast(addition.count)), context) }
        if text == "error" { return search("", context) }
        let hasChoice = text.split(separator: " ").contains { $0 == "OR" || $0 == "||" }
        let whole = hasChoice && !TraceExpression.isTraceQL(text) ? "(" + text + ")" : text
        return search((whole + addition).trimmed, context)
    }

    private mutating func search(_ text: String, _ context: ScreenContext) -> [ScreenEffect] {
        var query = TraceQuery()
        do throws(QuerySyntaxError) { try query.add(text) } catch {
            return [.notice(StyledText(error.sentence, .bad))]
        }
        return search(query, text, context)
    }

    private mutating func search(
        _ query: TraceQuery, _ text: String, _ context: ScreenContext
    ) -> [ScreenEffect] {
        (self.query, self.text) = (query, text)
        rows.home()
        isInPlot = false
        return ask(context)
    }

    private func complete(_ context: ScreenContext) -> [ScreenEffect] {
        (field?.requests(context.range, now: context.now) ?? []).map { .ask($0, slot: "completion") }
    }

    private mutating func type(_ input: Input, _ context: ScreenContext) -> [ScreenEffect] {
        guard var field else { return [] }
        let outcome = field.receive(input)
        self.field = field
        switch outcome {
        case .open: return complete(context)
        case .closed:
            self.field = nil
            return [.withdraw(slot: "completion")]
        case .entered(let query, let text):
            self.field = nil
            if !text.isEmpty, history.last != text { history = (history + [text]).suffix(Limits.queriesKept) }
            return [.withdraw(slot: "completion")] + search(query, text, context)
        }
    }

    // MARK: Other input

    package mutating func receive(_ input: Input, _ context: ScreenContext) -> [ScreenEffect] {
        layOut(context)
        switch input {
        case .key where field != nil, .paste where field != nil: return type(input, context)
        case .key(let press) where isInPlot:
            if press.key == .left { move(.left, context) }
            if press.key == .right { move(.right, context) }
            return []
        case .mouse(let press): return point(press, context)
        default: return []
        }
    }

    private mutating func move(_ direction: Scatter.Direction, _ context: ScreenContext) {
        let scatter = TracesPicture.scatter(list, context)
        if let place = scatter.next(from: rows.selection, direction) {
            follows = false
            rows.select(place)
        }
    }

    private mutating func point(_ press: MousePress, _ context: ScreenContext) -> [ScreenEffect] {
        let layout = TracesLayout(context.body, showsPlot: showsPlot)
        switch press.action {
        case .wheelDown: rows.scroll(by: ListState.wheelRows)
        case .wheelUp: rows.scroll(by: -ListState.wheelRows)
        case .press where layout.plot.contains(column: press.column, row: press.row):
            drag = DragOnPlot(from: press)
            select(near: press, layout, context)
        case .drag: drag?.move(to: press)
        case .release:
            defer { drag = nil }
            guard let drag, drag.isDrag else { return [] }
            return narrow(to: drag, layout, context)
        case .press:
            if press.row == layout.query.row { return perform("query", argument: "", context) }
            guard let row = rows.row(atVisible: press.row - layout.rows.row) else { return [] }
            follows = false
            if row == rows.selection { return open(context) }
            rows.select(row)
        }
        return askMore()
    }

    private mutating func select(near press: MousePress, _ layout: TracesLayout, _ context: ScreenContext) {
        let cell = Scatter.Cell(row: press.row - layout.plot.row, column: press.column - layout.plot.column)
        let scatter = TracesPicture.scatter(list, context)
        guard let place = scatter.nearest(to: cell, width: layout.plot.columns, height: layout.plot.rows) else {
            return
        }
        follows = false
        rows.select(place)
    }

    /// The times between the ends of a drag become the range.
    private func narrow(to drag: DragOnPlot, _ layout: TracesLayout, _ context: ScreenContext) -> [ScreenEffect] {
        let scatter = TracesPicture.scatter(list, context)
        let times = drag.columns.map { TracesPicture.time(at: $0 - layout.plot.column, scatter, layout.plot.columns) }
        guard times.count == 2, times[0] < times[1] else { return [] }
        return [.setRange(.between(times[0], times[1]))]
    }

    package func view(_ frame: inout Frame, in rect: Rect, _ context: ScreenContext) {
        TracesPicture(self, context).draw(on: &frame)
    }
}

/// The mouse is held down on the plot.
struct DragOnPlot: Hashable, Sendable {
    private var first: Int
    private var last: Int

    init(from press: MousePress) { (first, last) = (press.column, press.column) }

    mutating func move(to press: MousePress) { last = press.column }

    var isDrag: Bool { abs(first - last) >= 2 }
    /// Left, then right.
    var columns: [Int] { [min(first, last), max(first, last)] }
}
