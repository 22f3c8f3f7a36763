// SPDX-License-Identifier: Apache-2.0
// The screen of log records, on a stage.

import SondeModel
import SondeStorage
import SondeTerminal
import SondeTestKit
import Testing

@testable import SondeViewer

@Suite("Logs screen")
struct LogsScreenTests {
    private static let records: [LogRecord] = (0..<60 as Range<Int64>).map { second in
        switch second % 12 {
        case 3:
            .sample(
                "card declined: insufficient funds on card ending 4242", ms: second * 1_000, service: "payments",
                level: .error, trace: 1, span: 8, attributes: [Attribute("order.id", .int(1_000 + second))])
        case 7: .sample("retrying POST http://payments/payments", ms: second * 1_000, service: "orders", level: .warn)
        default:
            .sample(
                "order \(second) accepted", ms: second * 1_000, service: second % 2 == 0 ? "orders" : "gateway",
                level: second % 5 == 0 ? .debug : .info)
        }
    }

    private func stage(
        _ query: LogQuery = LogQuery(), columns: Int = 80, rows: Int = 24, logs: [LogRecord] = records
    ) async throws -> ScreenStage<LogsScreen> {
        try await ScreenStage(LogsScreen(query), on: .holding(.checkout, logs: logs), columns: columns, rows: rows)
    }

    @Test(arguments: [(80, 24), (120, 40)])
    func looksAsAgreed(columns: Int, rows: Int) async throws {
        var stage = try await stage(columns: columns, rows: rows)
        try pictures.expect(stage.text, is: "log-screen-\(columns).txt")
        await stage.press("ctrl-e", "enter")
        try pictures.expect(stage.text, is: "log-screen-detail-\(columns).txt")
        await stage.press("escape", "/")
        await stage.type("level=warn ser")
        try pictures.expect(stage.text, is: "log-screen-typing-\(columns).txt")
        await stage.press("tab")
        await stage.type("o")
        await stage.press("tab", "enter")
        try pictures.expect(stage.text, is: "log-screen-filtered-\(columns).txt")
    }

    @Test func theNewestRecordStandsAtTheFootAndIsSelected() async throws {
        let stage = try await stage()
        #expect(stage.frame.rowText(22).contains("order 59 accepted"))
        #expect(stage.frame.ground(row: 22, column: 0) == .selected)
        #expect(stage.timers == ["again"])
    }

    @Test func followingShowsNewRecordsAndStopping() async throws {
        let store = try await MemoryStore.holding(logs: Self.records)
        var stage = await ScreenStage(LogsScreen(LogQuery()), on: store)
        try await store.take([.sample("one more", ms: 61_000)])
        await stage.wake("again")
        #expect(stage.frame.rowText(22).contains("one more"))
        await stage.press("up")
        try await store.take([.sample("another", ms: 62_000)])
        await stage.wake("again")
        #expect(stage.frame.rowText(22).contains("one more"))
        let chosen = (0..<24).first { stage.frame.ground(row: $0, column: 0) == .selected }
        #expect(chosen.map { stage.frame.rowText($0).contains("order 59") } == true)
        await stage.press("f")
        #expect(stage.text.contains("not following"))
        #expect(stage.timers.isEmpty)
    }

    @Test func enterShowsTheRecordAndThenItsSpan() async throws {
        var stage = try await stage()
        await stage.press("ctrl-e", "enter")
        #expect(stage.opened.isEmpty)
        #expect(stage.text.contains("order.id"))
        await stage.press("enter")
        #expect(stage.opened == [.trace(.sample(1), focus: SpanID(8))])
    }

    @Test func aRecordWithoutATraceSaysSo() async throws {
        var stage = try await stage()
        await stage.press("enter", "enter")
        #expect(stage.opened.isEmpty)
        #expect(stage.notices == ["this record belongs to no trace"])
    }

    @Test func levelServiceAndTraceNarrowTheList() async throws {
        var stage = try await stage()
        await stage.press("l", "l", "l")
        #expect(stage.text.contains("level=warn"))
        #expect(!stage.text.contains("accepted"))
        await stage.press("L", "ctrl-e", "s")
        #expect(stage.text.contains("service=payments"))
        #expect(!stage.text.contains("retrying"))
        await stage.press("T")
        #expect(stage.text.contains("trace=" + TraceID.sample(1).hex.prefix(8)))
        #expect(
            stage.screen.shellCommand(stage.context)
                == "sonde logs --trace \(TraceID.sample(1).hex) --service payments --level info")
        await stage.press("x")
        #expect(stage.text.contains("all records"))
    }

    @Test func aMistakeWhileTypingKeepsTheLine() async throws {
        var stage = try await stage()
        await stage.press("/")
        await stage.type("level=loud")
        await stage.press("enter")
        #expect(stage.screen.isTyping)
        #expect(stage.text.contains("cannot read level=loud"))
        await stage.press("escape")
        #expect(!stage.screen.isTyping)
        #expect(stage.text.contains("all records"))
    }

    @Test func whatWasSearchedForIsMarked() async throws {
        var stage = try await stage()
        await stage.press("/")
        await stage.type("DECLINED")
        await stage.press("enter")
        let row = try #require((2..<23).first { stage.frame.rowText($0).contains("declined") })
        let text = stage.frame.rowText(row)
        let column = try #require(text.range(of: "declined")).lowerBound.utf16Offset(in: text)
        #expect(stage.frame.ground(row: row, column: column) == .matched)
        #expect(stage.frame.ground(row: row, column: column - 2) != .matched)
    }

    @Test func goingUpFetchesWhatIsOlder() async throws {
        let many = (0..<1_200).map { LogRecord.sample("record \($0)", ms: Int64($0)) }
        var stage = try await stage(logs: many)
        #expect(stage.text.contains("500 of"))
        await stage.press("home")
        #expect(stage.text.contains("1000 of") || stage.text.contains("1 000 of"))
        await stage.press("home", "home")
        #expect(stage.frame.rowText(5).contains("record 0") || stage.frame.rowText(4).contains("record 0"))
    }

    @Test func nothingFoundSaysWhatToDo() async throws {
        let empty = try await stage(logs: [])
        #expect(empty.text.contains("no record was written"))
        var query = LogQuery()
        query.text = "nothing like it"
        let none = try await stage(query)
        #expect(none.text.contains("x takes them back"))
    }

    @Test func exportsWhatIsLoaded() async throws {
        var stage = try await stage()
        await stage.press("E", "c")
        guard case .logs(let logs)? = stage.exports.first else {
            Issue.record("nothing was exported")
            return
        }
        #expect(logs.count == 60)
        #expect(stage.copied == ["order 59 accepted"])
    }

    @Test(arguments: [(40, 10), (59, 17), (200, 60)])
    func everySizeIsDrawn(columns: Int, rows: Int) async throws {
        var stage = try await stage(columns: columns, rows: rows)
        for key in ["up", "pageup", "home", "enter", "J", "K", "down", "end", "escape", "H", "/", "escape"] {
            await stage.press(key)
            #expect(stage.text.contains { !$0.isWhitespace })
        }
        stage.resize(columns: 40, rows: 10)
        await stage.press("enter", "up")
        #expect(stage.text.contains { !$0.isWhitespace })
    }

    @Test func hostileMessagesStayHarmless() async throws {
        var stage = try await stage(logs: [
            .sample("\u{1B}[2Jowned\u{7}\nline two\u{202E}", service: "\u{1B}]0;x\u{7}", level: .error, trace: 1),
            .sample("買い物かごを確認する 🛒 e\u{301}\u{301}", ms: 1),
        ])
        for _ in 0..<2 {
            #expect(stage.text.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
            await stage.press("up", "enter")
        }
        #expect(stage.text.contains("␛[2Jowned"))
    }
}

extension MemoryStore {
    fileprivate func take(_ logs: [LogRecord]) async throws {
        try await accept(MemoryStore.batch(logs))
    }
}
