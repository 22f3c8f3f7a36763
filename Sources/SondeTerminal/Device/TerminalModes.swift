// SPDX-License-Identifier: Apache-2.0
// The modes of a terminal in which a program draws, and the way back. Numbers: https://invisible-island.net/xterm/ctlseqs

enum TerminalModes {
    /// Second screen, no cursor, no wrapping at the right edge, pastes marked, focus told, the mouse with its buttons held.
    /// Text from right to left stays where it was put (`8l`, https://terminal-wg.pages.freedesktop.org/bidi).
    static func enter(mouse: Bool) -> [UInt8] {
        Array(("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[8l\u{1B}[?2004h\u{1B}[?1004h" + (mouse ? mouseOn : "")).utf8)
    }

    /// Whatever was being written: a string ends, an update shows, colours are the terminal's own, all lines scroll.
    static let leave = Array(
        ("\u{1B}\\\u{1B}[?2026l\u{1B}[m\u{1B}[r" + mouseOff
            + "\u{1B}[?1004l\u{1B}[?2004l\u{1B}[8h\u{1B}[?7h\u{1B}[?1049l\u{1B}[?25h")
            .utf8)

    private static let mouseOn = "\u{1B}[?1000h\u{1B}[?1002h\u{1B}[?1006h"
    private static let mouseOff = "\u{1B}[?1006l\u{1B}[?1002l\u{1B}[?1000l"
}

extension [UInt8] {
    /// A copy that is never freed, for handlers of signals.
    var lasting: UnsafeBufferPointer<UInt8> {
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: count)
        _ = copy.initialize(from: self)
        return UnsafeBufferPointer(copy)
    }
}
