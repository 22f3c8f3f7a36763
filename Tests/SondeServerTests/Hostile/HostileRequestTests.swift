// SPDX-License-Identifier: Apache-2.0
// Requests that two readers could understand in two ways, at every port that speaks HTTP/1.1. What is hidden behind one
// of them must never be answered as a request of its own.

import SondeModel
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct HostileRequestTests {
    /// What a smuggler wants to be answered.
    static let hidden = "GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n"

    /// Fields of a head, and the body behind it; `hidden` follows.
    static let ambiguous: [(fields: String, body: String)] = [
        ("content-length: 3\r\ncontent-length: 4", "abcd"),
        ("content-length: 3, 4", "abcd"),
        ("content-length: +3", "abc"),
        ("content-length: -1", ""),
        ("content-length: 0x3", "abc"),
        ("content-length: 3 3", "abc"),
        ("content-length: 18446744073709551617", ""),
        ("content-length: 3\r\ntransfer-encoding: chunked", "0\r\n\r\n"),
        ("transfer-encoding: chunked\r\ncontent-length: 3", "0\r\n\r\n"),
        ("transfer-encoding: xchunked", "0\r\n\r\n"),
        ("transfer-encoding: chunked, identity", "0\r\n\r\n"),
        ("transfer-encoding: identity, chunked, x", "0\r\n\r\n"),
        ("transfer-encoding : chunked", "0\r\n\r\n"),
        ("transfer-encoding:\u{0B}chunked", "0\r\n\r\n"),
        ("content-length: 0\r\n transfer-encoding: chunked", "0\r\n\r\n"),
        ("transfer-encoding: chunked", "-1\r\n"),
        ("transfer-encoding: chunked", "0x1\r\na\r\n0\r\n\r\n"),
        ("transfer-encoding: chunked", "1\r\nab\r\n0\r\n\r\n"),
        ("transfer-encoding: chunked", "FFFFFFFFFFFFFFFFF\r\na\r\n0\r\n\r\n"),
        ("x: a\u{0}b\r\ncontent-length: 0", ""),
        ("x: a\rtransfer-encoding: chunked\r\ncontent-length: 0", ""),
        ("x y: z\r\ncontent-length: 0", ""),
    ]

    @Test(arguments: [ListenerName.otlpHTTP, .query, .zipkin, .otlpGRPC], 0..<ambiguous.count)
    func nothingHiddenIsAnswered(listener: ListenerName, number: Int) async throws {
        let (fields, body) = Self.ambiguous[number]
        try await run { collector in
            try await RawConnection.open(port: collector.port(listener)) { connection in
                try await connection.send(
                    "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\n\(fields)\r\n\r\n\(body)\(Self.hidden)")
                let reply = try #require(try await connection.response())
                #expect((400..<500).contains(reply.status), "\(reply.status)")
                let second = try await connection.response()
                #expect(second == nil, "\(second?.status ?? 0) \(second?.text ?? "")")
            }
        }
    }

    @Test(arguments: [ListenerName.otlpHTTP, .query, .zipkin, .otlpGRPC])
    func absurdNumbersOfHeadersAreRefused(listener: ListenerName) async throws {
        try await run { collector in
            for fields in [
                (0..<5000).map { "x\($0): y\r\n" }.joined(), "x: \(String(repeating: "y", count: 100_000))\r\n",
                "\(String(repeating: "x", count: 100_000)): y\r\n",
            ] {
                try await RawConnection.open(port: collector.port(listener)) { connection in
                    // The peer may hang up while they are still being sent.
                    try? await connection.send("GET /health/live HTTP/1.1\r\nhost: localhost\r\n\(fields)\r\n")
                    let reply = try? await connection.response()
                    #expect(reply == nil || reply?.status == 431, "\(reply?.status ?? 0)")
                }
            }
        }
    }

    /// A body of twice the limit in chunks, a head that never ends, an upload that stops: the next one is served.
    @Test(arguments: [ListenerName.otlpHTTP, .query, .zipkin])
    func whatIsLeftHalfDoneCostsNobodyElse(listener: ListenerName) async throws {
        try await run { collector in
            let half = [
                "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\nabc",
                "POST /api/v2/spans HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab", "G",
                "GET /health/live HTTP/1.1\r\nhost: loc", "\r\n\r\n\r\n", "",
            ]
            for text in half {
                try await RawConnection.open(port: collector.port(listener)) { connection in
                    try await connection.send(text)
                    let reply = try await collector.send("GET", "/health/live", to: collector.port(listener))
                    #expect(reply?.status == 200)
                }
            }
        }
    }

    private func run(_ body: @Sendable (RunningCollector) async throws -> Void) async throws {
        let store = MemoryStore()
        try await RunningCollector.run(
            store: store,
            configure: {
                $0.listeners[.otlpGRPC] = .loopback(0)
                $0.listeners[.zipkin] = .loopback(0)
            }
        ) { collector in
            #expect(try await collector.post(OTLPEncoder.traces([.sample(1)]))?.status == 200)
            try await body(collector)
            #expect(try await collector.post(OTLPEncoder.traces([.sample(2)]))?.status == 200)
            #expect(try await store.statistics().spans == 2)
            let page = try #require(try await collector.get("/metrics")).text
            #expect(page.contains("sonde_ingest_in_flight_bytes 0\n"))
        }
    }
}
