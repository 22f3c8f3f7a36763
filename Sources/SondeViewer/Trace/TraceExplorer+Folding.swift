// SPDX-License-Identifier: Apache-2.0
// Folding: one span, a level, all; repetitions apart. And sifting: what a search leaves.

import SondeModel

extension TraceExplorer {
    /// Opens or closes what is selected.
    mutating func toggleFold() -> Remark {
        switch selected {
        case .span(let span):
            guard model.hasChildren(span) else { return "there is nothing below this span" }
            if folding.closed.remove(span) == nil { folding.closed.insert(span) }
        case .repeats(let group):
            if folding.opened.remove(group) == nil { folding.opened.insert(group) }
        case .missingParent, nil: return nil
        }
        refresh()
        return nil
    }

    /// Opens what is selected, or goes on to what is below it.
    mutating func open() {
        switch selected {
        case .span(let span) where folding.closed.contains(span): folding.closed.remove(span)
        case .repeats(let group) where !folding.opened.contains(group): folding.opened.insert(group)
        default:
            let below = selectedRow + 1
            if below < rows.count, rows[below].parent == Int32(selectedRow) { select(row: below) }
            return
        }
        refresh()
    }

    /// Closes what is selected, or goes to what it hangs from.
    mutating func close() {
        switch selected {
        case .span(let span) where model.hasChildren(span) && !folding.closed.contains(span):
            folding.closed.insert(span)
        case .repeats(let group) where folding.opened.contains(group): folding.opened.remove(group)
        default: return moveToParent()
        }
        refresh()
    }

    /// Everything below the children of the roots goes out of sight.
    mutating func closeAll() {
        folding.opened = []
        folding.closed = Set(
            (0..<model.count).lazy.filter { [model] in model.hasChildren($0) && model.trace.depths[$0] > 0 })
        if model.trace.depths.allSatisfy({ $0 < 2 }) {
            folding.closed = Set(model.trace.roots.filter(model.hasChildren))
        }
        refresh()
    }

    mutating func openAll() {
        folding.closed = []
        refresh()
    }

    /// The deepest level in sight is hidden.
    mutating func closeLevel() -> Remark {
        var deepest = 0
        for row in 0..<rows.count {
            if case .span(let span) = rows[row].content { deepest = max(deepest, model.trace.depths[span]) }
        }
        guard deepest > 0 else { return "everything is folded" }
        for row in 0..<rows.count {
            guard case .span(let span) = rows[row].content, model.trace.depths[span] == deepest - 1,
                model.hasChildren(span)
            else { continue }
            folding.closed.insert(span)
        }
        refresh()
        return nil
    }

    /// Whatever is closed and in the rows is opened, which shows a level more.
    mutating func openLevel() -> Remark {
        var hasChanged = false
        for row in 0..<rows.count {
            guard case .span(let span) = rows[row].content else { continue }
            if folding.closed.remove(span) != nil { hasChanged = true }
        }
        refresh()
        return hasChanged ? nil : "everything is open"
    }

    mutating func toggleRepeats() -> Remark {
        guard !model.repeats.groups.isEmpty else { return "nothing repeats in this trace" }
        folding.foldsRepeats.toggle()
        folding.opened = []
        refresh()
        return folding.foldsRepeats ? "repetitions share a row" : "each span has a row"
    }

    // MARK: Sifting

    /// Looks for something else from now on; ``found(_:for:)`` brings the answer.
    mutating func look(for search: SpanSearch?) {
        guard search != find.search else { return }
        find.search = search
        find.isPending = search != nil
        guard search == nil else { return }
        find.matches = []
        find.sift = nil
        refresh()
    }

    /// - Returns: false if something else is looked for by now.
    mutating func found(_ matches: [Int], for search: SpanSearch) -> Bool {
        guard search == find.search, matches.last ?? 0 < model.count else { return false }
        find.isPending = false
        find.matches = matches
        find.sift = matches.isEmpty ? nil : Sift(matches, in: model)
        refresh()
        // Somewhere in what was found, rather than on something above it.
        if let selectedSpan, !matches.isEmpty, !matches.contains(selectedSpan) { _ = moveToMatch(forward: true) }
        return true
    }

    mutating func toggleSifting() -> Remark {
        guard find.search != nil else { return "nothing is looked for yet" }
        find.isSifting.toggle()
        refresh()
        return find.isSifting ? "only what was found, and what it hangs from" : "everything, with what was found marked"
    }
}
