// SPDX-License-Identifier: Apache-2.0
// How two traces laid over each other look: who they are, a row for each place with both times and what lies between
// them, and all of one place in a pane.
//
//   place                                      a        b        ±              spans
//   ▾ ~ gateway: POST /checkout           123 ms   201 ms   +78 ms      │████   1
//     ▾ ~ orders: POST /orders            109 ms   187 ms   +78 ms      │████   1
//       + payments: retry                      –    60 ms   +60 ms      │███    3

import SondeModel
import SondeTerminal

struct DiffDrawing {
    let model: DiffModel
    let hues: ServiceHues
    let measure: DiffModel.Measure
    let width: Int
    let charset: Charset
    let zone: Zone

    // MARK: The sides

    /// Two lines that say who they are, and one that says what it comes to.
    func header(isTypical: Bool) -> [StyledText] {
        [side("a", model.a, isTypical ? "typical" : ""), side("b", model.b, ""), sentence].map {
            $0.truncated(to: width)
        }
    }

    private func side(_ name: String, _ trace: Trace, _ note: String) -> StyledText {
        var line = StyledText(name + "  ", .strong)
        line.append(String(trace.id.hex.prefix(Limits.shortIDDigits)), .faint)
        if !note.isEmpty { line.append(" " + note, .notice) }
        line.append("  ")
        if let root = trace.mainRoot.map({ trace.spans[$0] }) {
            line.append(hues.text(root.resource.serviceName))
            line.append(": ", .faint)
            line.append(Phrase.operation(root.name))
        }
        line.append("  ")
        line.append(Quantity.duration(nanoseconds: trace.durationNanoseconds), .strong)
        line.append("  " + Quantity.counted(trace.spans.count, "span"), .faint)
        let errors = trace.spans.count(where: \.isError)
        if errors > 0 { line.append("  " + Quantity.counted(errors, "error"), .bad) }
        if !trace.isComplete { line.append("  incomplete", .notice) }
        line.append("  ")
        line.append(Moment.text(nanosecondsSince1970: trace.start.nanoseconds, zone: zone), .faint)
        return line
    }

    private var sentence: StyledText {
        let (a, b) = (model.a.durationNanoseconds, model.b.durationNanoseconds)
        var line = StyledText("b ")
        if a == b {
            line.append("takes as long")
        } else {
            let share = a > 0 ? " (\(b > a ? "+" : "-")" + Self.percent(b > a ? b - a : a - b, of: a) + ")" : ""
            line.append(
                Quantity.duration(nanoseconds: b > a ? b - a : a - b) + (b > a ? " longer" : " shorter") + share,
                b > a ? .bad : .good)
        }
        line.append(Self.more(model.b.spans.count - model.a.spans.count, "span").map { " · " + $0 } ?? "", .faint)
        let errors = model.b.spans.count(where: \.isError) - model.a.spans.count(where: \.isError)
        line.append(Self.more(errors, "error").map { " · " + $0 } ?? "", errors > 0 ? .bad : .good)
        let changed = model.changedCount
        line.append(
            changed == 0
                ? " · no place differs by more than noise"
                : " · \(Quantity.count(changed)) of \(Quantity.counted(model.positions.count, "place")) differ", .faint)
        if model.difference.positionsOmitted > 0 {
            line.append(" · \(Quantity.counted(model.difference.positionsOmitted, "span")) without a place", .notice)
        }
        return line
    }

    private static func percent(_ part: UInt64, of whole: UInt64) -> String {
        let share = Double(part) / Double(whole) * 100
        return share >= 1_000_000 ? "> 1 000 000 %" : Quantity.count(Int(share.rounded())) + " %"
    }

    private static func more(_ count: Int, _ word: String) -> String? {
        guard count != 0 else { return nil }
        return Quantity.count(abs(count)) + (count > 0 ? " more " : " fewer ") + word + (abs(count) == 1 ? "" : "s")
    }

    // MARK: Rows

    var columns: ListColumns {
        ListColumns(
            first: measure == .total ? "place" : "place, without its children", least: Limits.leastNameColumn,
            [
                .init("a", 7, leavesAt: 2), .init("b", 7, leavesAt: 1), .init("±", 8),
                .init("", meterWidth, .left, leavesAt: 4), .init("spans", 9, leavesAt: 3),
                .init("errors", 7, leavesAt: 5),
            ], width: width)
    }

    private var meterWidth: Int { width >= 110 ? 15 : 9 }

    func row(_ place: Int, isFolded: Bool, hasChildren: Bool, columns: ListColumns) -> StyledText {
        let position = model.positions[place]
        let (a, b) = model.nanoseconds(place, measure)
        return columns.line(
            name(position, isFolded: isFolded, hasChildren: hasChildren),
            [
                Phrase.duration(position.a.count > 0 ? a : nil), Phrase.duration(position.b.count > 0 ? b : nil),
                Self.change(from: a, to: b),
                Meter.change(model.share(place, measure), width: meterWidth, charset: charset),
                Self.counts(position.a.count, position.b.count),
                Self.counts(position.a.errorCount, position.b.errorCount, .bad),
            ])
    }

    private func name(_ position: PositionDifference, isFolded: Bool, hasChildren: Bool) -> StyledText {
        var name = StyledText()
        if position.depth > Limits.differenceLevels {
            name.append("⋮\(position.depth) ", .faint)
            name.pad(to: Limits.differenceLevels * 2)
        } else {
            name.pad(to: position.depth * 2)
        }
        name.append(drawn: hasChildren ? (isFolded ? "▸ " : "▾ ") : "  ", .faint)
        name.append(Self.mark(position.change))
        name.append(" ")
        name.append(hues.text(position.service))
        name.append(": ", .faint)
        name.append(Phrase.operation(position.operation), position.change == .same ? .faint : .plain)
        return name
    }

    private static func mark(_ change: PositionDifference.Change) -> StyledText {
        switch change {
        case .added: StyledText("+", .notice)
        case .removed: StyledText("-", .notice)
        case .changed: StyledText("~", .notice)
        case .same: StyledText(" ")
        }
    }

    private static func change(from a: UInt64, to b: UInt64) -> StyledText {
        guard a != b else { return StyledText("–", .faint) }
        return b > a
            ? StyledText("+" + Quantity.duration(nanoseconds: b - a), .bad)
            : StyledText("-" + Quantity.duration(nanoseconds: a - b), .good)
    }

    private static func counts(_ a: Int, _ b: Int, _ role: Role = .plain) -> StyledText {
        guard a != b else { return StyledText(a == 0 ? "–" : Quantity.count(a), .faint) }
        return StyledText("\(Quantity.count(a))→\(Quantity.count(b))", b > a && role == .bad ? .bad : .strong)
    }

    // MARK: One place

    /// What is known of one place, as many lines as it takes.
    func detail(_ place: Int) -> [StyledText] {
        let position = model.positions[place]
        var name = hues.text(position.service)
        name.append(": ", .faint)
        name.append(Phrase.operation(position.operation), .strong)
        if position.kind != .unspecified { name.append("  " + position.kind.name, .faint) }
        var table = Table(columns: [.init(""), .init("a", .right), .init("b", .right), .init("±", .right)])
        let numbers: [(String, UInt64, UInt64)] = [
            ("total time", position.a.totalNanos, position.b.totalNanos),
            ("own time", position.a.selfNanos, position.b.selfNanos),
            ("longest", longest(place, .a), longest(place, .b)),
        ]
        for (title, a, b) in numbers {
            table.append([
                StyledText(title, .heading), Phrase.duration(position.a.count > 0 ? a : nil),
                Phrase.duration(position.b.count > 0 ? b : nil), Self.change(from: a, to: b),
            ])
        }
        for (title, a, b) in [
            ("spans", position.a.count, position.b.count), ("errors", position.a.errorCount, position.b.errorCount),
        ] {
            table.append([
                StyledText(title, .heading), StyledText(Quantity.count(a)), StyledText(Quantity.count(b)),
                StyledText(a == b ? "–" : (b > a ? "+" : "-") + Quantity.count(abs(b - a)), a == b ? .faint : .plain),
            ])
        }
        return ([name] + table.lines(width: width) + attributes(place)).map { $0.truncated(to: width) }
    }

    private func longest(_ place: Int, _ side: DiffModel.Side) -> UInt64 {
        model.longestSpan(place, in: side)?.durationNanoseconds ?? 0
    }

    private func attributes(_ place: Int) -> [StyledText] {
        let changes = model.attributeChanges(place)
        guard !changes.isEmpty else { return [] }
        return [StyledText("what the longest spans of both say differently", .heading)]
            + changes.map { change in
                var line = StyledText(change.key + "  ", .faint)
                line.append(
                    StyledText(change.a ?? "(none)", change.a == nil ? .faint : .plain).truncated(to: width / 3))
                line.append(" → ", .faint)
                line.append(StyledText(change.b ?? "(none)", change.b == nil ? .faint : .strong))
                return line
            }
    }
}
