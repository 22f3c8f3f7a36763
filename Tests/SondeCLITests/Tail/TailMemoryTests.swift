// SPDX-License-Identifier: Apache-2.0
// What a tail remembers: bounded, and never the same trace twice.

import SondeModel
import SondeTestKit
import Testing

@testable import SondeCLI

@Suite("What a tail remembers")
struct TailMemoryTests {
    private func summary(_ n: UInt64, start: Int64 = 0, spans: Int = 1, isComplete: Bool = true) -> TraceSummary {
        TraceSummary(
            traceID: .sample(n), rootService: "orders", rootOperation: "GET", start: .sample(ms: start),
            durationNanoseconds: 1, spanCount: spans, errorCount: 0, services: [], isComplete: isComplete)
    }

    @Test func aTraceIsNewOnceAndThenGrows() {
        var memory = TailMemory(from: .sample(ms: 0))
        #expect(memory.see(summary(1)) == .new)
        #expect(memory.see(summary(1)) == .none)
        #expect(memory.see(summary(1, spans: 2)) == .grown)
        #expect(memory.see(summary(1, spans: 2)) == .none)
    }

    @Test func whatBeganTooEarlyIsNoNews() {
        var memory = TailMemory(from: .sample(ms: 100))
        #expect(memory.see(summary(1, start: 99)) == .none)
        memory.forget(before: .sample(ms: 200))
        #expect(memory.see(summary(2, start: 199)) == .none)
        #expect(memory.see(summary(3, start: 200)) == .new)
    }

    @Test func whatIsForgottenIsNeverNewAgain() {
        var memory = TailMemory(from: .sample(ms: 0), capacity: 3)
        for n in 1...10 as ClosedRange<UInt64> {
            #expect(memory.see(summary(n, start: Int64(n))) == .new)
            memory.forget(before: .zero)
        }
        for n in 1...10 as ClosedRange<UInt64> { #expect(memory.see(summary(n, start: Int64(n))) == .none) }
    }

    @Test func aTraceFromTheFutureDoesNotSilenceTheRest() {
        var memory = TailMemory(from: .zero, capacity: 1)
        var future = summary(1)
        future.start = Timestamp(nanoseconds: .max)
        #expect(memory.see(future) == .new)
        #expect(memory.see(summary(2, start: 5)) == .new)
        memory.forget(before: .zero, present: .sample(ms: 10))
        #expect(memory.see(summary(3, start: 11)) == .new)
    }

    @Test func anIncompleteTraceWaitsForItsRootAndThenNoLonger() {
        var memory = TailMemory(from: .zero)
        let begin = ContinuousClock.now
        memory.wait(for: summary(1, isComplete: false), now: begin)
        memory.wait(for: summary(2), now: begin)
        #expect(memory.ready(now: begin).map(\.traceID) == [.sample(2)])
        memory.update(summary(1, spans: 2))
        #expect(memory.ready(now: begin).map(\.spanCount) == [2])
        memory.wait(for: summary(3, isComplete: false), now: begin)
        #expect(memory.ready(now: begin + Limits.tailSettling).map(\.traceID) == [.sample(3)])
    }

    @Test func everySpanOfATraceIsNewOnce() {
        var memory = TailMemory(from: .zero)
        _ = memory.see(summary(1))
        let half = Trace(id: .sample(1), assembling: [.sample(2, parent: 1)])
        let whole = Trace(id: .sample(1), assembling: [.sample(1), .sample(2, parent: 1)])
        #expect(memory.newSpans(of: half) == [0])
        #expect(memory.newSpans(of: half) == [])
        #expect(memory.newSpans(of: whole).map { whole.spans[$0].spanID } == [SpanID(1)])
    }
}
