// SPDX-License-Identifier: Apache-2.0
// The stretch of time that is seen, and cells.

import SondeTestKit
import Testing

@testable import SondeViewer

@Suite struct TimeWindowTests {
    @Test func showsAllOfTheTraceAtFirst() {
        let window = TimeWindow(whole: 1_000_000)
        #expect(window.start == 0 && window.end == 1_000_000 && window.isWhole)
    }

    @Test func aTraceWithoutDurationHasAWindow() {
        var window = TimeWindow(whole: 0)
        window.zoom(by: 0.5, around: 0)
        window.pan(by: 1)
        #expect(window.length == 1 && window.start == 0)
    }

    @Test func zoomingKeepsTheAnchorWhereItIs() {
        var window = TimeWindow(whole: 1_000_000)
        window.zoom(by: 0.5, around: 250_000)
        #expect(window.length == 500_000)
        #expect(window.start == 125_000)
        window.zoom(by: 2, around: 250_000)
        #expect(window.isWhole && window.start == 0)
    }

    @Test func zoomingEndsAtTheShortestWindow() {
        var window = TimeWindow(whole: 1_000_000)
        for _ in 0..<100 { window.zoom(by: 0.5, around: 10) }
        #expect(window.length == Limits.leastWindow)
        #expect(window.start <= 10 && window.end >= 10)
    }

    @Test func panningStopsAtBothEnds() {
        var window = TimeWindow(whole: 1_000)
        window.show(from: 400, to: 600)
        window.pan(by: 5)
        #expect(window.end == 1_000 && window.length == 200)
        window.pan(by: -50)
        #expect(window.start == 0 && window.length == 200)
    }

    @Test func fittingLeavesALittleRoom() {
        var window = TimeWindow(whole: 1_000_000)
        window.fit(from: 400_000, to: 500_000)
        #expect(window.start == 395_000 && window.end == 505_000)
        window.fit(from: 0, to: 1_000_000)
        #expect(window.isWhole)
    }

    @Test func fittingASpanWithoutDurationShowsItsMoment() {
        var window = TimeWindow(whole: 1_000_000)
        window.fit(from: 700_000, to: 700_000)
        #expect(window.start <= 700_000 && window.end >= 700_000 && window.length == Limits.leastWindow)
    }

    @Test func revealingMovesOnlyWhatIsOutOfSight() {
        var window = TimeWindow(whole: 1_000)
        window.show(from: 400, to: 600)
        window.reveal(500)
        #expect(window.start == 400)
        window.reveal(900)
        #expect(window.start <= 900 && window.end >= 900 && window.length == 200)
        window.reveal(0)
        #expect(window.start == 0)
    }

    @Test func whatShowedAllShowsAllAfterTheTraceHasGrown() {
        var window = TimeWindow(whole: 1_000)
        window.grow(to: 5_000)
        #expect(window.isWhole && window.length == 5_000)
        window.show(from: 1_000, to: 2_000)
        window.grow(to: 9_000)
        #expect(window.start == 1_000 && window.end == 2_000)
        window.shift(by: 500)
        #expect(window.start == 1_500 && window.length == 1_000)
    }

    @Test func neverLeavesTheTraceWhateverIsDone() {
        var numbers = Dice(state: 5)
        for whole: UInt64 in [1, 99, 12_345, 60_000_000_000, .max] {
            var window = TimeWindow(whole: whole)
            for _ in 0..<500 {
                let moment = UInt64.random(in: 0...whole, using: &numbers)
                switch Int.random(in: 0..<7, using: &numbers) {
                case 0: window.zoom(by: 1.5, around: moment)
                case 1: window.zoom(by: 1 / 1.5, around: moment)
                case 2: window.pan(by: Double.random(in: -2...2, using: &numbers))
                case 3: window.fit(from: moment, to: UInt64.random(in: 0...whole, using: &numbers))
                case 4: window.reveal(moment)
                case 5: window.show(from: moment, to: UInt64.random(in: 0...whole, using: &numbers))
                default: window.move(to: moment)
                }
                #expect(window.length >= 1 && window.length <= whole)
                #expect(window.start <= whole - window.length)
            }
        }
    }

    @Test func cellsAndMomentsBelongTogether() {
        var window = TimeWindow(whole: 1_000_000)
        window.show(from: 200_000, to: 600_000)
        let scale = TimeScale(window, cells: 40)
        for cell in 0..<40 { #expect(scale.cell(of: scale.moment(at: cell)) == cell) }
        #expect(scale.cell(of: 199_999) == nil && scale.cell(of: 600_001) == nil)
        #expect(scale.position(of: 100_000) == -10)
        #expect(scale.edge(at: 40) == 600_000)
    }

    @Test func momentsOfALongTraceAreToldApartWhenSeenClosely() {
        var window = TimeWindow(whole: 10_000_000_000_000_000)
        window.show(from: 9_000_000_000_000_000, to: 9_000_000_000_001_000)
        let scale = TimeScale(window, cells: 100)
        #expect(scale.cell(of: 9_000_000_000_000_105) == 10)
        #expect(scale.cell(of: 9_000_000_000_000_115) == 11)
    }
}

@Suite struct TimeTicksTests {
    private func labels(_ from: UInt64, _ to: UInt64, cells: Int = 60) -> [String] {
        var window = TimeWindow(whole: 3_600_000_000_000)
        window.show(from: from, to: to)
        return TimeTicks(window, cells: cells).ticks.map(\.label)
    }

    @Test func marksAreRoundMoments() {
        #expect(labels(0, 123_000_000) == ["0", "50 ms", "100 ms"])
        #expect(labels(0, 2_000_000_000) == ["0", "500 ms", "1.0 s", "1.5 s", "2.0 s"])
    }

    @Test func labelsTellNeighboursApart() {
        let near = labels(1_234_000_000, 1_234_010_000)
        #expect(near.prefix(3) == ["1.234000 s", "1.234002 s", "1.234004 s"])
        #expect(Set(near).count == near.count)
    }

    @Test func longTracesAreToldInMinutesAndHours() {
        #expect(TimeTicks.label(3_725_000_000_000, step: 1_000_000_000) == "1h 02m 05s")
        #expect(TimeTicks.label(125_000_000_000, step: 1_000_000_000) == "2m 05s")
    }

    @Test func stepsAreOneTwoOrFive() {
        #expect(TimeTicks.round(1) == 1)
        #expect(TimeTicks.round(3) == 5)
        #expect(TimeTicks.round(11) == 20)
        #expect(TimeTicks.round(.max) == .max)
    }

    @Test func anyWindowOnAnyWidthHasMarks() {
        var numbers = Dice(state: 6)
        for _ in 0..<300 {
            var window = TimeWindow(whole: UInt64.random(in: 1...UInt64.max, using: &numbers))
            window.show(
                from: UInt64.random(in: 0...window.whole, using: &numbers),
                to: UInt64.random(in: 0...window.whole, using: &numbers))
            let ticks = TimeTicks(window, cells: Int.random(in: 1...200, using: &numbers)).ticks
            #expect(ticks.allSatisfy { $0.moment >= window.start && $0.moment <= window.end })
        }
    }
}
