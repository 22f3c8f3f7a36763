// SPDX-License-Identifier: Apache-2.0
// What the analysis of one trace says, as tables: where the time of the critical path went, what each operation cost, and
// what repeats.

package import SondeModel
package import SondeTerminal

package struct CriticalPathDrawing: Sendable {
    let trace: Trace
    let report: TraceReport
    let canvas: Canvas
    private let hues: ServiceHues

    package init(_ trace: Trace, _ report: TraceReport, on canvas: Canvas) {
        self.trace = trace
        self.report = report
        self.canvas = canvas
        hues = ServiceHues(trace.spans.lazy.map(\.resource.serviceName))
    }

    /// Spans on the path in the order in which it passes them, each with its part of the whole.
    package func lines() -> [StyledText] {
        guard !report.criticalPath.isEmpty else { return [StyledText("The trace has no critical path.", .faint)] }
        let rows = rows()
        var table = Table(columns: [
            .init("share", .right), .init("on the path", .right), .init("of", .right, leavesAt: 1),
            .init("span", shrinksTo: 12), .init("id", leavesAt: 2),
        ])
        for row in rows.prefix(Limits.pathRows) {
            let span = trace.spans[row.span]
            var name = StyledText(span.isError ? "✗ " : "", .bad)
            if row.count > 1 { name.append("\(row.count) × ", .strong) }
            name.append(hues.text(span.resource.serviceName))
            name.append(": ", .faint)
            name.append(Phrase.operation(span.name))
            table.append([
                StyledText(Phrase.percent(Double(row.onPath) / Double(max(1, report.pathNanos)))),
                Phrase.duration(row.onPath),
                Phrase.duration(row.duration), name, StyledText(span.spanID.hex, .faint),
            ])
        }
        let more = rows.count - Limits.pathRows
        let title = StyledText("Critical path, \(Quantity.duration(nanoseconds: report.pathNanos))", .strong)
        return [title] + table.lines(width: canvas.width)
            + (more > 0 ? [StyledText("… and \(Quantity.counted(more, "row")) more", .faint)] : [])
    }
}

extension CriticalPathDrawing {
    private struct Row {
        /// The first of its spans.
        var span: Int
        var count = 1
        var onPath: UInt64
        var duration: UInt64
    }

    /// Siblings of one name that the path passes one after another share a row: the path through 100 equal calls is one
    /// statement, not 100.
    private func rows() -> [Row] {
        var time: [Int: UInt64] = [:]
        for segment in report.criticalPath { time[segment.span, default: 0] += segment.durationNanoseconds }
        var rows: [Row] = []
        var places: [Int: Int] = [:]
        for segment in report.criticalPath.reversed() where places[segment.span] == nil {
            let span = trace.spans[segment.span]
            let own = Row(span: segment.span, onPath: time[segment.span] ?? 0, duration: span.durationNanoseconds)
            if let last = rows.last, isAlike(last.span, segment.span) {
                rows[rows.count - 1].count += 1
                rows[rows.count - 1].onPath += own.onPath
                rows[rows.count - 1].duration = rows[rows.count - 1].duration &+ own.duration
            } else {
                rows.append(own)
            }
            places[segment.span] = rows.count - 1
        }
        return rows
    }

    private func isAlike(_ a: Int, _ b: Int) -> Bool {
        let (x, y) = (trace.spans[a], trace.spans[b])
        return trace.parents[a] == trace.parents[b] && x.name == y.name && x.isError == y.isError
            && x.resource.serviceName == y.resource.serviceName
    }
}

package struct OperationReportsDrawing: Sendable {
    let operations: [OperationReport]
    let canvas: Canvas
    private let hues: ServiceHues

    package init(_ operations: [OperationReport], on canvas: Canvas) {
        self.operations = operations
        self.canvas = canvas
        hues = ServiceHues(operations.lazy.map(\.service))
    }

    package func lines() -> [StyledText] {
        var table = Table(columns: [
            .init("operation", shrinksTo: 12), .init("kind", leavesAt: 6), .init("count", .right),
            .init("errors", .right),
            .init("self", .right), .init("total", .right, leavesAt: 1), .init("p50", .right, leavesAt: 4),
            .init("p95", .right, leavesAt: 3), .init("slowest", .right, leavesAt: 2),
            .init("critical", .right, leavesAt: 5),
        ])
        for row in operations {
            var name = hues.text(row.service)
            name.append(": ", .faint)
            name.append(Phrase.operation(row.operation))
            table.append([
                name, StyledText(row.kind.name, .faint), StyledText(Quantity.count(row.count)),
                Phrase.errors(row.errorCount),
                Phrase.duration(row.selfNanos), Phrase.duration(row.totalNanos), Phrase.duration(row.p50Nanos),
                Phrase.duration(row.p95Nanos), Phrase.duration(row.maxNanos),
                StyledText(Phrase.percent(row.criticalShare), row.criticalShare > 0 ? .plain : .faint),
            ])
        }
        return [StyledText("Operations", .strong)] + table.lines(width: canvas.width)
    }
}

/// What repeats in a trace, as sentences.
package struct RepeatsDrawing: Sendable {
    let trace: Trace
    let report: TraceReport
    let canvas: Canvas

    package init(_ trace: Trace, _ report: TraceReport, on canvas: Canvas) {
        self.trace = trace
        self.report = report
        self.canvas = canvas
    }

    package func lines() -> [StyledText] {
        let told = report.repeats.prefix(Limits.repeatsTold)
        guard !told.isEmpty else { return [StyledText("Nothing repeats.", .faint)] }
        let more = report.repeats.count - told.count
        return [StyledText("Repeats", .strong)] + told.flatMap(lines)
            + (more > 0 ? [StyledText("… and \(Quantity.count(more)) more", .faint)] : [])
    }

    private func lines(_ item: RepeatReport) -> [StyledText] {
        var line = StyledText(item.isNPlusOne ? "N+1  " : "", .notice)
        line.append("\(Quantity.count(item.count)) × ", .strong)
        line.append(item.service, .hue(of: item.service))
        line.append(": ", .faint)
        line.append(Phrase.operation(item.operation))
        line.append("  " + (item.isSerial ? "one after another" : "side by side") + " in ", .faint)
        line.append(Quantity.duration(nanoseconds: item.elapsedNanos))
        if item.errorCount > 0 { line.append("  \(Quantity.count(item.errorCount)) failed", .bad) }
        if let parent = item.parent {
            let span = trace.spans[parent]
            line.append("  below \(span.resource.serviceName): \(Phrase.operation(span.name))", .faint)
        }
        var lines = line.wrapped(to: canvas.width)
        if !item.statement.isEmpty {
            var statement = StyledText("     ")
            statement.append(item.statement, .faint)
            lines.append(statement.truncated(to: canvas.width))
        }
        return lines
    }
}
