// SPDX-License-Identifier: Apache-2.0
// Clocks that disagree: how far each span must be moved so that it lies inside the span that waited for it. Raw times
// stay as they are; whoever shows adjusted ones says so.
//
// The rule is the one Jaeger publishes (cmd/query/app/querysvc/adjuster/clockskew.go): a span timed by another clock
// than its parent that does not lie inside it is moved into its middle, as if the way there had taken as long as the
// way back. What its clock is wrong by moves every span below it that the same clock timed.
//
//      parent   ├──────────────────┤                  parent   ├──────────────────┤
//      child  ├────────┤                    ▸         child         ├────────┤
//
// A child that lasted longer than its parent was not waited for to its end; it is moved only if it began before the
// parent did, and then to the parent's start. Messages lie in queues, so a consumer is held to the same.

package import SondeModel

package enum ClockSkew {
    /// Nanoseconds to add to the start and end of each span, in the order of ``SondeModel/Trace/spans``; zero for spans
    /// that share their parent's clock, or that fit.
    package static func adjustments(of trace: Trace) -> [Int64] {
        adjustments(of: trace, processes: ProcessTable(trace))
    }

    static func adjustments(of trace: Trace, processes: ProcessTable) -> [Int64] {
        var adjustments = Array(repeating: Int64(0), count: trace.spans.count)
        // Parents stand before their children, so theirs are known.
        for index in trace.spans.indices {
            guard let parent = trace.parents[index] else { continue }
            if processes.shareClock(index, parent) {
                adjustments[index] = adjustments[parent]
            } else {
                adjustments[index] = adjustment(of: index, below: parent, by: adjustments[parent], in: trace)
            }
        }
        return adjustments
    }

    private static func adjustment(of child: Int, below parent: Int, by moved: Int64, in trace: Trace) -> Int64 {
        // An unfinished parent has no end to lie before, and one without duration has no middle.
        guard trace.spans[parent].start < trace.spans[parent].end, trace.spans[child].start != .zero else { return 0 }
        let parentStart = trace.spans[parent].start.advanced(byNanoseconds: moved)
        let parentEnd = trace.spans[parent].end.advanced(byNanoseconds: moved)
        let start = trace.spans[child].start
        let duration = trace.spans[child].durationNanoseconds
        let isAsynchronous =
            duration > trace.spans[parent].durationNanoseconds || trace.spans[child].kind == .consumer
            || trace.spans[parent].kind == .producer
        if isAsynchronous { return start < parentStart ? distance(from: start, to: parentStart) : 0 }
        if start >= parentStart, start.advanced(byNanoseconds: Int64(clamping: duration)) <= parentEnd { return 0 }
        let latency = (trace.spans[parent].durationNanoseconds - duration) / 2
        return distance(from: start, to: parentStart.advanced(byNanoseconds: Int64(clamping: latency)))
    }

    private static func distance(from a: Timestamp, to b: Timestamp) -> Int64 {
        a <= b ? Int64(clamping: a.nanoseconds(until: b)) : -Int64(clamping: b.nanoseconds(until: a))
    }
}
