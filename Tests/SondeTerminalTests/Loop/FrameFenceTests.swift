// SPDX-License-Identifier: Apache-2.0
// How many pictures may be on their way.

import Testing

@testable import SondeTerminal

@Suite("Frame fence")
struct FrameFenceTests {
    private let start = ContinuousClock.now

    @Test func terminalThatNeverAnswersIsNeverWaitedForAndSoonNotAsked() {
        var fence = FrameFence()
        var questions = 0
        for _ in 0..<20 {
            if !fence.ask().isEmpty { questions += 1 }
            let isFree = fence.flushed(now: start)
            #expect(isFree && fence.patience(now: start) == nil)
        }
        #expect(questions == 4 && !fence.expectsAnswers)
    }

    /// Sends a picture; whether the next may follow at once.
    private func send(_ fence: inout FrameFence) -> Bool {
        _ = fence.ask()
        return fence.flushed(now: start)
    }

    @Test func twoPicturesMayBeUnanswered() {
        var fence = FrameFence()
        let first = send(&fence)
        let nothingWaited = fence.answered(1)
        let second = send(&fence)
        let third = send(&fence)
        #expect(first && !nothingWaited && second && !third && fence.expectsAnswers)
        let goesOn = fence.answered(1)
        #expect(goesOn && fence.unanswered == 1)
    }

    @Test func lateAnswerIsWaitedForOnlySoLong() {
        var fence = FrameFence()
        _ = send(&fence)
        _ = fence.answered(1)
        let isFree = [send(&fence), send(&fence)]
        #expect(isFree == [true, false] && fence.patience(now: start) == .seconds(1))
        let expiries = [fence.expired(now: start + .milliseconds(999)), fence.expired(now: start + .seconds(1))]
        #expect(expiries == [false, true])
        for _ in 0..<5 {
            let isFree = send(&fence)
            #expect(isFree)
        }
        // It answers again, and is waited for again.
        _ = fence.answered(5)
        let again = [send(&fence), send(&fence)]
        #expect(again == [true, false])
    }
}
