// SPDX-License-Identifier: Apache-2.0
// The screen of log records: the newest at the foot, where they arrive; older ones above, fetched as somebody goes up.

import SondeModel
import SondeStorage
import SondeTerminal

struct LogsScreen: ViewerScreen {
    static let name = "logs"

    private(set) var query: LogQuery
    private(set) var logs = LogList()
    private var list = ListState(margin: 1)
    private var isFollowing = true
    private var isAnswered = false
    private var isAskingOlder = false
    private var failure: String?
    /// The line being typed; nil while nobody types.
    private var field: TextField?
    private var history: [String] = []
    private var complaint: String?
    /// Lines of the pane that are scrolled away; nil while it is closed.
    private var detailTop: Int?
    private var showsChart = true

    init(_ query: LogQuery) {
        self.query = query
        self.query.cursor = nil
        self.query.limit = Limits.logPage
    }

    var title: StyledText {
        StyledText(query.traceID.map { "logs of " + $0.hex.prefix(Limits.shortIDDigits) } ?? "logs")
    }
    var place: Destination { .logs(query) }
    var isTyping: Bool { field != nil }

    func shellCommand(_ context: ScreenContext) -> String? {
        var command = "sonde logs"
        if let trace = query.traceID { command += " --trace " + trace.hex }
        if let span = query.spanID { command += " --span " + span.hex }
        if let service = query.service { command += " --service " + ShellWord.quoted(service) }
        if let level = query.minLevel { command += " --level " + level.name }
        if let text = query.text { command += " --text " + ShellWord.quoted(text) }
        guard query.start == nil, query.end == nil else {
            if let start = query.start { command += " --start \(start.nanoseconds)" }
            if let end = query.end { command += " --end \(end.nanoseconds)" }
            return command
        }
        return query.traceID == nil ? command + context.range.flags : command
    }

    // MARK: Asking

    mutating func opened(_ context: ScreenContext) -> [ScreenEffect] {
        logs = LogList()
        (isAnswered, isAskingOlder, failure) = (false, false, nil)
        return ask(context)
    }

    mutating func rangeChanged(_ context: ScreenContext) -> [ScreenEffect] { opened(context) }

    /// The logs of one trace are few and wanted whole; all others are asked for in the range that is looked at.
    private func question(_ context: ScreenContext) -> LogQuery {
        guard query.traceID == nil, query.start == nil, query.end == nil else { return query }
        var question = query
        (question.start, question.end) = context.range.bounds(now: context.now)
        return question
    }

    private func ask(_ context: ScreenContext) -> [ScreenEffect] { [.ask(.logs(question(context)))] }

    private mutating func askOlder(_ context: ScreenContext) -> [ScreenEffect] {
        guard !isAskingOlder, let older = logs.older, list.top < Limits.logsAhead else { return [] }
        isAskingOlder = true
        var question = question(context)
        question.cursor = older
        return [.ask(.logs(question), slot: "older")]
    }

    mutating func woken(_ slot: String, _ context: ScreenContext) -> [ScreenEffect] {
        isFollowing ? ask(context) : []
    }

    mutating func receive(
        _ answer: Result<Answer, ReadError>, for request: Request, _ context: ScreenContext
    ) -> [ScreenEffect] {
        guard case .logs(let asked) = request else { return [] }
        switch answer {
        case .success(.logs(let page)):
            failure = nil
            if asked.cursor != nil {
                isAskingOlder = false
                place(logs.join(older: page), context)
                return askOlder(context)
            }
            let isAtFoot = !isAnswered || list.selection >= list.count - 1
            place(logs.refresh(with: page), context)
            if isAtFoot { list.end() }
            isAnswered = true
            return (isFollowing ? [.wake(slot: "again", after: Limits.logInterval)] : []) + askOlder(context)
        case .failure(let error):
            isAskingOlder = false
            failure = error.reason
        default: break
        }
        return []
    }

    /// What was selected stays selected while rows come and go around it.
    private mutating func place(_ change: LogList.Change, _ context: ScreenContext) {
        let distance = list.count - list.selection
        let selection = list.selection
        let visible = layout(context.body).rows.rows
        list.update(count: logs.records.count, visible: visible)
        switch change {
        case .joined(let inFront): if inFront != 0 { list.select(selection + inFront) }
        case .replaced: list.select(logs.records.count - distance)
        }
    }

    // MARK: Keys

    static let keys: [KeyBinding] =
        ViewerKeys.lists + [
            .init("show", ["enter"], hint: "show", "Show the record in full; again: go to its span in the trace"),
            .init("search", ["/"], hint: "search", "Ask: text, level=warn, service=NAME, trace=ID, span=ID"),
            .init("follow", ["f"], hint: "follow", "Follow new records, or stop"),
            .init("level", ["l"], hint: "level", "Only the next higher level and above"),
            .init("lower-level", ["L"], "The next lower level and above as well"),
            .init("only-service", ["s"], hint: "service", "Only the service of this record; again: all"),
            .init("only-trace", ["T"], "Only the trace of this record; again: all"),
            .init("clear", ["x"], "Take all conditions back"),
            .init("next-error", ["e"], "Go to the next record of level error or above"),
            .init("previous-error", ["ctrl-e"], "Go to the one before"),
            .init("chart", ["H"], "Show or hide when the records were written"),
            .init("copy-record", ["c"], "Copy the message of the record"),
            .init("scroll-detail", ["J", "ctrl-d"], "Scroll the pane down"),
            .init("scroll-detail-back", ["K", "ctrl-u"], "Scroll the pane up"),
            ViewerKeys.timeRange, ViewerKeys.refresh,
        ]

    mutating func perform(_ action: ActionName, argument: String, _ context: ScreenContext) -> [ScreenEffect] {
        list.update(count: logs.records.count, visible: layout(context.body).rows.rows)
        if list.perform(action) {
            if detailTop != nil { detailTop = 0 }
            return askOlder(context)
        }
        switch action {
        case "show": return show(context)
        case "search":
            if !argument.isEmpty { return change(to: argument, context) }
            field = TextField(LogWords.line(of: query), history: history)
        case "follow":
            isFollowing.toggle()
            if isFollowing { list.end() }
            return isFollowing ? ask(context) : [.withdraw(slot: "again")]
        case "level", "lower-level":
            return change(context) { $0.minLevel = Self.level($0.minLevel, isUp: action == "level") }
        case "only-service":
            let service = record?.resource.serviceName
            return change(context) { $0.service = $0.service == nil ? service : nil }
        case "only-trace":
            let trace = record.flatMap { $0.traceID.isValid ? $0.traceID : nil }
            return change(context) { $0.traceID = $0.traceID == nil ? trace : nil }
        case "clear": return change(context) { $0 = LogQuery() }
        case "next-error": go(to: logs.records.indices.dropFirst(list.selection + 1).first(where: isError))
        case "previous-error": go(to: logs.records.indices.prefix(list.selection).last(where: isError))
        case "chart": showsChart.toggle()
        case "copy-record": return record.map { [.copy(LogRows.text($0))] } ?? []
        case "scroll-detail": scrollDetail(by: Limits.paneStep, context)
        case "scroll-detail-back": scrollDetail(by: -Limits.paneStep, context)
        case "refresh": return ask(context)
        case "export":
            return logs.records.isEmpty
                ? [.notice(StyledText("there is nothing to write", .notice))]
                : [.export(.logs(logs.records.reversed()))]
        default: break
        }
        return []
    }

    private var record: LogRecord? {
        logs.records.indices.contains(list.selection) ? logs.records[list.selection] : nil
    }

    private func isError(_ place: Int) -> Bool {
        LogLevel(severityNumber: logs.records[place].severityNumber).map { $0 >= .error } == true
    }

    private mutating func go(to row: Int?) { if let row { list.select(row) } }

    private mutating func show(_ context: ScreenContext) -> [ScreenEffect] {
        guard let record else { return [] }
        guard detailTop != nil else {
            detailTop = 0
            list.update(count: logs.records.count, visible: layout(context.body).rows.rows)
            return []
        }
        guard record.traceID.isValid else {
            return [.notice(StyledText("this record belongs to no trace", .notice))]
        }
        return [.open(.trace(record.traceID, focus: record.spanID.isValid ? record.spanID : nil))]
    }

    /// As far as there are lines to come.
    private mutating func scrollDetail(by lines: Int, _ context: ScreenContext) {
        guard let top = detailTop, let record else { return }
        let all = drawing(width: context.body.columns, context).detail(record).count
        detailTop = max(0, min(top + lines, all - (layout(context.body).detail.rows - 1)))
    }

    private func drawing(width: Int, _ context: ScreenContext) -> LogRows {
        LogRows(width: width, zone: context.zone, hues: context.hues, charset: context.charset)
    }

    private static func level(_ level: LogLevel?, isUp: Bool) -> LogLevel? {
        let levels: [LogLevel?] = [nil] + LogLevel.allCases.dropFirst().map { $0 }
        let place = levels.firstIndex(of: level) ?? 0
        return levels[min(max(0, place + (isUp ? 1 : -1)), levels.count - 1)]
    }

    mutating func back(_ context: ScreenContext) -> [ScreenEffect]? {
        guard detailTop != nil else { return nil }
        detailTop = nil
        return []
    }

    // MARK: Other conditions

    private mutating func change(_ context: ScreenContext, _ change: (inout LogQuery) -> Void) -> [ScreenEffect] {
        var changed = query
        change(&changed)
        changed.limit = Limits.logPage
        guard changed != query else { return [] }
        query = changed
        list = ListState(margin: 1)
        return opened(context)
    }

    private mutating func change(to line: String, _ context: ScreenContext) -> [ScreenEffect] {
        do throws(LogWordsError) {
            var asked = try LogWords.query(line)
            (asked.start, asked.end) = (query.start, query.end)
            field = nil
            complaint = nil
            return change(context) { $0 = asked }
        } catch {
            complaint = error.sentence
            return field == nil ? [.notice(StyledText(error.sentence, .bad))] : []
        }
    }

    // MARK: Typing and the mouse

    mutating func receive(_ input: Input, _ context: ScreenContext) -> [ScreenEffect] {
        if field != nil { return type(input, context) }
        guard case .mouse(let press) = input else { return [] }
        let layout = layout(context.body)
        list.update(count: logs.records.count, visible: layout.rows.rows)
        if detailTop != nil, layout.detail.contains(column: press.column, row: press.row) {
            if press.action == .wheelDown { scrollDetail(by: ListState.wheelRows, context) }
            if press.action == .wheelUp { scrollDetail(by: -ListState.wheelRows, context) }
            return []
        }
        return list.receive(press, in: layout.rows) == .chosen ? show(context) : askOlder(context)
    }

    private mutating func type(_ input: Input, _ context: ScreenContext) -> [ScreenEffect] {
        guard case .key(let press) = input else {
            _ = field?.receive(input)
            return []
        }
        switch press.key {
        case .escape: (field, complaint) = (nil, nil)
        case .enter:
            guard var field else { return [] }
            let effects = change(to: field.commit(), context)
            if self.field == nil { history = field.history }
            return effects
        case .tab: complete(context)
        default:
            _ = field?.receive(input)
            complaint = nil
        }
        return []
    }

    private mutating func complete(_ context: ScreenContext) {
        guard let field else { return }
        let (replaced, words) = LogWords.candidates(field.textBeforeCursor, services: context.services)
        guard let first = words.first else { return }
        var common = first
        for word in words { common = String(zip(common, word).prefix { $0 == $1 }.map(\.0)) }
        let isWhole = words.count == 1 && !first.hasSuffix("=")
        self.field?.replace(last: replaced, with: common + (isWhole ? " " : ""))
    }
}

// MARK: - Drawing

extension LogsScreen {
    private struct Layout {
        var head: Rect
        var chart: Rect
        var rows: Rect
        var detail: Rect
    }

    private func layout(_ rect: Rect) -> Layout {
        let (head, below) = rect.split(top: 1)
        let hasChart = showsChart && rect.rows >= Limits.minRowsForLogChart && detailTop == nil
        let (chart, rest) = below.split(top: hasChart ? Limits.logChartRows + 1 : 0)
        let (rows, detail) = rest.split(bottom: detailTop == nil ? 0 : rest.rows / 2)
        return Layout(head: head, chart: chart, rows: rows, detail: detail)
    }

    func view(_ frame: inout Frame, in rect: Rect, _ context: ScreenContext) {
        let layout = layout(rect)
        drawHead(on: &frame, in: layout.head, context)
        let rows = drawing(width: rect.columns, context)
        if let failure {
            Placard.draw(failure, .bad, on: &frame, in: layout.rows)
        } else if logs.records.isEmpty {
            Placard.draw(isAnswered ? emptyText : "asking …", on: &frame, in: layout.rows)
        } else {
            drawChart(on: &frame, in: layout.chart, context)
            drawRows(rows, on: &frame, in: layout.rows)
        }
        if let top = detailTop, let record {
            frame.drawPane(rows.detail(record), from: top, in: layout.detail, context.charset)
        }
        drawCompletion(on: &frame, below: layout.head, context)
    }

    private var emptyText: String {
        LogWords.line(of: query).isEmpty
            ? "no record was written in this time; t chooses another"
            : "no record meets these conditions in this time; x takes them back, t chooses another time"
    }

    private func drawHead(on frame: inout Frame, in rect: Rect, _ context: ScreenContext) {
        frame.fill(rect, ground: .raised)
        if let field {
            frame.draw("/", .strong, row: rect.row, column: rect.column, ground: .raised)
            let width = complaint == nil ? rect.columns - 1 : rect.columns / 2
            field.draw(
                on: &frame, row: rect.row, column: rect.column + 1, width: width, ground: .raised,
                placeholder: "text, level=warn, service=NAME, trace=ID; Tab completes")
            if let complaint {
                frame.draw(
                    complaint, .bad, row: rect.row, column: rect.column + width + 2, limit: rect.columns - width - 2,
                    ground: .raised)
            }
            return
        }
        var line = StyledText()
        let words = LogWords.line(of: query)
        line.append(words.isEmpty ? "all records" : words, words.isEmpty ? .faint : .strong)
        let total = (logs.total.isExact ? "" : "at least ") + Quantity.count(max(logs.total.value, logs.records.count))
        var facts = [isFollowing ? "following" : "not following"]
        if isAnswered { facts.append("\(Quantity.count(logs.records.count)) of \(total)") }
        if isAskingOlder { facts.append("fetching older ones …") }
        if let record {
            facts.append(Moment.date(nanosecondsSince1970: record.effectiveTime.nanoseconds, zone: context.zone))
        }
        let right = Phrase.joined(facts, .faint)
        frame.draw(
            line.truncated(to: max(0, rect.columns - right.width - 3)), row: rect.row, column: rect.column,
            ground: .raised)
        frame.draw(
            right, row: rect.row, column: max(rect.column, rect.endColumn - right.width - 1), limit: rect.columns,
            ground: .raised)
    }

    /// When what is loaded was written.
    private func drawChart(on frame: inout Frame, in rect: Rect, _ context: ScreenContext) {
        guard rect.rows > 1, let first = logs.records.first, let last = logs.records.last else { return }
        // Fewer columns than records, or the picture is all gaps.
        let chart = ColumnChart(logs.columns(min(rect.columns, max(8, logs.records.count / 3))))
        var lines = chart.lines(width: rect.columns, height: rect.rows - 1, charset: context.charset)
        lines.append(
            TimeAxis.clock(from: first.effectiveTime, to: last.effectiveTime, width: rect.columns, zone: context.zone)
                .line())
        frame.draw(lines, in: rect)
    }

    private func drawRows(_ rows: LogRows, on frame: inout Frame, in rect: Rect) {
        var list = list
        list.update(count: logs.records.count, visible: rect.rows)
        for (line, row) in list.rows.enumerated() {
            let text = rows.line(logs.records[row])
            frame.draw(text, row: rect.row + line, column: rect.column, limit: rect.columns)
            guard let needle = query.text else { continue }
            for range in LogRows.matches(of: needle, in: text.text) where range.lowerBound >= rows.indent {
                frame.recolour(
                    Rect(
                        column: rect.column + range.lowerBound, row: rect.row + line,
                        columns: min(range.count, rect.columns - range.lowerBound), rows: 1), ground: .matched)
            }
        }
        list.drawSelection(on: &frame, in: rect)
    }

    private func drawCompletion(on frame: inout Frame, below rect: Rect, _ context: ScreenContext) {
        guard let field else { return }
        let words = LogWords.candidates(field.textBeforeCursor, services: context.services).words
        for (place, word) in words.prefix(Limits.completionRows).enumerated() {
            let row = Rect(
                column: rect.column + 1, row: rect.endRow + place, columns: min(30, rect.columns - 1), rows: 1)
            frame.fill(row, ground: .raised)
            frame.draw(word, row: row.row, column: row.column, limit: row.columns, ground: .raised)
        }
    }
}
