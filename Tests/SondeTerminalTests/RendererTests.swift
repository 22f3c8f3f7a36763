// SPDX-License-Identifier: Apache-2.0
// Lines as they reach the terminal.

import SondeTerminal
import Testing

@Suite("Renderer")
struct RendererTests {
    private var line: StyledText {
        var line = StyledText("├─ ", .faint)
        line.append("✗ ", .bad)
        line.append("pay", .hue(0))
        line.append("  ")
        return line
    }

    @Test func writesNoEscapeSequenceWithoutColours() {
        #expect(Renderer().text([line]) == "├─ ✗ pay\n")
    }

    @Test func writesColoursAndTakesThemBack() {
        let text = Renderer(depth: .ansi16).text([line])
        #expect(text == "\u{1B}[2m├─ \u{1B}[0m\u{1B}[31m✗ \u{1B}[0m\u{1B}[36mpay\u{1B}[0m\n")
        #expect(Renderer(depth: .ansi256).text([line]).contains("\u{1B}[38;5;32mpay\u{1B}[0m"))
    }

    @Test func staysAlignedInASCII() {
        let drawn = StyledText("└─ ✗ 注文 █▌ … é µs 🛒")
        let text = Renderer(charset: .ascii).text(drawn)
        #expect(text == "`- x ???? == ~ ? us ??")
        #expect(text.utf8.count == drawn.width)
    }

    @Test func escapeSequencesOfSendersNeverPass() {
        let hostile = StyledText("\u{1B}]0;owned\u{7}\u{9B}2J", .bad)
        #expect(!Renderer().text(hostile).unicodeScalars.contains("\u{1B}"))
        #expect(Renderer(depth: .ansi16).text(hostile).unicodeScalars.count { $0 == "\u{1B}" } == 2)
    }
}
