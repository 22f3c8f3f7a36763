// SPDX-License-Identifier: Apache-2.0
// `sonde exec -- CMD`: a span around a command. The command matters, the span does not: whatever happens to the span, the
// command runs, and its status is ours.

import ArgumentParser
import FoundationEssentials
import SondeClient
import SondeModel
import SondeStorage
import SondeTerminal
import SondeWire

struct Exec: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a command inside a span.",
        discussion: """
            The command gets the span as TRACEPARENT, so that what it does, in services or in further `sonde exec`, \
            becomes part of the same trace. If TRACEPARENT is set already, the span is a child of the one it names; \
            TRACESTATE and BAGGAGE are handed on. A trace that its beginner does not record is not recorded here either.

            The status is the command's own: 127 if there is no such command, 126 if it can't be run, and the signal \
            that ended it. Signals sent to `sonde` go to the command. Where the span can't be stored, standard error \
            says so and the status stays.

            EXAMPLES:
              sonde exec -- make test
              sonde exec --name deploy --attr stage=canary -- ./deploy.sh --fast
              sonde exec --print-trace -- curl -s http://127.0.0.1:8080/
              sonde exec --name nightly -- sh -c 'sonde exec -- ./dump; sonde exec -- ./send'
            """
    )

    @Option(
        help: ArgumentHelp("Name of the span. (default: the name of the program)", valueName: "name"))
    var name: String?
    @Option(
        help: ArgumentHelp(
            "Service of the span. (default: $OTEL_SERVICE_NAME, else \(CommandSpan.standardService))",
            valueName: "name"))
    var service: String?
    @Option(
        name: .customLong("attr"),
        help: ArgumentHelp("An attribute of the span. May be repeated.", valueName: "key=value"))
    var attributes: [String] = []
    @Flag(help: "Leave the command's arguments out of the span: they may hold secrets.") var hideArguments = false
    @Flag(help: "Say on standard error which trace it was, once the command has ended.") var printTrace = false
    @Option(
        help: ArgumentHelp(
            "Send the span to the collector at this URL. Without it SONDE_URL counts. "
                + "(default: \(SourceOptions.standardURL))", valueName: "url"))
    var at: String?
    @Argument(
        parsing: .captureForPassthrough, help: ArgumentHelp("The command and its arguments.", valueName: "command"))
    var command: [String] = []

    func run() async throws {
        let environment = ProcessInfo.processInfo.environment
        // What is wrong with our own line is told before the command has done anything.
        // What stands before the command is ours, but the parser hands on all of it.
        if let first = self.command.first, ["--help", "-h"].contains(first) { throw CleanExit.helpRequest(self) }
        let command = try Self.command(self.command)
        let attributes = try self.attributes.map { try Self.attribute($0) }
        let collector = try SourceOptions.collector(
            at: at, environment: environment, answersWithin: Limits.execAnswerTime)
        var generator = SystemRandomNumberGenerator()
        var span = CommandSpan(
            command, name: name, service: service, attributes: attributes, hidesArguments: hideArguments,
            environment: environment, now: .now, using: &generator)
        let end = ChildProcess.run(command, environment: span.environment(from: environment)) { span.started($0) }
        span.ended(end, now: .now)
        if case .notStarted(let error) = end {
            StandardStreams.writeError("sonde: cannot run \(command[0]): \(ChildProcess.reason(error))\n")
        }
        if span.isSampled { await Self.send(span.record, to: collector) }
        if printTrace { Self.tell(span) }
        ChildProcess.end(as: end)
    }

    private static func command(_ words: [String]) throws(CommandFailure) -> [String] {
        let isMarked = words.first == "--"
        let command = isMarked ? Array(words.dropFirst()) : words
        if let first = command.first, !isMarked, first.hasPrefix("-") {
            throw CommandFailure(
                .usage, "unknown option \(first)", advice: "A command stands behind two dashes: sonde exec -- make test"
            )
        }
        guard let first = command.first, !first.isEmpty else {
            throw CommandFailure(
                .usage, "there is no command to run", advice: "Give it behind two dashes: sonde exec -- make test")
        }
        return command
    }

    /// Numbers and truth values keep their type, as they would in a program that sets them.
    private static func attribute(_ text: String) throws(CommandFailure) -> Attribute {
        guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
            throw CommandFailure(
                .usage, "cannot read --attr \(text)", advice: "Give KEY=VALUE, like --attr stage=canary.")
        }
        let value = String(text[text.index(after: equals)...])
        let typed: AttributeValue =
            Int64(value).map { .int($0) } ?? Bool(value).map { .bool($0) }
            ?? (value.contains(".") ? Double(value).flatMap { $0.isFinite ? .double($0) : nil } : nil) ?? .string(value)
        return Attribute(String(text[..<equals]), typed)
    }

    private static func send(_ span: SpanRecord, to collector: RemoteStore) async {
        do throws(SinkError) {
            let answer = try await collector.store(OTLPEncoder.traces([span]), as: .spans)
            guard answer.rejected > 0 else { return }
            StandardStreams.writeError("sonde: the span of \(span.name) was refused: \(answer.reason)\n")
        } catch {
            StandardStreams.writeError("sonde: the span of \(span.name) was not stored: \(error.reason)\n")
        }
    }

    private static func tell(_ span: CommandSpan) {
        let took = Quantity.duration(nanoseconds: span.record.durationNanoseconds)
        let trace = span.record.traceID.hex
        StandardStreams.writeError(
            span.isSampled
                ? "sonde: \(span.record.name) took \(took); sonde trace \(trace)\n"
                : "sonde: \(span.record.name) took \(took); trace \(trace) is not recorded, as its beginner decided\n")
    }
}
