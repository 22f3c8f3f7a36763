// SPDX-License-Identifier: Apache-2.0
// When to colour, how wide to draw, which characters to use.

import SondeTerminal
import Testing

@Suite("Surroundings")
struct SurroundingsTests {
    @Test(
        arguments: [
            (ColorChoice.auto, nil, [:], ColorDepth.none),
            (.auto, 80, [:], .none),
            (.auto, 80, ["TERM": "dumb"], .none),
            (.auto, 80, ["TERM": "xterm"], .ansi16),
            (.auto, 80, ["TERM": "xterm-256color"], .ansi256),
            (.auto, 80, ["TERM": "xterm", "COLORTERM": "truecolor"], .trueColor),
            (.auto, nil, ["TERM": "xterm-256color"], .none),
            (.auto, 80, ["TERM": "xterm", "NO_COLOR": "1"], .none),
            (.auto, 80, ["TERM": "xterm", "NO_COLOR": ""], .ansi16),
            (.auto, 80, ["TERM": "xterm", "CLICOLOR": "0"], .none),
            (.auto, nil, ["CLICOLOR_FORCE": "1"], .ansi16),
            (.auto, nil, ["CLICOLOR_FORCE": "0"], .none),
            (.auto, nil, ["CLICOLOR_FORCE": "1", "NO_COLOR": "1"], .none),
            (.always, nil, ["NO_COLOR": "1"], .ansi16),
            (.never, 80, ["TERM": "xterm", "CLICOLOR_FORCE": "1"], .none),
        ] as [(ColorChoice, Int?, [String: String], ColorDepth)])
    func decidesOnColours(choice: ColorChoice, columns: Int?, environment: [String: String], depth: ColorDepth) {
        let surroundings = Surroundings(color: choice, terminalColumns: columns, environment: environment)
        #expect(surroundings.renderer.depth == depth)
    }

    @Test(
        arguments: [
            (nil, [:], 120), (97, [:], 97), (0, [:], 80), (5, [:], 20), (97, ["COLUMNS": "60"], 60),
            (nil, ["COLUMNS": "200"], 200), (nil, ["COLUMNS": "wide"], 120), (nil, ["COLUMNS": "-3"], 120),
            (nil, ["COLUMNS": "99999"], 120), (nil, ["COLUMNS": "3"], 20),
        ] as [(Int?, [String: String], Int)])
    func decidesOnColumns(terminal: Int?, environment: [String: String], columns: Int) {
        let surroundings = Surroundings(color: .auto, terminalColumns: terminal, environment: environment)
        #expect(surroundings.columns == columns)
        #expect(surroundings.isTerminal == (terminal != nil))
    }

    @Test(
        arguments: [
            ([:], Charset.unicode), (["LANG": "de_DE.UTF-8"], .unicode), (["LANG": "C.utf8"], .unicode),
            (["LANG": "C"], .ascii),
            (["LANG": "en_US.ISO-8859-1"], .ascii), (["LC_ALL": "C", "LANG": "en_US.UTF-8"], .ascii),
            (["LC_ALL": "", "LC_CTYPE": "C.UTF-8", "LANG": "C"], .unicode),
        ] as [([String: String], Charset)])
    func decidesOnCharacters(environment: [String: String], charset: Charset) {
        let surroundings = Surroundings(color: .auto, terminalColumns: nil, environment: environment)
        #expect(surroundings.renderer.charset == charset)
    }
}
