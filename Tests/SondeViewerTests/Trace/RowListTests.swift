// SPDX-License-Identifier: Apache-2.0
// Which rows there are: the tree, repetitions, missing parents, what is folded and what a search leaves.

import SondeModel
import SondeTestKit
import Testing

@testable import SondeViewer

@Suite struct RowListTests {
    @Test func aTraceWithoutSpansHasNoRows() {
        var explorer = TraceExplorer(TraceModel(Trace(id: .sample(1), assembling: [])))
        #expect(explorer.rows.count == 0)
        #expect(explorer.selected == nil && explorer.selectedSpan == nil)
        explorer.move(by: 1)
        explorer.page(-1)
        explorer.closeAll()
        #expect(explorer.moveToError(forward: true) == "no span of this trace has failed")
        #expect(explorer.selectedRow == 0)
    }

    @Test func rowsAreTheTreeInOrder() {
        #expect(
            rowText(TraceExplorer(TraceModel(.checkout))) == """
                >POST /checkout
                   GET users /tokens/{token}
                     GET /tokens/{token}
                   POST orders /orders
                     POST /orders
                       SELECT orders
                       POST /reservations
                       POST /payments
                         INSERT payments
                       publish order.failed

                """)
    }

    @Test func repetitionsShareARowUntilOpened() {
        var explorer = TraceExplorer(TraceModel(.feed))
        explorer.select(row: 2)
        #expect(
            rowText(explorer).split(separator: "\n").prefix(5).joined(separator: "\n") == """
                 GET /feed
                   page 0
                >    ×40 SELECT items
                     SET feed
                   page 1
                """)
        let before = explorer.rows.count
        #expect(explorer.toggleFold() == nil)
        #expect(explorer.rows.count == before + 40)
        #expect(explorer.rows[3].depth == 3)
        #expect(explorer.toggleRepeats() == "each span has a row")
        #expect(explorer.rows.count == explorer.model.count)
    }

    @Test func callsThatCallOnShareARowOnlyInNumbers() {
        let few = (0..<6).flatMap { index in
            [
                SpanRecord.sample(10 + UInt64(index), parent: 1, name: "page", start: Int64(index) * 10),
                SpanRecord.sample(
                    100 + UInt64(index), parent: 10 + UInt64(index), name: "below", start: Int64(index) * 10),
            ]
        }
        let root = SpanRecord.sample(1, name: "root", duration: 1_000)
        #expect(TraceModel(Trace(id: .sample(1), assembling: [root] + few)).repeats.groups.isEmpty)
        let leaves = few.filter { $0.parentSpanID == SpanID(1) }
        #expect(TraceModel(Trace(id: .sample(1), assembling: [root] + leaves)).repeats.groups.map(\.count) == [6])
    }

    @Test func namesThatDifferInTheirLiteralsAreOneRepetition() {
        let spans = (0..<5).map {
            SpanRecord.sample(
                UInt64($0) + 2, parent: 1, name: "GET /users/\($0)", start: Int64($0) * 5, duration: Int64($0))
        }
        let model = TraceModel(Trace(id: .sample(1), assembling: [.sample(1, duration: 100)] + spans))
        #expect(model.repeats.groups.count == 1)
        #expect(model.repeats.groups[0].count == 5)
        #expect(model.repeats.groups[0].p50 == 2_000_000)
        #expect(model.repeats.groups[0].total == 10_000_000)
    }

    @Test func childrenOfAMissingParentStandTogether() {
        #expect(
            rowText(TraceExplorer(TraceModel(.halfArrived))) == """
                >? dead
                   POST /orders
                   POST /orders retry
                     send
                     reserve stock
                 ? beef
                   GET /users/{id}

                """)
    }

    @Test func aFoldedSpanHidesWhatIsBelowAndNothingElse() {
        var explorer = TraceExplorer(TraceModel(.checkout))
        explorer.select(row: 4)
        #expect(explorer.toggleFold() == nil)
        #expect(explorer.rows.count == 5)
        #expect(explorer.isClosed(4))
        explorer.open()
        #expect(explorer.rows.count == 10)
        explorer.select(row: 9)
        #expect(explorer.toggleFold() == "there is nothing below this span")
    }

    @Test func foldingKeepsTheSelectionOnWhatIsLeftOfIt() {
        var explorer = TraceExplorer(TraceModel(.checkout))
        explorer.moveToEnd()
        explorer.closeAll()
        #expect(
            rowText(explorer) == """
                 POST /checkout
                   GET users /tokens/{token}
                >  POST orders /orders

                """)
        #expect(explorer.openLevel() == nil)
        #expect(explorer.rows.count == 5)
        explorer.openAll()
        #expect(explorer.rows.count == 10)
        #expect(explorer.closeLevel() == nil)
        #expect(explorer.rows.count == 9)
        #expect(explorer.openLevel() == nil)
        #expect(explorer.openLevel() == "everything is open")
    }

    @Test func aSearchLeavesWhatItFoundAndEverythingAbove() {
        var explorer = TraceExplorer(TraceModel(.checkout))
        let search = SpanSearch("INSERT")
        explorer.look(for: search)
        let isFound = explorer.found(search.matches(in: explorer.model.trace) ?? [], for: search)
        #expect(isFound)
        #expect(
            rowText(explorer) == """
                 POST /checkout
                   POST orders /orders
                     POST /orders
                       POST /payments
                >        INSERT payments

                """)
        #expect(explorer.toggleSifting() != nil)
        #expect(explorer.rows.count == 10)
        explorer.look(for: nil)
        #expect(explorer.rows.count == 10 && explorer.find.matches.isEmpty)
    }

    @Test func linesTellTheLastSiblingOfEach() {
        let explorer = TraceExplorer(TraceModel(.checkout))
        let last = (0..<explorer.rows.count).filter { explorer.rows[$0].isLast }
        #expect(last == [0, 2, 3, 4, 8, 9])
    }

    @Test func aChainAsLongAsTheTraceIsWalkedWithoutRecursion() {
        var explorer = TraceExplorer(TraceModel(.chain(20_000)))
        #expect(explorer.rows.count == 20_000)
        explorer.moveToEnd()
        #expect(explorer.rows[19_999].depth == 19_999)
        explorer.closeAll()
        #expect(explorer.rows.count == 2 && explorer.selectedRow == 1)
    }

    @Test func everySpanHasExactlyOneRowWhereNothingIsFolded() {
        var numbers = Dice(state: 1)
        for size in [0, 1, 2, 5, 30, 200] {
            for _ in 0..<10 {
                var explorer = TraceExplorer(TraceModel(.random(size, using: &numbers)))
                _ = explorer.toggleRepeats()
                if explorer.folding.foldsRepeats { _ = explorer.toggleRepeats() }
                var seen = Set<Int>()
                for row in 0..<explorer.rows.count {
                    if case .span(let span) = explorer.rows[row].content { #expect(seen.insert(span).inserted) }
                }
                if !explorer.folding.foldsRepeats || explorer.model.repeats.groups.isEmpty {
                    #expect(seen.count == explorer.model.count)
                }
            }
        }
    }
}
