// SPDX-License-Identifier: Apache-2.0
// Log records as rows of a screen, one each, and one of them in full in a pane.

import SondeModel
import SondeTerminal

struct LogRows {
    let width: Int
    let zone: Zone
    let hues: ServiceHues
    let charset: Charset

    /// Cells in front of a message: time, level, service, whether there is a span to jump to.
    var indent: Int { 12 + 1 + 5 + 1 + (serviceWidth > 0 ? serviceWidth + 1 : 0) + 2 }

    private var serviceWidth: Int { width < Limits.minColumnsForOffset ? 0 : min(Limits.serviceInLog, width / 6) }

    func line(_ log: LogRecord) -> StyledText {
        var line = StyledText(
            Moment.timeOfDay(nanosecondsSince1970: log.effectiveTime.nanoseconds, zone: zone), .faint)
        line.append(" ")
        line.append(Self.level(log).fitted(to: 5))
        line.append(" ")
        if serviceWidth > 0 {
            line.append(hues.text(log.resource.serviceName).fitted(to: serviceWidth))
            line.append(" ")
        }
        line.append(
            drawn: log.spanID.isValid && log.traceID.isValid ? (charset == .unicode ? "↗ " : "> ") : "  ", .faint)
        line.append(message(log))
        return line.truncated(to: width)
    }

    private func message(_ log: LogRecord) -> StyledText {
        var text = StyledText(Self.text(log), Self.role(log))
        for attribute in log.attributes.prefix(Limits.attributesPerLog) where !attribute.key.hasPrefix("code.") {
            guard text.width < width else { break }
            text.append("  " + attribute.key + "=", .faint)
            text.append(StyledText(attribute.value.text).truncated(to: Limits.attributeValueWidth))
        }
        return text
    }

    /// What a record says; its event's name where it says nothing.
    static func text(_ log: LogRecord) -> String { log.body == .empty ? log.eventName : log.body.text }

    private static func role(_ log: LogRecord) -> Role {
        switch LogLevel(severityNumber: log.severityNumber) {
        case .error?, .fatal?: .bad
        case .warn?: .notice
        default: .plain
        }
    }

    static func level(_ log: LogRecord) -> StyledText {
        guard let level = LogLevel(severityNumber: log.severityNumber) else {
            return StyledText(log.severityText.isEmpty ? "–" : log.severityText.lowercased(), .faint)
        }
        switch level {
        case .fatal, .error: return StyledText(level.name, .bad)
        case .warn: return StyledText(level.name, .notice)
        case .info: return StyledText(level.name)
        case .debug, .trace: return StyledText(level.name, .faint)
        }
    }

    /// Where `needle` stands in a row, as cells; ASCII letters match in either case, as in searches of the store.
    static func matches(of needle: String, in row: String) -> [Range<Int>] {
        let needle = Array(VisibleText.make(needle).lowercased())
        guard !needle.isEmpty else { return [] }
        let characters = Array(row)
        var ranges: [Range<Int>] = []
        var column = 0
        var place = 0
        while place < characters.count {
            let end = place + needle.count
            if end <= characters.count,
                zip(characters[place..<end], needle).allSatisfy({ String($0).lowercased() == String($1) })
            {
                let width = characters[place..<end].reduce(0) { $0 + DisplayWidth.of($1) }
                ranges.append(column..<column + width)
                (column, place) = (column + width, end)
            } else {
                column += DisplayWidth.of(characters[place])
                place += 1
            }
        }
        return ranges
    }

    // MARK: One record

    /// A record in full: its message line by line, then everything else there is of it.
    func detail(_ log: LogRecord) -> [StyledText] {
        var head = StyledText(Moment.text(nanosecondsSince1970: log.effectiveTime.nanoseconds, zone: zone), .faint)
        head.append("  ")
        head.append(Self.level(log))
        head.append("  ")
        head.append(hues.text(log.resource.serviceName))
        var lines = [head]
        for part in Self.text(log).split(separator: "\n", omittingEmptySubsequences: false) {
            lines += StyledText(String(part), Self.role(log)).wrapped(to: width)
        }
        if log.traceID.isValid {
            let span = log.spanID.isValid ? "  span " + log.spanID.hex + "  Enter goes there" : "  Enter goes there"
            lines.append(StyledText("trace " + log.traceID.hex + span, .faint))
        }
        lines += group("attributes", log.attributes)
        lines += group("resource", log.resource.attributes)
        lines += group("scope " + log.scope.name, log.scope.attributes)
        if !log.eventName.isEmpty { lines += entry("event", log.eventName) }
        if log.droppedAttributesCount > 0 {
            lines.append(
                StyledText(
                    "\(Quantity.counted(Int(log.droppedAttributesCount), "attribute")) dropped by the sender", .notice))
        }
        return lines
    }

    private func group(_ title: String, _ attributes: [Attribute]) -> [StyledText] {
        guard !attributes.isEmpty else { return [] }
        return [StyledText(title, .heading)] + attributes.flatMap { entry($0.key, $0.value.text) }
    }

    private func entry(_ key: String, _ value: String) -> [StyledText] {
        var line = StyledText("  " + key + "  ", .faint)
        let indent = min(line.width, width / 2)
        line.append(value)
        let (head, tail) = line.split(atWidth: width)
        return [head]
            + (tail.isEmpty
                ? []
                : tail.wrapped(to: max(1, width - indent)).map { part in
                    var next = StyledText(String(repeating: " ", count: indent))
                    next.append(part)
                    return next
                })
    }
}
