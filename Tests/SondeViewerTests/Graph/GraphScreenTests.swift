// SPDX-License-Identifier: Apache-2.0
// The screen of services and calls, on a stage.

import SondeModel
import SondeStorage
import SondeTerminal
import SondeTestKit
import Testing

@testable import SondeViewer

@Suite("Graph screen")
struct GraphScreenTests {
    private func stage(
        columns: Int = 80, rows: Int = 24, charset: Charset = .unicode
    ) async throws -> ScreenStage<GraphScreen> {
        try await ScreenStage(
            GraphScreen(), on: .holding(.checkout, .quickCheckout, .slowCheckout), columns: columns, rows: rows,
            range: .between(.sample(ms: 0), .sample(ms: 60_000)), charset: charset)
    }

    @Test(arguments: [(80, 24), (120, 40)])
    func looksAsAgreed(columns: Int, rows: Int) async throws {
        var stage = try await stage(columns: columns, rows: rows)
        try pictures.expect(stage.text, is: "graph-\(columns).txt")
        await stage.press("down", "down", "d")
        try pictures.expect(stage.text, is: "graph-drawing-\(columns).txt")
    }

    @Test func looksAsAgreedInASCII() async throws {
        var stage = try await stage(columns: 120, rows: 30, charset: .ascii)
        await stage.press("d")
        try pictures.expect(stage.text, is: "graph-drawing-ascii.txt")
    }

    @Test func enterFiltersToTheCall() async throws {
        var stage = try await stage()
        await stage.press("down", "enter")
        guard case .traces(let query)? = stage.opened.last else {
            Issue.record("no list of traces was opened")
            return
        }
        #expect(query.service == "gateway")
        await stage.press("down", "enter")
        guard case .traces(let call)? = stage.opened.last else { return }
        #expect(
            call.expression?.text == "{ resource.service.name = \"gateway\" } > { resource.service.name = \"orders\" }")
    }

    @Test func everyRowsQueryFindsItsTraces() async throws {
        let store = try await MemoryStore.holding(.checkout, .quickCheckout, .slowCheckout)
        let graph = try await store.serviceGraph(ServiceGraphQuery())
        let model = GraphModel(graph, activity: [])
        let rows = model.rows(by: .calls)
        #expect(rows.count > 8)
        for row in rows {
            let found = try await store.search(model.query(row)).traces
            #expect(!found.isEmpty, "\(row)")
        }
    }

    @Test(arguments: ["a\"b", "back\\slash", "line\nbreak", "", "注文", "a}b{c"])
    func namesOfEveryKindCanBeAskedFor(name: String) {
        for connection in ConnectionType.allCases {
            let edge = ServiceGraph.Edge(client: name, server: name + "2", connection: connection)
            let model = GraphModel(ServiceGraph(nodes: [], edges: [edge]), activity: [])
            #expect(model.query(.call(0)).expression != nil, "\(connection)")
        }
    }

    @Test func focusShowsTheNeighboursOnly() async throws {
        var stage = try await stage()
        await stage.press("down", "f")
        let focused = stage.text
        #expect(focused.contains("→"))
        await stage.press("f")
        #expect(stage.text.split(separator: "\n").count > focused.split(separator: "\n").count)
    }

    @Test func choiceSurvivesANewAnswerAndAnotherOrder() async throws {
        var stage = try await stage()
        await stage.press("down", "down", "down")
        let chosen = selectedLine(stage)
        await stage.wake("again")
        #expect(selectedLine(stage) == chosen)
        await stage.press("s")
        #expect(selectedLine(stage)?.prefix(20) == chosen?.prefix(20))
        #expect(stage.notices == ["sorted by errors"])
    }

    @Test func asksAgainAsTheClockGoesOn() async throws {
        let stage = try await stage()
        #expect(stage.timers == ["again"])
    }

    @Test func inTheDrawingKeysFollowTheLines() async throws {
        var stage = try await stage(columns: 120, rows: 40)
        await stage.press("d", "home")
        let first = stage.screen.place
        #expect(first == .graph)
        await stage.press("right")
        await stage.press("enter")
        guard case .traces(let query)? = stage.opened.last else {
            Issue.record("no list of traces was opened")
            return
        }
        #expect(["orders", "users"].contains(query.service ?? ""))
        await stage.press("left", "enter")
        guard case .traces(let back)? = stage.opened.last else { return }
        #expect(back.service == "gateway")
    }

    @Test func withoutCallsItSaysSo() async throws {
        let stage = await ScreenStage(GraphScreen(), on: MemoryStore())
        #expect(stage.text.contains("no span began in this time"))
    }

    @Test func exportsTheGraph() async throws {
        var stage = try await stage()
        await stage.press("E")
        guard case .graph(let graph)? = stage.exports.first else {
            Issue.record("nothing was exported")
            return
        }
        #expect(!graph.edges.isEmpty)
        #expect(stage.screen.shellCommand(stage.context)?.hasPrefix("sonde graph --start ") == true)
    }

    @Test(arguments: [(40, 10), (60, 11), (200, 60)])
    func everySizeIsDrawn(columns: Int, rows: Int) async throws {
        var stage = try await stage(columns: columns, rows: rows)
        for key in ["down", "pagedown", "end", "d", "left", "right", "up", "down", "home", "end", "d"] {
            await stage.press(key)
            #expect(stage.text.contains { !$0.isWhitespace })
        }
        stage.resize(columns: 40, rows: 10)
        await stage.press("d", "right", "down")
        #expect(stage.text.contains { !$0.isWhitespace })
    }

    @Test func hostileNamesStayHarmless() async throws {
        var stage = await ScreenStage(GraphScreen(), on: try .holding(.hostile), range: .all)
        #expect(stage.text.contains("␛"))
        await stage.press("d")
        #expect(stage.text.contains("␛"))
        #expect(stage.text.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
    }

    private func selectedLine(_ stage: ScreenStage<GraphScreen>) -> String? {
        (0..<24).first { stage.frame.ground(row: $0, column: 0) == .selected }.map { stage.frame.rowText($0) }
    }
}
