// SPDX-License-Identifier: Apache-2.0
// A stretch of time as a row of block characters, to an eighth of a cell where Unicode has the character for it.

package enum Bar {
    /// A bar over `width` cells that fills from `start` to `end`, both as parts of the whole (0 to 1). However short,
    /// something is drawn: a span of 3 µs in a trace of a minute must still be seen. The result covers `width` cells.
    package static func text(from start: Double, to end: Double, width: Int) -> String {
        guard width > 0 else { return "" }
        let eighths = width * 8
        let first = min(max(0, place(start, eighths)), eighths - 1)
        let last = max(first + 1, min(place(end, eighths), eighths))
        return text(fromEighth: first, toEighth: last, width: width)
    }

    /// As ``text(from:to:width:)`` for a stretch whose end is not known.
    package static func openText(from start: Double, width: Int) -> String {
        guard width > 0 else { return "" }
        let first = min(max(0, place(start, width)), width - 1)
        return String(repeating: " ", count: first) + String(repeating: "░", count: width - first)
    }

    private static func place(_ part: Double, _ steps: Int) -> Int {
        guard part.isFinite else { return 0 }
        return Int((min(max(part, 0), 1) * Double(steps)).rounded())
    }

    private static func text(fromEighth first: Int, toEighth last: Int, width: Int) -> String {
        let firstCell = first / 8
        let lastCell = (last - 1) / 8
        var bar = String(repeating: " ", count: firstCell)
        for cell in firstCell...lastCell {
            bar.append(block(from: max(first - cell * 8, 0), to: min(last - cell * 8, 8)))
        }
        return bar + String(repeating: " ", count: width - lastCell - 1)
    }

    /// The character that comes nearest to filling a cell from one eighth to another. Unicode fills from the left in
    /// eighths, but from the right only by a half and an eighth.
    private static func block(from first: Int, to last: Int) -> Character {
        if first == 0 { return leftBlocks[last] }
        if last == 8 { return first <= 2 ? "█" : first <= 5 ? "▐" : "▕" }
        return last - first >= 5 ? "█" : first < 4 && last - first >= 3 ? "▌" : "╎"
    }

    private static let leftBlocks: [Character] = [" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"]
}
