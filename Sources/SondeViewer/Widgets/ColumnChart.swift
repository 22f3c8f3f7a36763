// SPDX-License-Identifier: Apache-2.0
// Columns side by side: how many of something there were, step by step of time or class by class of duration, with the
// failed among them at the foot.

import SondeModel
import SondeTerminal

struct ColumnChart: Hashable, Sendable {
    struct Column: Hashable, Sendable {
        var count: Int
        /// The failed of them.
        var bad: Int

        init(count: Int = 0, bad: Int = 0) {
            self.count = count
            self.bad = bad
        }
    }

    var columns: [Column]
    var role: Role = .hue(0)
    /// Drawn strong: the step that is chosen.
    var selected: Int?

    init(_ columns: [Column], role: Role = .hue(0), selected: Int? = nil) {
        self.columns = columns
        self.role = role
        self.selected = selected
    }

    /// `height` lines of `width` cells. Where a cell stands for several columns it shows their sum.
    func lines(width: Int, height: Int, charset: Charset = .unicode) -> [StyledText] {
        var grid = GlyphGrid(columns: width, rows: height)
        let shown = (0..<max(0, width)).map { sum(cell: $0, of: width) }
        let top = shown.lazy.map(\.count).max() ?? 0
        guard top > 0, height > 0 else { return grid.lines }
        for (cell, column) in shown.enumerated() where column.count > 0 {
            draw(column, selected.map { range(cell, width).contains($0) } ?? false, top, cell, charset, in: &grid)
        }
        return grid.lines
    }

    /// The column that stands at a cell of a picture that wide; nil outside of it.
    func column(atCell cell: Int, of width: Int) -> Int? {
        guard (0..<width).contains(cell), !columns.isEmpty else { return nil }
        return range(cell, width).first
    }

    private func draw(
        _ column: Column, _ isSelected: Bool, _ top: Int, _ cell: Int, _ charset: Charset, in grid: inout GlyphGrid
    ) {
        let scale = Double(grid.rows * 8) / Double(top)
        let height = max(1, Int((Double(column.count) * scale).rounded()))
        // One failure in a million still shows.
        let badHeight = column.bad > 0 ? max(1, Int((Double(column.bad) * scale).rounded())) : 0
        for row in 0..<grid.rows {
            let floor = (grid.rows - 1 - row) * 8
            guard height > floor else { continue }
            let role: Role = floor < badHeight ? .bad : isSelected ? .strong : self.role
            grid.put(Glyphs.column(eighths: height - floor, charset), role, row: row, column: cell)
        }
    }

    private func range(_ cell: Int, _ width: Int) -> Range<Int> {
        let first = cell * columns.count / width
        return first..<min(columns.count, max(first + 1, (cell + 1) * columns.count / width))
    }

    private func sum(cell: Int, of width: Int) -> Column {
        guard !columns.isEmpty else { return Column() }
        if columns.count >= width {
            return columns[range(cell, width)].reduce(into: Column()) {
                $0.count += $1.count
                $0.bad += $1.bad
            }
        }
        return columns[cell * columns.count / width]
    }
}

/// Durations by class: as many classes as asked for, equally wide on a logarithmic scale from the least to the largest.
struct DurationHistogram: Hashable, Sendable {
    private(set) var columns: [ColumnChart.Column]
    let least: UInt64
    let largest: UInt64

    init(_ all: [(nanoseconds: UInt64, isBad: Bool)], classes: Int) {
        least = all.lazy.map(\.nanoseconds).min() ?? 0
        largest = all.lazy.map(\.nanoseconds).max() ?? 0
        columns = Array(repeating: ColumnChart.Column(), count: max(1, classes))
        for item in all {
            let place = place(of: item.nanoseconds)
            columns[place].count += 1
            if item.isBad { columns[place].bad += 1 }
        }
    }

    /// The class of a duration; of one outside of all, the nearest.
    func place(of nanoseconds: UInt64) -> Int {
        let scale = LogScale(from: least, to: largest)
        return min(columns.count - 1, Int(scale.share(of: nanoseconds) * Double(columns.count)))
    }
}
