// SPDX-License-Identifier: Apache-2.0
// A terminal's second screen, on which one picture replaces another and which leaves nothing behind.

package enum ScreenText {
    /// To the second screen, without a cursor.
    package static let enter = "\u{1B}[?1049h\u{1B}[?25l\u{1B}[2J"
    /// Back to what was there before.
    package static let leave = "\u{1B}[?1049l\u{1B}[?25h"

    /// A picture in place of the one before: each line ends with the erasure of what stood behind it, so that nothing
    /// flickers.
    package static func frame(_ lines: some Collection<StyledText>, _ renderer: Renderer) -> String {
        var text = "\u{1B}[H"
        for (place, line) in lines.enumerated() {
            // No newline behind the last line: at the bottom of a screen it would scroll.
            text += (place > 0 ? "\r\n" : "") + renderer.text(line.withoutBlanksAtEnd()) + "\u{1B}[K"
        }
        return text + "\u{1B}[J"
    }
}
