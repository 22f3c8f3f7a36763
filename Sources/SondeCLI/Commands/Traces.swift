// SPDX-License-Identifier: Apache-2.0
// `sonde traces`: a search. Conditions on spans must all hold on one and the same span.

import ArgumentParser
import SondeModel
import SondeStorage
import SondeTerminal
import SondeViewer
import SondeWire

struct Traces: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Find traces, newest first.",
        discussion: """
            All conditions on spans must hold on one and the same span: \
            `sonde traces --service payments --errors --attr http.request.method=POST`, or in short \
            `sonde traces service=payments error http.request.method=POST`.

            TERMS IN SHORT:
              service=orders  name="GET /orders"  name='GET*'  kind=server  status=ok
              error  root  duration>200ms  traceDuration>=1s  has:retry.count
              http.response.status_code>=500  any.attribute=text  key!=text
              key~regex  key!~regex  -- with AND, OR, NOT and parentheses

            TRACEQL:
              '{ resource.service.name = "orders" && duration > 200ms }'
              '{ .http.response.status_code >= 500 } >> { status = error }'
              '{ name = "sql" } | count() > 10'
              '{ status = error } | by(resource.service.name) | select(statusMessage)'

            Under a list of TraceQL's hits, --output json shows the spans found. docs/query.md has the whole language.

            \(ExitStatus.help)
            """
    )

    @OptionGroup(title: "Conditions") var conditions: TraceConditions
    @OptionGroup(title: "When") var time: TimeOptions
    @OptionGroup(title: "Where") var source: SourceOptions
    @Option(
        help: ArgumentHelp("At most this many traces. (default: \(TraceQuery.defaultLimit))", valueName: "count"))
    var limit: Int?
    @Option(help: ArgumentHelp("Continue where an earlier list ended.", valueName: "cursor"))
    var cursor: String?
    @Option(name: .shortAndLong, help: "Encoding of the answer.") var output = ListFormat.text
    @OptionGroup(title: "How") var drawing: DrawingOptions

    func run() async throws {
        let query = try query(now: .now)
        let source = try await source.open()
        let page = try await Self.search(
            source, query, limit: try Reading.limit(limit, standard: TraceQuery.defaultLimit))
        let printer = Printer(drawing)
        switch output {
        case .json: printer.json(Self.json(page))
        case .ndjson: printer.ndjson(Self.json(page))
        case .text: if !page.traces.isEmpty { draw(page, printer) }
        }
        guard page.traces.isEmpty else { return }
        throw CommandFailure(.nothingFound, "no trace was found", advice: advice(query))
    }

    private func query(now: Timestamp) throws(CommandFailure) -> TraceQuery {
        var query = try conditions.query()
        (query.start, query.end) = try time.bounds(now: now)
        if let cursor {
            guard let place = TraceCursor(text: cursor) else {
                throw CommandFailure(
                    .usage, "cannot read --cursor \(cursor)",
                    advice: "Give the cursor that an earlier list named, as a whole.")
            }
            query.cursor = place
        }
        return query
    }

    /// Follows pages until `limit` traces are found or there are no more.
    static func search(
        _ source: any TraceReader, _ query: TraceQuery, limit: Int
    ) async throws(CommandFailure) -> TracePage {
        var query = query
        var found: [TraceSummary] = []
        while true {
            query.limit = min(TraceQuery.maxLimit, limit - found.count)
            let asked = query
            var page = try await asking { () async throws(ReadError) in try await source.search(asked) }
            found += page.traces
            guard let next = page.next, found.count < limit else {
                page.traces = found
                return page
            }
            query.cursor = next
        }
    }

    static func json(_ page: TracePage) -> [UInt8] {
        NativeJSON.search(page.traces, next: page.next?.text, total: page.total)
    }

    private func draw(_ page: TracePage, _ printer: Printer) {
        let drawing = TraceListDrawing(page, on: printer.canvas)
        printer.draw(drawing.lines())
        printer.note(drawing.footer())
        if let next = page.next { printer.note(.init("more: the same with --cursor \(next.text)", .faint)) }
    }

    private func advice(_ query: TraceQuery) -> String {
        query.hasSpanConditions || query.expression != nil || query.start != nil || query.end != nil
            || query.minTraceDuration != nil
            || query.maxTraceDuration != nil
            ? "Loosen the conditions; `sonde services` and `sonde operations SERVICE` list the names there are."
            : "Nothing has arrived yet: point a service's OTLP exporter (HTTP, protobuf) at port 4318 of the collector."
    }
}
