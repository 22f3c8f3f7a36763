// SPDX-License-Identifier: Apache-2.0
// OTLP's messages as a table: the JSON name of each field, its number in protobuf and how its value is written.
//
// https://github.com/open-telemetry/opentelemetry-proto (1.11.0)

/// The messages that are transcoded; the raw value is the place in ``OTLPJSONSchema``.
enum OTLPJSONMessage: UInt8, CaseIterable {
    case traces, resourceSpans, scopeSpans, span, event, link, status
    case logs, resourceLogs, scopeLogs, logRecord
    case resource, scope, keyValue, anyValue, arrayValue, keyValueList
}

/// How the value of a field is written in JSON and in protobuf.
enum OTLPJSONType {
    case string, bytes, bool, double
    case int64, uint32, fixed64, fixed32
    case kind, statusCode, severity
    case traceID, spanID, parentSpanID
    case message(OTLPJSONMessage)
    case list(OTLPJSONMessage)
}

struct OTLPJSONField {
    let text: StaticString
    let name: JSONName
    let number: Int
    let type: OTLPJSONType

    init(_ text: StaticString, _ number: Int, _ type: OTLPJSONType) {
        self.text = text
        self.name = JSONName(text)
        self.number = number
        self.type = type
    }
}

/// A name of up to 24 bytes, padded with zeros, so that three comparisons tell it from every other.
struct JSONName: Hashable, Sendable {
    static let maxSize = 24
    private var first: UInt64 = 0
    private var second: UInt64 = 0
    private var third: UInt64 = 0

    init(_ text: StaticString) {
        self.init(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// The first 24 of `bytes`.
    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        for (index, byte) in bytes.prefix(Self.maxSize).enumerated() {
            let bits = UInt64(byte) << UInt64(index % 8 * 8)
            switch index / 8 {
            case 0: first |= bits
            case 1: second |= bits
            default: third |= bits
            }
        }
    }

    /// `count` bytes, at most 24, where at least 24 may be read.
    @inline(__always)
    init(at start: UnsafePointer<UInt8>, count: Int) {
        let raw = UnsafeRawPointer(start)
        first = Self.word(raw, count)
        second = Self.word(raw + 8, count - 8)
        third = Self.word(raw + 16, count - 16)
    }

    @inline(__always)
    private static func word(_ start: UnsafeRawPointer, _ count: Int) -> UInt64 {
        guard count > 0 else { return 0 }
        let word = UInt64(littleEndian: start.loadUnaligned(as: UInt64.self))
        return count < 8 ? word & ((1 << UInt64(count * 8)) - 1) : word
    }
}

/// All fields in one list, and where those of each message lie.
struct OTLPJSONSchema: Sendable {
    let fields: [OTLPJSONField]
    let ranges: [Range<Int>]

    static let shared = OTLPJSONSchema()

    private init() {
        var fields: [OTLPJSONField] = []
        var ranges: [Range<Int>] = []
        for message in OTLPJSONMessage.allCases {
            let start = fields.count
            fields += Self.fields(of: message)
            ranges.append(start..<fields.count)
        }
        self.fields = fields
        self.ranges = ranges
    }

    private static func fields(of message: OTLPJSONMessage) -> [OTLPJSONField] {
        switch message {
        case .traces: [.init("resourceSpans", 1, .list(.resourceSpans))]
        case .logs: [.init("resourceLogs", 1, .list(.resourceLogs))]
        case .resourceSpans: envelope("resource", .resource, "scopeSpans", .scopeSpans)
        case .resourceLogs: envelope("resource", .resource, "scopeLogs", .scopeLogs)
        case .scopeSpans: envelope("scope", .scope, "spans", .span)
        case .scopeLogs: envelope("scope", .scope, "logRecords", .logRecord)
        case .span: span
        case .event: event
        case .link: link
        case .status: [.init("message", 2, .string), .init("code", 3, .statusCode)]
        case .logRecord: logRecord
        case .resource: [.init("attributes", 1, .list(.keyValue)), .init("droppedAttributesCount", 2, .uint32)]
        case .scope: scope
        case .keyValue: [.init("key", 1, .string), .init("value", 2, .message(.anyValue))]
        case .anyValue: anyValue
        case .arrayValue: [.init("values", 1, .list(.anyValue))]
        case .keyValueList: [.init("values", 1, .list(.keyValue))]
        }
    }

    private static func envelope(
        _ shared: StaticString, _ sharedMessage: OTLPJSONMessage, _ items: StaticString, _ item: OTLPJSONMessage
    ) -> [OTLPJSONField] {
        [.init(shared, 1, .message(sharedMessage)), .init(items, 2, .list(item)), .init("schemaUrl", 3, .string)]
    }

    private static var span: [OTLPJSONField] {
        [
            .init("traceId", 1, .traceID), .init("spanId", 2, .spanID), .init("traceState", 3, .string),
            .init("parentSpanId", 4, .parentSpanID), .init("name", 5, .string), .init("kind", 6, .kind),
            .init("startTimeUnixNano", 7, .fixed64), .init("endTimeUnixNano", 8, .fixed64),
            .init("attributes", 9, .list(.keyValue)), .init("droppedAttributesCount", 10, .uint32),
            .init("events", 11, .list(.event)), .init("droppedEventsCount", 12, .uint32),
            .init("links", 13, .list(.link)), .init("droppedLinksCount", 14, .uint32),
            .init("status", 15, .message(.status)), .init("flags", 16, .fixed32),
        ]
    }

    private static var event: [OTLPJSONField] {
        [
            .init("timeUnixNano", 1, .fixed64), .init("name", 2, .string), .init("attributes", 3, .list(.keyValue)),
            .init("droppedAttributesCount", 4, .uint32),
        ]
    }

    private static var link: [OTLPJSONField] {
        [
            .init("traceId", 1, .traceID), .init("spanId", 2, .spanID), .init("traceState", 3, .string),
            .init("attributes", 4, .list(.keyValue)), .init("droppedAttributesCount", 5, .uint32),
            .init("flags", 6, .fixed32),
        ]
    }

    private static var logRecord: [OTLPJSONField] {
        [
            .init("timeUnixNano", 1, .fixed64), .init("severityNumber", 2, .severity),
            .init("severityText", 3, .string), .init("body", 5, .message(.anyValue)),
            .init("attributes", 6, .list(.keyValue)), .init("droppedAttributesCount", 7, .uint32),
            .init("flags", 8, .fixed32), .init("traceId", 9, .traceID), .init("spanId", 10, .spanID),
            .init("observedTimeUnixNano", 11, .fixed64), .init("eventName", 12, .string),
        ]
    }

    private static var scope: [OTLPJSONField] {
        [
            .init("name", 1, .string), .init("version", 2, .string), .init("attributes", 3, .list(.keyValue)),
            .init("droppedAttributesCount", 4, .uint32),
        ]
    }

    private static var anyValue: [OTLPJSONField] {
        [
            .init("stringValue", 1, .string), .init("boolValue", 2, .bool), .init("intValue", 3, .int64),
            .init("doubleValue", 4, .double), .init("arrayValue", 5, .message(.arrayValue)),
            .init("kvlistValue", 6, .message(.keyValueList)), .init("bytesValue", 7, .bytes),
        ]
    }
}
