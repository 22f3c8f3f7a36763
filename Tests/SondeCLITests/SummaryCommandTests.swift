// SPDX-License-Identifier: Apache-2.0
// The commands that work something out: drawings of one trace, tables over many. What they say of a collector they say of
// its file.

import Foundation
import SondeModel
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite("Commands that work something out")
struct SummaryCommandTests {
    private static let range = ["--start", "2026-01-02T03:04:00Z", "--end", "2026-01-02T03:05:00Z"]
    private static let id = TraceID.sample(7).hex

    static let found: [(String, [String])] = [
        ("trace-summed", ["trace", id, "--fold", "--critical", "--stats"]),
        ("trace-adjusted", ["trace", id, "--adjusted"]),
        ("trace-waterfall", ["trace", id, "--as", "waterfall", "--critical"]),
        ("trace-flame", ["trace", id, "--as", "flame"]),
        ("top", ["top", "--once"] + range), ("graph", ["graph"] + range), ("errors", ["errors"] + range),
        ("diff", ["diff", id, TraceID.sample(8).hex]), ("attributes", ["attributes"]),
        ("attribute", ["attributes", "db.system.name"]),
    ]

    /// Runs the command lines against a collector over the samples, in one environment.
    private func outcomes(of commands: [[String]], environment: [String: String] = [:]) async throws -> [Outcome] {
        let store = MemoryStore()
        try await store.accept(try OTLPDecoder.traces(OTLPEncoder.traces(Self.spans)).batch)
        let (results, say) = AsyncStream.makeStream(of: Outcome.self)
        try await CollectorFixture.with(store) { url in
            let scratch = try Scratch()
            for command in commands {
                say.yield(try await Binary.run(command + ["--at", url], environment: environment, in: scratch))
            }
            say.finish()
        }
        return await results.reduce(into: []) { $0.append($1) }
    }

    @Test(arguments: ["80", "200"])
    func answersLookAsAgreed(columns: String) async throws {
        let outcomes = try await outcomes(of: Self.found.map { $0.1 + ["--utc"] }, environment: ["COLUMNS": columns])
        for ((name, _), outcome) in zip(Self.found, outcomes) {
            #expect(outcome.status == 0, "\(name): \(outcome.errors)")
            #expect(outcome.errors == "")
            #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= Int(columns) ?? 0 }, "\(name)")
            try Golden().expect(outcome.output, is: "\(name)-\(columns).txt")
        }
    }

    @Test func documentsLookAsAgreed() async throws {
        let commands = [
            ("top.json", ["top", "-o", "json"] + Self.range), ("top.ndjson", ["top", "-o", "ndjson"] + Self.range),
            ("graph.json", ["graph", "-o", "json"] + Self.range), ("graph.dot", ["graph", "-o", "dot"] + Self.range),
            ("graph.mmd", ["graph", "-o", "mermaid"] + Self.range),
            ("errors.json", ["errors", "-o", "json"] + Self.range),
            ("errors.ndjson", ["errors", "-o", "ndjson"] + Self.range),
            ("diff.json", ["diff", Self.id, TraceID.sample(8).hex, "-o", "json"]),
            ("attributes.json", ["attributes", "-o", "json"]),
            ("attribute.ndjson", ["attributes", "name", "-o", "ndjson"]),
            ("trace.folded", ["trace", Self.id, "-o", "folded"]),
        ]
        for ((name, _), outcome) in zip(commands, try await outcomes(of: commands.map(\.1))) {
            #expect(outcome.status == 0, "\(name): \(outcome.errors)")
            try Golden().expect(outcome.output, is: name)
            guard name.hasSuffix("json") else { continue }
            for line in outcome.output.split(separator: "\n") {
                #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
            }
        }
    }

    @Test func coloursComeWhenAskedForAndNotWithNoColor() async throws {
        for (name, command) in Self.found {
            let coloured = try await outcomes(
                of: [command + ["--color", "always"]], environment: ["TERM": "xterm-256color"])
            #expect(coloured[0].output.contains("\u{1B}["), "\(name)")
            let plain = try await outcomes(of: [command], environment: ["NO_COLOR": "1", "TERM": "xterm-256color"])
            #expect(!plain[0].output.contains("\u{1B}"), "\(name)")
        }
    }

    @Test func nothingThereEndsWithOneAndSaysWhatToDo() async throws {
        let commands = [
            ["top", "--once", "--since", "1m"], ["graph", "--since", "1m"], ["errors", "--since", "1m"],
            ["doctor", "--since", "1m"], ["attributes", "--since", "1m"],
            ["attributes", "nothing", "--since", "1m"],
            ["diff", "--slow", "service=orders", "--since", "1m"],
        ]
        for (command, outcome) in zip(commands, try await outcomes(of: commands)) {
            #expect(outcome.status == 1, "\(command)")
            #expect(outcome.output == "", "\(command)")
            #expect(outcome.errors.contains("--since"), "\(outcome.errors)")
        }
    }

    /// A page of orders: one list, then one query for each row; a client whose server's clock is behind; a failure.
    static let spans: [SpanRecord] =
        [
            span(0x1, service: "gateway", name: "GET /page", duration: 200),
            span(0x2, parent: 0x1, service: "gateway", name: "GET orders", kind: .client, start: 5, duration: 150),
            // 40 ms before its client asks: another clock.
            span(0x3, parent: 0x2, service: "orders", name: "GET /orders", start: -35, duration: 140),
            span(0x4, parent: 0x3, service: "orders", name: "SELECT orders", kind: .client, start: -30, duration: 10),
            span(
                0x5, parent: 0x1, service: "gateway", name: "POST payments", kind: .client, start: 160, duration: 30,
                status: SpanStatus(code: .error, message: "502")),
            span(
                0x6, parent: 0x5, service: "payments", name: "POST /payments", start: 165, duration: 20,
                status: SpanStatus(code: .error, message: "card declined")),
        ]
        + (0..<8).map { row in
            span(
                0x10 + UInt64(row), parent: 0x3, service: "orders", name: "SELECT items", kind: .client,
                start: -18 + 12 * Int64(row), duration: 10,
                attributes: [
                    Attribute("db.system.name", .string("sqlite")), Attribute("db.namespace", .string("shop")),
                    Attribute("db.query.text", .string("SELECT * FROM items WHERE order_id = \(row)")),
                ])
        }
        + [
            // The same page without orders and with a payment that went well.
            span(0x1, of: 8, service: "gateway", name: "GET /page", start: 1_000, duration: 60),
            span(
                0x5, of: 8, parent: 0x1, service: "gateway", name: "POST payments", kind: .client, start: 1_010,
                duration: 30),
            span(0x6, of: 8, parent: 0x5, service: "payments", name: "POST /payments", start: 1_015, duration: 20),
        ]

    private static func span(
        _ id: UInt64, of trace: UInt64 = 7, parent: UInt64 = 0, service: String, name: String, kind: SpanKind = .server,
        start: Int64 = 0, duration: Int64, status: SpanStatus = SpanStatus(), attributes: [Attribute] = []
    ) -> SpanRecord {
        .sample(
            trace: trace, id, parent: parent, service: service, name: name, kind: kind, start: start,
            duration: duration,
            status: status, attributes: attributes)
    }
}
