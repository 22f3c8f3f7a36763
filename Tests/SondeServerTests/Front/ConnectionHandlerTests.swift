// SPDX-License-Identifier: Apache-2.0
// The clocks of a connection, on a loop whose time the test moves.

import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Sonde
import SondePipeline
import Testing

@testable import SondeServer

@Suite struct ConnectionHandlerTests {
    private let channel = EmbeddedChannel()

    init() throws {
        let budget = InFlightBudget(capacity: 1 << 20)
        let dispatcher = Dispatcher(
            listener: "test",
            routes: RouteTable(routes: [
                Route(.POST, "/take", intake: .ingest(.spans, check: { _ in })) { _ in Reply() }
            ]),
            dialect: .native, hosts: nil, cors: nil, limits: ServerLimits(), budget: budget,
            metrics: ServerMetrics(registry: MetricsRegistry(), budget: budget), date: HTTPDate(clock: .system),
            logger: .quiet)
        _ = try HTTPFront(dispatcher: dispatcher).setup(channel: channel, logger: .quiet).wait()
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    @Test func aSilentConnectionIsClosedAfterTheIdleTimeout() {
        advance(.seconds(59))
        #expect(channel.isActive)
        advance(.seconds(1))
        #expect(!channel.isActive)
    }

    @Test func drippingHeadersDoNotProlongTheIdleTimeout() throws {
        try receive("GET / HTTP/1.1\r\nhost: localhost\r\n")
        for second in 0..<60 {
            #expect(channel.isActive)
            try receive("x\(second): y\r\n")
            advance(.seconds(1))
        }
        #expect(!channel.isActive)
    }

    @Test func aDrippingBodyIsAnswered408AtTheDeadline() throws {
        try receive("POST /take HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n")
        for _ in 0..<29 {
            try receive("x")
            advance(.seconds(1))
        }
        #expect(try sent() == "")
        #expect(channel.isActive)
        advance(.seconds(1))
        #expect(try sent().hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        #expect(!channel.isActive)
    }

    @Test func theIdleTimeoutBeginsAnewWithEveryAnswer() throws {
        for _ in 0..<3 {
            advance(.seconds(59))
            #expect(channel.isActive)
            try receive("GET /nowhere HTTP/1.1\r\nhost: localhost\r\n\r\n")
            #expect(try sent().hasPrefix("HTTP/1.1 404 Not Found\r\n"))
        }
        advance(.seconds(59))
        #expect(channel.isActive)
        advance(.seconds(1))
        #expect(!channel.isActive)
    }

    @Test func aRequestBeingAnsweredHasNoDeadline() throws {
        try receive("POST /take HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\n\r\nx")
        advance(.hours(1))
        #expect(channel.isActive)
    }

    /// Valid requests with bytes changed, cut into pieces: whatever comes, the connection answers, waits or ends.
    @Test(arguments: UInt64(0)..<200)
    func survivesGarbledRequests(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let requests = [
            "GET /nowhere?a=%41 HTTP/1.1\r\nhost: localhost\r\n\r\n",
            "POST /nowhere HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\n\r\nabc",
            "POST /take HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nexpect: 100-continue\r\n\r\n"
                + "3\r\nabc\r\n0\r\n\r\n",
            "POST /take HTTP/1.0\r\ncontent-length: 99999999\r\nconnection: keep-alive\r\n\r\nxyz",
            "OPTIONS * HTTP/1.1\r\nhost: localhost\r\n\r\n",
        ]
        var bytes = (0..<8).flatMap { _ in Array(requests[Int.random(in: 0..<requests.count, using: &random)].utf8) }
        for _ in 0..<Int.random(in: 0..<4, using: &random) {
            bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
        }
        while !bytes.isEmpty, channel.isActive {
            let piece = bytes.prefix(Int.random(in: 1...40, using: &random))
            // Malformed input is reported as an error of the channel too.
            _ = try? channel.writeInbound(ByteBuffer(bytes: piece))
            bytes.removeFirst(piece.count)
            if Int.random(in: 0..<10, using: &random) == 0 { advance(.seconds(7)) }
        }
        advance(.hours(1))
        _ = try sent()
    }

    private func advance(_ time: TimeAmount) { channel.embeddedEventLoop.advanceTime(by: time) }

    private func receive(_ text: String) throws {
        guard channel.isActive else { return }
        try channel.writeInbound(ByteBuffer(string: text))
    }

    /// What has been sent since it was asked last.
    private func sent() throws -> String {
        var text = ""
        while let part = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: part) }
        return text
    }
}

/// A small generator with a seed, so that a failure can be repeated.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
