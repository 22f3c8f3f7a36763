// SPDX-License-Identifier: Apache-2.0
// The name column: the lines that tie a row to its parent, and what the row is.
//
//   ▾ gateway POST /checkout
//   ├─ users GET /tokens/{token}
//   └▾ orders POST /orders
//    └▸ ×412 SELECT order_items p50 1.1 ms

import SondeModel
import SondeTerminal

struct RowNames {
    let explorer: TraceExplorer
    let hues: ServiceHues
    let width: Int

    private var model: TraceModel { explorer.model }

    func text(of row: Int) -> StyledText {
        var line = lines(before: row)
        switch explorer.rows[row].content {
        case .span(let span): append(span, row, to: &line)
        case .repeats(let group): append(group: group, row, to: &line)
        case .missingParent(let place):
            line.append(drawn: "▾ ", .notice)
            line.append("missing parent ", .notice)
            line.append(model.trace.missingParents[place].hex, .faint)
        }
        return line.truncated(to: width)
    }

    // MARK: Lines

    /// Cells that a level takes.
    private var step: Int { width >= Limits.columnsForWideTree ? 2 : 1 }

    /// From the row up: which of the levels above it go on below it. The nearest levels are drawn; a row that lies deeper
    /// tells its depth instead.
    private func lines(before row: Int) -> StyledText {
        let depth = explorer.rows[row].depth
        guard depth > 0 else { return StyledText() }
        let levels = max(Limits.minTreeLevels, width / Limits.indentShare / step)
        var shown: [Bool] = []
        var next = Int(explorer.rows[row].parent)
        while next >= 0, shown.count < levels - 1, explorer.rows[next].depth > 0 {
            shown.append(!explorer.rows[next].isLast)
            next = Int(explorer.rows[next].parent)
        }
        var line = StyledText()
        if depth > shown.count + 1 { line.append("⋮\(depth) ", .faint) }
        var drawn = ""
        for isOpen in shown.reversed() { drawn += (isOpen ? "│" : " ") + (step > 1 ? " " : "") }
        drawn += (explorer.rows[row].isLast ? "└" : "├") + (step > 1 ? "─" : "")
        line.append(drawn: drawn, .faint)
        return line
    }

    // MARK: Names

    private func append(_ span: Int, _ row: Int, to line: inout StyledText) {
        let service = model.service(of: span)
        let isPale = explorer.showsPath && explorer.insight?.isOnPath(span) == false
        let mark =
            model.hasChildren(span) ? (explorer.isClosed(row) ? "▸" : "▾") : explorer.rows[row].depth > 0 ? "─" : "•"
        line.append(drawn: mark + " ", hues[service])
        if explorer.isClosed(row) { line.append("+\(Quantity.count(model.trace.subtreeCounts[span] - 1)) ", .faint) }
        if model.flags[span].contains(.skewed) { line.append(model.isAdjusted ? "" : "skewed ", .notice) }
        if model.isServiceChange(span) { line.append(service + " ", isPale ? .faint : hues[service]) }
        let role: Role =
            explorer.isMatch(span) ? .notice : model.flags[span].contains(.error) ? .bad : isPale ? .faint : .plain
        line.append(Phrase.operation(TracePicture.short(model.name(of: span))), role)
    }

    /// What matters stands at the end and stays; the name gives way.
    private func append(group: Int, _ row: Int, to line: inout StyledText) {
        let repetition = model.repeats.groups[group]
        let first = model.repeats.first(of: group)
        let service = model.service(of: first)
        line.append(drawn: explorer.isClosed(row) ? "▸ " : "▾ ", hues[service])
        line.append("×\(Quantity.count(repetition.count)) ", .strong)
        if repetition.errorCount > 0 { line.append("✗\(Quantity.count(repetition.errorCount)) ", .bad) }
        let known = explorer.insight?.repetition(of: model.repeats.members(of: group))
        var ending = StyledText()
        if width + TraceLayout.gutter >= Limits.columnsForMedian {
            ending.append(" p50 " + Quantity.duration(nanoseconds: repetition.p50), .faint)
        }
        if known?.isNPlusOne == true { ending.append(" N+1", .notice) }
        var name = StyledText()
        if model.isServiceChange(first) { name.append(service + " ", hues[service]) }
        let statement = known?.statement ?? ""
        name.append(TracePicture.short(statement.isEmpty ? Phrase.operation(model.name(of: first)) : statement))
        line.append(name.truncated(to: max(Limits.leastGroupName, width - line.width - ending.width)))
        line.append(ending)
    }
}

extension TraceExplorer {
    func isMatch(_ span: Int) -> Bool {
        guard find.search != nil else { return false }
        var (low, high) = (0, find.matches.count)
        while low < high {
            let middle = (low + high) / 2
            if find.matches[middle] < span { low = middle + 1 } else { high = middle }
        }
        return low < find.matches.count && find.matches[low] == span
    }
}
