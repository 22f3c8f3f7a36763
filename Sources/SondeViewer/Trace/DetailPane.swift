// SPDX-License-Identifier: Apache-2.0
// The pane below the rows: which of its lines are in sight, which one has the keys, what is looked for in it.

import SondeModel
import SondeTerminal

struct DetailPane: Sendable {
    /// Whether the keys go to the pane rather than to the rows.
    var hasKeys = false
    var wraps = true
    /// The line that has the keys, and the first in sight.
    private(set) var line = 0
    private(set) var top = 0
    /// What is looked for in the lines; empty for nothing.
    private(set) var word = ""

    /// Another span is told of.
    mutating func reset() { (line, top) = (0, 0) }

    mutating func move(by lines: Int, in count: Int, height: Int) { go(to: line + lines, in: count, height: height) }

    mutating func go(to place: Int, in count: Int, height: Int) {
        line = min(max(0, place), max(0, count - 1))
        top = min(max(top, line - max(1, height) + 1), line)
        top = max(0, min(top, count - height))
    }

    mutating func scroll(by lines: Int, in count: Int, height: Int) {
        top = max(0, min(top + lines, count - height))
        line = min(max(line, top), max(top, min(count, top + height) - 1))
    }

    /// To the first line of a section, which comes to stand on top; false if there is none.
    mutating func go(to section: DetailLine.Section, in lines: [DetailLine], height: Int) -> Bool {
        guard let place = lines.firstIndex(where: { $0.section == section }) else { return false }
        go(to: place, in: lines.count, height: height)
        top = max(0, min(place, lines.count - height))
        return true
    }

    // MARK: Looking for a word

    mutating func look(for word: String, in lines: [DetailLine], height: Int) {
        self.word = word
        guard !word.isEmpty, !matches(lines[safe: line]) else { return }
        _ = moveToMatch(forward: true, in: lines, height: height)
    }

    func matches(_ line: DetailLine?) -> Bool {
        guard let line, !word.isEmpty else { return false }
        let bytes = word.utf8.map(SpanSearch.lowercased)
        if SpanSearch.contains(line.text.text, bytes) { return true }
        // All of a value is looked through once, at its first line.
        return !line.isContinued && SpanSearch.contains(line.value, bytes)
    }

    mutating func moveToMatch(forward: Bool, in lines: [DetailLine], height: Int) -> Remark {
        guard !word.isEmpty else { return "nothing is looked for yet" }
        for step in 1...max(1, lines.count) {
            let place = (line + (forward ? step : lines.count - step)) % max(1, lines.count)
            if matches(lines[safe: place]) {
                go(to: place, in: lines.count, height: height)
                return nil
            }
        }
        return "\(word) does not occur in these details"
    }

    // MARK: Drawing

    func draw(_ lines: [DetailLine], title: StyledText, on frame: inout Frame, in rect: Rect) {
        guard rect.rows > 1 else { return }
        drawTitle(title, lines, on: &frame, in: rect)
        let body = rect.split(top: 1).rest
        for place in 0..<min(body.rows, max(0, lines.count - top)) {
            let line = lines[top + place]
            frame.draw(line.text, row: body.row + place, column: body.column + 1, limit: body.columns - 1)
            let row = Rect(column: body.column, row: body.row + place, columns: body.columns, rows: 1)
            if matches(line) { frame.recolour(row, ground: .matched) }
            if hasKeys, top + place == self.line {
                frame.recolour(row, ground: .selected)
                frame.put("▌", .strong, row: row.row, column: row.column)
            }
        }
    }

    private func drawTitle(_ title: StyledText, _ lines: [DetailLine], on frame: inout Frame, in rect: Rect) {
        frame.fill(Rect(column: rect.column, row: rect.row, columns: rect.columns, rows: 1), ground: .raised)
        let more = lines.count - top - (rect.rows - 1)
        var ending = StyledText(more > 0 ? "\(more) more below" : "", .faint)
        if hasKeys { ending = StyledText("Esc back to the rows  ↵ follow  Y copy  / find", .faint) }
        let room = max(0, rect.columns - ending.width - 3)
        frame.draw(title.truncated(to: room), row: rect.row, column: rect.column + 1, ground: .raised)
        frame.draw(ending, row: rect.row, column: rect.endColumn - ending.width - 1, ground: .raised)
    }
}

extension Array {
    /// Nil outside.
    subscript(safe place: Int) -> Element? { indices.contains(place) ? self[place] : nil }
}
