// SPDX-License-Identifier: Apache-2.0
// The Trace screen: asks for a trace, lets somebody explore it (TraceExplorer), and draws it (TracePicture). This file
// has its state and what it asks; TraceScreen+Actions what keys do, TraceScreen+Input the mouse and typing.

package import SondeModel
package import SondeStorage
package import SondeTerminal

package struct TraceScreen: ViewerScreen {
    package static let name = "trace"
    package static var keys: [KeyBinding] { TraceKeys.rows }

    let id: TraceID
    /// What to select once it is there.
    private let focus: SpanID?
    /// Nil until the trace has come.
    var explorer: TraceExplorer?
    /// Why there is nothing to see; nil while it is asked for.
    private(set) var sentence: StyledText?
    var pane: DetailPane?
    /// What is being typed, and into what.
    var typing: Typing?
    /// Lines typed before, for each place of their own.
    var findHistory: [String] = []
    var nameColumns: Int?
    /// What the mouse holds.
    var drag: Drag?
    private(set) var map: Minimap?
    private(set) var isLive = false
    private(set) var isPinned = false

    struct Typing: Sendable {
        enum Place: Sendable { case find, pane }
        var place: Place
        var field: TextField
    }

    package init(_ id: TraceID, focus: SpanID? = nil) {
        self.id = id
        self.focus = focus
    }

    // MARK: The door

    package var title: StyledText {
        guard let model = explorer?.model, let root = model.mainRoot else {
            return StyledText("trace " + id.hex.prefix(Limits.shortIDDigits))
        }
        var line = StyledText(Phrase.operation(TracePicture.short(model.name(of: root))))
        line.append(" " + id.hex.prefix(Limits.shortIDDigits), .faint)
        return line
    }

    package func shellCommand(_ context: ScreenContext) -> String? {
        var command = "sonde trace \(id.hex)"
        if explorer?.showsPath == true { command += " --critical" }
        if explorer?.model.isAdjusted == true { command += " --adjusted" }
        return command
    }

    package var place: Destination {
        .trace(
            id,
            focus: explorer.flatMap { explorer in explorer.selectedSpan.map { explorer.model.trace.spans[$0].spanID } })
    }

    package var isTyping: Bool { typing != nil }

    package mutating func opened(_ context: ScreenContext) -> [ScreenEffect] {
        // Asked again as long as the trace grows; the first answer tells whether it does.
        [.ask(.trace(id)), .ask(.logs(logQuery), slot: Self.logSlot), .ask(.pins)]
    }

    package mutating func shown(_ context: ScreenContext) -> [ScreenEffect] {
        layOut(context)
        return isLive ? [.ask(.trace(id)), .ask(.logs(logQuery), slot: Self.logSlot)] : []
    }

    /// The newest records, which a page holds for all but the most talkative traces.
    private var logQuery: LogQuery {
        var query = LogQuery()
        query.traceID = id
        query.limit = LogQuery.maxLimit
        return query
    }

    private static let logSlot = "logs of the trace"
    private static let insightSlot = "insight"
    private static let growthSlot = "growth"
    private static let findSlot = "find"
    private static let liveSlot = "live"

    // MARK: Answers

    package mutating func receive(
        _ answer: Result<Answer, ReadError>, for request: Request, _ context: ScreenContext
    ) -> [ScreenEffect] {
        switch answer {
        case .success(.trace(let trace)): return receive(trace, context)
        case .success(.logs(let page)):
            explorer?.learn(page.logs)
            logs = page.logs
            return []
        case .success(.pins(let pins)):
            isPinned = pins.contains { $0.traceID == id }
            return []
        case .success(.pinned(let isPinned)):
            self.isPinned = isPinned
            return [.notice(StyledText(isPinned ? "this trace is kept" : "this trace is not kept any more", .good))]
        case .success: return []
        case .failure(let error): return receive(error, for: request)
        }
    }

    private mutating func receive(_ error: ReadError, for request: Request) -> [ScreenEffect] {
        guard case .trace = request else { return [.notice(StyledText(error.reason, .bad))] }
        // What failed once may work the next time.
        var effects: [ScreenEffect] = []
        if case .failed = error, isLive || explorer == nil {
            effects.append(.wake(slot: Self.liveSlot, after: .milliseconds(Limits.retryMilliseconds)))
        }
        guard explorer == nil else { return effects + [.notice(StyledText(error.reason, .bad))] }
        sentence = StyledText(error.reason, .bad)
        return effects
    }

    /// Records that came before the trace did.
    private var logs: [LogRecord] = []

    private mutating func receive(_ trace: Trace?, _ context: ScreenContext) -> [ScreenEffect] {
        guard let trace, !trace.spans.isEmpty else {
            // What is looked at is past its retention by now; it stays until it is left.
            if explorer != nil {
                isLive = false
                return [.notice(StyledText("this trace is not stored any more", .notice))]
            }
            sentence = StyledText(
                "No span of trace \(id.hex) is stored. It may not have arrived yet, or be past its retention.", .notice)
            isLive = true
            return [.wake(slot: Self.liveSlot, after: .milliseconds(Limits.liveMilliseconds))]
        }
        sentence = nil
        let isNew = explorer.map { $0.model.trace.differs(from: trace) } ?? true
        if isNew { lastChange = context.now }
        isLive = isGrowing(trace, now: context.now)
        var effects: [ScreenEffect] = []
        if isLive { effects.append(.wake(slot: Self.liveSlot, after: Self.pause(after: trace))) }
        guard explorer != nil else {
            var new = TraceExplorer(TraceModel(trace), focus: focus)
            new.learn(logs)
            explorer = new
            layOut(context)
            return effects + [compute(trace)]
        }
        guard isNew else { return effects }
        // A model of a large trace takes longer than a frame may; meanwhile the smaller one is looked at. If clocks are to
        // be adjusted, they are once the clocks of the new spans have been compared.
        return effects + [.compute(slot: Self.growthSlot) { TraceModel(trace) }]
    }

    /// When the trace last came with something new.
    private var lastChange = Timestamp.zero

    private func compute(_ trace: Trace) -> ScreenEffect {
        .compute(slot: Self.insightSlot) { TraceInsight(trace) }
    }

    package mutating func receive(
        computed value: any Sendable, slot: String, _ context: ScreenContext
    ) -> [ScreenEffect] {
        switch value {
        case let insight as TraceInsight:
            explorer?.learn(insight)
            if isToBeAdjusted, let explorer, !explorer.model.isAdjusted, insight.adjustments != nil {
                return [redraw(explorer.model.trace, insight)]
            }
        case let redrawn as Redrawn:
            explorer?.replace(redrawn.model)
            explorer?.learn(redrawn.insight)
            explorer?.learn(logs)
            layOut(context)
            return findAgain()
        case let model as TraceModel:
            explorer?.replace(model)
            explorer?.learn(logs)
            layOut(context)
            return (explorer?.insight == nil ? [compute(model.trace)] : []) + findAgain()
        case let found as Found:
            guard explorer?.found(found.spans, for: found.search) == true else { return [] }
            pane?.reset()
        default: break
        }
        return []
    }

    package mutating func woken(_ slot: String, _ context: ScreenContext) -> [ScreenEffect] {
        [.ask(.trace(id)), .ask(.logs(logQuery), slot: Self.logSlot)]
    }

    /// Something is missing, or the last thing happened just now; but not if nothing has come for minutes. By clocks that
    /// are ahead everything has yet to happen: then counts when something came.
    private func isGrowing(_ trace: Trace, now: Timestamp) -> Bool {
        let last = trace.end > now ? lastChange : trace.end
        let quiet = last.nanoseconds(until: now)
        return quiet < Limits.settledNanoseconds || (!trace.isComplete && quiet < Limits.abandonedNanoseconds)
    }

    /// A trace is sent whole each time: large ones are asked for less often.
    private static func pause(after trace: Trace) -> Duration {
        .milliseconds(Limits.liveMilliseconds * max(1, min(20, trace.spans.count / Limits.spansAskedEachSecond)))
    }

    // MARK: Finding

    /// What a search came to.
    struct Found: Sendable {
        var search: SpanSearch
        var spans: [Int]
    }

    mutating func find(_ text: String) -> [ScreenEffect] {
        guard !text.isEmpty else {
            explorer?.look(for: nil)
            return [.withdraw(slot: Self.findSlot)]
        }
        explorer?.look(for: SpanSearch(text))
        return findAgain()
    }

    private func findAgain() -> [ScreenEffect] {
        guard let explorer, let search = explorer.find.search else { return [] }
        let trace = explorer.model.trace
        let effect = ScreenEffect.compute(slot: Self.findSlot) {
            search.matches(in: trace).map { Found(search: search, spans: $0) }
                ?? Found(search: SpanSearch(""), spans: [])
        }
        return [effect] + (search.complaint.map { [.notice(StyledText($0, .bad))] } ?? [])
    }

    /// The spans as drawn: their times moved, or as sent.
    mutating func toggleClocks(_ context: ScreenContext) -> [ScreenEffect] {
        guard let explorer else { return [] }
        guard let insight = explorer.insight else {
            return [.notice(StyledText("still comparing the clocks", .notice))]
        }
        guard insight.adjustments != nil else {
            return [.notice(StyledText("all clocks of this trace agree", .faint))]
        }
        isToBeAdjusted = !explorer.model.isAdjusted
        let count = Quantity.counted(insight.adjustedCount, "span")
        return [
            redraw(explorer.model.trace, insight),
            .notice(StyledText(isToBeAdjusted ? "\(count) moved" : "times as they were sent", .notice)),
        ]
    }

    /// Whether times are to be drawn adjusted, once it is known by how much.
    private var isToBeAdjusted = false

    /// The same trace with its times moved, or as sent.
    private struct Redrawn: Sendable {
        var model: TraceModel
        var insight: TraceInsight
    }

    private func redraw(_ trace: Trace, _ insight: TraceInsight) -> ScreenEffect {
        let adjustments = isToBeAdjusted ? insight.adjustments : nil
        return .compute(slot: Self.growthSlot) {
            Redrawn(model: TraceModel(trace, adjustments: adjustments), insight: insight)
        }
    }

    // MARK: Layout

    func layout(_ context: ScreenContext) -> TraceLayout {
        TraceLayout(in: context.body, nameColumns: nameColumns, hasPane: pane != nil)
    }

    /// After whatever changes sizes or the trace.
    mutating func layOut(_ context: ScreenContext) {
        let layout = layout(context)
        explorer?.setHeight(layout.list.rows)
        guard let model = explorer?.model else { return }
        if map == nil || map?.columns != layout.map.columns || map?.rows != layout.map.rows
            || map?.source != model.identity
        {
            map = layout.map.isEmpty ? nil : Minimap(model, columns: layout.map.columns, rows: layout.map.rows)
        }
    }

    // MARK: View

    package func view(_ frame: inout Frame, in rect: Rect, _ context: ScreenContext) {
        guard let explorer else {
            let text = sentence ?? StyledText("asking for trace \(id.hex) …", .faint)
            for (place, line) in text.wrapped(to: max(1, rect.columns - 2)).prefix(rect.rows).enumerated() {
                frame.draw(line, row: rect.row + place, column: rect.column + 1, limit: rect.columns - 1)
            }
            return
        }
        let layout = layout(context)
        let hues = context.services.isEmpty ? ServiceHues(explorer.model.services) : context.hues
        TracePicture(
            explorer: explorer, layout: layout, hues: hues, zone: context.zone, charset: context.charset, map: map,
            isLive: isLive, isPinned: isPinned
        ).draw(on: &frame)
        if let pane {
            let detail = detail(explorer, hues, context, layout)
            pane.draw(detail.lines(), title: detail.title, on: &frame, in: layout.pane)
        }
        drawStatus(on: &frame, layout, explorer, context)
    }

    func detail(
        _ explorer: TraceExplorer, _ hues: ServiceHues, _ context: ScreenContext, _ layout: TraceLayout
    ) -> SpanDetail {
        SpanDetail(
            explorer: explorer, hues: hues, zone: context.zone, width: max(8, layout.pane.columns - 2),
            wraps: pane?.wraps ?? true)
    }

    private func drawStatus(
        on frame: inout Frame, _ layout: TraceLayout, _ explorer: TraceExplorer, _ context: ScreenContext
    ) {
        let rect = layout.status
        guard rect.rows > 0 else { return }
        guard let typing else {
            let line = StatusLine(explorer: explorer, zone: context.zone).text(width: rect.columns - 1)
            frame.draw(line, row: rect.row, column: rect.column + 1, limit: rect.columns - 1)
            return
        }
        frame.draw("/", .strong, row: rect.row, column: rect.column)
        let hint = typing.place == .find ? "a word, or a condition such as duration>100ms" : "a word in these details"
        typing.field.draw(
            on: &frame, row: rect.row, column: rect.column + 1, width: rect.columns - 1, placeholder: hint)
    }
}

extension Trace {
    /// Whether another answer of the same trace has anything new, as far as counts, times and marks tell.
    fileprivate func differs(from other: Trace) -> Bool {
        spans.count != other.spans.count || missing != other.missing || end != other.end || start != other.start
    }
}
