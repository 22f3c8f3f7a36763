// SPDX-License-Identifier: Apache-2.0
// Themes: what a terminal is told for what.

import SondeTerminal
import Testing

@Suite("Themes")
struct ThemeTests {
    /// What is written for one character, without the frame around it.
    private func written(_ theme: Theme, _ role: Role, _ ground: Ground = .normal, _ text: String = "x") -> String {
        var frame = Frame(Size(columns: 1, rows: 1))
        var writer = FrameWriter(theme: theme)
        _ = writer.bytes(for: frame)
        frame.draw(text, role, row: 0, ground: ground)
        return String(decoding: writer.bytes(for: frame), as: UTF8.self)
            .replacing("\u{1B}[?2026h", with: "").replacing("\u{1B}[?2026l", with: "")
    }

    @Test func plainTextHasNoColourOfOurs() {
        for theme in [Theme.dark, .light, .highContrast, .monochrome] { #expect(written(theme, .plain) == "x") }
    }

    @Test(
        arguments: [
            (ColorDepth.none, "\u{1B}[1mx"), (.ansi16, "\u{1B}[31mx"), (.ansi256, "\u{1B}[38;5;203mx"),
            (.trueColor, "\u{1B}[38;5;203mx"),
        ])
    func failuresShowAtEveryDepth(depth: ColorDepth, expected: String) {
        #expect(written(Theme(.dark, depth: depth), .bad) == expected)
    }

    @Test func barsAndTheirEndsHaveOneColour() {
        for theme in [Theme.dark, .light, .highContrast] {
            let end = written(theme, .hue(4)).replacing("38;5;", with: "48;5;")
            #expect(written(theme, .plain, .bar(4), " ").dropLast() == end.dropLast())
            let pale = written(theme, .tint(4)).replacing("38;5;", with: "48;5;")
            #expect(written(theme, .plain, .lightBar(4), " ").dropLast() == pale.dropLast())
        }
    }

    @Test func nothingIsToldByColourAlone() {
        for depth in [ColorDepth.none, .ansi16] {
            let theme = Theme(.dark, depth: depth)
            #expect(written(theme, .plain, .selected).contains("7m"))
            #expect(written(theme, .plain, .selected) != written(theme, .plain))
        }
        let theme = Theme.monochrome
        #expect(
            written(theme, .plain, .bar(1), " ").last == "█" && written(theme, .plain, .lightBar(1), " ").last == "▒")
        #expect(written(theme, .plain, .matched) != written(theme, .plain))
    }

    @Test(
        arguments: [
            (["TERM": "xterm-256color"], Theme.Name.dark, ColorDepth.ansi256, Charset.unicode),
            (["TERM": "xterm", "COLORTERM": "truecolor"], .dark, .trueColor, .unicode),
            (["TERM": "xterm-256color", "NO_COLOR": "1"], .dark, .none, .unicode),
            (["TERM": "vt100", "LANG": "C"], .dark, .none, .ascii),
            (["TERM": "linux"], .dark, .ansi16, .unicode),
            (["TERM": "xterm-256color", "COLORFGBG": "0;15"], .light, .ansi256, .unicode),
            (["TERM": "xterm-256color", "COLORFGBG": "15;0"], .dark, .ansi256, .unicode),
            (["TERM": "xterm-256color", "COLORFGBG": "15;default;8"], .dark, .ansi256, .unicode),
        ] as [([String: String], Theme.Name, ColorDepth, Charset)])
    func surroundingsDecide(environment: [String: String], name: Theme.Name, depth: ColorDepth, charset: Charset) {
        let theme = Theme(environment: environment)
        #expect(theme.name == name && theme.depth == depth && theme.charset == charset)
    }

    @Test func coloursCanBeChosen() throws {
        var theme = Theme.dark
        let wasSet = theme.set("bad", to: try #require(Colour("#ff0000")))
        #expect(written(theme, .bad) == "\u{1B}[38;5;196mx")
        let wasHueSet = theme.set("hue-3", to: try #require(Colour("bright-cyan")))
        #expect(written(theme, .hue(3)) == "\u{1B}[96mx" && written(theme, .plain, .bar(3), " ") == "\u{1B}[106m ")
        let others = [theme.set("hue-12", to: .terminal), theme.set("mauve", to: .terminal)]
        #expect(wasSet && wasHueSet && others == [false, false])
        theme.depth = .ansi16
        #expect(written(theme, .bad) == "\u{1B}[91mx")
    }

    @Test(arguments: ["", "#12345", "#gggggg", "256", "-1", "purple"])
    func refusesWhatIsNoColour(text: String) { #expect(Colour(text) == nil) }

    @Test func everyNameCanBeSet() {
        var theme = Theme.light
        for name in Theme.names {
            let wasSet = theme.set(name, to: .palette(1))
            #expect(wasSet, "\(name)")
        }
        #expect(Set(Theme.names).count == Theme.names.count)
    }
}
