// SPDX-License-Identifier: Apache-2.0
// `sonde errors`: the failures there are, each kind once.

import ArgumentParser
import SondeAnalysis
import SondeModel
import SondePipeline
import SondeStorage
import SondeTerminal
import SondeViewer
import SondeWire

struct Errors: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the kinds of errors: where each begins, how often, since when, and a trace that shows it.",
        discussion: """
            An error counts where it began, at the deepest span that failed, and not at the callers that passed it on. \
            Ids and numbers in names and messages are left out of account, so that the same failure is one row.

            EXAMPLES:
              sonde errors
              sonde errors --since 24h service=payments
              sonde errors --output ndjson | jq -r 'select(.failedTraceCount > 0) | .sampleTraceId'

            \(ExitStatus.help)
            """
    )

    @OptionGroup(title: "Conditions") var conditions: TraceConditions
    @OptionGroup(title: "When (default: --since 1h)") var time: TimeOptions
    @OptionGroup(title: "Where") var source: SourceOptions
    @Option(help: ArgumentHelp("At most this many kinds. (default: 50)", valueName: "count")) var limit: Int?
    @Option(name: .shortAndLong, help: "Encoding of the answer.") var output = ListFormat.text
    @OptionGroup(title: "How") var drawing: DrawingOptions

    func run() async throws {
        let now = Timestamp.now
        var query = try conditions.query()
        (query.start, query.end) = try time.bounds(now: now)
        query.start = query.start ?? TimeOptions.lastHour(before: query.end ?? now)
        let limit = try Reading.limit(limit, standard: Limits.errorRows)
        let question = query
        let source = try await source.open()
        let (collector, sample) = try await asking { () async throws(ReadError) in
            try await Examination(reader: source).errors(question)
        }
        let all = collector.sorted()
        let errors = Array(all.prefix(limit))
        let document = NativeJSON.errors(errors, omitted: collector.omitted + all.count - errors.count, sample: sample)
        let printer = Printer(drawing)
        switch output {
        case .json: printer.json(document)
        case .ndjson: printer.ndjson(document)
        case .text:
            guard !errors.isEmpty else { break }
            printer.draw(ErrorsDrawing(errors, on: printer.canvas).lines())
            if all.count > errors.count { printer.note(.init("\(errors.count) of \(all.count) kinds", .faint)) }
            printer.note(SampleNote.line(sample))
        }
        guard errors.isEmpty else { return }
        throw CommandFailure(
            .nothingFound, "no trace failed", advice: "Look back further with --since, or loosen the conditions.")
    }
}

/// Says on how many traces an answer rests, where that is not all of them.
enum SampleNote {
    static func line(_ sample: TraceSample) -> StyledText? {
        sample.partialReason.map { StyledText($0, .faint) }
    }
}
