// SPDX-License-Identifier: Apache-2.0
// What of a trace is drawn, and what is said of its spans on the side: the whole trace stays at hand, since the head of a
// drawing tells of all of it.

package import SondeModel

package struct TraceView: Sendable {
    /// Everything that has arrived, with the times that are drawn.
    private(set) var whole: Trace
    /// What has a row of its own.
    private(set) var shown: Trace
    private var marks: [SpanRecord.Key: Mark] = [:]
    /// Spans whose times are drawn as adjusted.
    private(set) var movedCount = 0
    private(set) var marksCriticalPath = false

    /// What is said of a span beside what it says itself.
    struct Mark {
        var isCritical = false
        /// Nanoseconds by which its times are moved.
        var moved: Int64 = 0
        var fold: Fold?
    }

    /// Siblings that share a row.
    struct Fold {
        var count: Int
        var errorCount: Int
        var totalNanoseconds: UInt64
        /// The latest end of all.
        var end: Timestamp
    }

    package init(_ trace: Trace) {
        whole = trace
        shown = trace
    }

    func mark(_ span: SpanRecord) -> Mark { marks[span.key] ?? Mark() }

    /// Marks the spans that decided when the trace ended.
    package mutating func markCriticalPath(_ spans: some Sequence<Int>) {
        marksCriticalPath = true
        for index in spans { marks[whole.spans[index].key, default: Mark()].isCritical = true }
    }

    /// Moves the times of spans by so many nanoseconds each, in the order of the trace. To be called before what is
    /// asked of indices: the order of siblings changes with their times.
    package mutating func adjustTimes(by nanoseconds: [Int64]) {
        var spans = whole.spans
        for (index, distance) in zip(spans.indices, nanoseconds) where distance != 0 {
            marks[spans[index].key, default: Mark()].moved = distance
            spans[index].start = spans[index].start.advanced(byNanoseconds: distance)
            if !spans[index].isUnfinished { spans[index].end = spans[index].end.advanced(byNanoseconds: distance) }
            movedCount += 1
        }
        guard movedCount > 0 else { return }
        whole = Trace(id: whole.id, assembling: spans)
        shown = whole
    }
}

// MARK: - Folding

extension TraceView {
    private struct Shape: Hashable {
        var service: String
        var name: String
        var kind: SpanKind
    }

    /// Lets siblings of one service, name and kind share a row, from three on: the one that failed first, else the
    /// longest, stands for all of them, with everything below it.
    package mutating func foldRepeats() {
        var isHidden = Array(repeating: false, count: whole.spans.count)
        fold(whole.roots, &isHidden)
        for index in whole.spans.indices where !isHidden[index] { fold(whole.children(of: index), &isHidden) }
        guard isHidden.contains(true) else { return }
        shown = Trace(
            id: whole.id, assembling: whole.spans.indices.filter { !isHidden[$0] }.map { whole.spans[$0] })
    }

    private mutating func fold(_ siblings: [Int], _ isHidden: inout [Bool]) {
        guard siblings.count >= Limits.leastFold else { return }
        var groups: [Shape: [Int]] = [:]
        for index in siblings {
            let span = whole.spans[index]
            groups[Shape(service: span.resource.serviceName, name: span.name, kind: span.kind), default: []].append(
                index)
        }
        for members in groups.values where members.count >= Limits.leastFold {
            let spans = members.map { whole.spans[$0] }
            let failed = members.filter { whole.spans[$0].isError }
            let longest = members.max { whole.spans[$0].durationNanoseconds < whole.spans[$1].durationNanoseconds }
            guard let first = failed.first ?? longest else { continue }
            marks[whole.spans[first].key, default: Mark()].fold = Fold(
                count: members.count, errorCount: failed.count,
                totalNanoseconds: spans.lazy.map(\.durationNanoseconds).reduce(0) {
                    $0.addingReportingOverflow($1).partialValue
                },
                end: spans.lazy.map(\.end).max() ?? .zero)
            for member in members where member != first {
                for index in member..<(member + whole.subtreeCounts[member]) { isHidden[index] = true }
            }
        }
    }
}
