// SPDX-License-Identifier: Apache-2.0
// The columns of a list on a screen. Their widths follow from the width of the screen alone, not from what is in the
// rows: a list that scrolls must not shift sideways. The first column has what the others leave.

import SondeTerminal

struct ListColumns: Hashable, Sendable {
    struct Column: Hashable, Sendable {
        var title: String
        var width: Int
        var alignment: Alignment
        /// Columns with a number go where there is no room, the highest number first.
        var leavesAt: Int?

        init(_ title: String, _ width: Int, _ alignment: Alignment = .right, leavesAt: Int? = nil) {
            self.title = title
            self.width = width
            self.alignment = alignment
            self.leavesAt = leavesAt
        }
    }

    let first: String
    let firstWidth: Int
    private let columns: [Column]
    private let isShown: [Bool]
    private static let gap = 1

    /// - Parameter least: cells of the first column below which others leave.
    init(first: String, least: Int, _ columns: [Column], width: Int) {
        var isShown = Array(repeating: true, count: columns.count)
        func room() -> Int {
            columns.indices.reduce(width) { isShown[$1] ? $0 - columns[$1].width - Self.gap : $0 }
        }
        while room() < least,
            let leaving = columns.indices.filter({ isShown[$0] && columns[$0].leavesAt != nil })
                .max(by: { (columns[$0].leavesAt ?? 0) < (columns[$1].leavesAt ?? 0) })
        {
            isShown[leaving] = false
        }
        self.first = first
        self.columns = columns
        self.isShown = isShown
        firstWidth = max(0, min(width, room()))
    }

    /// The titles; of the column by which the list is sorted, with a mark.
    func titles(sortedBy sorted: String? = nil) -> StyledText {
        let mark = { (title: String) in title == sorted ? title + "▾" : title }
        return line(StyledText(mark(first), .heading), columns.map { StyledText(mark($0.title), .heading) })
    }

    /// One row; `cells` has one for each column, shown or not.
    func line(_ name: StyledText, _ cells: [StyledText]) -> StyledText {
        var line = name.fitted(to: firstWidth)
        for (index, cell) in cells.enumerated() where isShown[index] {
            line.pad(to: line.width + Self.gap)
            line.append(cell.fitted(to: columns[index].width, alignment: columns[index].alignment))
        }
        return line
    }

    func isShown(_ title: String) -> Bool {
        columns.indices.contains { columns[$0].title == title && isShown[$0] }
    }
}
