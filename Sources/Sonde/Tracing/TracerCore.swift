// SPDX-License-Identifier: Apache-2.0
// What all spans of one tracer share. A tracer is one reference to it, so that swift-distributed-tracing's casts and
// existentials carry a tracer without allocating.

import SondeModel
import SondeWire
import Synchronization
import Tracing

final class TracerCore: Sendable {
    let sampler: SamplerState
    let looksAtSpans: Bool
    private let threshold: UInt64?
    private let isParentBased: Bool
    let limits: SpanLimits
    let propagation: PropagationFormats
    let identifiers: IdentifierSource
    /// Where ended spans go; nil if they are not exported.
    let queue: ExportQueue?
    let pool: ScratchPool
    /// Holds what is not sampled until its trace ends here; nil if nothing is held.
    let tail: TraceTail?
    /// Spans that may have to be reported before they end; nil if none are.
    let openSpans: OpenSpans?
    private let abandoned = Atomic<UInt64>(0)

    init(
        sampler: Sampler, limits: SpanLimits, propagators: Set<Propagator>, identifiers: IdentifierSource,
        queue: ExportQueue?, tail: TailSampling? = nil, reportsOpenSpansAfter age: Duration? = nil
    ) {
        self.sampler = SamplerState(sampler)
        looksAtSpans = self.sampler.looksAtSpans
        threshold = self.sampler.plainThreshold
        isParentBased = sampler.isParentBased
        let limits = limits.usable
        self.limits = limits
        propagation = PropagationFormats(propagators)
        self.identifiers = identifiers
        self.queue = queue
        pool = ScratchPool(identifiers: identifiers, limits: limits)
        self.tail = queue.flatMap { queue in tail.map { TraceTail($0, queue: queue) } }
        openSpans = queue == nil ? nil : age.map { OpenSpans(reportedAfter: $0) }
    }

    /// Spans of the lean API that went out of scope without `end`.
    var abandonedCount: UInt64 { abandoned.load(ordering: .relaxed) }

    func countAbandoned() { abandoned.wrappingAdd(1, ordering: .relaxed) }

    /// Sends a span off that has ended, or puts it to the others of its trace.
    @inline(__always)
    func finish(_ buffer: EntryBuffer, isSampled: Bool, hold: TraceHold?, at end: UInt64) {
        if isSampled {
            queue?.append(buffer.framed(field: 2))
        } else {
            hold?.append(buffer.framed(field: 2), at: end)
        }
    }
}

/// What a span is before it has begun: decided once, for both kinds of spans.
struct SpanBirth {
    var trace: TraceContext
    /// Zero without a parent.
    var parentID: SpanID
    var parentIsRemote: Bool
    /// The first span of its trace in this process.
    var isLocalRoot: Bool
    var hold: TraceHold?

    /// Whether what is said about the span is worth keeping.
    var isRecording: Bool { trace.isSampled || hold != nil }
}

extension TracerCore {
    /// What a span of swift-distributed-tracing is, with ids of the source that all threads share.
    @inline(__always)
    func birth(parent: TraceContext?, hold: TraceHold?, start: () -> SpanStart) -> SpanBirth {
        birth(
            parent: parent, hold: hold, spanID: identifiers.nextSpanID(), traceID: { identifiers.nextTraceID() },
            start: start)
    }

    /// Ids, flags and the decision whether to record for a span that begins. `start` is asked for only by samplers that
    /// look at the span, `traceID` only for the first span of a trace.
    @inline(__always)
    func birth(
        parent: TraceContext?, hold parentHold: TraceHold?, spanID: SpanID, traceID: () -> TraceID,
        start: () -> SpanStart
    ) -> SpanBirth {
        guard let parent else { return rootBirth(traceID(), spanID, start) }
        let isSampled = isSampled(parent.traceID, parent: parent, start)
        var trace = parent
        trace.spanID = spanID
        trace.flags.rawValue &= FlagBits.random
        if isSampled { trace.flags.rawValue |= FlagBits.sampled }
        trace.isRemote = false
        let hold = isSampled ? nil : parent.isRemote ? tail?.hold() : parentHold
        return SpanBirth(
            trace: trace, parentID: parent.spanID, parentIsRemote: parent.isRemote, isLocalRoot: parent.isRemote,
            hold: hold)
    }

    /// The usual samplers are two numbers; the others are asked.
    @inline(__always)
    private func isSampled(_ traceID: TraceID, parent: TraceContext?, _ start: () -> SpanStart) -> Bool {
        guard let threshold else { return sampler.samples(traceID, parent: parent, start: start) }
        if isParentBased, let parent { return parent.isSampled }
        return traceID.low & SamplerState.randomBits >= threshold
    }

    @inline(__always)
    private func rootBirth(_ traceID: TraceID, _ spanID: SpanID, _ start: () -> SpanStart) -> SpanBirth {
        let isSampled = isSampled(traceID, parent: nil, start)
        let trace = TraceContext(
            traceID: traceID, spanID: spanID,
            flags: TraceFlags(rawValue: FlagBits.random | (isSampled ? FlagBits.sampled : 0)),
            state: .empty, isRemote: false)
        return SpanBirth(
            trace: trace, parentID: .zero, parentIsRemote: false, isLocalRoot: true,
            hold: isSampled ? nil : tail?.hold())
    }
}
