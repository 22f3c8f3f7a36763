// SPDX-License-Identifier: Apache-2.0
// What a whole trace says about each of its spans: pure functions, iterative, since a trace may be one long chain.

package import SondeModel

package enum TraceAnalysis {
    /// Self time and critical path of every span, in the order of ``SondeModel/Trace/spans``.
    package static func annotations(of trace: Trace) -> [SpanAnnotation] {
        var isCritical = Array(repeating: false, count: trace.spans.count)
        for segment in CriticalPath.segments(of: trace) { isCritical[segment.span] = true }
        return trace.spans.indices.map { index in
            SpanAnnotation(selfNanos: selfTime(of: index, in: trace), isOnCriticalPath: isCritical[index])
        }
    }

    /// Nanoseconds in which the span ran and none of its children did: its duration less the union of its children's
    /// intervals, each held inside the span's own.
    package static func selfTime(of index: Int, in trace: Trace) -> UInt64 {
        let span = trace.spans[index]
        var covered: UInt64 = 0
        var coveredUntil = span.start
        // Children come by start time, so one pass sees every overlap.
        for child in trace.children(of: index) {
            let start = max(trace.spans[child].start, coveredUntil)
            let end = min(trace.spans[child].end, span.end)
            guard start < end else { continue }
            covered += start.nanoseconds(until: end)
            coveredUntil = end
        }
        return span.durationNanoseconds - covered
    }
}
