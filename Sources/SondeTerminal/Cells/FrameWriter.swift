// SPDX-License-Identifier: Apache-2.0
// Makes the terminal show a picture, writing only what differs from the one it shows. Together with Renderer the only
// place of the house that emits escape sequences.
//
// Terminals disagree on how wide some characters are. After one of those nothing relies on where the cursor is, and a
// row that has or had one is written as a whole, so that whatever smeared is mended.

package struct FrameWriter: Sendable {
    package let theme: Theme
    var shown: [Cell] = []
    private var shownSize = Size(columns: 0, rows: 0)
    private var shownTable: UInt64?
    private var shownCursor: Caret?
    private var isCursorShown = false
    /// Where the terminal writes next; nil if that can't be known.
    var position: Caret?
    /// What the terminal writes with; nil if that can't be known.
    private var pen: Paint?
    var output: [UInt8] = []
    private var sequences = PaintTable()

    package init(theme: Theme) { self.theme = theme }

    /// The terminal shows something else by now, as after another program was in the foreground.
    package mutating func invalidate() { shownTable = nil }

    /// The bytes that turn what the terminal shows into `frame`; none if it shows that already.
    package mutating func bytes(for frame: Frame) -> [UInt8] {
        output.removeAll(keepingCapacity: true)
        if shownTable != frame.tableNumber || shownSize != frame.size { begin(frame) } else { scroll(to: frame) }
        for row in 0..<frame.size.rows { write(row, of: frame) }
        placeCursor(frame)
        guard !output.isEmpty else { return [] }
        return Sequence.beginUpdate + output + Sequence.endUpdate
    }

    /// An empty screen, whatever was there.
    private mutating func begin(_ frame: Frame) {
        shown = [Cell](repeating: .blank, count: frame.size.columns * frame.size.rows)
        shownSize = frame.size
        shownTable = frame.tableNumber
        output += Sequence.hideCursor + Sequence.clear
        isCursorShown = false
        shownCursor = nil
        pen = Paint()
        position = Caret(row: 0, column: 0)
    }

    struct Caret: Hashable {
        var row: Int
        var column: Int
    }

    enum Sequence {
        static let beginUpdate = Array("\u{1B}[?2026h".utf8)
        static let endUpdate = Array("\u{1B}[?2026l".utf8)
        static let hideCursor = Array("\u{1B}[?25l".utf8)
        static let showCursor = Array("\u{1B}[?25h".utf8)
        static let clear = Array("\u{1B}[m\u{1B}[2J\u{1B}[H".utf8)
        static let eraseToEnd = Array("\u{1B}[K".utf8)
    }
}

// MARK: - Rows

extension FrameWriter {
    private mutating func write(_ row: Int, of frame: Frame) {
        let start = row * frame.size.columns
        let places = start..<start + frame.size.columns
        guard let first = places.first(where: { shown[$0] != frame.cells[$0] }) else { return }
        let isUnsure = places.contains { shown[$0].isUnsure || frame.cells[$0].isUnsure }
        let end = lastDifference(places, frame) + 1
        if isUnsure {
            eraseRow(row, places)
            // Behind such a character even what shall be blank may be covered by it.
            let unsure = places.first { frame.cells[$0].isUnsure } ?? places.upperBound
            for place in unsure..<places.upperBound { shown[place] = .unknown }
            writeCells(places, row, frame)
        } else {
            writeCells(first..<end, row, frame)
        }
        for place in places { shown[place] = frame.cells[place] }
    }

    private func lastDifference(_ places: Range<Int>, _ frame: Frame) -> Int {
        places.last { shown[$0] != frame.cells[$0] } ?? places.lowerBound
    }

    private mutating func eraseRow(_ row: Int, _ places: Range<Int>) {
        move(to: Caret(row: row, column: 0))
        set(Paint())
        output += Sequence.eraseToEnd
        for place in places { shown[place] = .blank }
    }

    /// Writes the cells of a stretch that differ from what is shown.
    private mutating func writeCells(_ places: Range<Int>, _ row: Int, _ frame: Frame) {
        let start = row * frame.size.columns
        let blankFrom = firstOfBlankTail(row, frame)
        var place = places.lowerBound
        while place < places.upperBound {
            let cell = frame.cells[place]
            if place >= blankFrom, places.upperBound - place > Limits.blanksWorthErasing {
                move(to: Caret(row: row, column: place - start))
                set(Paint())
                output += Sequence.eraseToEnd
                return
            }
            let width = cell.isWide ? 2 : 1
            if cell != shown[place] || (cell.isWide && frame.cells[place + 1] != shown[place + 1]) {
                approach(row, place - start, frame)
                write(cell, frame)
                advance(by: width, row, place - start, cell, frame)
            }
            place += width
        }
    }

    /// The first of the cells at the end of a row that are nothing but the terminal's own ground.
    private func firstOfBlankTail(_ row: Int, _ frame: Frame) -> Int {
        var place = (row + 1) * frame.size.columns
        while place > row * frame.size.columns, frame.cells[place - 1] == .blank { place -= 1 }
        return place
    }

    private mutating func write(_ cell: Cell, _ frame: Frame) {
        let ground = StyleCode.ground(cell.groundCode)
        var scalar = cell.scalar
        var cluster = cell.cluster
        var paint = sequences.paint(cell.style, theme)
        if cell.glyph == 0x20, let block = theme.blockWithoutColour(ground) {
            scalar = block
            paint.attributes.subtract([.reversed])
        }
        if cell.glyph == 0x20 { setForBlank(paint) } else { set(paint) }
        if theme.charset == .ascii {
            if cell.isWide { return output += [UInt8(ascii: "?"), UInt8(ascii: "?")] }
            scalar = cluster == nil ? CellFallback.ascii(scalar) : "?"
            cluster = nil
        }
        if let cluster { output += Array(frame.table.clusters[cluster].utf8) } else { output.append(scalar) }
    }

    private mutating func advance(by width: Int, _ row: Int, _ column: Int, _ cell: Cell, _ frame: Frame) {
        let next = column + width
        // Behind the last column terminals stand half on the next line: only what moves absolutely is safe there.
        position =
            next < frame.size.columns && (!cell.isUnsure || theme.charset == .ascii)
            ? Caret(row: row, column: next) : nil
    }
}

// MARK: - Cursor

extension FrameWriter {
    /// Goes to a cell. Over a short gap it is cheaper to write what stands there once more than to jump.
    private mutating func approach(_ row: Int, _ column: Int, _ frame: Frame) {
        guard let position, position.row == row, position.column < column else {
            return move(to: Caret(row: row, column: column))
        }
        let start = row * frame.size.columns
        let gap = start + position.column..<start + column
        let isCheap =
            gap.count <= Limits.cellsWorthRepeating
            && gap.allSatisfy {
                let cell = frame.cells[$0]
                return cell.glyph < 0x7F && sequences.paint(cell.style, theme) == pen
                    && !(cell.glyph == 0x20 && theme.depth == .none)
            }
        guard isCheap else { return move(to: Caret(row: row, column: column)) }
        for place in gap { output.append(frame.cells[place].scalar) }
        self.position = Caret(row: row, column: column)
    }

    mutating func move(to target: Caret) {
        guard position != target else { return }
        if let position, position.row == target.row, position.column < target.column {
            let cells = target.column - position.column
            output += Array("\u{1B}[\(cells > 1 ? "\(cells)" : "")C".utf8)
        } else if let position, position.row == target.row, target.column == 0 {
            output.append(UInt8(ascii: "\r"))
        } else if let position, position.row + 1 == target.row, target.column == 0 {
            output += [UInt8(ascii: "\r"), UInt8(ascii: "\n")]
        } else {
            let column = target.column > 0 ? ";\(target.column + 1)" : ""
            output += Array("\u{1B}[\(target.row + 1)\(column)H".utf8)
        }
        position = target
    }

    private mutating func placeCursor(_ frame: Frame) {
        let wanted = frame.cursor.flatMap { cursor in
            frame.rect.contains(column: cursor.column, row: cursor.row)
                ? Caret(row: cursor.row, column: cursor.column) : nil
        }
        if let wanted, !output.isEmpty || wanted != shownCursor { move(to: wanted) }
        if (wanted != nil) != isCursorShown {
            output += wanted != nil ? Sequence.showCursor : Sequence.hideCursor
            isCursorShown = wanted != nil
        }
        shownCursor = wanted
    }
}

// MARK: - Pen

extension FrameWriter {
    mutating func set(_ paint: Paint) {
        guard pen != paint else { return }
        output += Array(sequences.sequence(from: pen, to: paint).utf8)
        pen = paint
    }

    /// A blank has no ink: whatever the pen has will do, as long as nothing of it shows.
    private mutating func setForBlank(_ paint: Paint) {
        let showing: Attributes = [.underline, .reversed]
        guard theme.depth != .none, paint.attributes.isDisjoint(with: showing) else { return set(paint) }
        guard let pen, pen.attributes.isDisjoint(with: showing), paint.ground != .terminal || pen.ground == .terminal
        else { return set(Paint(ground: paint.ground)) }
        set(Paint(ink: pen.ink, ground: paint.ground, attributes: pen.attributes))
    }
}

/// What is looked up for each cell, kept: a screen has some dozen styles, and changes between them repeat.
private struct PaintTable: Sendable {
    private var paints: [UInt32: Paint] = [:]

    mutating func paint(_ style: UInt32, _ theme: Theme) -> Paint {
        if let paint = paints[style] { return paint }
        let cell = Cell(style: style)
        let paint = theme.paint(
            StyleCode.role(cell.roleCode), on: StyleCode.ground(cell.groundCode), cell.attributes)
        paints[style] = paint
        return paint
    }

    /// The shortest SGR sequence that does it.
    func sequence(from old: Paint?, to new: Paint) -> String {
        guard new != Paint() else { return "\u{1B}[m" }
        var parameters: [String] = []
        var old = old ?? Paint()
        let removed = old.attributes.subtracting(new.attributes)
        if !removed.isEmpty {
            // Bold and dim end together; starting over is no longer than ending the others one by one.
            parameters.append("0")
            old = Paint()
        }
        for (attribute, code) in Self.codes where new.attributes.contains(attribute) {
            if !old.attributes.contains(attribute) { parameters.append(code) }
        }
        if old.ink != new.ink { parameters.append(new.ink.sgr(isGround: false)) }
        if old.ground != new.ground { parameters.append(new.ground.sgr(isGround: true)) }
        return "\u{1B}[" + parameters.joined(separator: ";") + "m"
    }

    private static let codes: [(Attributes, String)] = [
        (.bold, "1"), (.dim, "2"), (.italic, "3"), (.underline, "4"), (.reversed, "7"),
    ]
}

extension [UInt8] {
    fileprivate mutating func append(_ scalar: Unicode.Scalar) {
        if scalar.isASCII {
            append(UInt8(truncatingIfNeeded: scalar.value))
        } else if let bytes = UTF8.encode(scalar) {
            append(contentsOf: bytes)
        }
    }
}

/// Stands in for one cell where the locale has no Unicode.
enum CellFallback {
    static func ascii(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.value {
        case 0..<0x80: scalar
        case 0x2581...0x2590, 0x2594...0x259F: "#"
        case 0x2591...0x2593: "="
        case 0x2500...0x257F: ASCIIFallback.text(String(scalar)).unicodeScalars.first ?? "+"
        case 0x2800: " "
        case 0x2801...0x28FF: "*"
        case 0x25B2, 0x2191: "^"
        case 0x25BC, 0x25BE, 0x2193: "v"
        case 0x25B6, 0x25B8, 0x25BA, 0x203A: ">"
        case 0x25C0, 0x25C2, 0x2190, 0x2039: "<"
        case 0x25CF, 0x25A0, 0x2022, 0x25C6: "*"
        case 0x25CB, 0x25C7, 0x25A1: "o"
        case 0x2713: "v"
        default: ASCIIFallback.text(String(scalar)).unicodeScalars.first ?? "?"
        }
    }
}
