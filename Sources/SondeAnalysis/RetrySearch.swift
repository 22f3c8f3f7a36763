// SPDX-License-Identifier: Apache-2.0
// The same call made again because it had failed, with or without a pause.

import SondeModel

struct RetrySearch {
    private let columns: TraceColumns
    private let parent: Int?
    private let shape: SiblingSearch.SiblingShape

    init(_ columns: TraceColumns, parent: Int?, shape: SiblingSearch.SiblingShape) {
        self.columns = columns
        self.parent = parent
        self.shape = shape
    }

    /// Runs of at least two attempts among siblings of one shape, which come by start: each but the last has failed, the
    /// next begins after it, and asks the very same thing.
    func retries(in spans: [Int]) -> [RetryReport] {
        guard spans.contains(where: { columns.trace.spans[$0].isFailedAttempt }) else { return [] }
        var reports: [RetryReport] = []
        var attempts: [Int] = []
        for span in spans {
            if let last = attempts.last, follows(span, after: last) {
                attempts.append(span)
                continue
            }
            if let report = report(attempts) { reports.append(report) }
            attempts = [span]
        }
        if let report = report(attempts) { reports.append(report) }
        return reports
    }

    private func follows(_ span: Int, after last: Int) -> Bool {
        columns.trace.spans[last].isFailedAttempt && columns.starts[span] >= columns.ends[last]
            && columns.trace.spans[span].name == columns.trace.spans[last].name
            && columns.trace.spans[span].callText == columns.trace.spans[last].callText
    }

    private func report(_ attempts: [Int]) -> RetryReport? {
        guard attempts.count > 1 else { return nil }
        var report = RetryReport()
        report.parent = parent
        report.service = shape.service
        report.operation = shape.operation
        report.kind = shape.kind
        report.attempts = attempts.count
        report.failures = attempts.count { columns.trace.spans[$0].isFailedAttempt }
        report.succeeded = report.failures < attempts.count
        report.firstSpan = attempts[0]
        report.elapsedNanos = columns.ends[attempts[attempts.count - 1]] - columns.starts[attempts[0]]
        let pauses = zip(attempts, attempts.dropFirst()).map { columns.starts[$1] - columns.ends[$0] }
        report.waitedNanos = pauses.reduce(0, +)
        report.backoff = Self.backoff(pauses)
        return report
    }

    private static func backoff(_ pauses: [UInt64]) -> RetryReport.Backoff {
        let mean = pauses.reduce(0, +) / UInt64(max(1, pauses.count))
        guard mean >= Limits.noBackoffNanos else { return .none }
        guard pauses.count > 1, let first = pauses.first, let last = pauses.last else { return .constant }
        let growth = zip(pauses, pauses.dropFirst()).count { Double($1) >= Double($0) * Limits.backoffGrowth }
        return last > first && growth * 2 >= pauses.count - 1 ? .growing : .constant
    }
}
