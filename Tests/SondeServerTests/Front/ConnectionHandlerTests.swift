// SPDX-License-Identifier: Apache-2.0
// The clocks of a connection, on a loop whose time the test moves.

import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Sonde
import SondePipeline
import SondeTestKit
import Testing

@testable import SondeServer

/// On one thread, as its loop wants it.
@LoopThread @Suite final class ConnectionHandlerTests {
    private let channel = EmbeddedChannel()
    private let connection: HTTPFront.Connection
    private let budget = InFlightBudget(capacity: 1 << 20)
    private let dispatcher: Dispatcher

    init() throws {
        dispatcher = Dispatcher(
            listener: "test",
            routes: RouteTable(routes: [
                Route(.POST, "/take", intake: .ingest(.spans, check: { _ in })) { _ in Reply() },
                Route(.GET, "/ask") { _ in Reply() },
            ]),
            dialect: .native, hosts: nil, cors: nil, limits: ServerLimits(), budget: budget,
            questions: QuestionGate(capacity: 1), answers: InFlightBudget(capacity: 1 << 20),
            metrics: ServerMetrics(registry: MetricsRegistry(), budget: budget), date: HTTPDate(clock: .system),
            logger: .quiet)
        connection = try HTTPFront(dispatcher: dispatcher).setup(channel: channel, logger: .quiet).wait()
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    // The loop must end on its thread too.
    isolated deinit {}

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

    @Test func aQuestionBeingAnsweredHasOne() throws {
        try receive("GET /ask HTTP/1.1\r\nhost: localhost\r\n\r\n")
        advance(.seconds(29))
        #expect(try sent() == "")
        advance(.seconds(1))
        #expect(try sent().hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        #expect(!channel.isActive)
        // What is found after all goes nowhere.
        connection.handler.value.answer(Reply.text("late"))
        #expect(try sent() == "")
    }

    @Test func aBodyThatStopsGivesItsMemoryBack() throws {
        try receive("POST /take HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\nabc")
        #expect(budget.usedBytes == 1000)
        advance(.seconds(30))
        #expect(budget.usedBytes == 0)
        #expect(try sent().hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
    }

    @Test func aBodyTakesRoomAsItArrivesAndIsRefusedInTheMiddleWhereThereIsNone() throws {
        let step = ServerLimits.firstBodyBytes
        try receive("POST /take HTTP/1.1\r\nhost: localhost\r\ncontent-length: \(64 * step)\r\n\r\n")
        #expect(budget.usedBytes == step)
        for held in [1, 2, 4, 4] {
            try channel.writeInbound(ByteBuffer(repeating: 0, count: step))
            #expect(budget.usedBytes == held * step)
        }
        #expect(try sent() == "")
        try channel.writeInbound(ByteBuffer(repeating: 0, count: step))
        let refusal = try sent()
        #expect(refusal.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
        #expect(refusal.contains("retry-after: 1\r\n") && refusal.contains("connection: close\r\n"))
        #expect(budget.usedBytes == 0)
    }

    @Test func whatFollowsAnOfferOfAnotherProtocolIsNotHoarded() throws {
        try receive(
            "POST /take HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\nx")
        var sentBytes = 0
        while channel.isActive, sentBytes < 4 * ServerLimits.undecodedBytes {
            try channel.writeInbound(ByteBuffer(repeating: 0, count: ServerLimits.readAheadBytes))
            sentBytes += ServerLimits.readAheadBytes
        }
        #expect(sentBytes == ServerLimits.undecodedBytes + ServerLimits.readAheadBytes)
        #expect(!channel.isActive)
    }

    @Test func theNextQuestionOfAPipelineFindsThePlaceOfTheOneBeforeItFree() async throws {
        let question = "GET /ask HTTP/1.1\r\nhost: localhost\r\n\r\n"
        try receive(question + question)
        var requests = connection.requests.makeAsyncIterator()
        // The task that answers may still hold the question when its answer is on its way.
        let first = try #require(await requests.next())
        connection.handler.value.answer(await dispatcher.respond(to: first))
        #expect(try sent().hasPrefix("HTTP/1.1 200 OK\r\n"))
        let second = try #require(await requests.next())
        connection.handler.value.answer(await dispatcher.respond(to: second))
        #expect(try sent().hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(first.match.question !== second.match.question)
    }

    @Test func whoAsksAndDoesNotReadGetsNoFurtherThanTheAnswersThatWait() async throws {
        let question = "GET /ask HTTP/1.1\r\nhost: localhost\r\n\r\n"
        try receive(question + question + question)
        var requests = connection.requests.makeAsyncIterator()
        _ = await dispatcher.respond(to: try #require(await requests.next()))
        connection.handler.value.answer(Reply.text("one"))
        #expect(try !sent().contains("connection: close"))
        _ = await dispatcher.respond(to: try #require(await requests.next()))
        // The first answer still waits for its reader when the second is found.
        channel.isWritable = false
        connection.handler.value.answer(Reply.text("two"))
        let second = try sent()
        #expect(second.contains("connection: close\r\n") && second.hasSuffix("two"))
        connection.handler.value.answer(Reply.text("three"))
        #expect(try sent() == "")
        #expect(!channel.isActive)
    }

    /// Each within the one before it would be deeper than a stack.
    @Test func thousandsOfRefusalsInOnePipelineAreAnsweredOneAfterTheOther() async throws {
        let refused = String(repeating: "GET / HTTP/1.1\r\n\r\n", count: 14_000)
        try receive("POST /take HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\n\r\nx" + refused)
        var requests = connection.requests.makeAsyncIterator()
        _ = try #require(await requests.next())
        connection.handler.value.answer(Reply.text("stored"))
        channel.embeddedEventLoop.run()
        #expect(try sent().ranges(of: "HTTP/1.1 404 ").count == 14_000)
        #expect(channel.isActive)
    }

    /// Valid requests with bytes changed, cut into pieces: whatever comes, the connection answers, waits or ends.
    @Test(arguments: UInt64(0)..<200)
    func survivesGarbledRequests(seed: UInt64) throws {
        var random = Dice(state: seed)
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
