// SPDX-License-Identifier: Apache-2.0
// How spans lie to each other in a trace, for whole sets at once: every relation takes time linear in the trace.

import SondeModel

struct TraceRelations {
    private let trace: Trace

    init(_ trace: Trace) { self.trace = trace }

    /// The spans of `right` that lie so to a span of `left`, or, by the form of the operator, those that do not, or those
    /// and the left ones to which they lie so. Both lists and the result are ascending.
    func spans(left: [Int], _ structural: StructuralOperator, right: [Int]) -> [Int] {
        let related = spans(of: right, lyingAs: structural.relation, to: left)
        switch structural.form {
        case .plain: return related
        case .not:
            let related = Set(related)
            return right.filter { !related.contains($0) }
        case .union:
            let reverse = spans(of: left, lyingAs: structural.relation.mirrored, to: right)
            return Set(related + reverse).sorted()
        }
    }

    private func spans(of spans: [Int], lyingAs relation: StructuralOperator.Relation, to others: [Int]) -> [Int] {
        guard !spans.isEmpty, !others.isEmpty else { return [] }
        switch relation {
        case .child: return children(spans, of: others)
        case .descendant: return descendants(spans, of: others)
        case .parent:
            let parents = Set(others.compactMap { trace.parents[$0] })
            return spans.filter { parents.contains($0) }
        case .ancestor: return ancestors(spans, of: others)
        case .sibling: return siblings(spans, of: others)
        }
    }

    private func children(_ spans: [Int], of others: [Int]) -> [Int] {
        let others = Set(others)
        return spans.filter { trace.parents[$0].map(others.contains) ?? false }
    }

    /// Subtrees are runs of indices; they nest or lie apart, so the furthest end seen so far decides.
    private func descendants(_ spans: [Int], of others: [Int]) -> [Int] {
        var end = 0
        var next = 0
        return spans.filter { span in
            while next < others.count, others[next] < span {
                end = max(end, others[next] + trace.subtreeCounts[others[next]])
                next += 1
            }
            return span < end
        }
    }

    private func ancestors(_ spans: [Int], of others: [Int]) -> [Int] {
        var next = 0
        return spans.filter { span in
            while next < others.count, others[next] <= span { next += 1 }
            return next < others.count && others[next] < span + trace.subtreeCounts[span]
        }
    }

    /// Roots have no parent and are no siblings.
    private func siblings(_ spans: [Int], of others: [Int]) -> [Int] {
        var counts: [Int: Int] = [:]
        for other in others { if let parent = trace.parents[other] { counts[parent, default: 0] += 1 } }
        let others = Set(others)
        return spans.filter { span in
            guard let parent = trace.parents[span] else { return false }
            return counts[parent, default: 0] > (others.contains(span) ? 1 : 0)
        }
    }
}

extension StructuralOperator.Relation {
    /// How the left span lies to the right one.
    var mirrored: StructuralOperator.Relation {
        switch self {
        case .child: .parent
        case .descendant: .ancestor
        case .parent: .child
        case .ancestor: .descendant
        case .sibling: .sibling
        }
    }
}
