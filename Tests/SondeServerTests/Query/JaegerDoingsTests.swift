// SPDX-License-Identifier: Apache-2.0
// What Jaeger's clients want done: a trace archived, a file shown.

import SondeModel
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct JaegerDoingsTests {
    private let id = TraceID.sample(1).hex

    // MARK: Archive

    @Test(arguments: [
        ("1234", 404), ("xyz", 400), ("5a5a0000000000000000000000000001?start=x", 400),
        ("5a5a0000000000000000000000000001?raw=x", 400),
    ])
    func whatIsNotStoredCannotBeArchived(path: String, status: Int) async throws {
        try await withTrace { collector, store async throws in
            let reply = try #require(try await collector.send("POST", "/api/archive/\(path)", to: collector.queryPort))
            #expect(reply.status == status)
            #expect(try JSONValue.parse(reply.body)["errors"]?.array?.first?["code"] == .int(Int64(status)))
            #expect(try await store.pins().isEmpty)
        }
    }

    @Test func archivingPinsAndKeepsTheNoteOfWhoeverPinnedFirst() async throws {
        try await withTrace { collector, store async throws in
            for _ in 0..<2 {
                let reply = try await collector.send("POST", "/api/archive/\(id)", to: collector.queryPort)
                #expect(reply?.text == #"{"data":[],"total":0,"limit":0,"offset":0,"errors":null}"#)
            }
            #expect(try await store.pins().map(\.note) == ["archived"])
            _ = try await store.pin(.sample(1), note: "slow")
            let again = try await collector.send("POST", "/api/archive/\(id)", to: collector.queryPort)
            #expect(again?.status == 200)
            #expect(try await store.pins().map(\.note) == ["slow"])
        }
    }

    @Test(arguments: [
        (["origin": "https://evil.example"], 403), (["sec-fetch-site": "cross-site"], 403),
        (["sec-fetch-site": "same-site", "origin": "http://127.0.0.1"], 403), (["origin": "null"], 403),
        (["origin": "http://127.0.0.1"], 200), (["sec-fetch-site": "same-origin", "origin": "http://jaeger"], 200),
        (["sec-fetch-site": "none"], 200), ([:], 200),
    ])
    func pagesOfOtherOriginsArchiveNothing(headers: [String: String], status: Int) async throws {
        try await withTrace { collector, store async throws in
            let reply = try await collector.send(
                "POST", "/api/archive/\(id)", headers: headers, to: collector.queryPort)
            #expect(reply?.status == status)
            #expect(try await store.pins().count == (status == 200 ? 1 : 0))
        }
    }

    // MARK: Transform

    @Test func showsOTLPWithoutStoringIt() async throws {
        let spans: [SpanRecord] = [.sample(trace: 8, 1), .sample(trace: 8, 2, parent: 1), .sample(trace: 9, 3)]
        try await withTrace { collector, store async throws in
            let reply = try #require(try await transform(OTLPJSON.traces(spans), collector))
            #expect(reply.status == 200)
            #expect(reply["content-type"] == "application/json")
            let traces = try #require(try JSONValue.parse(reply.body)["data"]?.array)
            #expect(traces.map { $0["traceID"]?.string } == [TraceID.sample(8).hex, TraceID.sample(9).hex])
            #expect(traces.map { $0["spans"]?.array?.count } == [2, 1])
            #expect(try await store.trace(.sample(8)) == nil)
            let empty = try await transform(Array(#"{"resourceSpans":[]}"#.utf8), collector)
            #expect(empty?.text == #"{"data":[],"total":0,"limit":0,"offset":0,"errors":null}"#)
        }
    }

    @Test(arguments: [
        "", "nonsense", "[]", "{", #"{"resourceSpans":7}"#,
        #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"zz","spanId":"1"}]}]}]}"#,
    ])
    func refusesWhatIsNoOTLP(body: String) async throws {
        try await withTrace { collector, _ async throws in
            let reply = try #require(try await transform(Array(body.utf8), collector))
            #expect(reply.status == 400, "\(reply.text)")
            let error = try JSONValue.parse(reply.body)["errors"]?.array?.first
            #expect(error?["msg"]?.string?.hasPrefix("cannot read the body as OTLP JSON: ") == true)
        }
    }

    @Test func aDocumentIsBounded() async throws {
        try await withTrace { collector, _ async throws in
            let body = [UInt8](repeating: UInt8(ascii: " "), count: ServerLimits.documentBytes + 1)
            let reply = try await transform(body, collector)
            #expect(reply?.status == 413)
        }
    }

    // MARK: Asking

    private func transform(_ body: [UInt8], _ collector: RunningCollector) async throws -> RawResponse? {
        try await collector.send(
            "POST", "/api/transform", headers: ["content-type": "application/json"], body: body,
            to: collector.queryPort)
    }

    private func withTrace(
        _ body: @Sendable (RunningCollector, MemoryStore) async throws -> Void
    ) async throws {
        let store = MemoryStore()
        try await RunningCollector.run(store: store) { collector async throws in
            #expect(try await collector.post(OTLPEncoder.traces([.sample(1), .sample(2, parent: 1)]))?.status == 200)
            try await body(collector, store)
        }
    }
}
