// SPDX-License-Identifier: Apache-2.0
// The tree as rows: one a span, in order, with the lines that tie it to its parent; and one for each parent that has
// not arrived, so that its children keep a common place to hang from. Iterative and local: a chain may be 100 000 deep.

import SondeModel
import SondeTerminal

struct TraceRow {
    enum Content: Hashable {
        case span(Int)
        /// Stands in for a parent that some spans name.
        case missingParent(SpanID, children: Int)
    }

    var content: Content
    var depth: Int
    /// Whether no sibling follows.
    var isLast: Bool
}

enum TraceRows {
    static func rows(of trace: Trace) -> [TraceRow] {
        var rows: [TraceRow] = []
        rows.reserveCapacity(trace.spans.count + trace.missingParents.count)
        var orphans: [SpanID: [Int]] = [:]
        let roots = trace.roots
        for root in roots where trace.isMissingParent(root) {
            orphans[trace.spans[root].parentSpanID, default: []].append(root)
        }
        for root in roots {
            let parent = trace.spans[root].parentSpanID
            guard trace.isMissingParent(root) else {
                append(subtreeOf: root, of: trace, at: 0, isLast: true, to: &rows)
                continue
            }
            // All children of one missing parent stand where the earliest of them would.
            guard let siblings = orphans.removeValue(forKey: parent) else { continue }
            rows.append(TraceRow(content: .missingParent(parent, children: siblings.count), depth: 0, isLast: true))
            for sibling in siblings {
                append(subtreeOf: sibling, of: trace, at: 1, isLast: sibling == siblings.last, to: &rows)
            }
        }
        return rows
    }

    private static func append(
        subtreeOf root: Int, of trace: Trace, at depth: Int, isLast: Bool, to rows: inout [TraceRow]
    ) {
        for index in root..<(root + trace.subtreeCounts[root]) {
            let isLast = index == root ? isLast : trace.isLastChild(index)
            rows.append(
                TraceRow(content: .span(index), depth: trace.depths[index] - trace.depths[root] + depth, isLast: isLast)
            )
        }
    }
}

extension Trace {
    /// Whether the span at `index` is the last child of its parent: its subtree ends where the parent's does.
    fileprivate func isLastChild(_ index: Int) -> Bool {
        guard let parent = parents[index] else { return true }
        return index + subtreeCounts[index] == parent + subtreeCounts[parent]
    }
}

/// The lines in front of each row. Feed it rows in order.
struct TreeLines {
    /// Levels that are drawn; deeper rows show their depth and the nearest levels only.
    let maxLevels: Int
    /// For each level on the way to the current row: whether a sibling follows below.
    private var isOpen: [Bool] = []

    init(maxLevels: Int) { self.maxLevels = maxLevels }

    mutating func prefix(of row: TraceRow) -> StyledText {
        isOpen.removeLast(max(0, isOpen.count - row.depth))
        defer { isOpen.append(!row.isLast) }
        var prefix = StyledText()
        guard row.depth > 0 else { return prefix }
        var level = 1
        if row.depth > maxLevels {
            // Two levels give their room to a number, which grows to six digits.
            level = row.depth - maxLevels + 3
            prefix.append("⋮\(row.depth)", .faint)
            prefix.pad(to: 6)
        }
        while level < row.depth {
            prefix.append(drawn: isOpen[level] ? "│  " : "   ", .faint)
            level += 1
        }
        prefix.append(drawn: row.isLast ? "└─ " : "├─ ", .faint)
        return prefix
    }
}
