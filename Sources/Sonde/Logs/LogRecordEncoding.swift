// SPDX-License-Identifier: Apache-2.0
// One log record as OTLP's LogRecord message, drawn in Wire's OTLPEncoder+Logs.swift.

import Logging
import SondeModel
import SondeWire

extension EntryBuffer {
    /// The fields of a `LogRecord`.
    mutating func log(_ line: LogLine, _ rules: LogRules) {
        fixed64(line.time, field: 1)
        varint(line.level.severityNumber, field: 2)
        string(line.level.rawValue, field: 3)
        message(field: 5) { $0.string(line.message, field: 1) }
        let kept = min(line.fields.count, max(0, rules.limits.attributeCount))
        for position in 0..<kept {
            let (key, value) = line.fields[position]
            attribute(key, value, rules)
        }
        if kept < line.fields.count { varint(UInt64(line.fields.count - kept), field: 7) }
        if let trace = line.trace {
            fixed32(UInt32(trace.flags.rawValue), field: 8)
            traceID(trace.traceID, field: 9)
            spanID(trace.spanID, field: 10)
        }
        fixed64(line.time, field: 11)
    }

    @inline(__always)
    private mutating func attribute(_ key: String, _ value: LogFieldValue, _ rules: LogRules) {
        switch value {
        case .metadata(let value): attribute(key, value, field: 6, depth: 0, rules)
        case .fact(let fact):
            let shown = rules.redaction.hides(key, value) ? .text(LogRedaction.mark) : MetadataScalar(fact)
            key.withBytes { attribute($0, shown, field: 6, rules) }
        }
    }

    /// One entry of metadata as a `KeyValue`.
    private mutating func attribute(
        _ key: String, _ value: Logger.MetadataValue, field: Int, depth: Int, _ rules: LogRules
    ) {
        let isHidden = rules.redaction.hides(key, value)
        key.withBytes { key in
            switch value {
            case _ where isHidden: LogRedaction.mark.withBytes { attribute(key, text: $0, field: field) }
            case .string(let text): attribute(key, MetadataScalar.text(text), field: field, rules)
            case .stringConvertible(let scalar): attribute(key, MetadataScalar(scalar), field: field, rules)
            case .dictionary, .array:
                message(field: field) { buffer in
                    buffer.string(key, field: 1)
                    buffer.message(field: 2) { $0.value(value, depth: depth, rules) }
                }
            }
        }
    }

    @inline(__always)
    private mutating func attribute(
        _ key: UnsafeBufferPointer<UInt8>, _ value: MetadataScalar, field: Int, _ rules: LogRules
    ) {
        switch value {
        case .bool(let flag): attribute(key, bool: flag, field: field)
        case .int(let number): attribute(key, int: number, field: field)
        case .double(let number): attribute(key, double: number, field: field)
        case .text(let text): rules.limits.cut(text).withBytes { attribute(key, text: $0, field: field) }
        }
    }

    /// The fields of an `AnyValue`.
    private mutating func value(_ value: Logger.MetadataValue, depth: Int, _ rules: LogRules) {
        switch value {
        case .string(let text): string(rules.limits.cut(text), field: 1)
        case .stringConvertible(let convertible): scalar(MetadataScalar(convertible), rules)
        case .dictionary where depth >= Limits.metadataDepth, .array where depth >= Limits.metadataDepth:
            string(Limits.metadataBelow, field: 1)
        case .dictionary(let entries):
            message(field: 6) { buffer in
                for (key, value) in entries.sorted(by: { $0.key < $1.key }) {
                    buffer.attribute(key, value, field: 1, depth: depth + 1, rules)
                }
            }
        case .array(let values):
            message(field: 5) { buffer in
                for value in values {
                    buffer.message(field: 1) { $0.element(value, depth: depth + 1, rules) }
                }
            }
        }
    }

    /// Elements have no key of their own; a key that is hidden has hidden them all.
    private mutating func element(_ value: Logger.MetadataValue, depth: Int, _ rules: LogRules) {
        if rules.redaction.hides("", value) {
            string(LogRedaction.mark, field: 1)
        } else {
            self.value(value, depth: depth, rules)
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
    func cut(_ text: String) -> String {
        guard let attributeValueLength, text.utf8.count > attributeValueLength else { return text }
        return String(text.prefix(max(0, attributeValueLength)))
    }
}
