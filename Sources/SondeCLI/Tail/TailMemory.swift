// SPDX-License-Identifier: Apache-2.0
// What a tail has seen, bounded: which traces are new, which have grown, and which are ready to be shown. A trace arrives
// in pieces; one that is incomplete waits a moment for its root, which names it.

import SondeModel
import SondeStorage

struct TailMemory {
    /// What became of a trace since the last look.
    enum News: Hashable { case none, new, grown }

    private struct Entry {
        var start: Timestamp
        var spanCount: Int
        var spans: Set<SpanRecord.Key> = []
    }

    private var entries: [TraceID: Entry] = [:]
    /// Ids in the order in which they were first seen; what has been let go is left out at the next clearing.
    private var order: [TraceID] = []
    private var waiting: [(summary: TraceSummary, since: ContinuousClock.Instant)] = []
    private let capacity: Int
    /// Traces that began before this are no longer looked at: they may have been seen and let go.
    private(set) var floor: Timestamp

    init(from floor: Timestamp, capacity: Int = Limits.tailTraces) {
        self.floor = floor
        self.capacity = capacity
    }

    /// Takes note of a trace.
    mutating func see(_ summary: TraceSummary) -> News {
        guard summary.start >= floor else { return .none }
        guard let known = entries[summary.traceID] else {
            entries[summary.traceID] = Entry(start: summary.start, spanCount: summary.spanCount)
            order.append(summary.traceID)
            return .new
        }
        guard known.spanCount != summary.spanCount else { return .none }
        entries[summary.traceID]?.spanCount = summary.spanCount
        return .grown
    }

    /// Spans of a trace that have not been seen, in the order of the trace.
    mutating func newSpans(of trace: Trace) -> [Int] {
        trace.spans.indices.filter { entries[trace.id]?.spans.insert(trace.spans[$0].key).inserted ?? false }
    }

    /// Lets go of what began before `moment`, and of the first seen beyond the capacity. What is dated after the present
    /// by a wrong clock does not keep the rest from being looked at.
    mutating func forget(before moment: Timestamp, present: Timestamp = .distantFuture) {
        floor = max(floor, moment)
        let tooMany = max(0, order.count - capacity)
        for id in order.prefix(tooMany) {
            guard let entry = entries.removeValue(forKey: id) else { continue }
            floor = max(floor, min(present, entry.start.advanced(byNanoseconds: 1)))
        }
        guard tooMany > 0 || order.contains(where: { entries[$0].map { $0.start < floor } ?? true }) else { return }
        entries = entries.filter { $0.value.start >= floor }
        order = order.filter { entries[$0] != nil }
    }
}

// MARK: - Readiness

extension TailMemory {
    /// A new trace that shall be shown once it is whole, or has waited long enough.
    mutating func wait(for summary: TraceSummary, now: ContinuousClock.Instant) { waiting.append((summary, now)) }

    /// A trace that waits has become larger.
    mutating func update(_ summary: TraceSummary) {
        guard let place = waiting.firstIndex(where: { $0.summary.traceID == summary.traceID }) else { return }
        waiting[place].summary = summary
    }

    /// What can be shown now, oldest first.
    mutating func ready(now: ContinuousClock.Instant, all: Bool = false) -> [TraceSummary] {
        let isReady = { (item: (summary: TraceSummary, since: ContinuousClock.Instant)) in
            all || item.summary.isComplete || now - item.since >= Limits.tailSettling
        }
        let ready = waiting.filter(isReady).map(\.summary)
        waiting.removeAll(where: isReady)
        return ready.sorted { ($0.start, $0.traceID) < ($1.start, $1.traceID) }
    }
}
