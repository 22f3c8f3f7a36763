// SPDX-License-Identifier: Apache-2.0
// `sonde import`: files of other tools, and of `sonde export`, into a collector or a data folder.

import ArgumentParser
import FoundationEssentials
import Logging
import SondeClient
import SondeStorage
import SondeWire

struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take in traces and log lines from files.",
        discussion: """
            Formats are told by their content: OTLP in JSON, one request a line (what the OpenTelemetry \
            Collector's file exporter writes) or protobuf, Jaeger's JSON as its viewer downloads it, Zipkin's \
            JSON (v2), each also as gzip. A file may be of any length. What can't be read is named and costs \
            nothing else.

            A span that is there already is not stored twice: an import that was broken off can simply be \
            repeated. Log lines have no identity and are added again; where the first one of a file is there already, \
            that is said.

            \(ExitStatus.help)
            """
    )

    @Argument(help: ArgumentHelp("Files; - is standard input.", valueName: "file")) var files: [String]
    @Option(
        help: ArgumentHelp(
            "What the files hold, where it can't be told by their content.", valueName: "format"))
    var format: TelemetryFormat?
    @Flag(help: "Stop at the first thing that can't be imported.") var strict = false
    @OptionGroup(title: "Where") var target: TargetOptions

    func validate() throws {
        guard files.count(where: { $0 == "-" }) <= 1 else {
            throw ValidationError("standard input can be read once; name - once")
        }
    }

    func run() async throws {
        // A name that is wrong is told before anything is stored.
        var inputs: [InputFile] = []
        for path in files { inputs.append(try InputFile(path: path)) }
        let report = try await target.with { target throws(CommandFailure) in
            var run = ImportRun(target: target, format: format, isStrict: strict, files: inputs)
            do throws(CommandFailure) {
                for file in inputs { try await run.take(file) }
            } catch {
                StandardStreams.writeError("sonde: \(run.report.summary(into: target.name)), then stopped\n")
                throw error
            }
            StandardStreams.write(run.report.summary(into: target.name) + "\n")
            return run.report
        }
        if let refusals = report.refusals { throw CommandFailure(.nothingFound, "refused \(refusals)") }
        if report.isEmpty {
            throw CommandFailure(.nothingFound, "there are no spans or log lines in what was given")
        }
    }
}

/// Where imports go.
struct TargetOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Into the collector at this URL. Without it SONDE_URL counts. (default: \(SourceOptions.standardURL))",
            valueName: "url"))
    var at: String?

    @Option(
        help: ArgumentHelp(
            "Into this data folder, which no collector may have open; it is made if it is missing.",
            valueName: "folder"))
    var db: String?

    func validate() throws {
        guard at == nil || db == nil else {
            throw ValidationError("--at and --db name two targets; give one of them")
        }
    }

    /// Runs `body` with the target, and lets go of it afterwards.
    func with<Result: Sendable>(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        _ body: (any ImportTarget) async throws(CommandFailure) -> Result
    ) async throws(CommandFailure) -> Result {
        if let db { return try await StoreChoice.write(folder: db, body) }
        let collector = try SourceOptions.collector(at: at, environment: environment)
        // Whether anybody is there is told before files are read.
        _ = try await asking { () async throws(ReadError) in try await collector.statistics() }
        let result = try await body(CollectorTarget(collector: collector))
        await collector.close()
        return result
    }
}
