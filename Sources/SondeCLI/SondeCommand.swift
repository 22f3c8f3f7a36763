// SPDX-License-Identifier: Apache-2.0
// The executable `sonde`: its commands, and how it ends.

import ArgumentParser

@main
struct SondeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sonde",
        abstract: "Traces, logs and metrics of your services: a collector, and a shell for what it keeps.",
        discussion: """
            Begin with `sonde serve`; services then send OTLP over HTTP to port 4318. Ask what arrived with \
            `sonde traces` and look at one with `sonde trace ID`.

            \(ExitStatus.help)
            """,
        version: Version.text,
        subcommands: [
            Serve.self, Services.self, Operations.self, Traces.self, ShowTrace.self, Logs.self, Export.self,
            Import.self, Stats.self, Pin.self, RunSQL.self, Check.self, Backup.self, Exec.self,
            Top.self, Graph.self, RunDoctor.self, Errors.self, Diff.self, Attributes.self,
            Tail.self, View.self, Expect.self, Completions.self, ShowVersion.self,
        ]
    )

    static func main() async {
        // A reader that has seen enough (`| head`) closes the pipe; writing then fails, which is no fault of ours.
        StandardStreams.ignoreBrokenPipes()
        let status = await status(of: Array(CommandLine.arguments.dropFirst()))
        StandardStreams.end(status)
    }

    /// Runs one command line to its end.
    static func status(of arguments: [String]) async -> ExitStatus {
        do {
            var command = try await asyncParseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            return .done
        } catch let failure as CommandFailure {
            StandardStreams.writeError(failure.text)
            return failure.status
        } catch {
            return status(ofParserError: error, arguments)
        }
    }

    /// The parser ends with 64 for a wrong command line and 0 for `--help`; we say 2 for the former.
    private static func status(ofParserError error: any Error, _ arguments: [String]) -> ExitStatus {
        let text = fullMessage(for: error)
        let isCompletion = arguments.first == "---completion"
        // A prompt is no place for complaints.
        if isCompletion, !exitCode(for: error).isSuccess { return .done }
        if exitCode(for: error).isSuccess {
            StandardStreams.write(text.hasSuffix("\n") ? text : text + "\n")
            return .done
        }
        var message = text.hasPrefix("Error: ") ? String(text.dropFirst("Error: ".count)) : text
        if let wish = misunderstood(arguments) { message = wish }
        // The parser begins sentences; ours go on after the program's name.
        message = message.prefix(1).lowercased() + message.dropFirst()
        StandardStreams.writeError("sonde: " + message + (message.hasSuffix("\n") ? "" : "\n"))
        return .usage
    }

    /// What is wrong with a line that begins with no command of ours; nil if it begins with one.
    private static func misunderstood(_ arguments: [String]) -> String? {
        let names = configuration.subcommands.map { $0.configuration.commandName ?? $0._commandName } + ["help"]
        guard let first = arguments.first, !names.contains(first) else { return nil }
        if first.hasPrefix("-") {
            guard let command = arguments.first(where: { names.contains($0) }) else { return nil }
            return "flags come after the command: sonde \(command) \(first) …"
        }
        guard let nearest = NearestName.of(first, among: names) else { return nil }
        return "there is no command \(first); did you mean `sonde \(nearest)`? `sonde --help` lists them all"
    }
}
