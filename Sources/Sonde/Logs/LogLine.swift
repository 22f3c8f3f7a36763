// SPDX-License-Identifier: Apache-2.0
// One log record before it is written, and its two encodings that are read by programs: the JSON line and OTLP's
// LogRecord (drawn in Wire's OTLPEncoder+Logs.swift).
//
//   {"time":"…Z","level":"info","message":"…","logger":"…","service.name":"…","trace_id":"…","span_id":"…",
//    "attributes":{…}}

import Logging
import SondeModel
import SondeWire
import Tracing

struct LogLine {
    /// Nanoseconds since 1970.
    var time: UInt64
    var level: Logger.Level
    var message: String
    var trace: LogTrace?
    var fields: LogFields
}

/// The span in which a line was made.
struct LogTrace {
    var traceID: TraceID
    var spanID: SpanID
    var flags: TraceFlags

    @inline(__always)
    static var current: LogTrace? {
        guard let trace = ServiceContext.current?.trace else { return nil }
        return LogTrace(traceID: trace.traceID, spanID: trace.spanID, flags: trace.flags)
    }
}

/// What holds for all lines: one reference, handed down through every value.
final class LogRules: Sendable {
    let redaction: LogRedaction
    let limits: LogRecordLimits

    init(_ configuration: TelemetryConfiguration) {
        redaction = configuration.logRedaction
        limits = configuration.logRecordLimits
    }
}

/// What all lines of one logger have in common, made once.
final class LogSource: Sendable {
    let label: String
    /// `,"logger":"…","service.name":"…"`
    let json: [UInt8]

    init(label: String, serviceName: String) {
        self.label = label
        var buffer = LogBuffer(capacity: 128)
        buffer.append(",\"logger\":")
        buffer.appendJSON(label)
        buffer.append(",\"service.name\":")
        buffer.appendJSON(serviceName)
        json = Array(buffer.bytes)
    }
}

// MARK: - JSON

extension LogScratch {
    /// Writes `line` as JSON, newline included, to the scratch's line.
    mutating func writeJSON(_ line: LogLine, _ source: LogSource, _ rules: LogRules) {
        self.line.append("{\"time\":\"")
        utc.append(line.time, to: &self.line)
        self.line.append(line.level.jsonPart)
        self.line.appendJSON(line.message)
        self.line.append(source.json)
        if let trace = line.trace {
            self.line.append(",\"trace_id\":\"")
            self.line.appendHex(trace.traceID.high)
            self.line.appendHex(trace.traceID.low)
            self.line.append("\",\"span_id\":\"")
            self.line.appendHex(trace.spanID.value)
            self.line.append(UInt8(ascii: "\""))
        }
        if !line.fields.isEmpty {
            self.line.append(",\"attributes\":{")
            for position in 0..<line.fields.count {
                let (key, value) = line.fields[position]
                if position > 0 { self.line.append(UInt8(ascii: ",")) }
                self.line.appendJSON(key: key, value, depth: 0, rules)
            }
            self.line.append(UInt8(ascii: "}"))
        }
        self.line.append("}\n")
    }
}

extension LogBuffer {
    fileprivate mutating func appendJSON(
        key: String, _ value: Logger.MetadataValue, depth: Int, _ rules: LogRules
    ) {
        appendJSON(key)
        append(UInt8(ascii: ":"))
        if rules.redaction.hides(key, value) { return appendJSON(LogRedaction.mark) }
        appendJSON(value, key: key, depth: depth, rules)
    }

    private mutating func appendJSON(
        _ value: Logger.MetadataValue, key: String, depth: Int, _ rules: LogRules
    ) {
        switch value {
        case .string(let text): appendJSON(text)
        case .stringConvertible(let convertible): appendJSON(scalar: MetadataScalar(convertible))
        case .dictionary where depth >= Limits.metadataDepth, .array where depth >= Limits.metadataDepth:
            appendJSON(Limits.metadataBelow)
        case .dictionary(let entries):
            append(UInt8(ascii: "{"))
            var isFirst = true
            for (key, value) in entries.sorted(by: { $0.key < $1.key }) {
                if !isFirst { append(UInt8(ascii: ",")) }
                isFirst = false
                appendJSON(key: key, value, depth: depth + 1, rules)
            }
            append(UInt8(ascii: "}"))
        case .array(let values):
            append(UInt8(ascii: "["))
            for (position, value) in values.enumerated() {
                if position > 0 { append(UInt8(ascii: ",")) }
                // Elements have no key of their own; a key that is hidden has hidden them all.
                if rules.redaction.hides("", value) {
                    appendJSON(LogRedaction.mark)
                } else {
                    appendJSON(value, key: key, depth: depth + 1, rules)
                }
            }
            append(UInt8(ascii: "]"))
        }
    }

    private mutating func appendJSON(scalar: MetadataScalar) {
        switch scalar {
        case .bool(let flag): append(flag ? "true" : "false")
        case .int(let number): appendDecimal(number)
        // JSON has no name for what is not finite: a string has.
        case .double(let number) where !number.isFinite:
            appendJSON(number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity")
        case .double(let number): append(text: number.description)
        case .text(let text): appendJSON(text)
        }
    }
}

extension Logger.Level {
    /// The end of `time`, and the level up to the message.
    fileprivate var jsonPart: StaticString {
        switch self {
        case .trace: "\",\"level\":\"trace\",\"message\":"
        case .debug: "\",\"level\":\"debug\",\"message\":"
        case .info: "\",\"level\":\"info\",\"message\":"
        case .notice: "\",\"level\":\"notice\",\"message\":"
        case .warning: "\",\"level\":\"warning\",\"message\":"
        case .error: "\",\"level\":\"error\",\"message\":"
        case .critical: "\",\"level\":\"critical\",\"message\":"
        }
    }
}

// MARK: - OTLP

extension ProtobufWriter {
    /// The fields of a `LogRecord`.
    mutating func log(_ line: LogLine, _ rules: LogRules) {
        fixed64(line.time, field: 1)
        varint(line.level.severityNumber, field: 2)
        string(line.level.rawValue, field: 3)
        message(field: 5) { $0.string(line.message, field: 1) }
        let kept = min(line.fields.count, max(0, rules.limits.attributeCount))
        for position in 0..<kept {
            let (key, value) = line.fields[position]
            metadata(key, value, field: 6, depth: 0, rules)
        }
        if kept < line.fields.count { varint(UInt64(line.fields.count - kept), field: 7) }
        if let trace = line.trace {
            fixed32(UInt32(trace.flags.rawValue), field: 8)
            traceID(trace.traceID, field: 9)
            spanID(trace.spanID, field: 10)
        }
        fixed64(line.time, field: 11)
    }

    private mutating func metadata(
        _ key: String, _ value: Logger.MetadataValue, field: Int, depth: Int, _ rules: LogRules
    ) {
        message(field: field) { writer in
            writer.string(key, field: 1)
            writer.message(field: 2) { writer in
                if rules.redaction.hides(key, value) {
                    writer.string(LogRedaction.mark, field: 1)
                } else {
                    writer.metadata(value, depth: depth, rules)
                }
            }
        }
    }

    private mutating func metadata(
        _ value: Logger.MetadataValue, depth: Int, _ rules: LogRules
    ) {
        switch value {
        case .string(let text): string(rules.limits.cut(text), field: 1)
        case .stringConvertible(let convertible): scalar(MetadataScalar(convertible), rules)
        case .dictionary where depth >= Limits.metadataDepth, .array where depth >= Limits.metadataDepth:
            string(Limits.metadataBelow, field: 1)
        case .dictionary(let entries):
            message(field: 6) { writer in
                for (key, value) in entries.sorted(by: { $0.key < $1.key }) {
                    writer.metadata(key, value, field: 1, depth: depth + 1, rules)
                }
            }
        case .array(let values):
            message(field: 5) { writer in
                for value in values {
                    writer.message(field: 1) { writer in
                        if rules.redaction.hides("", value) {
                            writer.string(LogRedaction.mark, field: 1)
                        } else {
                            writer.metadata(value, depth: depth + 1, rules)
                        }
                    }
                }
            }
        }
    }

    private mutating func scalar(_ scalar: MetadataScalar, _ rules: LogRules) {
        switch scalar {
        case .bool(let flag): varint(flag ? 1 : 0, field: 2)
        case .int(let number): varint(UInt64(bitPattern: number), field: 3)
        case .double(let number): fixed64(number.bitPattern, field: 4)
        case .text(let text): string(rules.limits.cut(text), field: 1)
        }
    }
}

extension Logger.Level {
    /// The number of OpenTelemetry's log data model.
    var severityNumber: UInt64 {
        switch self {
        case .trace: 1
        case .debug: 5
        case .info: 9
        case .notice: 10
        case .warning: 13
        case .error: 17
        case .critical: 21
        }
    }
}

/// How much of a record is exported. Lines are written whole.
public struct LogRecordLimits: Hashable, Sendable {
    /// Attributes of a record. What exceeds them is left out and counted in it. OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT.
    public var attributeCount = 128
    /// Characters of a text attribute, nil for any number. OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT.
    public var attributeValueLength: Int?

    /// OpenTelemetry's defaults: 128 attributes of any length.
    public init() {}

    @inline(__always)
    fileprivate func cut(_ text: String) -> String {
        guard let attributeValueLength, text.utf8.count > attributeValueLength else { return text }
        return String(text.prefix(max(0, attributeValueLength)))
    }
}

// MARK: - Scalars

/// What a `CustomStringConvertible` in metadata is, where JSON and OTLP have a kind for it.
enum MetadataScalar {
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case text(String)

    /// The usual types are told by comparison, which costs a tenth of a cast.
    @inline(__always)
    init(_ value: any CustomStringConvertible & Sendable) { self = Self.of(value) }

    private static func of<Value: CustomStringConvertible & Sendable>(_ value: Value) -> MetadataScalar {
        // Read as what it is: the types were compared.
        if Value.self == Int.self { return .int(Int64(withUnsafeBytes(of: value) { $0.load(as: Int.self) })) }
        if Value.self == Bool.self { return .bool(withUnsafeBytes(of: value) { $0.load(as: Bool.self) }) }
        if Value.self == Double.self { return .double(withUnsafeBytes(of: value) { $0.load(as: Double.self) }) }
        if let number = value as? Float { return .double(Double(number)) }
        guard let number = value as? any FixedWidthInteger else { return .text(value.description) }
        return Int64(exactly: number).map { .int($0) } ?? .text("\(number)")
    }
}
