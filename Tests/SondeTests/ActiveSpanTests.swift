// SPDX-License-Identifier: Apache-2.0

import SondeModel
import Testing
import Tracing

@testable import Sonde

struct ActiveSpanTests {
    @Test func aSpanSaysAllThatWasSaidAboutIt() throws {
        let (tracer, queue) = SondeTracer.alone()
        let other = SpanContext(traceparent: SondeTracerTests.parent, tracestate: "a=1")
        var span = tracer.begin("charge card", kind: .client, parent: other)
        span.set("text", to: "größe")
        span.set("int", to: -1)
        span.set("double", to: 0.5)
        span.set("bool", to: true)
        span.set("list", to: .stringArray(["a", "b"]))
        span.set("made." + "up", to: .string("x"))
        span.addEvent("retried")
        span.addEvent(Tracing.SpanEvent(name: "slow", attributes: ["wait": 3]))
        if let other { span.addLink(other) }
        span.setStatus(.init(code: .error, message: "declined"))
        span.end()
        let record = try #require(queue.takeSpans().first)
        #expect(record.name == "charge card" && record.kind == .client && record.traceState == "a=1")
        #expect(record.parentSpanID.hex == "b7ad6b7169203331" && record.flags == 0x301)
        #expect(
            record.attributes == [
                Attribute("text", .string("größe")), Attribute("int", .int(-1)), Attribute("double", .double(0.5)),
                Attribute("bool", .bool(true)), Attribute("list", .array([.string("a"), .string("b")])),
                Attribute("made.up", .string("x")),
            ])
        #expect(record.events.map(\.name) == ["retried", "slow"])
        #expect(record.events[1].attributes["wait"] == .int(3))
        #expect(record.links.map(\.spanID.hex) == ["b7ad6b7169203331"])
        #expect(record.status == SondeModel.SpanStatus(code: .error, message: "declined"))
        #expect(record.start <= record.end && record.start != .zero)
    }

    @Test func aKeySetAgainAmongMoreThanAreKnownStillHasItsLastValue() throws {
        var limits = SpanLimits()
        limits.attributeCount = 300
        let (tracer, queue) = SondeTracer.alone(limits: limits)
        var span = tracer.begin("work", parent: nil)
        for number in 0..<200 { span.set("key.\(number)", to: .int64(Int64(number))) }
        for number in 0..<100 { span.set("key.\(number)", to: .string("again")) }
        for number in 200..<250 { span.set("key.\(number)", to: .int64(Int64(number))) }
        span.end()
        let attributes = try #require(queue.takeSpans().first).attributes
        #expect(attributes.count == 250 && attributes["key.99"] == .string("again"))
        #expect(attributes["key.100"] == .int(100) && attributes["key.249"] == .int(249))
    }

    @Test func limitsBelowZeroAreZero() throws {
        var limits = SpanLimits()
        (limits.attributeCount, limits.eventCount, limits.linkCount, limits.attributeValueLength) = (-1, -1, -1, -1)
        let (tracer, queue) = SondeTracer.alone(limits: limits)
        let span = tracer.startSpan("work", context: .topLevel)
        span.attributes["a"] = "b"
        span.addEvent("c")
        span.end()
        var lean = tracer.begin("lean", parent: nil)
        lean.set("a", to: "b")
        lean.end()
        let spans = try queue.takeSpans()
        #expect(spans.count == 2 && spans.allSatisfy { $0.attributes.isEmpty && $0.events.isEmpty })
    }

    @Test func aKeySetAgainHasItsLastValue() throws {
        let (tracer, queue) = SondeTracer.alone()
        var span = tracer.begin("work", parent: nil)
        span.set("a", to: 1)
        span.set("b", to: String(repeating: "long ", count: 100))
        span.addEvent("between")
        span.set("c", to: 3)
        span.set("b", to: "short")
        span.set("a", to: "one")
        span.set("c", to: 4)
        span.end()
        let record = try #require(queue.takeSpans().first)
        #expect(
            record.attributes == [
                Attribute("b", .string("short")), Attribute("a", .string("one")), Attribute("c", .int(4)),
            ])
        #expect(record.events.map(\.name) == ["between"])
    }

    @Test func dropsAndCountsWhatExceedsTheLimits() throws {
        var limits = SpanLimits()
        limits.attributeCount = 2
        limits.eventCount = 1
        limits.linkCount = 0
        limits.attributeValueLength = 3
        let (tracer, queue) = SondeTracer.alone(limits: limits)
        var span = tracer.begin("work", parent: nil)
        span.set("a", to: "größe")
        span.set("b", to: 1)
        span.set("c", to: 2)
        span.set("b", to: 3)
        span.addEvent("first")
        span.addEvent("second")
        span.addLink(span.spanContext)
        span.end()
        let record = try #require(queue.takeSpans().first)
        #expect(record.attributes == [Attribute("a", .string("grö")), Attribute("b", .int(3))])
        #expect(record.droppedAttributesCount == 1 && record.droppedEventsCount == 1 && record.droppedLinksCount == 1)
    }

    @Test func aSpanLeftBehindEndsWithItsScopeAndIsCounted() throws {
        struct Failure: Error {}
        let (tracer, queue) = SondeTracer.alone()
        func work() throws {
            var span = tracer.begin("work", parent: nil)
            span.set("a", to: 1)
            if queue.queuedCount == 0 { throw Failure() }
            span.end()
        }
        #expect(throws: Failure.self) { try work() }
        #expect(tracer.core.abandonedCount == 1)
        let record = try #require(queue.takeSpans().first)
        #expect(record.attributes["sonde.span.abandoned"] == .bool(true) && record.attributes["a"] == .int(1))
        #expect(record.end >= record.start)
    }

    @Test func spansOfBothApisNestInEachOther() throws {
        let (tracer, queue) = SondeTracer.alone()
        tracer.withSpan("outer") { _ in
            var lean = tracer.begin("lean")
            lean.set("a", to: 1)
            let child = tracer.begin("lean child", childOf: lean)
            child.end()
            ServiceContext.withValue(lean.context) {
                tracer.withSpan("inner") { _ in }
            }
            lean.end()
        }
        let spans = try queue.takeSpans()
        #expect(spans.map(\.name) == ["lean child", "inner", "lean", "outer"])
        #expect(spans[0].parentSpanID == spans[2].spanID && spans[1].parentSpanID == spans[2].spanID)
        #expect(spans[2].parentSpanID == spans[3].spanID && spans[3].parentSpanID == .zero)
        #expect(Set(spans.map(\.traceID)).count == 1)
    }

    @Test func anUnsampledSpanKeepsItsIdentityAndRecordsNothing() throws {
        let (tracer, queue) = SondeTracer.alone(sampler: .alwaysOff)
        var context = ServiceContext.topLevel
        context.baggage["tenant"] = "acme"
        let caller = SpanContext(traceparent: SondeTracerTests.parent, tracestate: "a=1")
        try ServiceContext.withValue(context) {
            var span = tracer.begin("work", parent: caller)
            span.set("a", to: 1)
            #expect(!span.isRecording && !span.spanContext.isSampled)
            let headers = tracer.headers(from: span.context)
            #expect(headers["traceparent"] == span.spanContext.traceparent)
            #expect(headers["tracestate"] == "a=1" && headers["baggage"] == "tenant=acme")
            #expect(span.spanContext.traceID == caller?.traceID)
            span.end()
            try #expect(queue.takeSpans().isEmpty)
        }
    }

    @Test func takesATimeOfItsOwnButNeverEndsBeforeItBegan() throws {
        let (tracer, queue) = SondeTracer.alone()
        tracer.begin("work", parent: nil).end(atNanosecondsSinceEpoch: 5)
        let record = try #require(queue.takeSpans().first)
        #expect(record.end == record.start)
    }

    @Test func longSpansAndManyAtATimeGetTheMemoryTheyNeed() async throws {
        let (tracer, queue) = SondeTracer.alone()
        let text = String(repeating: "x", count: 100_000)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for _ in 0..<20 {
                        var outer = tracer.begin("outer", parent: nil)
                        outer.set("text", to: text)
                        var inner = tracer.begin("inner", childOf: outer)
                        inner.set("task", to: task)
                        inner.end()
                        outer.end()
                    }
                }
            }
        }
        let spans = try queue.takeSpans()
        let drops = Int(queue.droppedCount(.queueFull))
        #expect(spans.count + drops == 320)
        #expect(spans.filter { $0.name == "outer" }.allSatisfy { $0.attributes["text"] == .string(text) })
    }
}
