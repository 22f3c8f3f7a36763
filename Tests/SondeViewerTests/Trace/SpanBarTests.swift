// SPDX-License-Identifier: Apache-2.0
// Bars in cells, and the map of the whole trace.

import SondeModel
import SondeTestKit
import Testing

@testable import SondeViewer

@Suite struct SpanBarTests {
    /// `#` own, `-` a child's, digits for cells that are filled in part.
    private func text(_ bar: SpanBar) -> String {
        bar.cells.map { cell in
            switch cell {
            case .empty: "."
            case .own(8, _): "#"
            case .own(let eighths, let fromRight): fromRight ? "\(eighths)" : "\(eighths)"
            case .child(8, _): "-"
            case .child: "~"
            case .open: "?"
            }
        }.joined()
    }

    private func bar(_ span: Int, of trace: Trace, cells: Int, from: UInt64? = nil, to: UInt64? = nil) -> SpanBar {
        let model = TraceModel(trace)
        var window = TimeWindow(whole: model.length)
        if let from, let to { window.show(from: from, to: to) }
        return SpanBar(span, of: model, on: TimeScale(window, cells: cells))
    }

    private let family = Trace(
        id: .sample(1),
        assembling: [
            .sample(1, duration: 100), .sample(2, parent: 1, start: 20, duration: 30),
            .sample(3, parent: 1, start: 40, duration: 20), .sample(4, parent: 1, start: 99, duration: 1),
        ])

    @Test func isDarkWhereTheSpanWorksItselfAndLightWhereAChildDoes() {
        #expect(text(bar(0, of: family, cells: 10)) == "##----####")
    }

    @Test func partsOfACellAreToldInEighths() {
        #expect(text(bar(1, of: family, cells: 5)) == ".#4..")
        #expect(text(bar(1, of: family, cells: 3)) == "34.")
    }

    @Test func aSpanTooShortForACellIsSeen() {
        #expect(bar(3, of: family, cells: 10).filled == 9..<10)
        #expect(text(bar(3, of: family, cells: 10)).hasSuffix("1"))
    }

    @Test func whatIsOutOfSightSaysWhere() {
        let left = bar(1, of: family, cells: 10, from: 60_000_000, to: 100_000_000)
        #expect(left.hidden == .left && left.filled.isEmpty)
        let right = bar(3, of: family, cells: 10, from: 0, to: 50_000_000)
        #expect(right.hidden == .right && right.filled.isEmpty)
        let both = bar(0, of: family, cells: 10, from: 30_000_000, to: 35_000_000)
        #expect(both.hidden == .none && both.continuesLeft && both.continuesRight)
        #expect(text(both) == "----------")
    }

    @Test func anUnfinishedSpanGoesOnToTheEnd() {
        let model = TraceModel(.halfArrived)
        let span = model.flags.firstIndex { $0.contains(.unfinished) }
        let bar = SpanBar(span ?? 0, of: model, on: TimeScale(TimeWindow(whole: model.length), cells: 19))
        #expect(text(bar).hasSuffix("????") && bar.filled.upperBound == 19)
    }

    @Test func aRepetitionIsDarkWhereOneOfItRuns() {
        let spans = (0..<4).map { SpanRecord.sample(UInt64($0) + 2, parent: 1, start: Int64($0) * 20, duration: 10) }
        let model = TraceModel(Trace(id: .sample(1), assembling: [.sample(1, name: "root", duration: 80)] + spans))
        let scale = TimeScale(TimeWindow(whole: model.length), cells: 8)
        #expect(model.repeats.groups.count == 1)
        let bar = SpanBar(group: model.repeats.groups[0], members: model.repeats.members(of: 0), of: model, on: scale)
        #expect(text(bar) == "#-#-#-#.")
    }

    @Test func timeOfItsOwnIsWhatNoChildCovers() {
        var numbers = Dice(state: 3)
        for _ in 0..<20 {
            let trace = Trace.random(40, using: &numbers)
            let model = TraceModel(trace)
            for span in 0..<model.count {
                var covered = Set<UInt64>()
                for child in trace.children(of: span) {
                    let from = max(model.starts[child], model.starts[span]) / 1_000_000
                    let to = min(model.end(child), model.end(span)) / 1_000_000
                    if from < to { covered.formUnion(from..<to) }
                }
                let own = model.durations[span] - UInt64(covered.count) * 1_000_000
                #expect(model.selfNanoseconds(span) == own)
            }
        }
    }

    @Test func aBarNeverLeavesItsCells() {
        var numbers = Dice(state: 4)
        for _ in 0..<200 {
            let model = TraceModel(.random(20, using: &numbers))
            var window = TimeWindow(whole: model.length)
            window.show(
                from: UInt64.random(in: 0...model.length, using: &numbers),
                to: UInt64.random(in: 0...model.length, using: &numbers))
            let cells = Int.random(in: 1...50, using: &numbers)
            for span in 0..<model.count {
                let bar = SpanBar(span, of: model, on: TimeScale(window, cells: cells))
                #expect(bar.cells.count == cells)
                #expect(bar.filled.lowerBound >= 0 && bar.filled.upperBound <= cells)
                #expect(bar.filled.isEmpty == (bar.hidden != .none))
            }
        }
    }
}

@Suite struct MinimapTests {
    @Test func eachSpanIsAStrokeAtItsPlace() {
        let model = TraceModel(
            Trace(
                id: .sample(1), assembling: [.sample(1, duration: 80), .sample(2, parent: 1, start: 40, duration: 40)]))
        let map = Minimap(model, columns: 4, rows: 1)
        // Line 1 all along, line 2 in the second half.
        #expect((0..<4).map { map[$0, 0].dots } == [0x09, 0x09, 0x1B, 0x1B])
    }

    @Test func failuresAreSeenWhereTheyRan() {
        let model = TraceModel(.checkout)
        let map = Minimap(model, columns: 40, rows: 3)
        let failing = (0..<3).flatMap { row in (0..<40).filter { map[$0, row].hasError } }
        #expect(failing.min() == 16 && failing.max() == 35)
    }

    @Test func rowsOfTheMapBelongToSpans() {
        let model = TraceModel(.feed)
        let map = Minimap(model, columns: 10, rows: 4)
        #expect(map.rows(of: 0..<model.count) == 0..<4)
        #expect(map.rows(of: 0..<1) == 0..<1)
        #expect(map.rows(of: model.count - 1..<model.count) == 3..<4)
        #expect(map.rows(of: 0..<0).isEmpty)
    }

    @Test func anEmptyTraceHasAnEmptyMap() {
        let map = Minimap(TraceModel(Trace(id: .sample(1), assembling: [])), columns: 5, rows: 2)
        #expect(map.cells.allSatisfy { $0.dots == 0 })
    }
}
