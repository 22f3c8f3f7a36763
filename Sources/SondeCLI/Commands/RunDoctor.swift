// SPDX-License-Identifier: Apache-2.0
// `sonde doctor`: what is wrong, by all detectors, with what shows it.

import ArgumentParser
import SondeAnalysis
import SondeModel
import SondePipeline
import SondeStorage
import SondeTerminal
import SondeViewer
import SondeWire

struct RunDoctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Find what is wrong in the traces of the last hour, and say what shows it.",
        discussion: """
            All detectors look at the traces: failures and where they begin, refusals, time-outs, retry storms, slow \
            operations, N+1 calls, calls that could run side by side, what the slow traces have in common, traces of \
            which parts are missing, clocks that disagree. Each finding names its evidence, a trace, and the command \
            that shows it. The status is 1 if there are findings, so that a script can ask.

            EXAMPLES:
              sonde doctor
              sonde doctor --since 10m service=orders
              sonde doctor --output ndjson | jq -r 'select(.severity == "critical") | .title'
              sonde doctor --since 5m || echo 'not so well'

            \(ExitStatus.help)
            """
    )

    @OptionGroup(title: "Conditions") var conditions: TraceConditions
    @OptionGroup(title: "When (default: --since 1h)") var time: TimeOptions
    @OptionGroup(title: "Where") var source: SourceOptions
    @Option(name: .shortAndLong, help: "Encoding of the answer.") var output = ListFormat.text
    @OptionGroup(title: "How") var drawing: DrawingOptions

    func run() async throws {
        let now = Timestamp.now
        var query = try conditions.query()
        (query.start, query.end) = try time.bounds(now: now)
        query.start = query.start ?? TimeOptions.lastHour(before: query.end ?? now)
        let question = query
        // What is on its way is incomplete; of a time that is over nothing is.
        let moment = query.end ?? now
        let source = try await self.source.open()
        let (findings, sample) = try await asking { () async throws(ReadError) in
            try await Examination(reader: source).findings(question, now: moment)
        }
        let printer = Printer(drawing)
        switch output {
        case .json: printer.json(NativeJSON.findings(findings, sample: sample))
        case .ndjson: printer.ndjson(NativeJSON.findings(findings, sample: sample))
        case .text: draw(findings, sample, printer)
        }
        guard sample.used > 0 else {
            throw CommandFailure(
                .nothingFound, "there is nothing to look at: no trace began in that time",
                advice: "Look back further with --since; `sonde stats` tells how far the data goes.")
        }
        guard findings.isEmpty else { throw CommandFailure(.nothingFound, Self.summary(findings)) }
    }

    private func draw(_ findings: [Finding], _ sample: TraceSample, _ printer: Printer) {
        guard sample.used > 0 else { return }
        if findings.isEmpty {
            printer.note(.init("Nothing found.", .good))
        } else {
            printer.draw(FindingsDrawing(findings, where: source.asTyped, on: printer.canvas).lines())
        }
        printer.draw(FindingsDrawing.scope(sample, on: printer.canvas))
    }

    private static func summary(_ findings: [Finding]) -> String {
        let parts = Finding.Severity.allCases.reversed().compactMap { severity -> String? in
            let count = findings.count { $0.severity == severity }
            return count == 0 ? nil : "\(count) \(severity.rawValue)"
        }
        return Quantity.counted(findings.count, "finding") + ": " + parts.joined(separator: ", ")
    }
}
