// SPDX-License-Identifier: Apache-2.0
// `sonde trace ID`: one trace as a tree on its time axis.

import ArgumentParser
import SondeAnalysis
import SondeModel
import SondeStorage
import SondeTerminal
import SondeViewer
import SondeWire

struct ShowTrace: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Show one trace as a tree.",
        discussion: """
            The first digits of an id are enough when no other trace begins with them. Times are as they were sent; \
            a span that begins before its caller is marked [clock skew], and with --adjusted it is moved and marked \
            [moved]. A waterfall has spans in the order in which they began; a flame graph shows where the time was \
            spent, equal calls as one block.

            EXAMPLES:
              sonde trace 5b8e
              sonde trace 5b8e --critical --fold      what made it take so long, repeats on one row
              sonde trace 5b8e --as waterfall --adjusted
              sonde trace 5b8e --stats                 a row for each operation
              sonde trace 5b8e --output folded | flamegraph.pl > flame.svg
              sonde trace 5b8e --output otlp > trace.json

            \(ExitStatus.help)
            """
    )

    @Argument(help: "The trace id, or at least its first 4 hex digits.", completion: CompletionValues.trace) var id:
        String
    @Option(help: "Drawing of the spans.") var `as` = TraceForm.tree
    @Flag(help: "Mark the critical path, and list how much of it each span has.") var critical = false
    @Flag(help: "Add a table of operations: count, errors, self time, total, quantiles.") var stats = false
    @Flag(help: "Let siblings of one kind share a row, and say what repeats.") var fold = false
    @Flag(help: "Move spans to where their callers' clocks put them.") var adjusted = false
    @Flag(help: "Add the log lines of the trace.") var logs = false
    @OptionGroup(title: "Where") var source: SourceOptions
    @Option(
        name: .shortAndLong,
        help: "Encoding of the answer; otlp is OTLP's own JSON, folded what flame graph programs read.")
    var output = TraceFormat.text
    @OptionGroup(title: "How") var drawing: DrawingOptions

    func validate() throws {
        guard TraceIDPrefix(id) != nil else {
            throw ValidationError("\(id) is not a trace id; give 4 to 32 hex digits, as `sonde traces` lists them")
        }
        guard !logs || output == .text || output == .json || output == .ndjson else {
            throw ValidationError(
                "--logs can't be added to --output \(output.rawValue); `sonde logs --trace \(id)` prints them")
        }
        guard !fold || self.as != .flame else {
            throw ValidationError("--as flame makes one block of equal calls by itself; leave --fold out")
        }
    }

    func run() async throws {
        let source = try await source.open()
        let trace = try await TraceFinder(reader: source).find(id)
        let logs = self.logs ? try await Logs.all(of: trace.id, source) : nil
        let printer = Printer(drawing)
        switch output {
        case .text: draw(trace, logs, printer)
        case .json: printer.json(Self.json(trace, flat: false, logs))
        case .ndjson:
            printer.ndjson(Self.json(trace, flat: true, nil))
            if let logs { printer.ndjson(Logs.json(logs)) }
        case .otlp: printer.json(OTLPJSON.traces(trace.spans))
        case .folded: StandardStreams.write(FoldedStacks.text(of: trace))
        }
    }

    private func draw(_ trace: Trace, _ logs: LogPage?, _ printer: Printer) {
        let report = TraceAnalysis.report(on: trace)
        printer.draw(spans(of: trace, report, on: printer.canvas))
        if critical { printer.draw([.init()] + CriticalPathDrawing(trace, report, on: printer.canvas).lines()) }
        if stats { printer.draw([.init()] + OperationReportsDrawing(report.operations, on: printer.canvas).lines()) }
        if fold { printer.draw([.init()] + RepeatsDrawing(trace, report, on: printer.canvas).lines()) }
        guard let logs else { return }
        if logs.logs.isEmpty {
            printer.draw([.init(), .init("no log lines", .faint)])
        } else {
            printer.draw([.init()] + LogDrawing(logs.logs.reversed(), on: printer.canvas, showsTrace: false).lines())
        }
    }

    private func spans(of trace: Trace, _ report: TraceReport, on canvas: Canvas) -> [StyledText] {
        var view = TraceView(trace)
        // Marks go by the spans themselves, which keep them when their times move.
        if critical { view.markCriticalPath(trace.spans.indices.filter { report.annotations[$0].isOnCriticalPath }) }
        if adjusted { view.adjustTimes(by: report.annotations.map(\.adjustmentNanos)) }
        if fold { view.foldRepeats() }
        switch self.as {
        case .tree: return TraceDrawing(view, on: canvas).lines()
        case .waterfall: return WaterfallDrawing(view, on: canvas).lines()
        case .flame: return FlameDrawing(trace, selfTimes: report.annotations.map(\.selfNanos), on: canvas).lines()
        }
    }

    /// The tree as the API gives it; log lines become one more member.
    private static func json(_ trace: Trace, flat: Bool, _ logs: LogPage?) -> [UInt8] {
        let tree = NativeJSON.tree(trace, annotations: TraceAnalysis.annotations(of: trace), flat: flat)
        guard let logs, let list = JSONLines.firstArray(of: Logs.json(logs)),
            let end = tree.lastIndex(of: UInt8(ascii: "}"))
        else { return tree }
        return Array(tree[..<end]) + Array(#","logs":"#.utf8) + Array(list) + [UInt8(ascii: "}")]
    }
}

/// From what someone typed to a trace.
struct TraceFinder {
    let reader: any TraceReader

    /// A full id, a short one as Zipkin and Jaeger write it, or the beginning of one; looked up in this order.
    func find(_ text: String) async throws(CommandFailure) -> Trace {
        if let id = TraceID(padding: text), let trace = try await trace(id) { return trace }
        guard let prefix = TraceIDPrefix(text), prefix.digits.utf8.count < 32 else { throw notFound(text) }
        guard prefix.digits.utf8.count >= Limits.minPrefixDigits else {
            throw CommandFailure(
                .usage, "\(text) is too short for a trace id",
                advice: "Give at least its first \(Limits.minPrefixDigits) digits.")
        }
        var ids = try await ids(withPrefix: prefix)
        // Ids of 64 bits have zeros in front that their senders, and our lists, don't show.
        let padded = TraceIDPrefix(String(repeating: "0", count: 16) + text)
        if text.utf8.count < 16, let padded {
            ids += try await self.ids(withPrefix: padded).filter { !ids.contains($0) }
        }
        guard ids.count <= 1 else { throw ambiguous(text, ids) }
        guard let id = ids.first, let trace = try await trace(id) else { throw notFound(text) }
        return trace
    }

    private func ids(withPrefix prefix: TraceIDPrefix) async throws(CommandFailure) -> [TraceID] {
        try await asking { () async throws(ReadError) in
            try await reader.traceIDs(withPrefix: prefix, limit: Limits.prefixCandidates + 1)
        }
    }

    private func trace(_ id: TraceID) async throws(CommandFailure) -> Trace? {
        try await asking { () async throws(ReadError) in try await reader.trace(id) }
    }

    private func notFound(_ text: String) -> CommandFailure {
        CommandFailure(
            .nothingFound, "no trace begins with \(text)",
            advice: "It may not have arrived yet, or have been pruned; `sonde traces` lists what there is.")
    }

    private func ambiguous(_ text: String, _ ids: [TraceID]) -> CommandFailure {
        var lines = ids.prefix(Limits.prefixCandidates).map { "  " + $0.hex }
        if ids.count > Limits.prefixCandidates { lines.append("  …") }
        return CommandFailure(
            .usage, "more than one trace begins with \(text)",
            advice: "Give more digits of one of these:\n" + lines.joined(separator: "\n"))
    }
}
