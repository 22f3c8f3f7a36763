// SPDX-License-Identifier: Apache-2.0
// Two traces laid over each other: the places of their trees, what each side spent there, and which of them have a row.
// Side `a` is what is compared with, side `b` what is looked at.

import SondeAnalysis
import SondeModel

struct DiffModel: Sendable {
    enum Measure: Hashable, Sendable {
        /// From start to end.
        case total
        /// Without what children took.
        case own
    }

    let a: Trace
    let b: Trace
    let difference: TraceDifference
    /// For each place the longest of its spans on a side, by index into the trace; -1 where the side has none.
    private let longestA: [Int32]
    private let longestB: [Int32]
    /// For each place the one behind its subtree.
    private let ends: [Int32]
    /// Whether a place differs, or one below it.
    private let leadsToChange: [Bool]
    /// The largest difference of one place, in nanoseconds: what fills a bar.
    private let largestTotal: UInt64
    private let largestOwn: UInt64

    init(a: Trace, b: Trace) {
        self.a = a
        self.b = b
        let alignment = TraceComparison.alignment(of: a, with: b)
        let positions = alignment.difference.positions
        difference = alignment.difference
        longestA = Self.longest(a, alignment.placesA, positions.count)
        longestB = Self.longest(b, alignment.placesB, positions.count)
        ends = Self.ends(positions)
        leadsToChange = Self.leadsToChange(positions)
        largestTotal = positions.lazy.map { Self.distance($0.a.totalNanos, $0.b.totalNanos) }.max() ?? 0
        largestOwn = positions.lazy.map { Self.distance($0.a.selfNanos, $0.b.selfNanos) }.max() ?? 0
    }

    var positions: [PositionDifference] { difference.positions }
    var changedCount: Int { positions.count { $0.change != .same } }

    // MARK: Rows

    /// The places that have a row, in order.
    func rows(showingSame: Bool, folded: Set<Int>) -> [Int] {
        var rows: [Int] = []
        var place = 0
        while place < positions.count {
            guard showingSame || leadsToChange[place] else {
                place = Int(ends[place])
                continue
            }
            rows.append(place)
            place = folded.contains(place) ? Int(ends[place]) : place + 1
        }
        return rows
    }

    func hasChildren(_ place: Int, showingSame: Bool) -> Bool {
        let below = place + 1..<Int(ends[place])
        return showingSame ? !below.isEmpty : below.contains { leadsToChange[$0] }
    }

    /// Places below others that have something below them: what folding all folds.
    var foldable: Set<Int> { Set(positions.indices.filter { Int(ends[$0]) > $0 + 1 && positions[$0].depth > 0 }) }

    /// The places that lead to one, the nearest first.
    func ancestors(of place: Int) -> [Int] {
        var ancestors: [Int] = []
        var next = positions[place].parent
        while let place = next {
            ancestors.append(place)
            next = positions[place].parent
        }
        return ancestors
    }

    // MARK: Numbers

    func nanoseconds(_ place: Int, _ measure: Measure) -> (a: UInt64, b: UInt64) {
        let position = positions[place]
        return measure == .total
            ? (position.a.totalNanos, position.b.totalNanos) : (position.a.selfNanos, position.b.selfNanos)
    }

    /// The difference as part of the largest, -1 to 1: above zero, `b` took longer.
    func share(_ place: Int, _ measure: Measure) -> Double {
        let (a, b) = nanoseconds(place, measure)
        let whole = Double(max(1, measure == .total ? largestTotal : largestOwn))
        return b >= a ? Double(b - a) / whole : -Double(a - b) / whole
    }

    func longestSpan(_ place: Int, in side: Side) -> SpanRecord? {
        let index = Int(side == .a ? longestA[place] : longestB[place])
        return index < 0 ? nil : (side == .a ? a : b).spans[index]
    }

    enum Side: Hashable, Sendable { case a, b }
}

// MARK: - Columns

extension DiffModel {
    private static func distance(_ a: UInt64, _ b: UInt64) -> UInt64 { a > b ? a - b : b - a }

    private static func longest(_ trace: Trace, _ places: [Int32?], _ count: Int) -> [Int32] {
        var longest = Array(repeating: Int32(-1), count: count)
        for (span, place) in places.enumerated() {
            guard let place = place.map(Int.init), longest.indices.contains(place) else { continue }
            let known = Int(longest[place])
            guard known < 0 || trace.spans[known].durationNanoseconds < trace.spans[span].durationNanoseconds else {
                continue
            }
            longest[place] = Int32(span)
        }
        return longest
    }

    /// Places stand before those below them.
    private static func ends(_ positions: [PositionDifference]) -> [Int32] {
        var ends = positions.indices.map { Int32($0 + 1) }
        for place in positions.indices.reversed() {
            if let parent = positions[place].parent { ends[parent] = max(ends[parent], ends[place]) }
        }
        return ends
    }

    private static func leadsToChange(_ positions: [PositionDifference]) -> [Bool] {
        var leads = positions.map { $0.change != .same }
        for place in positions.indices.reversed() where leads[place] {
            if let parent = positions[place].parent { leads[parent] = true }
        }
        return leads
    }
}

// MARK: - Attributes

extension DiffModel {
    /// A key whose value is not the same on both sides; nil where a side has none.
    struct AttributeChange: Hashable {
        var key: String
        var a: String?
        var b: String?
    }

    /// What the longest spans of both sides at a place say differently of themselves, in the order of `b`.
    func attributeChanges(_ place: Int) -> [AttributeChange] {
        guard let a = longestSpan(place, in: .a), let b = longestSpan(place, in: .b) else { return [] }
        var changes: [AttributeChange] = []
        for (before, after) in [(a.attributes, b.attributes), (a.resource.attributes, b.resource.attributes)] {
            for attribute in after where before[attribute.key] != attribute.value {
                changes.append(
                    AttributeChange(key: attribute.key, a: before[attribute.key]?.text, b: attribute.value.text))
            }
            for attribute in before where after[attribute.key] == nil {
                changes.append(AttributeChange(key: attribute.key, a: attribute.value.text, b: nil))
            }
        }
        if a.status != b.status {
            changes.insert(AttributeChange(key: "status", a: Self.text(a.status), b: Self.text(b.status)), at: 0)
        }
        return changes
    }

    private static func text(_ status: SpanStatus) -> String {
        status.message.isEmpty ? status.code.name : status.code.name + ": " + status.message
    }
}
