// SPDX-License-Identifier: Apache-2.0
// The whole trace in a few lines above its rows: each span a stroke at its place in the tree and in time, to two by four
// dots a cell.
//
//   ⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉
//   ⠒⠒⠂⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉⠉
//       ⠤⠤⠄⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒ ⠤⠄

import SondeModel

struct Minimap: Sendable {
    struct Cell: Hashable, Sendable {
        /// Dots as Unicode's braille patterns number them.
        var dots: UInt8 = 0
        var hasError = false
        /// The service whose stroke is drawn here; one more than its place, 0 for none.
        var colour: UInt16 = 0

        var service: Int? { colour == 0 ? nil : Int(colour) - 1 }
    }

    let columns: Int
    let rows: Int
    private(set) var cells: [Cell] = []
    private let spanCount: Int
    /// What it was made of.
    let source: TraceModel.Identity

    /// - Parameter spans: in the order in which they are laid out; the whole trace.
    init(_ model: TraceModel, columns: Int, rows: Int) {
        self.columns = max(1, columns)
        self.rows = max(1, rows)
        spanCount = model.count
        source = model.identity
        cells = Array(repeating: Cell(), count: self.columns * self.rows)
        draw(model)
    }

    subscript(column: Int, row: Int) -> Cell { cells[row * columns + column] }

    /// Rows of the map that show some of these spans.
    func rows(of spans: Range<Int>) -> Range<Int> {
        guard spanCount > 0, !spans.isEmpty else { return 0..<0 }
        let first = line(of: spans.lowerBound) / 4
        return first..<max(first, line(of: spans.upperBound - 1) / 4) + 1
    }

    /// The span that a row of the map begins with.
    func span(at row: Int) -> Int { max(0, min(spanCount - 1, row * 4 * spanCount / lines)) }

    private var lines: Int { min(rows * 4, max(1, spanCount)) }

    private func line(of span: Int) -> Int { span * lines / max(1, spanCount) }

    /// Strokes are counted up at their begin and down behind their end; a walk along each line then finds what is covered.
    private mutating func draw(_ model: TraceModel) {
        let width = columns * 2
        let scale = Double(width) / Double(model.length)
        var changes = Array(repeating: Int32(0), count: (width + 1) * rows * 4)
        for span in 0..<model.count {
            let from = min(width - 1, Int(Double(model.starts[span]) * scale))
            let to = min(width, max(from + 1, Int((Double(model.drawnEnd(span)) * scale).rounded(.up))))
            let line = line(of: span) * (width + 1)
            changes[line + from] += 1
            changes[line + to] -= 1
            let isError = model.flags[span].contains(.error)
            let first = self.line(of: span) / 4 * columns
            // A stroke's colour counts where it begins; errors are rare and count all along.
            cells[first + from / 2].colour = UInt16(clamping: model.serviceIndex(of: span) + 1)
            if isError { for cell in (from / 2)...((to - 1) / 2) { cells[first + cell].hasError = true } }
        }
        for line in 0..<rows * 4 {
            var depth: Int32 = 0
            for dot in 0..<width {
                depth += changes[line * (width + 1) + dot]
                if depth > 0 { cells[line / 4 * columns + dot / 2].dots |= Self.dot(dot % 2, line % 4) }
            }
        }
        spreadColours()
    }

    /// A cell in which nothing begins has the colour of what it goes on with.
    private mutating func spreadColours() {
        for row in 0..<rows {
            var colour: UInt16 = 0
            for column in 0..<columns {
                let place = row * columns + column
                if cells[place].colour != 0 { colour = cells[place].colour } else { cells[place].colour = colour }
            }
        }
    }

    private static func dot(_ column: Int, _ line: Int) -> UInt8 {
        line == 3 ? (column == 0 ? 0x40 : 0x80) : UInt8(1) << UInt8(column * 3 + line)
    }
}
