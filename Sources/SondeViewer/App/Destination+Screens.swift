// SPDX-License-Identifier: Apache-2.0
// Which screen shows a place, and how a command line names it.

import SondeModel
import SondeStorage

extension Destination {
    func screen() -> any ViewerScreen {
        switch self {
        case .overview: OverviewScreen()
        case .trace(let id, let focus): TraceScreen(id, focus: focus)
        case .traces(let query): TracesScreen(query)
        case .diff(let first, let second): DiffScreen(first, second)
        case .graph: GraphScreen()
        case .logs(let query): LogsScreen(query)
        }
    }

    /// What `sonde view` is given to begin there, with a blank in front.
    package var arguments: String {
        switch self {
        case .overview: return ""
        case .traces(let query):
            let words = query.words
            return words.isEmpty ? " traces" : " " + ShellWord.quoted(words)
        case .trace(let id, nil): return " " + id.hex
        case .trace(let id, let focus?): return " \(id.hex)/\(focus.hex)"
        case .diff(let a, let b): return " diff \(a.hex)" + (b.map { " " + $0.hex } ?? "")
        case .graph: return " graph"
        case .logs(let query):
            let line = LogWords.line(of: query)
            return " logs" + (line.isEmpty ? "" : " " + ShellWord.quoted(line))
        }
    }
}

/// A word as a shell takes it back.
enum ShellWord {
    static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            switch byte {
            case 0x2B...0x3A, 0x40...0x5A, 0x5F, 0x61...0x7A: true
            default: false
            }
        }
        guard !isPlain || word.isEmpty else { return word }
        if word.unicodeScalars.contains(where: isObeyed) { return escaped(word) }
        return "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }

    /// What a terminal obeys when it is pasted: a name must not type commands.
    private static func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    /// In bash's, zsh's and ksh's `$'…'`, where such characters are written by their numbers.
    private static func escaped(_ word: String) -> String {
        var text = "$'"
        for scalar in word.unicodeScalars {
            if isObeyed(scalar) {
                let digits = String(scalar.value, radix: 16)
                text += "\\U" + String(repeating: "0", count: 8 - digits.utf8.count) + digits
            } else {
                if scalar == "'" || scalar == "\\" { text += "\\" }
                text.unicodeScalars.append(scalar)
            }
        }
        return text + "'"
    }
}
