// SPDX-License-Identifier: Apache-2.0
// Stretches of time as blocks.

import SondeTerminal
import Testing

@Suite("Bar")
struct BarTests {
    @Test(arguments: [
        (0.0, 1.0, "████████"), (0.0, 0.5, "████    "), (0.5, 1.0, "    ████"), (0.0, 0.0, "▏       "),
        (1.0, 1.0, "       ▕"), (0.0, 1.0 / 16, "▌       "), (1.0 / 16, 0.25, "▐█      "),
        (0.25, 0.25 + 3.0 / 64, "  ▍     "),
        (0.28125, 0.29, "  ╎     "), (-1.0, 2.0, "████████"), (.nan, .infinity, "▏       "), (0.9, 0.2, "       ╎"),
    ])
    func drawsPartsOfTheWhole(start: Double, end: Double, bar: String) {
        #expect(Bar.text(from: start, to: end, width: 8) == bar)
    }

    @Test func coversItsWidthWhateverItShows() {
        for start in 0...40 {
            for end in start...40 {
                let bar = Bar.text(from: Double(start) / 40, to: Double(end) / 40, width: 7)
                #expect(bar.count == 7)
                #expect(bar.contains { $0 != " " })
            }
        }
        #expect(Bar.text(from: 0, to: 1, width: 0) == "")
    }

    @Test func anOpenEndReachesTheEdge() {
        #expect(Bar.openText(from: 0.5, width: 6) == "   ░░░")
        #expect(Bar.openText(from: 1, width: 6) == "     ░")
    }
}
