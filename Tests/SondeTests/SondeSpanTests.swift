// SPDX-License-Identifier: Apache-2.0

import SondeModel
import Testing
import Tracing

@testable import Sonde

struct SondeSpanTests {
    private func record(
        limits: SpanLimits = SpanLimits(), _ body: (SondeSpan) -> Void
    ) throws -> SpanRecord {
        let (tracer, queue) = SondeTracer.alone(limits: limits)
        let span = tracer.startSpan("work", context: .topLevel)
        body(span)
        span.end()
        return try #require(queue.takeSpans().first)
    }

    @Test func endsOnceAndChangesNoMore() throws {
        let (tracer, queue) = SondeTracer.alone()
        let span = tracer.startSpan(
            "work", context: .topLevel, at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 5))
        span.end(at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 9))
        #expect(!span.isRecording)
        span.operationName = "other"
        span.attributes["late"] = 1
        span.addEvent("late")
        span.setStatus(.init(code: .error))
        span.end()
        let spans = try queue.takeSpans()
        #expect(spans.count == 1)
        #expect(spans[0].name == "work")
        #expect(spans[0].start.nanoseconds == 5)
        #expect(spans[0].end.nanoseconds == 9)
        #expect(spans[0].attributes.isEmpty && spans[0].events.isEmpty && spans[0].status.code == .unset)
    }

    /// A value whose description uses the span that it is an attribute of.
    private final class Nosy: CustomStringConvertible, Sendable {
        let span: SondeSpan

        init(_ span: SondeSpan) { self.span = span }

        var description: String {
            span.attributes["late"] = 1
            span.addEvent("late")
            return "\(span.operationName), \(span.attributes.count), \(span.isRecording)"
        }
    }

    @Test func theDescriptionOfAValueMayUseItsOwnSpan() throws {
        let (tracer, queue) = SondeTracer.alone(reportsOpenSpansAfter: .zero)
        let span = tracer.startSpan("work", context: .topLevel)
        span.attributes.set("nosy", value: .stringConvertible(Nosy(span)))
        span.addEvent(SpanEvent(name: "seen", attributes: ["by": .stringConvertibleArray([Nosy(span)])]))
        span.reportUnfinished()
        let open = try #require(queue.takeSpans().first)
        #expect(open.isUnfinished && open.attributes["nosy"] == .string("work, 2, true"))
        #expect(open.attributes["late"] == nil)
        // What it set while it was asked is the span's from then on.
        #expect(span.attributes.get("late") == .int64(1))
        span.end()
        let ended = try #require(queue.takeSpans().first)
        #expect(ended.attributes["nosy"] == .string("work, 2, false") && ended.attributes["late"] == .int(1))
        span.attributes = [:]
    }

    @Test func aDescriptionMayUseItsSpanAlsoWhereTheEndWaitedForItsAttributes() throws {
        let (tracer, queue) = SondeTracer.alone()
        let span = tracer.startSpan("work", context: .topLevel)
        func end(_ span: SondeSpan, changing attributes: inout SpanAttributes) {
            attributes.set("nosy", value: .stringConvertible(Nosy(span)))
            span.end()
        }
        end(span, changing: &span.attributes)
        let ended = try #require(queue.takeSpans().first)
        #expect(ended.attributes["nosy"] == .string("work, 1, false"))
    }

    @Test func aDescriptionMayUseItsSpanAlsoWhereTheTraceIsKeptForItsEnd() throws {
        let (tracer, queue) = SondeTracer.alone(
            sampler: .alwaysOff, tail: TailSampling(slowerThan: .seconds(3_600)))
        let span = tracer.startSpan("work", context: .topLevel)
        span.attributes.set("nosy", value: .stringConvertible(Nosy(span)))
        span.setStatus(.init(code: .error))
        span.end()
        #expect(try queue.takeSpans().first?.attributes["nosy"] == .string("work, 1, false"))
    }

    @Test func carriesEveryTypeOfAttribute() throws {
        let span = try record { span in
            span.attributes = [
                "a": .string("größe"), "b": .bool(true), "c": .int32(-1), "d": .int64(.min), "e": .double(.infinity),
                "f": .stringConvertible(UInt8(7)), "g": .stringArray(["x", ""]), "h": .boolArray([false]),
                "i": .int32Array([1]), "j": .int64Array([]), "k": .doubleArray([0.5]),
                "l": .stringConvertibleArray([1, "2"]),
            ]
        }
        #expect(
            span.attributes == [
                Attribute("a", .string("größe")), Attribute("b", .bool(true)), Attribute("c", .int(-1)),
                Attribute("d", .int(.min)),
                Attribute("e", .double(.infinity)), Attribute("f", .string("7")),
                Attribute("g", .array([.string("x"), .string("")])),
                Attribute("h", .array([.bool(false)])), Attribute("i", .array([.int(1)])), Attribute("j", .array([])),
                Attribute("k", .array([.double(0.5)])), Attribute("l", .array([.string("1"), .string("2")])),
            ])
    }

    @Test func dropsAndCountsWhatExceedsTheLimits() throws {
        let (tracer, _) = SondeTracer.alone()
        let other = tracer.startSpan("other", context: .topLevel)
        let span = try record { span in
            span.attributes["first"] = 1
            span.updateAttributes { attributes in
                for index in 0..<200 { attributes["key\(1_000 + index)"] = index }
            }
            var many = SpanAttributes()
            for index in 0..<130 { many["key\(1_000 + index)"] = index }
            for index in 0..<130 { span.addEvent(Tracing.SpanEvent(name: "\(index)", attributes: many)) }
            for _ in 0..<131 { span.addLink(SpanLink(context: other.context, attributes: many)) }
        }
        #expect(span.attributes.count == 128)
        #expect(span.attributes["first"] == .int(1))
        #expect(span.droppedAttributesCount == 73)
        #expect(span.events.count == 128 && span.droppedEventsCount == 2)
        #expect(span.events[0].attributes.count == 128 && span.events[0].droppedAttributesCount == 2)
        #expect(span.links.count == 128 && span.droppedLinksCount == 3)
        #expect(span.links[0].spanID == other.trace.spanID && span.links[0].droppedAttributesCount == 2)
    }

    @Test func cutsLongTextWhenAsked() throws {
        var limits = SpanLimits()
        limits.attributeValueLength = 3
        let span = try record(limits: limits) {
            $0.attributes = ["a": "größe", "b": .stringArray(["abc", "abcd"])]
        }
        #expect(span.attributes["a"] == .string("grö"))
        #expect(span.attributes["b"] == .array([.string("abc"), .string("abc")]))
    }

    @Test func aLinkToNothingIsNoLink() throws {
        let span = try record { $0.addLink(SpanLink(context: .topLevel, attributes: [:])) }
        #expect(span.links.isEmpty)
    }

    @Test func okIsFinal() throws {
        let span = try record {
            $0.setStatus(.init(code: .error, message: "no"))
            $0.setStatus(.init(code: .ok, message: "ignored"))
            $0.setStatus(.init(code: .error, message: "too late"))
        }
        #expect(span.status == SondeModel.SpanStatus(code: .ok))
    }

    @Test func isSafeWithManyThreads() async throws {
        let (tracer, queue) = SondeTracer.alone()
        let span = tracer.startSpan("work", context: .topLevel)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for index in 0..<16 { span.addEvent(Tracing.SpanEvent(name: "\(task).\(index)")) }
                    span.operationName = "task"
                }
            }
        }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { span.end() } }
        }
        let spans = try queue.takeSpans()
        #expect(spans.count == 1)
        #expect(Set(spans[0].events.map(\.name)).count == 128)
    }

    @Test func anEndWhileAttributesChangeWaitsForThem() throws {
        func change(_ attributes: inout SpanAttributes, _ during: () -> Void) {
            attributes["before"] = 1
            during()
            attributes["after"] = 2
        }
        let span = try record { span in
            span.attributes["first"] = 0
            change(&span.attributes) {
                span.attributes["meanwhile"] = 3
                span.end()
                span.attributes["late"] = 4
            }
        }
        #expect(
            span.attributes == [
                Attribute("after", .int(2)), Attribute("before", .int(1)), Attribute("first", .int(0)),
                Attribute("meanwhile", .int(3)),
            ])
    }

    @Test func attributesSetByManyThreadsAreAllThere() async throws {
        let (tracer, queue) = SondeTracer.alone()
        let span = tracer.startSpan("work", context: .topLevel)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for index in 0..<12 { span.attributes["\(task).\(index)"] = index }
                }
            }
        }
        span.end()
        #expect(try queue.takeSpans().first?.attributes.count == 96)
    }

    @Test func neverEndsBeforeItBegan() throws {
        let (tracer, queue) = SondeTracer.alone()
        let span = tracer.startSpan(
            "work", context: .topLevel, at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 9))
        span.end(at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 5))
        #expect(try queue.takeSpans().first?.end.nanoseconds == 9)
    }
}
