// SPDX-License-Identifier: Apache-2.0
// Sizes and places on a screen, in cells. Nothing here is ever negative: what is cut away too far is empty.

package struct Size: Hashable, Sendable {
    package var columns: Int
    package var rows: Int

    package init(columns: Int, rows: Int) {
        self.columns = max(0, columns)
        self.rows = max(0, rows)
    }
}

/// A part of a screen. Layout is cutting: a rectangle is split into what one part of a picture needs and the rest.
package struct Rect: Hashable, Sendable {
    package var column: Int
    package var row: Int
    package var columns: Int
    package var rows: Int

    package init(column: Int, row: Int, columns: Int, rows: Int) {
        self.column = column
        self.row = row
        self.columns = max(0, columns)
        self.rows = max(0, rows)
    }

    /// The whole of a screen.
    package init(_ size: Size) { self.init(column: 0, row: 0, columns: size.columns, rows: size.rows) }

    package var size: Size { Size(columns: columns, rows: rows) }
    package var isEmpty: Bool { columns <= 0 || rows <= 0 }
    /// The column behind the last.
    package var endColumn: Int { column + columns }
    /// The row behind the last.
    package var endRow: Int { row + rows }

    package func contains(column: Int, row: Int) -> Bool {
        column >= self.column && column < endColumn && row >= self.row && row < endRow
    }

    /// The first `count` rows, and those below them. Asked for more than there are, it gives all and leaves none.
    package func split(top count: Int) -> (top: Rect, rest: Rect) {
        let cut = min(max(0, count), rows)
        return (
            Rect(column: column, row: row, columns: columns, rows: cut),
            Rect(column: column, row: row + cut, columns: columns, rows: rows - cut)
        )
    }

    /// The rows above the last `count`, and these.
    package func split(bottom count: Int) -> (rest: Rect, bottom: Rect) {
        let (rest, bottom) = split(top: rows - min(max(0, count), rows))
        return (rest, bottom)
    }

    /// The first `count` columns, and those to their right.
    package func split(left count: Int) -> (left: Rect, rest: Rect) {
        let cut = min(max(0, count), columns)
        return (
            Rect(column: column, row: row, columns: cut, rows: rows),
            Rect(column: column + cut, row: row, columns: columns - cut, rows: rows)
        )
    }

    /// The columns left of the last `count`, and these.
    package func split(right count: Int) -> (rest: Rect, right: Rect) {
        let (rest, right) = split(left: columns - min(max(0, count), columns))
        return (rest, right)
    }

    /// Without a margin on every side.
    package func inset(by margin: Int) -> Rect { inset(columns: margin, rows: margin) }

    package func inset(columns margin: Int, rows verticalMargin: Int) -> Rect {
        Rect(
            column: column + min(margin, columns), row: row + min(verticalMargin, rows),
            columns: columns - 2 * margin, rows: rows - 2 * verticalMargin)
    }

    /// A rectangle of that size in the middle of this one, as large as fits.
    package func centred(_ size: Size) -> Rect {
        let columns = min(size.columns, columns)
        let rows = min(size.rows, rows)
        return Rect(
            column: column + (self.columns - columns) / 2, row: row + (self.rows - rows) / 2,
            columns: columns, rows: rows)
    }

    package func intersection(_ other: Rect) -> Rect {
        let left = max(column, other.column)
        let top = max(row, other.row)
        return Rect(
            column: left, row: top, columns: min(endColumn, other.endColumn) - left,
            rows: min(endRow, other.endRow) - top)
    }
}
