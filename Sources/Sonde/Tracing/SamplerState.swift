// SPDX-License-Identifier: Apache-2.0
// A sampler at work: thresholds computed, rates counted.

import SondeModel
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Asked once a span, from any thread.
indirect enum SamplerState: Sendable {
    /// The trace id's last 56 bits, which are random, must reach this, as in OpenTelemetry's consistent probability
    /// sampling.
    case threshold(UInt64)
    case parentBased(SamplerState)
    case rateLimited(RateLimit)
    case rules([(rule: SamplingRule, state: SamplerState)], otherwise: SamplerState)

    init(_ sampler: Sampler) {
        switch sampler.kind {
        case .ratio(let ratio): self = .threshold(UInt64(((1 - ratio) * 0x1p56).rounded(.up)))
        case .parentBased(let root): self = .parentBased(SamplerState(root))
        case .rateLimited(let perSecond): self = .rateLimited(RateLimit(perSecond: perSecond))
        case .rules(let rules, let otherwise):
            self = .rules(
                rules.map { ($0, SamplerState($0.sampler)) }, otherwise: SamplerState(otherwise))
        }
    }

    /// The bits of a trace id's lower half that are compared.
    @inline(__always) static var randomBits: UInt64 { 0x00FF_FFFF_FFFF_FFFF }

    /// The threshold of a sampler that has nothing else but, perhaps, a parent to follow.
    var plainThreshold: UInt64? {
        switch self {
        case .threshold(let threshold): threshold
        case .parentBased(.threshold(let threshold)): threshold
        default: nil
        }
    }

    /// Whether names and attributes matter.
    var looksAtSpans: Bool {
        switch self {
        case .threshold, .rateLimited: false
        case .parentBased(let root): root.looksAtSpans
        case .rules: true
        }
    }

    func samples(_ traceID: TraceID, parent: TraceContext?, start: () -> SpanStart) -> Bool {
        switch self {
        case .threshold(let threshold): return traceID.low & Self.randomBits >= threshold
        case .parentBased(let root):
            if let parent { return parent.isSampled }
            return root.samples(traceID, parent: nil, start: start)
        case .rateLimited(let limit):
            if let parent, !parent.isRemote { return parent.isSampled }
            return limit.take(at: RateLimit.now())
        case .rules(let rules, let otherwise):
            // Half a trace is worth less than none.
            if let parent, !parent.isRemote { return parent.isSampled }
            let start = start()
            let state = rules.first { $0.rule.fits(start) }?.state ?? otherwise
            return state.samples(traceID, parent: parent, start: { start })
        }
    }
}

/// So many a second, without a lock: one number says when the allowance would be used up ("generic cell rate").
final class RateLimit: Sendable {
    /// Nanoseconds that one trace takes of the allowance, and how far ahead of time it may be.
    private let interval: UInt64
    private let burst: UInt64
    private let usedUntil = Atomic<UInt64>(0)

    init(perSecond: Double) {
        interval = UInt64(min(max(1e9 / perSecond, 1), 0x1p62))
        burst = max(interval, 1_000_000_000)
    }

    /// Takes one if there is one at this moment of a clock that never goes back, in nanoseconds.
    func take(at now: UInt64) -> Bool {
        var used = usedUntil.load(ordering: .relaxed)
        while true {
            let next = max(used, now) &+ interval
            guard next &- now <= burst else { return false }
            let exchange = usedUntil.weakCompareExchange(expected: used, desired: next, ordering: .relaxed)
            if exchange.exchanged { return true }
            used = exchange.original
        }
    }

    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }
}
