// SPDX-License-Identifier: Apache-2.0
// Taking in one call, piece by piece, without a socket.

import NIOCore
import NIOHPACK
import NIOHTTP1
import NIOHTTP2
import SondePipeline
import Testing

@testable import SondeServer

@Suite struct GRPCIntakeTests {
    private let budget = InFlightBudget(capacity: 1000)
    private let stream = HTTP2StreamID(1)

    private func intake(isGzip: Bool = false, limit: Int = 600, budget: InFlightBudget? = nil) -> GRPCIntake {
        var limits = ServerLimits()
        limits.maxBodyBytes = limit
        let route = Route(.POST, "/v1/traces", intake: .ingest(.spans, check: { _ in })) { _ in Reply() }
        return GRPCIntake(
            method: GRPCMethod(path: "/a.B/C", work: .export(route)), isGzip: isGzip, limits: limits,
            budget: budget ?? self.budget)
    }

    private func framed(_ count: Int, flag: UInt8 = 0) -> [UInt8] {
        [flag, 0, 0, UInt8(count >> 8), UInt8(count & 255)] + [UInt8](repeating: 7, count: count)
    }

    @Test(arguments: [0, 1, 4, 5, 6, 300])
    func everyCutThroughAMessageGivesTheSameCall(cut: Int) throws {
        var intake = intake()
        let bytes = framed(300)
        #expect(intake.receive(ByteBuffer(bytes: bytes.prefix(cut)), isLast: false, on: stream).isWait)
        #expect(budget.usedBytes == (cut >= 5 ? 300 : 0))
        let call = try #require(
            intake.receive(ByteBuffer(bytes: bytes.dropFirst(cut)), isLast: true, on: stream).call)
        #expect(call.message == [UInt8](repeating: 7, count: 300))
        #expect(!call.isCompressed)
        #expect(call.reservation?.bytes == 300)
    }

    @Test func theEndMayComeByItself() throws {
        var intake = intake(isGzip: true)
        #expect(intake.receive(ByteBuffer(bytes: framed(3, flag: 1)), isLast: false, on: stream).isWait)
        #expect(intake.state == .complete)
        let call = try #require(intake.receive(ByteBuffer(), isLast: true, on: stream).call)
        #expect(call.isCompressed)
    }

    @Test func aMessageOfNoBytesIsAMessage() throws {
        var intake = intake()
        #expect(intake.receive(ByteBuffer(bytes: framed(0)), isLast: true, on: stream).call?.message == [])
    }

    @Test func aRefusalGivesTheMemoryBackAndIgnoresTheRest() {
        var intake = intake()
        _ = intake.receive(ByteBuffer(bytes: framed(300).prefix(100)), isLast: false, on: stream)
        #expect(intake.receive(ByteBuffer(), isLast: true, on: stream).refusal?.code == .internal)
        #expect(budget.usedBytes == 0)
        #expect(intake.receive(ByteBuffer(bytes: framed(3)), isLast: true, on: stream).isWait)
    }

    @Test func oneByteTooManyIsRefusedByThePrefix() {
        var intake = intake()
        let refusal = intake.receive(ByteBuffer(bytes: framed(601).prefix(5)), isLast: false, on: stream).refusal
        #expect(refusal?.code == .resourceExhausted)
        #expect(refusal?.retryAfter == nil)
    }

    @Test func aLengthOfFourGigabytesIsRefusedBeforeAnythingIsReserved() {
        var intake = intake()
        let prefix: [UInt8] = [0, 0xFF, 0xFF, 0xFF, 0xFF]
        #expect(
            intake.receive(ByteBuffer(bytes: prefix), isLast: false, on: stream).refusal?.code == .resourceExhausted)
        #expect(budget.usedBytes == 0)
    }

    @Test func aFullBudgetIsRefusedWithAWait() {
        var first = intake()
        var second = intake()
        _ = first.receive(ByteBuffer(bytes: framed(600).prefix(5)), isLast: false, on: stream)
        let refusal = second.receive(ByteBuffer(bytes: framed(600).prefix(5)), isLast: false, on: stream).refusal
        #expect(refusal?.code == .resourceExhausted)
        #expect(refusal?.retryAfter != nil)
        first.abandon()
        #expect(budget.usedBytes == 0)
    }

    @Test func aMessageTakesRoomAsItArrivesAndIsRefusedInTheMiddleWhereThereIsNone() {
        let step = ServerLimits.firstBodyBytes
        let budget = InFlightBudget(capacity: 4 * step)
        var intake = intake(limit: 64 * step, budget: budget)
        let prefix = GRPCConnection.prefix(64 * step)
        #expect(intake.receive(ByteBuffer(bytes: prefix), isLast: false, on: stream).isWait)
        #expect(budget.usedBytes == step)
        let piece = ByteBuffer(repeating: 0, count: step)
        for held in [1, 2, 4, 4] {
            #expect(intake.receive(piece, isLast: false, on: stream).isWait)
            #expect(budget.usedBytes == held * step)
        }
        let refusal = intake.receive(piece, isLast: false, on: stream).refusal
        #expect(refusal?.code == .resourceExhausted)
        #expect(refusal?.retryAfter != nil)
        #expect(budget.usedBytes == 0)
    }

    @Test(arguments: [UInt8(1), 2, 255])
    func aFirstByteThatSaysNothingIsInternal(flag: UInt8) {
        var intake = intake()
        #expect(
            intake.receive(ByteBuffer(bytes: framed(3, flag: flag)), isLast: true, on: stream).refusal?.code
                == .internal)
    }

    @Test(arguments: [
        ("1H", Duration.seconds(3600)), ("2M", .seconds(120)), ("3S", .seconds(3)), ("4m", .milliseconds(4)),
        ("5u", .microseconds(5)), ("99999999n", .nanoseconds(99_999_999)), ("0S", .zero),
    ])
    func timeoutsAreRead(text: String, duration: Duration) {
        #expect(GRPCHead.duration(text) == duration)
    }

    @Test(arguments: ["", "S", "1", "1s", "-1S", "+1S", "1.5S", "123456789S", "1 S", "١S"])
    func otherTimeoutsAreNot(text: String) {
        #expect(GRPCHead.duration(text) == nil)
    }

    @Test func messagesArePercentEncoded() {
        #expect(GRPCStatus.percentEncoded("plain: a/b ~") == "plain: a/b ~")
        #expect(GRPCStatus.percentEncoded("50 %\né") == "50 %25%0A%C3%A9")
    }
}

extension GRPCIntake.Action {
    var isWait: Bool { if case .wait = self { true } else { false } }
    var call: GRPCCall? { if case .deliver(let call) = self { call } else { nil } }
    var refusal: GRPCStatus? { if case .refuse(let status, _) = self { status } else { nil } }
}
