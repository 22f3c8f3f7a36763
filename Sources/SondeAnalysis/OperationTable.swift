// SPDX-License-Identifier: Apache-2.0
// The operations inside one trace: how often, how long, how much of the critical path.

import SondeModel

enum OperationTable {
    /// One row an operation, the largest part of the critical path first, then self time.
    static func rows(of columns: TraceColumns, path: [PathSegment]) -> [OperationReport] {
        var rows = columns.operations.map { operation in
            var row = OperationReport()
            row.service = operation.service
            row.operation = operation.name
            row.kind = operation.kind
            return row
        }
        var durations: [[UInt64]] = Array(repeating: [], count: rows.count)
        for span in 0..<columns.count {
            let place = columns.operationOf[span]
            let duration = columns.duration(span)
            if durations[place].isEmpty || duration > rows[place].maxNanos {
                rows[place].maxNanos = duration
                rows[place].longestSpan = span
            }
            durations[place].append(duration)
            rows[place].count += 1
            if columns.trace.spans[span].isError { rows[place].errorCount += 1 }
            rows[place].totalNanos = rows[place].totalNanos.addingClamped(duration)
            rows[place].selfNanos = rows[place].selfNanos.addingClamped(columns.selfNanos[span])
        }
        for segment in path {
            rows[columns.operationOf[segment.span]].criticalNanos += segment.durationNanoseconds
        }
        finish(&rows, &durations, pathNanos: columns.mainRoot.map(columns.duration) ?? 0)
        return rows.sorted(by: precedes)
    }

    private static func finish(_ rows: inout [OperationReport], _ durations: inout [[UInt64]], pathNanos: UInt64) {
        for place in rows.indices {
            durations[place].sort()
            rows[place].minNanos = durations[place].first ?? 0
            rows[place].p50Nanos = Quantile.nearestRank(0.5, ofSorted: durations[place])
            rows[place].p95Nanos = Quantile.nearestRank(0.95, ofSorted: durations[place])
            rows[place].criticalShare = pathNanos == 0 ? 0 : Double(rows[place].criticalNanos) / Double(pathNanos)
        }
    }

    private static func precedes(_ a: OperationReport, _ b: OperationReport) -> Bool {
        if a.criticalNanos != b.criticalNanos { return a.criticalNanos > b.criticalNanos }
        if a.selfNanos != b.selfNanos { return a.selfNanos > b.selfNanos }
        return (a.service, a.operation, a.kind.rawValue) < (b.service, b.operation, b.kind.rawValue)
    }
}

enum Quantile {
    /// The smallest value that is not exceeded by at least `share` of the values; 0 for none.
    static func nearestRank(_ share: Double, ofSorted values: [UInt64]) -> UInt64 {
        guard !values.isEmpty else { return 0 }
        let rank = Int((share * Double(values.count)).rounded(.up))
        return values[min(max(rank, 1), values.count) - 1]
    }
}

extension UInt64 {
    /// The sum, held below the largest number: senders may claim any duration.
    func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
