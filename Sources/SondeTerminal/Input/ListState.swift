// SPDX-License-Identifier: Apache-2.0
// Which rows of a long list are on the screen, and which of them has the keys. The list itself may be of any length:
// only what is visible need ever be made.

package struct ListState: Hashable, Sendable {
    /// Rows of the list.
    package private(set) var count = 0
    /// Rows of the screen.
    package private(set) var visible = 0
    /// The row that has the keys; 0 in an empty list.
    package private(set) var selection = 0
    /// The first row on the screen.
    package private(set) var top = 0
    /// Rows that stay visible above and below the selection, where the list goes on.
    package var margin = 0

    package init(count: Int = 0, visible: Int = 0, margin: Int = 0) {
        self.margin = margin
        update(count: count, visible: visible)
    }

    /// The rows to draw.
    package var rows: Range<Int> { top..<min(top + visible, count) }

    /// The list or the screen has changed; what is selected stays selected and in sight.
    package mutating func update(count: Int, visible: Int) {
        self.count = max(0, count)
        self.visible = max(0, visible)
        select(selection)
    }

    /// Selects a row, or the nearest there is, and scrolls as little as brings it into sight.
    package mutating func select(_ row: Int) {
        selection = min(max(0, row), max(0, count - 1))
        let margin = min(max(0, margin), max(0, (visible - 1) / 2))
        top = min(max(top, selection - visible + 1 + margin), selection - margin)
        clampTop()
    }

    package mutating func move(by rows: Int) { select(selection.addingSaturating(rows)) }
    package mutating func page(by pages: Int) {
        let rows = max(1, visible - 1) * pages
        top = top.addingSaturating(rows)
        clampTop()
        select(selection.addingSaturating(rows))
    }
    package mutating func home() { select(0) }
    package mutating func end() { select(count - 1) }

    /// Scrolls, as a wheel does; the selection comes along only where it would be out of sight.
    package mutating func scroll(by rows: Int) {
        top = top.addingSaturating(rows)
        clampTop()
        guard visible > 0 else { return }
        selection = min(max(selection, top), max(top, self.rows.upperBound - 1))
    }

    /// Brings the selection into the middle, as far as the list allows.
    package mutating func centre() {
        top = selection - visible / 2
        clampTop()
    }

    /// The row of the list on a row of the screen, counted from the first; nil below the last.
    package func row(atVisible place: Int) -> Int? {
        place >= 0 && rows.contains(top + place) ? top + place : nil
    }

    /// Where a scroll bar of `length` cells has its thumb; nil if everything is visible.
    package func thumb(length: Int) -> Range<Int>? {
        guard count > visible, length > 0, visible > 0 else { return nil }
        let size = max(1, length * visible / count)
        let start = (length - size) * top / max(1, count - visible)
        return start..<start + size
    }

    private mutating func clampTop() { top = max(0, min(top, count - visible)) }
}

extension Int {
    fileprivate func addingSaturating(_ other: Int) -> Int {
        let (sum, isOverflow) = addingReportingOverflow(other)
        return isOverflow ? (other > 0 ? .max : .min) : sum
    }
}
