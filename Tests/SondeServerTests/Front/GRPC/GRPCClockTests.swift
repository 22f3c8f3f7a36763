// SPDX-License-Identifier: Apache-2.0
// The clocks of a gRPC connection and its calls, on a loop whose time the test moves.

import NIOCore
import NIOEmbedded
import NIOHTTP2
import SondePipeline
import SondeTestKit
import SondeWire
import Testing

@testable import SondeServer

@LoopThread @Suite final class GRPCClockTests {
    private let grpc: EmbeddedGRPC
    private let spans = GRPCConnection.framed(OTLPEncoder.traces([.sample(1)]))

    init() throws {
        grpc = try EmbeddedGRPC()
        _ = grpc.received()
    }

    // The loop must end on its thread too.
    isolated deinit {}

    private func call() async throws {
        let id = try grpc.begin()
        try grpc.send(spans, on: id, isLast: true)
        try await grpc.answerNext()
        #expect(grpc.status(on: id) == "0")
    }

    private var saidFarewell: Bool {
        grpc.received().contains { if case .goAway(_, .noError, _) = $0 { true } else { false } }
    }

    // MARK: The connection

    @Test func aConnectionWithoutAnyCallIsToldToGoAfterAMinute() throws {
        try grpc.advance(.seconds(59))
        #expect(!saidFarewell)
        try grpc.advance(.seconds(1))
        #expect(saidFarewell)
        #expect(!grpc.server.isActive)
    }

    @Test func aConnectionWithoutFurtherCallsIsToldToGoAfterFiveMinutes() async throws {
        try await call()
        try grpc.advance(.seconds(299))
        #expect(!saidFarewell)
        try grpc.advance(.seconds(1))
        #expect(saidFarewell)
        #expect(!grpc.server.isActive, "our client has answered the PING, and nothing was under way")
    }

    @Test func theIdleTimeBeginsAnewWithEveryCall() async throws {
        for _ in 0..<4 {
            try await call()
            try grpc.advance(.seconds(299))
            #expect(!saidFarewell)
        }
    }

    @Test func pingsAreAnsweredAndDoNotProlongTheIdleTime() async throws {
        try await call()
        for number in 0..<29 {
            try grpc.advance(.seconds(10))
            try grpc.send(.ping(HTTP2PingData(withInteger: UInt64(number)), ack: false))
            let isAnswered = grpc.received().contains {
                if case .ping(let data, ack: true) = $0 {
                    data == HTTP2PingData(withInteger: UInt64(number))
                } else {
                    false
                }
            }
            #expect(isAnswered)
        }
        #expect(grpc.server.isActive)
        try grpc.advance(.seconds(10))
        #expect(!grpc.server.isActive)
    }

    @Test func anOldConnectionMakesWayHoweverBusyItIsAndItsCallsAreAnswered() async throws {
        for _ in 0..<17 {
            try await call()
            try grpc.advance(.seconds(200))
        }
        let last = try grpc.begin()
        try grpc.send(Array(spans.dropLast()), on: last)
        try grpc.advance(.seconds(29))
        try grpc.send(Array(spans.suffix(1)), on: last, isLast: true)
        try grpc.advance(.seconds(171))
        #expect(saidFarewell)
        #expect(grpc.server.isActive)
        try await grpc.answerNext()
        #expect(grpc.status(on: last) == "0")
        #expect(!grpc.server.isActive)
    }

    @Test func aClientThatDoesNotAnswerTheFarewellIsLeftASecondLater() {
        grpc.advanceUnheard(.seconds(60))
        #expect(grpc.server.isActive)
        grpc.advanceUnheard(.seconds(1))
        #expect(!grpc.server.isActive)
    }

    @Test func aPeerThatReadsNothingIsCutOffAfterHalfAMinute() throws {
        let id = try grpc.begin()
        try grpc.send(GRPCConnection.prefix(10), on: id)
        grpc.server.isWritable = false
        grpc.server.pipeline.fireChannelWritabilityChanged()
        grpc.advanceUnheard(.seconds(29))
        #expect(grpc.server.isActive)
        grpc.advanceUnheard(.seconds(1))
        #expect(!grpc.server.isActive)
        #expect(grpc.dispatcher.budget.usedBytes == 0)
    }

    @Test(arguments: ["", "PRI * HTTP/2.0\r\n\r\nSM"])
    func whoNeverFinishesThePrefaceIsCutOffAfterAMinute(begin: String) throws {
        let silent = try EmbeddedGRPC(speaks: false)
        for second in 0..<59 {
            if second < begin.utf8.count {
                try silent.server.writeInbound(ByteBuffer(bytes: [Array(begin.utf8)[second]]))
            }
            silent.advanceUnheard(.seconds(1))
        }
        #expect(silent.server.isActive)
        silent.advanceUnheard(.seconds(1))
        #expect(!silent.server.isActive)
    }

    /// Of a type that we don't know, which must be read over.
    @Test(arguments: [(0, true), (1, false)])
    func aFrameOverTheLimitEndsTheConnectionByItsHead(excess: Int, lives: Bool) throws {
        let stranger = try EmbeddedGRPC(speaks: false)
        let length = ServerLimits.grpcFrameBytes + excess
        // Its own settings, and that it has heard ours: before, frames may have 16 KiB.
        let settings: [UInt8] = [0, 0, 0, 4, 0, 0, 0, 0, 0] + [0, 0, 0, 4, 1, 0, 0, 0, 0]
        let frame = [UInt8(length >> 16), UInt8(length >> 8 & 255), UInt8(length & 255), 0xFA, 0, 0, 0, 0, 0]
        let bytes = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + settings + frame
        // What is malformed is reported as an error of the channel too.
        _ = try? stranger.server.writeInbound(ByteBuffer(bytes: bytes))
        stranger.advanceUnheard(.zero)
        #expect(stranger.server.isActive == lives)
    }

    // MARK: A call

    @Test func aMessageThatDripsIsRefusedAtTheDeadlineAndOthersGoOn() async throws {
        let id = try grpc.begin()
        try grpc.send(GRPCConnection.prefix(1000), on: id)
        for _ in 0..<29 {
            try grpc.send([0], on: id)
            try grpc.advance(.seconds(1))
        }
        #expect(grpc.status(on: id) == nil)
        #expect(grpc.dispatcher.budget.usedBytes == 1000)
        try grpc.advance(.seconds(1))
        #expect(grpc.status(on: id) == "4")
        #expect(grpc.dispatcher.budget.usedBytes == 0)
        #expect(grpc.openCalls == 0)
        try await call()
    }

    @Test func aCallBeingAnsweredHasNoDeadlineButItsCallers() async throws {
        let id = try grpc.begin()
        try grpc.send(spans, on: id, isLast: true)
        try grpc.advance(.minutes(59))
        #expect(grpc.status(on: id) == nil)
        try await grpc.answerNext()
        #expect(grpc.status(on: id) == "0")
    }

    @Test func anAnswerThatIsNotTakenIsDroppedAfterHalfAMinute() async throws {
        let reader = try EmbeddedGRPC(settings: [HTTP2Setting(parameter: .initialWindowSize, value: 0)])
        let id = try reader.begin()
        try reader.send(spans, on: id, isLast: true)
        try await reader.answerNext()
        #expect(reader.status(on: id) == nil)
        try reader.advance(.seconds(29))
        #expect(reader.openCalls == 1)
        try reader.advance(.seconds(1))
        #expect(reader.openCalls == 0)
        let isReset = reader.received(on: id).contains { if case .rstStream(.cancel) = $0 { true } else { false } }
        #expect(isReset)
    }
}
