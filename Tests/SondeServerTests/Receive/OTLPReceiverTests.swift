// SPDX-License-Identifier: Apache-2.0
// The rules of OTLP over HTTP, over real sockets.

import SondeModel
import SondePipeline
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct OTLPReceiverTests {
    private let spans = OTLPEncoder.traces([.sample(1), .sample(2, parent: 1)])

    // MARK: What the sender got wrong

    @Test func answersUndecodableBytesWith400AndAStatusThatNamesThePlace() async throws {
        try await RunningCollector.run { collector in
            let reply = try #require(try await collector.post([0x0a, 0x7f, 1, 2]))
            #expect(reply.status == 400)
            #expect(reply["content-type"] == "application/x-protobuf")
            let status = try RPCStatus(protobuf: reply.body)
            #expect(status.code == 3)
            #expect(status.message.hasPrefix("cannot decode OTLP body: "))
        }
    }

    @Test(arguments: [
        "text/plain", "application/x-www-form-urlencoded", "application/x-protobufs", "application/jsonp",
    ])
    func refusesAForeignContentTypeAndNamesThoseItTakes(type: String) async throws {
        try await RunningCollector.run { collector in
            let reply = try #require(try await collector.post(spans, headers: ["content-type": type]))
            #expect(reply.status == 415)
            #expect(reply["content-type"] == "application/json")
            #expect(reply.text.contains("send application/x-protobuf or application/json"))
        }
    }

    @Test func refusesAMissingContentType() async throws {
        try await RunningCollector.run { collector in
            let reply = try #require(try await collector.send("POST", "/v1/traces", body: spans))
            #expect(reply.status == 415)
        }
    }

    @Test(arguments: ["br", "zstd", "gzip, gzip"])
    func refusesOtherContentEncodings(coding: String) async throws {
        try await RunningCollector.run { collector in
            let reply = try #require(try await collector.post(spans, headers: ["content-encoding": coding]))
            #expect(reply.status == 415)
            #expect(try RPCStatus(protobuf: reply.body).message.contains("gzip"))
        }
    }

    @Test(arguments: ["/v1/traces", "/v1/logs", "/v1/metrics"])
    func answersGETWith405AndNamesTheMethod(path: String) async throws {
        try await RunningCollector.run { collector in
            let reply = try #require(try await collector.send("GET", path))
            #expect(reply.status == 405)
            #expect(reply["allow"] == "POST")
        }
    }

    @Test(arguments: ["/", "/v1", "/v1/profiles", "/v1/traces/x", "/sonde/v1/services"])
    func answers404ElsewhereWithASentence(path: String) async throws {
        try await RunningCollector.run { collector in
            let reply = try #require(try await collector.post(spans, path: path))
            #expect(reply.status == 404)
            #expect(try RPCStatus(protobuf: reply.body).message.contains("nothing is served at \(path)"))
        }
    }

    @Test func tellsHowManySpansWereRejectedAndKeepsTheOthers() async throws {
        let store = MemoryStore()
        try await RunningCollector.run(store: store) { collector in
            var bad = SpanRecord.sample(9)
            bad.traceID = .zero
            let reply = try #require(try await collector.post(OTLPEncoder.traces([.sample(1), bad])))
            #expect(reply.status == 200)
            let response = try OTLPResponse(protobuf: reply.body, signal: .traces)
            #expect(response.rejectedCount == 1)
            #expect(!response.errorMessage.isEmpty)
            #expect(try await store.statistics().spans == 1)
        }
    }

    @Test func refusesMoreSpansThanOneBatchMayHold() async throws {
        try await RunningCollector.run(configure: { $0.admission.maxSpansPerBatch = 1 }) { collector in
            let reply = try #require(try await collector.post(spans))
            #expect(reply.status == 400)
            #expect(try RPCStatus(protobuf: reply.body).message.contains("the limit is 1"))
        }
    }

    // MARK: Size

    @Test func refusesADeclaredLengthOverTheLimitBeforeTheBodyIsSent() async throws {
        try await RunningCollector.run(configure: { $0.limits.maxBodyBytes = 1000 }) { collector in
            try await RawConnection.open(port: collector.otlpPort) { connection in
                try await connection.send(
                    RunningCollector.text(
                        "POST", "/v1/traces", headers: ["content-type": "application/x-protobuf"], length: 100_000_000))
                let reply = try #require(try await connection.response())
                #expect(reply.status == 413)
                #expect(reply["connection"] == "close")
                #expect(try RPCStatus(protobuf: reply.body).message.contains("the limit is 1000"))
                #expect(try await connection.isClosed())
            }
        }
    }

    @Test func refusesAChunkedBodyAsSoonAsItPassesTheLimit() async throws {
        try await RunningCollector.run(configure: { $0.limits.maxBodyBytes = 1000 }) { collector in
            try await RawConnection.open(port: collector.otlpPort) { connection in
                try await connection.send(chunkedHead)
                try await connection.send("400\r\n" + String(repeating: "x", count: 1024) + "\r\n")
                let reply = try #require(try await connection.response())
                #expect(reply.status == 413)
                #expect(reply["connection"] == "close")
            }
            let page = try #require(try await collector.get("/metrics"))
            #expect(page.text.contains(#"sonde_ingest_requests_refused_total{reason="too_large",signal="spans"} 1"#))
        }
    }

    @Test func refusesABodyThatIsTooLargeAfterInflation() async throws {
        let bomb = Gzip.compress([UInt8](repeating: 0, count: 4 << 20))
        #expect(bomb.count < 100_000)
        try await RunningCollector.run(configure: { $0.limits.maxBodyBytes = 1 << 20 }) { collector in
            let reply = try #require(try await collector.post(bomb, headers: ["content-encoding": "gzip"]))
            #expect(reply.status == 413)
            #expect(try RPCStatus(protobuf: reply.body).message.contains("after inflation"))
        }
    }

    @Test func aGzipBodyThatLiesAboutItsLengthIsStillHeldToTheLimit() async throws {
        // Two members: the last one says 1 byte, the first one holds four million.
        let bomb = Gzip.compress([UInt8](repeating: 0, count: 4 << 20)) + Gzip.compress([0])
        try await RunningCollector.run(configure: { $0.limits.maxBodyBytes = 1 << 20 }) { collector in
            let reply = try #require(try await collector.post(bomb, headers: ["content-encoding": "gzip"]))
            #expect(reply.status == 413)
        }
    }

    @Test func refusesCorruptGzip() async throws {
        var body = Gzip.compress(spans)
        body[body.count / 2] ^= 0xff
        try await RunningCollector.run { [body] collector in
            let reply = try #require(try await collector.post(body, headers: ["content-encoding": "gzip"]))
            #expect(reply.status == 400)
            #expect(try RPCStatus(protobuf: reply.body).message.hasPrefix("cannot inflate the gzip body"))
        }
    }

    @Test func refusesTruncatedGzip() async throws {
        let body = Array(Gzip.compress(spans).dropLast(9))
        try await RunningCollector.run { collector in
            let reply = try #require(try await collector.post(body, headers: ["content-encoding": "gzip"]))
            #expect(reply.status == 400)
        }
    }

    // MARK: What the world got wrong

    @Test func aBusyStoreIsAnsweredWith503AndRetryAfter() async throws {
        let store = RefusingStore(.busy(reason: "the disk is full", retryAfter: .milliseconds(2500)))
        try await RunningCollector.run(store: store) { collector in
            let reply = try #require(try await collector.post(spans))
            #expect(reply.status == 503)
            #expect(reply["retry-after"] == "3")
            let status = try RPCStatus(protobuf: reply.body)
            #expect(status.code == 14)
            #expect(status.message.contains("the disk is full"))
        }
    }

    @Test func aBrokenStoreNeverMakesASenderDropItsData() async throws {
        try await RunningCollector.run(store: RefusingStore(.failed(reason: "file is damaged"))) { collector in
            let reply = try #require(try await collector.post(OTLPEncoder.logs([.sample("hello")]), path: "/v1/logs"))
            #expect(reply.status == 503)
            #expect(reply["retry-after"] == "30")
        }
    }

    @Test func whatAStoreRejectsForGoodIsAnsweredWith400() async throws {
        try await RunningCollector.run(store: RefusingStore(.rejected(reason: "too old"))) { collector in
            let reply = try #require(try await collector.post(spans))
            #expect(reply.status == 400)
            #expect(try RPCStatus(protobuf: reply.body).message == "cannot store: too old")
        }
    }

    @Test func aBodyThatDoesNotFitIntoMemoryIsRefusedBeforeItIsRead() async throws {
        try await RunningCollector.run(configure: { $0.limits.inFlightBytes = 1000 }) { collector in
            try await RawConnection.open(port: collector.otlpPort) { connection in
                try await connection.send(
                    RunningCollector.text(
                        "POST", "/v1/traces", headers: ["content-type": "application/x-protobuf"], length: 5_000_000))
                let reply = try #require(try await connection.response())
                #expect(reply.status == 503)
                #expect(reply["retry-after"] == "1")
                #expect(reply["connection"] == "close")
            }
            // What fits is still taken: nothing was leaked.
            #expect(try await collector.post(spans)?.status == 200)
        }
    }

    @Test func anInflatedBodyThatDoesNotFitIntoMemoryIsRefused() async throws {
        let body = Gzip.compress(OTLPEncoder.traces((1...2000).map { .sample($0) }))
        try await RunningCollector.run(configure: { $0.limits.inFlightBytes = body.count + 1000 }) { collector in
            let reply = try #require(try await collector.post(body, headers: ["content-encoding": "gzip"]))
            #expect(reply.status == 503)
        }
    }

    // MARK: What is taken

    @Test func storesSpansBeforeItAnswers() async throws {
        let store = MemoryStore()
        try await RunningCollector.run(store: store) { collector in
            let reply = try #require(try await collector.post(spans))
            #expect(reply.status == 200)
            #expect(reply["content-type"] == "application/x-protobuf")
            #expect(reply.body == [])
            #expect(try await store.trace(.sample(1))?.spans == [.sample(1), .sample(2, parent: 1)])
        }
    }

    @Test func storesLogs() async throws {
        let store = MemoryStore()
        try await RunningCollector.run(store: store) { collector in
            let reply = try #require(try await collector.post(OTLPEncoder.logs([.sample("hello")]), path: "/v1/logs"))
            #expect(reply.status == 200)
            #expect(try await store.logs(LogQuery()).logs == [.sample("hello")])
        }
    }

    @Test(arguments: ["/v1/traces", "/v1/logs", "/v1/metrics"])
    func anEmptyBodyIsAnEmptyRequest(path: String) async throws {
        try await RunningCollector.run { collector in
            let plain = try await collector.post([], path: path)
            #expect(plain?.status == 200)
            let gzipped = try await collector.post([], path: path, headers: ["content-encoding": "gzip"])
            #expect(gzipped?.status == 200)
        }
    }

    @Test(arguments: ["gzip", "GZIP", "identity"])
    func takesGzipAndIdentity(coding: String) async throws {
        let store = MemoryStore()
        let body = coding == "identity" ? spans : Gzip.compress(spans)
        try await RunningCollector.run(store: store) { collector in
            let reply = try await collector.post(body, headers: ["content-encoding": coding])
            #expect(reply?.status == 200)
            #expect(try await store.statistics().spans == 2)
        }
    }

    @Test func takesConcatenatedGzipMembers() async throws {
        let store = MemoryStore()
        let body = Gzip.compress(OTLPEncoder.traces([.sample(1)])) + Gzip.compress(OTLPEncoder.traces([.sample(2)]))
        try await RunningCollector.run(store: store) { collector in
            let reply = try await collector.post(body, headers: ["content-encoding": "gzip"])
            #expect(reply?.status == 200)
            #expect(try await store.statistics().spans == 2)
        }
    }

    @Test func toleratesParametersOfTheContentType() async throws {
        try await RunningCollector.run { collector in
            let type = ["content-type": "Application/X-Protobuf; charset=utf-8"]
            let reply = try await collector.post(spans, headers: type)
            #expect(reply?.status == 200)
        }
    }

    @Test func takesChunkedBodies() async throws {
        let store = MemoryStore()
        try await RunningCollector.run(store: store) { collector in
            try await RawConnection.open(port: collector.otlpPort) { connection in
                try await connection.send(chunkedHead)
                for byte in spans { try await connection.send("1\r\n".utf8 + [byte] + "\r\n".utf8) }
                try await connection.send("0\r\n\r\n")
                #expect(try await connection.response()?.status == 200)
            }
            #expect(try await store.statistics().spans == 2)
        }
    }

    @Test func aResentExportDoesNotDouble() async throws {
        let store = MemoryStore()
        try await RunningCollector.run(store: store) { collector in
            for _ in 0..<2 {
                let reply = try await collector.post(spans)
                #expect(reply?.status == 200)
            }
            #expect(try await store.trace(.sample(1))?.spans.count == 2)
        }
    }

    @Test func metricsAreCountedAndTheirSenderIsTold() async throws {
        // ResourceMetrics ▸ ScopeMetrics ▸ Metric ▸ Gauge ▸ two empty data points.
        let body: [UInt8] = [0x0a, 0x0a, 0x12, 0x08, 0x12, 0x06, 0x2a, 0x04, 0x0a, 0x00, 0x0a, 0x00]
        try await RunningCollector.run { collector in
            let reply = try #require(try await collector.post(body, path: "/v1/metrics"))
            #expect(reply.status == 200)
            let response = try OTLPResponse(protobuf: reply.body, signal: .metrics)
            #expect(response.rejectedCount == 2)
            #expect(response.errorMessage == "metrics are not stored; let Prometheus scrape the service")
        }
    }

    private var chunkedHead: String {
        "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\n"
            + "transfer-encoding: chunked\r\n\r\n"
    }
}
