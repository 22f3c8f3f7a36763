// SPDX-License-Identifier: Apache-2.0
// The `:` line: an action by name, with what it needs behind it. Tab completes.

import SondeTerminal

struct CommandLine: Sendable {
    enum Outcome: Hashable, Sendable { case open, closed, run(String) }

    var field = TextField()

    mutating func receive(_ input: Input, commands: [String]) -> Outcome {
        if case .key(let press) = input {
            switch press.key {
            case .escape: return .closed
            case .enter: return field.text.trimmed.isEmpty ? .closed : .run(field.text.trimmed)
            case .backspace where field.text.isEmpty: return .closed
            case .tab:
                complete(commands)
                return .open
            default: break
            }
        }
        _ = field.receive(input)
        return .open
    }

    /// Commands that begin with what was typed.
    func candidates(_ commands: [String]) -> [String] {
        guard !field.text.contains(" ") else { return [] }
        return commands.filter { $0.hasPrefix(field.text) }
    }

    /// As far as all candidates agree.
    private mutating func complete(_ commands: [String]) {
        let candidates = candidates(commands)
        guard let first = candidates.first else { return }
        var common = first
        for other in candidates { common = String(zip(common, other).prefix { $0 == $1 }.map(\.0)) }
        field.text = candidates.count == 1 ? first + " " : common
    }
}
