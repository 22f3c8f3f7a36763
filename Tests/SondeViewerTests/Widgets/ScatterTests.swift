// SPDX-License-Identifier: Apache-2.0
// The scatter as it looks, and its points as they are chosen.

import SondeModel
import SondeTerminal
import SondeTestKit
import Testing

@testable import SondeViewer

@Suite("Scatter")
struct ScatterTests {
    /// One a second; every tenth fails, and one takes very long.
    static let busy = Scatter(
        (0..<300).map { second in
            .init(
                time: .sample(ms: second * 1_000),
                nanoseconds: second == 200 ? 4_200_000_000 : UInt64(12 + second * 7 % 40) * 1_000_000,
                isBad: second % 50 == 3)
        })

    @Test(arguments: [80, 120])
    func looksAsAgreed(width: Int) throws {
        let lines = Self.busy.lines(width: width, height: 8, zone: zone, selected: 200)
        try pictures.expect(text(lines), is: "scatter-\(width).txt")
    }

    @Test(arguments: [0, 1, 5, 9, 10, 11, 40], [0, 1, 2, 3, 9])
    func fitsEveryRoom(width: Int, height: Int) {
        let lines = Self.busy.lines(width: width, height: height, zone: zone, selected: 3)
        #expect(lines.count == height)
        for line in lines { #expect(line.width <= max(0, width)) }
    }

    @Test func withoutPointsItIsEmpty() {
        let none = Scatter([])
        #expect(
            none.lines(width: 40, height: 4, zone: zone).allSatisfy { $0.text.allSatisfy { " │\u{2800}".contains($0) } }
        )
        #expect(none.next(from: nil, .right) == nil)
        #expect(none.nearest(to: .init(row: 1, column: 1), width: 40, height: 4) == nil)
    }

    @Test func movesInTimeAndInDuration() {
        let scatter = Scatter([
            .init(time: .sample(ms: 1), nanoseconds: 30), .init(time: .sample(ms: 2), nanoseconds: 10),
            .init(time: .sample(ms: 3), nanoseconds: 20), .init(time: .sample(ms: 3), nanoseconds: 20),
        ])
        #expect(scatter.next(from: nil, .left) == 0)
        #expect(scatter.next(from: 0, .right) == 1)
        #expect(scatter.next(from: 2, .right) == 3)
        #expect(scatter.next(from: 3, .right) == 3)
        #expect(scatter.next(from: 1, .up) == 2)
        #expect(scatter.next(from: 3, .up) == 0)
        #expect(scatter.next(from: 0, .down) == 3)
        #expect(scatter.next(from: 1, .down) == 1)
        #expect(scatter.next(from: 99, .down) == 0)
    }

    @Test func aPointIsFoundWhereItIsDrawn() throws {
        for index in [0, 99, 200, 299] {
            let cell = try #require(Self.busy.cell(of: index, width: 100, height: 10))
            #expect((0..<9).contains(cell.row) && (9..<100).contains(cell.column))
            #expect(Self.busy.points(between: cell, and: cell, width: 100, height: 10).contains(index))
            let found = try #require(Self.busy.nearest(to: cell, width: 100, height: 10))
            #expect(Self.busy.cell(of: found, width: 100, height: 10) == cell)
        }
        let slow = try #require(Self.busy.cell(of: 200, width: 100, height: 10))
        let aside = Scatter.Cell(row: slow.row + 1, column: slow.column - 2)
        #expect(Self.busy.nearest(to: aside, width: 100, height: 10) == 200)
        #expect(Self.busy.nearest(to: .init(row: 1, column: 12), width: 100, height: 10) == nil)
    }

    @Test func pointsOutsideOfTheTimesAreNotShown() {
        let scatter = Scatter(
            [.init(time: .sample(ms: 1), nanoseconds: 1), .init(time: .sample(ms: 9), nanoseconds: 2)],
            from: .sample(ms: 5), to: .sample(ms: 10))
        #expect(scatter.cell(of: 0, width: 40, height: 5) == nil)
        #expect(scatter.cell(of: 1, width: 40, height: 5) != nil)
        #expect(scatter.next(from: nil, .up) == 1)
    }

    @Test func theEdgesOfTheClockAreDrawn() {
        let scatter = Scatter([
            .init(time: .zero, nanoseconds: 0), .init(time: .distantFuture, nanoseconds: .max),
        ])
        for line in scatter.lines(width: 60, height: 6, zone: zone, selected: 1) { #expect(line.width <= 60) }
    }
}
