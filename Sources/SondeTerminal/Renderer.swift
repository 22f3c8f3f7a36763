// SPDX-License-Identifier: Apache-2.0
// Turns lines into what is written to the terminal: the only place of the house that emits escape sequences.

/// How many colours the output shows.
package enum ColorDepth: Hashable, Sendable, Comparable { case none, ansi16, ansi256, trueColor }

/// Which characters the output shows.
package enum Charset: Hashable, Sendable { case unicode, ascii }

package struct Renderer: Hashable, Sendable {
    package var depth: ColorDepth
    package var charset: Charset

    package init(depth: ColorDepth = .none, charset: Charset = .unicode) {
        self.depth = depth
        self.charset = charset
    }

    /// Each line with its newline.
    package func text(_ lines: some Sequence<StyledText>) -> String {
        var output = ""
        for line in lines {
            append(line.withoutBlanksAtEnd(), to: &output)
            output += "\n"
        }
        return output
    }

    package func text(_ line: StyledText) -> String {
        var output = ""
        append(line, to: &output)
        return output
    }

    private func append(_ line: StyledText, to output: inout String) {
        for run in line.runs {
            let text = charset == .ascii ? ASCIIFallback.text(run.text) : run.text
            guard let code = Palette.code(run.role, depth) else {
                output += text
                continue
            }
            output += "\u{1B}[" + code + "m" + text + "\u{1B}[0m"
        }
    }
}

/// Role to SGR parameters. Middle tones, so that they can be read on dark and on light ground; red is kept for errors.
enum Palette {
    static func code(_ role: Role, _ depth: ColorDepth) -> String? {
        guard depth != .none else { return nil }
        switch role {
        case .plain: return nil
        case .strong: return "1"
        case .faint: return depth >= .ansi256 ? "38;5;244" : "2"
        case .heading: return depth >= .ansi256 ? "1;38;5;244" : "1;2"
        case .good: return "32"
        case .notice: return "33"
        case .bad: return "31"
        case .hue(let number):
            let index = Int(number.magnitude % UInt(hues(depth).count))
            return hues(depth)[index]
        case .tint(let number):
            return "2;" + hues(depth)[Int(number.magnitude % UInt(hues(depth).count))]
        case .block(let number):
            let index = Int(number.magnitude % UInt(hues(depth).count))
            return hues(depth)[index] + ";7"
        }
    }

    private static func hues(_ depth: ColorDepth) -> [String] { depth >= .ansi256 ? hues256 : hues16 }

    private static let hues16 = ["36", "35", "34", "32", "33"]
    private static let hues256 = [32, 71, 136, 133, 37, 173, 99, 108, 67, 142, 139, 73].map { "38;5;\($0)" }
}

/// Stands in where the locale has no Unicode: every character is replaced by as many ASCII ones as it covers cells, so
/// that what was aligned stays aligned.
enum ASCIIFallback {
    static func text(_ text: String) -> String {
        if VisibleText.isPlainASCII(text) { return text }
        var ascii = ""
        for character in text {
            if character.isASCII {
                ascii.append(character)
            } else if let twin = twins[character] {
                ascii.append(twin)
            } else {
                ascii += String(repeating: "?", count: DisplayWidth.of(character))
            }
        }
        return ascii
    }

    private static let twins: [Character: Character] = [
        "│": "|", "├": "|", "└": "`", "─": "-", "┬": "-", "┊": ":",
        "█": "=", "▉": "=", "▊": "=", "▋": "=", "▌": "=", "▍": "-", "▎": "-", "▏": "|", "▐": "=", "▕": "|", "╎": "|",
        "░": ".", "✗": "x", "…": "~", "·": "-", "µ": "u", "–": "-", "—": "-", "→": ">", "×": "x", "⋮": ":",
    ]
}
