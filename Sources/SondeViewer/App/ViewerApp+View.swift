// SPDX-License-Identifier: Apache-2.0
// The picture: tabs and breadcrumbs on top, the screen, what went wrong, and the hint line at the foot.

import SondeModel
package import SondeTerminal

extension ViewerApp {
    package func view(_ frame: inout Frame) {
        guard isLargeEnough else { return drawTooSmall(on: &frame) }
        let layout = layout
        if let current { current.screen.view(&frame, in: layout.body, context) }
        for (place, line) in troubleLines.prefix(layout.trouble.rows).enumerated() {
            let rect = layout.trouble.row(place)
            frame.fill(rect, ground: .raised)
            frame.draw(line, row: rect.row, column: 1, limit: rect.columns - 1, ground: .raised)
        }
        drawTop(on: &frame, in: layout.top)
        drawBottom(on: &frame, in: layout.bottom)
        drawOverlay(on: &frame, over: layout.middle)
    }

    /// Which part of the picture belongs to whom.
    var layout: (top: Rect, body: Rect, trouble: Rect, middle: Rect, bottom: Rect) {
        let (top, rest) = Rect(size).split(top: 1)
        let (middle, bottom) = rest.split(bottom: 1)
        let (body, trouble) = middle.split(bottom: min(troubleLines.count, middle.rows / 2))
        return (top, body, trouble, middle, bottom)
    }

    private func drawTooSmall(on frame: inout Frame) {
        let sentence =
            "sonde view needs \(Limits.minScreenColumns)×\(Limits.minScreenRows) cells; this is "
            + "\(size.columns)×\(size.rows). q quits."
        for (row, line) in StyledText(sentence).wrapped(to: max(1, size.columns)).prefix(size.rows).enumerated() {
            frame.draw(line, row: row)
        }
    }

    // MARK: The top line

    private var tabLabels: [String] {
        TabName.allCases.enumerated().map { "\($0 + 1) \($1.rawValue)" }
    }

    /// Where the tabs stand on the top line, for the mouse.
    var tabRanges: [Range<Int>] {
        var column = 1
        return tabLabels.map { label in
            defer { column += label.utf8.count + 2 }
            return column - 1..<column + label.utf8.count + 1
        }
    }

    private func drawTop(on frame: inout Frame, in rect: Rect) {
        frame.fill(rect, ground: .raised)
        for (place, label) in tabLabels.enumerated() {
            let column = tabRanges[place].lowerBound
            let isCurrent = place == tabIndex
            frame.draw(
                " " + label + " ", isCurrent ? .strong : .faint, row: rect.row, column: column,
                ground: isCurrent ? .selected : .raised)
        }
        let range = StyledText(RangeText.text(self.range, zone: settings.zone), .faint)
        let end = rect.columns - 1
        let start = (tabRanges.last?.upperBound ?? 0) + 1
        let rangeColumn = max(start, end - range.width)
        frame.draw(range, row: rect.row, column: rangeColumn, limit: max(0, end - rangeColumn), ground: .raised)
        let crumbs = crumbs
        frame.draw(
            crumbs.truncated(to: max(0, rangeColumn - start - 1)), row: rect.row, column: start,
            limit: max(0, rangeColumn - start - 1), ground: .raised)
    }

    /// The screens that lead to this one, without the root, which the tab names.
    private var crumbs: StyledText {
        var line = StyledText()
        for open in tabs[tabIndex].stack.dropFirst() {
            line.append("› ", .faint)
            line.append(open.screen.title)
            line.append(" ")
        }
        return line
    }

    // MARK: The lines at the foot

    private var troubleLines: [StyledText] {
        guard let outage else { return [] }
        let text = "✗ \(outage.reason) · trying again every second"
        return StyledText(text, .bad).wrapped(to: max(1, size.columns - 2))
    }

    private func drawBottom(on frame: inout Frame, in rect: Rect) {
        frame.fill(rect, ground: .raised)
        if case .command(let line) = overlay {
            frame.draw(":", .strong, row: rect.row, column: 0, ground: .raised)
            line.field.draw(on: &frame, row: rect.row, column: 1, width: rect.columns - 1, ground: .raised)
            return
        }
        let line = notice ?? hints
        frame.draw(
            line.truncated(to: rect.columns - 2), row: rect.row, column: 1, limit: rect.columns - 2, ground: .raised)
    }

    /// `Enter open  / query  ? help  q quit`: as many whole hints as fit; those for everywhere keep their place.
    private var hints: StyledText {
        guard let current else { return StyledText() }
        let everywhere = Set(ViewerKeys.everywhere.map(\.action))
        let rows = current.map.rows.filter { $0.hint != nil && !$0.keys.isEmpty }
        let shared = rows.filter { everywhere.contains($0.action) }.map(Self.hint)
        var room = size.columns - 2 - shared.reduce(0) { $0 + $1.width + 2 }
        var line = StyledText()
        for row in rows where !everywhere.contains(row.action) {
            let hint = Self.hint(row)
            guard hint.width + 2 <= room else { break }
            room -= hint.width + 2
            line.append(hint)
            line.append("  ")
        }
        for hint in shared {
            line.append(hint)
            line.append("  ")
        }
        return line
    }

    private static func hint(_ row: KeyBinding) -> StyledText {
        var hint = StyledText(KeyName.shown(row.keys.first ?? ""), .strong)
        hint.append(" " + (row.hint ?? ""), .faint)
        return hint
    }

    // MARK: Overlays

    /// The lines of `?` for the screen in sight.
    var helpRows: [StyledText] {
        guard let current else { return [] }
        return HelpOverlay.rows(
            current.map, screen: current.screen.title.text, everywhere: Set(ViewerKeys.everywhere.map(\.action)),
            columns: size.columns - 4)
    }

    private func drawOverlay(on frame: inout Frame, over rect: Rect) {
        switch overlay {
        case nil: return
        case .help(let help): help.draw(helpRows, on: &frame, in: rect)
        case .range(let picker):
            let panel = rect.centred(Size(columns: 60, rows: RangePicker.rows))
            picker.draw(on: &frame, in: panel, zone: settings.zone)
        case .command(let line):
            let candidates = line.candidates(commands).prefix(max(0, min(rect.rows, Limits.commandCandidates)))
            let panel = Rect(
                column: 0, row: rect.endRow - candidates.count, columns: min(30, rect.columns), rows: candidates.count)
            frame.fill(panel, ground: .raised)
            for (place, name) in candidates.enumerated() {
                frame.draw(name, row: panel.row + place, column: 1, limit: panel.columns - 1, ground: .raised)
            }
        }
    }
}

extension Rect {
    /// One of its rows.
    func row(_ place: Int) -> Rect { Rect(column: column, row: row + place, columns: columns, rows: 1) }
}
