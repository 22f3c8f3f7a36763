// SPDX-License-Identifier: Apache-2.0

import SondeModel
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
        var generator = SplitMix(state: 42)
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

/// A generator that starts where it is told.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension Sampler {
    /// What it says about an ordinary span.
    func samples(_ traceID: TraceID, parent: TraceContext?) -> Bool {
        SamplerState(self).samples(
            traceID, parent: parent, start: { SpanStart(name: "work", kind: .internal, attributes: nil) })
    }
}
