// SPDX-License-Identifier: Apache-2.0
// What the children of one span tell of the code that called them: the same call again and again, calls one after
// another that could run together, calls repeated because they had failed.

import SondeModel

/// Goes through every parent of a trace once. Roots are siblings too.
struct SiblingSearch {
    let columns: TraceColumns
    private(set) var repeats: [RepeatReport] = []
    private(set) var serialRuns: [SerialRunReport] = []
    private(set) var retries: [RetryReport] = []
    /// Shapes of names by operation, worked out when first asked for.
    private var nameShapes: [Int: String] = [:]
    private var statementShapes: [String: String] = [:]
    /// Whether a span or one below it leaves the process.
    private let reachesOut: [Bool]

    init(_ columns: TraceColumns) {
        self.columns = columns
        reachesOut = Self.findReach(columns)
    }

    mutating func run() {
        look(at: columns.roots, below: nil)
        for span in 0..<columns.count {
            let children = columns.children(of: span)
            if children.count > 1 { look(at: Array(children), below: span) }
        }
        repeats.sort {
            ($0.isNPlusOne ? 1 : 0, $0.totalNanos, $1.firstSpan) > ($1.isNPlusOne ? 1 : 0, $1.totalNanos, $0.firstSpan)
        }
        serialRuns.sort { ($0.savedNanos, $1.parent) > ($1.savedNanos, $0.parent) }
        retries.sort { ($0.attempts, $0.elapsedNanos, $1.firstSpan) > ($1.attempts, $1.elapsedNanos, $0.firstSpan) }
        repeats = Array(repeats.prefix(Limits.maxReports))
        serialRuns = Array(serialRuns.prefix(Limits.maxReports))
        retries = Array(retries.prefix(Limits.maxReports))
    }

    private mutating func look(at siblings: [Int], below parent: Int?) {
        guard siblings.count > 1 else { return }
        let groups = groupsByShape(siblings)
        for group in groups where group.spans.count >= Limits.minRepeats {
            let found = RetrySearch(columns, parent: parent, shape: group.shape).retries(in: group.spans)
            retries += found
            // What was tried again because it had failed is no repetition of the program's.
            let retried = found.reduce(0) { $0 + $1.attempts }
            if group.spans.count - retried >= Limits.minRepeats || found.isEmpty {
                repeats.append(repetition(of: group, below: parent))
            }
        }
        if let parent, groups.count > 1, let run = serialRun(groups, below: parent) { serialRuns.append(run) }
    }

    // MARK: Groups

    struct SiblingShape: Hashable {
        var service: String
        var kind: SpanKind
        var operation: String
        var statement: String
    }

    struct Group {
        var shape: SiblingShape
        /// By start.
        var spans: [Int]
    }

    private mutating func groupsByShape(_ siblings: [Int]) -> [Group] {
        var places: [SiblingShape: Int] = [:]
        var groups: [Group] = []
        for span in siblings {
            let operation = columns.operations[columns.operationOf[span]]
            let shape = SiblingShape(
                service: operation.service, kind: operation.kind, operation: nameShape(columns.operationOf[span]),
                statement: callShape(span))
            if let place = places[shape] {
                groups[place].spans.append(span)
            } else {
                places[shape] = groups.count
                groups.append(Group(shape: shape, spans: [span]))
            }
        }
        return groups
    }

    /// Prepared statements come again and again, so that most shapes are known.
    private mutating func callShape(_ span: Int) -> String {
        guard let statement = columns.trace.spans[span].statementText else {
            return columns.trace.spans[span].callShape
        }
        if let known = statementShapes[statement] { return known }
        let shape = Shape.statement(statement)
        if statementShapes.count < Limits.maxRememberedStatements { statementShapes[statement] = shape }
        return shape
    }

    private mutating func nameShape(_ operation: Int) -> String {
        if let known = nameShapes[operation] { return known }
        let shape = Shape.name(columns.operations[operation].name)
        nameShapes[operation] = shape
        return shape
    }

    private static func findReach(_ columns: TraceColumns) -> [Bool] {
        var reach = (0..<columns.count).map { span in
            columns.trace.spans[span].kind == .client || columns.trace.spans[span].statementText != nil
        }
        for span in (0..<columns.count).reversed() where reach[span] {
            if let parent = columns.trace.parents[span] { reach[parent] = true }
        }
        return reach
    }

    // MARK: Repetitions

    private func repetition(of group: Group, below parent: Int?) -> RepeatReport {
        var report = RepeatReport()
        report.parent = parent
        report.service = group.shape.service
        report.kind = group.shape.kind
        report.operation = group.shape.operation
        report.statement = group.shape.statement
        report.count = group.spans.count
        report.errorCount = group.spans.count { columns.trace.spans[$0].isError }
        report.totalNanos = group.spans.reduce(0) { $0.addingClamped(columns.duration($1)) }
        report.elapsedNanos = elapsed(group.spans)
        report.firstSpan = group.spans[0]
        report.isSerial = isSerial(group.spans)
        report.isNPlusOne = report.isSerial && parent != nil && isNPlusOne(group)
        return report
    }

    private func isNPlusOne(_ group: Group) -> Bool {
        // Messages taken from a queue come one by one; that is what a queue is for.
        guard group.shape.kind != .consumer else { return false }
        let asksOthers = group.spans.allSatisfy { reachesOut[$0] }
        return group.spans.count >= (asksOthers ? Limits.minNPlusOne : Limits.minNPlusOneLocal)
    }

    private func isSerial(_ spans: [Int]) -> Bool {
        let apart = zip(spans, spans.dropFirst()).count { columns.starts[$1] >= columns.ends[$0] }
        return Double(apart) >= Limits.serialShare * Double(spans.count - 1)
    }

    private func elapsed(_ spans: [Int]) -> UInt64 {
        let end = spans.lazy.map { columns.ends[$0] }.max() ?? 0
        return end - min(columns.starts[spans[0]], end)
    }

    // MARK: Serial runs

    /// The longest stretch of siblings in which each begins when the one before it has ended; nil if nothing worth
    /// telling would be saved.
    private func serialRun(_ groups: [Group], below parent: Int) -> SerialRunReport? {
        var best: SerialRunReport?
        var run = SerialRunReport()
        var shapeOf: [Int: Int] = [:]
        for (place, group) in groups.enumerated() { for span in group.spans { shapeOf[span] = place } }
        let siblings = columns.children(of: parent)
        var runEnd: UInt64 = 0
        var runStart: UInt64 = 0
        var lastShape = -1
        for (offset, span) in siblings.enumerated() {
            // What is only sent off is not waited for, and what the next overlaps ran together already.
            if columns.isSentOff(span, by: parent) { continue }
            let next = siblings.dropFirst(offset + 1).first
            let overlaps =
                columns.starts[span] < runEnd || next.map { columns.starts[$0] < columns.ends[span] } ?? false
            if overlaps {
                best = better(best, finished(run, parent: parent, from: runStart, to: runEnd))
                run = SerialRunReport()
                lastShape = -1
                runEnd = max(runEnd, columns.ends[span])
                continue
            }
            if run.steps.isEmpty { runStart = columns.starts[span] }
            add(span, isSameAsLast: shapeOf[span] == lastShape, to: &run)
            lastShape = shapeOf[span] ?? -1
            runEnd = columns.ends[span]
        }
        return better(best, finished(run, parent: parent, from: runStart, to: runEnd))
    }

    private func add(_ span: Int, isSameAsLast: Bool, to run: inout SerialRunReport) {
        run.hasWrites = run.hasWrites || columns.trace.spans[span].isWrite
        if isSameAsLast, let last = run.steps.indices.last {
            run.steps[last].count += 1
            run.steps[last].durationNanos += columns.duration(span)
            return
        }
        let operation = columns.operations[columns.operationOf[span]]
        run.steps.append(
            SerialRunReport.Step(
                service: operation.service, operation: operation.name, count: 1,
                durationNanos: columns.duration(span), firstSpan: span))
    }

    private func finished(_ run: SerialRunReport, parent: Int, from start: UInt64, to end: UInt64) -> SerialRunReport? {
        guard run.steps.count > 1 else { return nil }
        var run = run
        run.parent = parent
        run.elapsedNanos = end - start
        let sum = run.steps.reduce(0) { $0 + $1.durationNanos }
        run.savedNanos = sum - (run.steps.lazy.map(\.durationNanos).max() ?? 0)
        let whole = columns.mainRoot.map(columns.duration) ?? 0
        guard run.savedNanos >= Limits.minSerialSavingNanos,
            Double(run.savedNanos) >= Limits.minSerialSaving * Double(whole)
        else { return nil }
        return run
    }

    private func better(_ a: SerialRunReport?, _ b: SerialRunReport?) -> SerialRunReport? {
        guard let a else { return b }
        guard let b else { return a }
        return b.savedNanos > a.savedNanos ? b : a
    }
}
