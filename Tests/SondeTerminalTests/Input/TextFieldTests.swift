// SPDX-License-Identifier: Apache-2.0
// Editing a line.

import SondeTerminal
import Testing

@Suite("Text field")
struct TextFieldTests {
    /// Types keys by name; what is no name of a key is typed as text.
    private func type(_ keys: String..., into field: inout TextField) {
        for key in keys {
            if let press = KeyPress(key) {
                _ = field.receive(.key(press))
            } else {
                for character in key { _ = field.receive(.key(.character(character))) }
            }
        }
    }

    @Test func editsAtTheCaret() {
        var field = TextField()
        type("chekout", "left", "left", "left", "left", "c", into: &field)
        #expect(field.text == "checkout" && field.textBeforeCursor == "chec")
        type("ctrl-a", "delete", "C", "ctrl-e", "!", "backspace", into: &field)
        #expect(field.text == "Checkout" && field.cursor == 8)
    }

    @Test func movesAndCutsByWords() {
        var field = TextField("service=orders duration>100ms")
        type("ctrl-w", into: &field)
        #expect(field.text == "service=orders ")
        type("ctrl-y", "alt-b", "alt-b", into: &field)
        #expect(field.text == "service=orders duration>100ms" && field.textBeforeCursor == "service=orders ")
        type("ctrl-u", into: &field)
        #expect(field.text == "duration>100ms" && field.cursor == 0)
        type("ctrl-right", "ctrl-k", into: &field)
        #expect(field.text == "duration")
        type("alt-backspace", into: &field)
        #expect(field.isEmpty)
    }

    @Test func combiningMarksJoinTheirLetter() {
        var field = TextField()
        type("e", "\u{301}", "x", "left", "backspace", into: &field)
        #expect(field.text == "x")
    }

    @Test func pasteBecomesOneLine() {
        var field = TextField("a b")
        type("left", into: &field)
        let wasTaken = field.receive(.paste("one\r\ntwo\n\n\tthree\u{1B}[31m\n"))
        #expect(wasTaken && field.text == "a one two three[31mb")
    }

    @Test func remembersLinesAndTheDraft() {
        var field = TextField(history: ["first"])
        type("second", into: &field)
        let line = field.commit()
        #expect(line == "second" && field.isEmpty)
        type("dra", "up", into: &field)
        #expect(field.text == "second")
        type("up", into: &field)
        #expect(field.text == "first")
        let goesUp = field.receive(.key(KeyPress(.up)))
        #expect(!goesUp)
        type("down", "down", into: &field)
        #expect(field.text == "dra")
        let goesDown = field.receive(.key(KeyPress(.down)))
        let last = field.commit()
        #expect(!goesDown && last == "dra" && field.history == ["first", "second", "dra"])
    }

    @Test func leavesWhatIsNotItsBusiness() {
        var field = TextField("x")
        for key in ["enter", "esc", "tab", "shift-tab", "f1", "pageup", "ctrl-c", "ctrl-l"] {
            let wasTaken = KeyPress(key).map { press in field.receive(.key(press)) }
            #expect(wasTaken == false, "\(key)")
        }
        let wasTaken = field.receive(.resize(Size(columns: 1, rows: 1)))
        #expect(!wasTaken)
    }

    @Test func completionReplacesTheWordBeforeTheCaret() {
        var field = TextField("service=or duration>1s")
        field.move(to: 10)
        field.replace(last: 2, with: "orders")
        #expect(field.text == "service=orders duration>1s" && field.textBeforeCursor == "service=orders")
    }

    @Test(arguments: 1...12) func caretIsAlwaysInSight(width: Int) {
        var frame = Frame(Size(columns: 20, rows: 1))
        var field = TextField("漢字 and some ASCII 漢字漢字 to the end")
        while true {
            frame.clear()
            field.draw(on: &frame, row: 0, column: 3, width: width)
            let caret = frame.cursor?.column ?? -1
            #expect((3..<3 + width).contains(caret))
            #expect(
                frame.rowText(0).prefix(3).allSatisfy { $0 == " " } && DisplayWidth.of(frame.rowText(0)) <= 3 + width)
            guard field.cursor > 0 else { break }
            _ = field.receive(.key(KeyPress(.left)))
        }
    }

    @Test func tellsWhatIsExpectedWhileItIsEmpty() {
        var frame = Frame(Size(columns: 20, rows: 1))
        TextField().draw(on: &frame, row: 0, column: 0, width: 20, placeholder: "a query")
        #expect(frame.rowText(0) == "a query" && frame.cursor?.column == 0)
    }

    @Test func isNoLongerThanAQueryMayBe() {
        var field = TextField()
        for _ in 0..<10 { _ = field.receive(.paste(String(repeating: "x", count: 1_000))) }
        #expect(field.text.count == 4_000)
    }
}
