// SPDX-License-Identifier: Apache-2.0
// What is wrong with the telemetry itself: spans that never came, clocks that disagree.

import SondeModel

/// Traces that have had their time and still lack spans.
struct IncompletenessDetector: Sendable {
    private struct Tally: Sendable {
        var traces = 0
        var spans = 0
        var sample = TraceID.zero
    }

    /// By the service whose spans lack their parents.
    private var tallies: [String: Tally] = [:]
    private var occurrences: [String: Int] = [:]

    mutating func add(_ columns: TraceColumns, now: Timestamp) {
        guard columns.trace.end.nanoseconds(until: now) >= DoctorLimits.settlingNanos else { return }
        for service in Set(columns.operations.map(\.service)) {
            guard occurrences[service] != nil || occurrences.count < DoctorLimits.maxPlaces else { continue }
            occurrences[service, default: 0] += 1
        }
        guard !columns.trace.missingParents.isEmpty else { return }
        var orphans: [String: Int] = [:]
        for root in columns.roots where columns.trace.isMissingParent(root) {
            orphans[columns.operations[columns.operationOf[root]].service, default: 0] += 1
        }
        for (service, count) in orphans where occurrences[service] != nil {
            tallies[service, default: Tally()].traces += 1
            tallies[service, default: Tally()].spans += count
            tallies[service, default: Tally()].sample = columns.trace.id
        }
    }

    func findings(_ requests: RequestLog) -> [Finding] {
        tallies.sorted { $0.key < $1.key }.compactMap { service, tally in
            let total = occurrences[service] ?? tally.traces
            guard tally.traces >= DoctorLimits.minIncomplete,
                Rate.lowerBound(tally.traces, of: total) >= DoctorLimits.minFailureRate
            else { return nil }
            return Finding(
                kind: .incompleteTraces, severity: .warning,
                title: "Spans of \(service) name parents that never arrived in \(tally.traces) of "
                    + "\(Wording.count(total, "trace")): whoever calls it does not export, loses spans, or samples otherwise",
                service: service, operation: "",
                evidence: [
                    .init("incompleteTraces", .count(tally.traces)), .init("traces", .count(total)),
                    .init("spansWithoutParent", .count(tally.spans)),
                ],
                sampleTrace: tally.sample, command: Wording.command(trace: tally.sample))
        }
    }
}

/// Pairs of services whose clocks disagree.
struct ClockDetector: Sendable {
    private struct Pair: Hashable, Comparable, Sendable {
        var parent: String
        var child: String

        static func < (a: Pair, b: Pair) -> Bool { (a.parent, a.child) < (b.parent, b.child) }
    }

    private struct Tally: Sendable {
        var calls = 0
        var offsets: [Int64] = []
        var sample = TraceID.zero
    }

    private var tallies: [Pair: Tally] = [:]

    mutating func add(_ columns: TraceColumns) {
        for span in 0..<columns.count {
            // Only a call that is waited for tells something of the other clock; a message may be taken up any time later.
            guard let parent = columns.trace.parents[span], columns.trace.spans[parent].kind == .client,
                columns.trace.spans[span].kind == .server
            else { continue }
            let pair = Pair(
                parent: columns.operations[columns.operationOf[parent]].service,
                child: columns.operations[columns.operationOf[span]].service)
            guard tallies[pair] != nil || tallies.count < DoctorLimits.maxPlaces else { continue }
            var tally = tallies[pair] ?? Tally()
            tally.calls += 1
            // What the parent was moved by is the fault of a clock further up.
            let offset = columns.adjustments[span] &- columns.adjustments[parent]
            if offset.magnitude >= DoctorLimits.minSkewNanos {
                tally.offsets.append(offset)
                tally.sample = columns.trace.id
            }
            tallies[pair] = tally
        }
    }

    func findings() -> [Finding] {
        tallies.sorted { $0.key < $1.key }.compactMap { pair, tally in
            guard tally.offsets.count >= min(DoctorLimits.minSkewed, max(1, tally.calls)),
                Double(tally.offsets.count) >= DoctorLimits.minSkewedShare * Double(tally.calls)
            else { return nil }
            let median = tally.offsets.sorted()[tally.offsets.count / 2]
            let direction = median > 0 ? "behind" : "ahead of"
            return Finding(
                kind: .clockSkew, severity: .warning,
                title: "The clock of \(pair.child) is about \(Wording.duration(median.magnitude)) \(direction) that of "
                    + "\(pair.parent): \(tally.offsets.count) of \(Wording.count(tally.calls, "call")) do not lie inside their callers",
                service: pair.child, operation: "",
                evidence: [
                    .init("offsetNanos", .nanoseconds(median.magnitude)), .init("direction", .text(direction)),
                    .init("skewedCalls", .count(tally.offsets.count)), .init("calls", .count(tally.calls)),
                    .init("caller", .text(pair.parent)),
                ],
                sampleTrace: tally.sample, command: Wording.command(trace: tally.sample))
        }
    }
}
