// SPDX-License-Identifier: Apache-2.0
// docs/view.md says what the key maps say, and the key maps say one thing for each key.

import Foundation
import SondeTerminal
import SondeTestKit
import Testing

@testable import SondeViewer

@Suite("Page on the viewer")
struct ViewPageTests {
    /// The page, with what is written by hand as it is and the tables made anew.
    private func page() throws -> String {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/view.md")
        var page = try String(contentsOf: file, encoding: .utf8)
        page = try replaced(page, "keys", from: "key maps", with: keys())
        return try replaced(page, "colors", from: "theme", with: Self.wrapped(Theme.names.map { "`\($0)`" }))
    }

    private func replaced(_ page: String, _ name: String, from source: String, with text: String) throws -> String {
        let head = "<!-- \(name): written from the \(source) by `make golden` -->\n"
        let foot = "<!-- end of \(name) -->\n"
        let start = try #require(page.range(of: head) as Range<String.Index>?).upperBound
        let end = try #require(page.range(of: foot) as Range<String.Index>?).lowerBound
        return page[..<start] + "\n" + text + "\n" + page[end...]
    }

    private func keys() -> String {
        ViewerKeys.maps.map { map in
            let rows = map.rows.map { row in
                let aliases = row.aliases.isEmpty ? "" : " (" + Self.joined(row.aliases) + ")"
                return
                    "| \(Self.joined(row.keys))\(aliases) | `\(row.action)` | \(row.help.replacing("|", with: "\\|")) |\n"
            }
            return "### `\(map.screen)`\n\n| key | action | what it does |\n|---|---|---|\n" + rows.joined()
        }.joined(separator: "\n")
    }

    private static func joined(_ keys: [String]) -> String {
        keys.map { $0 == "`" ? "`` ` ``" : "`" + $0.replacing("|", with: "\\|") + "`" }.joined(separator: " ")
    }

    private static func wrapped(_ words: [String]) -> String {
        var lines = [""]
        for word in words {
            if lines[lines.count - 1].count + word.count > 110 { lines.append("") }
            lines[lines.count - 1] += (lines[lines.count - 1].isEmpty ? "  " : " ") + word
        }
        return lines.joined(separator: "\n") + "\n"
    }

    @Test func thePageHasTheKeysOfTheMaps() throws {
        try Golden(repositoryFolder: "docs").expect(try page(), is: "view.md")
    }

    @Test(arguments: ViewerKeys.maps.map(\.screen))
    func everyKeyIsReadAndMeansOneThing(screen: String) throws {
        let map = try #require(ViewerKeys.maps.first { $0.screen == screen })
        var meanings: [KeyPress: ActionName] = [:]
        for row in map.rows {
            for key in row.keys {
                let press = try #require(KeyPress(key), "\(screen): there is no key \(key)")
                #expect(
                    meanings[press] == nil, "\(screen): \(key) means \(row.action) and \(meanings[press]?.text ?? "")")
                meanings[press] = row.action
            }
            for key in row.aliases { #expect(KeyPress(key) != nil, "\(screen): there is no key \(key)") }
        }
        #expect(Set(map.rows.map(\.action)).count == map.rows.count, "an action has two rows in \(screen)")
    }

    @Test(arguments: ViewerKeys.maps.dropFirst().map(\.screen))
    func everyScreenCanBeLeftAndExplained(screen: String) throws {
        let map = try #require(ViewerKeys.maps.first { $0.screen == screen })
        let keys = KeyMap(map.rows + ViewerKeys.everywhere)
        for (key, action) in [
            ("q", "quit"), ("ctrl-c", "quit"), ("escape", "back"), ("?", "help"), (":", "command"),
            ("y", "copy-command"),
            ("o", "deep-link"), ("ctrl-l", "redraw"), ("ctrl-z", "suspend"), ("1", "overview"),
        ] as [(String, ActionName)] {
            let press = try #require(KeyPress(key))
            #expect(keys[press] == action, "\(screen): \(key)")
        }
        #expect(keys.rows.contains { $0.action == "export" && !$0.keys.isEmpty }, "\(screen)")
    }

    @Test func everyHelpIsASentenceAndEveryHintAWord() {
        for map in ViewerKeys.maps {
            for row in map.rows {
                #expect(row.help.first?.isUppercase == true && row.help.last != ".", "\(map.screen) \(row.action)")
                #expect((row.hint ?? "x").count <= 10, "\(map.screen) \(row.action)")
            }
        }
    }
}
