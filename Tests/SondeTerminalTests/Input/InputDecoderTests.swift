// SPDX-License-Identifier: Apache-2.0
// What terminals send, and what it means.

import SondeTerminal
import SondeTerminalProbe
import Testing

@Suite("Input decoder")
struct InputDecoderTests {
    private func decode(_ bytes: [UInt8], piece: Int = .max, isFlushed: Bool = true) -> [Input] {
        var decoder = InputDecoder()
        var inputs: [Input] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            decoder.feed(rest.prefix(piece)) { inputs.append($0) }
            rest = rest.dropFirst(piece)
        }
        if isFlushed { decoder.flush { inputs.append($0) } }
        return inputs
    }

    private func decode(_ text: String) -> [Input] { decode(Array(text.utf8)) }

    private func keys(_ text: String) -> [String] {
        decode(text).map { input in
            guard case .key(let press) = input else { return "\(input)" }
            return press.text
        }
    }

    @Test(
        arguments: [
            ("gG?é漢", ["g", "G", "?", "é", "漢"]),
            ("\r\n\t\u{7F}\u{8} ", ["enter", "enter", "tab", "backspace", "backspace", "space"]),
            ("\u{3}\u{1A}\u{0}\u{1D}", ["ctrl-c", "ctrl-z", "ctrl-space", "ctrl-]"]),
            ("\u{1B}[A\u{1B}[B\u{1B}[C\u{1B}[D", ["up", "down", "right", "left"]),
            ("\u{1B}OA\u{1B}OB\u{1B}OH\u{1B}OF\u{1B}OP\u{1B}OS", ["up", "down", "home", "end", "f1", "f4"]),
            ("\u{1B}[H\u{1B}[F\u{1B}[1~\u{1B}[4~\u{1B}[7~\u{1B}[8~", ["home", "end", "home", "end", "home", "end"]),
            ("\u{1B}[2~\u{1B}[3~\u{1B}[5~\u{1B}[6~", ["insert", "delete", "pageup", "pagedown"]),
            ("\u{1B}[11~\u{1B}[15~\u{1B}[17~\u{1B}[21~\u{1B}[24~", ["f1", "f5", "f6", "f10", "f12"]),
            ("\u{1B}[[A\u{1B}[[E", ["f1", "f5"]),
            ("\u{1B}[1;5C\u{1B}[1;2A\u{1B}[1;3D\u{1B}[3;5~", ["ctrl-right", "shift-up", "alt-left", "ctrl-delete"]),
            ("\u{1B}[Z\u{1B}[1;2R\u{1B}[1;2P", ["shift-tab", "shift-f3", "shift-f1"]),
            ("\u{1B}OM\u{1B}Oj\u{1B}Oy\u{1B}O5A", ["enter", "*", "9", "ctrl-up"]),
            ("\u{1B}f\u{1B}\r\u{1B}\u{7F}\u{1B}é", ["alt-f", "alt-enter", "alt-backspace", "alt-é"]),
            ("\u{1B}\u{1B}[A", ["alt-up"]),
            ("\u{1B}[97u\u{1B}[97;5u\u{1B}[27u\u{1B}[9;2u\u{1B}[97;2u", ["a", "ctrl-a", "esc", "shift-tab", "A"]),
            ("\u{1B}[97;1:3u\u{1B}[57441u\u{1B}[13;5u\u{1B}[57419;1:2u", ["ctrl-enter", "up"]),
            ("\u{1B}[27;5;105~", ["ctrl-i"]),
        ])
    func understandsKeys(sent: String, keys expected: [String]) {
        #expect(keys(sent) == expected)
        #expect(decode(Array(sent.utf8), piece: 1) == decode(sent))
    }

    @Test func loneEscapeIsAKeyAfterAPause() {
        var decoder = InputDecoder()
        var inputs: [Input] = []
        decoder.feed([0x1B]) { inputs.append($0) }
        #expect(inputs.isEmpty && decoder.patience == Limits.escapePause)
        decoder.flush { inputs.append($0) }
        #expect(inputs == [.key(KeyPress(.escape))] && decoder.patience == nil)
        #expect(keys("\u{1B}\u{1B}") == ["esc", "esc"])
        #expect(keys("\u{1B}\u{1B}\u{1B}[A") == ["esc", "alt-up"])
        #expect(keys("\u{1B}[") == ["alt-["] && keys("\u{1B}O") == ["alt-O"])
    }

    @Test(
        arguments: [
            ("\u{1B}[0n", []), ("\u{1B}[I", [.focus(true)]), ("\u{1B}[?62;22c", []),
            ("\u{1B}[<0;5;6M", [.mouse(MousePress(.press, row: 5, column: 4))]),
            ("\u{1B}[M !!", [.mouse(MousePress(.press, row: 0, column: 0))]),
            ("\u{1B}[200~x\u{1B}[201~", [.paste("x")]),
        ] as [(String, [Input])])
    func escapeRightBeforeWhatATerminalReportsIsNotLost(report: String, inputs: [Input]) {
        #expect(decode("\u{1B}" + report) == [.key(KeyPress(.escape))] + inputs)
        #expect(decode(Array(("\u{1B}" + report).utf8), piece: 1) == decode("\u{1B}" + report))
    }

    @Test func sequenceThatNeverEndsIsNoKey() {
        #expect(keys("\u{1B}[1;") == [])
        let endless = Array("\u{1B}[\(String(repeating: "1", count: 300))x".utf8)
        #expect(decode(endless).count == 302 - 256 + 1 && decode(endless, piece: 1) == decode(endless))
        #expect(keys("\u{1B}[12\u{1B}[A") == ["up"])
    }

    @Test(
        arguments: [
            ("\u{1B}[<0;5;6M", MousePress(.press, row: 5, column: 4)),
            ("\u{1B}[<0;5;6m", MousePress(.release, row: 5, column: 4)),
            ("\u{1B}[<2;300;200M", MousePress(.press, button: 2, row: 199, column: 299)),
            ("\u{1B}[<32;1;1M", MousePress(.drag, row: 0, column: 0)),
            ("\u{1B}[<64;2;3M", MousePress(.wheelUp, row: 2, column: 1)),
            ("\u{1B}[<81;2;3M", MousePress(.wheelDown, row: 2, column: 1, control: true)),
            ("\u{1B}[<12;2;3M", MousePress(.press, row: 2, column: 1, alt: true, shift: true)),
            ("\u{1B}[M !!", MousePress(.press, row: 0, column: 0)),
            ("\u{1B}[M#\"#", MousePress(.release, row: 2, column: 1)),
        ])
    func understandsTheMouse(sent: String, press: MousePress) {
        #expect(decode(sent) == [.mouse(press)])
        #expect(decode(Array(sent.utf8), piece: 1) == [.mouse(press)])
    }

    @Test func passesOverWhatMeansNothing() {
        #expect(decode("\u{1B}[<0;0;1M\u{1B}[<66;1;1M\u{1B}[<35;4;4M\u{1B}[<0M") == [])
        #expect(decode("\u{1B}[?62;22c\u{1B}[0n\u{1B}[12;40R\u{1B}[?2026;2$y\u{1B}[8;24;80t") == [])
        #expect(
            keys("\u{1B}]11;rgb:0000/0000/0000\u{1B}\\a\u{1B}]52;c;QQ==\u{7}b\u{1B}P1$r0m\u{1B}\\c") == ["a", "b", "c"])
        #expect(decode("\u{1B}[I\u{1B}[O") == [.focus(true), .focus(false)])
    }

    @Test func pasteIsOneInputHoweverItIsCut() {
        let text = "pasted 漢字 \u{1B}[31m\nsecond \u{1B}[20"
        let sent = Array("x\u{1B}[200~\(text)\u{1B}[201~y".utf8)
        for piece in [1, 2, 3, 5, 7, .max] {
            #expect(decode(sent, piece: piece) == [.key(.character("x")), .paste(text), .key(.character("y"))])
        }
    }

    @Test func pasteWithoutAnEndEndsAfterAPause() {
        var decoder = InputDecoder()
        var inputs: [Input] = []
        decoder.feed("\u{1B}[200~abc\u{1B}[20".utf8) { inputs.append($0) }
        #expect(inputs.isEmpty && decoder.patience == Limits.pastePause)
        decoder.flush { inputs.append($0) }
        decoder.feed("q".utf8) { inputs.append($0) }
        #expect(inputs == [.paste("abc\u{1B}[20"), .key(.character("q"))])
    }

    @Test func hugePasteIsCutAndCounted() {
        var decoder = InputDecoder()
        var inputs: [Input] = []
        decoder.feed("\u{1B}[200~".utf8) { inputs.append($0) }
        for _ in 0..<300 { decoder.feed([UInt8](repeating: 0x61, count: 4_096)) { inputs.append($0) } }
        decoder.feed("\u{1B}[201~".utf8) { inputs.append($0) }
        guard case .paste(let text) = inputs.first else {
            Issue.record("no paste came")
            return
        }
        #expect(text.utf8.count == 1 << 20 && decoder.droppedPasteBytes == 300 * 4_096 - 1 << 20)
    }

    @Test func invalidUTF8SurvivesAsReplacementMarks() {
        #expect(
            decode([0xFF, 0x80, 0x61]) == [
                .key(.character("\u{FFFD}")), .key(.character("\u{FFFD}")), .key(.character("a")),
            ])
        #expect(decode([0xE6, 0xBC]) == [.key(.character("\u{FFFD}"))])
        #expect(decode([0xE6, 0x1B, 0x5B, 0x41]) == [.key(.character("\u{FFFD}")), .key(KeyPress(.up))])
    }

    @Test(arguments: 0..<200) func anyBytesAreTakenInAnyPieces(seed: Int) {
        var random = SeededGenerator(state: UInt64(seed))
        let alphabet: [UInt8] = [
            0x1B, 0x1B, 0x5B, 0x4F, 0x5D, 0x50, 0x3B, 0x31, 0x32, 0x30, 0x7E, 0x4D, 0x3C, 0x41, 0x07, 0x5C, 0xE6, 0xBC,
        ]
        let bytes = (0..<200).map { _ in
            Bool.random(using: &random)
                ? alphabet.randomElement(using: &random) ?? 0 : UInt8.random(in: 0...255, using: &random)
        }
        let whole = decode(bytes)
        for piece in [1, 3, 16] { #expect(decode(bytes, piece: piece) == whole) }
    }
}
