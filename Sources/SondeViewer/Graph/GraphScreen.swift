// SPDX-License-Identifier: Apache-2.0
// The screen of services and their calls: as a table, and as a drawing. From each row and box it is one key to its
// traces.

import SondeModel
import SondeStorage
import SondeTerminal

struct GraphScreen: ViewerScreen {
    static let name = "graph"

    private var graph: ServiceGraph?
    /// Nil until it is known, or known that it can't be: rows that change places under the eye are hard to read.
    private var activity: [ActivitySeries]?
    private var failure: String?
    private var model: GraphModel?
    private var picture: GraphPicture?

    private var isDrawn = false
    private var order = GraphModel.Order.calls
    private var focus: String?
    private var rows: [GraphModel.Row] = []
    private var list = ListState(margin: 1)
    private var box = 0
    private var origin = (row: 0, column: 0)

    init() {}

    var title: StyledText { StyledText("graph") }
    var place: Destination { .graph }

    func shellCommand(_ context: ScreenContext) -> String? {
        "sonde graph" + context.range.flagsBesideAnHour + (focus.map { " --service " + ShellWord.quoted($0) } ?? "")
    }

    // MARK: Asking

    mutating func opened(_ context: ScreenContext) -> [ScreenEffect] { ask(context) }
    mutating func rangeChanged(_ context: ScreenContext) -> [ScreenEffect] { ask(context) }

    private func ask(_ context: ScreenContext) -> [ScreenEffect] {
        var graph = ServiceGraphQuery()
        (graph.start, graph.end) = context.range.bounds(now: context.now)
        var activity = ActivityQuery()
        (activity.start, activity.end) = (graph.start, graph.end)
        activity.grouping = .service
        activity.kinds = [.server, .consumer]
        activity.quantiles = ServiceGraphQuery.defaultQuantiles
        return [
            .ask(.graph(graph)), .ask(.activity(activity)), .wake(slot: "again", after: Limits.graphInterval),
        ]
    }

    /// The range moves with the clock, so each round is a question of its own.
    mutating func woken(_ slot: String, _ context: ScreenContext) -> [ScreenEffect] { ask(context) }

    mutating func receive(
        _ answer: Result<Answer, ReadError>, for request: Request, _ context: ScreenContext
    ) -> [ScreenEffect] {
        switch answer {
        case .success(.graph(let graph)): (self.graph, failure) = (graph, nil)
        case .success(.activity(let series)): activity = series
        case .failure(let error):
            if case .graph = request { failure = error.reason } else { activity = activity ?? [] }
        default: return []
        }
        rebuild(context)
        return []
    }

    /// What was chosen stays chosen.
    private mutating func rebuild(_ context: ScreenContext) {
        guard let graph, let activity else { return }
        let chosenRow = rows.indices.contains(list.selection) ? key(rows[list.selection]) : nil
        let chosenNode = picture?.node(box)
        let model = GraphModel(graph, activity: activity)
        self.model = model
        let picture = GraphPicture(model, seconds: Self.seconds(context))
        self.picture = picture
        box =
            picture.layout.boxes.indices.first {
                let node = picture.node($0)
                return node?.name == chosenNode?.name && node?.connection == chosenNode?.connection
            } ?? picture.entrance
        updateRows(context, keeping: chosenRow)
    }

    private static func seconds(_ context: ScreenContext) -> Double? {
        let (start, end) = context.range.bounds(now: context.now)
        return start.map { Double($0.nanoseconds(until: end ?? context.now)) / 1e9 }
    }

    // MARK: Rows

    /// What makes a row the same in another answer.
    private func key(_ row: GraphModel.Row) -> [String] {
        switch row {
        case .service(let name): return [name]
        case .call(let place):
            guard let edge = model.map({ $0.graph.edges[place] }) else { return [] }
            return [edge.client, edge.server, edge.connection.rawValue]
        }
    }

    private mutating func updateRows(_ context: ScreenContext, keeping chosen: [String]? = nil) {
        rows = model?.rows(by: order, focus: focus) ?? []
        list.update(count: rows.count, visible: layout(context.body).rows.rows)
        if let chosen, let row = rows.firstIndex(where: { key($0) == chosen }) { list.select(row) }
    }

    private func layout(_ rect: Rect) -> (titles: Rect, rows: Rect, pane: Rect) {
        let (titles, rest) = rect.split(top: 1)
        let (rows, pane) = rest.split(bottom: isDrawn ? min(Limits.graphPaneRows, rest.rows / 3) : 0)
        return (titles, rows, pane)
    }

    // MARK: Keys

    static let keys: [KeyBinding] =
        ViewerKeys.lists + [
            .init("open-traces", ["enter"], hint: "traces", "Show the traces of this service or call"),
            .init("drawing", ["d", "v"], hint: "drawing", "Change between the table and the drawing"),
            .init("sort", ["s"], hint: "sort", "Sort by calls, errors or p95"),
            .init("focus", ["f"], hint: "focus", "Only this service, whom it calls and who calls it; again: all"),
            .init("left", ["left", "h"], "In the drawing: to the caller; in the table: to the service above"),
            .init("right", ["right", "l"], "In the drawing: to whom it calls; in the table: to the called service"),
            ViewerKeys.timeRange, ViewerKeys.refresh,
        ]

    mutating func perform(
        _ action: ActionName, argument: String, _ context: ScreenContext
    ) -> [ScreenEffect] {
        switch action {
        case "refresh": return ask(context)
        case "drawing":
            isDrawn.toggle()
            carryChoice(context)
        case "sort":
            let chosen = rows.indices.contains(list.selection) ? key(rows[list.selection]) : nil
            order = order.next
            updateRows(context, keeping: chosen)
            return [.notice(StyledText("sorted by " + order.rawValue, .faint))]
        case "focus":
            focus = focus == nil ? chosenService : nil
            updateRows(context)
            if let focus { go(to: focus) }
        case "open-traces": return openTraces()
        case "export": return export()
        default: move(action, context)
        }
        return []
    }

    private mutating func move(_ action: ActionName, _ context: ScreenContext) {
        updateRows(context)
        guard isDrawn, let picture else {
            if list.perform(action) { return }
            if action == "left", let service = rows[..<list.selection].lastIndex(where: \.isService) {
                list.select(service)
            }
            if action == "right", case .call(let place)? = chosenRow, let model {
                go(to: model.graph.edges[place].server)
            }
            return
        }
        let directions: [ActionName: Scatter.Direction] = ["up": .up, "down": .down, "left": .left, "right": .right]
        if let direction = directions[action] { box = picture.next(from: box, direction) }
        if action == "first" { box = 0 }
        if action == "last" { box = max(0, picture.layout.boxes.count - 1) }
        showBox(context)
    }

    private var chosenRow: GraphModel.Row? { rows.indices.contains(list.selection) ? rows[list.selection] : nil }

    private var chosenService: String? {
        if isDrawn { return picture?.node(box).flatMap { $0.connection == .request ? $0.name : nil } }
        switch chosenRow {
        case .service(let name): return name
        case .call(let place): return model?.graph.edges[place].client
        case nil: return nil
        }
    }

    /// Between table and drawing what is chosen stays chosen.
    private mutating func carryChoice(_ context: ScreenContext) {
        if isDrawn {
            let name: String? =
                switch chosenRow {
                case .service(let name)?: name
                case .call(let place)?: model?.graph.edges[place].server
                case nil: nil
                }
            box = picture?.layout.boxes.indices.first { picture?.node($0)?.name == name } ?? box
            showBox(context)
        } else if let name = picture?.node(box)?.name {
            updateRows(context)
            go(to: name)
        }
    }

    private mutating func go(to service: String) {
        if let row = rows.firstIndex(of: .service(service)) { list.select(row) }
    }

    private func openTraces() -> [ScreenEffect] {
        guard let model else { return [] }
        guard isDrawn else { return chosenRow.map { [.open(.traces(model.query($0)))] } ?? [] }
        guard let node = picture?.node(box) else { return [] }
        if node.connection == .request { return [.open(.traces(model.query(.service(node.name))))] }
        let busiest = model.graph.edges.indices.filter { model.graph.edges[$0].server == node.name }
            .max { model.graph.edges[$0].calls < model.graph.edges[$1].calls }
        return busiest.map { [.open(.traces(model.query(.call($0))))] } ?? []
    }

    private func export() -> [ScreenEffect] {
        graph.map { [.export(.graph($0))] } ?? [.notice(StyledText("there is nothing to write yet", .notice))]
    }

    mutating func back(_ context: ScreenContext) -> [ScreenEffect]? {
        guard focus != nil else { return nil }
        focus = nil
        updateRows(context)
        return []
    }

    // MARK: The window on the drawing

    /// Moves the window so that the chosen box is in it, as little as needed.
    private mutating func showBox(_ context: ScreenContext) {
        guard let picture, picture.layout.boxes.indices.contains(box) else { return }
        let room = layout(context.body).rows
        let rect = picture.layout.boxes[box].rect
        let size = picture.layout.size
        origin.column = Self.window(origin.column, room.columns, rect.column, rect.endColumn, size.columns)
        origin.row = Self.window(origin.row, room.rows, rect.row, rect.endRow, size.rows)
    }

    private static func window(_ start: Int, _ length: Int, _ first: Int, _ end: Int, _ whole: Int) -> Int {
        let margin = min(4, max(0, (length - (end - first)) / 2))
        let moved = min(max(start, end + margin - length), first - margin)
        return max(0, min(moved, whole - length))
    }

    mutating func receive(_ input: Input, _ context: ScreenContext) -> [ScreenEffect] {
        guard case .mouse(let press) = input else { return [] }
        updateRows(context)
        let layout = layout(context.body)
        guard isDrawn, let picture else {
            return list.receive(press, in: layout.rows) == .chosen ? openTraces() : []
        }
        guard layout.rows.contains(column: press.column, row: press.row) else { return [] }
        let (row, column) = (
            press.row - layout.rows.row + origin.row, press.column - layout.rows.column + origin.column
        )
        switch press.action {
        case .wheelDown:
            origin.row = max(0, min(origin.row + Limits.wheelRows, picture.layout.size.rows - layout.rows.rows))
        case .wheelUp: origin.row = max(0, origin.row - Limits.wheelRows)
        case .press:
            guard let pressed = picture.box(row: row, column: column) else { return [] }
            if pressed == box { return openTraces() }
            box = pressed
        case .release, .drag: break
        }
        return []
    }

    // MARK: Drawing

    func view(_ frame: inout Frame, in rect: Rect, _ context: ScreenContext) {
        if let failure { return Placard.draw(failure, .bad, on: &frame, in: rect) }
        guard let model, let picture else { return Placard.draw("counting calls …", on: &frame, in: rect) }
        guard !model.graph.nodes.isEmpty else {
            return Placard.draw("no span began in this time; t chooses another", on: &frame, in: rect)
        }
        if isDrawn {
            drawPicture(picture, on: &frame, in: rect, context)
        } else {
            drawTable(model, on: &frame, in: rect, context)
        }
    }

    private func drawTable(_ model: GraphModel, on frame: inout Frame, in rect: Rect, _ context: ScreenContext) {
        let layout = layout(rect)
        let table = GraphTable(
            model: model, hues: context.hues, width: rect.columns, seconds: Self.seconds(context),
            charset: context.charset)
        frame.fill(layout.titles, ground: .raised)
        frame.draw([table.titles(order)], in: layout.titles, ground: .raised)
        var list = list
        list.update(count: rows.count, visible: layout.rows.rows)
        frame.draw(list.rows.map { table.line(rows[$0]) }, in: layout.rows)
        list.drawSelection(on: &frame, in: layout.rows)
    }

    private func drawPicture(_ picture: GraphPicture, on frame: inout Frame, in rect: Rect, _ context: ScreenContext) {
        let layout = layout(rect)
        var head = StyledText("calls lead to the right", .faint)
        let size = picture.layout.size
        if size.columns > layout.rows.columns || size.rows > layout.rows.rows {
            head.append(" · larger than the screen: move with the arrow keys", .faint)
        }
        if picture.layout.omitted > 0 {
            head.append(" · the table has \(Quantity.count(picture.layout.omitted)) more", .notice)
        }
        frame.fill(layout.titles, ground: .raised)
        frame.draw([head], in: layout.titles, ground: .raised)
        // A picture smaller than the screen stands in its upper left corner.
        picture.draw(
            on: &frame, in: layout.rows, origin: origin, chosen: box, hues: context.hues, charset: context.charset)
        guard let node = picture.node(box), let model else { return }
        let table = GraphTable(
            model: model, hues: context.hues, width: rect.columns, seconds: Self.seconds(context),
            charset: context.charset)
        frame.drawPane(table.calls(of: node), from: 0, in: layout.pane, context.charset)
    }
}

extension GraphModel.Row {
    fileprivate var isService: Bool { if case .service = self { true } else { false } }
}
