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

    /// Lines assumed for a terminal that does not say how many it has.
    static let rowsOfSilentTerminal = 24

    /// Lines above which a terminal's word is taken for a mistake: no screen has more, and a picture of this size and
    /// ``maxColumns`` takes 32 MB.
    static let maxRows = 2000

    /// Bytes read from the terminal at once: what a kernel keeps for it.
    static let inputBytes = 4_096

    /// Milliseconds that a signal's handler waits for a write of the terminal's thread. It does not block, so it takes
    /// microseconds; the bound is for a thread that is not scheduled.
    static let writeChecks = 50

    /// How often, and for how many milliseconds each, the way back is waited for at a terminal that takes no more: one
    /// second in all, after which a person would kill us.
    static let leaveWaits = 10
    static let leaveWaitMilliseconds: Int32 = 100

    /// Bytes of standard error that are shown after the program has left: the last pages of a log, or all of a crash.
    static let shownErrorBytes = 65_536

    /// Events that wait for the program. A person types some ten a second, so this many means that it hangs: further keys
    /// are dropped, as terminals always did.
    static let waitingInputs = 10_000

    /// Milliseconds that are waited for the terminal's thread to leave. It takes as long as the way back may take.
    static let endWaitMilliseconds: Int32 = 2_000

    /// Pictures that may be on their way to the person at once. With one, the network's round trip would stand still
    /// between two pictures; each more is one more that is old when it arrives.
    static let unansweredPictures = 2

    /// Questions after which a terminal that never answered is asked no more.
    static let questionsWithoutAnswer = 4

    /// How long the next picture waits for the answer to the last. Longer than any usable network takes; shorter than
    /// a person needs to think that nothing works any more.
    static let answerPause = Duration.seconds(1)

    /// Milliseconds that are waited for answers before the terminal is given back: what comes later, the shell gets.
    static let lastAnswerMilliseconds: Int32 = 200

    /// Rows that must be saved for the terminal to scroll: moving some lines costs about twenty bytes, a row some fifty.
    static let rowsWorthScrolling = 3

    /// Distances at which rows are looked for: a key moves a list by one, a mouse's wheel by up to three.
    static let scrollDistances = [1, -1, 2, -2, 3, -3]
}
