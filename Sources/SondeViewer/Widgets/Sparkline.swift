// SPDX-License-Identifier: Apache-2.0
// A row of small columns, one a step of time: how a number went over a window, in the room of a word.

import SondeTerminal

struct Sparkline: Hashable, Sendable {
    struct Step: Hashable, Sendable {
        /// Nil where nothing is known: nothing happened whose duration could be told.
        var value: Double?
        /// Whether something failed in it.
        var isBad = false

        init(_ value: Double?, isBad: Bool = false) {
            self.value = value
            self.isBad = isBad
        }
    }

    var steps: [Step]
    /// The value that fills a cell; nil for the largest of the steps.
    var ceiling: Double?

    init(_ steps: [Step], ceiling: Double? = nil) {
        self.steps = steps
        self.ceiling = ceiling
    }

    init(_ values: [Double?], ceiling: Double? = nil) {
        self.init(values.map { Step($0) }, ceiling: ceiling)
    }

    /// The row over exactly `width` cells. Where a cell stands for several steps it shows the largest: a spike between
    /// two quiet minutes is what one looks for. Every value above zero shows; unknown ones are blank.
    func text(width: Int, role: Role = .plain, charset: Charset = .unicode) -> StyledText {
        guard width > 0 else { return StyledText() }
        var grid = GlyphGrid(columns: width, rows: 1)
        let top = ceiling ?? steps.lazy.compactMap(\.value).filter(\.isFinite).max() ?? 0
        for column in 0..<width {
            guard let step = step(at: column, of: width), let value = step.value else { continue }
            let eighths = Self.eighths(value, of: top)
            grid.put(
                Glyphs.column(eighths: eighths, charset), step.isBad ? .bad : value > 0 ? role : .faint, row: 0,
                column: column)
        }
        return grid.line(0)
    }

    private func step(at column: Int, of width: Int) -> Step? {
        guard !steps.isEmpty else { return nil }
        let first = column * steps.count / width
        let last = max(first + 1, (column + 1) * steps.count / width)
        let covered = steps[first..<min(last, steps.count)]
        return Step(covered.lazy.compactMap(\.value).max(), isBad: covered.contains(where: \.isBad))
    }

    private static func eighths(_ value: Double, of top: Double) -> Int {
        guard value.isFinite, top > 0, value > 0 else { return 1 }
        return min(8, max(1, Int((value / top * 8).rounded(.up))))
    }
}
