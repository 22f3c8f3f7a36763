// SPDX-License-Identifier: Apache-2.0
// Ways through a trace, marks, the moment that is read, and a trace that grows under the reader.

import SondeModel
import SondeTestKit
import Testing

@testable import SondeViewer

@Suite struct TraceExplorerTests {
    private func explorer(_ trace: Trace, height: Int = 10) -> TraceExplorer {
        var explorer = TraceExplorer(TraceModel(trace))
        explorer.setHeight(height)
        return explorer
    }

    private func selectedName(_ explorer: TraceExplorer) -> String? {
        explorer.selectedSpan.map { explorer.model.name(of: $0) }
    }

    // MARK: Rows in sight

    @Test func theSelectionStaysInSightWithRowsAroundIt() {
        var explorer = explorer(.chain(100), height: 10)
        for _ in 0..<20 { explorer.move(by: 1) }
        #expect(explorer.selectedRow == 20)
        #expect(explorer.visibleRows == 13..<23)
        for _ in 0..<10 { explorer.move(by: -1) }
        #expect(explorer.visibleRows == 8..<18)
        explorer.moveToEnd()
        #expect(explorer.visibleRows == 90..<100)
        explorer.setHeight(3)
        #expect(explorer.visibleRows.contains(99) && explorer.visibleRows.count == 3)
    }

    @Test func pagesEndAtTheLastRow() {
        var explorer = explorer(.chain(30), height: 10)
        for _ in 0..<10 { explorer.page(1) }
        #expect(explorer.selectedRow == 29)
        for _ in 0..<10 { explorer.page(-1) }
        #expect(explorer.selectedRow == 0)
    }

    @Test func scrollingTakesTheSelectionAlongOnlyWhereItWouldBeLost() {
        var explorer = explorer(.chain(100), height: 10)
        explorer.select(row: 5)
        explorer.scroll(by: 3)
        #expect(explorer.selectedRow == 5 && explorer.top == 3)
        explorer.scroll(by: 20)
        #expect(explorer.top == 23 && explorer.visibleRows.contains(explorer.selectedRow))
    }

    @Test func opensAtTheSpanThatWasAskedFor() {
        let explorer = TraceExplorer(TraceModel(.checkout), focus: SpanID(9))
        #expect(selectedName(explorer) == "INSERT payments")
    }

    // MARK: Errors, siblings, marks

    @Test func errorsAreVisitedInTurnAndRoundAgain() {
        var explorer = explorer(.feed)
        #expect(explorer.moveToError(forward: true) == nil)
        #expect(selectedName(explorer) == "page 3")
        #expect(explorer.moveToError(forward: true) == "went round: 1 in all")
        #expect(explorer.moveToError(forward: false) == "went round: 1 in all")
    }

    @Test func anErrorThatIsFoldedAwayIsOpened() {
        var explorer = explorer(.checkout)
        explorer.closeAll()
        #expect(explorer.moveToError(forward: true) == nil)
        #expect(selectedName(explorer) == "POST /payments")
    }

    @Test func siblingsAreVisitedByDuration() {
        var explorer = explorer(.checkout)
        explorer.select(span: 5)
        var durations: [UInt64] = []
        while explorer.moveToSibling(slower: true) == nil {
            durations.append(explorer.model.durations[explorer.selectedSpan ?? 0] / 1_000_000)
        }
        #expect(durations == [5, 30, 60])
        #expect(explorer.moveToSibling(slower: true) == "this is the slowest of 4 siblings")
        #expect(explorer.moveToSibling(slower: false) == nil)
        #expect(explorer.model.durations[explorer.selectedSpan ?? 0] == 30_000_000)
    }

    @Test func aRepetitionLeadsToItsSlowest() {
        var explorer = explorer(.feed)
        explorer.select(row: 2)
        #expect(explorer.moveToSibling(slower: true) == "slowest of 40")
        #expect(explorer.model.durations[explorer.selectedSpan ?? 0] == 5_000_000)
    }

    @Test func marksAreVisitedInTurn() {
        var explorer = explorer(.checkout)
        #expect(explorer.moveToMark(forward: true) == "nothing is marked yet")
        explorer.select(row: 2)
        #expect(explorer.toggleMark() == nil)
        explorer.select(row: 7)
        #expect(explorer.toggleMark() == nil)
        explorer.moveToStart()
        #expect(explorer.moveToMark(forward: true) == nil && explorer.selectedRow == 2)
        #expect(explorer.moveToMark(forward: true) == nil && explorer.selectedRow == 7)
        #expect(explorer.moveToMark(forward: true) == nil && explorer.selectedRow == 2)
        #expect(explorer.toggleMark() == nil && explorer.marks.count == 1)
    }

    // MARK: What the analysis knows

    @Test func withoutTheAnalysisItsQuestionsWait() {
        var explorer = explorer(.checkout)
        #expect(explorer.toggleCriticalPath() == "still working out the critical path")
        #expect(explorer.moveToHottest(forward: true) == "still working out where the time goes")
    }

    @Test func theCriticalPathIsWalkedInTime() {
        var explorer = explorer(.checkout)
        explorer.learn(TraceInsight(.checkout))
        var moments: [UInt64] = []
        var names: [String] = []
        while explorer.moveAlongPath(forward: true).map({ $0.hasPrefix("stretch") }) == true {
            moments.append(explorer.cursor ?? 0)
            names.append(selectedName(explorer) ?? "")
        }
        #expect(moments == moments.sorted() && !moments.isEmpty)
        #expect(names.contains("POST /payments") && explorer.showsPath)
        #expect(explorer.moveAlongPath(forward: true) == "this is the end of the critical path")
        #expect(explorer.moveAlongPath(forward: false)?.hasPrefix("stretch") == true)
    }

    @Test func theSlowestComeByTimeOfTheirOwn() {
        var explorer = explorer(.checkout)
        explorer.learn(TraceInsight(.checkout))
        #expect(explorer.moveToHottest(forward: true) == "1st by time of its own")
        #expect(selectedName(explorer) == "POST /payments")
        #expect(explorer.moveToHottest(forward: true) == "2nd by time of its own")
        #expect(selectedName(explorer) == "POST /reservations")
        #expect(explorer.moveToHottest(forward: false) == "1st by time of its own")
    }

    @Test func repetitionsThatNeedNotBeAreKnown() {
        let insight = TraceInsight(.feed)
        let model = TraceModel(.feed)
        let known = insight.repetition(of: model.repeats.members(of: 0))
        #expect(known?.isNPlusOne == true)
        #expect(known?.statement == "SELECT * FROM items WHERE id = ?")
    }

    @Test func clocksThatDisagreeMoveTheirSpansOnDemand() {
        let insight = TraceInsight(.skewed)
        #expect(insight.adjustedCount == 2)
        let raw = TraceModel(.skewed)
        #expect(raw.flags[1].contains(.skewed))
        let moved = TraceModel(.skewed, adjustments: insight.adjustments)
        #expect(moved.isAdjusted && !moved.flags[1].contains(.skewed))
        #expect(moved.length == 100_000_000 && moved.starts[1] == 25_000_000)
    }

    // MARK: The moment that is read

    @Test func runningSpansAreCounted() {
        let model = TraceModel(.checkout)
        #expect(model.concurrency(at: 60_000_000) == 4)
        #expect(model.concurrency(at: 0) == 1)
        #expect(model.concurrency(at: 123_000_000) == 0)
    }

    @Test func theCursorMovesByCellsAndThePictureFollows() {
        var explorer = explorer(.checkout)
        explorer.moveCursor(byCells: 1, of: 100)
        #expect(explorer.cursor == 0)
        explorer.moveCursor(byCells: 10, of: 100)
        #expect(explorer.cursor == 12_300_000)
        explorer.moveCursor(byCells: 1_000, of: 100)
        #expect(explorer.cursor == 123_000_000)
        explorer.window.show(from: 0, to: 1_000_000)
        explorer.moveCursor(byCells: -1, of: 100)
        #expect(explorer.window.end >= explorer.cursor ?? 0)
    }

    @Test func fittingShowsTheSelectedSpan() {
        var explorer = explorer(.checkout)
        explorer.select(span: 7)
        #expect(explorer.fitSelection() == nil)
        #expect(explorer.window.start == 47_000_000 && explorer.window.end == 113_000_000)
        explorer.zoom(by: 0.5)
        #expect(explorer.window.start < 80_000_000 && explorer.window.end > 80_000_000)
    }

    // MARK: Growth

    @Test func whatIsSelectedFoldedAndMarkedOutlivesGrowth() {
        let spans = Trace.checkout.spans
        var explorer = explorer(Trace(id: .sample(1), assembling: spans.filter { $0.spanID != SpanID(1) }))
        explorer.select(span: explorer.model.trace.spans.firstIndex { $0.spanID == SpanID(8) } ?? 0)
        _ = explorer.toggleMark()
        _ = explorer.toggleFold()
        explorer.window.show(from: 40_000_000, to: 60_000_000)
        let seen = explorer.model.origin.nanoseconds + explorer.window.start
        explorer.replace(TraceModel(.checkout))
        #expect(explorer.model.count == 10)
        #expect(selectedName(explorer) == "POST /payments")
        #expect(explorer.isClosed(explorer.selectedRow))
        #expect(explorer.marks.map { explorer.model.name(of: $0) } == ["POST /payments"])
        #expect(explorer.model.origin.nanoseconds + explorer.window.start == seen)
    }

    @Test func logsBelongToTheSpansThatWroteThem() {
        var explorer = explorer(.eventful)
        explorer.learn([LogRecord].ofEventful.reversed())
        #expect(explorer.logs[1]?.map(\.body.text) == ["charging card", "no answer from terminal"])
        #expect(explorer.offset(of: .sample(ms: 70), of: 1) == 70_000_000)
    }

    // MARK: Whatever is done

    @Test func anyMovesInAnyOrderLeaveASelectionInSight() {
        var numbers = Dice(state: 2)
        for round in 0..<30 {
            let trace = Trace.random(round * 4, using: &numbers)
            var explorer = explorer(trace, height: Int.random(in: 1...20, using: &numbers))
            for _ in 0..<150 {
                doAnything(to: &explorer, trace, &numbers)
                #expect(explorer.rows.count == 0 || explorer.visibleRows.contains(explorer.selectedRow))
                #expect(explorer.window.end <= explorer.model.length)
                #expect(explorer.visibleRows.count <= explorer.height)
            }
        }
    }

    private func doAnything(to explorer: inout TraceExplorer, _ trace: Trace, _ numbers: inout Dice) {
        let isForward = Bool.random(using: &numbers)
        switch Int.random(in: 0..<22, using: &numbers) {
        case 0: explorer.move(by: Int.random(in: -5...5, using: &numbers))
        case 1: explorer.page(isForward ? 1 : -1)
        case 2: _ = explorer.moveToError(forward: isForward)
        case 3: _ = explorer.moveToSibling(slower: isForward)
        case 4: _ = explorer.toggleFold()
        case 5: explorer.closeAll()
        case 6: explorer.openAll()
        case 7: _ = explorer.closeLevel()
        case 8: _ = explorer.openLevel()
        case 9: _ = explorer.toggleRepeats()
        case 10: explorer.open()
        case 11: explorer.close()
        case 12: explorer.zoom(by: isForward ? 0.5 : 2)
        case 13: explorer.moveCursor(byCells: isForward ? 3 : -3, of: 40)
        case 14: _ = explorer.fitSelection()
        case 15: explorer.learn(TraceInsight(explorer.model.trace))
        case 16: _ = explorer.moveAlongPath(forward: isForward)
        case 17: _ = explorer.moveToHottest(forward: isForward)
        case 18:
            let search = SpanSearch("call \(Int.random(in: 0..<4, using: &numbers))")
            explorer.look(for: search)
            _ = explorer.found(search.matches(in: explorer.model.trace) ?? [], for: search)
        case 19: explorer.look(for: nil)
        case 20: _ = explorer.moveToMatch(forward: isForward)
        default:
            let part = trace.spans.filter { _ in UInt8.random(in: 0..<4, using: &numbers) > 0 }
            explorer.replace(TraceModel(Trace(id: trace.id, assembling: isForward ? part : trace.spans)))
        }
    }
}
