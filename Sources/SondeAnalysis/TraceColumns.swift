// SPDX-License-Identifier: Apache-2.0
// A trace as columns: what every question of this room needs of each span, worked out once. Times are adjusted where
// clocks disagree, and children come by adjusted start.

import SondeModel

struct TraceColumns {
    let trace: Trace
    let count: Int
    /// Adjusted; `ends` is never before `starts`.
    private(set) var starts: [UInt64]
    private(set) var ends: [UInt64]
    let adjustments: [Int64]
    private let processes: ProcessTable
    /// For each span the index of its operation in ``operations``.
    private(set) var operationOf: [Int] = []
    private(set) var operations: [Operation] = []
    /// The children of span `i` stand in `childList` from `childStarts[i]` to `childStarts[i + 1]`.
    private var childStarts: [Int] = []
    private var childList: [Int] = []
    private(set) var selfNanos: [UInt64] = []
    let mainRoot: Int?
    let roots: [Int]

    struct Operation: Hashable {
        var service: String
        var name: String
        var kind: SpanKind
    }

    init(_ trace: Trace) {
        self.trace = trace
        count = trace.spans.count
        let processes = ProcessTable(trace)
        self.processes = processes
        adjustments = ClockSkew.adjustments(of: trace, processes: processes)
        starts = []
        ends = []
        starts.reserveCapacity(count)
        ends.reserveCapacity(count)
        for index in 0..<count {
            let start = trace.spans[index].start.advanced(byNanoseconds: adjustments[index]).nanoseconds
            let end = trace.spans[index].end.advanced(byNanoseconds: adjustments[index]).nanoseconds
            starts.append(start)
            ends.append(trace.spans[index].end == .zero ? start : max(start, end))
        }
        roots = trace.roots
        mainRoot = trace.mainRoot
        nameOperations(processes)
        listChildren()
        selfNanos = (0..<count).map(selfTime)
    }

    /// By adjusted start.
    func children(of span: Int) -> ArraySlice<Int> { childList[childStarts[span]..<childStarts[span + 1]] }

    func duration(_ span: Int) -> UInt64 { ends[span] - starts[span] }

    /// Whether the parent goes on without waiting for the child: a message that somebody else takes up.
    func isSentOff(_ child: Int, by parent: Int) -> Bool {
        trace.spans[child].kind == .consumer
            && (trace.spans[parent].kind == .producer || processes.processOf[child] != processes.processOf[parent])
    }

    private mutating func nameOperations(_ processes: ProcessTable) {
        var known: [Operation: Int] = [:]
        operationOf.reserveCapacity(count)
        for index in 0..<count {
            let operation = Operation(
                service: processes.services[processes.processOf[index]], name: trace.spans[index].name,
                kind: trace.spans[index].kind)
            if let place = known[operation] {
                operationOf.append(place)
            } else {
                known[operation] = operations.count
                operationOf.append(operations.count)
                operations.append(operation)
            }
        }
    }

    /// Counts, then places: two passes and no array per span.
    private mutating func listChildren() {
        childStarts = Array(repeating: 0, count: count + 1)
        for parent in trace.parents { if let parent { childStarts[parent + 1] += 1 } }
        for index in 0..<count { childStarts[index + 1] += childStarts[index] }
        childList = Array(repeating: 0, count: childStarts[count])
        var next = childStarts
        for (index, parent) in trace.parents.enumerated() {
            guard let parent else { continue }
            childList[next[parent]] = index
            next[parent] += 1
        }
        for index in 0..<count { sortChildren(childStarts[index]..<childStarts[index + 1]) }
    }

    /// The trace has siblings by their own start; only adjustments put them out of order.
    private mutating func sortChildren(_ range: Range<Int>) {
        guard range.count > 1 else { return }
        for place in range.dropFirst() where starts[childList[place]] < starts[childList[place - 1]] {
            let starts = starts
            childList[range].sort { (starts[$0], $0) < (starts[$1], $1) }
            return
        }
    }

    /// Duration less the union of the children's intervals, each held inside the span's own.
    private func selfTime(_ span: Int) -> UInt64 {
        var covered: UInt64 = 0
        var coveredUntil = starts[span]
        for child in children(of: span) {
            let start = max(starts[child], coveredUntil)
            let end = min(ends[child], ends[span])
            guard start < end else { continue }
            covered += end - start
            coveredUntil = end
        }
        return duration(span) - covered
    }
}
