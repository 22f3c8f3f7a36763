// SPDX-License-Identifier: Apache-2.0
// How a connection ages and ends, with the time in the test's hand.

import NIOCore
import NIOHTTP2
import Testing

@testable import SondeServer

@Suite struct GRPCLifecycleTests {
    private let start = NIODeadline.uptimeNanoseconds(0)
    private var lifecycle: GRPCLifecycle

    init() {
        lifecycle = GRPCLifecycle(limits: ServerLimits(), now: .uptimeNanoseconds(0))
    }

    private func after(_ seconds: Int64) -> NIODeadline { start + .seconds(seconds) }

    @Test mutating func aConnectionWithoutAnyCallSaysFarewellAfterAMinute() {
        #expect(lifecycle.timePassed(now: after(59)) == .none)
        #expect(lifecycle.timePassed(now: after(60)) == .announce)
        #expect(lifecycle.pingAnswered(now: after(60)) == .refuseAfter(.rootStream, closing: true))
        #expect(lifecycle.state == .closed)
    }

    @Test mutating func theIdleTimeBeginsWhenTheLastCallEnds() {
        lifecycle.streamOpened(1)
        lifecycle.streamOpened(3)
        #expect(lifecycle.streamClosed(now: after(200)) == .none)
        #expect(lifecycle.timePassed(now: after(1000)) == .none)
        #expect(lifecycle.streamClosed(now: after(1000)) == .none)
        #expect(lifecycle.timePassed(now: after(1299)) == .none)
        #expect(lifecycle.timePassed(now: after(1300)) == .announce)
    }

    @Test mutating func anOldConnectionMakesWayHoweverBusyItIs() {
        lifecycle.streamOpened(1)
        #expect(lifecycle.timePassed(now: after(3599)) == .none)
        #expect(lifecycle.timePassed(now: after(3600)) == .announce)
    }

    @Test mutating func aFarewellThatIsNotAnsweredGoesOnAfterASecond() {
        lifecycle.streamOpened(1)
        #expect(lifecycle.beginShutdown(now: start) == .announce)
        lifecycle.streamOpened(3)
        #expect(lifecycle.timePassed(now: after(1)) == .refuseAfter(3, closing: false))
        #expect(lifecycle.streamClosed(now: after(2)) == .none)
        #expect(lifecycle.streamClosed(now: after(2)) == .close)
    }

    @Test mutating func callsThatNeverEndDoNotKeepItOpen() {
        lifecycle.streamOpened(1)
        _ = lifecycle.beginShutdown(now: start)
        _ = lifecycle.pingAnswered(now: start)
        #expect(lifecycle.timePassed(now: after(59)) == .none)
        #expect(lifecycle.timePassed(now: after(60)) == .close)
        #expect(lifecycle.timePassed(now: after(1000)) == .none)
    }

    @Test mutating func aPeerThatTakesNoAnswersIsCutOff() {
        lifecycle.streamOpened(1)
        lifecycle.writabilityChanged(false, now: start)
        #expect(lifecycle.timePassed(now: after(29)) == .none)
        lifecycle.writabilityChanged(true, now: after(29))
        #expect(lifecycle.timePassed(now: after(31)) == .none)
        lifecycle.writabilityChanged(false, now: after(31))
        #expect(lifecycle.timePassed(now: after(61)) == .close)
    }

    @Test mutating func aPeerThatHasHungUpIsAnsweredAndLetGo() {
        lifecycle.streamOpened(1)
        #expect(lifecycle.inputEnded(now: start) == .none)
        #expect(lifecycle.streamClosed(now: start) == .close)
    }

    @Test mutating func aPeerThatHangsUpWithoutCallsIsLetGoAtOnce() {
        #expect(lifecycle.inputEnded(now: start) == .close)
        #expect(lifecycle.close() == .none)
    }

    @Test mutating func theEndIsAnnouncedOnce() {
        #expect(lifecycle.beginShutdown(now: start) == .announce)
        #expect(lifecycle.beginShutdown(now: start) == .none)
        _ = lifecycle.pingAnswered(now: start)
        #expect(lifecycle.pingAnswered(now: start) == .none)
        #expect(lifecycle.beginShutdown(now: start) == .none)
    }
}
