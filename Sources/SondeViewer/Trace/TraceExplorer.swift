// SPDX-License-Identifier: Apache-2.0
// Someone looking at a trace: what is selected, folded, found, marked, and which stretch of time is seen. A value without
// any knowledge of terminals; the screen gives it its keys and draws it.

import SondeModel

struct TraceExplorer: Sendable {
    private(set) var model: TraceModel
    /// Nil while it is worked out.
    private(set) var insight: TraceInsight?
    private(set) var rows = RowList()
    var folding = Folding()
    var window: TimeWindow
    /// The moment that is read, counted from the start.
    var cursor: UInt64?
    var showsPath = false
    /// The stretch of the critical path that was visited last.
    var pathPlace: Int?
    /// How far the walk along the spans with most time of their own has come.
    var hotPlace: Int?
    /// Spans, ascending.
    var marks: [Int] = []
    var find = Find()
    /// Log records by the span that wrote them, by time.
    private(set) var logs: [Int: [LogRecord]] = [:]
    private(set) var logCount = 0
    private(set) var selectedRow = 0
    /// The first row in sight, and how many there are.
    private(set) var top = 0
    private(set) var height = 1

    /// What is looked for, and what was found.
    struct Find: Sendable {
        var search: SpanSearch?
        /// Spans, ascending.
        var matches: [Int] = []
        /// Whether the answer is still to come.
        var isPending = false
        /// Whether rows without a match at or below them are hidden.
        var isSifting = true
        var sift: Sift?
    }

    init(_ model: TraceModel, focus: SpanID? = nil) {
        self.model = model
        window = TimeWindow(whole: model.length)
        refresh(selecting: nil)
        if let focus, let span = model.trace.spans.firstIndex(where: { $0.spanID == focus }) { select(span: span) }
    }

    // MARK: Rows

    var selected: RowList.Content? { rows.count == 0 ? nil : rows[min(selectedRow, rows.count - 1)].content }

    /// The span whose details are told: of a repetition its first, of a missing parent none.
    var selectedSpan: Int? {
        switch selected {
        case .span(let span): span
        case .repeats(let group): model.repeats.first(of: group)
        case .missingParent, nil: nil
        }
    }

    /// Makes the rows anew and keeps the selection, or what it has been folded into.
    mutating func refresh() { refresh(selecting: selected) }

    private mutating func refresh(selecting content: RowList.Content?) {
        rows = RowList(model, folding, sift: find.isSifting ? find.sift : nil)
        select(row: content.flatMap(row(showing:)) ?? 0)
    }

    /// The row of something, or of the nearest row above it that is shown.
    private func row(showing content: RowList.Content) -> Int? {
        if let row = rows.row(of: content) { return row }
        // Arrays over all spans: whatever was folded away may have been anywhere in a large trace.
        var rowOfSpan = Array(repeating: Int32(-1), count: model.count)
        var rowOfGroup = Array(repeating: Int32(-1), count: model.repeats.groups.count)
        var rowOfMissing = Array(repeating: Int32(-1), count: model.orphans.parentCount)
        for row in 0..<rows.count {
            switch rows[row].content {
            case .span(let span): rowOfSpan[span] = Int32(row)
            case .repeats(let group): rowOfGroup[group] = Int32(row)
            case .missingParent(let place): rowOfMissing[place] = Int32(row)
            }
        }
        var next: Int? =
            switch content {
            case .span(let span): span
            case .repeats(let group): model.repeats.first(of: group)
            case .missingParent: nil
            }
        while let span = next {
            if rowOfSpan[span] >= 0 { return Int(rowOfSpan[span]) }
            if let group = model.repeats.group(of: span), rowOfGroup[group] >= 0 { return Int(rowOfGroup[group]) }
            if let place = model.orphans.missingParent(of: span), rowOfMissing[place] >= 0 {
                return Int(rowOfMissing[place])
            }
            next = model.trace.parents[span]
        }
        return nil
    }

    mutating func select(row: Int) {
        selectedRow = min(max(0, row), max(0, rows.count - 1))
        keepInSight()
    }

    /// Selects a span, opening whatever hides it.
    mutating func select(span: Int) {
        if unfold(to: span) || rows.row(of: .span(span)) == nil {
            refresh(selecting: .span(span))
        } else if let row = rows.row(of: .span(span)) {
            select(row: row)
        }
    }

    /// Opens what hides a span; false if nothing did.
    private mutating func unfold(to span: Int) -> Bool {
        var hasChanged = false
        if let sift = find.sift, find.isSifting, !sift.keeps[span] {
            find.isSifting = false
            hasChanged = true
        }
        var next: Int? = span
        while let inner = next {
            if folding.foldsRepeats, let group = model.repeats.group(of: inner), folding.opened.insert(group).inserted {
                hasChanged = true
            }
            next = model.trace.parents[inner]
            if let parent = next, folding.closed.remove(parent) != nil { hasChanged = true }
        }
        return hasChanged
    }

    // MARK: What is in sight

    /// How many rows the screen shows now.
    mutating func setHeight(_ newHeight: Int) {
        guard newHeight != height else { return }
        height = max(1, newHeight)
        keepInSight()
    }

    /// Moves what is seen, the selection only where it would be lost.
    mutating func scroll(by lines: Int) {
        top = min(max(0, top + lines), max(0, rows.count - height))
        let around = min(Limits.rowsAround, (height - 1) / 2)
        let first = top == 0 ? 0 : top + around
        let last = top + height >= rows.count ? rows.count - 1 : top + height - 1 - around
        selectedRow = max(0, min(max(selectedRow, first), last))
    }

    private mutating func keepInSight() {
        let around = min(Limits.rowsAround, (height - 1) / 2)
        top = min(top, selectedRow - around)
        top = max(top, selectedRow + around - height + 1)
        top = max(0, min(top, rows.count - height))
    }

    var visibleRows: Range<Int> { top..<min(rows.count, top + height) }

    /// Spans from the first to the last row in sight.
    var visibleSpans: Range<Int> {
        let spans = visibleRows.lazy.compactMap { row -> Int? in
            switch rows[row].content {
            case .span(let span): span
            case .repeats(let group): model.repeats.first(of: group)
            case .missingParent: nil
            }
        }
        guard let first = spans.min(), let last = spans.max() else { return 0..<0 }
        return first..<last + 1
    }

    // MARK: What arrives

    mutating func learn(_ insight: TraceInsight) {
        guard insight.spanCount == model.count else { return }
        self.insight = insight
        (pathPlace, hotPlace) = (nil, nil)
    }

    /// - Parameter records: of this trace, in any order.
    mutating func learn(_ records: [LogRecord]) {
        logs = [:]
        logCount = records.count
        guard !records.isEmpty else { return }
        var places: [SpanID: Int] = [:]
        let wanted = Set(records.map(\.spanID))
        for index in model.trace.spans.indices where wanted.contains(model.trace.spans[index].spanID) {
            // Of halves that share an id, the one that did the work writes the log.
            let id = model.trace.spans[index].spanID
            if places[id] == nil || model.trace.spans[index].kind != .client { places[id] = index }
        }
        for record in records {
            if let span = places[record.spanID] { logs[span, default: []].append(record) }
        }
        for span in logs.keys { logs[span]?.sort { $0.effectiveTime < $1.effectiveTime } }
    }

    /// The same trace with more spans, or with other times. Whatever was selected, folded, marked and seen stays; what was
    /// found out about it is not known any more.
    mutating func replace(_ newModel: TraceModel) {
        let old = model
        let moving = Moving(from: old, to: newModel, keeping: indicesToKeep())
        let selection = selected.flatMap { moving.moved($0) }
        folding.closed = Set(folding.closed.compactMap { moving[$0] })
        folding.opened = Set(folding.opened.compactMap { moving.movedGroup($0) })
        marks = marks.compactMap { moving[$0] }.sorted()
        find.matches = find.matches.compactMap { moving[$0] }.sorted()
        logs = Dictionary(logs.compactMap { span, records in moving[span].map { ($0, records) } }) { a, _ in a }
        let shift = newModel.origin.nanoseconds(until: old.origin)
        window.shift(by: shift)
        window.grow(to: newModel.length)
        cursor = cursor.map { min($0.addingReportingOverflow(shift).partialValue, newModel.length) }
        insight = nil
        model = newModel
        find.sift = find.search == nil || find.matches.isEmpty ? nil : Sift(find.matches, in: newModel)
        (pathPlace, hotPlace) = (nil, nil)
        // What is selected stays a row of its own, also where it now has so many like it that they would share one.
        if case .span(let span) = selection, let group = newModel.repeats.group(of: span) {
            folding.opened.insert(group)
        }
        refresh(selecting: selection)
    }

    private func indicesToKeep() -> Set<Int> {
        var indices = folding.closed
        indices.formUnion(marks)
        indices.formUnion(find.matches)
        indices.formUnion(logs.keys)
        indices.formUnion(folding.opened.map { model.repeats.first(of: $0) })
        if let selectedSpan { indices.insert(selectedSpan) }
        return indices
    }
}

/// Where spans of one trace stand in a later one of the same id.
private struct Moving {
    private let old: TraceModel
    private let new: TraceModel
    private var places: [Int: Int] = [:]

    init(from old: TraceModel, to new: TraceModel, keeping indices: Set<Int>) {
        self.old = old
        self.new = new
        var wanted: [SpanRecord.Key: Int] = [:]
        for index in indices { wanted[old.trace.spans[index].key] = index }
        guard !wanted.isEmpty else { return }
        for index in new.trace.spans.indices {
            if let before = wanted[new.trace.spans[index].key] { places[before] = index }
        }
    }

    subscript(span: Int) -> Int? { places[span] }

    func movedGroup(_ group: Int) -> Int? { self[old.repeats.first(of: group)].flatMap { new.repeats.group(of: $0) } }

    func moved(_ content: RowList.Content) -> RowList.Content? {
        switch content {
        case .span(let span): self[span].map { .span($0) }
        case .repeats(let group):
            movedGroup(group).map { .repeats($0) } ?? self[old.repeats.first(of: group)].map { .span($0) }
        case .missingParent(let place):
            new.trace.missingParents.firstIndex(of: old.trace.missingParents[place]).map { .missingParent($0) }
        }
    }
}
