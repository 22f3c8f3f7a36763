// SPDX-License-Identifier: Apache-2.0
// Typing into the search, and the mouse: the wheel scrolls rows and, with Ctrl or over the axis, zooms; dragging moves
// time, chooses a stretch of it on the map, or widens the names.

import SondeModel
import SondeStorage
package import SondeTerminal

extension TraceScreen {
    package mutating func receive(_ input: Input, _ context: ScreenContext) -> [ScreenEffect] {
        defer { layOut(context) }
        switch input {
        case .key, .paste:
            guard typing != nil else { return [] }
            return receive(typed: input, context)
        case .mouse(let press): return receive(press, context)
        default: return []
        }
    }

    // MARK: Typing

    private mutating func receive(typed input: Input, _ context: ScreenContext) -> [ScreenEffect] {
        guard var typing else { return [] }
        if case .key(let press) = input {
            switch press.key {
            case .escape:
                self.typing = nil
                return typing.place == .find ? find("") : look("", context)
            case .enter:
                self.typing = nil
                let text = typing.field.commit()
                if typing.place == .find { findHistory = typing.field.history }
                return typing.place == .find ? find(text) : look(text, context)
            default: break
            }
        }
        let before = typing.field.text
        guard typing.field.receive(input) else { return [] }
        self.typing = typing
        guard typing.field.text != before else { return [] }
        return typing.place == .find ? find(typing.field.text) : look(typing.field.text, context)
    }

    private mutating func look(_ word: String, _ context: ScreenContext) -> [ScreenEffect] {
        let (lines, height) = paneLines(context)
        pane?.look(for: word, in: lines, height: height)
        return []
    }

    // MARK: Mouse

    /// What is held.
    enum Drag: Hashable, Sendable {
        /// Time, by the moment that was seized.
        case time(column: Int, start: UInt64)
        /// A stretch of the map, from a moment on.
        case stretch(from: UInt64)
        /// The edge between names and bars.
        case edge
    }

    private mutating func receive(_ press: MousePress, _ context: ScreenContext) -> [ScreenEffect] {
        guard explorer != nil else { return [] }
        let layout = layout(context)
        switch press.action {
        case .wheelUp: turn(-1, press, layout, context)
        case .wheelDown: turn(1, press, layout, context)
        case .press: return seize(press, layout, context)
        case .drag: pull(press, layout)
        case .release: drag = nil
        }
        return []
    }

    private mutating func turn(_ steps: Int, _ press: MousePress, _ layout: TraceLayout, _ context: ScreenContext) {
        let isOverBars = layout.bars.contains(press.column)
        if layout.pane.contains(column: press.column, row: press.row) {
            let (lines, height) = paneLines(context)
            pane?.scroll(by: steps * Limits.wheelRows, in: lines.count, height: height)
        } else if press.shift {
            explorer?.window.pan(by: Double(steps) * Limits.panStep)
        } else if isOverBars, press.control || !layout.list.contains(column: press.column, row: press.row) {
            let scale = TimeScale(explorer?.window ?? TimeWindow(whole: 1), cells: layout.barColumns)
            let factor = steps < 0 ? 1 / Limits.zoomStep : Limits.zoomStep
            explorer?.window.zoom(by: factor, around: scale.moment(at: press.column - layout.barColumn))
        } else {
            let before = explorer?.selected
            explorer?.scroll(by: steps * Limits.wheelRows)
            if explorer?.selected != before { pane?.reset() }
        }
    }

    private mutating func seize(
        _ press: MousePress, _ layout: TraceLayout, _ context: ScreenContext
    ) -> [ScreenEffect] {
        guard press.button == 0, let explorer else { return [] }
        if layout.map.contains(column: press.column, row: press.row) {
            let whole = TimeScale(TimeWindow(whole: explorer.model.length), cells: layout.map.columns)
            drag = .stretch(from: whole.edge(at: press.column - layout.map.column))
            if let map { self.explorer?.select(span: map.span(at: press.row - layout.map.row)) }
            return []
        }
        if layout.pane.contains(column: press.column, row: press.row) { return seizePane(press, layout, context) }
        if press.column == layout.barColumn - 1 {
            drag = .edge
            return []
        }
        if layout.bars.contains(press.column) {
            let scale = TimeScale(explorer.window, cells: layout.barColumns)
            drag = .time(column: press.column, start: explorer.window.start)
            self.explorer?.cursor = scale.moment(at: press.column - layout.barColumn)
        }
        seizeRow(press, layout)
        return []
    }

    /// Selects; on the fold mark or again on the same row, opens and closes.
    private mutating func seizeRow(_ press: MousePress, _ layout: TraceLayout) {
        guard let explorer, layout.list.contains(column: press.column, row: press.row) else { return }
        let row = explorer.top + press.row - layout.list.row
        guard row < explorer.rows.count else { return }
        let isAgain = row == explorer.selectedRow
        self.explorer?.select(row: row)
        if isAgain, press.column < layout.durationColumn { _ = self.explorer?.toggleFold() }
        if !isAgain { pane?.reset() }
    }

    private mutating func seizePane(
        _ press: MousePress, _ layout: TraceLayout, _ context: ScreenContext
    ) -> [ScreenEffect] {
        let (lines, height) = paneLines(context)
        guard let pane, press.row > layout.pane.row else { return [] }
        self.pane?.hasKeys = true
        self.pane?.go(to: pane.top + press.row - layout.pane.row - 1, in: lines.count, height: height)
        return []
    }

    private mutating func pull(_ press: MousePress, _ layout: TraceLayout) {
        guard let explorer, let drag else { return }
        switch drag {
        case .edge:
            nameColumns = max(Limits.leastNameColumns, layout.nameColumns + press.column - (layout.barColumn - 1))
        case .stretch(let start):
            let whole = TimeScale(TimeWindow(whole: explorer.model.length), cells: layout.map.columns)
            let end = whole.edge(at: press.column - layout.map.column + 1)
            self.explorer?.window.show(from: start, to: end)
        case .time(let column, let start):
            let perCell = Double(explorer.window.length) / Double(max(1, layout.barColumns))
            let distance = UInt64(clamped: Double(abs(press.column - column)) * perCell)
            let isLater = press.column < column
            self.explorer?.window.move(
                to: isLater ? start + min(distance, explorer.window.whole - start) : start - min(start, distance))
        }
    }
}
