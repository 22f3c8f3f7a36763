// SPDX-License-Identifier: Apache-2.0
// The readable form of a log line, for a person at a terminal:
//
//   12:04:05.123 INFO     shop.orders  order shown  order.id=42 trace=0af7651916cd43dd8448eb211c80319c
//
// Local time; colours only on a terminal that wants them; nothing in a message can move the cursor.

import Logging
import SondeModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// In which form log lines are written. SONDE_LOG_FORMAT.
public struct LogFormat: Hashable, Sendable {
    fileprivate enum Kind { case automatic, json, text }

    fileprivate let kind: Kind
    /// Whether ``text`` is coloured; nil: on a terminal, unless NO_COLOR is set or TERM is `dumb`.
    public var isColoured: Bool?

    /// ``text`` where the output is a terminal, ``json`` elsewhere.
    public static let automatic = LogFormat(kind: .automatic)
    /// One JSON object a line.
    public static let json = LogFormat(kind: .json)
    /// Aligned and readable.
    public static let text = LogFormat(kind: .text)

    /// How lines are drawn on that descriptor; nil for JSON.
    func consoleStyle(
        descriptor: Int32, environment: (String) -> String? = { name in getenv(name).map { String(cString: $0) } }
    ) -> ConsoleStyle? {
        let isTerminal = isatty(descriptor) == 1
        guard kind == .text || kind == .automatic && isTerminal else { return nil }
        let wantsNone = environment("NO_COLOR").map { !$0.isEmpty } == true || environment("TERM") == "dumb"
        return ConsoleStyle(isColoured: isColoured ?? (isTerminal && !wantsNone))
    }
}

struct ConsoleStyle: Hashable, Sendable {
    var isColoured: Bool
}

extension LogScratch {
    /// Writes `line` for reading, newline included, to the scratch's line.
    mutating func writeConsole(
        _ line: LogLine, _ source: LogSource, _ style: ConsoleStyle, _ rules: LogRules
    ) {
        self.line.paint(.dim, style)
        local.append(line.time, to: &self.line)
        self.line.paint(.plain, style)
        self.line.append(UInt8(ascii: " "))
        self.line.paint(line.level.paint, style)
        self.line.append(line.level.columnName)
        self.line.paint(.plain, style)
        self.line.append(UInt8(ascii: " "))
        self.line.paint(.dim, style)
        self.line.appendPrintable(source.label, isQuoted: false)
        self.line.paint(.plain, style)
        self.line.append("  ")
        self.line.appendPrintable(line.message, isQuoted: false)
        for position in 0..<line.fields.count {
            let (key, value) = line.fields[position]
            let text = rules.redaction.hides(key, value) ? LogRedaction.mark : value.text(rules)
            self.line.appendField(key, text, isFirst: position == 0, style)
        }
        if let trace = line.trace {
            self.line.appendField("trace", trace.traceID.hex, isFirst: line.fields.isEmpty, style)
        }
        self.line.append(UInt8(ascii: "\n"))
    }
}

extension LogBuffer {
    fileprivate mutating func appendField(_ key: String, _ value: String, isFirst: Bool, _ style: ConsoleStyle) {
        append(isFirst ? "  " : " ")
        paint(.dim, style)
        appendPrintable(key, isQuoted: false)
        append(UInt8(ascii: "="))
        paint(.plain, style)
        appendPrintable(
            value, isQuoted: value.isEmpty || value.utf8.contains { $0 <= 0x20 || $0 == UInt8(ascii: "\"") })
    }

    /// The text without anything a terminal would obey: control characters, the second set of them included, are written
    /// as escapes. In quotes, quotes and backslashes are escaped as well.
    fileprivate mutating func appendPrintable(_ text: String, isQuoted: Bool) {
        if isQuoted { append(UInt8(ascii: "\"")) }
        if !isQuoted, text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) {
            append(text: text)
        } else {
            for scalar in text.unicodeScalars { append(printable: scalar, isQuoted: isQuoted) }
        }
        if isQuoted { append(UInt8(ascii: "\"")) }
    }

    private mutating func append(printable scalar: Unicode.Scalar, isQuoted: Bool) {
        switch scalar {
        case "\n": append("\\n")
        case "\t": append("\\t")
        case "\r": append("\\r")
        case "\"" where isQuoted: append("\\\"")
        case "\\" where isQuoted: append("\\\\")
        case _ where scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) || Self.turnsText.contains(scalar):
            append(text: "\\u{\(String(scalar.value, radix: 16))}")
        default: append(text: String(scalar))
        }
    }

    /// Marks that make text run from right to left, which can make a line look like another.
    private static let turnsText: Set<Unicode.Scalar> = [
        "\u{202A}", "\u{202B}", "\u{202C}", "\u{202D}", "\u{202E}", "\u{2066}", "\u{2067}", "\u{2068}", "\u{2069}",
    ]

    fileprivate mutating func paint(_ paint: Paint, _ style: ConsoleStyle) {
        guard style.isColoured else { return }
        append("\u{1B}[")
        append(paint.code)
        append(UInt8(ascii: "m"))
    }
}

private enum Paint {
    case plain, dim, red, green, yellow, blue, alarm

    var code: StaticString {
        switch self {
        case .plain: "0"
        case .dim: "2"
        case .red: "31"
        case .green: "32"
        case .yellow: "33"
        case .blue: "34"
        case .alarm: "1;31"
        }
    }
}

extension Logger.Level {
    /// As wide as the widest.
    fileprivate var columnName: StaticString {
        switch self {
        case .trace: "TRACE   "
        case .debug: "DEBUG   "
        case .info: "INFO    "
        case .notice: "NOTICE  "
        case .warning: "WARNING "
        case .error: "ERROR   "
        case .critical: "CRITICAL"
        }
    }

    fileprivate var paint: Paint {
        switch self {
        case .trace, .debug: .dim
        case .info: .green
        case .notice: .blue
        case .warning: .yellow
        case .error: .red
        case .critical: .alarm
        }
    }
}

extension LogFieldValue {
    fileprivate func text(_ rules: LogRules) -> String {
        switch self {
        case .metadata(let value): value.text(rules)
        case .fact(.text(let text)): text
        case .fact(.int(let number)): "\(number)"
        case .fact(.microseconds(let number)): "\(Double(number) / 1_000)"
        }
    }
}

extension Logger.MetadataValue {
    /// The value as text; nested values in the manner of Swift.
    fileprivate func text(_ rules: LogRules, depth: Int = 0) -> String {
        switch self {
        case .string(let text): text
        case .stringConvertible(let convertible): convertible.description
        case .dictionary where depth >= Limits.metadataDepth, .array where depth >= Limits.metadataDepth:
            Limits.metadataBelow
        case .dictionary(let entries):
            "{"
                + entries.sorted { $0.key < $1.key }.map { key, value in
                    key + ": "
                        + (rules.redaction.hides(key, value) ? LogRedaction.mark : value.text(rules, depth: depth + 1))
                }.joined(separator: ", ") + "}"
        case .array(let values):
            "["
                + values.map { rules.redaction.hides("", $0) ? LogRedaction.mark : $0.text(rules, depth: depth + 1) }
                .joined(separator: ", ") + "]"
        }
    }
}
