// SPDX-License-Identifier: Apache-2.0
// The screen that compares two traces, on a stage.

import SondeModel
import SondeStorage
import SondeTerminal
import SondeTestKit
import Testing

@testable import SondeViewer

@Suite("Diff screen")
struct DiffScreenTests {
    private func stage(
        columns: Int = 80, rows: Int = 24, _ first: TraceID = .sample(11), _ second: TraceID? = .sample(12)
    ) async throws -> ScreenStage<DiffScreen> {
        try await ScreenStage(
            DiffScreen(first, second), on: .holding(.quickCheckout, .slowCheckout, .otherCheckout), columns: columns,
            rows: rows)
    }

    @Test(arguments: [(80, 24), (120, 40)])
    func looksAsAgreed(columns: Int, rows: Int) async throws {
        var stage = try await stage(columns: columns, rows: rows)
        try pictures.expect(stage.text, is: "diff-\(columns).txt")
        await stage.press("s", "down", "down", "d")
        try pictures.expect(stage.text, is: "diff-detail-\(columns).txt")
    }

    @Test func aTraceThatIsNotStoredIsNamed() async throws {
        let stage = try await stage(.sample(11), .sample(99))
        #expect(stage.text.contains(TraceID.sample(99).hex))
        #expect(stage.text.contains("is not stored"))
    }

    @Test func withoutASecondTraceTheTypicalOneIsTaken() async throws {
        let stage = try await stage(.sample(12), nil)
        #expect(
            stage.asked.contains(.typicalTrace(service: "gateway", operation: "POST /checkout", except: .sample(12))))
        #expect(stage.frame.rowText(1).contains("typical"))
        #expect(stage.screen.place == .diff(.sample(12)))
        #expect(stage.screen.shellCommand(stage.context)?.hasPrefix("sonde diff 5a5a") == true)
    }

    @Test func anOperationWithoutAnotherTraceSaysSo() async throws {
        let store = try await MemoryStore.holding(.quickCheckout)
        let stage = await ScreenStage(DiffScreen(.sample(11), nil), on: store)
        #expect(stage.text.contains("nothing says what is typical"))
    }

    @Test func aTraceIsComparedWithItself() async throws {
        let stage = try await stage(.sample(11), .sample(11))
        #expect(stage.text.contains("no place differs"))
        #expect(stage.text.contains("POST /checkout"))
    }

    @Test func enterOpensTheLongestSpanOfThePlaceOnItsSide() async throws {
        var stage = try await stage()
        await stage.press("m", "enter", "a")
        #expect(stage.opened == [.trace(.sample(12), focus: SpanID(0x28)), .trace(.sample(11), focus: SpanID(0x18))])
    }

    @Test func aSideWithoutThePlaceIsNotOpened() async throws {
        var stage = try await stage()
        while !stage.frame.rowText(row(of: stage)).contains("+ ") { await stage.press("n") }
        await stage.press("a")
        #expect(stage.opened.isEmpty)
        #expect(stage.notices == ["trace a has nothing at this place"])
    }

    @Test func placesFoldAndUnfold() async throws {
        var stage = try await stage()
        let whole = stage.text
        await stage.press("left")
        #expect(stage.text.contains("▸ ~ gateway"))
        #expect(!stage.text.contains("orders"))
        await stage.press("right")
        #expect(stage.text == whole)
        await stage.press("z")
        #expect(!stage.text.contains("payments"))
        await stage.press("z")
        #expect(stage.text == whole)
    }

    @Test func swappedSidesSwapTheSign() async throws {
        var stage = try await stage()
        #expect(stage.frame.rowText(3).contains("longer"))
        await stage.press("x")
        #expect(stage.frame.rowText(3).contains("shorter"))
        #expect(stage.screen.place == .diff(.sample(12), .sample(11)))
    }

    @Test func escapeClosesThePaneFirst() async throws {
        var stage = try await stage()
        await stage.press("d")
        #expect(stage.text.contains("own time"))
        #expect(stage.screen.back(stage.context) != nil)
        #expect(stage.screen.back(stage.context) == nil)
    }

    @Test func theMouseChoosesAndOpens() async throws {
        var stage = try await stage()
        await stage.mouse(.press, row: 6, column: 10)
        #expect(stage.frame.ground(row: 6, column: 10) == .selected)
        #expect(stage.opened.isEmpty)
        await stage.mouse(.press, row: 6, column: 10)
        #expect(stage.opened.count == 1)
    }

    @Test(arguments: [(40, 10), (41, 11), (60, 12), (200, 60)])
    func everySizeIsDrawn(columns: Int, rows: Int) async throws {
        var stage = try await stage(columns: columns, rows: rows)
        await stage.press("d", "down")
        stage.resize(columns: 40, rows: 10)
        #expect(stage.text.contains("gateway"))
        await stage.press("down", "pagedown", "end", "home")
        #expect(stage.text.contains("gateway"))
    }

    @Test func hostileNamesStayHarmless() async throws {
        let stage = await ScreenStage(DiffScreen(.sample(3), .sample(1)), on: try .holding(.hostile, .checkout))
        #expect(stage.text.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
        #expect(stage.text.contains("␛"))
    }

    @Test func aChainOfManyIsCompared() async throws {
        let model = DiffModel(a: .chain(20_000), b: .chain(30_000))
        #expect(model.rows(showingSame: true, folded: []).count == 30_000)
        #expect(model.hasChildren(0, showingSame: false))
    }

    private func row(of stage: ScreenStage<DiffScreen>) -> Int {
        (0..<24).first { stage.frame.ground(row: $0, column: 0) == .selected } ?? 0
    }
}

extension Trace {
    /// A checkout that goes well.
    static let quickCheckout = checkout(11, first: 0x10, payment: 20, attempts: 1, reserves: 2)
    /// One whose payment is tried three times, each slower.
    static let slowCheckout = checkout(12, first: 0x20, payment: 60, attempts: 3, reserves: 9)
    static let otherCheckout = checkout(13, first: 0x30, payment: 22, attempts: 1, reserves: 2)

    private static func checkout(_ id: UInt64, first: UInt64, payment: Int64, attempts: Int64, reserves: Int64) -> Trace
    {
        let whole = 60 + payment * attempts
        var spans: [SpanRecord] = [
            .sample(
                trace: id, first, service: "gateway", name: "POST /checkout", start: Int64(id) * 1_000, duration: whole),
            .sample(
                trace: id, first + 1, parent: first, service: "orders", name: "POST /orders",
                start: Int64(id) * 1_000 + 5, duration: whole - 10),
            .sample(
                trace: id, first + 2, parent: first, service: "users", name: "GET /tokens/{token}",
                start: Int64(id) * 1_000 + 1, duration: 3),
        ]
        for number in 0..<reserves {
            spans.append(
                .sample(
                    trace: id, first + 0x100 + UInt64(number), parent: first + 1, service: "inventory",
                    name: "SELECT stock", kind: .client, start: Int64(id) * 1_000 + 6 + number, duration: 1))
        }
        for attempt in 0..<attempts {
            let isLast = attempt == attempts - 1
            spans.append(
                .sample(
                    trace: id, first + 8 - UInt64(attempt), parent: first + 1, service: "payments",
                    name: "POST /payments",
                    start: Int64(id) * 1_000 + 20 + attempt * payment, duration: payment - attempt,
                    status: SpanStatus(code: isLast ? .unset : .error, message: isLast ? "" : "timeout"),
                    attributes: [Attribute("attempt", .int(attempt)), Attribute("card", .string("visa"))]))
        }
        if attempts > 1 {
            spans.append(
                .sample(
                    trace: id, first + 9, parent: first + 1, service: "mail", name: "send apology", kind: .producer,
                    start: Int64(id) * 1_000 + whole - 12, duration: 2))
        }
        return Trace(id: .sample(id), assembling: spans)
    }
}
