// SPDX-License-Identifier: Apache-2.0

import SondeModel
import Testing
import Tracing

@testable import Sonde

struct SondeTracerTests {
    static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test(arguments: [
        ["tracestate": "foo=1"], ["traceparent": "00-bad", "tracestate": "foo=1"],
        ["traceparent": "00-00000000000000000000000000000000-b7ad6b7169203331-01", "tracestate": "foo=1"],
    ])
    func beginsAnewWithoutAValidParent(headers: [String: String]) throws {
        let (tracer, queue) = SondeTracer.alone()
        tracer.startSpan("work", context: tracer.context(from: headers)).end()
        let span = try #require(queue.takeSpans().first)
        #expect(span.parentSpanID == .zero)
        #expect(span.traceState == "")
        #expect(span.flags == 0x103)
    }

    @Test func dropsAnInvalidTracestateAndKeepsTheTrace() {
        let (tracer, _) = SondeTracer.alone()
        let context = tracer.context(from: ["traceparent": Self.parent, "tracestate": "foo=1,BAR=2"])
        #expect(tracer.headers(from: context) == ["traceparent": Self.parent])
    }

    @Test func continuesTheCallersTrace() throws {
        let (tracer, queue) = SondeTracer.alone()
        let context = tracer.context(from: [
            "traceparent": Self.parent, "tracestate": "foo=1, bar=2", "baggage": "user=al%20ice;p=1",
        ])
        let span = tracer.startSpan("work", context: context, ofKind: .server)
        let headers = tracer.headers(from: span.context)
        #expect(headers["traceparent"] == "00-0af7651916cd43dd8448eb211c80319c-\(span.trace.spanID.hex)-01")
        #expect(headers["tracestate"] == "foo=1,bar=2")
        #expect(headers["baggage"] == "user=al%20ice;p=1")
        #expect(span.context.baggage["user"] == "al ice")
        span.end()
        let record = try #require(queue.takeSpans().first)
        #expect(record.parentSpanID.hex == "b7ad6b7169203331")
        #expect(record.kind == .server)
        #expect(record.traceState == "foo=1,bar=2")
        #expect(record.flags == 0x301)
    }

    @Test func passesTheCallersContextOnWithoutASpan() {
        let (tracer, _) = SondeTracer.alone()
        let headers = ["traceparent": Self.parent, "tracestate": "foo=1", "baggage": "a=1"]
        #expect(tracer.headers(from: tracer.context(from: headers)) == headers)
    }

    @Test func anUnsampledSpanStillPropagates() throws {
        let (tracer, queue) = SondeTracer.alone()
        let unsampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
        let context = tracer.context(from: ["traceparent": unsampled, "tracestate": "foo=1", "baggage": "a=1"])
        let span = tracer.startSpan("work", context: context)
        #expect(!span.isRecording)
        span.attributes["ignored"] = 1
        #expect(span.attributes.isEmpty)
        let headers = tracer.headers(from: span.context)
        #expect(headers["traceparent"] == "00-0af7651916cd43dd8448eb211c80319c-\(span.trace.spanID.hex)-00")
        #expect(headers["tracestate"] == "foo=1")
        #expect(headers["baggage"] == "a=1")
        span.end()
        #expect(try queue.takeSpans().isEmpty)
    }

    @Test func childrenFindTheirParentInTheTask() async throws {
        let (tracer, queue) = SondeTracer.alone()
        await tracer.withSpan("outer") { outer in
            await tracer.withSpan("inner") { inner in
                await Task.yield()
                #expect(inner.trace.traceID == outer.trace.traceID)
                #expect(ServiceContext.current?.spanID == inner.trace.spanID.hex)
            }
        }
        let spans = try queue.takeSpans()
        #expect(spans.map(\.name) == ["inner", "outer"])
        #expect(spans[0].parentSpanID == spans[1].spanID)
        #expect(spans[1].parentSpanID == .zero)
    }

    @Test func anErrorThrownFailsTheSpan() throws {
        struct Declined: Error, CustomStringConvertible { var description: String { "card declined" } }
        let (tracer, queue) = SondeTracer.alone()
        #expect(throws: Declined.self) { try tracer.withSpan("charge") { _ in throw Declined() } }
        let span = try #require(queue.takeSpans().first)
        #expect(span.status == SondeModel.SpanStatus(code: .error, message: "card declined"))
        let event = try #require(span.events.first)
        #expect(event.name == "exception")
        #expect(event.attributes["exception.message"] == .string("card declined"))
        #expect(event.attributes["exception.type"]?.text.hasSuffix("Declined") == true)
    }

    @Test func withoutPropagatorsNothingCrosses() {
        let (tracer, _) = SondeTracer.alone(propagators: [])
        let context = tracer.context(from: ["traceparent": Self.parent, "baggage": "a=1"])
        #expect(context.isEmpty)
        #expect(tracer.headers(from: tracer.startSpan("work", context: context).context).isEmpty)
    }

    @Test(arguments: [Propagator.b3Single, .b3Multi, .jaeger])
    func speaksTheOlderFormatsWhenAsked(propagator: Propagator) throws {
        let (tracer, _) = SondeTracer.alone(propagators: [propagator])
        let span = tracer.startSpan("work", context: .topLevel)
        let headers = tracer.headers(from: span.context)
        #expect(headers["traceparent"] == nil && !headers.isEmpty)
        let read = try #require(tracer.context(from: headers).trace)
        #expect(read.traceID == span.trace.traceID && read.spanID == span.trace.spanID)
        #expect(read.isSampled && read.isRemote)
    }

    @Test func writesAllFormatsAndReadsTheFirst() {
        let (tracer, _) = SondeTracer.alone(propagators: [.traceContext, .b3Single, .b3Multi, .jaeger])
        let headers = tracer.headers(from: tracer.context(from: ["traceparent": Self.parent]))
        #expect(
            Set(headers.keys) == [
                "traceparent", "b3", "X-B3-TraceId", "X-B3-SpanId", "X-B3-Sampled", "uber-trace-id",
            ])
        var mixed = headers
        mixed["b3"] = "80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1"
        #expect(tracer.context(from: mixed).spanID == "b7ad6b7169203331")
        mixed["traceparent"] = "00-bad"
        #expect(tracer.context(from: mixed).spanID == "e457b5a2e4d86bd1")
    }

    @Test func childProcessesFindTheirParentInTheEnvironment() {
        let (tracer, _) = SondeTracer.alone()
        var context = tracer.context(from: ["traceparent": Self.parent, "tracestate": "a=1"])
        context.baggage["tenant"] = "acme"
        var environment: [String: String] = [:]
        tracer.inject(context, into: &environment, using: EnvironmentCarrier())
        #expect(environment == ["TRACEPARENT": Self.parent, "TRACESTATE": "a=1", "BAGGAGE": "tenant=acme"])
        var child = ServiceContext.topLevel
        tracer.extract(environment, into: &child, using: EnvironmentCarrier())
        #expect(child.spanID == "b7ad6b7169203331" && child.baggage["tenant"] == "acme")
    }

    @Test func findsTheActiveSpanOfAContext() {
        let (tracer, _) = SondeTracer.alone()
        let span = tracer.startSpan("work", context: .topLevel)
        #expect(tracer.activeSpan(identifiedBy: span.context) === span)
        #expect(tracer.activeSpan(identifiedBy: tracer.context(from: ["traceparent": Self.parent])) == nil)
    }
}
