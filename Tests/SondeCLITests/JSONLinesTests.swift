// SPDX-License-Identifier: Apache-2.0
// Items cut out of an answer.

import Testing

@testable import SondeCLI

@Suite("JSON lines")
struct JSONLinesTests {
    @Test(arguments: [
        (#"{"a":[1,2,3],"next":null}"#, ["1", "2", "3"]), (#"{"a":[]}"#, []),
        (#"{"n":{"x":[1]},"a":[{"b":[1,2]},{"c":"]"}]}"#, [#"{"b":[1,2]}"#, #"{"c":"]"}"#]),
        (#"{"a":["x,y","\"],","\\"]}"#, [#""x,y""#, #""\"],""#, #""\\""#]),
        (#"{"[":"[","a":[[1],[2,3]]}"#, ["[1]", "[2,3]"]),
    ])
    func areTheElementsOfTheFirstList(document: String, items: [String]) {
        let found = JSONLines.items(of: Array(document.utf8))?.map { String(decoding: $0, as: UTF8.self) }
        #expect(found == items)
    }

    @Test func aDocumentWithoutListIsOneLine() {
        #expect(JSONLines.items(of: Array(#"{"spans":3}"#.utf8)) == nil)
        #expect(String(decoding: JSONLines.text(Array(#"{"spans":3}"#.utf8)), as: UTF8.self) == "{\"spans\":3}\n")
    }
}
