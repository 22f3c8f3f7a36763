// SPDX-License-Identifier: Apache-2.0
// A list that moves by a row is the same rows elsewhere: terminals move what they show for twenty bytes, where writing it
// again would take a screenful.

/// Rows of the new picture that the terminal shows `distance` rows further down (above zero) or up.
struct Scroll: Hashable {
    var rows: Range<Int>
    var distance: Int
    /// Rows that need not be written because of it.
    var gain: Int

    /// The rows that the terminal moves: where they are to be and where they are.
    var region: Range<Int> {
        distance > 0
            ? rows.lowerBound..<rows.upperBound + distance : rows.lowerBound + distance..<rows.upperBound
    }

    /// The best there is; nil if none is worth its bytes.
    static func find(from shown: [Cell], to wanted: [Cell], _ size: Size) -> Scroll? {
        func row(_ cells: [Cell], _ number: Int) -> ArraySlice<Cell> {
            cells[number * size.columns..<(number + 1) * size.columns]
        }
        let changed = (0..<size.rows).map { row(shown, $0) != row(wanted, $0) }
        guard changed.count(where: \.self) >= Limits.rowsWorthScrolling else { return nil }
        var best: Scroll?
        for distance in Limits.scrollDistances {
            var run: Scroll?
            for number in max(0, -distance)..<max(max(0, -distance), size.rows - max(0, distance)) {
                guard row(wanted, number) == row(shown, number + distance) else {
                    run = nil
                    continue
                }
                var longer = run ?? Scroll(rows: number..<number, distance: distance, gain: 0)
                longer.rows = longer.rows.lowerBound..<number + 1
                longer.gain += changed[number] ? 1 : 0
                run = longer
                if longer.gain > best?.gain ?? 0 { best = longer }
            }
        }
        return best.flatMap { $0.gain >= Limits.rowsWorthScrolling ? $0 : nil }
    }
}

extension FrameWriter {
    /// Has the terminal move what it shows, where that brings it nearer to the picture.
    mutating func scroll(to frame: Frame) {
        guard frame.size.columns > 0, let scroll = Scroll.find(from: shown, to: frame.cells, frame.size) else { return }
        let region = scroll.region
        // Lines that come in have the ground of the pen.
        set(Paint())
        output += Array("\u{1B}[\(region.lowerBound + 1);\(region.upperBound)r".utf8)
        position = Caret(row: 0, column: 0)
        move(to: Caret(row: region.lowerBound, column: 0))
        output += Array("\u{1B}[\(abs(scroll.distance))\(scroll.distance > 0 ? "M" : "L")\u{1B}[r".utf8)
        // The end of the margins brings some terminals home, and others not.
        position = nil
        let before = shown
        for row in region {
            let start = row * frame.size.columns
            let isMoved = scroll.rows.contains(row)
            let from = (row + scroll.distance) * frame.size.columns
            for column in 0..<frame.size.columns {
                shown[start + column] = isMoved ? before[from + column] : .blank
            }
        }
    }
}
