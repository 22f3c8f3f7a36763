// SPDX-License-Identifier: Apache-2.0
// The screen that compares two traces: both are fetched, or one and the typical trace of its operation, laid over each
// other off the loop, and shown place by place.

import SondeModel
import SondeStorage
import SondeTerminal

struct DiffScreen: ViewerScreen {
    static let name = "diff"

    /// The trace that is looked at: side `b`.
    private var looked: TraceID
    /// What it is compared with; nil for the typical trace of its operation.
    private var compared: TraceID?
    private var state = State.fetching
    private var a: Trace?
    private var b: Trace?

    private var showsSame = false
    private var measure = DiffModel.Measure.total
    private var folded: Set<Int> = []
    private var rows: [Int] = []
    private var list = ListState(margin: 1)
    /// Lines of the pane that are scrolled away; nil while it is closed.
    private var detailTop: Int?

    private enum State: Sendable {
        case fetching
        case laying
        case shown(DiffModel)
        case failed(String)
    }

    init(_ first: TraceID, _ second: TraceID?) {
        looked = second ?? first
        compared = second == nil ? nil : first
    }

    var title: StyledText {
        var title = StyledText("diff ")
        title.append(compared.map { String($0.hex.prefix(Limits.shortIDDigits)) } ?? "typical", .faint)
        title.append(" → ", .faint)
        title.append(String(looked.hex.prefix(Limits.shortIDDigits)), .faint)
        return title
    }

    func shellCommand(_ context: ScreenContext) -> String? {
        (compared ?? a?.id).map { "sonde diff \($0.hex) \(looked.hex)" }
    }

    var place: Destination { compared.map { .diff($0, looked) } ?? .diff(looked) }

    // MARK: Asking

    mutating func opened(_ context: ScreenContext) -> [ScreenEffect] {
        state = .fetching
        (a, b) = (nil, nil)
        return [.ask(.trace(looked))] + (compared.map { $0 == looked ? [] : [.ask(.trace($0))] } ?? [])
    }

    mutating func receive(
        _ answer: Result<Answer, ReadError>, for request: Request, _ context: ScreenContext
    ) -> [ScreenEffect] {
        switch (answer, request) {
        case (.failure(let error), _): state = .failed(error.reason)
        case (.success(.trace(nil)), .trace(let id)):
            state = .failed("the trace \(id.hex) is not stored; it may have been let go of")
        case (.success(.trace(let trace?)), .trace(let id)):
            if id == looked { b = trace }
            if id == compared { a = trace }
            return compared == nil ? askForTypical(trace) : layOver()
        case (.success(.typicalTrace(nil)), _):
            state = .failed("no other trace of this operation is stored, so nothing says what is typical")
        case (.success(.typicalTrace(let trace?)), _):
            a = trace
            return layOver()
        default: break
        }
        return []
    }

    private mutating func askForTypical(_ trace: Trace) -> [ScreenEffect] {
        guard let root = trace.mainRoot.map({ trace.spans[$0] }) else {
            state = .failed("the trace \(trace.id.hex) has no spans")
            return []
        }
        return [
            .ask(.typicalTrace(service: root.resource.serviceName, operation: root.name, except: trace.id))
        ]
    }

    /// Once both are there.
    private mutating func layOver() -> [ScreenEffect] {
        guard let a, let b else { return [] }
        state = .laying
        return [.compute(slot: "comparison") { DiffModel(a: a, b: b) }]
    }

    mutating func receive(
        computed value: any Sendable, slot: String, _ context: ScreenContext
    ) -> [ScreenEffect] {
        guard let model = value as? DiffModel else { return [] }
        state = .shown(model)
        // Nothing that differs is no reason for an empty screen.
        if model.changedCount == 0 { showsSame = true }
        folded = []
        list = ListState(margin: 1)
        updateRows(context)
        return []
    }

    // MARK: Keys

    static let keys: [KeyBinding] =
        ViewerKeys.lists + [
            .init("open-second", ["enter"], hint: "open b", "Open trace b at the longest span of this place"),
            .init("open-first", ["a"], hint: "open a", "Open trace a at the longest span of this place"),
            .init(
                "detail", ["d", "i"], hint: "detail",
                "Show or hide all numbers of this place, and attributes that differ"),
            .init("next-change", ["n"], hint: "next", "Go to the next place that differs"),
            .init("previous-change", ["N"], "Go to the place before that differs"),
            .init("largest-change", ["m"], "Go to the place whose own time differs most"),
            .init("fold", ["left", "h"], "Fold this place, or go to the one above it"),
            .init("unfold", ["right", "l"], "Unfold this place, or go to the first below it"),
            .init("fold-all", ["z"], "Fold all places, or unfold all"),
            .init("show-same", ["s"], hint: "same", "Show or hide places that are the same on both sides"),
            .init("own-time", ["w"], hint: "own", "Compare whole times, or times without what children took"),
            .init("swap", ["x"], "Swap both sides"),
            .init("typical", ["T"], "Compare with the typical trace of the operation"),
            .init("scroll-detail", ["J", "ctrl-d"], "Scroll the pane down"),
            .init("scroll-detail-back", ["K", "ctrl-u"], "Scroll the pane up"),
            ViewerKeys.refresh,
        ]

    mutating func perform(
        _ action: ActionName, argument: String, _ context: ScreenContext
    ) -> [ScreenEffect] {
        switch action {
        case "refresh": return opened(context)
        case "typical":
            (a, b, compared) = (nil, nil, nil)
            return opened(context)
        case "swap": return swapSides(context)
        default: break
        }
        guard case .shown(let model) = state else { return [] }
        updateRows(context)
        if list.perform(action) {
            if detailTop != nil { detailTop = 0 }
            return []
        }
        let place = rows.isEmpty ? nil : rows[list.selection]
        switch action {
        case "open-second": return place.map { open(model, $0, .b) } ?? []
        case "open-first": return place.map { open(model, $0, .a) } ?? []
        case "detail": detailTop = detailTop == nil ? 0 : nil
        case "next-change":
            go(to: rows[min(list.selection + 1, rows.count)...].first { model.positions[$0].change != .same })
        case "previous-change": go(to: rows[..<list.selection].last { model.positions[$0].change != .same })
        case "largest-change": goToLargest(model, context)
        case "scroll-detail": scrollDetail(by: Limits.paneStep, context)
        case "scroll-detail-back": scrollDetail(by: -Limits.paneStep, context)
        case "export": return [.export(.difference(model.difference))]
        case "fold": if let place { fold(place, model) }
        case "unfold": if let place { unfold(place, model) }
        case "fold-all": folded = folded.isEmpty ? model.foldable : []
        case "show-same": showsSame.toggle()
        case "own-time": measure = measure == .total ? .own : .total
        default: return []
        }
        updateRows(
            context,
            keeping: ["next-change", "previous-change", "fold", "unfold", "largest-change"].contains(action)
                ? nil : place)
        return []
    }

    mutating func back(_ context: ScreenContext) -> [ScreenEffect]? {
        guard detailTop != nil else { return nil }
        detailTop = nil
        updateRows(context)
        return []
    }

    private mutating func swapSides(_ context: ScreenContext) -> [ScreenEffect] {
        guard let first = compared ?? a?.id else { return [] }
        (compared, looked) = (looked, first)
        (a, b) = (b, a)
        return layOver()
    }

    private func open(_ model: DiffModel, _ place: Int, _ side: DiffModel.Side) -> [ScreenEffect] {
        guard let span = model.longestSpan(place, in: side) else {
            return [.notice(StyledText("trace \(side == .a ? "a" : "b") has nothing at this place", .notice))]
        }
        return [.open(.trace((side == .a ? model.a : model.b).id, focus: span.spanID))]
    }

    // MARK: Rows

    private mutating func go(to place: Int?) {
        if let place, let row = rows.firstIndex(of: place) { list.select(row) }
    }

    private mutating func goToLargest(_ model: DiffModel, _ context: ScreenContext) {
        let largest = model.positions.indices.max {
            model.share($0, .own).magnitude < model.share($1, .own).magnitude
        }
        guard let largest else { return }
        folded.subtract(model.ancestors(of: largest))
        updateRows(context)
        go(to: largest)
    }

    private mutating func fold(_ place: Int, _ model: DiffModel) {
        if !folded.contains(place), model.hasChildren(place, showingSame: showsSame) {
            folded.insert(place)
        } else {
            go(to: model.positions[place].parent)
        }
    }

    private mutating func unfold(_ place: Int, _ model: DiffModel) {
        if folded.remove(place) == nil, model.hasChildren(place, showingSame: showsSame) { list.move(by: 1) }
    }

    /// What was selected stays so if it still has a row.
    private mutating func updateRows(_ context: ScreenContext, keeping place: Int? = nil) {
        guard case .shown(let model) = state else { return }
        rows = model.rows(showingSame: showsSame, folded: folded)
        list.update(count: rows.count, visible: Self.layout(context.body, isDetailed: detailTop != nil).rows.rows)
        guard let place else { return }
        go(to: rows.contains(place) ? place : model.ancestors(of: place).first { rows.contains($0) })
    }

    /// As far as there are lines to come.
    private mutating func scrollDetail(by lines: Int, _ context: ScreenContext) {
        guard let top = detailTop, case .shown(let model) = state, rows.indices.contains(list.selection) else { return }
        let all = drawing(model, width: context.body.columns, context).detail(rows[list.selection]).count
        let room = Self.layout(context.body, isDetailed: true).detail.rows - 1
        detailTop = max(0, min(top + lines, all - room))
    }

    // MARK: The mouse

    mutating func receive(_ input: Input, _ context: ScreenContext) -> [ScreenEffect] {
        guard case .mouse(let press) = input else { return [] }
        updateRows(context)
        let layout = Self.layout(context.body, isDetailed: detailTop != nil)
        if detailTop != nil, layout.detail.contains(column: press.column, row: press.row) {
            if press.action == .wheelDown { scrollDetail(by: ListState.wheelRows, context) }
            if press.action == .wheelUp { scrollDetail(by: -ListState.wheelRows, context) }
            return []
        }
        return list.receive(press, in: layout.rows) == .chosen ? perform("open-second", argument: "", context) : []
    }

    // MARK: Drawing

    private static func layout(_ rect: Rect, isDetailed: Bool) -> (head: Rect, titles: Rect, rows: Rect, detail: Rect) {
        let (head, below) = rect.split(top: 3)
        let (titles, rest) = below.split(top: 1)
        let (rows, detail) = rest.split(bottom: isDetailed ? rest.rows / 2 : 0)
        return (head, titles, rows, detail)
    }

    func view(_ frame: inout Frame, in rect: Rect, _ context: ScreenContext) {
        switch state {
        case .fetching: Placard.draw("fetching both traces …", on: &frame, in: rect)
        case .laying: Placard.draw("laying both traces over each other …", on: &frame, in: rect)
        case .failed(let reason): Placard.draw(reason, .bad, on: &frame, in: rect)
        case .shown(let model): draw(model, on: &frame, in: rect, context)
        }
    }

    private func drawing(_ model: DiffModel, width: Int, _ context: ScreenContext) -> DiffDrawing {
        DiffDrawing(
            model: model, hues: context.hues, measure: measure, width: width, charset: context.charset,
            zone: context.zone)
    }

    private func draw(_ model: DiffModel, on frame: inout Frame, in rect: Rect, _ context: ScreenContext) {
        let layout = Self.layout(rect, isDetailed: detailTop != nil)
        let drawing = drawing(model, width: rect.columns, context)
        frame.draw(drawing.header(isTypical: compared == nil), in: layout.head)
        let columns = drawing.columns
        frame.fill(layout.titles, ground: .raised)
        frame.draw([columns.titles()], in: layout.titles, ground: .raised)
        var list = list
        list.update(count: rows.count, visible: layout.rows.rows)
        for (line, row) in list.rows.enumerated() {
            let place = rows[row]
            let text = drawing.row(
                place, isFolded: folded.contains(place), hasChildren: model.hasChildren(place, showingSame: showsSame),
                columns: columns)
            frame.draw(text, row: layout.rows.row + line, column: rect.column, limit: rect.columns)
        }
        if rows.isEmpty { Placard.draw("every place is folded away; z unfolds all", on: &frame, in: layout.rows) }
        list.drawSelection(on: &frame, in: layout.rows)
        if let top = detailTop, !rows.isEmpty {
            frame.drawPane(drawing.detail(rows[list.selection]), from: top, in: layout.detail, context.charset)
        }
    }
}
