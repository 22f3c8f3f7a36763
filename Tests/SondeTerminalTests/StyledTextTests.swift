// SPDX-License-Identifier: Apache-2.0
// Lines that know their width.

import SondeTerminal
import Testing

@Suite("Styled text")
struct StyledTextTests {
    @Test func isHarmlessHoweverItWasMade() {
        var line = StyledText("\u{1B}[31m")
        line.append("\u{7}", .bad)
        #expect(line.text == "␛[31m␇")
        #expect(line.width == 6)
    }

    @Test(arguments: [
        ("checkout", 8, "checkout"), ("checkout", 7, "checko…"), ("checkout", 1, "…"), ("checkout", 0, ""),
        ("注文する", 8, "注文する"), ("注文する", 7, "注文す…"), ("注文する", 6, "注文…"), ("🇩🇪🇫🇷", 3, "🇩🇪…"),
        ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
    ])
    func cutsToCellsAndSaysSo(text: String, cells: Int, cut: String) {
        let truncated = StyledText(text).truncated(to: cells)
        #expect(truncated.text == cut)
        #expect(truncated.width <= cells)
        #expect(truncated.width == DisplayWidth.of(cut))
    }

    @Test func fitsExactlyOnEitherSide() {
        #expect(StyledText("ab").fitted(to: 4).text == "ab  ")
        #expect(StyledText("ab").fitted(to: 4, alignment: .right).text == "  ab")
        #expect(StyledText("注文").fitted(to: 3).text == "注…")
        #expect(StyledText("注文").fitted(to: 4, alignment: .right).width == 4)
    }

    @Test func cutsAcrossRuns() {
        var line = StyledText("orders", .hue(1))
        line.append(": ")
        line.append("GET /orders", .strong)
        let cut = line.truncated(to: 12)
        #expect(cut.text == "orders: GET…")
        #expect(cut.runs.last?.role == .strong)
    }

    @Test(arguments: [
        ("", 10, [""]), ("one two three", 7, ["one two", "three"]), ("one two three", 8, ["one two", "three"]),
        ("one two three", 5, ["one", "two", "three"]), ("abcdefgh", 3, ["abc", "def", "gh"]),
        ("a  b", 2, ["a", "b"]), ("注文する", 3, ["注", "文", "す", "る"]), ("注文", 1, ["注", "文"]),
        ("/a/very/long/path and more", 10, ["/a/very/lo", "ng/path", "and more"]),
    ])
    func breaksAtBlanksWhereItCan(text: String, cells: Int, lines: [String]) {
        #expect(StyledText(text).wrapped(to: cells).map(\.text) == lines)
    }

    @Test func theHueOfANameIsAlwaysTheSame() {
        #expect(Role.hue(of: "payments") == Role.hue(of: "payments"))
        #expect(Role.hue(of: "payments") == .hue(10))
    }

    @Test func aLongLineIsWrappedInTimeThatGrowsWithItAlone() {
        let lines = StyledText(String(repeating: "wörd ", count: 40_000)).wrapped(to: 40)
        #expect(lines.count == 5_000)
        #expect(lines.dropLast().allSatisfy { $0.width == 39 })
    }
}
