// SPDX-License-Identifier: Apache-2.0
// One log record before it is written, and its JSON line.
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
    init(_ trace: TraceContext) {
        traceID = trace.traceID
        spanID = trace.spanID
        flags = trace.flags
    }

    @inline(__always)
    static var current: LogTrace? { ServiceContext.current?.trace.map { LogTrace($0) } }
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
                self.line.appendJSON(key: key, field: value, rules)
            }
            self.line.append(UInt8(ascii: "}"))
        }
        self.line.append("}\n")
    }
}

extension LogBuffer {
    fileprivate mutating func appendJSON(key: String, field: LogFieldValue, _ rules: LogRules) {
        switch field {
        case .metadata(let value): appendJSON(key: key, value, depth: 0, rules)
        case .fact(let value):
            append(key: key)
            if rules.redaction.hides(key, field) { return appendJSON(LogRedaction.mark) }
            switch value {
            case .text(let text): appendJSON(text)
            case .int(let number): appendDecimal(number)
            case .microseconds(let number): appendThousandths(number)
            }
        }
    }

    private mutating func appendJSON(
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

// MARK: - Scalars

/// What a `CustomStringConvertible` in metadata is, where JSON and OTLP have a kind for it.
enum MetadataScalar {
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case text(String)

    init(_ fact: LogFact.Value) {
        switch fact {
        case .text(let text): self = .text(text)
        case .int(let number): self = .int(number)
        case .microseconds(let number): self = .double(Double(number) / 1_000)
        }
    }

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
