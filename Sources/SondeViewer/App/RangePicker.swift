// SPDX-License-Identifier: Apache-2.0
// `t`: the range of time that all screens show, from a list or typed.

import SondeModel
import SondeTerminal

struct RangePicker: Sendable {
    enum Outcome: Hashable, Sendable { case open, closed, chosen(TimeRange) }

    static let choices: [TimeRange] =
        [5, 15, 60, 180, 360, 1_440, 2_880, 10_080].map { .last($0 * 60_000_000_000) } + [.all]

    private(set) var selection: Int
    private(set) var field = TextField()
    private(set) var complaint: String?
    private let current: TimeRange

    init(_ current: TimeRange) {
        self.current = current
        selection = Self.choices.firstIndex(of: current) ?? 0
    }

    mutating func receive(_ input: Input, now: Timestamp, zone: Zone) -> Outcome {
        if case .key(let press) = input {
            switch press.key {
            case .escape: return .closed
            case .up:
                selection = max(0, selection - 1)
                return .open
            case .down:
                selection = min(Self.choices.count - 1, selection + 1)
                return .open
            case .enter: return choose(now, zone)
            // With nothing typed yet these letters can only mean the list.
            case .character("j") where field.text.isEmpty:
                selection = min(Self.choices.count - 1, selection + 1)
                return .open
            case .character("k") where field.text.isEmpty:
                selection = max(0, selection - 1)
                return .open
            default: break
            }
        }
        complaint = nil
        _ = field.receive(input)
        return .open
    }

    private mutating func choose(_ now: Timestamp, _ zone: Zone) -> Outcome {
        let text = field.text.trimmed
        guard !text.isEmpty else { return .chosen(Self.choices[selection]) }
        guard let range = RangeText.parse(text, now: now, zone: zone) else {
            complaint = RangeText.expectation
            return .open
        }
        return .chosen(range)
    }

    /// Rows that the drawing takes.
    static let rows = choices.count + 5

    func draw(on frame: inout Frame, in rect: Rect, zone: Zone) {
        frame.fill(rect, ground: .raised)
        let column = rect.column + 2
        let width = max(0, rect.columns - 4)
        frame.draw("Range of time", .heading, row: rect.row, column: column, limit: width, ground: .raised)
        // On a low screen the choices around the selected one, since what is typed must be seen.
        let room = max(1, min(Self.choices.count, rect.rows - 4))
        let first = max(0, min(selection - room / 2, Self.choices.count - room))
        for (place, choice) in Self.choices.enumerated().dropFirst(first).prefix(room) {
            let isSelected = place == selection && field.text.isEmpty
            var line = StyledText(isSelected ? "▸ " : "  ", .strong)
            line.append(RangeText.text(choice, zone: zone), isSelected ? .strong : .plain)
            if choice == current { line.append("  chosen", .faint) }
            frame.draw(
                line, row: rect.row + 1 + place - first, column: column, limit: width,
                ground: isSelected ? .selected : .raised)
        }
        let row = rect.row + room + (rect.rows > room + 4 ? 2 : 1)
        frame.draw("or type: ", .faint, row: row, column: column, limit: width, ground: .raised)
        field.draw(on: &frame, row: row, column: column + 9, width: max(1, width - 9), ground: .raised)
        let hint = complaint ?? "15m · 2h..1h · 14:00..15:30 · 2026-01-02 14:00..15:00 · all"
        for (place, line) in StyledText(hint, complaint == nil ? .faint : .bad).wrapped(to: width).prefix(2)
            .enumerated()
        {
            frame.draw(line, row: row + 1 + place, column: column, limit: width, ground: .raised)
        }
    }
}
