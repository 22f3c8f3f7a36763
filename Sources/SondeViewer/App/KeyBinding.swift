// SPDX-License-Identifier: Apache-2.0
// The one key map: an action, the keys that do it, and the sentence that explains it. What `?` shows, the hint line, the
// `:` commands, the configuration file and docs/view.md all come from these rows.

package import SondeTerminal

/// What can be done, by the name that the `:` line and the configuration file know: `zoom-in`.
package struct ActionName: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    package let text: String

    package init(_ text: String) { self.text = text }
    package init(stringLiteral text: String) { self.text = text }
    package var description: String { text }
}

/// One row of a key map.
package struct KeyBinding: Hashable, Sendable {
    package var action: ActionName
    /// As ``SondeTerminal/KeyPress/init(_:)`` reads them; the first is the one that is shown.
    package var keys: [String]
    /// Keys that other viewers have taught people; they work where no other row claims them.
    package var aliases: [String]
    /// A sentence without its period: "Zoom in on the selected span".
    package var help: String
    /// A word for the hint line; nil for rows that it leaves to `?`.
    package var hint: String?

    package init(
        _ action: ActionName, _ keys: [String], aliases: [String] = [], hint: String? = nil, _ help: String
    ) {
        self.action = action
        self.keys = keys
        self.aliases = aliases
        self.hint = hint
        self.help = help
    }
}

/// The keys of one screen together with those that work everywhere, as configured.
package struct KeyMap: Sendable {
    package let rows: [KeyBinding]
    private let actions: [KeyPress: ActionName]

    /// - Parameter changes: keys by action, in place of the usual ones.
    package init(_ rows: [KeyBinding], changes: [ActionName: [String]] = [:]) {
        let rows = rows.map { row in
            var row = row
            if let keys = changes[row.action] { (row.keys, row.aliases) = (keys, []) }
            return row
        }
        var actions: [KeyPress: ActionName] = [:]
        // Keys that someone chose win over the usual ones of other rows, those over aliases, earlier rows over later.
        let chosen = rows.filter { changes[$0.action] != nil }
        for (keys, action) in chosen.map({ ($0.keys, $0.action) }) + rows.map({ ($0.keys, $0.action) })
            + rows.map({ ($0.aliases, $0.action) })
        {
            for key in keys.compactMap({ KeyPress($0) }) where actions[key] == nil { actions[key] = action }
        }
        self.actions = actions
        self.rows = rows.enumerated().compactMap { Self.effective($1, behind: rows[..<$0], actions) }
    }

    /// The row with the keys that do what it says; nil if none is left and an earlier row does the same.
    private static func effective(
        _ row: KeyBinding, behind earlier: ArraySlice<KeyBinding>, _ actions: [KeyPress: ActionName]
    ) -> KeyBinding? {
        func works(_ key: String) -> Bool { KeyPress(key).map { actions[$0] == row.action } ?? false }
        var row = row
        row.keys.removeAll { !works($0) }
        row.aliases.removeAll { !works($0) }
        let isTold = earlier.contains { $0.action == row.action }
        return row.keys.isEmpty && row.aliases.isEmpty && isTold ? nil : row
    }

    package subscript(press: KeyPress) -> ActionName? { actions[press] }

    /// Whether a screen can do this.
    package func knows(_ action: ActionName) -> Bool { rows.contains { $0.action == action } }
}
