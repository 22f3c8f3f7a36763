// SPDX-License-Identifier: Apache-2.0
// `?`: the keys of this screen and those that work everywhere, made from the key map.

import SondeTerminal

struct HelpOverlay: Hashable, Sendable {
    private(set) var top = 0

    /// - Returns: whether it stays open.
    mutating func receive(_ input: Input, rows: Int, height: Int) -> Bool {
        let page = max(1, height - 4)
        var step = 0
        switch input {
        case .key(let press):
            switch press.key {
            case .down, .character("j"): step = 1
            case .up, .character("k"): step = -1
            case .pageDown, .character(" "): step = page
            case .pageUp: step = -page
            case .home, .character("g"): step = -top
            case .end, .character("G"): step = rows
            default: return false
            }
        case .mouse(let press):
            switch press.action {
            case .wheelDown: step = 3
            case .wheelUp: step = -3
            case .press: return false
            default: break
            }
        default: break
        }
        top = min(max(0, top + step), max(0, rows - page))
        return true
    }

    /// A heading, then a line for each row of the map.
    static func rows(
        _ map: KeyMap, screen: String, everywhere: Set<ActionName>, columns: Int
    ) -> [StyledText] {
        let own = map.rows.filter { !everywhere.contains($0.action) }
        let shared = map.rows.filter { everywhere.contains($0.action) }
        let width = min(Limits.helpKeyCells, (own + shared).map { keys($0).width }.max() ?? 0)
        var rows =
            own.isEmpty
            ? [] : [StyledText(screen, .heading)] + own.flatMap { lines($0, width, columns) } + [StyledText()]
        rows += [StyledText("everywhere", .heading)] + shared.flatMap { lines($0, width, columns) }
        return rows
    }

    private static func keys(_ row: KeyBinding) -> StyledText {
        var text = StyledText()
        for (place, key) in (row.keys + row.aliases).enumerated() {
            if place > 0 { text.append(" ", .faint) }
            text.append(KeyName.shown(key), place < row.keys.count ? .strong : .faint)
        }
        return text
    }

    /// The keys, and beside them what they do, on as many lines as that takes.
    private static func lines(_ row: KeyBinding, _ width: Int, _ columns: Int) -> [StyledText] {
        StyledText(row.help).wrapped(to: max(Limits.helpTextCells, columns - width - 2)).enumerated().map {
            place, part in
            var line = place == 0 ? keys(row).fitted(to: width) : StyledText()
            line.pad(to: width + 2)
            line.append(part)
            return line
        }
    }

    func draw(_ lines: [StyledText], on frame: inout Frame, in rect: Rect) {
        frame.fill(rect, ground: .raised)
        let body = Rect(
            column: rect.column + 2, row: rect.row + 1, columns: max(0, rect.columns - 4), rows: max(0, rect.rows - 2))
        for (place, line) in lines.dropFirst(top).prefix(body.rows).enumerated() {
            frame.draw(
                line.truncated(to: body.columns), row: body.row + place, column: body.column, limit: body.columns,
                ground: .raised)
        }
        let isWhole = lines.count <= body.rows
        let foot = isWhole ? "any key closes" : "↑ ↓ scroll · any other key closes"
        frame.draw(
            foot, .faint, row: rect.row + rect.rows - 1, column: body.column, limit: body.columns, ground: .raised)
    }
}

/// Keys as people read them.
enum KeyName {
    static func shown(_ key: String) -> String { KeyPress(key).map(shown) ?? key }

    /// `ctrl-l` as `Ctrl-L`, `f1` as `F1`, arrows as arrows.
    static func shown(_ press: KeyPress) -> String {
        let modifiers = (press.control ? "Ctrl-" : "") + (press.alt ? "Alt-" : "") + (press.shift ? "Shift-" : "")
        return modifiers + name(press)
    }

    private static func name(_ press: KeyPress) -> String {
        switch press.key {
        case .up: "↑"
        case .down: "↓"
        case .left: "←"
        case .right: "→"
        case .pageUp: "PgUp"
        case .pageDown: "PgDn"
        case .backTab: "Shift-Tab"
        case .character(" "): "Space"
        case .character(let character): press.control ? character.uppercased() : String(character)
        default: KeyPress(press.key).text.prefix(1).uppercased() + KeyPress(press.key).text.dropFirst()
        }
    }
}
