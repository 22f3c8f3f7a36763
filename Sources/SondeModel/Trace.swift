// SPDX-License-Identifier: Apache-2.0
// The assembled trace: every span that has arrived, once, in its place in the tree. Whatever comes in (orphans, spans
// that are their own parent, cycles, resent spans), each span is in the tree exactly once and is reachable from a root.

/// A trace as a forest of spans. Spans are addressed by index into ``spans``, which is in depth-first order: a span's
/// subtree is a contiguous run that begins with the span itself.
package struct Trace: Hashable, Sendable {
    package let id: TraceID
    /// Every span once, parents before children, siblings by start time, then span id, then kind.
    package let spans: [SpanRecord]
    /// For each span the index of its parent; nil for a root.
    package let parents: [Int?]
    /// For each span its distance from its root, which has 0.
    package let depths: [Int]
    /// For each span the number of spans in its subtree, itself included.
    package let subtreeCounts: [Int]
    /// Parent ids that spans name and that have not arrived, sorted.
    package let missingParents: [SpanID]

    /// Builds the tree from spans in any order.
    ///
    /// - Duplicates, spans with the same ``SpanRecord/Key``, are shown once: an ended span beats an unfinished one, else
    ///   the later in `records` wins.
    /// - Spans that share an id (a client and its server, as Zipkin sends them) are both kept; the others hang below the
    ///   client. Children hang below the half of their own service, else below the half that is not the client.
    /// - A span whose parent has not arrived, or that is its own ancestor, becomes a root.
    package init(id: TraceID, assembling records: [SpanRecord]) {
        let tree = TraceAssembly(of: records)
        self.id = id
        self.spans = tree.order.map { records[tree.records[$0]] }
        (parents, depths, subtreeCounts) = tree.shape()
        missingParents = tree.missingParents
    }

    /// Indices of the spans without a parent in the tree, by start time.
    package var roots: [Int] { parents.indices.filter { parents[$0] == nil } }

    /// Indices of the children of the span at `index`, by start time.
    package func children(of index: Int) -> [Int] {
        var children: [Int] = []
        var next = index + 1
        let end = index + subtreeCounts[index]
        while next < end {
            children.append(next)
            next += subtreeCounts[next]
        }
        return children
    }

    /// The root that names the trace: the earliest span that says it has no parent, else the earliest root.
    package var mainRoot: Int? {
        let roots = roots
        return roots.first { !spans[$0].parentSpanID.isValid } ?? roots.first
    }

    /// Whether the span at `index` names a parent that has not arrived.
    package func isMissingParent(_ index: Int) -> Bool {
        let parent = spans[index].parentSpanID
        return parents[index] == nil && parent.isValid && isMissing(parent)
    }

    /// By halving: a trace may have as many missing parents as spans.
    private func isMissing(_ id: SpanID) -> Bool {
        var range = missingParents.indices
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            if missingParents[middle] == id { return true }
            range = missingParents[middle] < id ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return false
    }

    /// Whether the span at `index` begins before the parent that waits for it began: two clocks that disagree.
    package func isSkewed(_ index: Int) -> Bool {
        guard let parent = parents[index] else { return false }
        return spans[index].start < spans[parent].start
    }

    /// Whether a root has arrived, no named parent is missing and no span is unfinished.
    package var isComplete: Bool { missing.isNothing }

    /// What has not arrived, as far as what has arrived tells.
    package var missing: MissingParts {
        MissingParts(
            root: !spans.contains { !$0.parentSpanID.isValid }, parents: missingParents.count,
            unfinished: spans.count(where: \.isUnfinished))
    }

    /// The earliest start.
    package var start: Timestamp { spans.lazy.map(\.start).min() ?? .zero }
    /// The latest end; never before ``start``.
    package var end: Timestamp { max(start, spans.lazy.map(\.end).max() ?? .zero) }
    package var durationNanoseconds: UInt64 { start.nanoseconds(until: end) }
}

extension SpanRecord {
    /// What makes two records the same span. Kind belongs to it: a client and a server half may share an id.
    package struct Key: Hashable, Sendable {
        package var traceID: TraceID
        package var spanID: SpanID
        package var kind: SpanKind

        package init(traceID: TraceID, spanID: SpanID, kind: SpanKind) {
            self.traceID = traceID
            self.spanID = spanID
            self.kind = kind
        }
    }

    package var key: Key { Key(traceID: traceID, spanID: spanID, kind: kind) }
}
