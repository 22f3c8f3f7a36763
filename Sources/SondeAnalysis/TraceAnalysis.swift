// SPDX-License-Identifier: Apache-2.0
// What a whole trace says about each of its spans: pure functions, iterative, since a trace may be one long chain.

package import SondeModel

package enum TraceAnalysis {
    /// Self time, critical path and adjustment of every span, in the order of ``SondeModel/Trace/spans``. Self time is
    /// what a span ran while none of its children did: its duration less the union of its children's intervals, each
    /// held inside the span's own.
    package static func annotations(of trace: Trace) -> [SpanAnnotation] {
        let columns = TraceColumns(trace)
        return annotations(of: columns, path: CriticalPath.segments(of: columns))
    }

    /// Everything that is worked out about a trace.
    package static func report(on trace: Trace) -> TraceReport {
        report(on: TraceColumns(trace))
    }

    static func report(on columns: TraceColumns) -> TraceReport {
        var report = TraceReport()
        report.criticalPath = CriticalPath.segments(of: columns)
        report.pathNanos = columns.mainRoot.map(columns.duration) ?? 0
        report.annotations = annotations(of: columns, path: report.criticalPath)
        report.operations = OperationTable.rows(of: columns, path: report.criticalPath)
        var siblings = SiblingSearch(columns)
        siblings.run()
        report.repeats = siblings.repeats
        report.serialRuns = siblings.serialRuns
        report.retries = siblings.retries
        report.errorOrigins = ErrorOrigins.find(in: columns)
        return report
    }

    private static func annotations(of columns: TraceColumns, path: [PathSegment]) -> [SpanAnnotation] {
        var isCritical = Array(repeating: false, count: columns.count)
        for segment in path { isCritical[segment.span] = true }
        return (0..<columns.count).map { index in
            SpanAnnotation(
                selfNanos: columns.selfNanos[index], isOnCriticalPath: isCritical[index],
                adjustmentNanos: columns.adjustments[index])
        }
    }
}
