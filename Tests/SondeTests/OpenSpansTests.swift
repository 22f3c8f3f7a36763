// SPDX-License-Identifier: Apache-2.0

import SondeModel
import Testing
import Tracing

@testable import Sonde

struct OpenSpansTests {
    private func at(_ seconds: UInt64) -> DefaultTracerClock.Timestamp {
        DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: seconds * 1_000_000_000)
    }

    private let second: UInt64 = 1_000_000_000

    @Test func aSpanThatStaysOpenIsReportedOnceAndReplacedByItsEnd() throws {
        let (tracer, queue) = SondeTracer.alone(reportsOpenSpansAfter: .seconds(10))
        let span = tracer.startSpan("import", context: .topLevel, at: at(100))
        span.attributes["rows"] = 7
        tracer.core.reportOpenSpans(at: 109 * second)
        #expect(queue.queuedCount == 0)
        tracer.core.reportOpenSpans(at: 110 * second)
        tracer.core.reportOpenSpans(at: 200 * second)
        let open = try queue.takeSpans()
        #expect(open.count == 1 && open.allSatisfy(\.isUnfinished))
        #expect(open.first?.attributes["rows"] == .int(7) && open.first?.end == .zero)
        span.end(at: at(300))
        let ended = try #require(queue.takeSpans().first)
        #expect(ended.spanID == open.first?.spanID && !ended.isUnfinished && ended.end.nanoseconds == 300 * second)
        #expect(ended.attributes["sonde.span.unfinished"] == nil)
        let trace = Trace(id: ended.traceID, assembling: [ended] + open)
        #expect(trace.spans.count == 1 && trace.spans.first?.isUnfinished == false)
    }

    @Test func aSpanThatEndedIsNotReported() throws {
        let (tracer, queue) = SondeTracer.alone(reportsOpenSpansAfter: .seconds(10))
        tracer.startSpan("quick", context: .topLevel, at: at(100)).end(at: at(101))
        _ = try queue.takeSpans()
        tracer.core.reportOpenSpans(at: 500 * second)
        #expect(queue.queuedCount == 0)
    }

    @Test func aSpanThatIsForgottenIsLetGoAfterItsReport() throws {
        let (tracer, queue) = SondeTracer.alone(reportsOpenSpansAfter: .seconds(10))
        weak var forgotten: SondeSpan?
        do {
            let span = tracer.startSpan("forgotten", context: .topLevel, at: at(100))
            forgotten = span
        }
        tracer.core.reportOpenSpans(at: 200 * second)
        #expect(forgotten == nil)
        #expect(try queue.takeSpans().map(\.isUnfinished) == [true])
    }

    @Test func theTableIsBoundedAndSaysWhatItDoesNotWatch() {
        let (tracer, _) = SondeTracer.alone(reportsOpenSpansAfter: .seconds(10))
        let count = 3 * Limits.openSpansPerStripe
        var spans = (0..<count).map { _ in tracer.startSpan("open", context: .topLevel) }
        let unwatched = tracer.core.openSpans.map { Int($0.untrackedCount) } ?? 0
        #expect(unwatched >= count - 2 * Limits.openSpansPerStripe && unwatched < count)
        for span in spans { span.end() }
        spans = []
        for _ in 0..<100 { tracer.startSpan("later", context: .topLevel).end() }
        #expect(tracer.core.openSpans?.untrackedCount == UInt64(unwatched))
    }

    @Test func unsampledSpansAreNotWatched() {
        let (tracer, queue) = SondeTracer.alone(sampler: .alwaysOff, reportsOpenSpansAfter: .seconds(10))
        let span = tracer.startSpan("open", context: .topLevel, at: at(100))
        tracer.core.reportOpenSpans(at: 500 * second)
        #expect(queue.queuedCount == 0)
        span.end()
    }
}
