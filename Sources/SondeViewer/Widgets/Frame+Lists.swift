// SPDX-License-Identifier: Apache-2.0
// What screens with lists have in common: the mouse in a list, the row that is selected, a pane below, a sentence where
// there is nothing to show.

import SondeTerminal

extension ListState {
    /// What a press of the mouse did.
    enum Press: Hashable, Sendable {
        case nothing
        /// Another row is selected, or other rows are in sight.
        case moved
        /// The row that was selected already was pressed once more.
        case chosen
    }

    mutating func receive(_ press: MousePress, in rect: Rect) -> Press {
        guard rect.contains(column: press.column, row: press.row) else { return .nothing }
        switch press.action {
        case .wheelDown: scroll(by: Limits.wheelRows)
        case .wheelUp: scroll(by: -Limits.wheelRows)
        case .press where press.button == 0:
            guard let row = row(atVisible: press.row - rect.row) else { return .nothing }
            guard row != selection else { return .chosen }
            select(row)
        default: return .nothing
        }
        return .moved
    }

    /// The ground of the selected row.
    func drawSelection(on frame: inout Frame, in rect: Rect) {
        guard rows.contains(selection) else { return }
        frame.recolour(
            Rect(column: rect.column, row: rect.row + selection - top, columns: rect.columns, rows: 1),
            ground: .selected)
    }
}

extension Frame {
    /// Draws a line a row, as far as both reach.
    mutating func draw(_ lines: [StyledText], in rect: Rect, ground: Ground? = nil) {
        for (place, line) in lines.prefix(rect.rows).enumerated() {
            draw(line, row: rect.row + place, column: rect.column, limit: rect.columns, ground: ground)
        }
    }

    /// A pane under a rule that says whether there is more of it.
    mutating func drawPane(_ lines: [StyledText], from top: Int, in rect: Rect, _ charset: Charset) {
        guard rect.rows > 1 else { return }
        let (rule, body) = rect.split(top: 1)
        for column in rule.column..<rule.endColumn {
            put(Glyphs.horizontal(charset), .faint, row: rule.row, column: column)
        }
        let top = max(0, min(top, lines.count - body.rows))
        let below = lines.count - top - body.rows
        if below > 0 || top > 0 {
            let text =
                " " + (top > 0 ? "\(top) above" : "") + (top > 0 && below > 0 ? ", " : "")
                + (below > 0 ? "\(below) below" : "") + " "
            draw(text, .faint, row: rule.row, column: max(rule.column, rule.endColumn - text.utf8.count - 2))
        }
        fill(body)
        draw(Array(lines[top...]), in: body)
    }
}

/// A sentence in place of a picture.
enum Placard {
    static func draw(_ text: String, _ role: Role = .faint, on frame: inout Frame, in rect: Rect) {
        let lines = StyledText(text, role).wrapped(to: max(1, rect.columns - 4))
        let middle = rect.centred(Size(columns: lines.map(\.width).max() ?? 0, rows: lines.count))
        frame.draw(lines, in: middle)
    }
}
