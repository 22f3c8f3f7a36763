// SPDX-License-Identifier: Apache-2.0
// What Jaeger's clients ask and what they must be told, over a real socket.

import SondeModel
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct JaegerAPITests {
    // MARK: Names

    @Test func listsServicesInAnEnvelope() async throws {
        try await withTraces { collector in
            let reply = try #require(try await collector.get("/api/services"))
            #expect(reply.status == 200)
            #expect(reply["content-type"] == "application/json")
            #expect(
                reply.text
                    == #"{"data":["a/b c","missing-service-name","orders"],"total":3,"limit":0,"offset":0,"errors":null}"#
            )
        }
    }

    @Test func anEmptyStoreHasAnEmptyList() async throws {
        try await RunningCollector.run { collector in
            let reply = try await collector.get("/api/services")
            #expect(reply?.text == #"{"data":[],"total":0,"limit":0,"offset":0,"errors":null}"#)
            let v3 = try await collector.get("/api/v3/services")
            #expect(v3?.text == #"{"services":[]}"#)
        }
    }

    @Test(arguments: ["a%2Fb%20c", "a%2fb c", "a%2Fb+c"])
    func aServiceNameMayHoldASlash(encoded: String) async throws {
        try await withTraces { collector in
            let path = "/api/services/\(encoded)/operations".replacing(" ", with: "%20")
            let answer = try await data(collector, path)
            // A plus in a path is a plus.
            #expect(answer == .array(encoded.contains("+") ? [] : [.string("slash")]))
        }
    }

    @Test func operationsAreUniqueByNameAndListedWithKindsWhereAsked() async throws {
        try await withTraces { collector in
            #expect(
                try await data(collector, "/api/services/orders/operations")
                    == .array([.string("GET /orders"), .string("empty-span-name")]))
            let all = try await data(collector, "/api/operations?service=orders").array ?? []
            #expect(all.map { $0["spanKind"]?.string } == ["", "server", "client"])
            let clients = try await data(collector, "/api/operations?service=orders&spanKind=client").array ?? []
            #expect(clients.map { $0["name"]?.string } == ["GET /orders"])
            let v3 = try await json(collector, "/api/v3/operations?service=orders")
            #expect(v3["operations"]?.array?.map { $0["spanKind"]?.string } == ["internal", "server", "client"])
        }
    }

    @Test(arguments: ["/api/operations", "/api/operations?service=", "/api/operations?service=a&spanKind=none"])
    func refusesAListOfOperationsThatCannotBeMeant(path: String) async throws {
        try await expectEnvelopeError(path, 400)
    }

    // MARK: One trace

    @Test(arguments: [
        "5a5a0000000000000000000000000001", "5A5A0000000000000000000000000001", "WloAAAAAAAAAAAAAAAAAAQ==",
        "WloAAAAAAAAAAAAAAAAAAQ%3D%3D",
        "WloAAAAAAAAAAAAAAAAAAQ",
    ])
    func findsATraceByItsIdHoweverItIsWritten(id: String) async throws {
        try await withTraces { collector in
            let traces = try await data(collector, "/api/traces/\(id)").array
            #expect(traces?.count == 1)
            #expect(traces?.first?["traceID"] == .string("5a5a0000000000000000000000000001"))
            #expect(traces?.first?["spans"]?.array?.count == 2)
            let v3 = try await json(collector, "/api/v3/traces/\(id)")
            #expect(v3["result"]?["resourceSpans"]?.array?.isEmpty == false)
        }
    }

    @Test func leadingZerosOfAnIdMayBeLeftOut() async throws {
        let span = SpanRecord(
            traceID: TraceID(high: 0, low: 0xabc), spanID: SpanID(1), name: "short", start: .sampleEpoch,
            end: .sample(ms: 1))
        try await RunningCollector.run { collector in
            #expect(try await collector.post(OTLPEncoder.traces([span]))?.status == 200)
            // The last two are the 8 bytes in base64.
            for id in [
                "abc", "ABC", "0000000000000abc", "00000000000000000000000000000abc", "AAAAAAAACrw=", "AAAAAAAACrw",
            ] {
                let reply = try await collector.get("/api/traces/\(id)")
                #expect(reply?.status == 200, "\(id)")
            }
        }
    }

    @Test(arguments: [
        ("/api/traces/1234", 404), ("/api/traces/xyz", 400), ("/api/traces/5a5a00000000000000000000000000011", 400),
        ("/api/traces/%27;drop%20table", 400), ("/api/traces/..%2f..%2fetc%2fpasswd", 400),
        ("/api/traces/5a5a0000000000000000000000000001?start=yesterday", 400),
        ("/api/traces/5a5a0000000000000000000000000001?end=-1", 400),
        ("/api/traces/5a5a0000000000000000000000000001?raw=maybe", 400), ("/api/traces/AAAAAAAACr1=", 400),
        ("/api/traces/0", 404), ("/api/traces/%00", 400),
    ])
    func refusesWhatIsNoTrace(path: String, status: Int) async throws {
        try await expectEnvelopeError(path, status)
    }

    @Test(arguments: [("/api/v3/traces/1234", 404), ("/api/v3/traces/no", 400), ("/api/v3/operations", 400)])
    func theThirdVersionHasErrorsOfItsOwn(path: String, status: Int) async throws {
        try await withTraces { collector in
            let reply = try #require(try await collector.get(path))
            #expect(reply.status == status)
            #expect(try JSONValue.parse(reply.body)["error"]?["httpCode"] == .int(Int64(status)))
        }
    }

    // MARK: Search

    @Test func aHitIsTheWholeTrace() async throws {
        try await withTraces { collector in
            let traces = try await search(collector, "service=orders&tag=rare:yes")
            #expect(traces == [1: 2])
        }
    }

    @Test(arguments: [
        ("service=orders", [1, 2, 3]), ("service=orders&operation=GET%20/orders", [1, 2]),
        ("service=orders&operation=empty-span-name", [3]), ("service=missing-service-name", [3]),
        ("service=orders&minDuration=1.2s", [2]), ("service=orders&maxDuration=10ms", [1, 3]),
        ("service=orders&minDuration=10ms&maxDuration=10000000ns", [1, 3]),
        ("service=orders&tags=%7B%22rare%22:%22yes%22%7D", [1]),
        ("service=orders&tags=%7B%22error%22:%22true%22%7D", [2]), ("service=orders&tag=error:true", [2]),
        ("service=orders&tag=otel.status_code:ERROR", [2]), ("service=orders&tag=span.kind:client", [1]),
        ("service=orders&tag=rare:no", []), ("service=orders&tag=rare:yes&tag=url:http://x:80/", [1]),
        ("service=orders&limit=2", [2, 3]), ("service=a/b%20c", [4]), ("service=nobody", []),
        ("service=orders&lookback=1h&raw=true&foo=bar", [1, 2, 3]), ("service=orders&operation=&tags=", [1, 2, 3]),
    ])
    func findsWhatMeetsEveryCondition(query: String, ids: [UInt64]) async throws {
        try await withTraces { collector in
            let found = try await search(collector, query)
            #expect(found.keys.sorted() == ids)
        }
    }

    @Test func looksBackTwoDaysUnlessToldOtherwise() async throws {
        try await withTraces(now: .sample(ms: 47 * 3_600_000)) { collector in
            let found2 = try await search(collector, "service=orders")
            #expect(found2.count == 3)
        }
        try await withTraces(now: .sample(ms: 49 * 3_600_000)) { collector in
            let found3 = try await search(collector, "service=orders")
            #expect(found3.isEmpty)
            let start = Timestamp.sampleEpoch.nanoseconds / 1000
            let found4 = try await search(collector, "service=orders&start=\(start)")
            #expect(found4.count == 3)
            let found5 = try await search(collector, "service=orders&start=\(start)&end=\(start)")
            #expect(found5.count == 1)
            let found6 = try await search(collector, "service=orders&start=\(start + 1000)")
            #expect(found6.count == 2)
        }
    }

    @Test(arguments: [
        "", "service=", "operation=x", "service=a&limit=-1", "service=a&limit=0", "service=a&limit=1e9",
        "service=a&limit=many", "service=a&start=yesterday", "service=a&end=-5", "service=a&start=+5",
        "service=a&start=99999999999999999999999", "service=a&start=2000&end=1000", "service=a&minDuration=fast",
        "service=a&minDuration=-1s", "service=a&minDuration=1", "service=a&minDuration=2s&maxDuration=1s",
        "service=a&tag=nocolon", "service=a&tags=notjson", "service=a&tags=%5B%5D",
        "service=a&tags=%7B%22a%22:%5B%5D%7D",
        "service=a&tag=error:true&tag=otel.status_code:OK", "service=a&raw=perhaps", "traceID=xyz",
        "traceID=1&traceID=%27",
    ])
    func refusesAParameterThatCannotBeMeant(query: String) async throws {
        try await expectEnvelopeError("/api/traces?\(query)", 400)
    }

    @Test func aHugeLimitMeansTheLargest() async throws {
        try await withTraces { collector in
            let found7 = try await search(collector, "service=orders&limit=99999999999999999999")
            #expect(found7.count == 3)
        }
    }

    @Test func namesTheIdsThatAreNotStored() async throws {
        try await withTraces { collector in
            let id = TraceID.sample(1).hex
            let reply = try #require(try await collector.get("/api/traces?traceID=\(id)&traceID=77&traceID=\(id)"))
            #expect(reply.status == 200)
            let answer = try JSONValue.parse(reply.body)
            #expect(answer["data"]?.array?.count == 1)
            let problem = try #require(answer["errors"]?.array?.first)
            #expect(problem["traceID"] == .string("00000000000000000000000000000077"))
            #expect(problem["msg"] == .string("trace not found"))
        }
    }

    @Test func printsForPeopleWhereAsked() async throws {
        try await withTraces { collector in
            for word in ["true", "1", "yes"] {
                let reply = try await collector.get("/api/services?prettyPrint=\(word)")
                #expect(reply?.text.hasPrefix("{\n    \"data\": [\n        \"a/b c\",\n") == true)
            }
            for word in ["false", ""] {
                let reply = try await collector.get("/api/services?prettyPrint=\(word)")
                #expect(reply?.text.hasPrefix(#"{"data":["a/b c","#) == true)
            }
        }
    }

    // MARK: Search, version 3

    private let window = "query.startTimeMin=2026-01-02T00:00:00Z&query.startTimeMax=2026-01-03T00:00:00.5%2B00:00"

    @Test func theThirdVersionSearchesWithinItsWindow() async throws {
        try await withTraces { collector in
            let found = try await json(
                collector, "/api/v3/traces?\(window)&query.serviceName=orders&query.searchDepth=5")
            #expect(found["result"]?["resourceSpans"]?.array?.isEmpty == false)
            // Grafana leaves the + of an offset as it is; snake case is an alias.
            let snake = window.replacing("startTimeMin", with: "start_time_min").replacing("%2B", with: "+")
            let summaries = try await json(collector, "/api/v3/trace-summaries?\(snake)&query.service_name=orders")
            #expect(summaries["summaries"]?.array?.count == 3)
            let all = try await json(collector, "/api/v3/trace-summaries?\(window)")
            #expect(all["summaries"]?.array?.count == 4)
            let first = all["summaries"]?.array?.first { $0["traceId"]?.string == TraceID.sample(1).hex }
            #expect(first?["spanCount"] == .int(2))
            #expect(first?["orphanSpanCount"] == .int(1))
            #expect(first?["minStartTimeUnixNano"] == .string("1767323045000000000"))
        }
    }

    @Test func nothingFoundIs404ForTracesAndEmptyForSummaries() async throws {
        try await withTraces { collector in
            let traces = try #require(try await collector.get("/api/v3/traces?\(window)&query.serviceName=nobody"))
            #expect(traces.status == 404)
            #expect(traces.text == #"{"error":{"httpCode":404,"message":"No traces found"}}"#)
            let summaries = try await collector.get("/api/v3/trace-summaries?\(window)&query.serviceName=nobody")
            #expect(summaries?.text == #"{"summaries":[]}"#)
        }
    }

    @Test(arguments: [
        "", "query.startTimeMin=2026-01-02T00:00:00Z",
        "query.startTimeMin=2026-01-03T00:00:00Z&query.startTimeMax=2026-01-02T00:00:00Z",
        "query.startTimeMin=1&query.startTimeMax=2", "WINDOW&query.searchDepth=-1", "WINDOW&query.durationMin=x",
        "WINDOW&query.durationMin=2s&query.durationMax=1s", "WINDOW&query.attributes=x", "WINDOW&query.filter=%7B%7D",
    ])
    func theThirdVersionRefusesWhatCannotBeMeant(query: String) async throws {
        try await withTraces { collector in
            for path in ["/api/v3/traces", "/api/v3/trace-summaries"] {
                let reply = try #require(
                    try await collector.get("\(path)?\(query.replacing("WINDOW", with: window))"))
                #expect(reply.status == 400)
                #expect(reply.text.hasPrefix(#"{"error":{"httpCode":400,"message":"#))
            }
        }
    }

    // MARK: A store that fails

    @Test func aStoreThatFailsIsAnErrorAndNoEmptyList() async throws {
        try await RunningCollector.run(store: UnableStore()) { collector in
            let services = try #require(try await collector.get("/api/services"))
            #expect(services.status == 500)
            #expect(try JSONValue.parse(services.body)["errors"]?.array?.first?["code"] == .int(500))
            let search = try #require(try await collector.get("/api/traces?service=a"))
            #expect(search.status == 400)
        }
    }

    // MARK: Asking

    /// Trace 1: two spans, one with a rare attribute, its parent missing. 2: slow and failed. 3: without names.
    /// 4: a service with a slash.
    private func withTraces(
        now: Timestamp = .sample(ms: 60_000), _ body: @Sendable (RunningCollector) async throws -> Void
    ) async throws {
        var nameless = SpanRecord.sample(trace: 3, 4, service: "orders", name: "", kind: .unspecified, start: 2)
        nameless.traceID = .sample(3)
        var homeless = SpanRecord.sample(trace: 3, 5, start: 2)
        homeless.resource = Resource()
        let spans: [SpanRecord] = [
            .sample(
                trace: 1, 1, parent: 99, kind: .client,
                attributes: [Attribute("rare", .string("yes")), Attribute("url", .string("http://x:80/"))]),
            .sample(trace: 1, 2, parent: 1),
            .sample(trace: 2, 3, start: 1, duration: 2_000, status: SpanStatus(code: .error)), nameless, homeless,
            .sample(trace: 4, 6, service: "a/b c", name: "slash", start: 3),
        ]
        try await RunningCollector.run(configure: { $0.clock = WallClock { now } }) { collector in
            #expect(try await collector.post(OTLPEncoder.traces(spans))?.status == 200)
            try await body(collector)
        }
    }

    private func json(_ collector: RunningCollector, _ path: String) async throws -> JSONValue {
        let reply = try #require(try await collector.get(path))
        #expect(reply.status == 200, "\(path): \(reply.text)")
        return try JSONValue.parse(reply.body)
    }

    private func data(_ collector: RunningCollector, _ path: String) async throws -> JSONValue {
        try #require(try await json(collector, path)["data"])
    }

    /// The numbers of the traces found, and how many spans each has.
    private func search(_ collector: RunningCollector, _ query: String) async throws -> [UInt64: Int] {
        let traces = try #require(try await data(collector, "/api/traces?\(query)").array)
        return Dictionary(
            uniqueKeysWithValues: try traces.map { trace in
                let id = try #require(TraceID(hex: trace["traceID"]?.string ?? ""))
                return (id.low, trace["spans"]?.array?.count ?? 0)
            })
    }

    private func expectEnvelopeError(_ path: String, _ status: Int) async throws {
        try await withTraces { collector in
            let reply = try #require(try await collector.get(path))
            #expect(reply.status == status, "\(reply.text)")
            // JSON that says it is text, as Go sends errors.
            #expect(reply["content-type"] == "text/plain; charset=utf-8")
            let envelope = try JSONValue.parse(reply.body)
            #expect(envelope["data"] == .null)
            #expect(envelope["errors"]?.array?.first?["code"] == .int(Int64(status)))
            #expect(envelope["errors"]?.array?.first?["msg"]?.string?.isEmpty == false)
        }
    }
}
