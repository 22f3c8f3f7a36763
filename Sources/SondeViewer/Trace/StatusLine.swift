// SPDX-License-Identifier: Apache-2.0
// The line below the rows: where we are, what the selected span took, what went wrong, and the moment that is read.

import SondeModel
import SondeTerminal

struct StatusLine {
    let explorer: TraceExplorer
    let zone: Zone

    private var model: TraceModel { explorer.model }

    func text(width: Int) -> StyledText {
        var parts = [position()]
        if let cursor = explorer.cursor { parts.append(reading(cursor)) }
        parts += selection()
        var line = StyledText()
        for part in parts where !part.isEmpty {
            if !line.isEmpty { line.append("  ") }
            line.append(part)
        }
        return line.truncated(to: width)
    }

    private func position() -> StyledText {
        guard explorer.rows.count > 0 else { return StyledText("nothing to show", .faint) }
        return StyledText("\(Quantity.count(explorer.selectedRow + 1))/\(Quantity.count(explorer.rows.count))", .faint)
    }

    /// The moment, by the clock and from the start, and how many spans run then.
    private func reading(_ cursor: UInt64) -> StyledText {
        let moment = model.origin.advanced(byNanoseconds: Int64(clamping: cursor))
        var line = StyledText("▼ ", .notice)
        line.append(Moment.timeOfDay(nanosecondsSince1970: moment.nanoseconds, zone: zone))
        line.append(" +" + TimeTicks.label(cursor, step: TimeTicks.round(explorer.window.length / 1_000)), .strong)
        line.append(" · \(Quantity.count(explorer.model.concurrency(at: cursor))) running", .plain)
        return line
    }

    private func selection() -> [StyledText] {
        if case .repeats(let group)? = explorer.selected { return [repetition(group)] }
        guard let span = explorer.selectedSpan else { return [] }
        var parts: [StyledText] = []
        if model.flags[span].contains(.error), !model.trace.spans[span].status.message.isEmpty {
            parts.append(StyledText("✗ " + TracePicture.short(model.trace.spans[span].status.message), .bad))
        }
        if explorer.cursor == nil {
            var line = StyledText("+" + Quantity.duration(nanoseconds: model.starts[span]), .plain)
            if !model.flags[span].contains(.unfinished) {
                let own = model.selfNanoseconds(span)
                line.append(" own ", .faint)
                line.append(Quantity.duration(nanoseconds: own))
                line.append(" ", .faint)
                line.append(Phrase.percent(Double(own) / Double(model.length)), .faint)
            }
            parts.insert(line, at: 0)
        }
        if let mark = explorer.marks.last(where: { $0 != span }) {
            let (from, to) = (model.starts[mark], model.starts[span])
            let distance = Quantity.duration(nanoseconds: from < to ? to - from : from - to)
            parts.append(StyledText("● \(to < from ? "-" : "+")\(distance)", .notice))
        }
        return parts
    }

    private func repetition(_ group: Int) -> StyledText {
        let repetition = model.repeats.groups[group]
        var line = StyledText("\(Quantity.count(repetition.count)) calls", .plain)
        line.append(" p50 ", .faint)
        line.append(Quantity.duration(nanoseconds: repetition.p50))
        line.append(" in all ", .faint)
        line.append(Quantity.duration(nanoseconds: repetition.total))
        if explorer.insight?.repetition(of: model.repeats.members(of: group))?.isNPlusOne == true {
            line.append("  N+1", .notice)
        }
        return line
    }
}
