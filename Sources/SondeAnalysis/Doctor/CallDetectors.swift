// SPDX-License-Identifier: Apache-2.0
// How services call one another, over many traces: the same call for every row, calls in a row that could run together,
// calls repeated because they fail.

import SondeModel

/// N+1.
struct RepetitionDetector: Sendable {
    private var tallies: [RepetitionTally.Key: RepetitionTally] = [:]

    mutating func add(_ repeats: [RepeatReport], _ columns: TraceColumns) {
        let whole = max(1, columns.mainRoot.map(columns.duration) ?? 1)
        for report in repeats where report.isNPlusOne {
            let key = RepetitionTally.Key(report, columns)
            guard tallies[key] != nil || tallies.count < DoctorLimits.maxPlaces else { continue }
            tallies[key, default: RepetitionTally()].add(report, of: columns.trace.id, traceNanos: whole)
        }
    }

    func findings() -> [Finding] {
        tallies.sorted { ($1.value.totalNanos, $0.key) < ($0.value.totalNanos, $1.key) }.map { finding($0, $1) }
    }

    private func finding(_ key: RepetitionTally.Key, _ tally: RepetitionTally) -> Finding {
        let share = tally.shares / Double(tally.traces)
        let isLarge = tally.maxCount >= DoctorLimits.warnRepeats || share >= DoctorLimits.warnRepeatShare
        let what = key.statement.isEmpty ? key.operation : Wording.cut(key.statement)
        let perTrace = tally.count / tally.traces
        return Finding(
            kind: .nPlusOne, severity: isLarge ? .warning : .info,
            title: "N+1: \(key.parent.text) runs `\(what)` one after another, up to \(tally.maxCount) times a request "
                + "(\(perTrace) on average, \(Wording.duration(tally.totalNanos / UInt64(tally.traces)))), in "
                + Wording.count(tally.traces, "trace"),
            service: key.service, operation: key.operation,
            evidence: [
                .init("statement", .text(key.statement)), .init("maxCount", .count(tally.maxCount)),
                .init("count", .count(tally.count)), .init("traces", .count(tally.traces)),
                .init("totalNanos", .nanoseconds(tally.totalNanos)), .init("shareOfTrace", .share(share)),
                .init("caller", .text(key.parent.text)),
            ],
            sampleTrace: tally.sample, command: Wording.command(trace: tally.sample, "--fold"))
    }
}

/// One repeated shape below one operation, over many traces.
struct RepetitionTally: Sendable {
    struct Key: Hashable, Comparable, Sendable {
        var parent: Place
        var service: String
        var operation: String
        var statement: String

        init(_ report: RepeatReport, _ columns: TraceColumns) {
            parent = report.parent.map { Place($0, columns) } ?? Place(service: "", operation: "")
            service = report.service
            operation = report.operation
            statement = report.statement
        }

        static func < (a: Key, b: Key) -> Bool {
            (a.parent, a.service, a.operation, a.statement) < (b.parent, b.service, b.operation, b.statement)
        }
    }

    private(set) var traces = 0
    private(set) var count = 0
    private(set) var maxCount = 0
    private(set) var totalNanos: UInt64 = 0
    /// Of each trace's duration, added up.
    private(set) var shares = 0.0
    private(set) var sample = TraceID.zero
    private var lastTrace: TraceID?

    mutating func add(_ report: RepeatReport, of trace: TraceID, traceNanos: UInt64) {
        if lastTrace != trace { traces += 1 }
        lastTrace = trace
        count += report.count
        totalNanos = totalNanos.addingClamped(report.totalNanos)
        shares += Double(report.totalNanos) / Double(max(1, traceNanos))
        if report.count > maxCount {
            maxCount = report.count
            sample = trace
        }
    }
}

/// Calls that could run together.
struct SerialCallDetector: Sendable {
    private struct Key: Hashable, Sendable {
        var request: Place
        var parent: Place
        var steps: [Place]
    }

    private struct Tally: Sendable {
        var saved: [UInt64] = []
        var largest: UInt64 = 0
        var sample = TraceID.zero
    }

    private var tallies: [Key: Tally] = [:]

    mutating func add(_ runs: [SerialRunReport], _ columns: TraceColumns, request: Place) {
        let whole = Double(columns.mainRoot.map(columns.duration) ?? 0)
        for run in runs where !run.hasWrites && run.savedNanos >= DoctorLimits.minSavingNanos {
            guard Double(run.savedNanos) >= DoctorLimits.minSavingShare * whole else { continue }
            let steps = run.steps.prefix(Self.maxSteps).map {
                Place(service: $0.service, operation: Shape.name($0.operation))
            }
            let key = Key(request: request, parent: Place(run.parent, columns), steps: steps)
            guard tallies[key] != nil || tallies.count < DoctorLimits.maxPlaces else { continue }
            var tally = tallies[key] ?? Tally()
            tally.saved.append(run.savedNanos)
            if run.savedNanos > tally.largest {
                tally.largest = run.savedNanos
                tally.sample = columns.trace.id
            }
            tallies[key] = tally
        }
    }

    /// Steps that a title names; more are not read.
    private static let maxSteps = 5

    func findings(_ requests: RequestLog) -> [Finding] {
        tallies.filter { key, tally in
            tally.saved.count >= min(DoctorLimits.minSerialRequests, requests.count(of: key.request))
        }.sorted { ($1.value.largest, $0.key.parent) < ($0.value.largest, $1.key.parent) }.map(finding)
    }

    private func finding(_ key: Key, _ tally: Tally) -> Finding {
        let saved = Quantile.nearestRank(0.5, ofSorted: tally.saved.sorted())
        let steps = key.steps.map(\.operation).joined(separator: ", ")
        return Finding(
            kind: .serialCalls, severity: .info,
            title: "\(key.parent.text) runs \(steps) one after another; together they would save "
                + "\(Wording.duration(saved)) a request, if none needs the result of another",
            service: key.parent.service, operation: key.parent.operation,
            evidence: [
                .init("savedNanos", .nanoseconds(saved)), .init("steps", .text(steps)),
                .init("traces", .count(tally.saved.count)),
            ],
            sampleTrace: tally.sample, command: Wording.command(trace: tally.sample, "--critical"))
    }
}

/// Retry storms.
struct RetryDetector: Sendable {
    private struct Key: Hashable, Sendable {
        var parent: Place
        var call: Place
    }

    private struct Tally: Sendable {
        var traces = 0
        var attempts = 0
        var maxAttempts = 0
        var gaveUp = 0
        var withoutPause = 0
        var elapsedNanos: UInt64 = 0
        var sample = TraceID.zero
    }

    private var tallies: [Key: Tally] = [:]

    mutating func add(_ retries: [RetryReport], _ columns: TraceColumns) {
        for report in retries where report.attempts >= Limits.minStormAttempts {
            let key = Key(
                parent: report.parent.map { Place($0, columns) } ?? Place(service: report.service, operation: ""),
                call: Place(service: report.service, operation: report.operation))
            guard tallies[key] != nil || tallies.count < DoctorLimits.maxPlaces else { continue }
            var tally = tallies[key] ?? Tally()
            tally.traces += 1
            tally.attempts += report.attempts
            if !report.succeeded { tally.gaveUp += 1 }
            if report.backoff == .none { tally.withoutPause += 1 }
            tally.elapsedNanos = tally.elapsedNanos.addingClamped(report.elapsedNanos)
            if report.attempts > tally.maxAttempts {
                tally.maxAttempts = report.attempts
                tally.sample = columns.trace.id
            }
            tallies[key] = tally
        }
    }

    func findings() -> [Finding] {
        tallies.sorted { ($1.value.attempts, $0.key.call) < ($0.value.attempts, $1.key.call) }.map(finding)
    }

    private func finding(_ key: Key, _ tally: Tally) -> Finding {
        let pause = tally.withoutPause * 2 > tally.traces ? "without a pause" : "with a pause"
        let outcome = tally.gaveUp > 0 ? "; \(tally.gaveUp) of \(tally.traces) gave up in the end" : ""
        return Finding(
            kind: .retryStorm, severity: tally.gaveUp > 0 ? .critical : .warning,
            title: "\(key.parent.text) retries \(key.call.operation) up to \(tally.maxAttempts) times \(pause) in "
                + "\(Wording.count(tally.traces, "place"))\(outcome)",
            service: key.call.service, operation: key.call.operation,
            evidence: [
                .init("maxAttempts", .count(tally.maxAttempts)), .init("attempts", .count(tally.attempts)),
                .init("storms", .count(tally.traces)), .init("gaveUp", .count(tally.gaveUp)),
                .init("withoutPause", .count(tally.withoutPause)),
                .init("elapsedNanos", .nanoseconds(tally.elapsedNanos)),
            ],
            sampleTrace: tally.sample, command: Wording.command(trace: tally.sample, "--fold"))
    }
}
