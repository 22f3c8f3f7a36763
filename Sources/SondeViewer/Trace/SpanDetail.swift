// SPDX-License-Identifier: Apache-2.0
// Everything about the selected span, as lines: what it did and when, then its attributes, events, logs and links, then
// who made it. Each line knows what copying it gives and where following it leads.

import SondeModel
import SondeTerminal

struct DetailLine: Hashable, Sendable {
    enum Link: Hashable, Sendable {
        case span(Int)
        case trace(TraceID, SpanID)
        case logs(SpanID)
    }

    enum Section: Hashable, Sendable { case head, attributes, events, logs, links, resource, scope }

    var text: StyledText
    /// What copying gives: a value whole, however much of it is shown.
    var value: String = ""
    var link: Link?
    var section = Section.head
    var isHeading = false
    /// Whether a line before this one begins the same value.
    var isContinued = false
}

struct SpanDetail {
    let explorer: TraceExplorer
    let hues: ServiceHues
    let zone: Zone
    let width: Int
    let wraps: Bool

    private var model: TraceModel { explorer.model }

    /// For the line between the rows and the details.
    var title: StyledText {
        switch explorer.selected {
        case .span(let span): return name(of: span)
        case .repeats(let group):
            var line = StyledText("×\(Quantity.count(model.repeats.groups[group].count)) ", .strong)
            line.append(name(of: model.repeats.first(of: group)))
            return line
        case .missingParent: return StyledText("missing parent", .notice)
        case nil: return StyledText()
        }
    }

    private func name(of span: Int) -> StyledText {
        var line = hues.text(model.service(of: span))
        line.append(" " + Phrase.operation(TracePicture.short(model.name(of: span))), .strong)
        return line
    }

    func lines() -> [DetailLine] {
        switch explorer.selected {
        case .span(let span): return spanLines(span)
        case .repeats(let group): return groupLines(group) + spanLines(model.repeats.first(of: group))
        case .missingParent(let place): return missingLines(place)
        case nil: return []
        }
    }

    private func spanLines(_ index: Int) -> [DetailLine] {
        let span = model.trace.spans[index]
        var lines = headLines(index, span)
        lines += attributeLines(span.attributes, "attributes", .attributes, dropped: span.droppedAttributesCount)
        lines += eventLines(index, span) + logLines(index, span) + linkLines(span)
        lines += attributeLines(
            span.resource.attributes, "resource", .resource, dropped: span.resource.droppedAttributesCount)
        return lines + scopeLines(span.scope)
    }

    // MARK: - Head

    private func headLines(_ index: Int, _ span: SpanRecord) -> [DetailLine] {
        var lines = fitted(timeLine(index, span))
        if DisplayWidth.of(VisibleText.make(span.name)) > Limits.nameToldInFull {
            lines += paragraphs(span.name, after: StyledText("name       ", .faint), .plain, .head)
        }
        if span.status.code != .unset || !span.status.message.isEmpty {
            let role: Role = span.isError ? .bad : .good
            let mark = span.isError ? "✗ " : ""
            let text = mark + span.status.code.name + (span.status.message.isEmpty ? "" : ": ")
            lines += paragraphs(span.status.message, after: StyledText(text, role), role, .head)
        }
        let started = Moment.text(nanosecondsSince1970: span.start.nanoseconds, zone: zone)
        lines.append(pair("started", started, copying: String(span.start.nanoseconds)))
        lines.append(pair("span", span.spanID.hex))
        if let parent = model.trace.parents[index] {
            var line = pair("parent", span.parentSpanID.hex)
            line.text.append("  → ", .faint)
            line.text.append(name(of: parent))
            line.link = .span(parent)
            lines.append(line)
        } else if span.parentSpanID.isValid {
            var line = pair("parent", span.parentSpanID.hex)
            line.text.append("  has not arrived", .notice)
            lines.append(line)
        }
        if !span.traceState.isEmpty { lines.append(pair("tracestate", span.traceState)) }
        if let clock = clockLine(index) { lines += fitted(clock) }
        return lines
    }

    private func timeLine(_ index: Int, _ span: SpanRecord) -> DetailLine {
        var line = StyledText(span.kind == .unspecified ? "span" : "\(span.kind.name) span")
        if span.isUnfinished {
            line.append("  not ended yet", .notice)
        } else {
            line.append("  " + Quantity.duration(nanoseconds: model.durations[index]), .strong)
            line.append(" (\(Phrase.percent(Double(model.durations[index]) / Double(model.length))))", .faint)
            line.append("  own ", .faint)
            line.append(Quantity.duration(nanoseconds: model.selfNanoseconds(index)))
        }
        line.append("  from ", .faint)
        line.append("+" + Quantity.duration(nanoseconds: model.starts[index]))
        if !span.isUnfinished {
            line.append(" to ", .faint)
            line.append("+" + Quantity.duration(nanoseconds: model.end(index)))
        }
        let siblings = explorer.siblings(of: index).count
        if siblings > 1 { line.append("  1 of \(Quantity.count(siblings)) siblings", .faint) }
        return DetailLine(text: line, value: String(model.durations[index]))
    }

    private func clockLine(_ index: Int) -> DetailLine? {
        let moved = explorer.insight?.adjustment(of: index) ?? 0
        guard moved != 0 || model.flags[index].contains(.skewed) else { return nil }
        let distance = (moved < 0 ? "-" : "+") + Quantity.duration(nanoseconds: moved.magnitude)
        let text =
            moved == 0
            ? "begins before its parent does"
            : model.isAdjusted
                ? "moved by \(distance): its clock disagrees with its parent's"
                : "its clock disagrees with its parent's by about \(distance); S moves it"
        return DetailLine(text: StyledText(text, .notice))
    }

    private func groupLines(_ group: Int) -> [DetailLine] {
        let repetition = model.repeats.groups[group]
        var line = StyledText("\(Quantity.count(repetition.count)) calls", .strong)
        line.append("  p50 \(Quantity.duration(nanoseconds: repetition.p50))")
        line.append("  in all \(Quantity.duration(nanoseconds: repetition.total))")
        if repetition.errorCount > 0 { line.append("  ✗ \(Quantity.counted(repetition.errorCount, "error"))", .bad) }
        var lines = fitted(DetailLine(text: line))
        if let known = explorer.insight?.repetition(of: model.repeats.members(of: group)) {
            if known.isNPlusOne {
                let advice = "N+1: one call after another where one for all would do"
                lines += fitted(DetailLine(text: StyledText(advice, .notice)))
            }
            if !known.statement.isEmpty { lines += paragraphs(known.statement, after: StyledText(), .plain, .head) }
        }
        lines.append(DetailLine(text: StyledText("The first of them:", .faint)))
        return lines
    }

    private func missingLines(_ place: Int) -> [DetailLine] {
        let id = model.trace.missingParents[place].hex
        let children = model.orphans.children(of: place).count
        let sentence =
            "\(Quantity.counted(children, "span")) \(children == 1 ? "names" : "name") a parent that has not arrived. It may "
            + "be running still, be sampled away, or be sent to another collector."
        return [pair("span", id)] + StyledText(sentence).wrapped(to: width).map { DetailLine(text: $0) }
    }

    // MARK: - Attributes

    private func attributeLines(
        _ attributes: [Attribute], _ title: String, _ section: DetailLine.Section, dropped: UInt32
    ) -> [DetailLine] {
        guard !attributes.isEmpty || dropped > 0 else { return [] }
        let lost = dropped > 0 ? "\(Quantity.count(Int(dropped))) dropped by the sender" : ""
        return [heading(title, attributes.count, section, lost)] + pairs(attributes, indent: 2, section)
    }

    private func pairs(_ attributes: [Attribute], indent: Int, _ section: DetailLine.Section) -> [DetailLine] {
        let longest = attributes.lazy.map { DisplayWidth.of(VisibleText.make($0.key)) }.max() ?? 0
        let keyWidth = min(longest, max(8, width * 2 / 5))
        return attributes.flatMap { attribute in
            var prefix = StyledText()
            prefix.pad(to: indent)
            prefix.append(StyledText(attribute.key, .faint).fitted(to: keyWidth))
            prefix.append("  ")
            return paragraphs(attribute.value.text, after: prefix, .plain, section)
        }
    }

    /// A value behind what names it: cut to the width, or over as many lines as it takes.
    private func paragraphs(
        _ text: String, after prefix: StyledText, _ role: Role, _ section: DetailLine.Section
    ) -> [DetailLine] {
        let left = text.utf8.count - Limits.detailTextBytes
        let shown = left > 0 ? String(decoding: text.utf8.prefix(Limits.detailTextBytes), as: UTF8.self) : text
        var parts = shown.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if left > 0 { parts.append("… \(Quantity.count(left)) more bytes, which copying gives") }
        while parts.count > 1, parts.last?.isEmpty == true { parts.removeLast() }
        guard wraps else {
            var line = prefix
            line.append(TracePicture.short(parts.first ?? ""), role)
            if parts.count > 1 { line.append("  … \(Quantity.counted(parts.count - 1, "line")) more", .faint) }
            return [DetailLine(text: line.truncated(to: width), value: text, section: section)]
        }
        let room = max(8, width - prefix.width)
        let pieces = parts.flatMap { StyledText($0, role).wrapped(to: room) }
        return pieces.enumerated().map { place, piece in
            var line = place == 0 ? prefix : StyledText()
            line.pad(to: prefix.width)
            line.append(piece)
            return DetailLine(text: line, value: text, section: section, isContinued: place > 0)
        }
    }

    // MARK: - Events, logs, links

    private func eventLines(_ index: Int, _ span: SpanRecord) -> [DetailLine] {
        guard !span.events.isEmpty || span.droppedEventsCount > 0 else { return [] }
        let dropped = span.droppedEventsCount
        let lost = dropped > 0 ? "\(Quantity.count(Int(dropped))) dropped by the sender" : ""
        return [heading("events", span.events.count, .events, lost)]
            + span.events.flatMap { event in
                var line = offset(event.time, of: index)
                line.append(event.isException ? "✗ " : "• ", event.isException ? .bad : .plain)
                line.append(event.name.isEmpty ? "(no name)" : event.name, event.isException ? .bad : .strong)
                return [DetailLine(text: line.truncated(to: width), value: event.name, section: .events)]
                    + pairs(event.attributes, indent: 4, .events)
            }
    }

    private func logLines(_ index: Int, _ span: SpanRecord) -> [DetailLine] {
        guard let records = explorer.logs[index], !records.isEmpty else { return [] }
        return [heading("logs", records.count, .logs)]
            + records.flatMap { record in
                var line = offset(record.effectiveTime, of: index)
                let level = LogLevel(severityNumber: record.severityNumber)
                let role: Role = level.map { $0 >= .error ? .bad : $0 == .warn ? .notice : .plain } ?? .plain
                line.append("▴ ", role)
                line.append((level?.name ?? "–").padded(to: 5) + " ", role)
                let body = record.body == .empty ? record.eventName : record.body.text
                var lines = paragraphs(body, after: line, role, .logs)
                for place in lines.indices { lines[place].link = .logs(span.spanID) }
                return lines + pairs(record.attributes, indent: 4, .logs)
            }
    }

    private func linkLines(_ span: SpanRecord) -> [DetailLine] {
        guard !span.links.isEmpty || span.droppedLinksCount > 0 else { return [] }
        let dropped = span.droppedLinksCount
        let lost = dropped > 0 ? "\(Quantity.count(Int(dropped))) dropped by the sender" : ""
        return [heading("links", span.links.count, .links, lost)]
            + span.links.flatMap { link in
                var line = StyledText("  → trace ", .faint)
                line.append(link.traceID.hex)
                line.append(" span ", .faint)
                line.append(link.spanID.hex)
                let head = DetailLine(
                    text: line.truncated(to: width), value: link.traceID.hex, link: .trace(link.traceID, link.spanID),
                    section: .links)
                return [head] + pairs(link.attributes, indent: 4, .links)
            }
    }

    private func scopeLines(_ scope: InstrumentationScope) -> [DetailLine] {
        guard !scope.name.isEmpty || !scope.version.isEmpty || !scope.attributes.isEmpty else { return [] }
        var head = heading("scope", nil, .scope)
        head.text.append("  " + scope.name + (scope.version.isEmpty ? "" : " " + scope.version), .plain)
        head.value = scope.name
        return [head] + pairs(scope.attributes, indent: 2, .scope)
    }

    // MARK: - Pieces

    /// A line over as many lines as it takes, or cut.
    private func fitted(_ line: DetailLine) -> [DetailLine] {
        let pieces = wraps ? line.text.wrapped(to: width) : [line.text.truncated(to: width)]
        return pieces.map { piece in
            var line = line
            line.text = piece
            return line
        }
    }

    private func heading(
        _ title: String, _ count: Int?, _ section: DetailLine.Section, _ remark: String = ""
    ) -> DetailLine {
        var line = StyledText(title, .heading)
        if let count { line.append(" \(Quantity.count(count))", .faint) }
        if !remark.isEmpty { line.append("  " + remark, .notice) }
        return DetailLine(text: line, section: section, isHeading: true)
    }

    private func pair(_ key: String, _ value: String, copying whole: String? = nil) -> DetailLine {
        var line = StyledText(key.padded(to: 11), .faint)
        line.append(value)
        return DetailLine(text: line.truncated(to: width), value: whole ?? value)
    }

    private func offset(_ time: Timestamp, of span: Int) -> StyledText {
        let start = model.trace.spans[span].start
        let isBefore = time < start
        let distance = isBefore ? time.nanoseconds(until: start) : start.nanoseconds(until: time)
        var line = StyledText(
            "  " + ((isBefore ? "-" : "+") + Quantity.duration(nanoseconds: distance)).padded(to: 9), .faint)
        line.append(" ")
        return line
    }
}

extension String {
    /// With blanks behind it.
    fileprivate func padded(to width: Int) -> String {
        self + String(repeating: " ", count: Swift.max(0, width - count))
    }
}
