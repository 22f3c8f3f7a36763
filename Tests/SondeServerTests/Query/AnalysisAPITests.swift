// SPDX-License-Identifier: Apache-2.0
// Analysis at the native API: refusals, and answers that rest on what is stored.

import SondeModel
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct AnalysisAPITests {
    @Test(arguments: [
        "/sonde/v1/traces/xyz/analysis", "/sonde/v1/traces/0000000000000001/analysis?format=svg", "/sonde/v1/diff",
        "/sonde/v1/diff?by=luck", "/sonde/v1/diff?by=version=1", "/sonde/v1/diff?by=before=tomorrow",
        "/sonde/v1/diff?aq=error", "/sonde/v1/diff?a=1&b=xyz", "/sonde/v1/errors?since=soon",
        "/sonde/v1/errors?q=bogus", "/sonde/v1/findings?start=x", "/sonde/v1/repeats?minDuration=x",
    ])
    func refusesAMalformedQuestionWith400(path: String) async throws {
        try await withShop { collector in
            let reply = try #require(try await collector.get(path))
            #expect(reply.status == 400, "\(reply.text)")
            #expect(reply.text.hasPrefix(#"{"error":{"code":"invalid","message":""#), "\(reply.text)")
        }
    }

    @Test(arguments: ["/sonde/v1/traces/abc/analysis", "/sonde/v1/diff?a=abc&b=abc"])
    func anUnknownTraceIs404(path: String) async throws {
        try await withShop { collector in
            let reply = try #require(try await collector.get(path))
            #expect(reply.status == 404)
        }
    }

    @Test func analysisTellsPathOperationsRepeatsAndErrors() async throws {
        try await withShop { collector in
            let reply = try #require(try await collector.get("/sonde/v1/traces/\(TraceID.sample(1))/analysis"))
            #expect(reply.status == 200)
            #expect(reply.text.contains(#""criticalPath":{"durationNanos":100000000,"segments":[{"spanId":"#))
            #expect(reply.text.contains(#""statement":"SELECT ? FROM item","count":3"#), "\(reply.text)")
            #expect(reply.text.contains(#""serial":true,"nPlusOne":true"#))
            #expect(reply.text.contains(#""type":"","message":"no","stackTop":"","reachesRoot":true,"explains":[]"#))
        }
    }

    @Test func analysisAsFoldedStacksIsText() async throws {
        try await withShop { collector in
            let reply = try #require(
                try await collector.get("/sonde/v1/traces/\(TraceID.sample(1))/analysis?format=folded"))
            #expect(reply["content-type"] == "text/plain; charset=utf-8")
            #expect(
                reply.text == """
                    orders: GET /orders 85000000
                    orders: GET /orders;orders: SELECT 15000000

                    """)
        }
    }

    @Test func twoTracesAreCompared() async throws {
        try await withShop { collector in
            let path = "/sonde/v1/diff?a=\(TraceID.sample(1))&b=\(TraceID.sample(2))"
            let reply = try #require(try await collector.get(path))
            #expect(
                reply.text.contains(#""operation":"SELECT","kind":"client","depth":1,"parent":0,"change":"removed""#))
            #expect(reply.text.contains(#""attributes":[]"#))
        }
    }

    @Test func groupsAreComparedAndTheirSamplesTold() async throws {
        try await withShop { collector in
            for by in ["by=slow", "by=before=now", "by=version=1,2", "aq=service%3Dorders&bq=error"] {
                let reply = try #require(try await collector.get("/sonde/v1/diff?\(by)"))
                #expect(reply.status == 200, "\(by): \(reply.text)")
                #expect(reply.text.contains(#""sample":{"used":"#), "\(by)")
            }
        }
    }

    @Test func manyTracesAreAnsweredWithTheirSample() async throws {
        try await withShop { collector in
            let start = "start=2020-01-01T00:00:00Z"
            let errors = try #require(try await collector.get("/sonde/v1/errors?\(start)"))
            #expect(
                errors.text.contains(#""sampleMessage":"no""#) && errors.text.contains(#""sample":{"used":1,"spans":4"#)
            )
            let repeats = try #require(try await collector.get("/sonde/v1/repeats?\(start)"))
            #expect(repeats.text.contains(#""nPlusOne":true,"count":3,"maxCount":3,"traceCount":1"#))
            let findings = try #require(try await collector.get("/sonde/v1/findings?\(start)"))
            #expect(findings.text.contains(#"{"kind":"errors","severity":"critical""#))
            #expect(findings.text.contains(#""partial":null"#))
        }
    }

    @Test func withoutATimeTheLastHourIsAsked() async throws {
        try await withShop { collector in
            let findings = try #require(try await collector.get("/sonde/v1/findings"))
            #expect(findings.text.hasPrefix(#"{"findings":[],"sample":{"used":0"#))
        }
    }

    @Test func treeShowsRawAndAdjustedTimes() async throws {
        try await withShop { collector in
            let tree = try #require(try await collector.get("/sonde/v1/traces/\(TraceID.sample(3))"))
            #expect(
                tree.text.contains(
                    #""start":"2026-01-02T03:04:04.500000000Z","adjustedStart":"2026-01-02T03:04:05.030000000Z""#))
            #expect(tree.text.contains(#""flags":["skewed","criticalPath","adjusted"]"#), "\(tree.text)")
        }
    }

    /// Trace 1 fails and has three statements, trace 2 is plain, trace 3 has a clock that is wrong.
    private func withShop(_ body: @Sendable (RunningCollector) async throws -> Void) async throws {
        let store = MemoryStore()
        var spans: [SpanRecord] = [
            .sample(1, duration: 100, status: SpanStatus(code: .error, message: "no")),
            .sample(trace: 2, 1, duration: 100),
            .sample(trace: 3, 1, kind: .client, duration: 100),
            .sample(trace: 3, 2, parent: 1, service: "payments", start: -500, duration: 40),
        ]
        for number in 0..<3 as Range<Int64> {
            spans.append(
                .sample(
                    UInt64(number) + 2, parent: 1, name: "SELECT", kind: .client, start: number * 10, duration: 5,
                    attributes: [Attribute("db.query.text", .string("SELECT \(number) FROM item"))]))
        }
        try await store.accept(try OTLPDecoder.traces(OTLPEncoder.traces(spans)).batch)
        try await RunningCollector.run(store: store, body)
    }
}
