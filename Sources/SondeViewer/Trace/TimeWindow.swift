// SPDX-License-Identifier: Apache-2.0
// The stretch of time that the bars show, and the arithmetic between moments and cells. All moments are nanoseconds
// from the start of the trace.

package struct TimeWindow: Hashable, Sendable {
    /// Of the whole trace; the window never leaves it.
    private(set) var whole: UInt64
    private(set) var start: UInt64
    private(set) var length: UInt64

    init(whole: UInt64) {
        self.whole = max(1, whole)
        start = 0
        length = self.whole
    }

    var end: UInt64 { start + length }
    var isWhole: Bool { length == whole }

    /// Makes what is seen `factor` times as long, with the moment `anchor` where it was.
    mutating func zoom(by factor: Double, around anchor: UInt64) {
        let anchor = min(max(anchor, start), end)
        let least = min(whole, Limits.leastWindow)
        let wanted = min(max(Double(length) * factor, Double(least)), Double(whole))
        let newLength = min(max(UInt64(clamped: wanted), least), whole)
        let part = Double(anchor - start) / Double(length)
        let before = UInt64(clamped: part * Double(newLength))
        set(start: anchor - min(anchor, before), length: newLength)
    }

    /// Moves by a part of what is seen; negative to the left.
    mutating func pan(by part: Double) {
        let distance = UInt64(clamped: abs(part) * Double(length))
        move(to: part < 0 ? start - min(start, distance) : start + min(distance, whole - end))
    }

    mutating func move(to newStart: UInt64) { set(start: newStart, length: length) }

    /// Shows from one moment to another, with a little room on both sides.
    mutating func fit(from: UInt64, to: UInt64) {
        let room = max((max(to, from) - from) / Limits.fitRoomShare, Limits.leastWindow / 2)
        let first = from - min(from, room)
        let last = min(max(to, from), whole)
        set(start: first, length: max(min(last + min(room, whole - last), whole), first) - first)
    }

    /// From one moment to another, as drawn with the mouse.
    mutating func show(from: UInt64, to: UInt64) {
        set(start: min(from, to), length: max(from, to) - min(from, to))
    }

    mutating func showAll() { set(start: 0, length: whole) }

    /// Moves as little as shows the moment.
    mutating func reveal(_ moment: UInt64) {
        let moment = min(moment, whole)
        if moment < start { move(to: moment - min(moment, length / 8)) }
        if moment > end { move(to: moment - length + min(length / 8, whole - moment)) }
    }

    /// The trace has grown. What showed all of it still does; else what is seen stays.
    mutating func grow(to newWhole: UInt64) {
        let wasWhole = isWhole
        whole = max(1, newWhole)
        if wasWhole { showAll() } else { set(start: start, length: length) }
    }

    /// The same stretch, after the start of the trace has moved by so many nanoseconds to an earlier moment.
    mutating func shift(by distance: UInt64) {
        guard !isWhole else { return }
        whole += min(distance, UInt64.max - whole)
        start += min(distance, whole - end)
    }

    private mutating func set(start newStart: UInt64, length newLength: UInt64) {
        length = min(max(newLength, min(whole, Limits.leastWindow)), whole)
        start = min(newStart, whole - length)
    }
}

/// A window laid out over a row of cells.
struct TimeScale: Hashable, Sendable {
    let window: TimeWindow
    let cells: Int
    private let cellsPerNanosecond: Double

    init(_ window: TimeWindow, cells: Int) {
        self.window = window
        self.cells = max(1, cells)
        cellsPerNanosecond = Double(self.cells) / Double(window.length)
    }

    /// Cells from the left edge, outside of the row too: below 0 for what lies before, above ``cells`` for what follows.
    func position(of moment: UInt64) -> Double {
        // The difference of whole numbers first: a long trace's moments have more digits than a Double.
        moment >= window.start
            ? Double(moment - window.start) * cellsPerNanosecond : -Double(window.start - moment) * cellsPerNanosecond
    }

    /// The cells that a stretch of time touches, at least one; empty if none is in sight.
    func cells(from start: UInt64, to end: UInt64) -> Range<Int> {
        guard end >= window.start, start <= window.end else { return 0..<0 }
        let first = Int(min(max(0, position(of: start)), Double(cells - 1)))
        let last = Int(min(max(0, position(of: end)), Double(cells)).rounded(.up))
        return first..<max(first + 1, last)
    }

    /// The cell that shows a moment; nil where none does.
    func cell(of moment: UInt64) -> Int? {
        guard moment >= window.start, moment <= window.end else { return nil }
        return min(Int(position(of: moment)), cells - 1)
    }

    /// The moment in the middle of a cell.
    func moment(at cell: Int) -> UInt64 {
        let part = (Double(min(max(cell, 0), cells - 1)) + 0.5) / Double(cells)
        return window.start + min(UInt64(clamped: part * Double(window.length)), window.length)
    }

    /// The moment at the left edge of a cell, or at the right one of the last.
    func edge(at cell: Int) -> UInt64 {
        let part = Double(min(max(cell, 0), cells)) / Double(cells)
        return window.start + min(UInt64(clamped: part * Double(window.length)), window.length)
    }
}

extension UInt64 {
    /// The nearest there is: a Double near the top of the range rounds beyond it.
    init(clamped value: Double) {
        self = value >= 0x1p64 ? .max : value > 0 ? UInt64(value) : 0
    }
}
