// SPDX-License-Identifier: Apache-2.0
// Zipkin's door: what is no span list is refused in words, what is one is stored before it is answered.

import SondeModel
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct ZipkinReceiverTests {
    private let shared = #"""
        [{"traceId":"5a5a000000000001","id":"000000000000000a","name":"get","kind":"CLIENT","timestamp":1767323045000000,
          "duration":20000,"localEndpoint":{"serviceName":"gateway"},"tags":{"http.path":"/"}},
         {"traceId":"5a5a000000000001","id":"000000000000000a","name":"get","kind":"SERVER","shared":true,
          "timestamp":1767323045005000,"duration":10000,"localEndpoint":{"serviceName":"orders"}}]
        """#
    /// `ListOfSpans` of one `Span`: trace_id 1, id 3, kind SERVER 4, name 5, timestamp 6, duration 7, local endpoint 8.
    private let protobuf: [UInt8] =
        [0x0a, 0x36]
        + [0x0a, 0x10, 0x5a, 0x5a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
        + [0x1a, 0x08, 0, 0, 0, 0, 0, 0, 0, 7] + [0x20, 0x02]
        + [0x2a, 0x03] + Array("get".utf8)
        + [0x31] + withUnsafeBytes(of: UInt64(1_767_323_045_000_000).littleEndian) { Array($0) }
        + [0x38, 0x0a] + [0x42, 0x06, 0x0a, 0x04] + Array("shop".utf8)

    // MARK: Refused

    @Test(arguments: ["{", "{}", "[1]", "nonsense", #"[{"traceId":"xyz","id":"1"}]"#, "[[[[[["])
    func answersWhatIsNoListOfSpansWith400AndASentence(body: String) async throws {
        try await withCollector { collector, _ in
            let reply = try #require(try await post(Array(body.utf8), to: collector))
            #expect(reply.status == 400)
            #expect(reply["content-type"] == "text/plain; charset=utf-8")
            #expect(reply.text.hasPrefix("cannot decode Zipkin JSON body: "), "\(reply.text)")
        }
    }

    @Test func answersBrokenProtobufWith400() async throws {
        try await withCollector { collector, store in
            let reply = try await post(Array(protobuf.dropLast()), type: "application/x-protobuf", to: collector)
            #expect(reply?.status == 400)
            #expect(try await store.statistics().spans == 0)
        }
    }

    @Test(arguments: ["application/x-thrift", "text/plain", "application/x-www-form-urlencoded"])
    func refusesAForeignContentTypeAndNamesThoseItTakes(type: String) async throws {
        try await withCollector { collector, _ in
            let reply = try #require(try await post(Array(shared.utf8), type: type, to: collector))
            #expect(reply.status == 415)
            #expect(reply.text.contains("application/json or application/x-protobuf"))
        }
    }

    /// As `navigator.sendBeacon` and `fetch` in the mode `no-cors` send it.
    @Test func aPageThatNamesNoContentTypeIsRefused() async throws {
        try await withCollector { collector, store in
            let reply = try #require(
                try await collector.send(
                    "POST", "/api/v2/spans", headers: ["origin": "https://evil.example"], body: Array(shared.utf8),
                    to: collector.zipkinPort))
            #expect(reply.status == 415)
            #expect(reply.text.contains("from a web page"))
            #expect(try await store.statistics().spans == 0)
        }
    }

    @Test(arguments: ["/api/v2/trace", "/zipkin", "/api/v1/spans", "/"])
    func answersUnknownPathsWith404AndASentence(path: String) async throws {
        try await withCollector { collector, _ in
            let reply = try #require(try await collector.send("GET", path, to: collector.zipkinPort))
            #expect(reply.status == 404)
            #expect(reply.text.hasPrefix("nothing is served at \(path)"))
        }
    }

    @Test func aBusyStoreIsAnsweredWith503AndRetryAfter() async throws {
        let store = RefusingStore(.busy(reason: "the disk is full", retryAfter: .seconds(5)))
        try await RunningCollector.run(store: store, configure: { $0.listeners[.zipkin] = .loopback(0) }) { collector in
            let reply = try #require(try await post(Array(shared.utf8), to: collector))
            #expect(reply.status == 503)
            #expect(reply["retry-after"] == "5")
            #expect(reply.text == "cannot store now: the disk is full\n")
        }
    }

    // MARK: Taken

    @Test func oneBadSpanCostsItselfOnlyAndIsCountedAndNamed() async throws {
        try await withCollector { collector, store in
            let bad = shared.replacing("[{", with: #"[{"traceId":"xyz"},{"#, maxReplacements: 1)
            let reply = try #require(try await post(Array(bad.utf8), to: collector))
            #expect(reply.status == 202)
            #expect(reply.text.hasPrefix("1 spans were left out; the first: span 0 expected 1 to 32 hex digits"))
            #expect(try await store.statistics().spans == 2)
            let page = try #require(try await collector.get("/metrics")).text
            #expect(page.contains("sonde_records_rejected_total{reason=\"invalid\",signal=\"spans\"} 1\n"))
        }
    }

    @Test func aSpanThatSaysNothingOfTimeBeginsOnArrival() async throws {
        let store = MemoryStore()
        try await RunningCollector.run(
            store: store,
            configure: {
                $0.listeners[.zipkin] = .loopback(0)
                $0.clock = WallClock { .sampleEpoch }
            }
        ) { collector in
            let reply = try await post(Array(#"[{"traceId":"7","id":"7"}]"#.utf8), to: collector)
            #expect(reply?.status == 202)
            let trace = try await store.trace(TraceID(high: 0, low: 7))
            #expect(trace?.spans.map(\.start) == [.sampleEpoch])
        }
    }

    @Test func keepsBothHalvesOfASharedSpan() async throws {
        try await withCollector { collector, store in
            let reply = try #require(try await post(Array(shared.utf8), to: collector))
            #expect(reply.status == 202)
            #expect(reply.body == [])
            let trace = try #require(try await store.trace(TraceID(high: 0, low: 0x5a5a_0000_0000_0001)))
            #expect(trace.spans.map(\.kind) == [.client, .server])
            #expect(trace.spans.map(\.resource.serviceName) == ["gateway", "orders"])
            #expect(trace.spans[0].durationNanoseconds == 20_000_000)
        }
    }

    @Test(arguments: ["application/json; charset=utf-8", nil], [false, true])
    func takesJSONPlainAndGzippedAndWhereNothingIsSaid(type: String?, isGzipped: Bool) async throws {
        let body = isGzipped ? Gzip.compress(Array(shared.utf8)) : Array(shared.utf8)
        try await withCollector { collector, store in
            let reply = try await post(body, type: type, isGzipped: isGzipped, to: collector)
            #expect(reply?.status == 202)
            #expect(try await store.statistics().spans == 2)
        }
    }

    @Test func takesProtobuf() async throws {
        try await withCollector { collector, store in
            let reply = try #require(try await post(protobuf, type: "application/x-protobuf", to: collector))
            #expect(reply.status == 202, "\(reply.text)")
            let span = try #require(try await store.trace(.sample(1))?.spans.first)
            #expect(span.spanID == SpanID(7))
            #expect(span.kind == .server)
            #expect(span.resource.serviceName == "shop")
        }
    }

    @Test(arguments: ["", "[]"])
    func anEmptyListIsTaken(body: String) async throws {
        try await withCollector { collector, _ in
            let reply = try await post(Array(body.utf8), to: collector)
            #expect(reply?.status == 202)
        }
    }

    @Test func whatIsSentTwiceIsThereOnce() async throws {
        try await withCollector { collector, store in
            for _ in 0..<2 {
                let reply = try await post(Array(shared.utf8), to: collector)
                #expect(reply?.status == 202)
            }
            #expect(try await store.trace(TraceID(high: 0, low: 0x5a5a_0000_0000_0001))?.spans.count == 2)
        }
    }

    @Test func isHealthyWhereZipkinsClientsLook() async throws {
        try await withCollector { collector, _ in
            let reply = try await collector.send("GET", "/health", to: collector.zipkinPort)
            #expect(
                reply?.text
                    == #"{"status":"UP","zipkin":{"status":"UP","details":{"Sonde":{"status":"UP"}}}}"#)
        }
    }

    private func withCollector(_ body: @Sendable (RunningCollector, MemoryStore) async throws -> Void) async throws {
        let store = MemoryStore()
        try await RunningCollector.run(store: store, configure: { $0.listeners[.zipkin] = .loopback(0) }) { collector in
            try await body(collector, store)
        }
    }

    private func post(
        _ body: [UInt8], type: String? = "application/json", isGzipped: Bool = false, to collector: RunningCollector
    ) async throws -> RawResponse? {
        var headers: [String: String] = [:]
        if let type { headers["content-type"] = type }
        if isGzipped { headers["content-encoding"] = "gzip" }
        return try await collector.send(
            "POST", "/api/v2/spans", headers: headers, body: body, to: collector.zipkinPort)
    }
}
