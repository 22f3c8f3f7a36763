// SPDX-License-Identifier: Apache-2.0
// How services call one another, over many traces: the same call for every row, calls in a row that could run together,
// calls repeated because they fail.

import SondeModel

/// N+1.
struct RepetitionDetector: Sendable {
    private var collector = RepetitionCollector()

    mutating func add(_ repeats: [RepeatReport], _ columns: TraceColumns) {
        collector.add(repeats.filter(\.isNPlusOne), columns)
    }

    func findings() -> [Finding] { collector.sorted().map(finding) }

    private func finding(_ report: RepetitionReport) -> Finding {
        let isLarge =
            report.maxCount >= DoctorLimits.warnRepeats || report.traceShare >= DoctorLimits.warnRepeatShare
        let what = report.statement.isEmpty ? report.operation : Wording.cut(report.statement)
        let caller = Place(service: report.callerService, operation: report.callerOperation)
        let mean = Wording.duration(report.totalNanos / UInt64(max(1, report.traceCount)))
        return Finding(
            kind: .nPlusOne, severity: isLarge ? .warning : .info,
            title: "N+1: \(caller.text) runs `\(what)` one after another, up to \(report.maxCount) times, "
                + "\(mean) a request, in \(Wording.count(report.traceCount, "trace"))",
            service: report.service, operation: report.operation,
            evidence: [
                .init("statement", .text(report.statement)), .init("maxCount", .count(report.maxCount)),
                .init("count", .count(report.count)), .init("traces", .count(report.traceCount)),
                .init("totalNanos", .nanoseconds(report.totalNanos)), .init("shareOfTrace", .share(report.traceShare)),
                .init("caller", .text(caller.text)),
            ],
            sampleTrace: report.sampleTrace, command: Wording.command(trace: report.sampleTrace, "--fold"))
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
