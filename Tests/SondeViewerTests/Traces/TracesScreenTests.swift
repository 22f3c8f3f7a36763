// SPDX-License-Identifier: Apache-2.0
// The list of traces: searching, sorting, following, and the points of the plot.

import SondeModel
import SondeStorage
import SondeTerminal
import SondeTestKit
import Testing

@testable import SondeViewer

@Suite("Traces")
struct TracesScreenTests {
    private func stage(
        _ query: String = "", source: TestSource = TestSource(), spans: [SpanRecord] = .shop, columns: Int = 80,
        rows: Int = 24
    ) async throws -> Stage {
        try await source.take(spans)
        var settings = Stage.settings()
        var search = TraceQuery()
        try search.add(query)
        settings.start = .place(.traces(search))
        return await Stage(source.viewerSource(), settings, columns: columns, rows: rows)
    }

    private func selected(_ stage: Stage) -> TraceID? {
        (stage.app.current?.screen as? TracesScreen)?.selectedTrace?.traceID
    }

    // MARK: What can't be read or found

    @Test func aQueryThatCanNotBeReadIsExplainedAndStays() async throws {
        var stage = try await stage()
        await stage.press("/")
        await stage.type("duration>soon")
        await stage.press("enter")
        #expect(stage.text.contains("expected a duration like 1.2s"))
        #expect(stage.app.current?.screen.isTyping == true)
        await stage.press("escape")
        #expect(stage.text.contains("12 traces"))
    }

    @Test func nothingFoundSaysWhatToDo() async throws {
        var stage = try await stage("service=nobody")
        #expect(stage.text.contains("No trace of this time matches. x forgets the query"))
        await stage.press("enter m D S s p down")
        await stage.press("escape x")
        #expect(stage.text.contains("12 traces"))
    }

    // MARK: Pictures

    @Test(arguments: [(80, 24), (120, 40), (40, 10)])
    func looksAsAgreed(columns: Int, rows: Int) async throws {
        let stage = try await stage(columns: columns, rows: rows)
        try Golden().expect(stage.picture.described, is: "traces-\(columns)x\(rows).txt")
    }

    @Test func theQueryLineOffersWhatTheSourceHas() async throws {
        var stage = try await stage()
        await stage.press("/")
        await stage.type("payment.")
        #expect(stage.text.contains("payment.method="))
        try Golden().expect(stage.picture.described, is: "traces-query-80x24.txt")
        await stage.press("tab")
        await stage.type("c")
        #expect(stage.text.contains("card"))
        await stage.press("tab enter")
        #expect(stage.text.contains("/ payment.method=card"))
        #expect(stage.text.contains("6 traces"))
    }

    @Test func traceQLIsCompletedToo() async throws {
        var stage = try await stage()
        await stage.press("/")
        await stage.type("{ span.payment.m")
        await stage.press("tab")
        await stage.type(" = \"inv")
        await stage.press("tab")
        await stage.type("}")
        await stage.press("enter")
        #expect(stage.text.contains("{ span.payment.method = \"invoice\""))
        #expect(stage.text.contains("6 traces"))
    }

    // MARK: Looking

    @Test func newestComeFirst() async throws {
        let stage = try await stage()
        #expect(selected(stage) == .sample(12))
    }

    @Test func sortingByDurationPutsTheSlowestFirst() async throws {
        var stage = try await stage(spans: .shop.map { $0.slowed(.sample(4)) })
        await stage.press("s")
        #expect(selected(stage) == .sample(4))
        await stage.press("s s s down S")
        #expect(selected(stage) == .sample(4))
    }

    @Test func errorsOnlyAndAllAgain() async throws {
        for query in ["", "service=orders", "service=orders OR service=users", "{ name = \"POST /orders\" }"] {
            var stage = try await stage(query)
            await stage.press("e")
            #expect(stage.text.contains("6 traces"), "\(query)")
            await stage.press("e")
            #expect(stage.text.contains("12 traces"), "\(query)")
        }
    }

    @Test func enterOpensTheTraceAtWhatTheQueryFound() async throws {
        var stage = try await stage("{ resource.service.name = \"payments\" }")
        await stage.press("down enter")
        #expect(stage.app.current?.screen.place == .trace(.sample(11), focus: SpanID(11 * 16 + 3)))
    }

    @Test func twoTracesAreCompared() async throws {
        var stage = try await stage()
        await stage.press("m")
        #expect(stage.app.marked == [.sample(12)])
        #expect(stage.text.contains("●"))
    }

    // MARK: News

    @Test func newTracesComeInAndTheSelectionStays() async throws {
        let source = TestSource()
        var stage = try await stage(source: source)
        await stage.press("down")
        try await source.take([.sample(trace: 50, 1, service: "gateway", start: 710_000)])
        await stage.passTime()
        #expect(stage.text.contains("13 traces"))
        #expect(selected(stage) == .sample(11))
    }

    @Test func followingSelectsTheNewest() async throws {
        let source = TestSource()
        var stage = try await stage(source: source)
        await stage.press("f")
        try await source.take([.sample(trace: 50, 1, service: "gateway", start: 710_000)])
        await stage.passTime()
        #expect(selected(stage) == .sample(50))
    }

    @Test func aTraceThatGrowsIsShownAsItIsNow() async throws {
        let source = TestSource()
        var stage = try await stage(source: source)
        try await source.take([
            .sample(trace: 12, 900, parent: 12 * 16 + 1, service: "users", start: 660_001, duration: 5)
        ])
        await stage.passTime()
        #expect(stage.text.contains("12 traces"))
        #expect((stage.app.current?.screen as? TracesScreen)?.selectedTrace?.spanCount == 4)
    }

    @Test func aStandingRangeIsNotAskedAgain() async throws {
        var stage = try await stage()
        await stage.press("t")
        await stage.type("04:00..05:00")
        await stage.press("enter")
        await stage.passTime()
        #expect(stage.timers.isEmpty)
        #expect(stage.text.contains("2026-01-02 04:00–05:00"))
    }

    @Test func moreArePagedInBeforeTheEndIsReached() async throws {
        let spans: [SpanRecord] = (1...450).map { .sample(trace: $0, $0, start: Int64($0)) }
        var stage = try await stage(spans: spans)
        #expect(stage.text.contains("200 of 450"))
        await stage.press("end end end")
        #expect(stage.text.contains("450 traces"))
        #expect(selected(stage) == .sample(1))
    }

    // MARK: Points

    @Test func arrowsGoFromPointToPoint() async throws {
        var stage = try await stage()
        await stage.press("p left left")
        #expect(selected(stage) == .sample(10))
        await stage.press("up")
        #expect(selected(stage) == .sample(11))
        await stage.press("escape")
        #expect(stage.app.current?.screen is TracesScreen)
        await stage.press("down")
        #expect(selected(stage) == .sample(10))
    }

    @Test func aPressOnAPointSelectsItsTrace() async throws {
        var stage = try await stage()
        await stage.press("down down down")
        let picture = stage.picture
        var place: (row: Int, column: Int)?
        for row in 2...8 {
            for column in 0..<80 where picture.character(row: row, column: column) == "◆" { place = (row, column) }
        }
        let point = try #require(place)
        await stage.press("home")
        await stage.send(.mouse(MousePress(.press, row: point.row, column: point.column)))
        #expect(selected(stage) == .sample(9))
    }

    @Test func aDragOverThePlotNarrowsTheRange() async throws {
        var stage = try await stage()
        await stage.send(.mouse(MousePress(.press, row: 4, column: 40)))
        await stage.send(.mouse(MousePress(.drag, row: 4, column: 60)))
        await stage.send(.mouse(MousePress(.release, row: 4, column: 60)))
        guard case .between(let start, let end) = stage.app.range else {
            Issue.record("the range is \(stage.app.range)")
            return
        }
        #expect(start < end)
    }
}

extension SpanRecord {
    /// Ten times as long, if it belongs to that trace.
    fileprivate func slowed(_ trace: TraceID) -> SpanRecord {
        guard traceID == trace else { return self }
        var span = self
        span.end = start.advanced(byNanoseconds: Int64(durationNanoseconds) * 10)
        return span
    }
}
