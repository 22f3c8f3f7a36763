// SPDX-License-Identifier: Apache-2.0
// Traces as dots: when they began from left to right, how long they took from below to above on a logarithmic scale,
// eight dots a cell. Points can be chosen, by moving from one to the next and by pointing at them.
//
//   4.2 s ┤        ×
//         │   ⠂          ◆⠂
//   12 ms ┤⣀⡠⣄⣀⡀⢀⣀⣠⣀⢀⡀⣀⣀⣀⡀⢀
//          10:00     10:05

import SondeModel
import SondeTerminal

struct Scatter: Hashable, Sendable {
    struct Point: Hashable, Sendable {
        var time: Timestamp
        var nanoseconds: UInt64
        var isBad: Bool

        init(time: Timestamp, nanoseconds: UInt64, isBad: Bool = false) {
            self.time = time
            self.nanoseconds = nanoseconds
            self.isBad = isBad
        }
    }

    enum Direction: Hashable, Sendable { case left, right, up, down }

    /// A cell of the picture, counted from its upper left corner.
    struct Cell: Hashable, Sendable {
        var row: Int
        var column: Int
    }

    let points: [Point]
    /// The times at the left and the right edge.
    let start: Timestamp
    let end: Timestamp
    private let scale: LogScale
    private let least: UInt64
    private let largest: UInt64

    /// - Parameter start, end: the edges; where nil, those of the points. Points outside are not shown.
    init(_ points: [Point], from start: Timestamp? = nil, to end: Timestamp? = nil) {
        self.points = points
        self.start = start ?? points.lazy.map(\.time).min() ?? .zero
        self.end = max(end ?? points.lazy.map(\.time).max() ?? .zero, self.start)
        least = points.lazy.map(\.nanoseconds).min() ?? 0
        largest = points.lazy.map(\.nanoseconds).max() ?? 0
        scale = LogScale(from: least, to: largest)
    }

    /// `height` lines of `width` cells: the dots, durations on the left, times below. Nothing where there is no room.
    func lines(
        width: Int, height: Int, zone: Zone, charset: Charset = .unicode, selected: Int? = nil
    ) -> [StyledText] {
        let plot = Plot(width: width, height: height)
        guard plot.columns > 0, plot.rows > 0 else { return Array(repeating: StyledText(), count: max(0, height)) }
        var lines: [StyledText] = []
        for (row, dots) in picture(plot, charset, selected).lines.enumerated() {
            var line = scaleLabel(row, plot).fitted(to: Plot.labelWidth - 1, alignment: .right)
            line.append(drawn: String(Glyphs.vertical(charset)), .faint)
            line.append(dots)
            lines.append(line)
        }
        var axis = StyledText(String(repeating: " ", count: Plot.labelWidth))
        axis.append(TimeAxis.clock(from: start, to: end, width: plot.columns, zone: zone).line())
        lines.append(axis)
        return lines
    }

    // MARK: Choosing

    /// The cell in which a point is drawn; nil for one outside of the times shown.
    func cell(of index: Int, width: Int, height: Int) -> Cell? {
        let plot = Plot(width: width, height: height)
        guard let dot = dot(of: index, plot) else { return nil }
        return Cell(row: dot.row / 4, column: Plot.labelWidth + dot.column / 2)
    }

    /// The point nearest to a cell, for the mouse; nil if none is within three cells. Of points in one cell, the longest.
    func nearest(to cell: Cell, width: Int, height: Int) -> Int? {
        let near = points.indices.compactMap { index -> (index: Int, distance: Int)? in
            guard let place = self.cell(of: index, width: width, height: height) else { return nil }
            // A cell is about twice as high as wide.
            let (rows, columns) = (2 * abs(place.row - cell.row), abs(place.column - cell.column))
            return max(rows, columns) <= Limits.scatterReach ? (index, rows + columns) : nil
        }
        return near.min { ($0.distance, points[$1.index].nanoseconds) < ($1.distance, points[$0.index].nanoseconds) }?
            .index
    }

    /// The points in the rectangle between two cells, for a drag with the mouse.
    func points(between a: Cell, and b: Cell, width: Int, height: Int) -> [Int] {
        let rows = min(a.row, b.row)...max(a.row, b.row)
        let columns = min(a.column, b.column)...max(a.column, b.column)
        return points.indices.filter {
            guard let cell = cell(of: $0, width: width, height: height) else { return false }
            return rows.contains(cell.row) && columns.contains(cell.column)
        }
    }

    /// The next point in a direction: in time to the left and right, in duration up and down. From nowhere, the longest.
    func next(from index: Int?, _ direction: Direction) -> Int? {
        let shown = points.indices.filter { isShown(points[$0]) }
        guard let index, points.indices.contains(index) else {
            return shown.max { points[$0].nanoseconds < points[$1].nanoseconds }
        }
        let key = { (place: Int) -> (UInt64, Int) in
            direction == .left || direction == .right
                ? (points[place].time.nanoseconds, place) : (points[place].nanoseconds, place)
        }
        let own = key(index)
        switch direction {
        case .right, .up: return shown.filter { key($0) > own }.min { key($0) < key($1) } ?? index
        case .left, .down: return shown.filter { key($0) < own }.max { key($0) < key($1) } ?? index
        }
    }

    private func isShown(_ point: Point) -> Bool { point.time >= start && point.time <= end }

    // MARK: The picture

    /// What is left for dots beside the labels.
    private struct Plot {
        static let labelWidth = Limits.scatterLabel
        let columns: Int
        let rows: Int

        init(width: Int, height: Int) {
            columns = width - Self.labelWidth
            rows = height - 1
        }
    }

    private func dot(of index: Int, _ plot: Plot) -> (row: Int, column: Int)? {
        guard points.indices.contains(index), plot.columns > 0, plot.rows > 0 else { return nil }
        let point = points[index]
        guard isShown(point) else { return nil }
        let length = Double(start.nanoseconds(until: end))
        let across = length > 0 ? Double(start.nanoseconds(until: point.time)) / length : 0.5
        let up = scale.share(of: point.nanoseconds)
        let (rows, columns) = (plot.rows * 4, plot.columns * 2)
        return (
            row: rows - 1 - min(rows - 1, Int(up * Double(rows))),
            column: min(columns - 1, Int(across * Double(columns)))
        )
    }

    private func picture(_ plot: Plot, _ charset: Charset, _ selected: Int?) -> GlyphGrid {
        var grid = GlyphGrid(columns: plot.columns, rows: plot.rows)
        var dots = Array(repeating: UInt8(0), count: plot.columns * plot.rows)
        var bad = Array(repeating: false, count: plot.columns * plot.rows)
        for index in points.indices {
            guard let dot = dot(of: index, plot) else { continue }
            let cell = dot.row / 4 * plot.columns + dot.column / 2
            dots[cell] |= Glyphs.dot(column: dot.column % 2, row: dot.row % 4)
            if points[index].isBad { bad[cell] = true }
        }
        for cell in dots.indices where dots[cell] != 0 {
            // Failures have a shape of their own, too: not every terminal has colours, nor every eye.
            grid.put(
                bad[cell] ? Glyphs.failed(charset) : Glyphs.dots(dots[cell], charset), bad[cell] ? .bad : .hue(0),
                row: cell / plot.columns, column: cell % plot.columns)
        }
        if let selected, let dot = dot(of: selected, plot) {
            grid.put(
                Glyphs.chosen(charset), points[selected].isBad ? .bad : .strong, row: dot.row / 4,
                column: dot.column / 2)
        }
        return grid
    }

    /// The largest duration at the top, the least at the foot, one between them where there is room.
    private func scaleLabel(_ row: Int, _ plot: Plot) -> StyledText {
        guard !points.isEmpty else { return StyledText() }
        let nanoseconds: UInt64
        if row == 0 {
            nanoseconds = largest
        } else if row == plot.rows - 1 {
            nanoseconds = least
        } else if plot.rows >= 5, row == plot.rows / 2 {
            nanoseconds = scale.nanoseconds(at: 1 - (Double(row) + 0.5) / Double(plot.rows))
        } else {
            return StyledText()
        }
        return StyledText(Quantity.duration(nanoseconds: nanoseconds), .faint)
    }
}
