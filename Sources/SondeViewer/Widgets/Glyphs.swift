// SPDX-License-Identifier: Apache-2.0
// The characters that pictures are made of, in Unicode and in ASCII: blocks that grow by eighths of a cell, dots that
// divide a cell into eight.

import SondeTerminal

enum Glyphs {
    /// A cell filled from below, by 0 to 8 eighths.
    static func column(eighths: Int, _ charset: Charset) -> Unicode.Scalar {
        let height = min(max(0, eighths), 8)
        return charset == .unicode ? columns[height] : asciiColumns[height]
    }

    /// A cell filled from the left, by 0 to 8 eighths.
    static func bar(eighths: Int, _ charset: Charset) -> Unicode.Scalar {
        let length = min(max(0, eighths), 8)
        return charset == .unicode ? bars[length] : asciiBars[length]
    }

    /// A cell filled from one eighth to another, both counted from the left. Unicode fills from the right by a half and
    /// by an eighth only; the nearest of what there is stands for the rest. Something is always drawn.
    static func bar(from first: Int, to last: Int, _ charset: Charset) -> Unicode.Scalar {
        if first <= 0 { return bar(eighths: max(1, last), charset) }
        guard charset == .unicode else { return last - first >= 4 ? "#" : "|" }
        if last >= 8 { return first <= 2 ? "█" : first <= 5 ? "▐" : "▕" }
        return last - first >= 5 ? "█" : last - first >= 3 && first < 4 ? "▌" : "╎"
    }

    /// A cell of two columns and four rows of dots; `dots` has a bit for each (see ``dot(column:row:)``).
    static func dots(_ dots: UInt8, _ charset: Charset) -> Unicode.Scalar {
        guard charset == .ascii else { return Unicode.Scalar(0x2800 + UInt32(dots)) ?? " " }
        switch dots.nonzeroBitCount {
        case 0: return " "
        case 1: return "."
        case 2...4: return ":"
        default: return "%"
        }
    }

    /// The bit of a dot, in the order in which Unicode numbers them.
    static func dot(column: Int, row: Int) -> UInt8 {
        if row == 3 { return column == 0 ? 0x40 : 0x80 }
        return 1 << UInt8(column * 3 + row)
    }

    static func failed(_ charset: Charset) -> Unicode.Scalar { charset == .unicode ? "×" : "x" }
    static func chosen(_ charset: Charset) -> Unicode.Scalar { charset == .unicode ? "◆" : "@" }
    static func vertical(_ charset: Charset) -> Unicode.Scalar { charset == .unicode ? "│" : "|" }
    static func horizontal(_ charset: Charset) -> Unicode.Scalar { charset == .unicode ? "─" : "-" }

    private static let columns: [Unicode.Scalar] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    private static let asciiColumns: [Unicode.Scalar] = [" ", "_", ".", ".", ":", ":", "+", "#", "#"]
    private static let bars: [Unicode.Scalar] = [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"]
    private static let asciiBars: [Unicode.Scalar] = [" ", "|", "-", "-", "=", "=", "#", "#", "#"]
}

/// Cells of one picture with a role each, put together into lines with a run for each stretch of one role.
struct GlyphGrid {
    let columns: Int
    let rows: Int
    private var scalars: [Unicode.Scalar]
    private var roles: [Role]

    init(columns: Int, rows: Int) {
        self.columns = max(0, columns)
        self.rows = max(0, rows)
        scalars = Array(repeating: " ", count: self.columns * self.rows)
        roles = Array(repeating: .plain, count: self.columns * self.rows)
    }

    /// Draws one character of one cell; outside of the grid nothing.
    mutating func put(_ scalar: Unicode.Scalar, _ role: Role, row: Int, column: Int) {
        guard (0..<rows).contains(row), (0..<columns).contains(column) else { return }
        scalars[row * columns + column] = scalar
        roles[row * columns + column] = role
    }

    func line(_ row: Int) -> StyledText {
        var line = StyledText()
        var run = String.UnicodeScalarView()
        for cell in row * columns..<(row + 1) * columns {
            run.append(scalars[cell])
            if cell + 1 < (row + 1) * columns, roles[cell + 1] == roles[cell] { continue }
            line.append(drawn: String(run), roles[cell])
            run.removeAll(keepingCapacity: true)
        }
        return line
    }

    var lines: [StyledText] { (0..<rows).map(line) }
}
