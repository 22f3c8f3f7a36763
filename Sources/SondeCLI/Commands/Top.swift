// SPDX-License-Identifier: Apache-2.0
// `sonde top`: operations by what they cost, over and over.

import ArgumentParser
import FoundationEssentials
import SondeModel
import SondeStorage
import SondeTerminal
import SondeViewer
import SondeWire

struct Top: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show which operations take the most time, fail or are slow.",
        discussion: """
            Self time is what an operation spent itself, without the calls it made; summed over all its spans, it says \
            where making something faster helps most. On a terminal the table is drawn anew every two seconds until \
            Ctrl-C; in a pipe, with --once, or with --end there is one.

            EXAMPLES:
              sonde top
              sonde top --by p95 --since 1h --once
              sonde top --service orders --by errors
              sonde top --once --output ndjson | jq -r 'select(.errors > 0) | .operation'

            \(ExitStatus.help)
            """
    )

    @Option(help: "Only operations of this service. May be repeated.", completion: CompletionValues.service)
    var service: [String] = []
    @Option(name: .customLong("by"), help: "What to sort by, the largest first.") var order = ActivityOrder.`self`
    @Flag(help: "One table, then the end.") var once = false
    @Option(help: ArgumentHelp("Time between two tables. (default: 2s)", valueName: "duration")) var every: String?
    @Option(
        help: ArgumentHelp(
            "At most this many operations. (default: 20, or what the terminal holds)", valueName: "count"))
    var limit: Int?
    @OptionGroup(title: "When (default: --since 15m)") var time: TimeOptions
    @OptionGroup(title: "Where") var source: SourceOptions
    @Option(name: .shortAndLong, help: "Encoding of the answer.") var output = ListFormat.text
    @OptionGroup(title: "How") var drawing: DrawingOptions

    func run() async throws {
        let pause = try every.map { Duration.nanoseconds(Int64(clamping: try Reading.duration($0, "--every"))) }
        let limit = try limit.map { try Reading.limit($0, standard: 0) }
        _ = try time.bounds(now: .now)
        let source = try await source.open()
        let printer = Printer(drawing)
        guard output == .text, printer.isTerminal, !once, time.end == nil else {
            return try await print(source, printer, limit ?? Limits.topRows)
        }
        var screen = Screen()
        repeat {
            let printer = Printer(drawing)
            let rows = limit ?? max(1, screen.rows - Limits.topOtherLines)
            screen.show(try await lines(source, printer.canvas, rows, within: screen.rows), printer)
        } while await Pause.between(
            polls: max(pause ?? Limits.topInterval, Limits.pollInterval), until: .now + Limits.ages)
    }

    private func print(_ source: any Source, _ printer: Printer, _ limit: Int) async throws(CommandFailure) {
        let (series, range) = try await ask(source)
        let shown = Array(series.prefix(limit))
        switch output {
        case .json: printer.json(NativeJSON.activity(shown))
        case .ndjson: printer.ndjson(NativeJSON.activity(shown))
        case .text:
            guard !shown.isEmpty else { break }
            printer.draw(ActivityDrawing(shown, seconds: range.seconds, order: order, on: printer.canvas).lines())
            if series.count > shown.count {
                printer.note(.init("\(shown.count) of \(Quantity.counted(series.count, "operation"))", .faint))
            }
        }
        guard shown.isEmpty else { return }
        throw CommandFailure(
            .nothingFound, "no span began in that time",
            advice: "Look back further with --since; `sonde stats` tells how far the data goes.")
    }

    /// One screen: a line that says what it is, and the table.
    private func lines(
        _ source: any Source, _ canvas: Canvas, _ limit: Int, within rows: Int
    ) async throws(CommandFailure) -> [StyledText] {
        let (series, range) = try await ask(source)
        let calls = series.reduce(0) { $0 + $1.counts.calls }
        let errors = series.reduce(0) { $0 + $1.counts.errors }
        var head = StyledText("sonde top", .strong)
        head.append("  \(canvas.moment(.now))  ", .faint)
        head.append(Quantity.counted(calls, "span") + ", ")
        head.append(Quantity.counted(errors, "error"), errors > 0 ? .bad : .plain)
        head.append(
            ", " + Quantity.counted(series.count, "operation") + " in "
                + Quantity.duration(nanoseconds: range.nanoseconds))
        head.append("  Ctrl-C ends", .faint)
        let table = ActivityDrawing(Array(series.prefix(limit)), seconds: range.seconds, order: order, on: canvas)
            .lines()
        let body = series.isEmpty ? [StyledText("No span began in that time; waiting.", .faint)] : table
        return Array(([head.truncated(to: canvas.width), StyledText()] + body).prefix(rows))
    }

    private func ask(_ source: any Source) async throws(CommandFailure) -> ([ActivitySeries], ActivityRange) {
        let now = Timestamp.now
        var query = ActivityQuery()
        (query.start, query.end) = try time.bounds(now: now)
        if query.start == nil {
            let end = query.end ?? now
            query.start = Timestamp(nanoseconds: end.nanoseconds - min(end.nanoseconds, Limits.topNanoseconds))
        }
        query.services = service
        query.quantiles = [0.5, 0.95]
        query.wantsSelfTime = true
        let question = query
        let series = try await asking { () async throws(ReadError) in try await source.activity(question) }
        let range = ActivityRange(start: query.start ?? .zero, end: query.end ?? now)
        return (order.sorted(series), range)
    }
}

extension ActivityOrder: ExpressibleByArgument {}

/// The time over which something was counted.
private struct ActivityRange {
    var start: Timestamp
    var end: Timestamp
    var nanoseconds: UInt64 { start.nanoseconds(until: end) }
    var seconds: Double { Double(nanoseconds) / 1e9 }
}
