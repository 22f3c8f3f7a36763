// SPDX-License-Identifier: Apache-2.0
// Log records as lines: time, level, service, then the message with its attributes, wrapped rather than cut: what a
// message says at its end is as often the point as what it says at its beginning.

package import SondeModel
package import SondeTerminal

package struct LogDrawing: Sendable {
    let logs: [LogRecord]
    let canvas: Canvas
    let showsTrace: Bool
    private let hues: ServiceHues

    /// - Parameter logs: in the order in which they shall stand.
    /// - Parameter showsTrace: whether a record names its trace; not needed where all belong to one.
    package init(_ logs: [LogRecord], on canvas: Canvas, showsTrace: Bool = true) {
        self.logs = logs
        self.canvas = canvas
        self.showsTrace = showsTrace
        self.hues = ServiceHues(logs.lazy.map(\.resource.serviceName))
    }

    package func lines() -> [StyledText] {
        let serviceWidth = min(
            Limits.serviceInLog, logs.lazy.map { DisplayWidth.of(VisibleText.make($0.resource.serviceName)) }.max() ?? 0
        )
        var lines: [StyledText] = []
        var day = ""
        for log in logs {
            let time = log.effectiveTime.nanoseconds
            let today =
                Moment.date(nanosecondsSince1970: time, zone: canvas.zone) + " "
                + Moment.offset(nanosecondsSince1970: time, zone: canvas.zone)
            if today != day { lines.append(StyledText(today, .heading)) }
            day = today
            append(log, serviceWidth, to: &lines)
        }
        return lines
    }

    private func append(_ log: LogRecord, _ serviceWidth: Int, to lines: inout [StyledText]) {
        var prefix = StyledText(
            Moment.timeOfDay(nanosecondsSince1970: log.effectiveTime.nanoseconds, zone: canvas.zone), .faint)
        prefix.append("  ")
        prefix.append(LogRows.level(log).fitted(to: 5))
        prefix.append("  ")
        prefix.append(hues.text(log.resource.serviceName).fitted(to: serviceWidth))
        prefix.append("  ")
        let isNarrow = canvas.width < Limits.minColumnsForLogPrefix || prefix.width > canvas.width / 2
        let indent = isNarrow ? 4 : prefix.width
        var text = paragraphs(log).flatMap { $0.wrapped(to: canvas.width - indent) }
        if text.count > Limits.linesPerLog {
            let more = text.count - Limits.linesPerLog
            text.replaceSubrange(
                Limits.linesPerLog..., with: [StyledText("… and \(Quantity.counted(more, "line")) more", .faint)])
        }
        if isNarrow { lines.append(prefix.truncated(to: canvas.width)) }
        for (index, line) in text.enumerated() {
            var whole = index == 0 && !isNarrow ? prefix : StyledText()
            whole.pad(to: indent)
            whole.append(line)
            lines.append(whole)
        }
    }

    /// The message, one for each of its lines; attributes follow on the last.
    private func paragraphs(_ log: LogRecord) -> [StyledText] {
        let message = log.body == .empty ? log.eventName : log.body.text
        let role: Role = LogLevel(severityNumber: log.severityNumber).map { $0 >= .error } == true ? .bad : .plain
        var paragraphs = message.split(separator: "\n", omittingEmptySubsequences: false)
            .map { StyledText(String($0), role) }
        while paragraphs.count > 1, paragraphs.last?.isEmpty == true { paragraphs.removeLast() }
        var last = paragraphs.popLast() ?? StyledText()
        // Where in the source a line was logged is for `--output json`: it repeats on every line and drowns the rest.
        let attributes = log.attributes.filter { !$0.key.hasPrefix("code.") }
        for attribute in attributes.prefix(Limits.attributesPerLog) {
            if !last.isEmpty { last.append("  ") }
            last.append(attribute.key + "=", .faint)
            last.append(StyledText(attribute.value.text).truncated(to: Limits.attributeValueWidth))
        }
        let more = attributes.count - Limits.attributesPerLog
        if more > 0 { last.append("  … \(more) more", .faint) }
        if showsTrace && log.traceID.isValid {
            last.append(
                (last.isEmpty ? "" : "  ") + "trace=" + log.traceID.sentHex.prefix(Limits.shortIDDigits), .faint)
        }
        return paragraphs + [last]
    }
}
