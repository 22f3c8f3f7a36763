// SPDX-License-Identifier: Apache-2.0
// Which rows there are, from top to bottom: one a span, a repetition or a missing parent, without what is folded or
// sifted out. Twelve bytes a row; the screen draws only those that are in sight.

import SondeModel

struct RowList: Sendable {
    enum Content: Hashable, Sendable {
        case span(Int)
        /// Stands for siblings of one shape; opened, they follow below it.
        case repeats(Int)
        /// Stands in for a parent that some spans name, by its place among the missing parents.
        case missingParent(Int)
    }

    struct Row: Sendable {
        private var item: UInt32
        /// Row of what it hangs from; -1 for none.
        fileprivate(set) var parent: Int32
        private var levelAndLast: UInt32

        fileprivate init(_ content: Content, depth: Int, parent: Int) {
            switch content {
            case .span(let span): item = UInt32(span)
            case .repeats(let group): item = UInt32(group) | 1 << 30
            case .missingParent(let place): item = UInt32(place) | 2 << 30
            }
            self.parent = Int32(parent)
            levelAndLast = UInt32(depth) << 1
        }

        var content: Content {
            let place = Int(item & (1 << 30 - 1))
            return switch item >> 30 {
            case 0: .span(place)
            case 1: .repeats(place)
            default: .missingParent(place)
            }
        }

        var depth: Int { Int(levelAndLast >> 1) }

        /// Whether no sibling follows.
        fileprivate(set) var isLast: Bool {
            get { levelAndLast & 1 == 1 }
            set { levelAndLast = levelAndLast & ~1 | (newValue ? 1 : 0) }
        }
    }

    private(set) var rows: [Row] = []
    /// How many of the rows' spans were left out by folding, and by a search.
    private(set) var shownSpans = 0

    var count: Int { rows.count }
    subscript(row: Int) -> Row { rows[row] }

    init() {}

    init(_ model: TraceModel, _ folding: Folding, sift: Sift? = nil) {
        var builder = RowBuilder(model, folding, sift)
        builder.run()
        rows = builder.rows
        shownSpans = builder.shownSpans
        markLast()
    }

    /// The row of a span; nil if it has none.
    func row(of span: Int) -> Int? { rows.firstIndex { $0.content == .span(span) } }

    func row(of content: Content) -> Int? { rows.firstIndex { $0.content == content } }

    /// From below: the first row seen at a level is the last of its siblings, until a row above them is passed.
    private mutating func markLast() {
        var isOpen: [Bool] = []
        for row in rows.indices.reversed() {
            let depth = rows[row].depth
            if isOpen.count <= depth {
                isOpen.append(contentsOf: repeatElement(false, count: depth + 1 - isOpen.count))
            } else {
                isOpen.removeLast(isOpen.count - depth - 1)
            }
            rows[row].isLast = !isOpen[depth]
            isOpen[depth] = true
        }
    }
}

/// What a search leaves: the spans it found and everything above them.
struct Sift: Sendable {
    /// By span.
    private(set) var keeps: [Bool]

    init(_ matches: [Int], in model: TraceModel) {
        keeps = Array(repeating: false, count: model.count)
        for match in matches {
            var next: Int? = match
            while let span = next, !keeps[span] {
                keeps[span] = true
                next = model.trace.parents[span]
            }
        }
    }
}

/// What is folded. Kept by span and by repetition, so that it outlives every other change of the rows.
struct Folding: Sendable {
    /// Spans whose children are hidden.
    var closed: Set<Int> = []
    /// Repetitions whose members are shown; all others share their row.
    var opened: Set<Int> = []
    /// Whether repetitions share rows at all.
    var foldsRepeats = true
}

/// Walks the tree in the order in which it is drawn. Iterative: a chain may be as long as the trace.
private struct RowBuilder {
    private struct Visit {
        var content: RowList.Content
        var depth: Int
        var parent: Int
    }

    private let model: TraceModel
    private let folding: Folding
    private let sift: Sift?
    private(set) var rows: [RowList.Row] = []
    private(set) var shownSpans = 0
    private var stack: [Visit] = []

    init(_ model: TraceModel, _ folding: Folding, _ sift: Sift?) {
        self.model = model
        self.folding = folding
        self.sift = sift
    }

    mutating func run() {
        rows.reserveCapacity(sift == nil ? model.count : 0)
        pushRoots()
        while let visit = stack.popLast() {
            let row = rows.count
            rows.append(RowList.Row(visit.content, depth: visit.depth, parent: visit.parent))
            switch visit.content {
            case .span(let span):
                shownSpans += 1
                // What a search found is shown, folded or not.
                guard sift != nil || !folding.closed.contains(span) else { continue }
                push(from: span + 1, to: model.afterSubtree(of: span), depth: visit.depth + 1, parent: row)
            case .repeats(let group):
                guard isOpen(group) else { continue }
                let members = model.repeats.members(of: group).lazy.map(Int.init).filter(keeps)
                push(Array(members).map { .span($0) }, depth: visit.depth + 1, parent: row)
            case .missingParent(let place): pushChildren(ofMissing: place, row: row)
            }
        }
    }

    private func keeps(_ span: Int) -> Bool { sift?.keeps[span] ?? true }

    /// While a search leaves only some of a repetition, those are worth their rows.
    private func isOpen(_ group: Int) -> Bool {
        if folding.opened.contains(group) { return true }
        guard let sift else { return false }
        return !model.repeats.members(of: group).allSatisfy { sift.keeps[Int($0)] }
    }

    private mutating func push(_ contents: [RowList.Content], depth: Int, parent: Int) {
        for content in contents.reversed() { stack.append(Visit(content: content, depth: depth, parent: parent)) }
    }

    /// Siblings, each repetition once, where its first stands.
    private mutating func push(from first: Int, to end: Int, depth: Int, parent: Int) {
        let bottom = stack.count
        var next = first
        while next < end {
            if let content = content(of: next) {
                stack.append(Visit(content: content, depth: depth, parent: parent))
            }
            next = model.afterSubtree(of: next)
        }
        stack[bottom...].reverse()
    }

    private func content(of span: Int) -> RowList.Content? {
        if folding.foldsRepeats, let group = model.repeats.group(of: span) {
            guard model.repeats.first(of: group) == span else { return nil }
            return sift == nil || model.repeats.members(of: group).contains { keeps(Int($0)) } ? .repeats(group) : nil
        }
        return keeps(span) ? .span(span) : nil
    }

    /// Roots by start; children of one missing parent stand together, where the first of them would.
    private mutating func pushRoots() {
        var contents: [RowList.Content] = []
        var isSeen = Array(repeating: false, count: model.trace.missingParents.count)
        var next = 0
        while next < model.count {
            if let place = model.orphans.missingParent(of: next) {
                if !isSeen[place], keepsChildren(ofMissing: place) { contents.append(.missingParent(place)) }
                isSeen[place] = true
            } else if let content = content(of: next) {
                contents.append(content)
            }
            next = model.afterSubtree(of: next)
        }
        push(contents, depth: 0, parent: -1)
    }

    private func keepsChildren(ofMissing place: Int) -> Bool {
        sift == nil || model.orphans.children(of: place).contains { keeps(Int($0)) }
    }

    private mutating func pushChildren(ofMissing place: Int, row: Int) {
        push(model.orphans.children(of: place).compactMap { content(of: Int($0)) }, depth: 1, parent: row)
    }
}
