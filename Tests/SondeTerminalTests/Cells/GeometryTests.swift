// SPDX-License-Identifier: Apache-2.0
// Rectangles and what is cut of them.

import SondeTerminal
import Testing

@Suite("Geometry")
struct GeometryTests {
    private let rect = Rect(column: 2, row: 3, columns: 10, rows: 6)

    @Test func partsAreTheWhole() {
        let (top, below) = rect.split(top: 2)
        #expect(
            top == Rect(column: 2, row: 3, columns: 10, rows: 2)
                && below == Rect(column: 2, row: 5, columns: 10, rows: 4))
        let (above, bottom) = rect.split(bottom: 1)
        #expect(above.rows == 5 && bottom == Rect(column: 2, row: 8, columns: 10, rows: 1))
        let (left, rest) = rect.split(left: 4)
        #expect(left.columns == 4 && rest == Rect(column: 6, row: 3, columns: 6, rows: 6))
        let (most, right) = rect.split(right: 3)
        #expect(most.columns == 7 && right == Rect(column: 9, row: 3, columns: 3, rows: 6))
    }

    @Test func nothingIsEverNegative() {
        #expect(rect.split(top: 99).rest.isEmpty && rect.split(top: -1).top.isEmpty)
        #expect(rect.split(right: 99).right == rect)
        #expect(rect.inset(by: 99).isEmpty && rect.inset(by: 99).columns == 0)
        #expect(Size(columns: -1, rows: -5) == Size(columns: 0, rows: 0))
        #expect(rect.intersection(Rect(column: 50, row: 0, columns: 5, rows: 5)).isEmpty)
    }

    @Test func knowsWhatItContains() {
        #expect(rect.contains(column: 2, row: 3) && rect.contains(column: 11, row: 8))
        #expect(!rect.contains(column: 12, row: 3) && !rect.contains(column: 2, row: 9))
        #expect(rect.inset(by: 1) == Rect(column: 3, row: 4, columns: 8, rows: 4))
        #expect(rect.centred(Size(columns: 4, rows: 2)) == Rect(column: 5, row: 5, columns: 4, rows: 2))
    }
}
