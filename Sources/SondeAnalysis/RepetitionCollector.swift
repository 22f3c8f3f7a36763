// SPDX-License-Identifier: Apache-2.0
// Repetitions of many traces, one row a shape below one operation.

package import SondeModel

package struct RepetitionCollector: Sendable {
    private var tallies: [Key: Tally] = [:]
    /// Repetitions that were not counted because there were too many different ones.
    package private(set) var omitted = 0

    private struct Key: Hashable, Comparable {
        var caller: Place
        var call: Place
        var statement: String

        static func < (a: Key, b: Key) -> Bool { (a.caller, a.call, a.statement) < (b.caller, b.call, b.statement) }
    }

    fileprivate struct Tally {
        var report = RepetitionReport()
        var shares = 0.0
        var lastTrace: TraceID?
    }

    package init() {}

    package mutating func add(_ trace: Trace) {
        let columns = TraceColumns(trace)
        var siblings = SiblingSearch(columns)
        siblings.run()
        add(siblings.repeats, columns)
    }

    mutating func add(_ repeats: [RepeatReport], _ columns: TraceColumns) {
        let whole = Double(max(1, columns.mainRoot.map(columns.duration) ?? 1))
        for found in repeats {
            let caller = found.parent.map { Place($0, columns) } ?? Place(service: "", operation: "")
            let call = Place(service: found.service, operation: found.operation)
            let key = Key(caller: caller, call: call, statement: found.statement)
            guard tallies[key] != nil || tallies.count < Limits.maxRepetitions else {
                omitted += 1
                continue
            }
            tallies[key, default: Tally()].count(found, of: columns.trace.id, share: Double(found.totalNanos) / whole)
        }
    }

    /// N+1 first, then by time.
    package func sorted() -> [RepetitionReport] {
        tallies.sorted { a, b in
            if a.value.report.isNPlusOne != b.value.report.isNPlusOne { return a.value.report.isNPlusOne }
            if a.value.report.totalNanos != b.value.report.totalNanos {
                return a.value.report.totalNanos > b.value.report.totalNanos
            }
            return a.key < b.key
        }.map { key, tally in
            var report = tally.report
            report.callerService = key.caller.service
            report.callerOperation = key.caller.operation
            report.service = key.call.service
            report.operation = key.call.operation
            report.statement = key.statement
            report.traceShare = tally.shares / Double(max(1, report.traceCount))
            return report
        }
    }
}

extension RepetitionCollector.Tally {
    fileprivate mutating func count(_ found: RepeatReport, of trace: TraceID, share: Double) {
        if lastTrace != trace { report.traceCount += 1 }
        lastTrace = trace
        shares += share
        report.count += found.count
        report.totalNanos = report.totalNanos.addingClamped(found.totalNanos)
        report.isNPlusOne = report.isNPlusOne || found.isNPlusOne
        guard found.count > report.maxCount else { return }
        report.maxCount = found.count
        report.sampleTrace = trace
    }
}
