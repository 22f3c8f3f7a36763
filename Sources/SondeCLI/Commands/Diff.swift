// SPDX-License-Identifier: Apache-2.0
// `sonde diff`: what tells two traces, or two groups of traces, apart.

import ArgumentParser
import SondeAnalysis
import SondeModel
import SondePipeline
import SondeStorage
import SondeViewer
import SondeWire

struct Diff: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare two traces, or two groups of traces.",
        discussion: """
            Places of the tree are compared by services and operations that lead to them: how many spans, how much \
            time, how many errors a trace. Of groups, the attribute values that one side has and the other has not are \
            listed, the most telling first. The second side is the one that is looked at.

            EXAMPLES:
              sonde diff 5b8e 77af
              sonde diff --slow service=gateway name='POST /checkout'
              sonde diff --since 2h --before now-30m service=orders
              sonde diff --versions 1.4.0,1.5.0 service=orders
              sonde diff --a region=eu --b region=us

            \(ExitStatus.help)
            """
    )

    @Argument(
        help: ArgumentHelp("Two trace ids; or conditions that the traces of both groups meet.", valueName: "a b|query"),
        completion: CompletionValues.trace)
    var words: [String] = []
    @Flag(help: "The slowest twentieth against the rest.") var slow = false
    @Option(help: ArgumentHelp("What began since this moment against what began before.", valueName: "time"))
    var before: String?
    @Option(help: ArgumentHelp("One service.version against another: --versions 1.4.0,1.5.0", valueName: "old,new"))
    var versions: String?
    @Option(help: ArgumentHelp("Further conditions of the first group.", valueName: "query")) var a: String?
    @Option(help: ArgumentHelp("Further conditions of the second group.", valueName: "query")) var b: String?
    @Flag(help: "Show the places that are the same, too.") var all = false
    @OptionGroup(title: "When (of groups; default: --since 1h)") var time: TimeOptions
    @OptionGroup(title: "Where") var source: SourceOptions
    @Option(name: .shortAndLong, help: "Encoding of the answer.") var output = DocumentFormat.text
    @OptionGroup(title: "How") var drawing: DrawingOptions

    func validate() throws {
        let ways = [slow, before != nil, versions != nil, a != nil || b != nil].count { $0 }
        guard ways <= 1 else {
            throw ValidationError(
                "--slow, --before, --versions and --a with --b each make two groups; give one of them")
        }
        guard (a == nil) == (b == nil) else { throw ValidationError("give both --a and --b, a query for each group") }
        guard ways == 1 || (words.count == 2 && words.allSatisfy { TraceIDPrefix($0) != nil }) else {
            throw ValidationError(
                "say what to compare: two trace ids, or conditions with --slow, --before TIME, --versions OLD,NEW, or "
                    + "--a QUERY --b QUERY")
        }
    }

    func run() async throws {
        let now = Timestamp.now
        let groups = try groups(now: now)
        let source = try await source.open()
        let difference: TraceDifference
        if let (query, division) = groups {
            difference = try await asking { () async throws(ReadError) in
                try await TraceGroups(reader: source).compare(query, by: division)
            }
        } else {
            let finder = TraceFinder(reader: source)
            difference = TraceComparison.difference(
                from: try await finder.find(words[0]), to: try await finder.find(words[1]))
        }
        let printer = Printer(drawing)
        switch output {
        case .json: printer.json(NativeJSON.difference(difference))
        case .text where difference.a.traces == 0 || difference.b.traces == 0: break
        case .text: printer.draw(DifferenceDrawing(difference, showsAll: all, on: printer.canvas).lines())
        }
        for (side, name) in [(difference.a, "first"), (difference.b, "second")] where side.traces == 0 {
            throw CommandFailure(
                .nothingFound, "the \(name) group has no trace",
                advice: "Look back further with --since, or loosen the conditions.")
        }
    }

    /// Nil for two traces.
    private func groups(now: Timestamp) throws(CommandFailure) -> (TraceQuery, TraceGroups.Division)? {
        if let a, let b {
            return (try query(adding: a, "--a", now: now), .queries(try query(adding: b, "--b", now: now)))
        }
        if slow { return (try query(now: now), .slow) }
        if let before {
            guard let moment = MomentText.parse(before, now: now) else {
                throw CommandFailure(
                    .usage, "cannot read --before \(before)", advice: "Give a time like 2026-01-02T03:04:05Z or now-1h."
                )
            }
            return (try query(now: now), .before(moment))
        }
        guard let versions else { return nil }
        let pair = versions.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard pair.count == 2, !pair.contains("") else {
            throw CommandFailure(
                .usage, "cannot read --versions \(versions)", advice: "Give two: --versions 1.4.0,1.5.0")
        }
        return (try query(now: now), .versions(pair[0], pair[1]))
    }

    private func query(
        adding condition: String = "", _ flag: String = "", now: Timestamp
    ) throws(CommandFailure) -> TraceQuery {
        let common = words.joined(separator: " ")
        guard condition.isEmpty || common.isEmpty || ![common, condition].contains(where: TraceExpression.isTraceQL)
        else {
            throw CommandFailure(
                .usage, "a query in TraceQL can't be added to another one",
                advice: "Give the whole query of each group in --a and --b, and no conditions beside them.")
        }
        let text = [common, condition].filter { !$0.isEmpty }.joined(separator: " ")
        var query = try SpanPattern(text, of: flag).query
        (query.start, query.end) = try time.bounds(now: now)
        query.start = query.start ?? TimeOptions.lastHour(before: query.end ?? now)
        return query
    }
}
