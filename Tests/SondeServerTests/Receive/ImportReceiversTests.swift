// SPDX-License-Identifier: Apache-2.0
// What is imported at the listener of questions takes the road of everything else, and is refused in the API's words.

import SondeModel
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct ImportReceiversTests {
    private func post(
        _ collector: RunningCollector, _ path: String, _ body: [UInt8], type: String = "application/x-protobuf"
    ) async throws -> RawResponse {
        try #require(
            try await collector.send(
                "POST", "/sonde/v1/import/" + path, headers: ["content-type": type], body: body,
                to: collector.queryPort))
    }

    @Test func refusesInTheWordsOfTheAPI() async throws {
        try await RunningCollector.run { collector in
            let damaged = try await post(collector, "spans", [0x0A, 0x7F, 1, 2])
            #expect(damaged.status == 400)
            #expect(damaged.text.hasPrefix(#"{"error":{"code":"invalid","message":"cannot decode OTLP body"#))
            #expect(try await post(collector, "logs", [], type: "text/plain").status == 415)
            #expect(try await collector.get("/sonde/v1/import/spans")?.status == 405)
        }
        try await RunningCollector.run(store: RefusingStore(.busy(reason: "a full disk", retryAfter: .seconds(7)))) {
            let busy = try await post($0, "spans", OTLPEncoder.traces([.sample(1)]))
            #expect(busy.status == 503 && busy["retry-after"] == "7")
            #expect(busy.text.contains("a full disk"))
        }
    }

    @Test func whatIsTakenIsFoundAtOnce() async throws {
        try await RunningCollector.run { collector in
            #expect(try await post(collector, "spans", OTLPEncoder.traces([.sample(1)])).status == 200)
            #expect(try await post(collector, "logs", OTLPEncoder.logs([.sample("hello", trace: 1)])).status == 200)
            let trace = try #require(try await collector.get("/sonde/v1/traces/\(TraceID.sample(1))"))
            #expect(trace.status == 200)
            let logs = try #require(try await collector.get("/sonde/v1/logs?traceId=\(TraceID.sample(1))"))
            #expect(logs.text.contains("hello"))
            var nameless = SpanRecord.sample(2)
            nameless.spanID = .zero
            let partial = try await post(collector, "spans", OTLPEncoder.traces([nameless, .sample(3)]))
            #expect(try OTLPResponse(protobuf: partial.body, signal: .traces).rejectedCount == 1)
        }
    }
}
