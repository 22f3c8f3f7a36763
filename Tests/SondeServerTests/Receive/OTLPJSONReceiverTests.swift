// SPDX-License-Identifier: Apache-2.0
// OTLP in JSON over HTTP: what is not, the lenient rest, and answers in the encoding of the request.

import SondeModel
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct OTLPJSONReceiverTests {
    private let json = ["content-type": "application/json"]

    // MARK: Refused

    @Test(arguments: [
        "{", "[]", "nonsense", "\"text\"", #"{"resourceSpans":7}"#,
        #"{"resourceSpans":[{"scopeSpans":[{"spans":[7]}]}]}"#,
        #"{"resourceSpans":[]}}"#, "{\"resourceSpans\":[\u{0}]}",
    ])
    func answersWhatIsNotOTLPWith400InJSON(body: String) async throws {
        try await RunningCollector.run { collector in
            let reply = try #require(try await collector.post(Array(body.utf8), headers: json))
            #expect(reply.status == 400)
            #expect(reply["content-type"] == "application/json")
            let status = try JSONValue.parse(reply.body)
            #expect(status["code"] == .int(3))
            #expect(status["message"]?.string?.hasPrefix("cannot decode OTLP JSON body: ") == true, "\(reply.text)")
        }
    }

    @Test func hundredThousandLevelsAreRefusedAndTheNextRequestIsTaken() async throws {
        let store = MemoryStore()
        let deep = #"{"resourceSpans":"# + String(repeating: "[", count: 100_000)
        try await RunningCollector.run(store: store) { collector in
            let refused = try await collector.post(Array(deep.utf8), headers: json)
            #expect(refused?.status == 400)
            let taken = try await collector.post(OTLPJSON.traces([.sample(1)]), headers: json)
            #expect(taken?.status == 200)
            #expect(try await store.statistics().spans == 1)
        }
    }

    @Test func aBusyStoreIsAnsweredInJSONToo() async throws {
        let store = RefusingStore(.busy(reason: "the disk is full", retryAfter: .seconds(7)))
        try await RunningCollector.run(store: store) { collector in
            let reply = try #require(try await collector.post(OTLPJSON.traces([.sample(1)]), headers: json))
            #expect(reply.status == 503)
            #expect(reply["retry-after"] == "7")
            #expect(try JSONValue.parse(reply.body)["code"] == .int(14))
        }
    }

    @Test func textThatHasNoRoomBesideItsRecordsIsRefused() async throws {
        let body = OTLPJSON.traces((1...50).map { .sample($0) })
        try await RunningCollector.run(configure: { $0.limits.inFlightBytes = body.count + 100 }) { collector in
            let reply = try #require(try await collector.post(body, headers: json))
            #expect(reply.status == 503)
            #expect(reply["retry-after"] == "1")
            let smaller = try await collector.post(OTLPJSON.traces([.sample(1)]), headers: json)
            #expect(smaller?.status == 200)
        }
    }

    // MARK: Taken

    @Test(arguments: [false, true])
    func keepsEverythingThatJSONCanSay(isGzipped: Bool) async throws {
        let store = MemoryStore()
        let span = SpanRecord.sampleOfEverything().withoutUnknownFields
        let text = OTLPJSON.traces([span])
        let headers = json.merging(isGzipped ? ["content-encoding": "gzip"] : [:]) { $1 }
        try await RunningCollector.run(store: store) { collector in
            let reply = try #require(
                try await collector.post(isGzipped ? Gzip.compress(text) : text, headers: headers))
            #expect(reply.status == 200)
            #expect(reply["content-type"] == "application/json")
            #expect(reply.text == "{}")
            #expect(try await store.trace(span.traceID)?.spans == [span])
        }
    }

    @Test func takesLogs() async throws {
        let store = MemoryStore()
        try await RunningCollector.run(store: store) { collector in
            let reply = try #require(
                try await collector.post(OTLPJSON.logs([.sample("hello")]), path: "/v1/logs", headers: json))
            #expect(reply.text == "{}")
            #expect(try await store.logs(LogQuery()).logs == [.sample("hello")])
        }
    }

    @Test(arguments: ["/v1/traces", "/v1/logs", "/v1/metrics"], ["", "{}", "  {}\n"])
    func anEmptyRequestIsAFullSuccess(path: String, body: String) async throws {
        try await RunningCollector.run { collector in
            let reply = try #require(try await collector.post(Array(body.utf8), path: path, headers: json))
            #expect(reply.status == 200)
            #expect(reply.text == "{}")
        }
    }

    @Test func idsOfEitherCaseNumbersOfEitherFormAndUnknownFieldsAreTaken() async throws {
        let store = MemoryStore()
        let body = """
            {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"a"}}]},
             "scopeSpans":[{"scope":null,"new":{"x":[1]},"spans":[{"traceId":"5A5A0000000000000000000000000001",
             "spanId":"00000000000000aB","name":"n","kind":2,"startTimeUnixNano":1767323045000000000,
             "endTimeUnixNano":"1767323046000000000","attributes":[{"key":"i","value":{"intValue":"7"}},
             {"key":"j","value":{"intValue":8}}]}]}]}]}
            """
        try await RunningCollector.run(store: store) { collector in
            let reply = try await collector.post(Array(body.utf8), headers: json)
            #expect(reply?.text == "{}")
            let span = try #require(try await store.trace(.sample(1))?.spans.first)
            #expect(span.spanID == SpanID(0xab))
            #expect(span.durationNanoseconds == 1_000_000_000)
            #expect(span.attributes == [Attribute("i", .int(7)), Attribute("j", .int(8))])
        }
    }

    @Test func tellsInJSONHowManySpansWereRejectedAndKeepsTheOthers() async throws {
        let store = MemoryStore()
        let body = #"""
            {"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"zz","spanId":"00000000000000ab","name":"bad"},
             {"traceId":"5a5a0000000000000000000000000001","spanId":"00000000000000ab","name":"good"}]}]}]}
            """#
        try await RunningCollector.run(store: store) { collector in
            let reply = try #require(try await collector.post(Array(body.utf8), headers: json))
            #expect(reply.status == 200)
            let partial = try #require(try JSONValue.parse(reply.body)["partialSuccess"])
            #expect(partial["rejectedSpans"] == .string("1"))
            #expect(partial["errorMessage"]?.string?.isEmpty == false)
            #expect(try await store.statistics().spans == 1)
        }
    }

    @Test func countsDataPointsAndSaysWhereTheyBelong() async throws {
        let body = """
            {"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"m","gauge":{"dataPoints":[{"asInt":"1"},{"asInt":"2"}]}}]}]}]}
            """
        try await RunningCollector.run { collector in
            let reply = try #require(try await collector.post(Array(body.utf8), path: "/v1/metrics", headers: json))
            #expect(reply.status == 200)
            #expect(
                reply.text == """
                    {"partialSuccess":{"rejectedDataPoints":"2",\
                    "errorMessage":"metrics are not stored; let Prometheus scrape the service"}}
                    """)
        }
    }

    @Test func bothEncodingsOfOneSpanAreOneSpan() async throws {
        let store = MemoryStore()
        try await RunningCollector.run(store: store) { collector in
            let binary = try await collector.post(OTLPEncoder.traces([.sample(1)]))
            #expect(binary?.status == 200)
            let text = try await collector.post(
                OTLPJSON.traces([.sample(1)]), headers: ["content-type": "application/json; charset=utf-8"])
            #expect(text?.status == 200)
            #expect(try await store.trace(.sample(1))?.spans == [.sample(1)])
        }
    }
}
