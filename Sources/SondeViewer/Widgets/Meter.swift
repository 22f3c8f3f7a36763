// SPDX-License-Identifier: Apache-2.0
// Bars in the cells of a table: a part of a whole, and a change to either side.

import SondeTerminal

enum Meter {
    /// A bar over `width` cells of which `share` (0 to 1) is filled. However little, something is drawn; of nothing,
    /// nothing.
    static func text(_ share: Double, width: Int, role: Role, charset: Charset = .unicode) -> StyledText {
        guard width > 0 else { return StyledText() }
        var grid = GlyphGrid(columns: width, rows: 1)
        fill(&grid, from: 0, to: eighths(share, width), role, charset)
        return grid.line(0)
    }

    /// A bar that starts in the middle: to the right for more, to the left for less. `change` of 1 fills its half.
    static func change(
        _ change: Double, width: Int, more: Role = .bad, less: Role = .good, charset: Charset = .unicode
    ) -> StyledText {
        guard width > 2 else { return StyledText(String(repeating: " ", count: max(0, width))) }
        let half = (width - 1) / 2
        var grid = GlyphGrid(columns: width, rows: 1)
        grid.put(Glyphs.vertical(charset), .faint, row: 0, column: half)
        let length = eighths(change.magnitude, half)
        if change > 0 {
            fill(&grid, from: (half + 1) * 8, to: (half + 1) * 8 + length, more, charset)
        } else if change < 0 {
            fill(&grid, from: half * 8 - length, to: half * 8, less, charset)
        }
        return grid.line(0)
    }

    private static func eighths(_ share: Double, _ width: Int) -> Int {
        guard share.isFinite, share > 0 else { return 0 }
        return max(1, Int((min(share, 1) * Double(width * 8)).rounded()))
    }

    private static func fill(_ grid: inout GlyphGrid, from first: Int, to last: Int, _ role: Role, _ charset: Charset) {
        guard last > first else { return }
        for cell in first / 8...(last - 1) / 8 {
            let glyph = Glyphs.bar(from: max(first - cell * 8, 0), to: min(last - cell * 8, 8), charset)
            grid.put(glyph, role, row: 0, column: cell)
        }
    }
}
