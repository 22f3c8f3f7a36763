// SPDX-License-Identifier: Apache-2.0
// The critical path on hand-worked cases.

import SondeAnalysis
import SondeModel
import SondeTestKit
import Testing

@Suite("Critical path")
struct CriticalPathTests {
    /// The path as `span id: start-end` in milliseconds, latest first.
    private func path(_ spans: SpanRecord...) -> [String] {
        let trace = Trace(id: .sample(1), assembling: spans)
        return CriticalPath.segments(of: trace).map { segment in
            let start = Timestamp.sampleEpoch.nanoseconds(until: segment.start) / 1_000_000
            let end = Timestamp.sampleEpoch.nanoseconds(until: segment.end) / 1_000_000
            return "\(trace.spans[segment.span].spanID.value): \(start)-\(end)"
        }
    }

    @Test func traceWithoutSpansHasNone() {
        #expect(path() == [])
    }

    @Test func lonelySpanIsItsOwnPath() {
        #expect(path(.sample(1, duration: 10)) == ["1: 0-10"])
    }

    @Test func serialChildrenAreAllWaitedFor() {
        #expect(
            path(
                .sample(1, duration: 100), .sample(2, parent: 1, start: 10, duration: 20),
                .sample(3, parent: 1, start: 40, duration: 50))
                == ["1: 90-100", "3: 40-90", "1: 30-40", "2: 10-30", "1: 0-10"])
    }

    @Test func amongParallelChildrenTheOneThatFinishedLastIsWaitedFor() {
        #expect(
            path(
                .sample(1, duration: 100), .sample(2, parent: 1, start: 10, duration: 30),
                .sample(3, parent: 1, start: 10, duration: 80))
                == ["1: 90-100", "3: 10-90", "1: 0-10"])
    }

    @Test func walkReturnsToAnEarlierSiblingThatEndedBeforeTheLaterBegan() {
        #expect(
            path(
                .sample(1, duration: 100), .sample(2, parent: 1, start: 5, duration: 30),
                .sample(3, parent: 1, start: 40, duration: 10), .sample(4, parent: 1, start: 38, duration: 42))
                == ["1: 80-100", "4: 38-80", "1: 35-38", "2: 5-35", "1: 0-5"])
    }

    @Test func walkGoesDownIntoGrandchildren() {
        #expect(
            path(
                .sample(1, duration: 100), .sample(2, parent: 1, start: 10, duration: 80),
                .sample(3, parent: 2, start: 20, duration: 30))
                == ["1: 90-100", "2: 50-90", "3: 20-50", "2: 10-20", "1: 0-10"])
    }

    @Test func childThatOutlivesItsParentCountsUpToTheParentsEnd() {
        #expect(
            path(.sample(1, duration: 100), .sample(2, parent: 1, start: 60, duration: 500))
                == ["2: 60-100", "1: 0-60"])
    }

    @Test func childThatBeginsAfterItsParentEndedIsNotWaitedFor() {
        #expect(path(.sample(1, duration: 100), .sample(2, parent: 1, start: 150, duration: 5)) == ["1: 0-100"])
    }

    @Test func childWhoseClockIsEarlyCountsFromTheParentsStart() {
        #expect(
            path(.sample(1, start: 50, duration: 100), .sample(2, parent: 1, start: 20, duration: 60))
                == ["1: 80-150", "2: 50-80"])
    }

    @Test func ofOverlappingChildrenTheEarlierIsNotWaitedFor() {
        // CRISP's "happens before": 2 had not ended when 3 began, so nobody waited for it before calling 3.
        #expect(
            path(
                .sample(1, duration: 100), .sample(2, parent: 1, start: 0, duration: 50),
                .sample(3, parent: 1, start: 40, duration: 50)) == ["1: 90-100", "3: 40-90", "1: 0-40"])
    }

    @Test func consumerIsNotWaitedForThoughItRunsInItsProducersTime() {
        #expect(
            path(
                .sample(1, duration: 100),
                .sample(2, parent: 1, name: "send", kind: .producer, start: 10, duration: 30),
                .sample(3, parent: 2, service: "mail", name: "process", kind: .consumer, start: 15, duration: 20))
                == ["1: 40-100", "2: 10-40", "1: 0-10"])
    }

    @Test func childOfAnotherClockIsSeenInTheMiddleOfItsParent() {
        #expect(
            path(
                .sample(1, kind: .client, duration: 100),
                .sample(2, parent: 1, service: "payments", start: -3_600_000, duration: 60),
                .sample(3, parent: 2, service: "payments", start: -3_599_990, duration: 20))
                == ["1: 80-100", "2: 50-80", "3: 30-50", "2: 20-30", "1: 0-20"])
    }

    @Test func childThatLastsLongerThanItsParentOnAnotherClockCountsUpToTheParentsEnd() {
        #expect(
            path(
                .sample(1, kind: .client, duration: 100),
                .sample(2, parent: 1, service: "payments", start: -50, duration: 400)) == ["2: 0-100"])
    }

    @Test func chainOfAHundredThousandSpansIsWalked() {
        let spans = (1...100_000 as ClosedRange<UInt64>).map {
            SpanRecord.sample($0, parent: $0 - 1, start: 0, duration: 1_000_000 - Int64($0))
        }
        let trace = Trace(id: .sample(1), assembling: spans)
        #expect(TraceAnalysis.annotations(of: trace).allSatisfy { $0.isOnCriticalPath })
    }
}
