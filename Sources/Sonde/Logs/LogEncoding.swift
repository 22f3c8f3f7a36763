// SPDX-License-Identifier: Apache-2.0
// A log record as a JSON line and as OTLP's LogRecord message (drawn in Wire's OTLPEncoder+Logs.swift).

import Logging
import SondeModel
import SondeWire

extension JSONWriter {
    mutating func logLine(_ line: LogLine, serviceName: String) {
        beginObject()
        key("time")
        string(RFC3339.text(line.time))
        key("level")
        string(line.level.rawValue)
        key("message")
        string(line.message)
        key("logger")
        string(line.label)
        key("service.name")
        string(serviceName)
        if let trace = line.trace {
            key("trace_id")
            string(trace.traceID.hex)
            key("span_id")
            string(trace.spanID.hex)
        }
        if !line.attributes.isEmpty {
            key("attributes")
            beginObject()
            for (name, value) in line.attributes {
                key(name)
                self.value(value, depth: 0)
            }
            endObject()
        }
        endObject()
        newline()
    }

    private mutating func value(_ value: Logger.MetadataValue, depth: Int) {
        switch value {
        case .dictionary(let entries) where depth < Limits.metadataDepth:
            beginObject()
            for (name, value) in entries.sorted(by: { $0.key < $1.key }) {
                key(name)
                self.value(value, depth: depth + 1)
            }
            endObject()
        case .array(let values) where depth < Limits.metadataDepth:
            beginArray()
            for value in values { self.value(value, depth: depth + 1) }
            endArray()
        default: scalar(value)
        }
    }

    /// Numbers and truth values keep their kind where the caller gave one (`.stringConvertible(42)`).
    private mutating func scalar(_ value: Logger.MetadataValue) {
        guard case .stringConvertible(let convertible) = value else { return string(value.description) }
        switch MetadataScalar(convertible) {
        case .bool(let flag): bool(flag)
        case .int(let number): int(number)
        case .double(let number): double(number)
        case .text(let text): string(text)
        }
    }
}

extension ProtobufWriter {
    /// The fields of a `LogRecord`.
    mutating func log(_ line: LogLine) {
        fixed64(line.time.nanoseconds, field: 1)
        varint(line.level.severityNumber, field: 2)
        string(line.level.rawValue, field: 3)
        message(field: 5) { $0.string(line.message, field: 1) }
        for (key, value) in line.attributes { metadata(key, value, field: 6, depth: 0) }
        if let trace = line.trace {
            fixed32(UInt32(trace.flags.rawValue), field: 8)
            traceID(trace.traceID, field: 9)
            spanID(trace.spanID, field: 10)
        }
        fixed64(line.time.nanoseconds, field: 11)
    }

    private mutating func metadata(_ key: String, _ value: Logger.MetadataValue, field: Int, depth: Int) {
        message(field: field) { writer in
            writer.string(key, field: 1)
            writer.message(field: 2) { $0.metadata(value, depth: depth) }
        }
    }

    private mutating func metadata(_ value: Logger.MetadataValue, depth: Int) {
        switch value {
        case .dictionary(let entries) where depth < Limits.metadataDepth:
            message(field: 6) { writer in
                for (key, value) in entries.sorted(by: { $0.key < $1.key }) {
                    writer.metadata(key, value, field: 1, depth: depth + 1)
                }
            }
        case .array(let values) where depth < Limits.metadataDepth:
            message(field: 5) { writer in
                for value in values { writer.message(field: 1) { $0.metadata(value, depth: depth + 1) } }
            }
        case .stringConvertible(let convertible):
            switch MetadataScalar(convertible) {
            case .bool(let flag): varint(flag ? 1 : 0, field: 2)
            case .int(let number): varint(UInt64(bitPattern: number), field: 3)
            case .double(let number): fixed64(number.bitPattern, field: 4)
            case .text(let text): string(text, field: 1)
            }
        default: string(value.description, field: 1)
        }
    }
}

/// What a `CustomStringConvertible` in metadata is, where JSON and OTLP have a kind for it.
private enum MetadataScalar {
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case text(String)

    init(_ value: any CustomStringConvertible) {
        switch value {
        case let flag as Bool: self = .bool(flag)
        case let number as Int: self = .int(Int64(number))
        case let number as any FixedWidthInteger: self = Int64(exactly: number).map { .int($0) } ?? .text("\(number)")
        case let number as Double: self = .double(number)
        case let number as Float: self = .double(Double(number))
        default: self = .text(value.description)
        }
    }
}
