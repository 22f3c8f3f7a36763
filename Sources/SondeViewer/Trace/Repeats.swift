// SPDX-License-Identifier: Apache-2.0
// Siblings that do the same thing again and again, so that they may share a row:
//
//   ▸ ×412 SELECT order_items WHERE order_id = ?  p50 1.1 ms

import SondeAnalysis
import SondeModel

/// The repetitions of a trace: siblings of one service, kind and name but for its literals.
struct Repeats: Sendable {
    struct Group: Hashable {
        /// Its place among the members of all groups.
        var members: Range<Int>
        var errorCount = 0
        /// By nearest rank: always the duration of one of them.
        var p50: UInt64 = 0
        var total: UInt64 = 0
        /// From the first start to the last end, counted from the trace's start.
        var start: UInt64 = 0
        var end: UInt64 = 0

        var count: Int { members.count }
    }

    private(set) var groups: [Group] = []
    /// Spans, by group and then by start.
    private var memberList: [UInt32] = []
    /// For each span its group; ``none`` for most. Empty where a trace has no group at all.
    private var groupOf: [UInt32] = []

    private static let none = UInt32.max

    init() {}

    init(of model: TraceModel) {
        var search = RepeatSearch(model)
        search.run()
        groups = search.groups
        memberList = search.memberList
        guard !groups.isEmpty else { return }
        groupOf = Array(repeating: Self.none, count: model.count)
        for (place, group) in groups.enumerated() {
            for member in group.members { groupOf[Int(memberList[member])] = UInt32(place) }
        }
    }

    /// The group that a span shares a row with.
    func group(of span: Int) -> Int? {
        guard !groupOf.isEmpty, groupOf[span] != Self.none else { return nil }
        return Int(groupOf[span])
    }

    func members(of group: Int) -> ArraySlice<UInt32> { memberList[groups[group].members] }

    /// The span by whose place the group stands.
    func first(of group: Int) -> Int { Int(memberList[groups[group].members.lowerBound]) }

    /// A name without its literals. Most names have none, and of those nothing needs to be made.
    static func shape(of name: String) -> String {
        let mayHaveLiterals = name.utf8.contains {
            ($0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9")) || $0 == UInt8(ascii: "'")
        }
        return mayHaveLiterals ? Shape.name(name) : name
    }
}

/// Goes through the children of every span once. Counts stand in one array over all shapes, since most parents have few.
private struct RepeatSearch {
    private let model: TraceModel
    private(set) var groups: [Repeats.Group] = []
    private(set) var memberList: [UInt32] = []
    /// Siblings of each shape, of the parent that is looked at.
    private var counts: [Int]
    /// Whether one of them has spans below it, which a shared row would hide.
    private var callsOn: [Bool]
    private var groupOfShape: [Int]
    private var siblings: [Int] = []

    init(_ model: TraceModel) {
        self.model = model
        callsOn = Array(repeating: false, count: model.operations.count)
        groupOfShape = Array(repeating: -1, count: model.operations.count)
        counts = Array(repeating: 0, count: model.operations.count)
    }

    mutating func run() {
        collect(from: 0, to: model.count)
        look()
        for parent in 0..<model.orphans.parentCount {
            siblings = model.orphans.children(of: parent).map(Int.init)
            look()
        }
        for span in 0..<model.count where model.trace.subtreeCounts[span] > Limits.leastRepeats {
            collect(from: span + 1, to: model.afterSubtree(of: span))
            look()
        }
    }

    private mutating func collect(from first: Int, to end: Int) {
        siblings.removeAll(keepingCapacity: true)
        var next = first
        while next < end {
            // Children of a parent that has not arrived stand below a row of their own.
            if model.orphans.missingParent(of: next) == nil { siblings.append(next) }
            next = model.afterSubtree(of: next)
        }
    }

    private mutating func look() {
        guard siblings.count >= Limits.leastRepeats else { return }
        for span in siblings { count(span) }
        let firstGroup = groups.count
        // A shape that repeats gets its place among the members when its first span comes by.
        for span in siblings {
            let shape = shape(of: span)
            guard counts[shape] >= (callsOn[shape] ? Limits.leastRepeatsWithin : Limits.leastRepeats) else { continue }
            if groupOfShape[shape] < firstGroup {
                groupOfShape[shape] = groups.count
                groups.append(Repeats.Group(members: memberList.count..<memberList.count))
                memberList.append(contentsOf: repeatElement(0, count: counts[shape]))
            }
            let group = groupOfShape[shape]
            memberList[groups[group].members.upperBound] = UInt32(span)
            groups[group].members = groups[group].members.lowerBound..<groups[group].members.upperBound + 1
        }
        for span in siblings {
            counts[shape(of: span)] = 0
            callsOn[shape(of: span)] = false
        }
        for group in firstGroup..<groups.count { groups[group] = summary(of: groups[group].members) }
    }

    private mutating func count(_ span: Int) {
        counts[shape(of: span)] += 1
        if model.hasChildren(span) { callsOn[shape(of: span)] = true }
    }

    private func shape(of span: Int) -> Int { model.shape(of: span) }

    private func summary(of members: Range<Int>) -> Repeats.Group {
        var group = Repeats.Group(members: members)
        group.start = .max
        var durations: [UInt64] = []
        durations.reserveCapacity(members.count)
        for member in members {
            let span = Int(memberList[member])
            durations.append(model.durations[span])
            group.total = group.total.addingReportingOverflow(model.durations[span]).partialValue
            group.start = min(group.start, model.starts[span])
            group.end = max(group.end, model.drawnEnd(span))
            if model.flags[span].contains(.error) { group.errorCount += 1 }
        }
        durations.sort()
        group.p50 = durations[(durations.count - 1) / 2]
        return group
    }
}
