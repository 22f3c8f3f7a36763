// SPDX-License-Identifier: Apache-2.0
// What tells two traces, or two groups of traces, apart: by place of the tree, and by the attribute values that one
// side has and the other has not. Traces are seen one at a time; what stays is bounded.

package import SondeModel

package struct TraceComparison: Sendable {
    private var sides = (a: Side(), b: Side())
    private var tree = PositionTree(limit: Limits.maxPositions)
    /// Nil where one trace is compared with one: those have no shares to speak of.
    private var ledger: AttributeLedger?

    private struct Side: Sendable {
        var label = ""
        /// Their numbers in the ledger.
        var traces: [Int] = []
        var spans = 0
        var durations: [UInt64] = []
        var positions: [PositionSide] = []
        var sample: TraceID?
    }

    /// Which of the two groups a trace belongs to: `a` is what is compared with, `b` what is looked at.
    package enum Group: Hashable, Sendable { case a, b }

    package init(a: String, b: String) {
        self.init(a: a, b: b, ledger: AttributeLedger())
    }

    private init(a: String, b: String, ledger: AttributeLedger?) {
        sides.a.label = a
        sides.b.label = b
        self.ledger = ledger
    }

    /// Two single traces.
    package static func difference(from a: Trace, to b: Trace) -> TraceDifference {
        alignment(of: a, with: b).difference
    }

    /// Two single traces, and which of their spans stand at which place.
    package static func alignment(of a: Trace, with b: Trace) -> TraceAlignment {
        var comparison = TraceComparison(a: a.id.hex, b: b.id.hex, ledger: nil)
        let placesA = comparison.place(a, in: .a)
        let placesB = comparison.place(b, in: .b)
        let order = comparison.order()
        let numbers = Self.numbers(in: order)
        let renumbered = { (places: [Int]) in places.map { $0 < 0 ? nil : Int32(numbers[$0]) } }
        return TraceAlignment(
            difference: comparison.difference(order), placesA: renumbered(placesA), placesB: renumbered(placesB))
    }

    package mutating func add(_ trace: Trace, to group: Group) { _ = place(trace, in: group) }

    /// Adds a trace; returns the place of each of its spans, -1 for none.
    private mutating func place(_ trace: Trace, in group: Group) -> [Int] {
        let columns = TraceColumns(trace)
        let places = tree.places(of: columns)
        let number = ledger?.traceCount ?? 0
        ledger?.add(columns)
        switch group {
        case .a: Self.count(columns, at: places, number, in: &sides.a, positions: tree.keys.count)
        case .b: Self.count(columns, at: places, number, in: &sides.b, positions: tree.keys.count)
        }
        return places
    }

    private static func count(
        _ columns: TraceColumns, at places: [Int], _ number: Int, in side: inout Side, positions: Int
    ) {
        side.traces.append(number)
        side.spans += columns.count
        side.durations.append(columns.mainRoot.map(columns.duration) ?? 0)
        side.sample = side.sample ?? columns.trace.id
        while side.positions.count < positions { side.positions.append(PositionSide()) }
        for (span, place) in places.enumerated() where place >= 0 {
            side.positions[place].count += 1
            if columns.trace.spans[span].isError { side.positions[place].errorCount += 1 }
            side.positions[place].totalNanos = side.positions[place].totalNanos.addingClamped(columns.duration(span))
            side.positions[place].selfNanos = side.positions[place].selfNanos.addingClamped(columns.selfNanos[span])
        }
    }

    package func difference() -> TraceDifference { difference(order()) }

    private func difference(_ order: [Int]) -> TraceDifference {
        var difference = TraceDifference()
        difference.a = Self.describe(sides.a)
        difference.b = Self.describe(sides.b)
        difference.positions = positions(order)
        difference.positionsOmitted = tree.omitted
        difference.attributes =
            ledger?.separations(a: sides.a.traces, b: sides.b.traces, limit: Limits.maxSeparations) ?? []
        return difference
    }

    private static func describe(_ side: Side) -> DifferenceSide {
        var result = DifferenceSide()
        let sorted = side.durations.sorted()
        result.label = side.label
        result.traces = side.traces.count
        result.spans = side.spans
        result.meanNanos = sorted.reduce(0) { $0.addingClamped($1) } / UInt64(max(1, sorted.count))
        result.p50Nanos = Quantile.nearestRank(0.5, ofSorted: sorted)
        result.p95Nanos = Quantile.nearestRank(0.95, ofSorted: sorted)
        result.sampleTrace = side.sample
        return result
    }

    // MARK: Places

    /// Places as they are told: siblings by the time that changed.
    private func order() -> [Int] {
        let changes = tree.keys.indices.map { abs(meanChange(at: $0)) }
        return tree.depthFirst { changes[$0] != changes[$1] ? changes[$0] > changes[$1] : $0 < $1 }
    }

    /// For each place of the tree its number in that order.
    private static func numbers(in order: [Int]) -> [Int] {
        var numbers = Array(repeating: 0, count: order.count)
        for (new, old) in order.enumerated() { numbers[old] = new }
        return numbers
    }

    private func positions(_ order: [Int]) -> [PositionDifference] {
        let newPlace = Self.numbers(in: order)
        return order.map { place in
            let operation = tree.operation(at: place)
            let parent = tree.keys[place].parent
            var position = PositionDifference()
            position.service = operation.service
            position.operation = operation.name
            position.kind = operation.kind
            position.parent = parent < 0 ? nil : newPlace[parent]
            position.depth = tree.depths[place]
            position.a = Self.position(place, of: sides.a)
            position.b = Self.position(place, of: sides.b)
            position.change = change(position.a, position.b)
            return position
        }
    }

    private static func position(_ place: Int, of side: Side) -> PositionSide {
        side.positions.indices.contains(place) ? side.positions[place] : PositionSide()
    }

    /// Nanoseconds a trace.
    private func meanChange(at place: Int) -> Double {
        let a = Double(Self.position(place, of: sides.a).totalNanos) / Double(max(1, sides.a.traces.count))
        let b = Double(Self.position(place, of: sides.b).totalNanos) / Double(max(1, sides.b.traces.count))
        return b - a
    }

    private func change(_ a: PositionSide, _ b: PositionSide) -> PositionDifference.Change {
        if a.count == 0 { return .added }
        if b.count == 0 { return .removed }
        let tracesA = Double(max(1, sides.a.traces.count))
        let tracesB = Double(max(1, sides.b.traces.count))
        let differs = { (a: Int, b: Int) in
            let (meanA, meanB) = (Double(a) / tracesA, Double(b) / tracesB)
            return abs(meanA - meanB) > Limits.countNoise * max(meanA, meanB)
        }
        if differs(a.count, b.count) || differs(a.errorCount, b.errorCount) { return .changed }
        let timeA = Double(a.totalNanos) / tracesA
        let timeB = Double(b.totalNanos) / tracesB
        let isFar = abs(timeA - timeB) >= Limits.timeNoise * max(timeA, timeB)
        return isFar && abs(timeA - timeB) >= Limits.timeNoiseNanos ? .changed : .same
    }
}

/// Two traces laid over each other.
package struct TraceAlignment: Sendable {
    package let difference: TraceDifference
    /// For each span of a side the index of its place in the difference; nil where the place was not kept, nor any above.
    package let placesA: [Int32?]
    package let placesB: [Int32?]
}
