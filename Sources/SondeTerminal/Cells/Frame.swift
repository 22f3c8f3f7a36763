// SPDX-License-Identifier: Apache-2.0
// The cells of one picture. A program draws all of it each time; what changed since the last picture is found out
// afterwards (see FrameWriter). Whatever is drawn outside is cut off, and no cell ever holds what a terminal obeys.

import Synchronization

package struct Frame: Sendable {
    package private(set) var size: Size
    /// Where the caret of a text field stands; nil hides it.
    package var cursor: (row: Int, column: Int)?

    private(set) var cells: [Cell]
    private(set) var table = ClusterTable()
    /// Which table of clusters the cells speak of: pictures of two tables can't be compared cell by cell.
    private(set) var tableNumber = Self.nextTableNumber()
    /// Whether any character covers two cells; without one, halves need no care.
    private var hasWide = false

    private static let tableNumbers = Atomic<UInt64>(0)
    private static func nextTableNumber() -> UInt64 {
        tableNumbers.add(1, ordering: .relaxed).newValue
    }

    package init(_ size: Size) {
        self.size = size
        cells = [Cell](repeating: .blank, count: size.columns * size.rows)
    }

    package var rect: Rect { Rect(size) }

    /// An empty picture again.
    package mutating func clear() {
        cursor = nil
        hasWide = false
        for place in cells.indices { cells[place] = .blank }
        if table.clusters.count > Limits.clustersKept {
            table.removeAll()
            tableNumber = Self.nextTableNumber()
        }
    }

    /// An empty picture of another size.
    package mutating func resize(_ size: Size) {
        self.size = size
        cells = [Cell](repeating: .blank, count: size.columns * size.rows)
        clear()
    }
}

// MARK: - Drawing

extension Frame {
    /// Draws a line from a cell on, as far as the picture and `limit` cells reach. A wide character that would be cut in
    /// half is left out.
    /// - Parameter ground: nil leaves the ground that is there.
    /// - Returns: the column behind what was drawn.
    @discardableResult
    package mutating func draw(
        _ text: StyledText, row: Int, column: Int = 0, limit: Int? = nil, ground: Ground? = nil,
        attributes: Attributes = []
    ) -> Int {
        var pen = Pen(row: row, column: column, limit: limit, in: size)
        for run in text.runs {
            pen.role = run.role
            pen.ground = ground
            pen.attributes = attributes
            draw(visible: run.text, &pen)
            guard pen.column < pen.end else { break }
        }
        return pen.column
    }

    /// Draws text from anywhere; what a terminal would obey is made visible.
    @discardableResult
    package mutating func draw(
        _ text: String, _ role: Role = .plain, row: Int, column: Int = 0, limit: Int? = nil, ground: Ground? = nil,
        attributes: Attributes = []
    ) -> Int {
        var pen = Pen(row: row, column: column, limit: limit, in: size)
        (pen.role, pen.ground, pen.attributes) = (role, ground, attributes)
        draw(visible: VisibleText.make(text), &pen)
        return pen.column
    }

    /// Puts a drawn character of one cell: a block, a line, a dot.
    package mutating func put(
        _ scalar: Unicode.Scalar, _ role: Role = .plain, row: Int, column: Int, ground: Ground? = nil,
        attributes: Attributes = []
    ) {
        guard row >= 0, row < size.rows, column >= 0, column < size.columns else { return }
        let style = PenStyle(role, ground, attributes)
        put(Frame.harmless(scalar).value, style, at: row * size.columns + column)
    }

    /// Blanks of a ground.
    package mutating func fill(_ rect: Rect, ground: Ground = .normal) {
        let style = PenStyle(.plain, ground, [])
        forEachRow(of: rect) { frame, places in
            for place in places { frame.put(0x20, style, at: place) }
        }
    }

    /// Another ground under what is there, as for the row that is selected. Grounds that are part of the picture (see
    /// ``Ground/isDrawn``) stay: a bar is still a bar.
    package mutating func recolour(_ rect: Rect, ground: Ground) {
        let code = StyleCode.code(ground)
        forEachRow(of: rect) { frame, places in
            guard !places.isEmpty else { return }
            // A wide character stands on one ground: that of its first cell.
            var last = places.upperBound
            if last % frame.size.columns != 0, frame.cells[last].isContinuation { last += 1 }
            for place in places.lowerBound..<last where !StyleCode.ground(frame.cells[place].groundCode).isDrawn {
                if place == places.lowerBound, frame.cells[place].isContinuation { continue }
                frame.cells[place].groundCode = code
            }
        }
    }

    private mutating func forEachRow(of rect: Rect, _ body: (inout Frame, Range<Int>) -> Void) {
        let part = rect.intersection(self.rect)
        guard !part.isEmpty else { return }
        for row in part.row..<part.endRow {
            let start = row * size.columns
            body(&self, start + part.column..<start + part.endColumn)
        }
    }
}

// MARK: - Writing cells

/// Where drawing goes on, and how.
private struct Pen {
    let row: Int
    let end: Int
    /// May lie left of the picture, or of what is drawn on: what falls there is passed over.
    var column: Int
    var role = Role.plain
    var ground: Ground?
    var attributes: Attributes = []

    init(row: Int, column: Int, limit: Int?, in size: Size) {
        self.row = row
        self.column = column
        let room = size.columns - column
        let end = column + min(max(0, limit ?? room), room)
        self.end = row >= 0 && row < size.rows ? end : column
    }

    var style: PenStyle { PenStyle(role, ground, attributes) }
}

/// A style as cells keep it; without a ground, the cell keeps its own.
private struct PenStyle {
    let role: UInt8
    let ground: UInt8?
    let attributes: UInt8

    static let shownOnBlanks = Attributes([.underline, .reversed]).rawValue

    init(_ role: Role, _ ground: Ground?, _ attributes: Attributes) {
        self.role = StyleCode.code(role)
        self.ground = ground.map { StyleCode.code($0) }
        self.attributes = attributes.rawValue
    }
}

extension Frame {
    /// Most of what is drawn is ASCII, lines and blocks, for which a scalar is a character of one cell; from the first
    /// scalar on that may be more, characters are taken apart as Unicode has it.
    private mutating func draw(visible text: String, _ pen: inout Pen) {
        let style = pen.style
        let start = pen.row * size.columns
        var place = text.unicodeScalars.startIndex
        let scalars = text.unicodeScalars
        while place < scalars.endIndex, pen.column < pen.end {
            let next = scalars.index(after: place)
            let isAlone = next == scalars.endIndex || Self.isSimple(scalars[next])
            guard isAlone, Self.isSimple(scalars[place]) else { break }
            if pen.column >= 0 { put(scalars[place].value, style, at: start + pen.column) }
            pen.column += 1
            place = next
        }
        guard place < scalars.endIndex else { return }
        for character in text[place...] {
            guard pen.column < pen.end else { return }
            draw(character, style, &pen)
        }
    }

    private mutating func draw(_ character: Character, _ style: PenStyle, _ pen: inout Pen) {
        let width = DisplayWidth.of(character)
        guard pen.column + width <= pen.end else {
            // Half of it would fit: that cell stays blank, and nothing follows.
            while pen.column < pen.end {
                if pen.column >= 0 { put(0x20, style, at: pen.row * size.columns + pen.column) }
                pen.column += 1
            }
            return
        }
        defer { pen.column += width }
        guard width > 0 else { return }
        guard pen.column >= 0 else {
            if pen.column + width > 0 { put(0x20, style, at: pen.row * size.columns) }
            return
        }
        let place = pen.row * size.columns + pen.column
        put(glyph(character, isWide: width == 2), style, at: place)
        guard width == 2 else { return }
        put(Cell.continuation, style, at: place + 1)
        hasWide = true
        cells[place].glyph = glyph(character, isWide: true)
    }

    private mutating func glyph(_ character: Character, isWide: Bool) -> UInt32 {
        let scalars = character.unicodeScalars
        if let only = scalars.first, scalars.count == 1 {
            let scalar = Self.harmless(only)
            return Cell.glyph(scalar, isWide: isWide, isUnsure: !Self.isSimple(scalar) && !Self.isPlainlyWide(scalar))
        }
        return Cell.glyph(cluster: table.place(of: String(character)), isWide: isWide)
    }

    private mutating func put(_ glyph: UInt32, _ style: PenStyle, at place: Int) {
        if hasWide { blankHalves(at: place) }
        let ground = style.ground ?? cells[place].groundCode
        // A blank shows its ground only: one kind of blank means fewer changes to write.
        let isBlank = glyph == 0x20 && style.attributes & PenStyle.shownOnBlanks == 0
        cells[place] = Cell(
            glyph: glyph, role: isBlank ? 0 : style.role, ground: ground, attributes: isBlank ? 0 : style.attributes)
    }

    /// Before a cell is overwritten: half of a wide character can't be drawn, so the other half becomes a blank.
    private mutating func blankHalves(at place: Int) {
        if cells[place].isContinuation, place > 0 { cells[place - 1].glyph = 0x20 }
        if cells[place].isWide, place + 1 < cells.count, cells[place + 1].isContinuation {
            cells[place + 1].glyph = 0x20
        }
    }

    /// Controls never become cells, whoever draws them.
    private static func harmless(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) ? "\u{FFFD}" : scalar
    }

    /// One cell everywhere, and never part of a larger character with its like.
    private static func isSimple(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20..<0x7F: true
        case 0xA1..<0xAD, 0xAE..<0x300: true  // Latin; without the soft hyphen
        case 0x391..<0x483, 0x48A..<0x530: true  // Greek, Cyrillic
        case 0x2010..<0x2028, 0x2030..<0x205F, 0x2070..<0x20C1, 0x2100..<0x2300: true  // dashes, arrows, mathematics
        case 0x2400..<0x2427, 0x2500..<0x25FD, 0x2800..<0x2900: true  // control pictures, lines and blocks, braille
        case 0x2600..<0x2614, 0x2710..<0x2728: true  // stars, ticks and crosses
        default: false
        }
    }

    /// Two cells everywhere: what was wide long before emoji.
    private static func isPlainlyWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x3041..<0x3097, 0x30A1..<0x30FB, 0x4E00..<0xA000, 0xAC00..<0xD7A4, 0xFF01..<0xFF5F: true
        default: false
        }
    }
}
