// SPDX-License-Identifier: Apache-2.0
// Ways through a trace: from row to row, from error to error, to slower siblings, along the critical path. A move that
// leads nowhere says why.

import SondeModel

/// A sentence for the reader; nil if the move speaks for itself.
typealias Remark = String?

extension TraceExplorer {
    mutating func move(by rows: Int) { select(row: selectedRow + rows) }

    mutating func page(_ pages: Int) {
        let distance = max(1, height - Limits.rowsAround)
        let before = selectedRow
        scroll(by: pages * distance)
        // At either end there is nothing to scroll; the selection goes there instead.
        if abs(selectedRow - before) < distance { select(row: before + pages * distance) }
    }

    mutating func moveToStart() { select(row: 0) }
    mutating func moveToEnd() { select(row: rows.count - 1) }

    /// To the row that this one hangs from.
    mutating func moveToParent() {
        guard rows.count > 0 else { return }
        let parent = Int(rows[selectedRow].parent)
        if parent >= 0 { select(row: parent) }
    }

    // MARK: Errors

    /// The next failing span in the order of the tree, also where it is folded away; round at the end.
    mutating func moveToError(forward: Bool) -> Remark {
        guard model.errorCount > 0 else { return "no span of this trace has failed" }
        let isError = { [model] (span: Int) in model.flags[span].contains(.error) }
        return moveAround(forward: forward, isError, again: "went round: \(model.errorCount) in all")
    }

    // MARK: Marks

    mutating func toggleMark() -> Remark {
        guard let span = selectedSpan else { return "there is no span here to mark" }
        if let place = marks.firstIndex(of: span) {
            marks.remove(at: place)
        } else {
            marks.append(span)
            marks.sort()
        }
        return nil
    }

    mutating func moveToMark(forward: Bool) -> Remark {
        guard !marks.isEmpty else { return "nothing is marked yet" }
        let marked = Set(marks)
        return moveAround(forward: forward, { marked.contains($0) }, again: nil)
    }

    // MARK: What was found

    mutating func moveToMatch(forward: Bool) -> Remark {
        guard find.search != nil else { return "nothing is looked for yet" }
        guard !find.matches.isEmpty else { return find.isPending ? "still looking" : "nothing was found" }
        let current = selectedSpan ?? -1
        let place = find.matches.firstIndex { $0 >= current } ?? find.matches.count
        let next: Int
        if forward {
            next = place < find.matches.count && find.matches[place] == current ? place + 1 : place
        } else {
            next = place - 1
        }
        let count = find.matches.count
        jump(to: find.matches[(next + count) % count])
        return next < 0 || next >= count ? "went round: \(count) found" : nil
    }

    /// How many of the found stand at or before the selected span.
    var matchPlace: Int? {
        guard let selectedSpan else { return nil }
        return find.matches.firstIndex(of: selectedSpan).map { $0 + 1 }
    }

    // MARK: Siblings by duration

    /// From a sibling to the next slower or faster one; from a repetition to its slowest or fastest.
    mutating func moveToSibling(slower: Bool) -> Remark {
        guard let current = selectedSpan else { return "there is no span here to compare" }
        if case .repeats(let group)? = selected {
            let members = model.repeats.members(of: group).map(Int.init)
            guard let end = slower ? members.max(by: isFaster) : members.min(by: isFaster) else { return nil }
            jump(to: end)
            return "\(slower ? "slowest" : "fastest") of \(members.count)"
        }
        let siblings = siblings(of: current)
        let next =
            slower
            ? siblings.filter { isFaster(current, $0) }.min(by: isFaster)
            : siblings.filter { isFaster($0, current) }.max(by: isFaster)
        guard let next else {
            return siblings.count == 1
                ? "this span has no siblings"
                : "this is the \(slower ? "slowest" : "fastest") of \(siblings.count) siblings"
        }
        jump(to: next)
        return nil
    }

    private func isFaster(_ a: Int, _ b: Int) -> Bool {
        (model.durations[a], a) < (model.durations[b], b)
    }

    func siblings(of span: Int) -> [Int] {
        if let parent = model.trace.parents[span] { return model.trace.children(of: parent) }
        if let missing = model.orphans.missingParent(of: span) {
            return model.orphans.children(of: missing).map(Int.init)
        }
        return model.trace.roots.filter { model.orphans.missingParent(of: $0) == nil }
    }

    // MARK: Where the time goes

    /// The span with most time of its own, then the second, and so on.
    mutating func moveToHottest(forward: Bool) -> Remark {
        guard let insight else { return "still working out where the time goes" }
        guard !insight.hottest.isEmpty else { return "no span of this trace lasts" }
        let count = insight.hottest.count
        let place = hotPlace.map { ($0 + (forward ? 1 : count - 1)) % count } ?? 0
        jump(to: insight.hottest[place])
        hotPlace = place
        return "\(Ordinal.text(place + 1)) by time of its own"
    }

    mutating func toggleCriticalPath() -> Remark {
        guard let insight else { return "still working out the critical path" }
        showsPath.toggle()
        guard showsPath else { return nil }
        let spans = Set(insight.path.lazy.map(\.span)).count
        return "critical path: \(insight.path.count) stretches of \(spans) spans"
    }

    /// To the next stretch of the critical path in time, or the one before.
    mutating func moveAlongPath(forward: Bool) -> Remark {
        guard let insight else { return "still working out the critical path" }
        guard !insight.path.isEmpty else { return "this trace has no critical path" }
        showsPath = true
        let count = insight.path.count
        guard let place = nextPathPlace(insight, forward: forward) else {
            return forward ? "this is the end of the critical path" : "this is the start of the critical path"
        }
        let stretch = insight.path[place]
        jump(to: stretch.span)
        pathPlace = place
        let start = drawnOffset(of: stretch.start, in: stretch.span)
        cursor = start
        window.reveal(start)
        return "stretch \(place + 1) of \(count)"
    }

    /// Goes on from the stretch that was visited last, if its span is still selected; else from the selected span.
    private func nextPathPlace(_ insight: TraceInsight, forward: Bool) -> Int? {
        let stretches = selectedSpan.map { insight.stretches(of: $0) } ?? []
        var current = pathPlace
        if let place = current, selectedSpan != insight.path[place].span { current = nil }
        if current == nil, let first = stretches.first, let last = stretches.last {
            current = Int(forward ? first : last)
        }
        guard let current else { return forward ? 0 : insight.path.count - 1 }
        let next = forward ? current + 1 : current - 1
        return insight.path.indices.contains(next) ? next : nil
    }

    /// Where a moment of a span's adjusted times is drawn.
    func drawnOffset(of moment: Timestamp, in span: Int) -> UInt64 {
        let moved = model.isAdjusted ? 0 : insight?.adjustment(of: span) ?? 0
        return model.origin.nanoseconds(until: moment.advanced(byNanoseconds: moved == .min ? .max : -moved))
    }

    // MARK: Jumps

    /// Selects a span that may be anywhere, and shows its time if that is out of sight.
    mutating func jump(to span: Int) {
        select(span: span)
        if model.starts[span] > window.end || model.drawnEnd(span) < window.start { window.reveal(model.starts[span]) }
    }

    // MARK: Round and round

    /// To the next span of a kind in the order of the tree, beyond the end again from the start.
    private mutating func moveAround(forward: Bool, _ isWanted: (Int) -> Bool, again: Remark) -> Remark {
        let count = model.count
        var next = selectedSpan ?? (forward ? count - 1 : 0)
        // Of a repetition, whose first stands for it, the first itself may be wanted.
        var hasWrapped = false
        if forward, case .repeats? = selected, isWanted(next) {
            jump(to: next)
            return nil
        }
        for _ in 0..<count {
            next += forward ? 1 : -1
            if next < 0 || next >= count {
                next = forward ? 0 : count - 1
                hasWrapped = true
            }
            if isWanted(next) {
                jump(to: next)
                return hasWrapped ? again : nil
            }
        }
        return again
    }
}

enum Ordinal {
    /// `1st`, `2nd`, `11th`.
    static func text(_ number: Int) -> String {
        let ending =
            switch (number % 10, number % 100) {
            case (_, 11...13): "th"
            case (1, _): "st"
            case (2, _): "nd"
            case (3, _): "rd"
            default: "th"
            }
        return "\(number)\(ending)"
    }
}
