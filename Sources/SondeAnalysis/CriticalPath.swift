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
    /// A stretch of one span on the path.
    package struct Segment: Hashable, Sendable {
        /// Index into the trace's spans.
        package var span: Int
        package var start: Timestamp
        package var end: Timestamp
    }

    /// The path below the trace's main root, latest stretch first; empty for a trace without spans. Stretches touch one
    /// another and cover the root from end to start. Children are seen as far as they lie inside their parent: one that
    /// outlives it (work left running) counts up to the parent's end, one that begins after it does not count.
    package static func segments(of trace: Trace) -> [Segment] {
        guard let root = trace.mainRoot else { return [] }
        var segments: [Segment] = []
        var walk = [Visit(root, in: trace, from: trace.spans[root].start, to: trace.spans[root].end)]
        while var visit = walk.popLast() {
            guard let child = visit.nextWaitedFor() else {
                segments.append(visit.segment(downTo: visit.start))
                continue
            }
            segments.append(visit.segment(downTo: child.end))
            visit.now = child.start
            walk.append(visit)
            walk.append(Visit(child.span, in: trace, from: child.start, to: child.end))
        }
        return segments.filter { $0.start < $0.end || trace.spans[$0.span].durationNanoseconds == 0 }
    }

    /// A span while the walk is inside it, with the children it may still enter.
    private struct Visit {
        let span: Int
        let start: Timestamp
        /// The walk has come back to this moment.
        var now: Timestamp
        /// Children held inside the span, the one that finished last at the end.
        var children: [Segment]

        init(_ span: Int, in trace: Trace, from start: Timestamp, to end: Timestamp) {
            self.span = span
            self.start = start
            self.now = max(start, end)
            self.children = trace.children(of: span).compactMap { child in
                let held = Segment(
                    span: child, start: max(trace.spans[child].start, start), end: min(trace.spans[child].end, end))
                return held.start <= held.end ? held : nil
            }
            children.sort { ($0.end, $0.start) < ($1.end, $1.start) }
        }

        /// The child that finished last, not after now.
        mutating func nextWaitedFor() -> Segment? {
            while let child = children.popLast() {
                if child.end <= now { return child }
            }
            return nil
        }

        func segment(downTo moment: Timestamp) -> Segment { Segment(span: span, start: moment, end: now) }
    }
}
