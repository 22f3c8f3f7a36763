// SPDX-License-Identifier: Apache-2.0
// Half-typed lines as bash cuts them and as the other shells hand them over.

import Testing

@testable import SondeCLI

@Suite("A half-typed line")
struct CompletionLineTests {
    @Test func bashsPiecesBecomeWordsAgain() {
        let words = ["sonde", "traces", "--at", "http", ":", "//127.0.0.1", ":", "16686", "service", "=", "or"]
        let line = CompletionLine(words: words, index: 10, prefix: "or", isCut: true)
        #expect(line.value(of: "--at") == "http://127.0.0.1:16686")
        #expect(line.typed == "service=or")
        #expect(line.answers(["service=orders", "service=payments"]) == ["orders"])
    }

    @Test func aSeparatorThatWasJustTypedIsNoWord() {
        let line = CompletionLine(words: ["sonde", "traces", "service", "="], index: 3, prefix: "=", isCut: true)
        #expect(line.typed == "service=")
        #expect(line.answers(["service=orders"]) == ["orders"])
    }

    @Test func otherShellsGiveWholeWords() {
        let line = CompletionLine(
            words: ["sonde", "traces", "--db=x y", "service=or"], index: 3, prefix: "service=or", isCut: false)
        #expect(line.value(of: "--db") == "x y")
        #expect(line.answers(["service=orders", "service=payments"]) == ["service=orders"])
    }

    @Test(arguments: [("'or", "or"), ("\"or", "or"), ("a\\ b", "a b")])
    func quotesAreNoPartOfWhatWasTyped(prefix: String, typed: String) {
        #expect(CompletionLine(words: ["sonde"], index: 1, prefix: prefix, isCut: false).typed == typed)
    }

    @Test func theLastOfAnOptionCounts() {
        let line = CompletionLine(
            words: ["sonde", "logs", "--db", "a", "--db", "b", ""], index: 6, prefix: "", isCut: false)
        #expect(line.value(of: "--db") == "b")
        #expect(line.value(of: "--at") == nil)
    }
}
