// SPDX-License-Identifier: Apache-2.0
// The critical path: the stretches of work that, made shorter, would have made the trace shorter.
//
// The rule is the one that CRISP (Zhang et al., USENIX ATC 2022) and Jaeger publish: walk back from the end of the root;
// the child that finished last before the present moment was being waited for, so the walk goes on inside it, from its
// end to its start, and then returns to the parent at the moment the child began.
//
//      root    ├────────────────────────────────┤
//      a          ├─────────┤                          a and c are on the path, b is not: c finished later.
//      b                       ├───┤
//      c                      ├────────┤
//      path    ═══ ═════════ ═ ════════ ═══════

package import SondeModel

package enum CriticalPath {
    /// The path below the trace's main root, latest stretch first; empty for a trace without spans. Stretches touch one
    /// another and cover the root from end to start, in adjusted times. Children are seen as far as they lie inside their
    /// parent: one that outlives it (work left running) counts up to the parent's end, one that begins after it does not
    /// count, and neither does a consumer, which takes up a message that its parent only sent.
    package static func segments(of trace: Trace) -> [PathSegment] { segments(of: TraceColumns(trace)) }

    static func segments(of columns: TraceColumns) -> [PathSegment] {
        guard let root = columns.mainRoot else { return [] }
        var segments: [PathSegment] = []
        var walk = [Visit(root, in: columns, from: columns.starts[root], to: columns.ends[root])]
        while var visit = walk.popLast() {
            guard let child = visit.nextWaitedFor() else {
                visit.close(downTo: visit.start, into: &segments, in: columns)
                continue
            }
            visit.close(downTo: child.end, into: &segments, in: columns)
            visit.now = child.start
            walk.append(visit)
            walk.append(Visit(child.span, in: columns, from: child.start, to: child.end))
        }
        return segments
    }

    /// A child as far as it lies inside its parent.
    private struct Held {
        var span: Int
        var start: UInt64
        var end: UInt64
    }

    /// A span while the walk is inside it, with the children it may still enter.
    private struct Visit {
        let span: Int
        let start: UInt64
        /// The walk has come back to this moment.
        var now: UInt64
        /// Children held inside the span, the one that finished last at the end.
        var children: [Held]

        init(_ span: Int, in columns: TraceColumns, from start: UInt64, to end: UInt64) {
            self.span = span
            self.start = start
            self.now = max(start, end)
            self.children = columns.children(of: span).compactMap { child in
                guard !columns.isSentOff(child, by: span) else { return nil }
                let held = Held(
                    span: child, start: max(columns.starts[child], start), end: min(columns.ends[child], end))
                return held.start <= held.end ? held : nil
            }
            children.sort { ($0.end, $0.start) < ($1.end, $1.start) }
        }

        /// The child that finished last, not after now.
        mutating func nextWaitedFor() -> Held? {
            while let child = children.popLast() {
                if child.end <= now { return child }
            }
            return nil
        }

        /// Adds the stretch from `moment` to now, unless it is empty in a span that is not.
        func close(downTo moment: UInt64, into segments: inout [PathSegment], in columns: TraceColumns) {
            guard moment < now || columns.duration(span) == 0 else { return }
            segments.append(
                PathSegment(
                    span: span, start: Timestamp(nanoseconds: moment), end: Timestamp(nanoseconds: now)))
        }
    }
}
