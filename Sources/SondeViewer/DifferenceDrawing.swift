// SPDX-License-Identifier: Apache-2.0
// What tells two sides apart: who they are, what changed in the tree, and the attribute values that separate them.

package import SondeModel
package import SondeTerminal

package struct DifferenceDrawing: Sendable {
    let difference: TraceDifference
    let showsAll: Bool
    let canvas: Canvas
    private let hues: ServiceHues

    /// - Parameter showsAll: whether places that are the same on both sides have rows, too.
    package init(_ difference: TraceDifference, showsAll: Bool, on canvas: Canvas) {
        self.difference = difference
        self.showsAll = showsAll
        self.canvas = canvas
        hues = ServiceHues(difference.positions.lazy.map(\.service))
    }

    package func lines() -> [StyledText] {
        var lines = sides() + [StyledText()] + positions()
        if !difference.attributes.isEmpty { lines += [StyledText()] + attributes() }
        return lines
    }

    private var isOfGroups: Bool { difference.a.traces > 1 || difference.b.traces > 1 }

    private func sides() -> [StyledText] {
        var table = Table(columns: [
            .init("side", shrinksTo: 8), .init("traces", .right, leavesAt: 2), .init("spans", .right),
            .init("mean", .right),
            .init("p50", .right, leavesAt: 3), .init("p95", .right), .init("trace", shrinksTo: 8, leavesAt: 1),
        ])
        for (name, side) in [("a", difference.a), ("b", difference.b)] {
            table.append([
                StyledText(isOfGroups ? "\(name): \(side.label)" : name), StyledText(Quantity.count(side.traces)),
                StyledText(Quantity.count(side.spans)), Phrase.duration(side.meanNanos), Phrase.duration(side.p50Nanos),
                Phrase.duration(side.p95Nanos), StyledText(side.sampleTrace?.hex ?? "–", .faint),
            ])
        }
        return table.lines(width: canvas.width)
    }

    // MARK: The tree

    private func positions() -> [StyledText] {
        let shown = rows()
        guard !shown.isEmpty else {
            return [StyledText("The trees are the same: no count and no time differs by more than noise.", .faint)]
        }
        var table = Table(columns: [
            .init("place", shrinksTo: 12), .init("a", .right, leavesAt: 2), .init("b", .right, leavesAt: 1),
            .init("difference", .right), .init("spans", .right), .init("errors", .right, leavesAt: 3),
        ])
        for position in shown.prefix(Limits.differenceRows) { table.append(cells(position)) }
        var lines = table.lines(width: canvas.width)
        let more = max(0, shown.count - Limits.differenceRows) + difference.positionsOmitted
        if more > 0 { lines.append(StyledText("… and \(Quantity.counted(more, "place")) more", .faint)) }
        let same = difference.positions.count - shown.count
        if same > 0 {
            lines.append(StyledText("\(Quantity.counted(same, "place")) the same; --all shows them", .faint))
        }
        return lines
    }

    /// What changed, with everything that leads there.
    private func rows() -> [PositionDifference] {
        let all = difference.positions
        guard !showsAll else { return all }
        var isShown = all.map { $0.change != .same }
        // Parents stand before their children.
        for place in all.indices.reversed() where isShown[place] {
            if let parent = all[place].parent { isShown[parent] = true }
        }
        return all.indices.filter { isShown[$0] }.map { all[$0] }
    }

    private func cells(_ position: PositionDifference) -> [StyledText] {
        var name = StyledText(String(repeating: "  ", count: min(position.depth, Limits.differenceLevels)))
        switch position.change {
        case .added: name.append("+ ", .good)
        case .removed: name.append("- ", .bad)
        case .changed: name.append("~ ", .notice)
        case .same: name.append("  ")
        }
        name.append(hues.text(position.service))
        name.append(": ", .faint)
        name.append(Phrase.operation(position.operation))
        let a = mean(position.a.totalNanos, difference.a.traces)
        let b = mean(position.b.totalNanos, difference.b.traces)
        return [
            name, Phrase.duration(position.a.count > 0 ? a : nil), Phrase.duration(position.b.count > 0 ? b : nil),
            change(from: a, to: b),
            counts(position.a.count, position.b.count), counts(position.a.errorCount, position.b.errorCount, .bad),
        ]
    }

    /// A trace.
    private func mean(_ total: UInt64, _ traces: Int) -> UInt64 { total / UInt64(max(1, traces)) }

    private func change(from a: UInt64, to b: UInt64) -> StyledText {
        guard a != b else { return StyledText("–", .faint) }
        return b > a
            ? StyledText("+" + Quantity.duration(nanoseconds: b - a), .bad)
            : StyledText("-" + Quantity.duration(nanoseconds: a - b), .good)
    }

    /// Of single traces the numbers, of groups the means; one where both are the same.
    private func counts(_ a: Int, _ b: Int, _ role: Role = .plain) -> StyledText {
        let (x, y) = (number(a, difference.a.traces), number(b, difference.b.traces))
        return x == y ? StyledText(x, x == "0" ? .faint : .plain) : StyledText("\(x) → \(y)", role)
    }

    private func number(_ count: Int, _ traces: Int) -> String {
        guard isOfGroups else { return Quantity.count(count) }
        let mean = Phrase.tenths(Double(count) / Double(max(1, traces)))
        return mean.hasSuffix(".0") ? String(mean.dropLast(2)) : mean
    }

    // MARK: Attributes

    private func attributes() -> [StyledText] {
        var table = Table(columns: [
            .init("attribute", shrinksTo: 16), .init("a", .right), .init("b", .right),
            .init("of", shrinksTo: 8, leavesAt: 1),
            .init("where", shrinksTo: 8, leavesAt: 2),
        ])
        for item in difference.attributes.prefix(Limits.separationRows) {
            var name = StyledText(item.key)
            name.append("=", .faint)
            name.append(item.value, .strong)
            table.append([
                name, StyledText(Phrase.percent(item.shareA)), StyledText(Phrase.percent(item.shareB)),
                StyledText(item.scope, .faint),
                StyledText(item.service + (item.operation.isEmpty ? "" : ": " + item.operation), .faint),
            ])
        }
        return [StyledText("What one side has and the other has not, by share of its traces", .strong)]
            + table.lines(width: canvas.width)
    }
}
