// SPDX-License-Identifier: Apache-2.0
// Where everything of the Trace screen stands, for the drawing and for the mouse alike:
//
//   facts ───────────── map ─────────────────────
//   span      duration  0      25 ms    50 ms            axis
//   ▾ gateway   123 ms  ███━━━━━━━━━━━━━━━━━━███         list
//   ─ what is selected, in full ─────────────────         pane
//   12/340  +12 ms …                                      status

import SondeTerminal

struct TraceLayout: Hashable {
    let facts: Rect
    let map: Rect
    let axis: Rect
    let list: Rect
    let pane: Rect
    let status: Rect
    /// Cells of a row: marks, then the name, then the duration, then the bars.
    let nameColumns: Int
    let durationColumn: Int
    let durationColumns: Int
    let barColumn: Int
    let barColumns: Int

    /// Cells for marks in front of every name.
    static let gutter = 2

    /// - Parameter nameShare: columns for names, as chosen; nil for the usual part.
    init(in rect: Rect, nameColumns chosen: Int? = nil, hasPane: Bool = false) {
        let (rest, status) = rect.split(bottom: rect.rows > 3 ? 1 : 0)
        self.status = status
        let headRows =
            rect.rows >= Limits.rowsForLargeHead ? 4 : rect.rows >= Limits.rowsForHead ? 3 : min(1, rect.rows / 4)
        let (head, body) = rest.split(top: headRows)
        let (axis, below) = body.split(top: body.rows > 1 ? 1 : 0)
        self.axis = axis
        let (list, pane) = below.split(bottom: hasPane ? Self.paneRows(below.rows) : 0)
        (self.list, self.pane) = (list, pane)
        durationColumns = rect.columns >= Limits.columnsForDuration ? Limits.durationCells : 0
        let most = max(Self.gutter + 1, rect.columns - durationColumns - Limits.minBarWidth - 2)
        let usual = rect.columns * 9 / 20
        nameColumns = min(max(Limits.leastNameColumns, chosen ?? usual), most)
        durationColumn = rect.column + nameColumns + 1
        barColumn = durationColumn + (durationColumns > 0 ? durationColumns + 1 : 0)
        barColumns = max(0, rect.endColumn - barColumn)
        if headRows > 1 {
            let (facts, map) = head.split(left: barColumn - rect.column)
            (self.facts, self.map) = (
                Rect(column: facts.column, row: facts.row, columns: max(0, facts.columns - 1), rows: facts.rows), map
            )
        } else {
            (facts, map) = (head, Rect(column: rect.endColumn, row: head.row, columns: 0, rows: 0))
        }
    }

    private static func paneRows(_ rows: Int) -> Int { rows < 6 ? 0 : max(rows * 9 / 20, min(rows - 3, 8)) }

    /// Columns that a picture of time has.
    var bars: Range<Int> { barColumn..<barColumn + barColumns }
}
