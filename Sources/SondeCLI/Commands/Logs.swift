// SPDX-License-Identifier: Apache-2.0
// `sonde logs`: log records by trace, service, level, text and time.

import ArgumentParser
import SondeModel
import SondeStorage
import SondeTerminal
import SondeViewer
import SondeWire

struct Logs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find log lines. The newest are chosen; they are printed oldest first, as they were written.",
        discussion: """
            json and ndjson keep the API's order, newest first.

            \(ExitStatus.help)
            """
    )

    @Option(
        help: ArgumentHelp("Of this trace: its id, or at least the first 4 digits.", valueName: "id"),
        completion: CompletionValues.trace)
    var trace: String?
    @Option(help: ArgumentHelp("Of this span: 16 hex digits.", valueName: "id")) var span: String?
    @Option(help: "Of this service.", completion: CompletionValues.service) var service: String?
    @Option(
        help: ArgumentHelp(
            "Of this level or above.", valueName: LogLevel.allCases.map(\.name).joined(separator: "|")),
        completion: .list(LogLevel.allCases.map(\.name)))
    var level: String?
    @Option(help: "The message has this text in it, in upper or lower case.") var text: String?
    @OptionGroup(title: "When") var time: TimeOptions
    @OptionGroup(title: "Where") var source: SourceOptions
    @Option(help: ArgumentHelp("At most this many lines. (default: \(LogQuery.defaultLimit))", valueName: "count"))
    var limit: Int?
    @Option(help: ArgumentHelp("Continue where an earlier list ended.", valueName: "cursor"))
    var cursor: String?
    @Option(name: .shortAndLong, help: "Encoding of the answer.") var output = ListFormat.text
    @OptionGroup(title: "How") var drawing: DrawingOptions

    func validate() throws {
        if let trace, TraceIDPrefix(trace) == nil {
            throw ValidationError("--trace \(trace) is not a trace id; give 4 to 32 hex digits")
        }
    }

    func run() async throws {
        var query = try query(now: .now)
        let limit = try Reading.limit(limit, standard: LogQuery.defaultLimit)
        let source = try await source.open()
        if let trace { query.traceID = try await Self.traceID(trace, source) }
        let page = try await Self.search(source, query, limit: limit)
        let printer = Printer(drawing)
        switch output {
        case .json: printer.json(Self.json(page))
        case .ndjson: printer.ndjson(Self.json(page))
        case .text: if !page.logs.isEmpty { draw(page, printer) }
        }
        guard page.logs.isEmpty else { return }
        throw CommandFailure(.nothingFound, "no log line was found")
    }

    private func query(now: Timestamp) throws(CommandFailure) -> LogQuery {
        var query = LogQuery()
        query.service = service
        query.text = text
        query.minLevel = try Reading.choice(level, "--level", LogLevel.allCases.map(\.name)) { LogLevel(name: $0) }
        if let span {
            guard let id = SpanID(hex: span) else {
                throw CommandFailure(.usage, "cannot read --span \(span)", advice: "Give 16 hex digits.")
            }
            query.spanID = id
        }
        (query.start, query.end) = try time.bounds(now: now)
        if let cursor {
            guard let place = LogCursor(text: cursor) else {
                throw CommandFailure(
                    .usage, "cannot read --cursor \(cursor)",
                    advice: "Give the cursor that an earlier list named, as a whole.")
            }
            query.cursor = place
        }
        return query
    }

    /// A whole id is taken as it is, since a trace may have sent logs and no spans; a prefix must be that of a trace.
    private static func traceID(_ text: String, _ source: any TraceReader) async throws(CommandFailure) -> TraceID {
        if let id = TraceID(hex: text) { return id }
        return try await TraceFinder(reader: source).find(text).id
    }

    /// Follows pages until `limit` records are found or there are no more.
    static func search(_ source: any LogReader, _ query: LogQuery, limit: Int) async throws(CommandFailure) -> LogPage {
        var query = query
        var found: [LogRecord] = []
        while true {
            query.limit = min(LogQuery.maxLimit, limit - found.count)
            let asked = query
            var page = try await asking { () async throws(ReadError) in try await source.logs(asked) }
            found += page.logs
            guard let next = page.next, found.count < limit else {
                page.logs = found
                return page
            }
            query.cursor = next
        }
    }

    /// The log lines of one trace, at most a page as large as pages get.
    static func all(of trace: TraceID, _ source: any LogReader) async throws(CommandFailure) -> LogPage {
        var query = LogQuery()
        query.traceID = trace
        return try await search(source, query, limit: LogQuery.maxLimit)
    }

    static func json(_ page: LogPage) -> [UInt8] {
        NativeJSON.logs(page.logs, next: page.next?.text, total: page.total)
    }

    private func draw(_ page: LogPage, _ printer: Printer) {
        printer.draw(LogDrawing(page.logs.reversed(), on: printer.canvas, showsTrace: trace == nil).lines())
        guard let next = page.next else { return }
        let total = (page.total.isExact ? "" : "at least ") + Quantity.count(page.total.value)
        printer.note(
            .init(
                "the newest \(Quantity.count(page.logs.count)) of \(total) lines · older: --cursor \(next.text)", .faint
            ))
    }
}
