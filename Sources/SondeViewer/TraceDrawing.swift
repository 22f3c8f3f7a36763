// SPDX-License-Identifier: Apache-2.0
// A trace as a tree with a time axis:
//
//   gateway: POST /checkout                       ◀ what it was
//   trace 5b8efff798038103d269b633813fc60c
//   2026-11-23 07:00:35.123 +01:00 · 123 ms · …   ◀ when, how long, how much
//   Complete: every parent has arrived.           ◀ whether this is all of it
//
//   span                          duration   offset  0                       123 ms
//   gateway: POST /checkout         123 ms    +0 ns  ██████████████████████████████
//   └─ ✗ payments: charge  declined 110 ms  +1.2 ms  ▐██████████████▏

package import SondeModel
package import SondeTerminal

package struct TraceDrawing: Sendable {
    private let view: TraceView
    /// The spans that have rows.
    private var trace: Trace { view.shown }
    let canvas: Canvas
    /// The time axis. Kept here because a trace finds its bounds by looking at every span.
    private let hues: ServiceHues
    private let start: Timestamp
    private let durationNanoseconds: UInt64

    package init(_ trace: Trace, on canvas: Canvas) { self.init(TraceView(trace), on: canvas) }

    package init(_ view: TraceView, on canvas: Canvas) {
        self.view = view
        self.canvas = canvas
        self.hues = ServiceHues(view.whole.spans.lazy.map(\.resource.serviceName))
        self.start = view.whole.start
        self.durationNanoseconds = view.whole.durationNanoseconds
    }

    /// Header, tree, and the status messages for which a row had no room.
    package func lines() -> [StyledText] {
        guard !trace.spans.isEmpty else { return [StyledText("trace \(trace.id.hex) has no spans")] }
        let names = rowNames()
        let layout = layout(for: names)
        var lines = header()
        lines.append(StyledText())
        lines.append(heading(layout))
        var unfit: [Int] = []
        for name in names {
            if name.fullWidth > layout.nameWidth, name.hasMessage, case .span(let index) = name.content {
                unfit.append(index)
            }
            lines.append(line(name, layout))
        }
        lines += messages(unfit)
        return lines
    }
}

// MARK: - Header

extension TraceDrawing {
    /// What it was, when, how long, how much, and whether this is all of it; every drawing of a trace begins with it.
    func header() -> [StyledText] {
        let trace = view.whole
        var lines: [StyledText] = []
        if let root = trace.mainRoot {
            let span = trace.spans[root]
            var title = StyledText(span.resource.serviceName, .strong)
            title.append(": " + Phrase.operation(span.name), .strong)
            lines.append(title)
        }
        lines.append(StyledText("trace \(trace.id.hex)"))
        let errors = trace.spans.count(where: \.isError)
        var facts = Phrase.joined([
            canvas.moment(start), Quantity.duration(nanoseconds: durationNanoseconds),
            Quantity.counted(trace.spans.count, "span"),
        ])
        facts.append(" · ", .faint)
        facts.append(errors == 0 ? "no errors" : Quantity.counted(errors, "error"), errors == 0 ? .plain : .bad)
        facts.append(" · ", .faint)
        facts.append(Quantity.counted(Set(trace.spans.map(\.resource.serviceName)).count, "service"))
        lines.append(facts)
        lines.append(completeness(of: trace))
        if view.movedCount > 0 {
            let spans = Quantity.counted(view.movedCount, "span")
            lines.append(
                StyledText(
                    "Adjusted: the times of \(spans) are moved to where their callers' clocks put them.", .notice))
        }
        if view.marksCriticalPath { lines.append(StyledText("◆ is on the critical path.", .faint)) }
        return lines.flatMap { $0.wrapped(to: canvas.width) }
    }

    private func completeness(of trace: Trace) -> StyledText {
        if trace.isComplete { return StyledText("Complete: the root and every parent have arrived.", .good) }
        var gaps: [String] = []
        if !trace.spans.contains(where: { !$0.parentSpanID.isValid }) { gaps.append("the root has not arrived") }
        let missing = trace.missingParents
        if !missing.isEmpty {
            let named = missing.prefix(Limits.missingParentsNamed).map(\.hex).joined(separator: ", ")
            let more = missing.count > Limits.missingParentsNamed ? ", …" : ""
            gaps.append(
                Quantity.counted(missing.count, "parent") + (missing.count == 1 ? " is" : " are")
                    + " missing (\(named)\(more))")
        }
        let unfinished = trace.spans.count(where: \.isUnfinished)
        if unfinished > 0 {
            gaps.append(Quantity.counted(unfinished, "span") + (unfinished == 1 ? " has" : " have") + " not ended")
        }
        return StyledText("Incomplete: " + gaps.joined(separator: "; ") + ".", .notice)
    }
}

// MARK: - Rows

extension TraceDrawing {
    /// The first column of a row before it is cut to its width.
    private struct RowName {
        var content: TraceRow.Content
        var text: StyledText
        /// Width with and without the status message.
        var fullWidth: Int
        var plainWidth: Int
        var hasMessage: Bool { fullWidth > plainWidth }
    }

    private func rowNames() -> [RowName] {
        var tree = TreeLines(
            maxLevels: max(Limits.minTreeLevels, canvas.width / Limits.indentShare / 3))
        return TraceRows.rows(of: trace).map { row in
            var text = tree.prefix(of: row)
            var plainWidth: Int
            switch row.content {
            case .missingParent(let parent, _):
                text.append("? missing parent \(parent.hex)", .notice)
                plainWidth = text.width
            case .span(let index):
                appendName(of: index, to: &text)
                plainWidth = text.width
                let status = trace.spans[index].status
                if !status.message.isEmpty { text.append("  " + status.message, status.code == .error ? .bad : .faint) }
            }
            return RowName(content: row.content, text: text, fullWidth: text.width, plainWidth: plainWidth)
        }
    }

    /// What a row is called: marks, service, operation.
    func name(of index: Int) -> StyledText {
        var text = StyledText()
        appendName(of: index, to: &text)
        return text
    }

    private func appendName(of index: Int, to text: inout StyledText) {
        let span = trace.spans[index]
        // Marks stand in front, where no cut takes them away.
        let mark = view.mark(span)
        if mark.isCritical { text.append("◆ ", .notice) }
        if span.isError { text.append("✗ ", .bad) }
        if span.isUnfinished { text.append("[unfinished] ", .notice) }
        if mark.moved != 0 {
            let distance = Quantity.duration(nanoseconds: mark.moved.magnitude)
            text.append("[moved \(mark.moved < 0 ? "-" : "+")\(distance)] ", .notice)
        } else if trace.isSkewed(index) {
            text.append("[clock skew] ", .notice)
        }
        if let fold = mark.fold {
            text.append("\(fold.count) × ", .strong)
            if fold.errorCount > 0 { text.append("(\(Quantity.count(fold.errorCount)) failed) ", .bad) }
        }
        text.append(hues.text(span.resource.serviceName))
        text.append(": ", .faint)
        text.append(Phrase.operation(span.name))
    }

    private func line(_ name: RowName, _ layout: Layout) -> StyledText {
        var line = name.text.fitted(to: layout.nameWidth)
        guard case .span(let index) = name.content else { return line }
        let span = trace.spans[index]
        line.append("  ")
        line.append(duration(of: span).fitted(to: layout.durationWidth, alignment: .right))
        if layout.offsetWidth > 0 {
            line.append("  ")
            line.append(StyledText(offset(of: span), .faint).fitted(to: layout.offsetWidth, alignment: .right))
        }
        if layout.barWidth > 0 {
            line.append("  ")
            line.append(
                drawn: bar(of: span, layout.barWidth), span.isError ? .bad : hues[span.resource.serviceName])
        }
        return line
    }

    /// Of a row that stands for many, the sum of their durations.
    private func duration(of span: SpanRecord) -> StyledText {
        if let fold = view.mark(span).fold {
            return StyledText("Σ " + Quantity.duration(nanoseconds: fold.totalNanoseconds))
        }
        return span.isUnfinished
            ? StyledText("–", .notice) : StyledText(Quantity.duration(nanoseconds: span.durationNanoseconds))
    }

    private func offset(of span: SpanRecord) -> String {
        "+" + Quantity.duration(nanoseconds: start.nanoseconds(until: span.start))
    }

    private func bar(of span: SpanRecord, _ width: Int) -> String {
        let whole = Double(max(1, durationNanoseconds))
        let offset = Double(start.nanoseconds(until: span.start)) / whole
        if span.isUnfinished { return Bar.openText(from: offset, width: width) }
        if let fold = view.mark(span).fold {
            return Bar.text(from: offset, to: Double(start.nanoseconds(until: fold.end)) / whole, width: width)
        }
        return Bar.text(from: offset, to: offset + Double(span.durationNanoseconds) / whole, width: width)
    }

    /// Status messages that were cut in their rows.
    private func messages(_ spans: [Int]) -> [StyledText] {
        guard !spans.isEmpty else { return [] }
        var lines = [StyledText()]
        for index in spans.prefix(Limits.messagesInFull) {
            let span = trace.spans[index]
            var title = StyledText(span.isError ? "✗ " : "", .bad)
            title.append(hues.text(span.resource.serviceName))
            title.append(": ", .faint)
            title.append(Phrase.operation(span.name))
            title.append("  span \(span.spanID.hex)", .faint)
            lines.append(title.truncated(to: canvas.width))
            for paragraph in span.status.message.split(separator: "\n") {
                for line in StyledText(String(paragraph)).wrapped(to: canvas.width - 2) {
                    var indented = StyledText("  ")
                    indented.append(line)
                    lines.append(indented)
                }
            }
        }
        let more = spans.count - Limits.messagesInFull
        if more > 0 { lines.append(StyledText("… and \(Quantity.counted(more, "message")) more", .faint)) }
        return lines
    }
}

// MARK: - Columns

extension TraceDrawing {
    /// Widths of the columns; 0 for one that is not shown.
    private struct Layout {
        var nameWidth: Int
        var durationWidth: Int
        var offsetWidth: Int
        var barWidth: Int
    }

    private static let durationTitle = "duration"
    private static let offsetTitle = "offset"

    /// Names get what they need as long as the bar keeps its share; the bar gets the rest.
    private func layout(for names: [RowName]) -> Layout {
        let width = canvas.width
        var layout = Layout(nameWidth: 0, durationWidth: Self.durationTitle.count, offsetWidth: 0, barWidth: 0)
        for span in trace.spans {
            layout.durationWidth = max(layout.durationWidth, duration(of: span).width)
            layout.offsetWidth = max(layout.offsetWidth, DisplayWidth.of(offset(of: span)))
        }
        layout.offsetWidth = width < Limits.minColumnsForOffset ? 0 : max(layout.offsetWidth, Self.offsetTitle.count)
        let least = width < Limits.minColumnsForBar ? 0 : max(Limits.minBarWidth, width / Limits.barShare)
        let fixed =
            2 + layout.durationWidth + (layout.offsetWidth > 0 ? 2 + layout.offsetWidth : 0) + (least > 0 ? 2 : 0)
        let room = max(1, width - fixed - least)
        let wanted = names.lazy.map { min($0.fullWidth, $0.plainWidth + Limits.messageInRow) }.max() ?? 0
        layout.nameWidth = least > 0 ? min(wanted, room) : room
        layout.barWidth = least > 0 ? width - fixed - layout.nameWidth : 0
        return layout
    }

    private func heading(_ layout: Layout) -> StyledText {
        var line = StyledText("span", .heading).fitted(to: layout.nameWidth)
        line.append("  ")
        line.append(StyledText(Self.durationTitle, .heading).fitted(to: layout.durationWidth, alignment: .right))
        if layout.offsetWidth > 0 {
            line.append("  ")
            line.append(StyledText(Self.offsetTitle, .heading).fitted(to: layout.offsetWidth, alignment: .right))
        }
        guard layout.barWidth > 0 else { return line }
        line.append("  ")
        line.append("0", .heading)
        let end = Quantity.duration(nanoseconds: durationNanoseconds)
        line.append(StyledText(end, .heading).fitted(to: layout.barWidth - 1, alignment: .right))
        return line
    }
}
