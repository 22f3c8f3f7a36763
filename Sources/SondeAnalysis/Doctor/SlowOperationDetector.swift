// SPDX-License-Identifier: Apache-2.0
// An operation that takes most of what its callers wait for.

import SondeModel

struct SlowOperationDetector: Sendable {
    private struct Pair: Hashable, Sendable {
        var request: Place
        var culprit: Place
    }

    private struct Tally: Sendable {
        var nanos: [UInt64] = []
        var shares = 0.0
        var slowest: UInt64 = 0
        var sample = TraceID.zero
    }

    private var tallies: [Pair: Tally] = [:]
    /// Culprits' time in requests where they took less, to say what is usual.
    private var usual: [Pair: [UInt64]] = [:]

    mutating func add(_ report: TraceReport, _ columns: TraceColumns, request: Place) {
        guard let root = columns.mainRoot, isWaitedFor(root, columns) else { return }
        for (offset, row) in report.operations.enumerated() {
            let pair = Pair(
                request: request, culprit: Place(service: row.service, operation: Shape.name(row.operation)))
            let isSlow =
                offset == 0 && row.criticalNanos >= DoctorLimits.minSlowNanos
                && row.criticalShare >= DoctorLimits.minSlowShare
            guard isSlow else {
                note(row.criticalNanos, of: pair)
                continue
            }
            guard tallies[pair] != nil || tallies.count < DoctorLimits.maxPlaces else { continue }
            var tally = tallies[pair] ?? Tally()
            tally.nanos.append(row.criticalNanos)
            tally.shares += row.criticalShare
            if row.criticalNanos > tally.slowest {
                tally.slowest = row.criticalNanos
                tally.sample = columns.trace.id
            }
            tallies[pair] = tally
        }
    }

    /// Nobody waits for a job that runs by itself, nor for what takes messages from a queue.
    private func isWaitedFor(_ root: Int, _ columns: TraceColumns) -> Bool {
        let kind = columns.trace.spans[root].kind
        if kind == .consumer || kind == .producer { return false }
        return kind == .server || kind == .client || columns.operations.count > 1
    }

    private mutating func note(_ nanos: UInt64, of pair: Pair) {
        guard usual[pair] != nil || usual.count < DoctorLimits.maxPlaces else { return }
        usual[pair, default: []].append(nanos)
    }

    func findings(_ requests: RequestLog) -> [Finding] {
        tallies.sorted { ($0.key.request, $0.key.culprit) < ($1.key.request, $1.key.culprit) }.compactMap {
            pair, tally in
            let total = requests.count(of: pair.request)
            let least = min(total, DoctorLimits.minSlowRequests)
            guard tally.nanos.count >= least, Double(tally.nanos.count) >= DoctorLimits.minSlowRate * Double(total)
            else {
                return nil
            }
            return finding(pair, tally, of: total)
        }
    }

    private func finding(_ pair: Pair, _ tally: Tally, of total: Int) -> Finding {
        let median = Quantile.nearestRank(0.5, ofSorted: tally.nanos.sorted())
        let share = tally.shares / Double(tally.nanos.count)
        let other = Quantile.nearestRank(0.5, ofSorted: (usual[pair] ?? []).sorted())
        var title =
            "\(pair.culprit.text) takes \(Wording.duration(median)) by itself, \(Wording.percent(share)) of the wait, in "
            + "\(tally.nanos.count) of \(Wording.count(total, "request")) \(pair.request.text)"
        if tally.nanos.count < total { title += "; otherwise \(Wording.duration(other))" }
        return Finding(
            kind: .slowOperation, severity: median >= DoctorLimits.criticalSlowNanos ? .critical : .warning,
            title: title, service: pair.culprit.service, operation: pair.culprit.operation,
            evidence: [
                .init("medianNanos", .nanoseconds(median)), .init("maxNanos", .nanoseconds(tally.slowest)),
                .init("criticalShare", .share(share)), .init("slowRequests", .count(tally.nanos.count)),
                .init("requests", .count(total)), .init("request", .text(pair.request.text)),
                .init("otherwiseNanos", .nanoseconds(other)),
            ],
            sampleTrace: tally.sample, command: Wording.command(trace: tally.sample, "--critical"))
    }
}
