// SPDX-License-Identifier: Apache-2.0

import SondeModel
import Testing
import Tracing

@testable import Sonde

struct TraceTailTests {
    private func tracer(_ configure: (inout TailSampling) -> Void = { _ in }) -> (SondeTracer, ExportQueue) {
        var sampling = TailSampling(slowerThan: .seconds(1))
        configure(&sampling)
        return SondeTracer.alone(sampler: .parentBased(ratio: 0), tail: sampling)
    }

    private func at(_ seconds: UInt64) -> DefaultTracerClock.Timestamp {
        DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: seconds * 1_000_000_000)
    }

    /// A trace of two spans that begins at second 100 and ends as told.
    private func trace(_ tracer: SondeTracer, seconds: UInt64, fails: Bool = false, child: String = "child") {
        let root = tracer.startSpan("root", context: .topLevel, at: at(100))
        let inner = tracer.startSpan(child, context: root.context, at: at(100))
        inner.attributes["kept"] = true
        inner.end(at: at(100))
        if fails { root.setStatus(.init(code: .error, message: "no")) }
        root.end(at: at(100 + seconds))
    }

    @Test func keepsAllSpansOfATraceThatFailsAndSaysWhy() throws {
        let (tracer, queue) = tracer()
        trace(tracer, seconds: 0, fails: true)
        let spans = try queue.takeSpans()
        #expect(spans.map(\.name) == ["child", "root"])
        #expect(spans[0].parentSpanID == spans[1].spanID && spans[0].attributes["kept"] == .bool(true))
        #expect(spans[1].attributes["sonde.sampled.reason"] == .string("error"))
        #expect(spans[1].flags & 1 == 0, "others were told that the trace is not sampled")
        #expect(tracer.core.tail?.keptCount(.error) == 1 && tracer.core.tail?.heldBytes == 0)
    }

    @Test func keepsWhatWasSlow() throws {
        let (tracer, queue) = tracer()
        trace(tracer, seconds: 2)
        #expect(try queue.takeSpans().last?.attributes["sonde.sampled.reason"] == .string("slow"))
    }

    @Test func letsGoOfWhatWasQuickAndWell() throws {
        let (tracer, queue) = tracer()
        trace(tracer, seconds: 1)
        #expect(try queue.takeSpans().isEmpty)
        #expect(tracer.core.tail?.discardedCount == 1 && tracer.core.tail?.heldBytes == 0)
        #expect(queue.losses.isEmpty, "nothing was lost that was meant to be kept")
    }

    @Test func canKeepSlowOnesOnly() throws {
        let (tracer, queue) = tracer { $0.keepsErrors = false }
        trace(tracer, seconds: 0, fails: true)
        #expect(try queue.takeSpans().isEmpty)
    }

    @Test func whatEndsAfterTheDecisionGoesWhereTheOthersWent() throws {
        let (tracer, queue) = tracer()
        for fails in [true, false] {
            let root = tracer.startSpan("root", context: .topLevel)
            let late = tracer.startSpan("late", context: root.context)
            if fails { root.setStatus(.init(code: .error)) }
            root.end()
            late.end()
        }
        #expect(try queue.takeSpans().map(\.name) == ["root", "late"])
    }

    @Test func whatDoesNotFitIsDroppedAndCounted() throws {
        let (tracer, queue) = tracer { $0.maxHeldBytes = 150 }
        let root = tracer.startSpan("root", context: .topLevel)
        for _ in 0..<5 { tracer.startSpan("child", context: root.context).end() }
        root.setStatus(.init(code: .error))
        root.end()
        let names = try queue.takeSpans().map(\.name)
        #expect(names.last == "root" && names.count >= 2 && names.count < 6)
        #expect(Int(queue.droppedCount(.holdFull)) == 6 - names.count)
    }

    @Test func aTraceThatNobodyAsksAfterMakesRoomWhenItHasWaitedTooLong() throws {
        let (tracer, queue) = tracer {
            $0.maxHeldBytes = 150
            $0.maxHeldDuration = .seconds(5)
        }
        let idle = tracer.startSpan("idle", context: .topLevel, at: at(100))
        tracer.startSpan("child", context: idle.context, at: at(100)).end(at: at(100))
        trace(tracer, seconds: 0, fails: true, child: String(repeating: "x", count: 60))
        #expect(queue.droppedCount(.holdFull) == 1 && queue.droppedCount(.holdExpired) == 0)
        _ = try queue.takeSpans()
        let root = tracer.startSpan("root", context: .topLevel, at: at(200))
        let name = String(repeating: "y", count: 60)
        tracer.startSpan(name, context: root.context, at: at(200)).end(at: at(200))
        root.setStatus(.init(code: .error))
        root.end(at: at(200))
        #expect(try queue.takeSpans().map(\.name) == [name, "root"])
        #expect(queue.droppedCount(.holdExpired) == 1)
        idle.end(at: at(201))
    }

    @Test func spansWhoseTraceIsForgottenAreCounted() {
        let (tracer, queue) = tracer()
        for _ in 0..<3 {
            let root = tracer.startSpan("never ended", context: .topLevel)
            tracer.startSpan("child", context: root.context).end()
        }
        #expect(queue.droppedCount(.holdExpired) == 3 && tracer.core.tail?.heldBytes == 0)
    }

    @Test func whatWasHeldIsCutIntoBatchesLikeTheRest() throws {
        let (tracer, queue) = tracer()
        let root = tracer.startSpan("root", context: .topLevel)
        for _ in 0..<(2 * ExportLimits().batchEntries) { tracer.startSpan("child", context: root.context).end() }
        root.setStatus(.init(code: .error))
        root.end()
        let full = ExportLimits().batchEntries
        #expect(queue.takeEntries().map(\.count) == [full, full, 1])
    }

    @Test func aTraceThatTakesTooLongKeepsItsFirstSpanOnly() throws {
        let (tracer, queue) = tracer { $0.maxHeldDuration = .seconds(5) }
        let root = tracer.startSpan("root", context: .topLevel, at: at(100))
        for second: UInt64 in [101, 107, 108] {
            tracer.startSpan("child", context: root.context, at: at(101)).end(at: at(second))
        }
        root.end(at: at(110))
        #expect(try queue.takeSpans().map(\.name) == ["root"])
        #expect(queue.droppedCount(.holdExpired) == 3 && tracer.core.tail?.heldBytes == 0)
    }

    @Test func aTraceThatNeverEndsGivesItsMemoryBack() {
        let (tracer, queue) = tracer()
        do {
            let root = tracer.startSpan("root", context: .topLevel)
            tracer.startSpan("child", context: root.context).end()
            #expect(tracer.core.tail.map { $0.heldBytes > 0 } == true)
        }
        #expect(tracer.core.tail?.heldBytes == 0 && queue.queuedCount == 0)
    }

    @Test func leanSpansAreHeldAndDecideLikeOthers() throws {
        let (tracer, queue) = tracer()
        var root = tracer.begin("root", parent: nil)
        tracer.begin("child", childOf: root).end()
        tracer.startSpan("inner", context: root.context).end()
        root.setStatus(.init(code: .error, message: "no"))
        root.end()
        let spans = try queue.takeSpans()
        #expect(spans.map(\.name) == ["child", "inner", "root"])
        #expect(spans[2].attributes["sonde.sampled.reason"] == .string("error"))
    }

    @Test func sampledTracesDoNotWait() throws {
        let (tracer, queue) = SondeTracer.alone(tail: TailSampling(slowerThan: .seconds(1)))
        let root = tracer.startSpan("root", context: .topLevel)
        tracer.startSpan("child", context: root.context).end()
        #expect(try queue.takeSpans().map(\.name) == ["child"])
        root.end()
    }
}
