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

    @Test func aLeanSpanThatStaysOpenIsReportedAsItBeganAndReplacedByItsEnd() throws {
        let (tracer, queue) = SondeTracer.alone(reportsOpenSpansAfter: .seconds(10))
        let parent = SpanContext(tracer.startSpan("parent", context: .topLevel, at: at(1)).context)
        var span = tracer.begin("import", kind: .consumer, parent: parent)
        span.set("rows", to: 7)
        let began = SpanClock.now()
        tracer.core.reportOpenSpans(at: began)
        #expect(try queue.takeSpans().filter { $0.name == "import" }.isEmpty)
        for _ in 0..<2 { tracer.core.reportOpenSpans(at: began + 11 * second) }
        let open = try queue.takeSpans().filter { $0.name == "import" }
        let first = try #require(open.first)
        #expect(open.count == 1 && first.isUnfinished && first.end == .zero && first.kind == .consumer)
        #expect(first.parentSpanID.hex == parent?.spanID && first.start.nanoseconds <= began)
        #expect(first.attributes["rows"] == nil)
        let id = span.spanContext.spanID
        span.end()
        let ended = try #require(queue.takeSpans().first)
        #expect(ended.spanID.hex == id && !ended.isUnfinished && ended.attributes["rows"] == .int(7))
        let trace = Trace(id: ended.traceID, assembling: [ended] + open)
        #expect(trace.spans.filter { $0.name == "import" }.count == 1)
    }

    @Test func aLeanSpanThatEndedOrWasAbandonedIsNotReported() throws {
        let (tracer, queue) = SondeTracer.alone(reportsOpenSpansAfter: .seconds(10))
        tracer.begin("quick", parent: nil).end()
        do { _ = tracer.begin("abandoned", parent: nil) }
        #expect(try queue.takeSpans().count == 2)
        tracer.core.reportOpenSpans(at: SpanClock.now(), all: true)
        #expect(queue.queuedCount == 0)
    }

    @Test func whatIsReportedOfALeanSpanIsQueuedBeforeItsEnd() throws {
        let (tracer, queue) = SondeTracer.alone(reportsOpenSpansAfter: .zero)
        DispatchLoop.run(tasks: 4) { task in
            for round in 0..<1_500 {
                var span = tracer.begin("work", parent: nil)
                span.set("task", to: task)
                if round % 4 == task { tracer.core.reportOpenSpans(at: 0, all: true) }
                span.end()
            }
        }
        var ended: Set<SpanID> = []
        for span in try queue.takeSpans() {
            if span.isUnfinished { #expect(!ended.contains(span.spanID)) } else { ended.insert(span.spanID) }
        }
        #expect(ended.count == 6_000)
        tracer.core.reportOpenSpans(at: 0, all: true)
        #expect(queue.queuedCount == 0)
    }

    @Test func openLeanSpansAreBoundedAndOverflowIsCounted() {
        let (tracer, _) = SondeTracer.alone(reportsOpenSpansAfter: .seconds(10))
        let table = OpenLeanSpans()
        let room = Limits.openLeanStripes * Limits.openLeanSpansPerStripe
        let bytes: [UInt8] = [1, 2, 3]
        // All in one stripe.
        let places = bytes.withUnsafeBytes { bytes in
            (1...room).map { table.add(SpanID(UInt64($0)), start: 1, beginning: bytes) }
        }
        #expect(places.filter { $0 >= 0 }.count == Limits.openLeanSpansPerStripe)
        #expect(table.untrackedCount == UInt64(room - Limits.openLeanSpansPerStripe))
        table.remove(SpanID(1), at: places[0])
        table.remove(SpanID(1), at: places[0])
        #expect(bytes.withUnsafeBytes { table.add(SpanID(9), start: 1, beginning: $0) } == places[0])
        #expect(bytes.withUnsafeBytes { table.add(SpanID(10), start: 1, beginning: $0) } == -1)
        #expect(tracer.core.openSpans?.untrackedCount == 0)
    }

    @Test func unsampledSpansAreNotWatched() {
        let (tracer, queue) = SondeTracer.alone(sampler: .alwaysOff, reportsOpenSpansAfter: .seconds(10))
        let span = tracer.startSpan("open", context: .topLevel, at: at(100))
        tracer.core.reportOpenSpans(at: 500 * second)
        #expect(queue.queuedCount == 0)
        span.end()
        let lean = tracer.begin("open", parent: nil)
        tracer.core.reportOpenSpans(at: 0, all: true)
        #expect(queue.queuedCount == 0)
        lean.end()
    }
}
