// SPDX-License-Identifier: Apache-2.0
// Sparklines, meters, column charts: what is there shows, what isn't does not.

import SondeModel
import SondeTerminal
import Testing

@testable import SondeViewer

@Suite("Small widgets")
struct WidgetTests {
    @Test func aSparklineShowsTheLargestOfWhatACellStandsFor() {
        let values: [Double?] = [0, 1, 8, 1, 4, 0]
        #expect(Sparkline(values).text(width: 6).text == "▁▁█▁▄▁")
        #expect(Sparkline(values).text(width: 3).text == "▁█▄")
        #expect(Sparkline(values).text(width: 12).text == "▁▁▁▁██▁▁▄▄▁▁")
    }

    @Test func whatIsUnknownIsBlankAndWhatIsSmallIsNot() {
        #expect(Sparkline([nil, 0.000_1, 1]).text(width: 3).text == " ▁█")
        #expect(Sparkline([Double?]()).text(width: 3).text == "   ")
        #expect(Sparkline([nil, .nan, .infinity, -1, 2]).text(width: 5).text == " ▁▁▁█")
        #expect(Sparkline([1]).text(width: 0).isEmpty)
    }

    @Test func aSparklineMarksFailures() {
        let line = Sparkline([.init(1), .init(2, isBad: true)]).text(width: 2, role: .hue(3))
        #expect(line.runs.map(\.role) == [.hue(3), .bad])
    }

    @Test func aSparklineFillsToItsCeiling() {
        #expect(Sparkline([1, 2, 4], ceiling: 8).text(width: 3).text == "▁▂▄")
        #expect(Sparkline([16], ceiling: 8).text(width: 1).text == "█")
    }

    @Test func picturesInASCIIAreASCII() {
        let chart = ColumnChart((0..<20).map { .init(count: $0, bad: $0 / 3) })
        let scatter = Scatter((0..<50).map { .init(time: .init(nanoseconds: $0), nanoseconds: $0, isBad: $0 % 7 == 0) })
        let lines =
            [
                Sparkline([1, 2, 3, 4, 5, 6, 7, 8]).text(width: 8, charset: .ascii),
                Meter.text(0.43, width: 10, role: .plain, charset: .ascii),
                Meter.change(-0.43, width: 10, charset: .ascii),
            ] + chart.lines(width: 20, height: 3, charset: .ascii)
            + scatter.lines(width: 60, height: 5, zone: .utc, charset: .ascii, selected: 3)
        for line in lines { #expect(line.text.allSatisfy { $0.isASCII || $0 == "µ" }, "\(line.text)") }
    }

    @Test(arguments: [
        (0.0, "    "), (0.000_1, "▏   "), (0.25, "█   "), (0.5, "██  "), (0.6, "██▍ "), (1, "████"), (7, "████"),
        (.nan, "    "), (-1, "    "),
    ])
    func aMeterFillsItsShare(share: Double, bar: String) {
        #expect(Meter.text(share, width: 4, role: .plain).text == bar)
    }

    @Test(arguments: [
        (0.0, "    │    "), (1, "    │████"), (-1, "████│    "), (0.5, "    │██  "), (-0.5, "  ██│    "),
        (0.001, "    │▏   "), (-0.001, "   ▕│    "), (-9, "████│    "), (.nan, "    │    "),
    ])
    func aChangeGrowsFromTheMiddle(change: Double, bar: String) {
        #expect(Meter.change(change, width: 9).text == bar)
    }

    @Test func columnsGrowByEighthsAndFailuresStandAtTheFoot() {
        let chart = ColumnChart([.init(count: 16), .init(count: 9, bad: 1), .init(), .init(count: 1)])
        let lines = chart.lines(width: 4, height: 2)
        #expect(lines.map(\.text) == ["█▁  ", "██ ▁"])
        #expect(lines[1].runs.map(\.role) == [.hue(0), .bad, .plain, .hue(0)])
        #expect(chart.column(atCell: 3, of: 4) == 3)
        #expect(chart.column(atCell: 4, of: 4) == nil)
    }

    @Test func columnsThatShareACellAreAddedUp() {
        let chart = ColumnChart((0..<8).map { .init(count: $0 == 5 ? 4 : 1) })
        #expect(chart.lines(width: 4, height: 1).map(\.text) == ["▃▃█▃"])
        #expect(ColumnChart([]).lines(width: 3, height: 2).map(\.text) == ["   ", "   "])
        #expect(chart.lines(width: 0, height: 0).isEmpty)
    }

    @Test func durationsFallIntoClassesOfEqualRatio() {
        let histogram = DurationHistogram(
            [(1, false), (9, false), (10, true), (100, false), (1_000, true)], classes: 3)
        #expect(histogram.columns == [.init(count: 2), .init(count: 1, bad: 1), .init(count: 2, bad: 1)])
        #expect(DurationHistogram([(5, false), (5, false)], classes: 4).columns.map(\.count) == [0, 0, 2, 0])
        #expect(DurationHistogram([(0, false), (.max, false)], classes: 2).columns.map(\.count) == [1, 1])
        #expect(DurationHistogram([], classes: 2).columns.map(\.count) == [0, 0])
    }
}
