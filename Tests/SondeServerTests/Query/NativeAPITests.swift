// SPDX-License-Identifier: Apache-2.0
// The native API: what is asked wrongly is refused with a sentence, what is asked rightly is answered.

import SondeModel
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct NativeAPITests {
    // MARK: Asked wrongly

    @Test(arguments: [
        "/sonde/v1/traces?limit=0", "/sonde/v1/traces?limit=-1", "/sonde/v1/traces?limit=ten",
        "/sonde/v1/traces?limit=-99999999999999999999", "/sonde/v1/traces?limit=1.5",
        "/sonde/v1/traces?minDuration=fast", "/sonde/v1/traces?maxDuration=-1s", "/sonde/v1/traces?minTraceDuration=1y",
        "/sonde/v1/traces?start=yesterday", "/sonde/v1/traces?end=now-", "/sonde/v1/traces?kind=clientele",
        "/sonde/v1/traces?status=bad", "/sonde/v1/traces?cursor=1", "/sonde/v1/traces?since=soon",
        "/sonde/v1/traces?minDuration=2s&maxDuration=1s", "/sonde/v1/traces?start=now&end=now-1h",
        "/sonde/v1/traces?service=%g1", "/sonde/v1/logs?level=loud", "/sonde/v1/logs?traceId=xyz",
        "/sonde/v1/logs?spanId=1", "/sonde/v1/logs?limit=0", "/sonde/v1/logs?cursor=x", "/sonde/v1/logs?start=x",
        "/sonde/v1/traces/xyz", "/sonde/v1/traces/123456789012345678901234567890123", "/sonde/v1/traceIds",
        "/sonde/v1/traceIds?prefix=xyz",
        "/sonde/v1/traces?q=bogus", "/sonde/v1/traces?service=a&q=service%3Db", "/sonde/v1/traceIds?prefix=ab&limit=0",
    ])
    func refusesAMalformedQuestionWith400(path: String) async throws {
        try await RunningCollector.run { collector in
            let reply = try #require(try await collector.get(path))
            #expect(reply.status == 400)
            #expect(reply["content-type"] == "application/json")
            #expect(reply.text.hasPrefix(#"{"error":{"code":"invalid","message":""#), "\(reply.text)")
        }
    }

    @Test func saysWhatWasExpectedAndCutsLongValues() async throws {
        try await RunningCollector.run { collector in
            let reply = try #require(try await collector.get("/sonde/v1/traces?minDuration=fast"))
            #expect(
                reply.text == """
                    {"error":{"code":"invalid","message":"cannot read minDuration=fast",\
                    "hint":"expected a duration like 1.2s, 100ms or 4500ns"}}
                    """)
            let long = String(repeating: "x", count: 5000)
            let cut = try #require(try await collector.get("/sonde/v1/traces?kind=" + long))
            #expect(cut.body.count < 400)
        }
    }

    @Test func anUnknownTraceIs404() async throws {
        try await RunningCollector.run { collector in
            let reply = try #require(try await collector.get("/sonde/v1/traces/abc"))
            #expect(reply.status == 404)
            #expect(reply.text.contains(#""code":"not_found""#))
        }
    }

    @Test func anUnknownPathIs404InJSON() async throws {
        try await RunningCollector.run { collector in
            let reply = try #require(try await collector.get("/sonde/v1/nothing"))
            #expect(reply.status == 404)
            #expect(reply.text.contains("nothing is served at /sonde/v1/nothing"))
        }
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "PATCH"])
    func otherMethodsAre405(method: String) async throws {
        try await RunningCollector.run { collector in
            let reply = try #require(try await collector.send(method, "/sonde/v1/services", to: collector.queryPort))
            #expect(reply.status == 405)
            #expect(reply["allow"] == "GET, HEAD")
        }
    }

    @Test func aQuestionMayCarryASmallBodyThatIsIgnored() async throws {
        try await RunningCollector.run { collector in
            let path = "/sonde/v1/services"
            let small = [UInt8](repeating: 0, count: 65_536)
            let taken = try await collector.send("GET", path, body: small, to: collector.queryPort)
            #expect(taken?.status == 200)
            let refused = try await collector.send("GET", path, body: small + [0], to: collector.queryPort)
            #expect(refused?.status == 413)
        }
    }

    @Test func ingestIsNotServedOnTheQueryListener() async throws {
        try await RunningCollector.run { collector in
            let reply = try await collector.send("POST", "/v1/traces", body: [1], to: collector.queryPort)
            #expect(reply?.status == 404)
        }
    }

    @Test func aQuestionThatAReaderCannotAnswerIsAnError() async throws {
        try await RunningCollector.run(store: UnableStore()) { collector in
            let unsupported = try #require(try await collector.get("/sonde/v1/traces"))
            #expect(unsupported.status == 400)
            #expect(unsupported.text.contains(#""code":"unsupported""#))
            let failed = try #require(try await collector.get("/sonde/v1/services"))
            #expect(failed.status == 500)
            #expect(failed.text.contains(#""code":"failed""#))
        }
    }

    // MARK: Prefixes

    @Test func anAmbiguousPrefixNamesTheCandidates() async throws {
        try await withSpans(.sample(trace: 1, 1), .sample(trace: 2, 2)) { collector in
            let reply = try #require(try await collector.get("/sonde/v1/traces/5a5a?prefix=1"))
            #expect(reply.status == 409)
            #expect(reply.text.contains(#""code":"ambiguous""#))
            #expect(reply.text.contains(TraceID.sample(1).hex))
            #expect(reply.text.contains(TraceID.sample(2).hex))
        }
    }

    @Test func aPrefixShorterThanFourDigitsIsRefused() async throws {
        try await withSpans(.sample(trace: 1, 1)) { collector in
            let reply = try await collector.get("/sonde/v1/traces/5a5?prefix=1")
            #expect(reply?.status == 400)
        }
    }

    @Test func aPrefixIsOnlyTriedWhenAsked() async throws {
        try await withSpans(.sample(trace: 1, 1)) { collector in
            let plain = try await collector.get("/sonde/v1/traces/5a5a")
            #expect(plain?.status == 404)
            let asked = try await collector.get("/sonde/v1/traces/5A5A?prefix=1")
            #expect(asked?.status == 200)
        }
    }

    @Test func aShortIdIsPaddedWithZerosFirst() async throws {
        var padded = SpanRecord.sample(1)
        padded.traceID = TraceID(high: 0, low: 0x5a5a)
        try await withSpans(padded, .sample(trace: 1, 2)) { collector in
            let reply = try #require(try await collector.get("/sonde/v1/traces/5a5a?prefix=1"))
            #expect(reply.status == 200)
            #expect(reply.text.contains(#""id":"00000000000000000000000000005a5a""#))
        }
    }

    @Test func listsIdsByPrefix() async throws {
        try await withSpans(.sample(trace: 2, 1), .sample(trace: 1, 2)) { collector in
            let reply = try #require(try await collector.get("/sonde/v1/traceIds?prefix=5a"))
            #expect(reply.text == #"{"traceIds":["\#(TraceID.sample(1))","\#(TraceID.sample(2))"]}"#)
            let one = try #require(try await collector.get("/sonde/v1/traceIds?prefix=5a&limit=1"))
            #expect(one.text == #"{"traceIds":["\#(TraceID.sample(1))"]}"#)
        }
    }

    // MARK: Asked rightly

    @Test func anEmptyStoreAnswersWithEmptyLists() async throws {
        try await RunningCollector.run { collector in
            let services = try #require(try await collector.get("/sonde/v1/services"))
            #expect(services.text == #"{"services":[]}"#)
            let operations = try #require(try await collector.get("/sonde/v1/services/nobody/operations"))
            #expect(operations.text == #"{"operations":[]}"#)
            let traces = try #require(try await collector.get("/sonde/v1/traces"))
            #expect(traces.text == #"{"traces":[],"next":null,"total":{"value":0,"exact":true}}"#)
            let logs = try #require(try await collector.get("/sonde/v1/logs"))
            #expect(logs.text == #"{"logs":[],"next":null,"total":{"value":0,"exact":true}}"#)
        }
    }

    @Test func namesWithSlashesAndSpacesAreFound() async throws {
        try await withSpans(.sample(1, service: "a/b c%", name: "GET /x")) { collector in
            let reply = try #require(try await collector.get("/sonde/v1/services/a%2Fb%20c%25/operations"))
            #expect(reply.text == #"{"operations":[{"name":"GET /x","kind":"server"}]}"#)
        }
    }

    @Test(arguments: [
        "service=payments", "operation=charge+card", "operation=charge%20card", "kind=client", "kind=CLIENT",
        "status=error", "minDuration=300ms", "minDuration=0.3s&maxDuration=300ms", "minTraceDuration=200ms",
        "attr.tries=3", "attr.card%20type=gold+%26+more&attr.tries=3", "end=2026-01-02T03:04:06Z",
        "end=2026-01-02T04:04:06%2B01:00", "end=2026-01-02T04:04:06+01:00", "end=1767323046", "end=1767323046000",
        "end=1767323046000000", "end=1767323046000000000", "unknown=thing&kind=client",
        "service=payments&operation=&kind=", "q=service%3Dpayments+error+duration%3E%3D300ms+tries%3D3",
        "service=payments&q=operation%3D%22charge+card%22",
    ])
    func searchesByEveryParameter(query: String) async throws {
        let wanted = SpanRecord.sample(
            trace: 1, 1, service: "payments", name: "charge card", kind: .client, start: 0, duration: 300,
            status: SpanStatus(code: .error, message: "declined"),
            attributes: [Attribute("card type", .string("gold & more")), Attribute("tries", .int(3))])
        try await withSpans(wanted, .sample(trace: 2, 2, start: 60_000)) { collector in
            let reply = try #require(try await collector.get("/sonde/v1/traces?" + query))
            #expect(reply.status == 200, "\(reply.text)")
            #expect(reply.text.contains(TraceID.sample(1).hex))
            #expect(!reply.text.contains(TraceID.sample(2).hex))
        }
    }

    @Test func allConditionsHoldOnOneSpan() async throws {
        try await withSpans(.sample(1, kind: .server), .sample(2, service: "users", kind: .client)) { collector in
            let reply = try #require(try await collector.get("/sonde/v1/traces?service=orders&kind=client"))
            #expect(reply.text.hasPrefix(#"{"traces":[],"#))
        }
    }

    @Test(arguments: ["start=now-1m", "since=1m"])
    func relativeTimesCountFromTheCollectorsClock(query: String) async throws {
        let clock: @Sendable (inout CollectorConfiguration) -> Void = { $0.clock = WallClock { .sample(ms: 90_000) } }
        let spans: [SpanRecord] = [.sample(trace: 1, 1), .sample(trace: 2, 2, start: 60_000)]
        try await withSpans(spans, configure: clock) { collector in
            let reply = try #require(try await collector.get("/sonde/v1/traces?" + query))
            #expect(reply.text.contains(TraceID.sample(2).hex))
            #expect(!reply.text.contains(TraceID.sample(1).hex))
        }
    }

    @Test(arguments: ["1001", "99999999999999999999999"])
    func aHugeLimitMeansTheLargest(limit: String) async throws {
        try await withSpans(.sample(1)) { collector in
            let reply = try #require(try await collector.get("/sonde/v1/traces?limit=" + limit))
            #expect(reply.status == 200)
        }
    }

    @Test func pagesFollowTheCursor() async throws {
        let traces: [SpanRecord] = (1...5).map { .sample(trace: $0, $0, start: Int64($0)) }
        try await withSpans(traces) { collector in
            var seen: [String] = []
            var next: String? = ""
            while let cursor = next {
                let reply = try #require(try await collector.get("/sonde/v1/traces?limit=2&cursor=" + cursor))
                let ids = reply.text.split(separator: #""traceId":""#).dropFirst().map { String($0.prefix(32)) }
                #expect(ids.count <= 2)
                seen += ids
                next = reply.text.firstRange(of: #""next":""#).map {
                    String(reply.text[$0.upperBound...].prefix { $0 != "\"" })
                }
            }
            #expect(seen == (1...5).reversed().map { TraceID.sample($0).hex })
        }
    }

    @Test func showsATraceAsTreeAsListAndAsOTLP() async throws {
        let records: [SpanRecord] = [
            .sample(1), .sample(2, parent: 1, start: 2, duration: 5), .sampleOfEverything(trace: 1, 3, parent: 2),
        ]
        try await withSpans(records) { collector in
            let path = "/sonde/v1/traces/" + TraceID.sample(1).hex
            let tree = try #require(try await collector.get(path))
            #expect(tree.text.contains(#""roots":["#) && tree.text.contains(#""children":["#))
            let list = try #require(try await collector.get(path + "?flat=1"))
            #expect(list.text.contains(#""spans":["#) && !list.text.contains(#""children""#))
            let otlp = try #require(try await collector.get(path + "?format=otlp"))
            #expect(otlp.text.hasPrefix(#"{"resourceSpans":["#))
            let bytes = try #require(try await collector.get(path, headers: ["accept": "application/x-protobuf"]))
            #expect(bytes["content-type"] == "application/x-protobuf")
            let decoded = try OTLPDecoder.traces(bytes.body).batch.records()
            #expect(Set(decoded) == Set(records))
            let odd = try await collector.get(path + "?format=xml")
            #expect(odd?.status == 400)
        }
    }

    @Test(arguments: [
        "traceId=5a5a0000000000000000000000000001", "spanId=0000000000000005", "service=payments", "level=error",
        "level=WARN", "text=declined", "end=2026-01-02T03:04:06Z",
    ])
    func searchesLogsByEveryParameter(query: String) async throws {
        let wanted = LogRecord.sample("Card DECLINED", ms: 0, service: "payments", level: .error, trace: 1, span: 5)
        try await RunningCollector.run { collector in
            _ = try await collector.post(OTLPEncoder.logs([wanted, .sample("hello", ms: 60_000)]), path: "/v1/logs")
            let reply = try #require(try await collector.get("/sonde/v1/logs?" + query))
            #expect(reply.text.contains("DECLINED") && !reply.text.contains("hello"), "\(reply.text)")
        }
    }

    @Test func logsAsProtobufCarryTheirPageInHeaders() async throws {
        let logs: [LogRecord] = (1...3).map { .sample("line \($0)", ms: $0) }
        try await RunningCollector.run { collector in
            _ = try await collector.post(OTLPEncoder.logs(logs), path: "/v1/logs")
            let accept = ["accept": "application/x-protobuf"]
            let first = try #require(try await collector.get("/sonde/v1/logs?limit=2", headers: accept))
            #expect(try OTLPDecoder.logs(first.body).batch.records() == [logs[2], logs[1]])
            #expect(first["sonde-total"] == "3")
            #expect(first["sonde-total-exact"] == "true")
            let next = try #require(first["sonde-next"])
            let last = try #require(try await collector.get("/sonde/v1/logs?limit=2&cursor=" + next, headers: accept))
            #expect(try OTLPDecoder.logs(last.body).batch.records() == [logs[0]])
            #expect(last["sonde-next"] == nil)
        }
    }

    @Test func statsCountWhatIsStored() async throws {
        try await withSpans(.sample(trace: 1, 1), .sample(trace: 1, 2), .sample(trace: 2, 3, service: "users")) {
            collector in
            let reply = try #require(try await collector.get("/sonde/v1/stats"))
            #expect(reply.text.contains(#""spans":3,"#))
            #expect(reply.text.contains(#""traces":2,"#))
            #expect(reply.text.contains(#""services":2,"#))
        }
    }

    private func withSpans(
        _ spans: SpanRecord..., body: @Sendable (RunningCollector) async throws -> Void
    ) async throws {
        try await withSpans(spans, body: body)
    }

    private func withSpans(
        _ spans: [SpanRecord], configure: (inout CollectorConfiguration) -> Void = { _ in },
        body: @Sendable (RunningCollector) async throws -> Void
    ) async throws {
        try await RunningCollector.run(configure: configure) { collector in
            let reply = try await collector.post(OTLPEncoder.traces(spans))
            #expect(reply?.status == 200)
            try await body(collector)
        }
    }
}
