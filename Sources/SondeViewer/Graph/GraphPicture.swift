// SPDX-License-Identifier: Apache-2.0
// The graph drawn: boxes with a name and two numbers, lines with arrow heads. What fails is red; what belongs to the
// chosen box stands out. A picture larger than the screen is looked at through a window.

import SondeModel
import SondeTerminal

struct GraphPicture: Sendable {
    let model: GraphModel
    let layout: GraphLayout
    /// The numbers in each box.
    private let labels: [StyledText]
    private let failing: [Bool]

    /// - Parameter seconds: the time over which calls were counted; nil shows their number.
    init(_ model: GraphModel, seconds: Double?) {
        self.model = model
        let graph = model.graph
        labels = graph.nodes.map { node in
            let numbers = node.connection == .request ? model.numbers(of: node.name) : model.numbers(ofFarEnd: node)
            var label = StyledText(Rate.text(numbers.calls, seconds: seconds), .plain)
            label.append("  ")
            label.append(Phrase.share(numbers.errors, of: numbers.calls))
            if let p95 = numbers.p95 { label.append("  " + Quantity.duration(nanoseconds: p95), .faint) }
            return label
        }
        let widths = zip(graph.nodes, labels).map { node, label in
            min(Limits.graphBoxCells, max(label.width, Self.name(node, .plain).width + 2)) + 2
        }
        layout = GraphLayout(graph, widths: widths)
        let worst = Dictionary(grouping: graph.edges) { [$0.client, $0.server] }
        failing = layout.lines.map { [layout] line in
            let names = [graph.nodes[layout.boxes[line.from].node].name, graph.nodes[layout.boxes[line.to].node].name]
            return (worst[names] ?? []).contains {
                $0.errors > 0 && Double($0.errors) >= Limits.failingShare * Double($0.calls)
            }
        }
    }

    private static func name(_ node: ServiceGraph.Node, _ role: Role) -> StyledText {
        var name = StyledText()
        if node.connection != .request { name.append("[\(GraphDrawing.word(node.connection))] ", .faint) }
        name.append(node.name, role)
        return name
    }

    // MARK: Choosing

    /// Where most work enters: what is looked at first.
    var entrance: Int {
        layout.boxes.indices.max { (node($0)?.entries ?? 0, $1) < (node($1)?.entries ?? 0, $0) } ?? 0
    }

    /// The box nearest in a direction; the same if there is none.
    func next(from box: Int, _ direction: Scatter.Direction) -> Int {
        guard layout.boxes.indices.contains(box) else { return 0 }
        let own = layout.boxes[box]
        let distance = { (other: GraphLayout.Box) in abs(other.rect.row - own.rect.row) }
        switch direction {
        case .up, .down:
            let others = layout.boxes.indices.filter {
                layout.boxes[$0].layer == own.layer
                    && (direction == .up
                        ? layout.boxes[$0].rect.row < own.rect.row : layout.boxes[$0].rect.row > own.rect.row)
            }
            return others.min { distance(layout.boxes[$0]) < distance(layout.boxes[$1]) } ?? box
        case .left, .right:
            // Along a line if there is one, else to what stands nearest in the layer beside.
            let linked = layout.lines.compactMap { $0.from == box ? $0.to : $0.to == box ? $0.from : nil }
            let isBeyond = { (other: Int) in
                direction == .left ? layout.boxes[other].layer < own.layer : layout.boxes[other].layer > own.layer
            }
            let reachable = linked.filter(isBeyond)
            let others = reachable.isEmpty ? layout.boxes.indices.filter(isBeyond) : reachable
            return others.min {
                let (a, b) = (layout.boxes[$0], layout.boxes[$1])
                return (abs(a.layer - own.layer), distance(a)) < (abs(b.layer - own.layer), distance(b))
            } ?? box
        }
    }

    func box(row: Int, column: Int) -> Int? {
        layout.boxes.firstIndex { $0.rect.contains(column: column, row: row) }
    }

    func node(_ box: Int) -> ServiceGraph.Node? {
        layout.boxes.indices.contains(box) ? model.graph.nodes[layout.boxes[box].node] : nil
    }

    // MARK: Drawing

    /// Draws the part of the picture whose upper left corner is `origin`.
    func draw(
        on frame: inout Frame, in rect: Rect, origin: (row: Int, column: Int), chosen: Int, hues: ServiceHues,
        charset: Charset
    ) {
        var pen = Pen(rect: rect, origin: origin)
        drawLines(&pen, &frame, chosen, charset)
        for (number, box) in layout.boxes.enumerated() { draw(box, number == chosen, hues, &pen, &frame, charset) }
    }

    /// Where the picture lies on the screen.
    private struct Pen {
        let rect: Rect
        let origin: (row: Int, column: Int)

        func put(
            _ scalar: Unicode.Scalar, _ role: Role, row: Int, column: Int, _ ground: Ground?, on frame: inout Frame
        ) {
            let (row, column) = (rect.row + row - origin.row, rect.column + column - origin.column)
            if rect.contains(column: column, row: row) {
                frame.put(scalar, role, row: row, column: column, ground: ground)
            }
        }

        func draw(_ text: StyledText, row: Int, column: Int, _ ground: Ground?, on frame: inout Frame) {
            let (row, column) = (rect.row + row - origin.row, rect.column + column - origin.column)
            guard row >= rect.row, row < rect.endRow, column < rect.endColumn else { return }
            let hidden = max(0, rect.column - column)
            let shown = hidden > 0 ? text.split(atWidth: hidden).tail : text
            frame.draw(
                shown, row: row, column: column + hidden, limit: rect.endColumn - column - hidden, ground: ground)
        }
    }

    /// The chosen box's lines come last: where lines cross, theirs are seen.
    private func drawLines(_ pen: inout Pen, _ frame: inout Frame, _ chosen: Int, _ charset: Charset) {
        var sides: [[Int]: UInt8] = [:]
        let order = layout.lines.indices.sorted { rank($0, chosen) < rank($1, chosen) }
        for line in order {
            for cell in layout.lines[line].cells { sides[[cell.row, cell.column], default: 0] |= cell.sides }
        }
        for number in order {
            let line = layout.lines[number]
            let role = role(number, chosen)
            for cell in line.cells {
                let glyph = Glyphs.line(sides[[cell.row, cell.column]] ?? cell.sides, charset)
                pen.put(glyph, role, row: cell.row, column: cell.column, nil, on: &frame)
            }
        }
        for number in order {
            let head = layout.lines[number].head
            pen.put(
                Glyphs.head(pointsRight: head.pointsRight, charset), role(number, chosen), row: head.row,
                column: head.column, nil, on: &frame)
        }
    }

    private func isOf(_ line: Int, _ chosen: Int) -> Bool {
        layout.lines[line].from == chosen || layout.lines[line].to == chosen
    }

    private func rank(_ line: Int, _ chosen: Int) -> Int { (isOf(line, chosen) ? 2 : 0) + (failing[line] ? 1 : 0) }

    private func role(_ line: Int, _ chosen: Int) -> Role {
        failing[line] ? .bad : isOf(line, chosen) ? .strong : .faint
    }

    private func draw(
        _ box: GraphLayout.Box, _ isChosen: Bool, _ hues: ServiceHues, _ pen: inout Pen, _ frame: inout Frame,
        _ charset: Charset
    ) {
        let node = model.graph.nodes[box.node]
        let rect = box.rect
        let hue = hues[node.name]
        let border: Role = isChosen ? .strong : node.connection == .request ? hue : .faint
        let ground: Ground? = isChosen ? .selected : nil
        for row in rect.row..<rect.endRow {
            for column in rect.column..<rect.endColumn {
                let glyph = Glyphs.border(
                    top: row == rect.row, bottom: row == rect.endRow - 1, left: column == rect.column,
                    right: column == rect.endColumn - 1, charset)
                pen.put(glyph, border, row: row, column: column, ground, on: &frame)
            }
        }
        var name = StyledText(" ")
        name.append(Self.name(node, hue))
        if box.isOwnCaller { name.append(drawn: charset == .unicode ? " ↻" : " *", .faint) }
        name.append(" ")
        pen.draw(name.truncated(to: rect.columns - 2), row: rect.row, column: rect.column + 1, ground, on: &frame)
        pen.draw(
            labels[box.node].truncated(to: rect.columns - 4), row: rect.row + 1, column: rect.column + 2, ground,
            on: &frame)
    }
}

extension Glyphs {
    /// The line that goes on to so many sides (see ``GraphLayout``).
    static func line(_ sides: UInt8, _ charset: Charset) -> Unicode.Scalar {
        charset == .unicode ? lines[Int(sides & 15)] : asciiLines[Int(sides & 15)]
    }

    static func head(pointsRight: Bool, _ charset: Charset) -> Unicode.Scalar {
        charset == .unicode ? (pointsRight ? "▶" : "◀") : (pointsRight ? ">" : "<")
    }

    /// A cell of a box: its border, or blank within.
    static func border(top: Bool, bottom: Bool, left: Bool, right: Bool, _ charset: Charset) -> Unicode.Scalar {
        let (up, down) = (!top && (left || right), !bottom && (left || right))
        let (west, east) = (!left && (top || bottom), !right && (top || bottom))
        let sides =
            (up ? GraphLayout.up : 0) | (down ? GraphLayout.down : 0) | (west ? GraphLayout.left : 0)
            | (east ? GraphLayout.right : 0)
        return line(sides, charset)
    }

    private static let lines: [Unicode.Scalar] = [
        " ", "╵", "╷", "│", "╴", "┘", "┐", "┤", "╶", "└", "┌", "├", "─", "┴", "┬", "┼",
    ]
    private static let asciiLines: [Unicode.Scalar] = [
        " ", "|", "|", "|", "-", "+", "+", "+", "-", "+", "+", "+", "-", "+", "+", "+",
    ]
}
