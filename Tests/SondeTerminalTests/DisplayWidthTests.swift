// SPDX-License-Identifier: Apache-2.0
// Cells as terminals count them.

import SondeTerminal
import Testing

@Suite("Display width")
struct DisplayWidthTests {
    @Test(arguments: [
        ("", 0), ("GET /orders", 11), ("päyments", 8), ("e\u{301}te\u{301}", 3), ("注文", 4), ("한글", 4),
        ("\u{1112}\u{1161}\u{11AB}", 2), ("🛒", 2), ("👩‍👩‍👧‍👦", 2), ("🇩🇪", 2), ("❤️", 2), ("❤", 1), ("ﾊﾛｰ", 3),
        ("ＡＢ", 4), ("█▏├─", 4), ("日本go", 6), ("a\u{200D}b", 2), ("1️⃣", 1),
    ])
    func countsCells(text: String, cells: Int) {
        #expect(DisplayWidth.of(text) == cells)
    }
}
