// SPDX-License-Identifier: Apache-2.0
// The query language at the native API: errors point at the character, hits show what was found.

import SondeModel
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct QueryAPITests {
    // MARK: Asked wrongly

    @Test(arguments: [
        ("{ name = 5 }", "invalid", 9), ("{ .a = 1", "invalid", 8), ("service=a bogus", "invalid", 10),
        ("{} | rate()", "unsupported", 5), ("{} with (most_recent=true)", "unsupported", 3),
        ("{ é = \"ü\" & }", "invalid", 2),
    ])
    func anErrorPointsAtTheCharacter(q: String, code: String, offset: Int) async throws {
        try await RunningCollector.run { collector in
            let reply = try #require(try await collector.get("/sonde/v1/traces?q=" + Self.escaped(q)))
            #expect(reply.status == 400)
            #expect(reply.text.hasPrefix("{\"error\":{\"code\":\"\(code)\",\"message\":\""), "\(reply.text)")
            #expect(reply.text.hasSuffix("\"hint\":null,\"offset\":\(offset)}}"), "\(reply.text)")
        }
    }

    @Test func aMetricsQueryIsRefusedByName() async throws {
        try await RunningCollector.run { collector in
            let q = Self.escaped("{} | quantile_over_time(duration, .99)")
            let reply = try #require(try await collector.get("/sonde/v1/traces?q=" + q))
            #expect(reply.text.contains("metrics queries like quantile_over_time() are not supported"))
        }
    }

    @Test(arguments: ["spss=-1", "spss=many", "spss=1.5"])
    func refusesAMalformedNumberOfSpans(query: String) async throws {
        try await RunningCollector.run { collector in
            let reply = try #require(try await collector.get("/sonde/v1/traces?q=%7B%7D&" + query))
            #expect(reply.status == 400)
        }
    }

    // MARK: Asked rightly

    @Test func hitsShowWhatWasFound() async throws {
        let spans: [SpanRecord] = [
            .sample(1, name: "GET /", duration: 20),
            .sample(
                2, parent: 1, name: "sql", kind: .client, start: 1, duration: 2,
                attributes: [Attribute("rows", .int(7))]),
            .sample(
                3, parent: 1, name: "sql", kind: .client, start: 4, duration: 3,
                attributes: [Attribute("rows", .double(1.5))]),
        ]
        let q = Self.escaped("{ name = \"GET /\" } > { kind = client } | select(.rows) | sum(.rows) > 8")
        try await withSpans(spans) { collector in
            let reply = try #require(try await collector.get("/sonde/v1/traces?spss=1&q=" + q))
            #expect(
                reply.text == """
                    {"traces":[{"traceId":"5a5a0000000000000000000000000001","rootService":"orders",\
                    "rootOperation":"GET /","start":"2026-01-02T03:04:05.000000000Z","durationNanos":20000000,\
                    "spanCount":3,"errorCount":0,"services":[{"name":"orders","spanCount":3,"errorCount":0}],\
                    "complete":true,"matched":2,"spanSets":[{"matched":2,"attributes":{"sum(.rows)":8.5},"spans":[\
                    {"spanRef":"0000000000000002","service":"orders","operation":"sql",\
                    "start":"2026-01-02T03:04:05.001000000Z","durationNanos":2000000,"attributes":{".rows":7}}]}]}],\
                    "next":null,"total":{"value":1,"exact":true}}
                    """)
        }
    }

    @Test func theShorthandShowsTracesOnly() async throws {
        try await withSpans([.sample(1, attributes: [Attribute("n", .int(4))])]) { collector in
            let reply = try #require(try await collector.get("/sonde/v1/traces?q=n%3E3"))
            #expect(reply.text.contains(TraceID.sample(1).hex))
            #expect(!reply.text.contains("spanSets"))
        }
    }

    @Test func parametersHoldBesideAQuery() async throws {
        try await withSpans([.sample(1, service: "a"), .sample(2, parent: 1, service: "b", name: "x")]) { collector in
            let q = Self.escaped("{ name = \"x\" }")
            let found = try #require(try await collector.get("/sonde/v1/traces?service=b&q=" + q))
            #expect(found.text.contains("\"matched\":1"))
            let none = try #require(try await collector.get("/sonde/v1/traces?service=a&q=" + q))
            #expect(none.text.hasPrefix(#"{"traces":[],"#))
        }
    }

    @Test func aHalfArrivedTraceSaysWhatIsMissing() async throws {
        try await withSpans([.sample(2, parent: 9)]) { collector in
            let missing = #""complete":false,"missing":{"root":true,"parents":1,"unfinished":0}"#
            let list = try #require(try await collector.get("/sonde/v1/traces"))
            #expect(list.text.contains(missing))
            let tree = try #require(try await collector.get("/sonde/v1/traces/" + TraceID.sample(1).hex))
            #expect(tree.text.contains(missing))
        }
    }

    private func withSpans(
        _ spans: [SpanRecord], _ body: @Sendable (RunningCollector) async throws -> Void
    ) async throws {
        try await RunningCollector.run { collector in
            let reply = try await collector.post(OTLPEncoder.traces(spans))
            #expect(reply?.status == 200)
            try await body(collector)
        }
    }

    /// Percent-encoded, as a parameter's value.
    private static func escaped(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain = UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
            return isPlain ? String(Unicode.Scalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }
}
