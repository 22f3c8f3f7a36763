// SPDX-License-Identifier: Apache-2.0
// Drawing onto cells.

import SondeTerminal
import SondeTerminalProbe
import Testing

@Suite("Frame")
struct FrameTests {
    private func frame(_ columns: Int = 10, _ rows: Int = 2) -> Frame { Frame(Size(columns: columns, rows: rows)) }

    @Test func cutsOffWhatIsOutside() {
        var frame = frame()
        frame.draw("0123456789abc", row: 0)
        frame.draw("0123456789", row: 1, column: -3)
        frame.draw("never", row: 2)
        frame.draw("never", row: -1)
        frame.draw("never", row: 0, column: 10)
        frame.put("x", row: 5, column: 5)
        frame.put("x", row: 0, column: -1)
        #expect(frame.text == "0123456789\n3456789\n")
    }

    @Test func drawsNoHalfOfAWideCharacter() {
        var frame = frame(5, 4)
        frame.draw("ab漢字", row: 0)
        frame.draw("漢字漢", row: 1, column: -1)
        frame.draw("漢字", row: 2, limit: 3)
        frame.draw("漢字", row: 3)
        frame.draw("x", row: 3, column: 1)
        #expect(frame.text == "ab漢\n 字漢\n漢\n x字\n")
        #expect(frame.character(row: 3, column: 0) == " " && frame.character(row: 3, column: 3) == nil)
    }

    @Test func overwritingTheFirstHalfOfAWideCharacterBlanksTheOther() {
        var frame = frame()
        frame.draw("漢字", row: 0)
        frame.draw("x", row: 0, column: 2)
        frame.draw("注", row: 0, column: 1)
        #expect(frame.rowText(0) == " 注")
    }

    @Test func limitAndReturnedColumnAreCells() {
        var frame = frame()
        #expect(frame.draw("漢字x", row: 0, column: 1) == 6)
        #expect(frame.draw("0123456789", row: 1, column: 2, limit: 3) == 5)
        #expect(frame.rowText(1) == "  012")
    }

    @Test func neverHoldsWhatATerminalObeys() {
        var frame = frame(40, 1)
        frame.put("\u{1B}", row: 0, column: 0)
        frame.put("\u{9B}", row: 0, column: 1)
        frame.draw("\u{1B}[2J\u{7}\u{202E}", row: 0, column: 2)
        var hostile = StyledText()
        hostile.append(drawn: "\u{1B}\u{8}")
        frame.draw(hostile, row: 0, column: 20)
        #expect(!frame.text.dropLast().unicodeScalars.contains { $0.properties.generalCategory == .control })
    }

    @Test func keepsTheGroundWhereNoneIsGiven() {
        var frame = frame()
        frame.fill(Rect(column: 0, row: 0, columns: 4, rows: 1), ground: .raised)
        frame.draw("abcdef", .strong, row: 0)
        #expect(frame.ground(row: 0, column: 3) == .raised && frame.ground(row: 0, column: 4) == .normal)
    }

    @Test func selectedRowKeepsItsBars() {
        var frame = frame()
        frame.draw("name", row: 0)
        frame.fill(Rect(column: 5, row: 0, columns: 3, rows: 1), ground: .bar(2))
        frame.recolour(Rect(column: 0, row: 0, columns: 10, rows: 1), ground: .selected)
        #expect(frame.ground(row: 0, column: 0) == .selected && frame.ground(row: 0, column: 6) == .bar(2))
        #expect(frame.ground(row: 0, column: 9) == .selected)
    }

    @Test func wideCharacterStandsOnOneGround() {
        var frame = frame()
        frame.draw("漢字", row: 0)
        frame.recolour(Rect(column: 1, row: 0, columns: 2, rows: 1), ground: .selected)
        #expect(frame.ground(row: 0, column: 0) == .normal && frame.ground(row: 0, column: 1) == .normal)
        #expect(frame.ground(row: 0, column: 2) == .selected && frame.ground(row: 0, column: 3) == .selected)
    }

    @Test func describesWhatEverythingIs() {
        var frame = frame(12, 2)
        frame.draw("ok", row: 0)
        frame.draw("bad", .bad, row: 0, column: 3, attributes: .bold)
        frame.fill(Rect(column: 8, row: 0, columns: 2, rows: 1), ground: .bar(14))
        frame.cursor = (1, 2)
        #expect(
            frame.described == """
                ok bad
                    @ 3+3 bad, bold
                    @ 8+2 blank on bar(2)

                cursor at row 1, column 2

                """)
    }

    @Test func emptyPicturesTakeEverything() {
        for size in [
            Size(columns: 0, rows: 0), Size(columns: 0, rows: 5), Size(columns: 5, rows: 0), Size(columns: 1, rows: 1),
        ] {
            var frame = Frame(size)
            var picture = RandomPicture(random: SeededGenerator(state: 1))
            for _ in 0..<200 { picture.draw(on: &frame) }
            var writer = FrameWriter(theme: .dark)
            _ = writer.bytes(for: frame)
        }
    }

    @Test func manyClustersBeginANewTableRatherThanGrow() {
        var frame = Frame(Size(columns: 4, rows: 1))
        var writer = FrameWriter(theme: .dark)
        var emulator = ScreenEmulator(frame.size)
        for number in 0..<6_000 {
            frame.clear()
            let marks = String(
                String.UnicodeScalarView((0..<4).compactMap { Unicode.Scalar(0x300 + number >> $0 * 3 & 15) }))
            frame.draw("a" + marks + String(number % 10), row: 0)
            emulator.feed(writer.bytes(for: frame))
            #expect(emulator.rowText(0) == frame.rowText(0))
        }
    }
}
