// SPDX-License-Identifier: Apache-2.0
// A small terminal, strict where real ones are lenient: whatever it doesn't know is a mistake of ours, and so is writing
// beyond the right edge.

import SondeTerminal

struct ScreenEmulator {
    struct Cell: Hashable {
        var text = " "
        var isContinuation = false
        /// What SGR has set, as the terminal remembers it; ink is left out for blanks, which have none.
        var ink = ""
        var ground = ""
        var flags: Set<String> = []

        /// What a person sees.
        var seen: Cell {
            guard text == " ", !isContinuation else { return self }
            var blank = self
            blank.flags.formIntersection(["4", "7"])
            if blank.flags.isEmpty { blank.ink = "" }
            return blank
        }
    }

    let size: Size
    private(set) var cells: [Cell]
    private(set) var mistakes: [String] = []
    private(set) var isCursorShown = false
    private(set) var cursor = (row: 0, column: 0)
    private(set) var isUpdating = false
    private var style = Cell()
    /// The rows that move when lines are deleted or inserted.
    private var margins: Range<Int>
    /// Columns that characters take on which terminals disagree; nil for as many as we think.
    private let widthOfUnsure: Int?
    private let isUnsure: (Character) -> Bool

    init(_ size: Size, widthOfUnsure: Int? = nil, isUnsure: @escaping (Character) -> Bool = { _ in false }) {
        self.size = size
        self.widthOfUnsure = widthOfUnsure
        self.isUnsure = isUnsure
        margins = 0..<size.rows
        // Something was there before.
        cells = [Cell](repeating: Cell(text: "#", ink: "31"), count: size.columns * size.rows)
    }

    var seen: [Cell] { cells.map(\.seen) }

    func rowText(_ row: Int) -> String {
        var text = cells[row * size.columns..<(row + 1) * size.columns].map(\.text).joined()
        while text.last == " " { text.removeLast() }
        return text
    }

    mutating func feed(_ bytes: [UInt8]) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            mistakes.append("not UTF-8")
            return
        }
        var rest = text[...]
        while let character = rest.first {
            switch character {
            case "\u{1B}": sequence(&rest)
            case "\r": move(cursor.row, 0, &rest)
            case "\n": move(cursor.row + 1, cursor.column, &rest)
            case "\r\n": move(cursor.row + 1, 0, &rest)
            default:
                rest.removeFirst()
                write(character)
            }
        }
    }

    private mutating func move(_ row: Int, _ column: Int, _ rest: inout Substring) {
        rest.removeFirst()
        cursor = (row, column)
        if row >= size.rows { mistakes.append("moved below the screen") }
    }

    private mutating func write(_ character: Character) {
        if character.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
            mistakes.append("control character \(character.unicodeScalars.map(\.value))")
        }
        let width = isUnsure(character) ? widthOfUnsure ?? DisplayWidth.of(character) : DisplayWidth.of(character)
        guard cursor.row < size.rows else { return mistakes.append("wrote below the screen") }
        if cursor.column + width > size.columns, !isUnsure(character) {
            mistakes.append("wrote \(character) beyond the right edge")
        }
        for offset in 0..<max(1, width) where cursor.column + offset < size.columns {
            put(character, isFirst: offset == 0, at: cursor.row * size.columns + cursor.column + offset)
        }
        cursor.column += width
    }

    private mutating func put(_ character: Character, isFirst: Bool, at place: Int) {
        if isFirst, cells[place].isContinuation { cells[place - 1].text = " " }
        let next = place + 1
        if next % size.columns != 0, cells[next].isContinuation {
            (cells[next].text, cells[next].isContinuation) = (" ", false)
        }
        cells[place] = style
        cells[place].text = isFirst ? String(character) : ""
        cells[place].isContinuation = !isFirst
    }
}

// MARK: - Sequences

extension ScreenEmulator {
    private mutating func sequence(_ rest: inout Substring) {
        rest.removeFirst()
        guard rest.first == "[" else { return mistakes.append("unknown escape \(rest.prefix(4))") }
        rest.removeFirst()
        let body = rest.prefix { !("@"..."~").contains($0) }
        rest = rest[body.endIndex...]
        guard let final = rest.popFirst() else { return mistakes.append("sequence without an end") }
        let numbers = body.split(separator: ";").map { Int($0) ?? 0 }
        switch (final, body) {
        case ("m", _): setStyle(body.split(separator: ";", omittingEmptySubsequences: false).map(String.init))
        case ("H", _): cursor = ((numbers.first ?? 1) - 1, (numbers.count > 1 ? numbers[1] : 1) - 1)
        case ("C", _): cursor.column += numbers.first ?? 1
        case ("K", ""): erase(cursor.row * size.columns + cursor.column..<(cursor.row + 1) * size.columns)
        case ("J", "2"): erase(0..<cells.count)
        case ("r", _): setMargins(numbers)
        case ("M", _): moveLines(by: numbers.first ?? 1)
        case ("L", _): moveLines(by: -(numbers.first ?? 1))
        case ("h", "?2026"): isUpdating = true
        case ("l", "?2026"): isUpdating = false
        case ("h", "?25"): isCursorShown = true
        case ("l", "?25"): isCursorShown = false
        default: mistakes.append("unknown sequence [\(body)\(final)")
        }
    }

    /// Erases with the terminal's own ground; another one is not kept by all terminals.
    private mutating func erase(_ places: Range<Int>) {
        if !style.ground.isEmpty || !style.flags.isEmpty { mistakes.append("erased on another ground") }
        for place in places { cells[place] = Cell() }
    }

    private mutating func setMargins(_ numbers: [Int]) {
        let range = numbers.count == 2 ? numbers[0] - 1..<numbers[1] : 0..<size.rows
        if range.isEmpty || range.upperBound > size.rows { mistakes.append("margins \(range)") }
        margins = range
        cursor = (0, 0)
    }

    /// Deletes lines at the cursor, so that those below move up; inserts them if `count` is negative.
    private mutating func moveLines(by count: Int) {
        guard margins.contains(cursor.row) else { return mistakes.append("moved lines outside of the margins") }
        if !style.ground.isEmpty || !style.flags.isEmpty { mistakes.append("moved lines on another ground") }
        let before = cells
        for row in cursor.row..<margins.upperBound {
            let from = row + count
            let isInside = from >= cursor.row && from < margins.upperBound
            for column in 0..<size.columns {
                cells[row * size.columns + column] = isInside ? before[from * size.columns + column] : Cell()
            }
        }
    }

    private mutating func setStyle(_ parameters: [String]) {
        var rest = parameters[...]
        while let code = rest.popFirst() {
            switch code {
            case "", "0": style = Cell()
            case "1", "2", "3", "4", "7": style.flags.insert(code)
            case "39": style.ink = ""
            case "49": style.ground = ""
            case "38": style.ink = extended(&rest)
            case "48": style.ground = extended(&rest)
            default:
                guard let number = Int(code) else { return mistakes.append("unknown style \(code)") }
                switch number {
                case 30...37, 90...97: style.ink = code
                case 40...47, 100...107: style.ground = code
                default: mistakes.append("unknown style \(code)")
                }
            }
        }
    }

    private func extended(_ rest: inout ArraySlice<String>) -> String {
        let count = rest.first == "5" ? 2 : 4
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count).joined(separator: ";")
    }
}
