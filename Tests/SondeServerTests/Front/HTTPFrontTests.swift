// SPDX-License-Identifier: Apache-2.0
// What a listener does with peers that are slow, wrong, impolite or merely old.

import SondeModel
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct HTTPFrontTests {
    private let spans = OTLPEncoder.traces([.sample(1)])

    // MARK: Malformed

    @Test(arguments: [
        "GET / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-length: minus one\r\n\r\n",
        "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999999999999999999\r\n\r\n",
        "POST /v1/traces HTTP/1.1\r\nhost : localhost\r\n\r\n", "nonsense\r\n\r\n", "GET / HTTP/3.7\r\n\r\n",
    ])
    func answersWhatIsNotHTTPWith400AndHangsUp(request: String) async throws {
        try await RunningCollector.run { collector in
            try await RawConnection.open(port: collector.otlpPort) { connection in
                try await connection.send(request)
                let reply = try #require(try await connection.response())
                #expect(reply.status == 400)
                #expect(reply["connection"] == "close")
                #expect(try await connection.isClosed())
            }
            let alive = try await collector.send("GET", "/health/live")
            #expect(alive?.status == 200)
        }
    }

    @Test func refusesAMalformedChunkInTheMiddleOfABody() async throws {
        try await RunningCollector.run { collector in
            try await RawConnection.open(port: collector.otlpPort) { connection in
                try await connection.send(head("transfer-encoding: chunked") + "5\r\nabcde\r\nnot hex\r\n")
                let reply = try #require(try await connection.response())
                #expect(reply.status == 400)
                #expect(try await connection.isClosed())
            }
        }
    }

    @Test func storesNothingOfABodyThatEndsEarly() async throws {
        let store = MemoryStore()
        try await RunningCollector.run(store: store) { collector in
            try await RawConnection.open(port: collector.otlpPort) { connection in
                try await connection.send(head("content-length: 1000"))
                try await connection.send(spans)
                try await connection.finishSending()
                let reply = try await connection.response()
                #expect(reply?.status == 400)
            }
            let statistics = try await store.statistics()
            #expect(statistics.spans == 0)
        }
    }

    @Test func refusesHeadersThatAreTooLong() async throws {
        try await RunningCollector.run { collector in
            try await RawConnection.open(port: collector.otlpPort) { connection in
                try await connection.send(
                    "GET / HTTP/1.1\r\nhost: localhost\r\nx: " + String(repeating: "x", count: 20_000) + "\r\n\r\n")
                let reply = try #require(try await connection.response())
                #expect(reply.status == 431)
                #expect(reply["connection"] == "close")
            }
        }
    }

    @Test func refusesTooManyHeaders() async throws {
        let headers = (0..<200).map { "x\($0): y\r\n" }.joined()
        try await RunningCollector.run { collector in
            try await RawConnection.open(port: collector.otlpPort) { connection in
                try await connection.send("GET /health/live HTTP/1.1\r\nhost: localhost\r\n\(headers)\r\n")
                let reply = try #require(try await connection.response())
                #expect(reply.status == 431)
            }
        }
    }

    @Test func refusesAPathWithABrokenEscape() async throws {
        try await RunningCollector.run { collector in
            let reply = try #require(try await collector.get("/sonde/v1/services/%zz/operations"))
            #expect(reply.status == 400)
            #expect(reply.text.contains("two hex digits"))
        }
    }

    // MARK: Slow

    @Test func aBodyThatDripsIsCutOffAtTheDeadline() async throws {
        try await RunningCollector.run(configure: { $0.limits.requestDeadline = .milliseconds(50) }) { collector in
            try await RawConnection.open(port: collector.otlpPort) { connection in
                try await connection.send(head("content-length: 1000"))
                try await connection.send("a")
                let reply = try #require(try await connection.response())
                #expect(reply.status == 408)
                #expect(reply["connection"] == "close")
                #expect(try await connection.isClosed())
            }
        }
    }

    @Test func aConnectionThatSaysNothingIsClosed() async throws {
        try await RunningCollector.run(configure: { $0.limits.idleTimeout = .milliseconds(50) }) { collector in
            let isClosed = try await RawConnection.open(port: collector.otlpPort) { try await $0.isClosed() }
            #expect(isClosed)
        }
    }

    // MARK: Refused before the body is read

    @Test func aRefusedUploadIsReadNoFurtherThanItsBound() async throws {
        let limits: @Sendable (inout CollectorConfiguration) -> Void = {
            $0.limits.maxBodyBytes = 1000
            $0.limits.lingerBytes = 10_000
            $0.limits.lingerTime = .seconds(3600)
        }
        try await RunningCollector.run(configure: limits) { collector in
            try await RawConnection.open(port: collector.otlpPort) { connection in
                try await connection.send(head("content-length: 100000000"))
                #expect(try await connection.response()?.status == 413)
                // Past the bound the peer hangs up, although its time is not over.
                #expect(try await connection.canSendForever([UInt8](repeating: 0, count: 11_000)) == false)
            }
        }
    }

    @Test func aRefusedUploadThatStaysSilentIsHungUpOn() async throws {
        let limits: @Sendable (inout CollectorConfiguration) -> Void = {
            $0.limits.maxBodyBytes = 1000
            $0.limits.lingerTime = .milliseconds(50)
        }
        try await RunningCollector.run(configure: limits) { collector in
            try await RawConnection.open(port: collector.otlpPort) { connection in
                try await connection.send(head("content-length: 100000000"))
                #expect(try await connection.response()?.status == 413)
                #expect(try await connection.isClosed())
            }
        }
    }

    @Test func aRefusedShortBodyIsDrainedAndTheConnectionLivesOn() async throws {
        try await RunningCollector.run { collector in
            try await RawConnection.open(port: collector.otlpPort) { connection in
                try await connection.send(
                    "POST /nowhere HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\nhello"
                        + "GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n")
                let refused = try #require(try await connection.response())
                #expect(refused.status == 404)
                #expect(refused["connection"] == nil)
                #expect(try await connection.response()?.status == 200)
            }
        }
    }

    @Test func bodiesThatAreAnnouncedAndNeverComeKeepNobodyOut() async throws {
        try await RunningCollector.run { collector in
            try await announce([16, 16, 8], to: collector) {
                let reply = try await collector.post(spans)
                #expect(reply?.status == 200)
            }
        }
    }

    /// Runs `body` while requests wait that have announced so many MiB and have been told to send them.
    private func announce(
        _ sizes: [Int], to collector: RunningCollector, _ body: () async throws -> Void
    ) async throws {
        guard let size = sizes.first else { return try await body() }
        try await RawConnection.open(port: collector.otlpPort) { connection in
            try await connection.send(head("content-length: \(size << 20)\r\nexpect: 100-continue"))
            #expect(try await connection.response()?.status == 100)
            try await announce(Array(sizes.dropFirst()), to: collector, body)
        }
    }

    // MARK: Expect: 100-continue

    @Test func tellsAWaitingPeerToGoOn() async throws {
        try await RunningCollector.run { collector in
            try await RawConnection.open(port: collector.otlpPort) { connection in
                try await connection.send(head("content-length: \(spans.count)\r\nexpect: 100-continue"))
                #expect(try await connection.response()?.status == 100)
                try await connection.send(spans)
                #expect(try await connection.response()?.status == 200)
            }
        }
    }

    @Test func refusesAWaitingPeerWithoutAskingForItsBody() async throws {
        try await RunningCollector.run { collector in
            try await RawConnection.open(port: collector.otlpPort) { connection in
                try await connection.send(
                    "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/plain\r\n"
                        + "content-length: 5\r\nexpect: 100-continue\r\n\r\n")
                let reply = try #require(try await connection.response())
                #expect(reply.status == 415)
                #expect(reply["connection"] == "close")
                #expect(try await connection.isClosed())
            }
        }
    }

    @Test func refusesOtherExpectations() async throws {
        try await RunningCollector.run { collector in
            let reply = try await collector.post(spans, headers: ["expect": "miracles"])
            #expect(reply?.status == 417)
        }
    }

    // MARK: Connections

    @Test func servesPipelinedRequestsInOrder() async throws {
        try await RunningCollector.run { collector in
            try await RawConnection.open(port: collector.otlpPort) { connection in
                let request = [UInt8](head("content-length: \(spans.count)").utf8) + spans
                let missing = [UInt8]("GET /missing HTTP/1.1\r\nhost: localhost\r\n\r\n".utf8)
                try await connection.send(request + missing + request)
                #expect(try await connection.response()?.status == 200)
                #expect(try await connection.response()?.status == 404)
                #expect(try await connection.response()?.status == 200)
            }
        }
    }

    @Test func aConnectionTooManyWaitsUntilAnotherEnds() async throws {
        try await RunningCollector.run(configure: { $0.limits.maxConnections = 1 }) { collector in
            let (answered, answer) = AsyncStream.makeStream(of: Int?.self)
            try await withThrowingTaskGroup(of: Void.self) { group in
                try await RawConnection.open(port: collector.otlpPort) { first in
                    try await first.send("GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n")
                    #expect(try await first.response()?.status == 200)
                    group.addTask {
                        try await RawConnection.open(port: collector.otlpPort) { second in
                            try await second.send("GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n")
                            answer.yield(try await second.response()?.status)
                        }
                    }
                    // The first is served on while the second waits.
                    for _ in 0..<20 {
                        try await first.send("GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n")
                        #expect(try await first.response()?.status == 200)
                    }
                    let page = try #require(try await collector.get("/metrics"))
                    #expect(page.text.contains("sonde_http_connections{listener=\"otlp-http\"} 1\n"))
                }
                #expect(await answered.first { _ in true } == 200)
                try await group.waitForAll()
            }
        }
    }

    @Test func hangsUpWhenThePeerAsksForIt() async throws {
        try await RunningCollector.run { collector in
            try await RawConnection.open(port: collector.otlpPort) { connection in
                try await connection.send(head("content-length: \(spans.count)\r\nconnection: foo, Close"))
                try await connection.send(spans)
                let reply = try #require(try await connection.response())
                #expect(reply.status == 200)
                #expect(reply["connection"] == "close")
                #expect(try await connection.isClosed())
            }
        }
    }

    /// As `curl --http2` and Java's client offer it: the decoder reads nothing behind such a request.
    @Test(arguments: [
        "connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__",
        "upgrade: websocket\r\nconnection: keep-alive, upgrade", "upgrade: h2c",
    ])
    func anOfferOfAnotherProtocolIsAnsweredInHTTP1AndEndsTheConnection(offer: String) async throws {
        try await RunningCollector.run { collector in
            try await RawConnection.open(port: collector.otlpPort) { connection in
                try await connection.send(head("content-length: \(spans.count)\r\n\(offer)"))
                try await connection.send(spans)
                let reply = try #require(try await connection.response())
                #expect(reply.status == 200)
                #expect(reply["connection"] == "close")
                #expect(try await connection.isClosed())
            }
        }
    }

    @Test func aTunnelIsRefusedAndHungUpOn() async throws {
        try await RunningCollector.run { collector in
            try await RawConnection.open(port: collector.queryPort) { connection in
                try await connection.send("CONNECT localhost:80 HTTP/1.1\r\nhost: localhost\r\n\r\n")
                let reply = try #require(try await connection.response())
                #expect(reply.status == 404)
                #expect(reply["connection"] == "close")
                #expect(try await connection.isClosed())
            }
        }
    }

    @Test func anHTTP10PeerNeedsNoHostAndIsHungUpOn() async throws {
        try await RunningCollector.run { collector in
            try await RawConnection.open(port: collector.queryPort) { connection in
                try await connection.send("GET /sonde/v1/services HTTP/1.0\r\n\r\n")
                let reply = try #require(try await connection.response())
                #expect(reply.status == 200)
                #expect(reply["connection"] == "close")
                #expect(try await connection.isClosed())
            }
        }
    }

    @Test func anHTTP10PeerMayKeepItsConnection() async throws {
        try await RunningCollector.run { collector in
            try await RawConnection.open(port: collector.queryPort) { connection in
                for _ in 0..<2 {
                    try await connection.send("GET /health/live HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
                    let reply = try #require(try await connection.response())
                    #expect(reply.status == 200)
                    #expect(reply["connection"] == "keep-alive")
                }
            }
        }
    }

    @Test func answersAPeerThatHasFinishedSending() async throws {
        try await RunningCollector.run { collector in
            try await RawConnection.open(port: collector.otlpPort) { connection in
                try await connection.send(head("content-length: \(spans.count)"))
                try await connection.send(spans)
                try await connection.finishSending()
                #expect(try await connection.response()?.status == 200)
                #expect(try await connection.isClosed())
            }
        }
    }

    @Test func aHEADGetsTheHeadersOfTheGETAndNoBody() async throws {
        try await RunningCollector.run { collector in
            let full = try #require(try await collector.get("/sonde/v1/services"))
            let head = try #require(try await collector.send("HEAD", "/sonde/v1/services", to: collector.queryPort))
            #expect(head.status == 200)
            #expect(head["content-length"] == String(full.body.count))
            #expect(head["content-type"] == full["content-type"])
        }
    }

    @Test func everyAnswerIsDated() async throws {
        try await RunningCollector.run(configure: { $0.clock = WallClock { .sampleEpoch } }) { collector in
            let reply = try #require(try await collector.get("/health/live"))
            #expect(reply["date"] == "Fri, 02 Jan 2026 03:04:05 GMT")
        }
    }

    // MARK: Who may ask

    @Test(arguments: [
        "evil.example", "evil.example:16686", "127.0.0.1.evil.example", "localhost.", "[::2]:1", "10.0.0.1",
    ])
    func refusesAForeignHostOnLoopback(host: String) async throws {
        try await RunningCollector.run { collector in
            for port in [collector.queryPort, collector.otlpPort] {
                let reply = try #require(
                    try await collector.send("GET", "/health/live", headers: ["host": host], to: port))
                #expect(reply.status == 403)
                #expect(reply.text.contains("Host header"))
            }
        }
    }

    @Test(arguments: ["localhost", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:4318", "[::1]", "[::1]:80"])
    func believesTheNamesOfLoopback(host: String) async throws {
        try await RunningCollector.run { collector in
            let reply = try await collector.get("/health/live", headers: ["host": host])
            #expect(reply?.status == 200)
        }
    }

    @Test func refusesTwoHostsAndNone() async throws {
        try await RunningCollector.run { collector in
            for hosts in ["host: localhost\r\nhost: localhost\r\n", ""] {
                try await RawConnection.open(port: collector.queryPort) { connection in
                    try await connection.send("GET /health/live HTTP/1.1\r\n\(hosts)\r\n")
                    #expect(try await connection.response()?.status == 400)
                }
            }
        }
    }

    @Test func sendsNoCrossOriginHeaderUnlessToldTo() async throws {
        try await RunningCollector.run { collector in
            let reply = try #require(
                try await collector.get("/sonde/v1/services", headers: ["origin": "https://evil.example"]))
            #expect(!reply.headers.contains { $0.name.hasPrefix("access-control") })
            let preflight = try await ask(collector)
            #expect(preflight?.status == 405)
        }
    }

    @Test func letsPagesOfTheNamedOriginReadAnswersAndErrors() async throws {
        try await RunningCollector.run(configure: { $0.corsOrigin = "https://grafana.example" }) { collector in
            let preflight = try #require(try await ask(collector))
            #expect(preflight.status == 204)
            #expect(preflight["access-control-allow-methods"] == "GET, HEAD")
            #expect(preflight["access-control-allow-origin"] == "https://grafana.example")
            for path in ["/sonde/v1/services", "/nowhere"] {
                let reply = try #require(try await collector.get(path))
                #expect(reply["access-control-allow-origin"] == "https://grafana.example")
                #expect(reply["vary"] == "origin")
            }
        }
    }

    @Test(arguments: [
        (ListenerName.query, "/sonde/v1/import/spans"), (.otlpHTTP, "/v1/traces"), (.otlpHTTP, "/health/live"),
        (.zipkin, "/api/v2/spans"),
    ])
    func letsNoPageSendAnything(listener: ListenerName, path: String) async throws {
        try await RunningCollector.run(configure: {
            $0.corsOrigin = "https://grafana.example"
            $0.listeners[.zipkin] = .loopback(0)
        }) { collector in
            let headers = ["origin": "https://grafana.example", "access-control-request-method": "POST"]
            let reply = try #require(
                try await collector.send("OPTIONS", path, headers: headers, to: collector.port(listener)))
            #expect(reply.status == 405 || reply.status == 404)
            #expect(reply["access-control-allow-methods"] == nil)
        }
    }

    /// What a browser asks before it lets a page ask.
    private func ask(_ collector: RunningCollector) async throws -> RawResponse? {
        let headers = ["origin": "https://grafana.example", "access-control-request-method": "GET"]
        return try await collector.send("OPTIONS", "/sonde/v1/services", headers: headers, to: collector.queryPort)
    }

    private func head(_ fields: String) -> String {
        "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\n\(fields)\r\n\r\n"
    }
}
