// SPDX-License-Identifier: Apache-2.0
// The numbers that bound what this room draws.

package enum Limits {
    /// Scalars of one character that are drawn. Emoji of families with skin tones need 11; more only smears the screen.
    static let scalarsPerCharacter = 16

    /// Columns assumed where nothing says: output into a pipe or file. Wide enough for a table, narrow enough to mail.
    package static let columnsWithoutTerminal = 120

    /// Columns assumed for a terminal that does not say how wide it is, as terminals always were.
    package static let columnsOfSilentTerminal = 80

    /// Columns below which drawings stop shrinking: a time, a mark and a word need this much.
    package static let minColumns = 20

    /// Columns above which `COLUMNS` is taken for a mistake.
    package static let maxColumns = 2000

    /// Characters of several scalars that a picture keeps from one drawing to the next: some screens full of flags. More
    /// than these and the table begins anew, which costs one full repaint.
    static let clustersKept = 4_096

    /// Bytes of one escape sequence from a terminal. The longest real ones, key presses with their text, have about 40;
    /// what goes on for longer is noise on the line.
    static let sequenceBytes = 256

    /// Bytes of one paste. What is pasted into a line of text is a query or an id; the rest of a file is left out.
    static let pasteBytes = 1 << 20

    /// How long the rest of an escape sequence may take. Escape alone is a key: it is felt as late from 100 ms on, and
    /// over slow links the parts of one sequence come some 10 ms apart.
    package static let escapePause = Duration.milliseconds(40)

    /// How long a paste may stop before it counts as ended, although its end never came.
    package static let pastePause = Duration.seconds(2)

    /// Lines that a text field remembers.
    static let historyLines = 200

    /// Characters that a text field takes: longer than any query that is accepted.
    static let fieldCharacters = 4_096

    /// Blanks at the end of a row from which on erasing (3 bytes, and mostly a colour) is shorter than writing them.
    static let blanksWorthErasing = 8

    /// Unchanged cells that are written once more rather than jumped over: a jump costs four bytes.
    static let cellsWorthRepeating = 4

    /// Bytes copied to the clipboard. xterm, tmux and others refuse or cut sequences of more than about 100 kB, of which
    /// base64 takes a third.
    package static let clipboardBytes = 74_000
}
