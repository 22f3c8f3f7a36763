// SPDX-License-Identifier: Apache-2.0
// Self time on hand-worked cases.

import SondeAnalysis
import SondeModel
import SondeTestKit
import Testing

@Suite("Trace analysis")
struct TraceAnalysisTests {
    private func selfMilliseconds(_ spans: SpanRecord...) -> [UInt64] {
        TraceAnalysis.annotations(of: Trace(id: .sample(1), assembling: spans)).map { $0.selfNanos / 1_000_000 }
    }

    @Test func spanWithoutChildrenIsAllSelf() {
        #expect(selfMilliseconds(.sample(1, duration: 10)) == [10])
    }

    @Test func overlappingChildrenCountOnce() {
        #expect(
            selfMilliseconds(
                .sample(1, duration: 100), .sample(2, parent: 1, start: 10, duration: 30),
                .sample(3, parent: 1, start: 20, duration: 40), .sample(4, parent: 1, start: 25, duration: 5))
                == [50, 30, 40, 5])
    }

    @Test func childOutsideItsParentTakesNothingOfIt() {
        #expect(
            selfMilliseconds(
                .sample(1, start: 50, duration: 100), .sample(2, parent: 1, start: 10, duration: 20),
                .sample(3, parent: 1, start: 140, duration: 500))
                == [90, 20, 500])
    }

    @Test func spanThatEndsBeforeItStartsHasNoTime() {
        var backwards = SpanRecord.sample(1)
        swap(&backwards.start, &backwards.end)
        #expect(selfMilliseconds(backwards, .sample(2, parent: 1)) == [0, 10])
    }

    @Test func unfinishedSpanHasNoTimeAndDoesNotTrap() {
        var unfinished = SpanRecord.sample(1)
        unfinished.end = .zero
        #expect(selfMilliseconds(unfinished, .sample(2, parent: 1)) == [0, 10])
    }
}
