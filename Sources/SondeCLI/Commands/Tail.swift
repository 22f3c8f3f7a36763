// SPDX-License-Identifier: Apache-2.0
// `sonde tail`: traces as they arrive.

import ArgumentParser
import FoundationEssentials
import SondeModel
import SondeStorage
import SondeTerminal
import SondeViewer
import SondeWire

struct Tail: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Follow new traces, or spans, that meet a query.",
        discussion: """
            A trace is shown once, when it is complete; an incomplete one two seconds after its first span. --spans \
            shows every span that meets the conditions when it arrives, also those that an old trace gains. On a \
            terminal each is a line for people, in a pipe a line of JSON. It goes on until Ctrl-C, --count, --timeout, \
            or a trace that meets --until, which ends it with status 0; a --timeout that passes first ends it with 1.

            EXAMPLES:
              sonde tail
              sonde tail service=payments error
              sonde tail --spans service=orders 'duration>100ms' | jq -r .operation
              sonde tail --until 'service=orders name="order shipped"' --timeout 1m && echo shipped

            \(ExitStatus.help)
            """
    )

    @OptionGroup(title: "Conditions") var conditions: TraceConditions
    @Flag(help: "Follow spans rather than traces.") var spans = false
    @Option(
        help: ArgumentHelp("End when a new trace meets this query.", valueName: "query"),
        completion: CompletionValues.condition)
    var until: String?
    @Option(help: ArgumentHelp("End after this time: 30s, 5m.", valueName: "duration")) var timeout: String?
    @Option(help: ArgumentHelp("End after so many traces, or spans.", valueName: "count")) var count: Int?
    @Option(help: ArgumentHelp("Begin with what began within this time.", valueName: "duration")) var since: String?
    @OptionGroup(title: "Where") var source: SourceOptions
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Encoding of the answer. (default: text on a terminal, else ndjson)", valueName: "output"))
    var output: LineFormat?
    @OptionGroup(title: "How") var drawing: DrawingOptions

    func run() async throws {
        let begin = Timestamp.now
        let query = try conditions.query()
        let last = try until.map { try SpanPattern($0, of: "--until").query }
        let patience = try Reading.optionalDuration(timeout, "--timeout")
        let lookBack = try Reading.optionalDuration(since, "--since")
        let most = try Reading.limit(count, standard: .max)
        let source = try await source.open()
        let floor = Timestamp(
            nanoseconds: begin.nanoseconds - min(begin.nanoseconds, lookBack ?? Limits.tailSlackNanoseconds))
        let printer = Printer(drawing)
        var run = TailRun(
            follower: TailFollower(query, from: floor, source), end: last.map { TailFollower($0, from: floor, source) },
            lines: TailLines(printer: printer, format: output ?? (printer.isTerminal ? .text : .ndjson), spans: spans),
            most: most)
        // What is there already is no news, unless it was asked for.
        try await run.begin(skipping: lookBack == nil)
        let deadline = ContinuousClock.now + (patience.map { .nanoseconds(Int64(clamping: $0)) } ?? Limits.ages)
        repeat {
            try await run.look()
            if run.isOver { return }
        } while await Pause.between(polls: Limits.pollInterval, until: deadline)
        run.flush()
        if last != nil {
            throw CommandFailure(.nothingFound, "no new trace met --until within \(timeout ?? "the time")")
        }
        if run.lines.shown == 0 {
            throw CommandFailure(.nothingFound, "nothing new arrived within \(timeout ?? "the time")")
        }
    }
}

/// One run of a tail, from its first look to its end.
private struct TailRun {
    var follower: TailFollower
    var end: TailFollower?
    var lines: TailLines
    let most: Int
    private var hasEnded = false
    private var isUnreachable = false

    init(follower: TailFollower, end: TailFollower?, lines: TailLines, most: Int) {
        self.follower = follower
        self.end = end
        self.lines = lines
        self.most = most
    }

    var isOver: Bool { hasEnded || lines.shown >= most || StandardStreams.outputFate != .whole }

    /// - Parameter skipping: whether to leave out what is there already.
    mutating func begin(skipping: Bool) async throws(CommandFailure) {
        _ = try await end?.look(now: .now)
        guard skipping else { return }
        for (summary, _) in try await follower.look(now: .now).news where lines.spans {
            _ = try await follower.newSpans(of: summary.traceID)
        }
    }

    /// One look. A collector that is gone for a moment is waited for; it says so once.
    mutating func look() async throws(CommandFailure) {
        do throws(CommandFailure) {
            try await follow()
            if isUnreachable { StandardStreams.writeError("sonde: back again\n") }
            isUnreachable = false
        } catch {
            guard error.status == .unreachable else { throw error }
            if !isUnreachable { StandardStreams.writeError("sonde: \(error.message); trying again\n") }
            isUnreachable = true
        }
    }

    private mutating func follow() async throws(CommandFailure) {
        let end = try await end?.look(now: .now).news ?? []
        let (news, isCut) = try await follower.look(now: .now)
        let now = ContinuousClock.now
        for (summary, isNew) in news.reversed() {
            if lines.spans {
                guard let found = try await follower.newSpans(of: summary.traceID) else { continue }
                lines.show(found.spans.prefix(max(0, most - lines.shown)), of: found.trace)
            } else if isNew {
                follower.wait(for: summary, now: now)
            } else {
                follower.update(summary)
            }
        }
        if isCut { StandardStreams.writeError("sonde: more traces arrive than can be shown; some were left out\n") }
        hasEnded = !end.isEmpty
        show(follower.ready(now: now, all: hasEnded))
    }

    mutating func flush() { show(follower.ready(now: .now, all: true)) }

    private mutating func show(_ summaries: [TraceSummary]) {
        for summary in summaries where lines.shown < most { lines.show(summary) }
    }
}
