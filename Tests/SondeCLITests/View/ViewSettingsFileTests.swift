// SPDX-License-Identifier: Apache-2.0
// The file of the viewer: what it may say, and what is wrong with what it may not.

import Foundation
import SondeModel
import SondeStorage
import SondeTerminal
import SondeViewer
import Testing

@testable import SondeCLI

@Suite("Settings of the viewer")
struct ViewSettingsFileTests {
    private func read(_ text: String) throws -> ViewSettingsFile { try ViewSettingsFile(Data(text.utf8), "view.json") }

    private func failure(_ text: String) -> CommandFailure? {
        do { _ = try read(text).theme(named: nil, .auto, [:]) } catch { return error as? CommandFailure }
        return nil
    }

    @Test(arguments: [
        ("[]", "it is not what was expected"), ("{", "it is not what was expected"),
        ("{\"mouse\": 3}", "it is not what was expected"),
        ("{\"them\": \"dark\"}", "Did you mean theme?"), ("{\"theme\": \"drak\"}", "Did you mean dark?"),
        ("{\"range\": \"soon\"}", "cannot read the range soon"),
        ("{\"colors\": {\"bad\": \"rde\"}}", "Did you mean red?"),
        ("{\"colors\": {\"bda\": \"red\"}}", "Did you mean bad?"),
        ("{\"keys\": {\"tracs\": {}}}", "Did you mean trace"),
        ("{\"keys\": {\"traces\": {\"folow\": \"F\"}}}", "Did you mean follow?"),
        ("{\"keys\": {\"traces\": {\"follow\": \"hyper-x\"}}}", "cannot read the key hyper-x"),
    ])
    func whatIsWrongIsNamed(text: String, words: String) {
        let failure = failure(text)
        #expect(failure?.status == .usage)
        #expect(failure?.text.contains(words) == true, "\(failure?.text ?? "nothing was wrong")")
    }

    @Test func everythingThatCanBeSaidIsRead() throws {
        let file = try read(
            """
            {"theme": "light", "range": "15m", "mouse": false, "colors": {"bad": "#ff0000"},
             "keys": {"everywhere": {"quit": ["Q", "ctrl-c"]}, "traces": {"follow": "F", "help": "f2"}}}
            """)
        #expect(file.range == .last(900_000_000_000))
        #expect(!file.wantsMouse)
        #expect(file.keys["everywhere"]?["quit"] == ["Q", "ctrl-c"])
        #expect(file.keys["traces"]?["follow"] == ["F"])
        let theme = try file.theme(named: nil, .auto, ["TERM": "xterm-256color"])
        #expect(theme.name == .light)
        #expect(try file.theme(named: .dark, .auto, [:]).name == .dark)
    }

    @Test func coloursAreLeftOutWhereNobodyWantsThem() throws {
        let file = try read("{}")
        #expect(try file.theme(named: nil, .never, ["TERM": "xterm-256color"]).depth == .none)
        #expect(try file.theme(named: nil, .auto, ["TERM": "xterm-256color", "NO_COLOR": "1"]).depth == .none)
        #expect(try file.theme(named: nil, .auto, ["TERM": "xterm-256color"]).depth == .ansi256)
    }

    @Test func aFileThatWasNamedMustBeThere() {
        #expect(throws: CommandFailure.self) { try ViewSettingsFile.find("/nowhere/view.json", [:]) }
        #expect(throws: Never.self) { try ViewSettingsFile.find(nil, ["XDG_CONFIG_HOME": "/nowhere"]) }
    }
}

@Suite("Where the viewer begins")
struct ViewStartTests {
    @Test func withoutWordsItIsTheOverview() throws {
        #expect(try ViewStart.read([]) == .place(.overview))
        #expect(try ViewStart.read(["overview"]) == .place(.overview))
    }

    @Test func digitsAreATraceAndOtherWordsAQuery() throws {
        let prefix = try #require(TraceIDPrefix("5b8e"))
        #expect(try ViewStart.read(["5B8E"]) == .trace(prefix, focus: nil))
        #expect(try ViewStart.read(["5b8e/00000000000000aa"]) == .trace(prefix, focus: SpanID(0xAA)))
        var query = TraceQuery()
        query.service = "orders"
        query.status = .error
        #expect(try ViewStart.read(["service=orders", "error"]) == .place(.traces(query)))
        #expect(try ViewStart.read(["traces"]) == .place(.traces(TraceQuery())))
    }

    @Test func screensAreNamed() throws {
        #expect(try ViewStart.read(["graph"]) == .place(.graph))
        var logs = LogQuery()
        logs.text = "card declined"
        #expect(try ViewStart.read(["logs", "card", "declined"]) == .place(.logs(logs)))
        let (a, b) = (try #require(TraceIDPrefix("5b8e")), TraceIDPrefix("77af"))
        #expect(try ViewStart.read(["diff", "5b8e", "77af"]) == .diff(a, b))
        #expect(try ViewStart.read(["diff", "5b8e"]) == .diff(a, nil))
    }

    @Test(arguments: [["diff"], ["diff", "x"], ["5b"], ["5b8e", "77af"], ["duration>soon"], ["5b8e/xx"]])
    func whatCanNotBeReadIsAUsageError(words: [String]) {
        #expect(throws: CommandFailure.self) { try ViewStart.read(words) }
    }

    @Test func whatALinkSaysLeadsBack() throws {
        var traces = TraceQuery()
        try traces.add("service=\"my shop\" error")
        var logs = LogQuery()
        logs.text = "refused"
        logs.minLevel = .warn
        logs.service = "my shop"
        for place in [Destination.overview, .graph, .traces(traces), .traces(TraceQuery()), .logs(logs)] {
            // No quote inside of a quoted word here: what a shell makes of it is plain.
            let words = place.arguments.split(separator: "'").enumerated().flatMap { index, part in
                index % 2 == 0 ? part.split(separator: " ").map(String.init) : [String(part)]
            }
            #expect(try ViewStart.read(words) == .place(place), "\(place.arguments)")
        }
    }
}
