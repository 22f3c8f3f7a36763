// SPDX-License-Identifier: Apache-2.0
// What Zipkin's clients ask and what they must be told, over a real socket: on the port of their own, and below /zipkin
// of the listener for questions.

import SondeModel
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct ZipkinAPITests {
    // MARK: Names

    @Test func listsNamesInLowerCaseOnceAndInOrder() async throws {
        try await withTraces { collector async throws in
            #expect(try await body(collector, "/services") == #"["gateway","orders","payments"]"#)
            #expect(try await body(collector, "/spans?serviceName=orders") == #"["get /orders","insert"]"#)
            #expect(try await body(collector, "/spans?serviceName=ORDERS") == #"["get /orders","insert"]"#)
            #expect(try await body(collector, "/spans?serviceName=nobody") == "[]")
            #expect(try await body(collector, "/spans?serviceName=") == "[]")
        }
    }

    @Test(arguments: ["/spans", "/spans?service=orders"])
    func aServiceMustBeNamed(path: String) async throws {
        try await expectSentence(path, 400)
    }

    // MARK: One trace

    @Test(arguments: ["5a5a0000000000000000000000000001", "5A5A0000000000000000000000000001"])
    func aTraceIsAnArrayOfItsSpans(id: String) async throws {
        try await withTraces { collector async throws in
            let reply = try #require(try await ask(collector, "/trace/\(id)"))
            #expect(reply.status == 200)
            #expect(reply["content-type"] == "application/json")
            let spans = try #require(try JSONValue.parse(reply.body).array)
            #expect(spans.map { $0["id"]?.string } == ["0000000000000001", "0000000000000002"])
            #expect(spans.allSatisfy { $0["traceId"] == .string("5a5a0000000000000000000000000001") })
            #expect(spans[0]["name"] == .string("checkout"))
            #expect(spans[0]["localEndpoint"]?["serviceName"] == .string("gateway"))
            #expect(spans[1]["remoteEndpoint"]?["serviceName"] == .string("ledger"))
            #expect(spans[1]["duration"] == .int(20_000))
        }
    }

    @Test func anIdOfSixtyFourBitsIsFoundAndShownWithSixteenDigits() async throws {
        try await withTraces { collector async throws in
            for id in ["000000000000abcd", "abcd", "0000000000000000000000000000abcd"] {
                let spans = try await json(collector, "/trace/\(id)").array
                #expect(spans?.first?["traceId"] == .string("000000000000abcd"), "\(id)")
            }
        }
    }

    @Test func aTraceThatIsNotStoredIs404InPlainText() async throws {
        try await withTraces { collector async throws in
            let reply = try #require(try await ask(collector, "/trace/1234"))
            #expect(reply.status == 404)
            #expect(reply["content-type"] == "text/plain; charset=utf-8")
            #expect(reply.text == "0000000000001234 not found\n")
        }
    }

    @Test(arguments: [
        "/trace/xyz", "/trace/0", "/trace/00000000000000000000000000000000", "/trace/5a5a00000000000000000000000000011",
        "/trace/%27;drop", "/trace/..%2f..%2fetc", "/trace/%00",
    ])
    func refusesWhatIsNoId(path: String) async throws {
        try await expectSentence(path, 400)
    }

    // MARK: Many traces

    @Test func severalTracesAreArraysInAnArrayAndUnknownOnesAreLeftOut() async throws {
        try await withTraces { collector async throws in
            let (one, two) = (TraceID.sample(1).hex, TraceID.sample(2).hex)
            let both = try await json(collector, "/traceMany?traceIds=\(one),\(two)").array
            #expect(both?.count == 2)
            #expect(both?.first?.array?.count == 2)
            #expect(try await json(collector, "/traceMany?traceIds=\(one),77").array?.count == 1)
            #expect(try await body(collector, "/traceMany?traceIds=76,77") == "[]")
        }
    }

    @Test(arguments: [
        "", "?traceIds=", "?traceIds=1", "?traceIds=1,1", "?traceIds=1,0001", "?traceIds=1,", "?traceIds=1,xyz",
        "?traceIds=,", "?traceIds=1,0",
    ])
    func refusesFewerThanTwoIdsTwiceTheSameAndMalformedOnes(query: String) async throws {
        try await expectSentence("/traceMany\(query)", 400)
    }

    // MARK: Search

    /// Numbers of the traces found, newest first.
    @Test(arguments: [
        ("", [3, 2, 1, 0xabcd]), ("serviceName=orders", [2, 1]), ("serviceName=Orders", [2, 1]),
        ("serviceName=nobody", []), ("serviceName=orders&spanName=insert", [2]),
        ("spanName=GET%20/orders", [1]), ("spanName=all", [3, 2, 1, 0xabcd]), ("spanName=nothing", []),
        ("remoteServiceName=ledger", [1]), ("remoteServiceName=LEDGER", [1]), ("remoteServiceName=led.er", []),
        ("remoteServiceName=l", []), ("serviceName=gateway&remoteServiceName=ledger", []),
        ("limit=1", [3]), ("limit=1000000000", [3, 2, 1, 0xabcd]), ("foo=bar&lookback=&limit=", [3, 2, 1, 0xabcd]),
    ])
    func findsWhatMeetsTheConditions(query: String, ids: [UInt64]) async throws {
        try await withTraces { collector async throws in
            let found = try await search(collector, query)
            #expect(found == ids)
        }
    }

    @Test(arguments: [
        // A tag; an annotation; a tag's name; of a resource too.
        ("http.method=GET", [1]), ("http.method=POST", []), ("cache%20miss", [1]), ("http.method", [1]),
        ("zone=b", [2]),
        // All must hold, and on one span.
        ("http.method=GET%20and%20cache%20miss", [1]), ("http.method=GET%20and%20zone=b", []),
        ("http.method=GET%20and%20entry", []), ("entry", [1]),
        // Numbers and truth values as text.
        ("http.status_code=500", [2]), ("http.status_code=5", []), ("retry=true", [2]),
        // The status that is shown as the tag "error".
        ("error", [2]), ("error=declined", [2]), ("error=other", []), ("otel.status_code=ERROR", [2]),
        // The last of two values wins; a word adds nothing to a value.
        ("http.method=POST%20and%20http.method=GET", [1]), ("http.method=POST%20and%20http.method", []),
        ("http.method%20=%20GET", [1]), ("%20and%20", [3, 2, 1, 0xabcd]), ("=x", [3, 2, 1, 0xabcd]),
    ])
    func oneSpanMeetsTheWholeAnnotationQuery(query: String, ids: [UInt64]) async throws {
        try await withTraces { collector async throws in
            let found = try await search(collector, "annotationQuery=\(query)")
            #expect(found == ids)
        }
    }

    @Test(arguments: [
        ("minDuration=20000", [2, 1]), ("minDuration=20001", [2]), ("minDuration=20000&maxDuration=20000", [1]),
        ("minDuration=1&maxDuration=20000", [3, 1, 0xabcd]),
        // Less than a microsecond counts as one.
        ("minDuration=1&maxDuration=1", [3]), ("minDuration=2&maxDuration=2", []),
        ("serviceName=gateway&minDuration=20001", []),
    ])
    func durationsAreMicrosecondsOfOneSpan(query: String, ids: [UInt64]) async throws {
        try await withTraces { collector async throws in
            let found = try await search(collector, query)
            #expect(found == ids)
        }
    }

    @Test func looksBackFromEndTsInMillisecondsADayUnlessToldOtherwise() async throws {
        let epoch = Timestamp.sampleEpoch.nanoseconds / 1_000_000
        try await withTraces { collector async throws in
            let cases: [(String, [UInt64])] = [
                ("endTs=\(epoch)", [0xabcd]), ("endTs=\(epoch + 1)", [1, 0xabcd]),
                ("endTs=\(epoch + 3)&lookback=1", [3, 2]), ("endTs=\(epoch + 3)&lookback=2", [3, 2, 1]),
                ("endTs=\(epoch + 86_400_001)", [3, 2, 1]), ("endTs=\(epoch - 1)", []),
                ("endTs=99999999999999999&lookback=99999999999999999", [3, 2, 1, 0xabcd]), ("endTs=1", []),
            ]
            for (query, ids) in cases {
                let found = try await search(collector, query)
                #expect(found == ids, "\(query)")
            }
        }
        try await withTraces(now: .sample(ms: 86_400_002)) { collector async throws in
            let found = try await search(collector, "")
            #expect(found == [3, 2])
        }
    }

    @Test(arguments: [
        "limit=0", "limit=-1", "limit=1e9", "limit=ten", "endTs=0", "endTs=-1", "endTs=now", "endTs=1.5", "lookback=0",
        "lookback=-5", "lookback=day", "minDuration=0", "minDuration=-1", "minDuration=5ms", "maxDuration=5",
        "minDuration=10&maxDuration=5", "minDuration=18446744073709551616", "endTs=+5",
    ])
    func refusesWhatCannotBeMeantWithASentence(query: String) async throws {
        try await expectSentence("/traces?\(query)", 400)
    }

    @Test func anEmptyStoreHasEmptyLists() async throws {
        try await RunningCollector.run(configure: { $0.listeners[.zipkin] = .loopback(0) }) { collector async throws in
            for path in ["/services", "/traces", "/spans?serviceName=a"] {
                #expect(try await body(collector, path) == "[]", "\(path)")
            }
        }
    }

    @Test func aStoreThatFailsIsAnErrorAndNoEmptyList() async throws {
        try await RunningCollector.run(
            store: UnableStore(), configure: { $0.listeners[.zipkin] = .loopback(0) },
            { collector async throws in
                let services = try #require(try await ask(collector, "/services"))
                #expect(services.status == 500)
                #expect(!services.text.isEmpty)
            })
    }

    // MARK: Where it is served

    @Test func theUserInterfaceFindsItBelowZipkinOnBothListeners() async throws {
        try await withTraces { collector async throws in
            for port in [collector.zipkinPort, collector.queryPort] {
                for path in ["/zipkin/api/v2/services", "/zipkin/config.json", "/zipkin/api/v2/traces"] {
                    let reply = try await collector.send("GET", path, to: port)
                    #expect(reply?.status == 200, "\(path)")
                }
            }
            #expect(try await collector.get("/api/v2/services")?.status == 404)
        }
    }

    /// The port takes spans, answers Zipkin's questions, and nothing else.
    @Test(arguments: ["/api/services", "/api/traces?service=a", "/sonde/v1/services", "/v1/traces", "/zipkin", "/"])
    func theirPortOpensNothingElse(path: String) async throws {
        try await withTraces { collector async throws in
            let reply = try await collector.send("GET", path, to: collector.zipkinPort)
            #expect(reply?.status == 404)
        }
    }

    @Test func tellsAboutItselfWhereZipkinsServerDoes() async throws {
        try await withTraces { collector async throws in
            func page(_ path: String) async throws -> JSONValue {
                let reply = try #require(try await collector.send("GET", path, to: collector.zipkinPort))
                #expect(reply.status == 200)
                return try JSONValue.parse(reply.body)
            }
            #expect(try await page("/health")["zipkin"]?["status"] == .string("UP"))
            #expect(try await page("/info")["zipkin"] != nil)
            let config = try await page("/config.json")
            #expect(config["queryLimit"] == .int(10))
            #expect(config["dependency"]?["enabled"] == .bool(true))
            let span = #"[{"traceId":"1","id":"2"},{"traceId":"no","id":"3"}]"#
            _ = try await collector.send("POST", "/api/v2/spans", body: Array(span.utf8), to: collector.zipkinPort)
            _ = try await collector.send("POST", "/api/v2/spans", body: Array("{".utf8), to: collector.zipkinPort)
            let metrics = try await page("/metrics")
            #expect(metrics["counter.zipkin_collector.messages.http"] == .int(2))
            #expect(metrics["counter.zipkin_collector.messages_dropped.http"] == .int(1))
            #expect(metrics["counter.zipkin_collector.spans.http"] == .int(2))
            #expect(metrics["counter.zipkin_collector.spans_dropped.http"] == .int(1))
            for path in ["/prometheus", "/actuator/prometheus"] {
                let page = try await collector.send("GET", path, to: collector.zipkinPort)
                #expect(page?.text.contains("\nsonde_records_accepted_total{") == true)
            }
        }
    }

    // MARK: Asking

    /// Trace 1: a gateway calls orders, which calls the ledger. 2: failed, of a service with capitals. 3: short.
    /// 0xabcd: an id of 64 bits.
    private func withTraces(
        now: Timestamp = .sample(ms: 60_000), _ body: @Sendable (RunningCollector) async throws -> Void
    ) async throws {
        var called = SpanRecord.sample(
            trace: 1, 2, parent: 1, service: "orders", name: "GET /orders", kind: .client, start: 1, duration: 20,
            attributes: [
                Attribute("http.method", .string("GET")), Attribute("peer.service", .string("Ledger")),
            ])
        called.events = [SpanEvent(time: .sample(ms: 2), name: "cache miss")]
        var entry = SpanRecord.sample(trace: 1, 1, service: "gateway", name: "Checkout", start: 1, duration: 10)
        entry.attributes = [Attribute("entry", .string("yes"))]
        var failed = SpanRecord.sample(
            trace: 2, 3, service: "Orders", name: "insert", start: 2, duration: 2_000,
            status: SpanStatus(code: .error, message: "declined"),
            attributes: [Attribute("http.status_code", .int(500)), Attribute("retry", .bool(true))])
        failed.resource.attributes.append(Attribute("zone", .string("b")))
        var short = SpanRecord.sample(trace: 3, 4, service: "payments", name: "tick", start: 3)
        short.end = short.start.advanced(byNanoseconds: 300)
        let old = SpanRecord(
            traceID: TraceID(high: 0, low: 0xabcd), spanID: SpanID(5), name: "old", kind: .internal,
            start: .sampleEpoch, end: .sample(ms: 1), resource: .sample("gateway"))
        let spans = [entry, called, failed, short, old]
        try await RunningCollector.run(configure: {
            $0.clock = WallClock { now }
            $0.listeners[.zipkin] = .loopback(0)
        }) { collector async throws in
            #expect(try await collector.post(OTLPEncoder.traces(spans))?.status == 200)
            try await body(collector)
        }
    }

    private func ask(_ collector: RunningCollector, _ path: String) async throws -> RawResponse? {
        try await collector.send("GET", "/api/v2\(path)", to: collector.zipkinPort)
    }

    private func body(_ collector: RunningCollector, _ path: String) async throws -> String {
        let reply = try #require(try await ask(collector, path))
        #expect(reply.status == 200, "\(path): \(reply.text)")
        return reply.text
    }

    private func json(_ collector: RunningCollector, _ path: String) async throws -> JSONValue {
        try JSONValue.parse(Array(try await body(collector, path).utf8))
    }

    private func search(_ collector: RunningCollector, _ query: String) async throws -> [UInt64] {
        let traces = try #require(try await json(collector, "/traces?\(query)").array)
        return try traces.map { spans in
            let id = try #require(spans.array?.first?["traceId"]?.string)
            return try #require(TraceID(padding: id)).low
        }
    }

    private func expectSentence(_ path: String, _ status: Int) async throws {
        try await withTraces { collector async throws in
            let reply = try #require(try await ask(collector, path))
            #expect(reply.status == status, "\(path): \(reply.text)")
            #expect(reply["content-type"] == "text/plain; charset=utf-8")
            #expect(reply.text.count > 10 && !reply.text.hasPrefix("{"), "\(reply.text)")
        }
    }
}
