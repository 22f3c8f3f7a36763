// SPDX-License-Identifier: Apache-2.0
// What of a list is in sight.

import SondeTerminal
import SondeTerminalProbe
import Testing

@Suite("List state")
struct ListStateTests {
    @Test func scrollsAsLittleAsBringsTheSelectionIntoSight() {
        var list = ListState(count: 100, visible: 10)
        list.move(by: 9)
        #expect(list.rows == 0..<10)
        list.move(by: 1)
        #expect(list.selection == 10 && list.rows == 1..<11)
        list.move(by: -10)
        #expect(list.selection == 0 && list.rows == 0..<10)
    }

    @Test func pagesKeepOneRowAndEndAtTheEnds() {
        var list = ListState(count: 25, visible: 10)
        list.page(by: 1)
        #expect(list.selection == 9 && list.rows == 9..<19)
        list.page(by: 1)
        #expect(list.selection == 18 && list.rows == 15..<25)
        list.page(by: 5)
        #expect(list.selection == 24)
        list.page(by: -9)
        #expect(list.selection == 0 && list.top == 0)
    }

    @Test func wheelTakesTheSelectionAlongOnlyWhereItMust() {
        var list = ListState(count: 100, visible: 10)
        list.select(5)
        list.scroll(by: 3)
        #expect(list.selection == 5 && list.top == 3)
        list.scroll(by: 10)
        #expect(list.selection == 13 && list.top == 13)
        list.scroll(by: 1_000)
        #expect(list.rows == 90..<100 && list.selection == 90)
    }

    @Test func selectionStaysWhileTheListGrowsAndShrinks() {
        var list = ListState(count: 100, visible: 10)
        list.select(50)
        list.update(count: 200, visible: 20)
        #expect(list.selection == 50 && list.rows.contains(50))
        list.update(count: 30, visible: 20)
        #expect(list.selection == 29 && list.rows == 10..<30)
        list.update(count: 0, visible: 20)
        #expect(list.selection == 0 && list.rows.isEmpty)
    }

    @Test func marginShowsWhatComesNext() {
        var list = ListState(count: 100, visible: 10, margin: 2)
        list.select(8)
        #expect(list.rows == 1..<11)
        list.end()
        #expect(list.rows == 90..<100)
        list.home()
        #expect(list.rows == 0..<10)
    }

    @Test func rowsOfTheScreenAreRowsOfTheList() {
        var list = ListState(count: 12, visible: 10)
        list.end()
        #expect(list.row(atVisible: 0) == 2 && list.row(atVisible: 9) == 11)
        #expect(list.row(atVisible: 10) == nil && list.row(atVisible: -1) == nil)
        #expect(ListState(count: 2, visible: 10).row(atVisible: 2) == nil)
    }

    @Test func thumbShowsPartAndPlace() {
        var list = ListState(count: 100, visible: 10)
        #expect(list.thumb(length: 10) == 0..<1)
        list.end()
        #expect(list.thumb(length: 10) == 9..<10)
        #expect(ListState(count: 5, visible: 10).thumb(length: 10) == nil)
    }

    @Test(arguments: 0..<50) func nothingEverLeavesItsBounds(seed: Int) {
        var random = SeededGenerator(state: UInt64(seed))
        var list = ListState(margin: Int.random(in: 0...4, using: &random))
        for _ in 0..<200 {
            let number = Int.random(in: -50...50, using: &random)
            switch Int.random(in: 0..<7, using: &random) {
            case 0: list.update(count: number, visible: Int.random(in: 0...20, using: &random))
            case 1: list.move(by: number)
            case 2: list.page(by: number / 10)
            case 3: list.scroll(by: number)
            case 4: list.select(number == 50 ? .max : number)
            case 5: list.move(by: number == 50 ? .max : .min)
            default: list.centre()
            }
            #expect(list.rows.lowerBound >= 0 && list.rows.upperBound <= list.count && list.rows.count <= list.visible)
            #expect(list.count == 0 ? list.selection == 0 : (0..<list.count).contains(list.selection))
            #expect(list.rows.isEmpty || list.rows.count == min(list.count, list.visible))
        }
    }
}
