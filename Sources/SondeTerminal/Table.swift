// SPDX-License-Identifier: Apache-2.0
// Rows and columns that fit a width: flexible columns give way first, then the columns that can be missed.

package struct Table: Sendable {
    package struct Column: Sendable {
        package var title: String
        package var alignment: Alignment
        /// Cells below which the column does not shrink; nil for a column that never shrinks.
        package var shrinksTo: Int?
        /// Columns with a number go when there is no room, the highest number first.
        package var leavesAt: Int?

        package init(_ title: String, _ alignment: Alignment = .left, shrinksTo: Int? = nil, leavesAt: Int? = nil) {
            self.title = title
            self.alignment = alignment
            self.shrinksTo = shrinksTo
            self.leavesAt = leavesAt
        }
    }

    package var columns: [Column]
    package var rows: [[StyledText]] = []

    package init(columns: [Column]) { self.columns = columns }

    /// Adds a row; it MUST have one cell a column.
    package mutating func append(_ cells: [StyledText]) {
        precondition(cells.count == columns.count, "a row has one cell for each column")
        rows.append(cells)
    }

    private static let gap = 2

    /// A line of titles and a line a row, none wider than `width`.
    package func lines(width: Int) -> [StyledText] {
        let natural = columns.indices.map { naturalWidth($0) }
        let shown = shownColumns(natural, width: width)
        let widths = shrunk(natural, shown: shown, width: width)
        let titles = columns.map { StyledText($0.title, .heading) }
        return ([titles] + rows).map { line($0, shown: shown, widths: widths).truncated(to: width) }
    }

    private func naturalWidth(_ column: Int) -> Int {
        max(DisplayWidth.of(columns[column].title), rows.lazy.map { $0[column].width }.max() ?? 0)
    }

    /// The narrowest a column can be made.
    private func leastWidth(_ column: Int, _ natural: [Int]) -> Int {
        min(natural[column], columns[column].shrinksTo ?? natural[column])
    }

    private func shownColumns(_ natural: [Int], width: Int) -> [Int] {
        var shown = Array(columns.indices)
        func least() -> Int { shown.reduce(0) { $0 + leastWidth($1, natural) + Self.gap } - Self.gap }
        while least() > width,
            let leaving = shown.filter({ columns[$0].leavesAt != nil })
                .max(by: { (columns[$0].leavesAt ?? 0) < (columns[$1].leavesAt ?? 0) })
        {
            shown.removeAll { $0 == leaving }
        }
        return shown
    }

    /// Takes what is too much from the widest flexible column, cell by cell, so that long ones give before short ones.
    private func shrunk(_ natural: [Int], shown: [Int], width: Int) -> [Int] {
        var widths = natural
        var excess = shown.reduce(0) { $0 + natural[$1] + Self.gap } - Self.gap - width
        while excess > 0 {
            // Among equals the last gives first: what names a row stands at its beginning.
            let candidates = shown.reversed().filter { widths[$0] > leastWidth($0, natural) }
            guard let widest = candidates.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
            excess -= 1
        }
        return widths
    }

    private func line(_ cells: [StyledText], shown: [Int], widths: [Int]) -> StyledText {
        var line = StyledText()
        for (place, column) in shown.enumerated() {
            if place > 0 { line.pad(to: line.width + Self.gap) }
            line.append(cells[column].fitted(to: widths[column], alignment: columns[column].alignment))
        }
        return line
    }
}
