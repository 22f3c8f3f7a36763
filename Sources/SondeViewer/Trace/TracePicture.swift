// SPDX-License-Identifier: Apache-2.0
// The Trace screen drawn: facts and map, the axis of time, a row a span. Only what is in sight is looked at.

import SondeModel
import SondeTerminal

struct TracePicture {
    let explorer: TraceExplorer
    let layout: TraceLayout
    let hues: ServiceHues
    let zone: Zone
    let charset: Charset
    let map: Minimap?
    var isLive = false
    var isPinned = false

    private var model: TraceModel { explorer.model }
    private var scale: TimeScale { TimeScale(explorer.window, cells: layout.barColumns) }

    func draw(on frame: inout Frame) {
        drawFacts(on: &frame)
        drawMap(on: &frame)
        drawAxis(on: &frame)
        let scale = scale
        for (line, row) in explorer.visibleRows.prefix(layout.list.rows).enumerated() {
            draw(row, at: layout.list.row + line, scale, on: &frame)
        }
        drawCursor(on: &frame, scale)
    }

    func hue(of span: Int) -> Int { hues.number(model.service(of: span)) }

    // MARK: - Facts

    private func drawFacts(on frame: inout Frame) {
        let rect = layout.facts
        guard rect.rows > 0 else { return }
        let lines = factLines()
        for (place, line) in lines.prefix(rect.rows).enumerated() {
            frame.draw(
                line.truncated(to: rect.columns), row: rect.row + place, column: rect.column, limit: rect.columns)
        }
    }

    private func factLines() -> [StyledText] {
        let numbers = numbers()
        if layout.facts.rows == 1 { return [numbers] }
        let state = state()
        let time = StyledText(
            Moment.text(nanosecondsSince1970: model.origin.nanoseconds, zone: zone), .faint)
        guard layout.facts.rows > 3 else { return [heading(), numbers, state.isEmpty ? time : state] }
        return [heading(), numbers, time, state.isEmpty ? legend() : state]
    }

    /// What the trace is, by its root.
    private func heading() -> StyledText {
        guard let root = model.mainRoot else { return StyledText("no spans", .faint) }
        var line = StyledText(model.service(of: root), hues[model.service(of: root)])
        line.append(" " + Phrase.operation(Self.short(model.name(of: root))), .strong)
        return line
    }

    private func numbers() -> StyledText {
        var line = StyledText(Quantity.duration(nanoseconds: model.length), .strong)
        line.append(" · ", .faint)
        line.append(Quantity.counted(model.count, "span"))
        if model.errorCount > 0 {
            line.append(" · ", .faint)
            line.append("✗ " + Quantity.counted(model.errorCount, "error"), .bad)
        }
        line.append(" · ", .faint)
        line.append(Quantity.counted(model.services.count, "service"))
        return line
    }

    /// What is amiss with the picture itself, and whether it still grows.
    private func state() -> StyledText {
        var parts: [(String, Role)] = []
        if isLive { parts.append(("● live", .good)) }
        if isPinned { parts.append(("kept", .good)) }
        let missing = model.missing
        if missing.root, model.count > 0 { parts.append(("root missing", .notice)) }
        if missing.parents > 0 { parts.append((Quantity.counted(missing.parents, "missing parent"), .notice)) }
        if missing.unfinished > 0 { parts.append(("\(Quantity.count(missing.unfinished)) unfinished", .notice)) }
        if let insight = explorer.insight, insight.adjustedCount > 0 {
            let verb = model.isAdjusted ? "moved" : "skewed"
            parts.append(("\(Quantity.counted(insight.adjustedCount, "span")) \(verb)", .notice))
        }
        var line = StyledText()
        for (place, part) in parts.enumerated() {
            if place > 0 { line.append(" · ", .faint) }
            line.append(part.0, part.1)
        }
        return line
    }

    /// The services by their colours, those with most spans first.
    private func legend() -> StyledText {
        var line = StyledText()
        for service in model.services.indices.sorted(by: { model.spanCounts[$0] > model.spanCounts[$1] }) {
            if !line.isEmpty { line.append(" ") }
            line.append(drawn: "■ ", hues[model.services[service]])
            line.append(model.services[service], .faint)
        }
        return line
    }

    // MARK: - Map

    private func drawMap(on frame: inout Frame) {
        guard let map, layout.map.columns > 0 else { return }
        let whole = TimeScale(TimeWindow(whole: model.length), cells: map.columns)
        let columns = whole.cells(from: explorer.window.start, to: explorer.window.end)
        let rows = map.rows(of: explorer.visibleSpans)
        let showsPart = !explorer.window.isWhole || explorer.visibleRows.count < explorer.rows.count
        for row in 0..<map.rows {
            for column in 0..<map.columns {
                let cell = map[column, row]
                let isSeen = !showsPart || (columns.contains(column) && rows.contains(row))
                let ground: Ground = showsPart && isSeen ? .selected : .normal
                let scalar = Unicode.Scalar(0x2800 + UInt32(cell.dots)) ?? " "
                frame.put(
                    cell.dots == 0 ? " " : scalar, role(cell, isSeen), row: layout.map.row + row,
                    column: layout.map.column + column, ground: ground)
            }
        }
    }

    private func role(_ cell: Minimap.Cell, _ isSeen: Bool) -> Role {
        if cell.hasError { return .bad }
        guard let service = cell.service else { return .faint }
        let number = hues.number(model.services[service])
        return isSeen ? .hue(number) : .tint(number)
    }

    // MARK: - Axis

    private func drawAxis(on frame: inout Frame) {
        let row = layout.axis.row
        guard layout.axis.rows > 0 else { return }
        frame.fill(layout.axis, ground: .raised)
        var title = StyledText("span", .heading)
        if let find = findText() {
            title.append("  ")
            title.append(find)
        }
        frame.draw(
            title.truncated(to: layout.nameColumns - Self.gutterAndOne), row: row,
            column: layout.axis.column + TraceLayout.gutter,
            limit: layout.nameColumns - TraceLayout.gutter, ground: .raised)
        if layout.durationColumns > 0 {
            frame.draw(
                StyledText("duration", .heading).fitted(to: layout.durationColumns, alignment: .right), row: row,
                column: layout.durationColumn, ground: .raised)
        }
        var end = layout.barColumn
        for tick in TimeTicks(explorer.window, cells: layout.barColumns).ticks {
            guard let cell = scale.cell(of: tick.moment) else { continue }
            let column = layout.barColumn + cell
            guard column >= end, column + tick.label.count <= layout.bars.upperBound else { continue }
            end = frame.draw(tick.label, .heading, row: row, column: column, ground: .raised) + 1
        }
        if !explorer.window.isWhole { drawEdges(on: &frame, row) }
    }

    private static let gutterAndOne = TraceLayout.gutter + 1

    /// There is more to the left, or to the right.
    private func drawEdges(on frame: inout Frame, _ row: Int) {
        if explorer.window.start > 0 {
            frame.put("◂", .notice, row: row, column: layout.barColumn - 1, ground: .raised)
        }
        if explorer.window.end < explorer.window.whole {
            frame.put("▸", .notice, row: row, column: layout.bars.upperBound - 1, ground: .raised)
        }
    }

    private func findText() -> StyledText? {
        guard let search = explorer.find.search else { return nil }
        guard !explorer.find.isPending else { return StyledText("looking for " + search.text + " …", .faint) }
        let count = explorer.find.matches.count
        let place = explorer.matchPlace.map { "\($0)/" } ?? ""
        return StyledText("\(place)\(Quantity.count(count)) × " + search.text, count > 0 ? .notice : .bad)
    }

    // MARK: - The moment that is read

    private func drawCursor(on frame: inout Frame, _ scale: TimeScale) {
        guard let cursor = explorer.cursor, let cell = scale.cell(of: cursor) else { return }
        let column = layout.barColumn + cell
        frame.put("▼", .notice, row: layout.axis.row, column: column, ground: .raised)
        for row in layout.list.row..<layout.list.row + min(layout.list.rows, explorer.visibleRows.count) {
            let ground = frame.ground(row: row, column: column) ?? .normal
            let isFree = !ground.isDrawn && frame.character(row: row, column: column) == " "
            if isFree { frame.put("│", .notice, row: row, column: column) }
        }
    }

    /// A name of which nobody reads the end: some are whole statements.
    static func short(_ name: String) -> String {
        name.utf8.count > Limits.nameBytes ? String(name.prefix(Limits.nameBytes)) : name
    }
}

// MARK: - Rows

extension TracePicture {
    private func draw(_ row: Int, at line: Int, _ scale: TimeScale, on frame: inout Frame) {
        let content = explorer.rows[row].content
        let isSelected = row == explorer.selectedRow
        drawGutter(row, content, isSelected, line, on: &frame)
        let names = RowNames(explorer: explorer, hues: hues, width: layout.nameColumns - TraceLayout.gutter)
        frame.draw(
            names.text(of: row), row: line, column: layout.list.column + TraceLayout.gutter,
            limit: layout.nameColumns - TraceLayout.gutter)
        if layout.durationColumns > 0 {
            frame.draw(
                duration(content).fitted(to: layout.durationColumns, alignment: .right), row: line,
                column: layout.durationColumn)
        }
        BarPicture(picture: self, scale: scale, line: line).draw(content, on: &frame)
        if isSelected {
            frame.recolour(
                Rect(column: layout.list.column, row: line, columns: layout.list.columns, rows: 1), ground: .selected)
        }
    }

    /// Where we are; what is marked, what has failed, what decides.
    private func drawGutter(
        _ row: Int, _ content: RowList.Content, _ isSelected: Bool, _ line: Int, on frame: inout Frame
    ) {
        let column = layout.list.column
        if isSelected { frame.put(charset == .unicode ? "▌" : ">", .strong, row: line, column: column) }
        switch content {
        case .span(let span):
            if explorer.marks.contains(span) { frame.put("●", .notice, row: line, column: column) }
            let flags = model.flags[span]
            if flags.contains(.error) {
                frame.put("E", .bad, row: line, column: column + 1)
            } else if explorer.showsPath, explorer.insight?.isOnPath(span) == true {
                frame.put("◆", .notice, row: line, column: column + 1)
            } else if flags.contains(.errorBelow), explorer.isClosed(row) {
                frame.put("e", .bad, row: line, column: column + 1)
            }
        case .repeats(let group):
            if model.repeats.groups[group].errorCount > 0 {
                frame.put("e", .bad, row: line, column: column + 1)
            } else if explorer.showsPath, isOnPath(group) {
                frame.put("◆", .notice, row: line, column: column + 1)
            }
        case .missingParent: frame.put("?", .notice, row: line, column: column + 1)
        }
    }

    private func duration(_ content: RowList.Content) -> StyledText {
        switch content {
        case .span(let span):
            if model.flags[span].contains(.unfinished) { return StyledText("…", .notice) }
            let role: Role = model.flags[span].contains(.error) ? .bad : isPale(span) ? .faint : .plain
            return StyledText(Quantity.duration(nanoseconds: model.durations[span]), role)
        case .repeats(let group):
            // A narrow column of names has no room for it.
            let isNarrow = layout.nameColumns < Limits.columnsForMedian
            let repetition = model.repeats.groups[group]
            return isNarrow
                ? StyledText("~" + Quantity.duration(nanoseconds: repetition.p50))
                : StyledText("Σ" + Quantity.duration(nanoseconds: repetition.total))
        case .missingParent: return StyledText()
        }
    }

    private func isOnPath(_ group: Int) -> Bool {
        guard let insight = explorer.insight else { return false }
        return model.repeats.members(of: group).contains { insight.isOnPath(Int($0)) }
    }

    /// Whether the critical path is shown and leaves the span out.
    func isPale(_ span: Int) -> Bool { explorer.showsPath && explorer.insight?.isOnPath(span) == false }
}

extension TraceExplorer {
    /// Whether what hangs from a row is hidden.
    func isClosed(_ row: Int) -> Bool {
        switch rows[row].content {
        case .span(let span):
            model.hasChildren(span) && !(row + 1 < rows.count && rows[row + 1].parent == Int32(row))
        case .repeats: !(row + 1 < rows.count && rows[row + 1].parent == Int32(row))
        case .missingParent: false
        }
    }
}

extension ServiceHues {
    /// The number of a service's hue, for grounds.
    func number(_ service: String) -> Int {
        if case .hue(let number) = self[service] { number } else { 0 }
    }
}
