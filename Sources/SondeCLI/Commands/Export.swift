// SPDX-License-Identifier: Apache-2.0
// `sonde export`: traces as files that other tools read, and that `sonde import` takes back.

import ArgumentParser
import SondeModel
import SondeStorage
import SondeTerminal
import SondeWire

extension TelemetryFormat: ExpressibleByArgument {}

struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write traces out: one, several, or all that a search finds.",
        discussion: """
            `sonde export ID` writes one trace, `sonde export ID ID` several; the first digits are enough where \
            no other trace begins with them. Conditions are those of `sonde traces`; all that match are written, \
            newest first: `sonde export --service payments --errors --since 1h --output otlp-jsonl --to \
            errors.jsonl.gz`.

            otlp, otlp-jsonl and otlp-protobuf keep everything and can be taken back with `sonde import`; \
            docs/formats.md says what jaeger and zipkin lose. A file is written as FILE.partial and takes its \
            name when it is whole; one that ends in .gz is compressed.

            \(ExitStatus.help)
            """
    )

    @OptionGroup(title: "Conditions") var conditions: TraceConditions
    @OptionGroup(title: "When") var time: TimeOptions
    @OptionGroup(title: "Where") var source: SourceOptions
    @Option(help: ArgumentHelp("At most this many traces. (default: all)", valueName: "count")) var limit: Int?
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Encoding: OTLP's JSON, the same one trace a line, OTLP's protobuf, Jaeger's or Zipkin's JSON.",
            valueName: "format"))
    var output = TelemetryFormat.otlp
    @Option(help: ArgumentHelp("Write to this file rather than to standard output.", valueName: "file"))
    var to: String?
    @Flag(help: "Add the log lines of each trace; only with --output otlp-jsonl, as lines of their own.")
    var logs = false

    func validate() throws {
        guard !logs || output == .otlpLines else {
            throw ValidationError("--logs needs --output otlp-jsonl; in \(output.what) they have no place")
        }
    }

    func run() async throws {
        let choice = try ExportChoice(conditions, time, limit: limit)
        if case .search(let query, nil) = choice, to == nil, Device.isTerminal(.output), !query.hasAnyCondition {
            throw CommandFailure(
                .usage, "everything there is would go to this terminal",
                advice: "Give conditions, --limit, or a file with --to FILE.")
        }
        let source = try await source.open()
        var run = ExportRun(source: source, format: output, addsLogs: logs, isSingle: choice.isSingle)
        try await run.write(choice, to: to)
        guard run.traceCount == 0 else { return tell(run) }
        throw CommandFailure(
            .nothingFound, "no trace was found", advice: "Loosen the conditions; `sonde traces` takes the same ones.")
    }

    private func tell(_ run: ExportRun) {
        guard let to else { return }
        var text =
            "exported \(Quantity.counted(run.traceCount, "trace")), \(Quantity.counted(run.spanCount, "span"))"
        if logs { text += ", \(Quantity.counted(run.logCount, "log line"))" }
        StandardStreams.write("\(text) to \(to)\n")
    }
}

/// What is to be written.
enum ExportChoice {
    case traces([String])
    case search(TraceQuery, limit: Int?)

    /// Words that are nothing but hex digits are ids; everything else is a condition.
    init(_ conditions: TraceConditions, _ time: TimeOptions, limit: Int?) throws(CommandFailure) {
        let ids = conditions.terms.filter { TraceIDPrefix($0) != nil }
        for word in conditions.terms where !ids.contains(word) && !word.contains(where: { "=<>{~!()".contains($0) }) {
            guard !TraceConditions.isTerm(word) else { continue }
            throw CommandFailure(
                .usage, "\(word) is neither a trace id nor a condition",
                advice: "Give 4 to 32 hex digits, or a condition like service=orders.")
        }
        var query = try conditions.query(terms: conditions.terms.filter { !ids.contains($0) })
        (query.start, query.end) = try time.bounds(now: .now)
        let limit = try limit.map { number throws(CommandFailure) in try Reading.limit(number, standard: number) }
        guard !ids.isEmpty else {
            self = .search(query, limit: limit)
            return
        }
        guard !query.hasAnyCondition, limit == nil else {
            throw CommandFailure(
                .usage, "\(ids[0]) names a trace, and conditions search for others; give one or the other")
        }
        self = .traces(ids)
    }

    var isSingle: Bool {
        if case .traces(let ids) = self { ids.count == 1 } else { false }
    }
}

extension TraceQuery {
    var hasAnyCondition: Bool {
        hasSpanConditions || expression != nil || start != nil || end != nil || minTraceDuration != nil
            || maxTraceDuration != nil
    }
}
