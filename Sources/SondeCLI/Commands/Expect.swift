// SPDX-License-Identifier: Apache-2.0
// `sonde expect`: a test's word on a trace. It waits for the trace to arrive, judges it, and shows it when it is not what
// it should be.

import ArgumentParser
import FoundationEssentials
import SondeAnalysis
import SondeModel
import SondeStorage
import SondeTerminal
import SondeViewer
import SondeWire

struct Expect: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Expect a trace to be as it should; for tests and CI.",
        discussion: """
            The newest trace that meets the conditions is judged. Traces arrive in pieces and a moment after the fact: \
            until --timeout has passed, what is missing is waited for. A trace must be complete to pass, unless \
            --incomplete is given. When something is not met, the tree is printed and, on standard error, each thing \
            that is not met; the status is then 1.

            EXAMPLES:
              sonde expect 'service=orders' --has 'name="reserve"' --max-duration 200ms --no-errors
              sonde expect http.route=/checkout --since 1m --has 'service=payments kind=server' --timeout 30s
              sonde expect service=gateway --has-not 'db.system.name=postgresql' --min-spans 5
              sonde expect --trace 5b8efff798038103 --no-errors

            \(ExitStatus.help)
            """
    )

    @Argument(
        help: ArgumentHelp("The conditions, as `sonde traces` takes them.", valueName: "query"),
        completion: CompletionValues.condition)
    var terms: [String] = []
    @Option(
        help: ArgumentHelp("Judge this trace: its id, or at least the first 4 digits.", valueName: "id"),
        completion: CompletionValues.trace)
    var trace: String?
    @Option(
        help: ArgumentHelp("Something in the trace meets this query. May be repeated.", valueName: "query"),
        completion: CompletionValues.condition)
    var has: [String] = []
    @Option(
        help: ArgumentHelp("Nothing in the trace meets this query. May be repeated.", valueName: "query"),
        completion: CompletionValues.condition)
    var hasNot: [String] = []
    @Option(help: ArgumentHelp("The trace took at most this long.", valueName: "duration")) var maxDuration: String?
    @Option(help: ArgumentHelp("The trace took at least this long.", valueName: "duration")) var minDuration: String?
    @Option(help: ArgumentHelp("The trace has at least this many spans.", valueName: "count")) var minSpans: Int?
    @Option(help: ArgumentHelp("The trace has at most this many spans.", valueName: "count")) var maxSpans: Int?
    @Flag(help: "No span of the trace failed.") var noErrors = false
    @Flag(help: "Judge a trace although parts of it have not arrived.") var incomplete = false
    @Option(
        name: [.long, .customLong("within")],
        help: ArgumentHelp(
            "Wait this long for the trace to arrive and be as expected; 0 for not at all. (default: 10s)",
            valueName: "duration"))
    var timeout: String?
    @OptionGroup(title: "When") var time: TimeOptions
    @OptionGroup(title: "Where") var source: SourceOptions
    @Option(name: .shortAndLong, help: "Encoding of the answer.") var output = DocumentFormat.text
    @OptionGroup(title: "How") var drawing: DrawingOptions

    func validate() throws {
        guard terms.isEmpty != (trace == nil) else {
            throw ValidationError("say which trace: give conditions, like service=orders, or --trace ID")
        }
        if let trace, TraceIDPrefix(trace) == nil {
            throw ValidationError("--trace \(trace) is not a trace id; give 4 to 32 hex digits")
        }
    }

    func run() async throws {
        let expectations = try expectations()
        let query = try query(now: .now)
        let patience = try patience()
        let source = try await source.open()
        var trial = Trial(expectations: expectations)
        let deadline = ContinuousClock.now + patience
        repeat {
            trial.judge(try await find(query, source))
            if trial.isMet { break }
        } while await Pause.between(polls: Limits.pollInterval, until: deadline)
        try answer(trial)
    }

    private func expectations() throws(CommandFailure) -> Expectations {
        var expectations = Expectations()
        for text in has { expectations.has.append(try SpanPattern(text, of: "--has")) }
        for text in hasNot { expectations.hasNot.append(try SpanPattern(text, of: "--has-not")) }
        expectations.maxDuration = try Reading.optionalDuration(maxDuration, "--max-duration")
        expectations.minDuration = try Reading.optionalDuration(minDuration, "--min-duration")
        if minSpans != nil || maxSpans != nil {
            let least = minSpans ?? 0
            let most = maxSpans ?? .max
            guard least <= most else {
                throw CommandFailure(.usage, "nothing can be as expected: --min-spans is larger than --max-spans")
            }
            expectations.spans = least...most
        }
        expectations.allowsErrors = !noErrors
        expectations.allowsIncomplete = incomplete
        return expectations
    }

    private func query(now: Timestamp) throws(CommandFailure) -> TraceQuery? {
        guard trace == nil else { return nil }
        var query = try SpanPattern(terms.joined(separator: " "), of: "").query
        (query.start, query.end) = try time.bounds(now: now)
        query.limit = 1
        return query
    }

    private func patience() throws(CommandFailure) -> Duration {
        guard let timeout else { return Limits.expectTime }
        guard timeout != "0" else { return .zero }
        return .nanoseconds(Int64(clamping: try Reading.duration(timeout, "--timeout")))
    }

    /// The trace to judge, as far as it has arrived; nil if nothing of it has.
    private func find(_ query: TraceQuery?, _ source: any Source) async throws(CommandFailure) -> Trace? {
        if let query {
            let page = try await asking { () async throws(ReadError) in try await source.search(query) }
            guard let id = page.traces.first?.traceID else { return nil }
            return try await asking { () async throws(ReadError) in try await source.trace(id) }
        }
        do throws(CommandFailure) { return try await TraceFinder(reader: source).find(trace ?? "") } catch {
            if error.status == .nothingFound { return nil }
            throw error
        }
    }

    private func answer(_ trial: Trial) throws(CommandFailure) {
        let printer = Printer(drawing)
        guard let found = trial.trace else {
            if output == .json { printer.json(Self.json(trial)) }
            throw CommandFailure(
                .nothingFound, "no such trace has arrived",
                advice: "Loosen the conditions, or wait longer with --timeout; `sonde traces` lists what there is.")
        }
        if output == .json { printer.json(Self.json(trial)) }
        guard !trial.isMet else {
            if output == .text { printer.note(.init("as expected: sonde trace \(found.id.hex)", .good)) }
            return
        }
        if output == .text { printer.draw(TraceDrawing(found, on: printer.canvas).lines()) }
        throw CommandFailure(
            .nothingFound, "trace \(found.id.hex) is not as expected",
            advice: trial.unmet.map { "  ✗ " + $0 }.joined(separator: "\n"))
    }

    /// `{met, unmet:[sentence…], trace:{…}, roots:[…]}`: the verdict in front of the tree as the API gives it; without a
    /// trace, `trace` is null.
    private static func json(_ trial: Trial) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("met")
        writer.bool(trial.isMet)
        writer.key("unmet")
        writer.beginArray()
        for sentence in trial.unmet { writer.string(sentence) }
        writer.endArray()
        guard let trace = trial.trace else {
            writer.key("trace")
            writer.null()
            writer.endObject()
            return writer.bytes
        }
        let tree = NativeJSON.tree(trace, annotations: TraceAnalysis.annotations(of: trace), flat: false)
        return writer.bytes + [UInt8(ascii: ",")] + tree.dropFirst()
    }
}

/// How a trace stands up to what is expected of it.
private struct Trial {
    let expectations: Expectations
    private(set) var trace: Trace?
    private(set) var unmet: [String] = []
    var isMet: Bool { trace != nil && unmet.isEmpty }

    init(expectations: Expectations) { self.expectations = expectations }

    mutating func judge(_ trace: Trace?) {
        self.trace = trace
        unmet = trace.map(expectations.unmet(by:)) ?? ["no such trace has arrived"]
    }
}
