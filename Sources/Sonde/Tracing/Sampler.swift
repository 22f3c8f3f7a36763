// SPDX-License-Identifier: Apache-2.0
// Whether a trace is recorded. The standard samplers of OTEL_TRACES_SAMPLER are one rule with two settings.

import SondeModel

/// Decides, when a span starts, whether it is recorded and exported. A span that is not still carries its ids, flags and
/// baggage to the services it calls.
///
/// ```swift
/// config.sampler = .parentBased(ratio: 0.1)   // a tenth of the traces that begin here; callers decide for theirs
/// ```
public struct Sampler: Hashable, Sendable {
    /// Share of traces that are recorded, 0 to 1.
    public let ratio: Double
    /// Whether a span with a parent does what its parent did.
    public let isParentBased: Bool

    private init(ratio: Double, isParentBased: Bool) {
        self.ratio = ratio.isNaN ? 1 : min(max(ratio, 0), 1)
        self.isParentBased = isParentBased
    }

    /// Everything.
    public static let alwaysOn = Sampler(ratio: 1, isParentBased: false)
    /// Nothing.
    public static let alwaysOff = Sampler(ratio: 0, isParentBased: false)
    /// A share of all traces, whatever the caller decided. Services with the same ratio choose the same traces.
    public static func traceIDRatio(_ ratio: Double) -> Sampler { Sampler(ratio: ratio, isParentBased: false) }
    /// What the caller decided; a share of the traces that begin here.
    public static func parentBased(ratio: Double) -> Sampler { Sampler(ratio: ratio, isParentBased: true) }

    /// As OpenTelemetry's consistent probability sampling: the trace id's last 56 bits, which are random, must reach the
    /// threshold that rejects the share `1 - ratio`.
    func samples(_ traceID: TraceID, parent: TraceContext?) -> Bool {
        if isParentBased, let parent { return parent.isSampled }
        let randomness = traceID.low & 0x00FF_FFFF_FFFF_FFFF
        return Double(randomness) >= (1 - ratio) * 0x1p56
    }
}
