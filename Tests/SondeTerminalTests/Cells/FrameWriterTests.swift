// SPDX-License-Identifier: Apache-2.0
// What is written always makes the terminal show the picture, and is as little as that takes.

import SondeTerminal
import SondeTerminalProbe
import Testing

@Suite("Frame writer")
struct FrameWriterTests {
    static let themes: [Theme] = [
        Theme(.dark), Theme(.light, depth: .trueColor), Theme(.highContrast, depth: .ansi16), Theme(.monochrome),
        Theme(.dark, depth: .none, charset: .ascii), Theme(.dark, depth: .ansi16, charset: .ascii),
    ]

    /// A terminal that shows `frame` because all of it was written.
    private func repainted(_ frame: Frame, _ theme: Theme) -> ScreenEmulator {
        var emulator = ScreenEmulator(frame.size)
        var writer = FrameWriter(theme: theme)
        emulator.feed(writer.bytes(for: frame))
        return emulator
    }

    @Test(arguments: themes, 0..<25)
    func writingDifferencesShowsWhatWritingAllShows(theme: Theme, seed: Int) {
        var picture = RandomPicture(random: SeededGenerator(state: UInt64(seed)))
        let size = Size(
            columns: Int.random(in: 1...40, using: &picture.random), rows: Int.random(in: 1...8, using: &picture.random)
        )
        var frame = Frame(size)
        var writer = FrameWriter(theme: theme)
        var emulator = ScreenEmulator(size)
        for step in 0..<40 {
            if Int.random(in: 0..<6, using: &picture.random) == 0 { frame.clear() }
            for _ in 0..<Int.random(in: 0...4, using: &picture.random) { picture.draw(on: &frame) }
            let bytes = writer.bytes(for: frame)
            emulator.feed(bytes)
            let expected = repainted(frame, theme)
            #expect(emulator.mistakes.isEmpty && expected.mistakes.isEmpty, "\(emulator.mistakes) in step \(step)")
            guard emulator.seen == expected.seen else {
                Issue.record("step \(step) shows\n\(emulator.seen)\nnot\n\(expected.seen)\nafter \(bytes)")
                return
            }
            #expect(emulator.isCursorShown == expected.isCursorShown)
            if emulator.isCursorShown { #expect(emulator.cursor == expected.cursor) }
            if theme.charset == .unicode, theme.depth != .none {
                for row in 0..<size.rows { #expect(emulator.rowText(row) == frame.rowText(row)) }
            }
            #expect(writer.bytes(for: frame).isEmpty)
        }
    }

    @Test(arguments: [1, 2, 3], 0..<20)
    func characterWhoseWidthIsDisputedSpoilsNoOther(width: Int, seed: Int) {
        var picture = RandomPicture(random: SeededGenerator(state: UInt64(seed)))
        let size = Size(columns: 30, rows: 4)
        let isUnsure: (Character) -> Bool = { $0.unicodeScalars.count > 1 || $0 == "🛒" || $0 == "☎" || $0 == "ﷺ" }
        var frame = Frame(size)
        var writer = FrameWriter(theme: .dark)
        var emulator = ScreenEmulator(size, widthOfUnsure: width, isUnsure: isUnsure)
        for _ in 0..<30 {
            for _ in 0..<3 { picture.draw(on: &frame) }
            emulator.feed(writer.bytes(for: frame))
            for row in 0..<size.rows {
                for column in 0..<size.columns {
                    guard let character = frame.character(row: row, column: column), !isUnsure(character) else {
                        continue
                    }
                    // What stands behind the last disputed character of its row may be hidden by it.
                    #expect(emulator.cells[row * size.columns + column].text == String(character))
                }
            }
        }
    }

    @Test func nothingIsWrittenWhereNothingChanged() {
        var frame = Frame(Size(columns: 80, rows: 24))
        var writer = FrameWriter(theme: .dark)
        frame.draw("hello", row: 3)
        #expect(!writer.bytes(for: frame).isEmpty)
        frame.clear()
        frame.draw("hello", row: 3)
        #expect(writer.bytes(for: frame).isEmpty)
    }

    @Test func changedCharacterCostsItsPlaceAndItself() {
        var frame = Frame(Size(columns: 80, rows: 24))
        var writer = FrameWriter(theme: .dark)
        frame.draw("12:00:01", row: 3, column: 10)
        _ = writer.bytes(for: frame)
        frame.draw("2", row: 3, column: 17)
        #expect(String(decoding: writer.bytes(for: frame), as: UTF8.self) == "\u{1B}[?2026h\u{1B}[4;18H2\u{1B}[?2026l")
    }

    @Test func invalidatedScreenIsWrittenAsAWhole() {
        var frame = Frame(Size(columns: 20, rows: 3))
        var writer = FrameWriter(theme: .dark)
        frame.draw("hello", row: 1)
        let first = writer.bytes(for: frame)
        writer.invalidate()
        #expect(writer.bytes(for: frame) == first)
    }

    @Test func noColourIsWrittenWithoutColours() {
        var frame = Frame(Size(columns: 60, rows: 10))
        var picture = RandomPicture(random: SeededGenerator(state: 7))
        for _ in 0..<200 { picture.draw(on: &frame) }
        for theme in [Theme.monochrome, Theme(.dark, depth: .none)] {
            var writer = FrameWriter(theme: theme)
            let text = String(decoding: writer.bytes(for: frame), as: UTF8.self)
            for match in text.matches(of: /\x1B\[([0-9;]*)m/) {
                let codes = match.1.split(separator: ";").compactMap { Int($0) }
                #expect(codes.allSatisfy { $0 < 30 }, "\(match.1)")
            }
        }
    }

    @Test func asciiWritesNothingElse() {
        var frame = Frame(Size(columns: 60, rows: 10))
        var picture = RandomPicture(random: SeededGenerator(state: 8))
        for _ in 0..<200 { picture.draw(on: &frame) }
        var writer = FrameWriter(theme: Theme(.dark, charset: .ascii))
        #expect(writer.bytes(for: frame).allSatisfy { $0 < 0x80 })
    }

    /// The cost of a list's most frequent key: two rows turn around.
    @Test(arguments: [80, 120]) func movingTheSelectionCostsLessThan500Bytes(columns: Int) {
        var frame = Frame(Size(columns: columns, rows: 40))
        var writer = FrameWriter(theme: .dark)
        func draw(selecting selected: Int) {
            frame.clear()
            for row in 0..<40 {
                frame.draw("│ ├─ ", .faint, row: row)
                frame.draw("checkout", .hue(row % 12), row: row, column: 5)
                frame.draw("POST /orders", row: row, column: 14)
                frame.fill(Rect(column: columns / 2, row: row, columns: columns / 4, rows: 1), ground: .bar(row % 12))
                frame.put("▌", .hue(row % 12), row: row, column: columns / 2 + columns / 4)
                frame.draw("12.3 ms", row: row, column: columns - 8)
            }
            frame.recolour(Rect(column: 0, row: selected, columns: columns, rows: 1), ground: .selected)
        }
        draw(selecting: 10)
        _ = writer.bytes(for: frame)
        draw(selecting: 11)
        let bytes = writer.bytes(for: frame).count
        #expect(bytes <= 500)
    }

    /// A list of rows that differ, from a row on, between a heading and a last line.
    private func list(from top: Int, selecting selected: Int, on frame: inout Frame) {
        frame.clear()
        frame.draw("heading", .heading, row: 0)
        for row in 1..<frame.size.rows - 1 {
            let number = top + row - 1
            frame.draw("\(number) row 注文 \(number * number)", .hue(number), row: row)
            frame.fill(Rect(column: 30, row: row, columns: number % 20, rows: 1), ground: .bar(number))
            if number == selected {
                frame.recolour(Rect(column: 0, row: row, columns: frame.size.columns, rows: 1), ground: .selected)
            }
        }
        frame.draw("\(selected) of many", row: frame.size.rows - 1)
    }

    @Test func listThatMovesIsScrolledRatherThanWritten() {
        var frame = Frame(Size(columns: 80, rows: 24))
        var writer = FrameWriter(theme: .dark)
        var emulator = ScreenEmulator(frame.size)
        var top = 100
        list(from: top, selecting: top, on: &frame)
        emulator.feed(writer.bytes(for: frame))
        for distance in [1, 1, -1, 3, -2, 2, -3, 1, -1] {
            top += distance
            list(from: top, selecting: distance > 0 ? top + 21 : top, on: &frame)
            let bytes = writer.bytes(for: frame)
            emulator.feed(bytes)
            #expect(emulator.mistakes.isEmpty && emulator.seen == repainted(frame, .dark).seen)
            #expect(bytes.count <= 200 + 120 * abs(distance))
        }
    }

    @Test(arguments: 0..<60) func scrollingShowsWhatWritingAllShows(seed: Int) {
        var picture = RandomPicture(random: SeededGenerator(state: UInt64(seed)))
        let size = Size(columns: 40, rows: Int.random(in: 3...14, using: &picture.random))
        var frame = Frame(size)
        var writer = FrameWriter(theme: .dark)
        var emulator = ScreenEmulator(size)
        var top = 100
        for _ in 0..<40 {
            top += Int.random(in: -4...4, using: &picture.random)
            list(from: top, selecting: top + Int.random(in: 0...12, using: &picture.random), on: &frame)
            if Bool.random(using: &picture.random) { picture.draw(on: &frame) }
            emulator.feed(writer.bytes(for: frame))
            #expect(emulator.mistakes.isEmpty)
            guard emulator.seen == repainted(frame, .dark).seen else {
                Issue.record("seed \(seed) differs")
                return
            }
        }
    }
}
