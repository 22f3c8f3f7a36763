// SPDX-License-Identifier: Apache-2.0

import SondeModel
import SondeTestKit
import SondeWire
import Testing
import Tracing

@testable import Sonde

struct SamplerTests {
    private func parent(sampled: Bool) -> TraceContext {
        TraceContext(
            traceID: TraceID(high: 1, low: 0), spanID: SpanID(1), flags: sampled ? .sampled : [], state: .empty,
            isRemote: true)
    }

    @Test func aParentDecidesForItsChildren() {
        let never = TraceID(high: 1, low: 0)
        #expect(Sampler.parentBased(ratio: 0).samples(never, parent: parent(sampled: true)))
        #expect(!Sampler.parentBased(ratio: 1).samples(never, parent: parent(sampled: false)))
        #expect(!Sampler.alwaysOff.samples(never, parent: parent(sampled: true)))
        #expect(Sampler.alwaysOn.samples(never, parent: parent(sampled: false)))
        #expect(!Sampler.traceIDRatio(0.5).samples(never, parent: parent(sampled: true)))
    }

    @Test(arguments: [0, 0.1, 0.5, 0.9, 1])
    func recordsItsShare(ratio: Double) {
        var generator = Dice(state: 42)
        let identifiers = IdentifierSource(seedingFrom: &generator)
        let sampler = Sampler.traceIDRatio(ratio)
        let hits = (0..<20_000).count { _ in sampler.samples(identifiers.nextTraceID(), parent: nil) }
        #expect(abs(Double(hits) / 20_000 - ratio) < 0.02)
    }

    @Test func looksOnlyAtTheRandomBits() {
        let low: UInt64 = 0x00FF_FFFF_FFFF_FFFF
        #expect(Sampler.traceIDRatio(0.001).samples(TraceID(high: 0, low: low), parent: nil))
        #expect(!Sampler.traceIDRatio(0.999).samples(TraceID(high: .max, low: 0xFF00_0000_0000_0000), parent: nil))
    }

    @Test(arguments: [(-1.0, 0.0), (2, 1), (.nan, 1), (.infinity, 1)])
    func bringsARatioIntoRange(given: Double, used: Double) {
        #expect(Sampler.parentBased(ratio: given).ratio == used)
    }
}

extension SamplerTests {
    @Test func aRateLimitAllowsItsBurstAndThenItsRate() {
        let second: UInt64 = 1_000_000_000
        let limit = RateLimit(perSecond: 5)
        #expect((0..<20).count { _ in limit.take(at: 100 * second) } == 5)
        #expect(limit.take(at: 100 * second + second / 5))
        #expect(!limit.take(at: 100 * second + second / 5))
        #expect((0..<20).count { _ in limit.take(at: 200 * second) } == 5, "time that passed is not saved up")
        let rare = RateLimit(perSecond: 0.1)
        #expect(rare.take(at: 100 * second) && !rare.take(at: 109 * second) && rare.take(at: 110 * second))
    }

    @Test(arguments: [(0.0, false), (-1, false), (-.infinity, false), (.infinity, true), (.nan, true), (1e-300, true)])
    func aRateThatMakesNoSenseIsAllOrNothing(perSecond: Double, samples: Bool) {
        #expect(Sampler.rateLimited(perSecond: perSecond).samples(TraceID(high: 1, low: .max), parent: nil) == samples)
    }

    @Test func aRateLimitAndRulesNeverTearATraceApartWithinAProcess() {
        let samplers = [Sampler.rateLimited(perSecond: 1e-9), .rules([], otherwise: .alwaysOff)]
        for sampler in samplers {
            var local = parent(sampled: true)
            local.isRemote = false
            let state = SamplerState(sampler)
            for _ in 0..<10 {
                #expect(state.samples(local.traceID, parent: local) { SpanStart(name: "x", kind: .internal) })
            }
        }
    }

    @Test(arguments: [
        ("GET /health", Tracing.SpanKind.server, nil, false), ("GET /healthy/x", .server, nil, false),
        ("GET /orders", .server, nil, true), ("GET", .server, "/health", false),
        ("nightly import", .internal, nil, false),
        ("work", .client, nil, false), ("work", .internal, nil, true),
    ])
    func theFirstRuleThatFitsDecides(name: String, kind: Tracing.SpanKind, path: String?, isSampled: Bool) {
        let sampler = Sampler.parentBased(
            root: .rules(
                [
                    .route("/health*", .alwaysOff), SamplingRule(name: "nightly *", sampler: .alwaysOff),
                    SamplingRule(kind: .client, sampler: .alwaysOff),
                ], otherwise: .alwaysOn))
        let (tracer, queue) = SondeTracer.alone(sampler: sampler)
        var context = ServiceContext.topLevel
        if let path { context.startAttributes = ["url.path": .string(path)] }
        let span = tracer.startSpan(name, context: context, ofKind: kind)
        #expect(span.isRecording == isSampled)
        #expect(span.context.startAttributes == nil, "they are of that span alone")
        span.end()
        #expect(queue.queuedCount == (isSampled ? 1 : 0))
    }

    @Test func rulesLookAtAttributesOfAnyType() {
        let rule = SamplingRule(attributes: ["tenant": "a*", "size": "3", "vip": "true"], sampler: .alwaysOn)
        func fits(_ attributes: SpanAttributes?) -> Bool {
            rule.fits(SpanStart(name: "x", kind: .server, attributes: attributes))
        }
        #expect(fits(["tenant": "acme", "size": 3, "vip": true]))
        #expect(!fits(["tenant": "acme", "size": 4, "vip": true]))
        #expect(!fits(["tenant": "acme"]) && !fits(nil))
    }

    @Test(arguments: [
        ("", "", true), ("", "*", true), ("a", "", false), ("abc", "a*c", true), ("abcd", "a*c", false),
        ("aXbXc", "*X*c", true), ("abcabd", "*abd", true), ("größe", "gr*e", true), ("a", "a**", true),
    ])
    func aStarStandsForAnything(text: String, pattern: String, matches: Bool) {
        #expect(Wildcard.matches(text, pattern: pattern) == matches)
    }

    @Test func pairsAtATenthGiveNoOrphan() throws {
        for sampler in [Sampler.parentBased(ratio: 0.1), .traceIDRatio(0.1), .rateLimited(perSecond: 1_000)] {
            let (tracer, queue) = SondeTracer.alone(sampler: sampler)
            for _ in 0..<20_000 {
                let root = tracer.startSpan("root", context: .topLevel)
                tracer.startSpan("child", context: root.context).end()
                root.end()
            }
            let spans = try queue.takeSpans()
            let roots = Set(spans.filter { $0.parentSpanID == .zero }.map(\.spanID))
            #expect(spans.count == 2 * roots.count && roots.count > 500)
            #expect(spans.allSatisfy { $0.parentSpanID == .zero || roots.contains($0.parentSpanID) })
        }
    }
}

extension Sampler {
    /// What it says about an ordinary span.
    func samples(_ traceID: TraceID, parent: TraceContext?) -> Bool {
        SamplerState(self).samples(
            traceID, parent: parent, start: { SpanStart(name: "work", kind: .internal, attributes: nil) })
    }
}
