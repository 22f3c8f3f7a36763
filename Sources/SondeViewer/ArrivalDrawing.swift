// SPDX-License-Identifier: Apache-2.0
// Traces and spans in the order in which they arrive, a line each. Nobody knows the next one, so the columns have widths
// of their own, and what has no fixed width stands last.

package import SondeModel
package import SondeTerminal

package struct ArrivalDrawing: Sendable {
    let canvas: Canvas
    private var day = ""

    package init(on canvas: Canvas) { self.canvas = canvas }

    /// When, how long, how much, what; in front the date, where it is a new one.
    package mutating func lines(_ trace: TraceSummary) -> [StyledText] {
        var line = beginning(trace.start, trace.durationNanoseconds)
        line.append(
            StyledText(Quantity.counted(trace.spanCount, "span")).fitted(to: Limits.arrivalCount, alignment: .right))
        line.append("  ")
        let errors = StyledText(
            trace.errorCount == 0 ? "" : Quantity.counted(trace.errorCount, "error"), .bad)
        line.append(errors.fitted(to: Limits.arrivalCount, alignment: .right))
        line.append("  ")
        append(trace.traceID, to: &line)
        if !trace.isComplete { line.append("? ", .notice) }
        line.append(trace.rootService, .hue(of: trace.rootService))
        line.append(": ", .faint)
        line.append(Phrase.operation(trace.rootOperation))
        return heading(trace.start) + [line.truncated(to: canvas.width)]
    }

    package mutating func lines(_ span: SpanRecord) -> [StyledText] {
        var line = beginning(span.start, span.durationNanoseconds)
        append(span.traceID, to: &line)
        if span.isError { line.append("✗ ", .bad) }
        if span.isUnfinished { line.append("[unfinished] ", .notice) }
        let service = span.resource.serviceName
        line.append(service, .hue(of: service))
        line.append(": ", .faint)
        line.append(Phrase.operation(span.name))
        if !span.status.message.isEmpty { line.append("  " + span.status.message, span.isError ? .bad : .faint) }
        return heading(span.start) + [line.truncated(to: canvas.width)]
    }

    private func beginning(_ start: Timestamp, _ duration: UInt64) -> StyledText {
        var line = StyledText(Moment.timeOfDay(nanosecondsSince1970: start.nanoseconds, zone: canvas.zone), .faint)
        line.append("  ")
        line.append(
            StyledText(Quantity.duration(nanoseconds: duration)).fitted(to: Limits.arrivalDuration, alignment: .right))
        line.append("  ")
        return line
    }

    private func append(_ id: TraceID, to line: inout StyledText) {
        line.append(String(id.sentHex.prefix(Limits.arrivalIDDigits)), .faint)
        line.append("  ")
    }

    private mutating func heading(_ start: Timestamp) -> [StyledText] {
        let today =
            Moment.date(nanosecondsSince1970: start.nanoseconds, zone: canvas.zone) + " "
            + Moment.offset(nanosecondsSince1970: start.nanoseconds, zone: canvas.zone)
        guard today != day else { return [] }
        day = today
        return [StyledText(today, .heading)]
    }
}
