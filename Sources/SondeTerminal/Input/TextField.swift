// SPDX-License-Identifier: Apache-2.0
// A line of text being edited: the keys of readline that hands know, whole characters however many cells they cover,
// and the lines that were entered before.

package struct TextField: Hashable, Sendable {
    private var characters: [Character] = []
    /// Characters before the caret.
    package private(set) var cursor = 0
    /// Lines entered before, the newest last.
    package private(set) var history: [String] = []
    /// Where in the history we are; its count is the line being written.
    private var historyPlace = 0
    private var draft: [Character] = []
    /// What was cut last, for Ctrl-Y.
    private var cut: [Character] = []

    package init(_ text: String = "", history: [String] = []) {
        self.history = Array(history.suffix(Limits.historyLines))
        historyPlace = self.history.count
        set(text)
    }

    /// Setting it puts the caret at the end.
    package var text: String {
        get { String(characters) }
        set { set(newValue) }
    }

    package var isEmpty: Bool { characters.isEmpty }
    /// The text up to the caret: what a completion completes.
    package var textBeforeCursor: String { String(characters[..<cursor]) }

    /// Replaces the last `count` characters before the caret, as a completion does.
    package mutating func replace(last count: Int, with text: String) {
        let start = max(0, cursor - count)
        characters.removeSubrange(start..<cursor)
        cursor = start
        insert(text)
    }

    /// Moves the caret to a character, or as near as there is.
    package mutating func move(to place: Int) { cursor = min(max(0, place), characters.count) }

    /// Remembers the line and empties the field.
    /// - Returns: the line.
    package mutating func commit() -> String {
        let line = text
        if !line.isEmpty, line != history.last {
            history.append(line)
            if history.count > Limits.historyLines { history.removeFirst() }
        }
        set("")
        historyPlace = history.count
        return line
    }

    /// Takes what changes the line or the caret.
    /// - Returns: false for what it has no use for: Enter, Escape, Tab and whatever else its owner decides on.
    package mutating func receive(_ input: Input) -> Bool {
        switch input {
        case .key(let press): return receive(press)
        case .paste(let text):
            insert(Self.oneLine(text))
            return true
        default: return false
        }
    }
}

// MARK: - Keys

extension TextField {
    private mutating func receive(_ press: KeyPress) -> Bool {
        if press.control, case .character(let letter) = press.key { return control(letter) }
        if press.alt, case .character(let letter) = press.key { return alt(letter) }
        let byWord = press.control || press.alt
        switch press.key {
        case .character(let character): insert(String(character))
        case .left: cursor = byWord ? wordStart : max(0, cursor - 1)
        case .right: cursor = byWord ? wordEnd : min(characters.count, cursor + 1)
        case .home: cursor = 0
        case .end: cursor = characters.count
        case .backspace: remove(byWord ? wordStart..<cursor : max(0, cursor - 1)..<cursor, keeping: byWord)
        case .delete:
            remove(cursor..<(byWord ? wordEnd : min(characters.count, cursor + 1)), keeping: byWord)
        case .up: return recall(historyPlace - 1)
        case .down: return recall(historyPlace + 1)
        default: return false
        }
        return true
    }

    private mutating func control(_ letter: Character) -> Bool {
        switch letter {
        case "a": cursor = 0
        case "e": cursor = characters.count
        case "b": cursor = max(0, cursor - 1)
        case "f": cursor = min(characters.count, cursor + 1)
        case "d": remove(cursor..<min(characters.count, cursor + 1), keeping: false)
        case "h": remove(max(0, cursor - 1)..<cursor, keeping: false)
        case "u": remove(0..<cursor, keeping: true)
        case "k": remove(cursor..<characters.count, keeping: true)
        case "w": remove(blankWordStart..<cursor, keeping: true)
        case "y": insert(String(cut))
        case "p": return recall(historyPlace - 1)
        case "n": return recall(historyPlace + 1)
        default: return false
        }
        return true
    }

    private mutating func alt(_ letter: Character) -> Bool {
        switch letter {
        case "b": cursor = wordStart
        case "f": cursor = wordEnd
        case "d": remove(cursor..<wordEnd, keeping: true)
        default: return false
        }
        return true
    }

    private mutating func insert(_ text: String) {
        // A combining mark joins the letter before it, so the line is taken together before it is taken apart again.
        let before = String(characters[..<cursor]) + text
        let after = characters[cursor...]
        let joined = Array(before)
        guard joined.count + after.count <= Limits.fieldCharacters else { return }
        characters = joined + after
        cursor = joined.count
    }

    private mutating func remove(_ range: Range<Int>, keeping: Bool) {
        guard !range.isEmpty else { return }
        if keeping { cut = Array(characters[range]) }
        characters.removeSubrange(range)
        cursor = range.lowerBound
    }

    /// The beginning of the word before the caret, of letters and digits: readline's Alt-B.
    private var wordStart: Int {
        var place = cursor
        while place > 0, !Self.isWord(characters[place - 1]) { place -= 1 }
        while place > 0, Self.isWord(characters[place - 1]) { place -= 1 }
        return place
    }

    private var wordEnd: Int {
        var place = cursor
        while place < characters.count, !Self.isWord(characters[place]) { place += 1 }
        while place < characters.count, Self.isWord(characters[place]) { place += 1 }
        return place
    }

    /// The beginning of what blanks surround: Ctrl-W.
    private var blankWordStart: Int {
        var place = cursor
        while place > 0, characters[place - 1] == " " { place -= 1 }
        while place > 0, characters[place - 1] != " " { place -= 1 }
        return place
    }

    private static func isWord(_ character: Character) -> Bool { character.isLetter || character.isNumber }
}

// MARK: - Lines from before

extension TextField {
    private mutating func set(_ text: String) {
        characters = Array(Self.oneLine(text).prefix(Limits.fieldCharacters))
        cursor = characters.count
    }

    private mutating func recall(_ place: Int) -> Bool {
        guard (0...history.count).contains(place), place != historyPlace else { return false }
        if historyPlace == history.count { draft = characters }
        historyPlace = place
        characters = place == history.count ? draft : Array(history[place])
        cursor = characters.count
        return true
    }

    /// A paste of several lines becomes one: line ends and tabs are blanks, other controls are left out.
    private static func oneLine(_ text: String) -> String {
        var line = ""
        for character in text {
            if character.isNewline || character == "\t" {
                if line.last != " " { line.append(" ") }
            } else if !character.unicodeScalars.allSatisfy({ $0.properties.generalCategory == .control }) {
                line.append(character)
            }
        }
        while line.last == " ", text.last != " " { line.removeLast() }
        return line
    }
}

// MARK: - Drawing

extension TextField {
    /// Draws the line into `width` cells and puts the caret there. What is too long is moved so that the caret and
    /// what is near it can be seen.
    package func draw(
        on frame: inout Frame, row: Int, column: Int, width: Int, role: Role = .plain, ground: Ground? = nil,
        placeholder: String = ""
    ) {
        guard width > 0 else { return }
        frame.fill(Rect(column: column, row: row, columns: width, rows: 1), ground: ground ?? .normal)
        if characters.isEmpty {
            frame.draw(placeholder, .faint, row: row, column: column, limit: width, ground: ground)
        }
        let widths = characters.map { max(1, Self.shown($0).width) }
        let first = firstVisible(widths, width)
        var place = column
        for index in first..<characters.count {
            guard place + widths[index] <= column + width else { break }
            frame.draw(Self.shown(characters[index]).text, role, row: row, column: place, ground: ground)
            place += widths[index]
        }
        let caret = column + widths[first..<cursor].reduce(0, +)
        frame.cursor = (row, min(caret, column + width - 1))
    }

    /// The first character that is drawn: the caret stays two thirds along the field while text is written at its end.
    private func firstVisible(_ widths: [Int], _ width: Int) -> Int {
        // One cell is the caret's, behind the last character.
        guard widths.reduce(0, +) >= width else { return 0 }
        var first = cursor
        var used = 1
        let room = cursor == characters.count ? width : max(1, width * 2 / 3)
        while first > 0, used + widths[first - 1] <= room {
            first -= 1
            used += widths[first]
        }
        return first
    }

    private static func shown(_ character: Character) -> (text: String, width: Int) {
        let text = VisibleText.make(String(character))
        return (text, DisplayWidth.of(text))
    }
}
