// SPDX-License-Identifier: Apache-2.0
// Services and findings: what is shown, and where it leads.

import SondeModel
import SondeStorage
import SondeTerminal
import SondeTestKit
import Testing

@testable import SondeViewer

@Suite("Overview")
struct OverviewScreenTests {
    private func stage(_ spans: [SpanRecord] = .shop, columns: Int = 80, rows: Int = 24) async throws -> Stage {
        let source = TestSource()
        try await source.take(spans)
        return await Stage(source.viewerSource(), columns: columns, rows: rows)
    }

    @Test func anEmptySourceSaysWhereToSend() async throws {
        var stage = try await stage([])
        #expect(stage.text.contains("No request began in this time"))
        await stage.press("a")
        #expect(stage.text.contains("port 4318"))
        await stage.press("down enter e n s r enter")
        #expect(stage.status == nil)
    }

    @Test func oldDataIsFoundByALongerRange() async throws {
        var settings = Stage.settings()
        settings.range = .last(1_000)
        let source = TestSource()
        try await source.take(.shop)
        var stage = await Stage(source.viewerSource(), settings)
        #expect(stage.text.contains("No request began in this time"))
        await stage.press("t")
        await stage.type("all")
        await stage.press("enter")
        #expect(stage.text.contains("gateway"))
    }

    @Test(arguments: [(80, 24), (120, 40), (40, 10)])
    func looksAsAgreed(columns: Int, rows: Int) async throws {
        let stage = try await stage(columns: columns, rows: rows)
        try Golden().expect(stage.picture.described, is: "overview-\(columns)x\(rows).txt")
    }

    @Test func aSelectedFindingShowsWhatItRestsOn() async throws {
        var stage = try await stage()
        await stage.press("n")
        #expect(stage.text.contains("failing traces 6 · share 50.0 %"))
        try Golden().expect(stage.picture.described, is: "overview-finding-80x24.txt")
    }

    @Test func enterLeadsToTheTracesOfTheService() async throws {
        var stage = try await stage()
        await stage.press("down enter")
        #expect(stage.app.current?.screen.place == .traces(query { $0.service = "orders" }))
    }

    @Test func errorsLeadToTheFailingTracesOfTheService() async throws {
        var stage = try await stage()
        await stage.press("e")
        #expect(
            stage.app.current?.screen.place
                == .traces(
                    query {
                        $0.service = "gateway"
                        $0.status = .error
                    }))
    }

    @Test func enterOnAFindingLeadsToATraceThatShowsIt() async throws {
        var stage = try await stage()
        await stage.press("n enter")
        #expect(trace(in: stage) == .sample(3))
    }

    @Test func theSelectionGoesFromServicesToFindings() async throws {
        var stage = try await stage()
        await stage.press("down down down enter")
        #expect(trace(in: stage) == .sample(3))
    }

    @Test func sortingPutsTheLargestFirst() async throws {
        var stage = try await stage()
        await stage.press("s s s")
        let rows = stage.text.split(separator: "\n").map(String.init)
        #expect(rows[1].contains("p95 ▾"))
        #expect(rows[2].contains("gateway"))
        #expect(rows[4].contains("payments"))
    }

    @Test func theMouseSelectsAndASecondPressOpens() async throws {
        var stage = try await stage()
        await stage.send(.mouse(MousePress(.press, row: 4, column: 5)))
        await stage.send(.mouse(MousePress(.press, row: 4, column: 5)))
        #expect(stage.app.current?.screen.place == .traces(query { $0.service = "payments" }))
    }

    @Test func figuresAreAskedAgainWhileOneLooks() async throws {
        let source = TestSource()
        try await source.take(.shop)
        var stage = await Stage(source.viewerSource())
        try await source.take([.sample(trace: 40, 1, service: "mailer", start: 700_000)])
        await stage.passTime()
        #expect(stage.text.contains("mailer"))
    }

    @Test func namesFromTelemetryCanNotCommandTheTerminal() async throws {
        let stage = try await stage([.sample(1, service: "evil\u{1B}[2J\u{7}\n漢字 שלום e\u{301}", start: 700_000)])
        #expect(!stage.text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
        #expect(stage.text.contains("漢字"))
    }

    private func trace(in stage: Stage) -> TraceID? {
        guard case .trace(let id, _) = stage.app.current?.screen.place else { return nil }
        return id
    }

    private func query(_ change: (inout TraceQuery) -> Void) -> TraceQuery {
        var query = TraceQuery()
        change(&query)
        return query
    }
}
