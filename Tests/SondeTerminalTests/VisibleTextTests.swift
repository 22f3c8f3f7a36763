// SPDX-License-Identifier: Apache-2.0
// Whatever a sender calls its spans, the terminal stays as it was.

import SondeTerminal
import Testing

@Suite("Visible text")
struct VisibleTextTests {
    @Test(arguments: [
        ("\u{1B}[2J\u{1B}[31mowned", "␛[2J␛[31mowned"), ("a\nb\r\nc\td", "a␊b␍␊c␉d"), ("\u{7}\u{0}\u{7F}", "␇␀␡"),
        ("\u{9B}31m", "<009B>31m"), ("\u{9D}0;title\u{9C}", "<009D>0;title<009C>"),
        ("pay\u{202E}moc.", "pay<202E>moc."),
        ("a\u{2028}b\u{2029}", "a<2028>b<2029>"), ("\u{FEFF}bom", "<FEFF>bom"),
        ("zero\u{200B}width", "zero<200B>width"),
        ("\u{2066}x\u{2069}", "<2066>x<2069>"), ("soft\u{AD}hyphen", "soft<00AD>hyphen"), ("\u{200D}", "<200D>"),
        ("\u{E0041}", "<E0041>"),
    ])
    func showsWhatATerminalWouldObey(text: String, visible: String) {
        #expect(VisibleText.make(text) == visible)
    }

    @Test(arguments: ["POST /päyments ✓", "👩‍👩‍👧‍👦", "क्‍ष", "注文", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", ""])
    func leavesWritingAlone(text: String) {
        #expect(VisibleText.make(text) == text)
    }

    @Test func marksNeverGrowBeyondTheirCell() {
        let smeared = "a" + String(repeating: "\u{301}", count: 500)
        #expect(VisibleText.make(smeared).unicodeScalars.count == 16)
    }

    @Test func aMarkWithoutLetterGetsOne() {
        #expect(VisibleText.make("\u{301}x") == "\u{25CC}\u{301}x")
    }

    @Test func everyControlCharacterIsMadeHarmless() {
        for value in Array(0...0x1F) + Array(0x7F...0x9F) {
            guard let scalar = Unicode.Scalar(UInt32(value)) else { continue }
            let visible = VisibleText.make("a" + String(Character(scalar)) + "b")
            #expect(visible.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
        }
    }
}
