// SPDX-License-Identifier: Apache-2.0
// A line of text that knows its roles and its width, and nothing of escape sequences: those are the renderer's.
// Everything that gets in is made harmless on the way (see VisibleText), so that no caller can forget it.

/// What a piece of text is, from which its colour follows.
package enum Role: Hashable, Sendable {
    case plain, strong, faint, heading
    case good, notice, bad
    /// One of many kinds of the same thing; equal numbers look alike.
    case hue(Int)
    /// The paler twin of a hue, for what is there but does not count.
    case tint(Int)
    /// The same as ground rather than as ink: a block of the kind, with text in it.
    case block(Int)

    /// Hues that can be told apart; higher numbers begin anew.
    package static let hueCount = 12

    /// The hue that belongs to a name: the same in every run and on every machine.
    package static func hue(of name: String) -> Role {
        // FNV-1a: the standard library's hash changes with each process.
        var hash: UInt32 = 2_166_136_261
        for byte in name.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        return .hue(Int(hash >> 8) % hueCount)
    }
}

/// One line: runs of text, each with a role.
package struct StyledText: Hashable, Sendable {
    package struct Run: Hashable, Sendable {
        package var text: String
        package var role: Role
    }

    package private(set) var runs: [Run] = []
    /// Cells covered.
    package private(set) var width = 0

    package init() {}

    package init(_ text: String, _ role: Role = .plain) { append(text, role) }

    /// Adds text from anywhere; what a terminal would obey is made visible.
    package mutating func append(_ text: String, _ role: Role = .plain) {
        appendVisible(VisibleText.make(text), role)
    }

    package mutating func append(_ other: StyledText) {
        for run in other.runs { appendVisible(run.text, run.role) }
    }

    /// Adds what a drawing made itself, lines and blocks of one cell a scalar, without looking at each of them again.
    package mutating func append(drawn text: String, _ role: Role = .plain) {
        append(visible: text, width: text.unicodeScalars.count, role)
    }

    /// Adds blanks until the line covers `width` cells.
    package mutating func pad(to width: Int) {
        if width > self.width { appendVisible(String(repeating: " ", count: width - self.width), .plain) }
    }

    package var text: String { runs.map(\.text).joined() }
    package var isEmpty: Bool { runs.isEmpty }

    private mutating func appendVisible(_ text: String, _ role: Role) {
        append(visible: text, width: DisplayWidth.of(text), role)
    }

    private mutating func append(visible text: String, width: Int, _ role: Role) {
        guard !text.isEmpty else { return }
        self.width += width
        if let last = runs.indices.last, runs[last].role == role {
            runs[last].text += text
        } else {
            runs.append(Run(text: text, role: role))
        }
    }
}

extension StyledText {
    /// The line cut to `limit` cells; a cut is shown by `…` in the last of them.
    package func truncated(to limit: Int) -> StyledText {
        guard width > limit else { return self }
        guard limit > 0 else { return StyledText() }
        var cut = prefix(width: limit - 1)
        cut.appendVisible("…", cut.runs.last?.role ?? runs.first?.role ?? .plain)
        return cut
    }

    /// The line at exactly `width` cells, cut or padded.
    package func fitted(to width: Int, alignment: Alignment = .left) -> StyledText {
        var fitted = truncated(to: width)
        guard fitted.width < width else { return fitted }
        if alignment == .left {
            fitted.pad(to: width)
            return fitted
        }
        var padded = StyledText()
        padded.pad(to: width - fitted.width)
        padded.append(fitted)
        return padded
    }

    /// As many whole characters as `limit` cells hold.
    package func prefix(width limit: Int) -> StyledText { split(atWidth: limit).head }

    /// The characters that fill `limit` cells, and the rest.
    package func split(atWidth limit: Int) -> (head: StyledText, tail: StyledText) {
        var head = StyledText()
        var tail = StyledText()
        for run in runs {
            guard tail.isEmpty else {
                tail.appendVisible(run.text, run.role)
                continue
            }
            let runWidth = DisplayWidth.of(run.text)
            if head.width + runWidth <= limit {
                head.appendVisible(run.text, run.role)
                continue
            }
            let place = Self.place(in: run.text, after: limit - head.width)
            head.appendVisible(String(run.text[..<place]), run.role)
            tail.appendVisible(String(run.text[place...]), run.role)
        }
        return (head, tail)
    }

    private static func place(in text: String, after limit: Int) -> String.Index {
        var used = 0
        for index in text.indices {
            let width = DisplayWidth.of(text[index])
            if used + width > limit { return index }
            used += width
        }
        return text.endIndex
    }

    /// Lines of at most `limit` cells, broken at blanks where there are any. The work grows with the text alone.
    package func wrapped(to limit: Int) -> [StyledText] {
        let limit = max(1, limit)
        guard width > limit else { return [self] }
        var lines: [StyledText] = []
        var line: [Piece] = []
        var used = 0
        for run in runs {
            for character in run.text {
                let piece = Piece(character: character, width: DisplayWidth.of(character), role: run.role)
                while used + piece.width > limit, !line.isEmpty {
                    lines.append(Self.breakLine(&line, before: piece))
                    used = line.reduce(0) { $0 + $1.width }
                }
                // What follows a break begins with a word.
                if line.isEmpty, !lines.isEmpty, piece.isBlank { continue }
                line.append(piece)
                used += piece.width
            }
        }
        if !line.isEmpty || lines.isEmpty { lines.append(StyledText(line[...])) }
        return lines
    }

    /// A character of a line that is being broken.
    private struct Piece {
        var character: Character
        var width: Int
        var role: Role
        var isBlank: Bool { character == " " }
    }

    /// Takes from `line` what stands before its last blank, unless the break falls on a blank anyway or there is none.
    private static func breakLine(_ line: inout [Piece], before next: Piece) -> StyledText {
        var end = line.count
        if !next.isBlank, let blank = line.lastIndex(where: \.isBlank), blank > 0 { end = blank }
        let head = StyledText(line[..<end]).withoutBlanksAtEnd()
        line.removeSubrange(..<end)
        line.removeSubrange(..<(line.firstIndex { !$0.isBlank } ?? line.endIndex))
        return head
    }

    private init(_ pieces: ArraySlice<Piece>) {
        for piece in pieces { append(visible: String(piece.character), width: piece.width, piece.role) }
    }

    package func withoutBlanksAtEnd() -> StyledText {
        var runs = runs[...]
        while let last = runs.last, last.text.allSatisfy({ $0 == " " }) { runs.removeLast() }
        var trimmed = StyledText()
        for run in runs.dropLast() { trimmed.appendVisible(run.text, run.role) }
        if let last = runs.last {
            var text = last.text[...]
            while text.last == " " { text.removeLast() }
            trimmed.appendVisible(String(text), last.role)
        }
        return trimmed
    }
}

/// The side to which text in a column keeps.
package enum Alignment: Hashable, Sendable { case left, right }
