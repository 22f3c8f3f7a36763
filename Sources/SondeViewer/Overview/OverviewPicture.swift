// SPDX-License-Identifier: Apache-2.0
// What the overview looks like: a table of services whose columns leave as it gets narrow, a line for each finding, and
// what the selected finding rests on.

import SondeModel
import SondeStorage
import SondeTerminal

struct OverviewPicture {
    private let screen: OverviewScreen
    private let context: ScreenContext
    private let rect: Rect
    private let services: [ActivitySeries]
    private let findings: [Finding]
    /// Rows of the two lists that are in sight.
    private let shownServices: Range<Int>
    private let shownFindings: Range<Int>
    /// Lines of each finding: two where there is room for what all of them rest on, else one.
    private let findingRows: Int

    init(_ screen: OverviewScreen, _ context: ScreenContext) {
        self.screen = screen
        self.context = context
        rect = context.body
        services = screen.services ?? []
        findings = screen.findings ?? []
        // Two headings, a blank line between the lists, and what the selected finding rests on.
        let detail = rect.rows >= Limits.minRowsForPlot ? Limits.overviewDetailRows : 0
        let room = max(2, rect.rows - 3 - detail)
        let wanted = min(services.count, max(room / 2, room - max(1, findings.count)))
        findingRows = wanted + 2 * findings.count <= room ? 2 : 1
        let selection = screen.list.selection
        shownServices = Self.window(services.count, wanted, around: selection)
        shownFindings = Self.window(
            findings.count, max(1, (room - wanted) / findingRows), around: selection - services.count)
    }

    /// As many rows as fit, the selected one among them.
    private static func window(_ count: Int, _ room: Int, around selection: Int) -> Range<Int> {
        let room = min(max(0, room), count)
        let selection = min(max(0, selection), max(0, count - 1))
        let first = min(max(0, selection - room + 1), count - room)
        return first..<first + room
    }

    private var findingsRow: Int { rect.row + 1 + max(1, shownServices.count) + 1 }

    /// The row of the selection that stands on a row of the frame.
    func row(at frameRow: Int) -> Int? {
        let service = frameRow - rect.row - 1 + shownServices.lowerBound
        if shownServices.contains(service), frameRow > rect.row { return service }
        let finding = (frameRow - findingsRow - 1) / findingRows + shownFindings.lowerBound
        return shownFindings.contains(finding) && frameRow > findingsRow ? services.count + finding : nil
    }

    // MARK: Drawing

    func draw(on frame: inout Frame) {
        drawServices(on: &frame)
        drawFindings(on: &frame)
    }

    private func drawServices(on frame: inout Frame) {
        guard let sentence = emptiness else {
            let lines = table().lines(width: rect.columns - 2)
            frame.draw(lines[0], row: rect.row, column: 1, limit: rect.columns - 1)
            for place in shownServices {
                let row = rect.row + 1 + place - shownServices.lowerBound
                frame.draw(lines[1 + place], row: row, column: 1, limit: rect.columns - 1)
                select(place, row, on: &frame)
            }
            return
        }
        frame.draw("Services", .heading, row: rect.row, column: 1)
        for (place, line) in sentence.wrapped(to: rect.columns - 2).prefix(3).enumerated() {
            frame.draw(line, row: rect.row + 1 + place, column: 1, limit: rect.columns - 1)
        }
    }

    private func select(_ place: Int, _ row: Int, on frame: inout Frame) {
        guard place == screen.list.selection else { return }
        let line = Rect(column: rect.column, row: row, columns: rect.columns, rows: 1)
        frame.recolour(line, ground: .selected)
        frame.put(context.charset == .unicode ? "▌" : ">", .strong, row: row, column: rect.column)
    }

    private var emptiness: StyledText? {
        if let complaint = screen.complaint { return StyledText(complaint, .bad) }
        guard screen.services != nil else { return StyledText("asking …", .faint) }
        guard services.isEmpty else { return nil }
        return StyledText(
            screen.countsAllSpans
                ? "No span began in this time. Services send OTLP to port 4318 (HTTP) or 4317 (gRPC) of the collector; "
                    + "t chooses another time."
                : "No request began in this time. t chooses another time, a counts all spans.", .faint)
    }

    private func table() -> Table {
        var table = Table(columns: [
            .init("service" + mark(.name), shrinksTo: 10), .init("rate" + mark(.rate), .right),
            .init("calls", leavesAt: 2), .init("errors" + mark(.errors), .right), .init("p50", .right, leavesAt: 1),
            .init("p95" + mark(.p95), .right), .init("p99", .right, leavesAt: 4), .init("p95 over time", leavesAt: 3),
        ])
        let hues = context.services.isEmpty ? ServiceHues(services.lazy.map(\.service)) : context.hues
        let window = screen.window
        for series in services {
            let counts = series.counts
            table.append([
                hues.text(series.service), StyledText(Phrase.rate(counts.calls, seconds: window.seconds)),
                Sparkline(series.calls(in: window))
                    .text(width: sparkWidth, role: hues[series.service], charset: context.charset),
                Phrase.share(counts.errors, of: counts.calls), Phrase.duration(counts.durations.quantile(0.5)),
                Phrase.duration(counts.durations.quantile(0.95)), Phrase.duration(counts.durations.quantile(0.99)),
                Sparkline(series.values(in: window) { $0.durations.quantile(0.95).map(Double.init) })
                    .text(width: sparkWidth, role: hues[series.service], charset: context.charset),
            ])
        }
        return table
    }

    private var sparkWidth: Int { rect.columns >= Limits.minColumnsForWholeIDs ? Limits.overviewSteps : 10 }

    private func mark(_ order: OverviewScreen.Order) -> String {
        screen.order == order ? (context.charset == .unicode ? " ▾" : " v") : ""
    }

    // MARK: Findings

    private func drawFindings(on frame: inout Frame) {
        let row = findingsRow
        guard row < rect.endRow else { return }
        frame.draw(heading, row: row, column: 1, limit: rect.columns - 1)
        for place in shownFindings {
            let findingRow = row + 1 + (place - shownFindings.lowerBound) * findingRows
            guard findingRow < rect.endRow else { return }
            let line = Self.line(findings[place]).truncated(to: rect.columns - 2)
            frame.draw(line, row: findingRow, column: 1, limit: rect.columns - 1)
            if findingRows == 2, findingRow + 1 < rect.endRow {
                let evidence = FindingsDrawing.evidence(of: findings[place]).truncated(to: rect.columns - 4)
                frame.draw(evidence, row: findingRow + 1, column: 3, limit: rect.columns - 3)
            }
            select(services.count + place, findingRow, on: &frame)
        }
        drawDetail(on: &frame, from: row + 1 + shownFindings.count * findingRows)
    }

    private var heading: StyledText {
        var line = StyledText("Findings", .heading)
        guard screen.findings != nil else {
            line.append("  asking the doctor …", .faint)
            return line
        }
        let traces = Quantity.counted(screen.sample.used, "trace")
        let more = findings.count - shownFindings.count
        line.append("  \(findings.count) in \(traces)" + (more > 0 ? ", \(more) more below" : ""), .faint)
        if let reason = screen.sample.partialReason { line.append(" · " + reason, .faint) }
        return line
    }

    private static func line(_ finding: Finding) -> StyledText {
        let mark =
            switch finding.severity {
            case .critical: "✗ "
            case .warning: "! "
            case .info: "· "
            }
        var line = StyledText(mark, FindingsDrawing.role(finding.severity))
        line.append(finding.title)
        return line
    }

    /// The whole title of the selected finding where its row cuts it, and its evidence.
    private func drawDetail(on frame: inout Frame, from row: Int) {
        guard let finding = screen.selectedFinding else { return }
        var lines: [StyledText] = []
        if Self.line(finding).width > rect.columns - 2 {
            lines += StyledText(finding.title, .strong).wrapped(to: max(1, rect.columns - 4))
        }
        let evidence = FindingsDrawing.evidence(of: finding)
        // What stands below the finding already needs no second place.
        if findingRows == 1 || evidence.width > rect.columns - 4 {
            lines += evidence.wrapped(to: max(1, rect.columns - 4))
        }
        for (place, line) in lines.prefix(max(0, rect.endRow - row)).enumerated() {
            frame.draw(line, row: row + place, column: 3, limit: rect.columns - 3)
        }
    }
}

extension ActivitySeries {
    /// A number of each step of a window; nil where nothing began.
    fileprivate func values(in window: ActivityWindow, _ value: (ActivityCounts) -> Double?) -> [Double?] {
        var values = [Double?](repeating: nil, count: window.count)
        for step in steps { values[window.place(step.start)] = value(step.counts) }
        return values
    }

    /// Calls of each step, and whether some of them failed.
    fileprivate func calls(in window: ActivityWindow) -> [Sparkline.Step] {
        let bad = Set(steps.lazy.filter { $0.counts.errors > 0 }.map { window.place($0.start) })
        return values(in: window) { Double($0.calls) }.enumerated().map { place, calls in
            Sparkline.Step(calls ?? 0, isBad: bad.contains(place))
        }
    }
}
