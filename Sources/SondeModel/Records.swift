// SPDX-License-Identifier: Apache-2.0
// The stored facts: a span and a log record with everything that surrounds them. They come to be only when someone
// reads; on the way in a batch stays bytes (see Batch.swift).

/// What produced the telemetry: OTLP's `Resource`, plus the schema URL of its envelope.
package struct Resource: Hashable, Sendable {
    package var attributes: [Attribute]
    package var droppedAttributesCount: UInt32
    package var schemaURL: String
    /// Fields of the `Resource` message that this version does not know, tags included, in order of arrival.
    package var unknownFields: [UInt8]

    package init(
        attributes: [Attribute] = [], droppedAttributesCount: UInt32 = 0, schemaURL: String = "",
        unknownFields: [UInt8] = []
    ) {
        self.attributes = attributes
        self.droppedAttributesCount = droppedAttributesCount
        self.schemaURL = schemaURL
        self.unknownFields = unknownFields
    }

    /// Stands for a missing or empty `service.name`, as the resource conventions of OpenTelemetry spell it.
    package static let unknownService = "unknown_service"

    /// `service.name`, or ``unknownService`` where the sender gave none.
    package var serviceName: String {
        if case .string(let name)? = attributes["service.name"], !name.isEmpty { return name }
        return Self.unknownService
    }
}

/// Which library made the telemetry: OTLP's `InstrumentationScope`, plus the schema URL of its envelope.
package struct InstrumentationScope: Hashable, Sendable {
    package var name: String
    package var version: String
    package var attributes: [Attribute]
    package var droppedAttributesCount: UInt32
    package var schemaURL: String
    /// Fields of the message that this version does not know, as in ``Resource``.
    package var unknownFields: [UInt8]

    package init(
        name: String = "", version: String = "", attributes: [Attribute] = [], droppedAttributesCount: UInt32 = 0,
        schemaURL: String = "", unknownFields: [UInt8] = []
    ) {
        self.name = name
        self.version = version
        self.attributes = attributes
        self.droppedAttributesCount = droppedAttributesCount
        self.schemaURL = schemaURL
        self.unknownFields = unknownFields
    }
}

/// OTLP's `Span.SpanKind`; the raw value is the number on the wire.
package enum SpanKind: UInt8, Hashable, Sendable, CaseIterable {
    case unspecified, `internal`, server, client, producer, consumer

    /// The lower-case word used by APIs and on screens.
    package var name: String {
        switch self {
        case .unspecified: "unspecified"
        case .internal: "internal"
        case .server: "server"
        case .client: "client"
        case .producer: "producer"
        case .consumer: "consumer"
        }
    }

    package init?(name: some StringProtocol) {
        guard let kind = Self.allCases.first(where: { $0.name == name.lowercased() }) else { return nil }
        self = kind
    }
}

/// OTLP's `Status.StatusCode`; the raw value is the number on the wire.
package enum StatusCode: UInt8, Hashable, Sendable, CaseIterable {
    case unset, ok, error

    /// The lower-case word used by APIs and on screens.
    package var name: String {
        switch self {
        case .unset: "unset"
        case .ok: "ok"
        case .error: "error"
        }
    }

    package init?(name: some StringProtocol) {
        guard let code = Self.allCases.first(where: { $0.name == name.lowercased() }) else { return nil }
        self = code
    }
}

/// OTLP's `Status`.
package struct SpanStatus: Hashable, Sendable {
    package var code: StatusCode
    package var message: String

    package init(code: StatusCode = .unset, message: String = "") {
        self.code = code
        self.message = message
    }
}

/// OTLP's `Span.Event`.
package struct SpanEvent: Hashable, Sendable {
    package var time: Timestamp
    package var name: String
    package var attributes: [Attribute]
    package var droppedAttributesCount: UInt32
    /// Fields of the message that this version does not know, as in ``Resource``.
    package var unknownFields: [UInt8]

    package init(
        time: Timestamp, name: String, attributes: [Attribute] = [], droppedAttributesCount: UInt32 = 0,
        unknownFields: [UInt8] = []
    ) {
        self.time = time
        self.name = name
        self.attributes = attributes
        self.droppedAttributesCount = droppedAttributesCount
        self.unknownFields = unknownFields
    }
}

/// OTLP's `Span.Link`.
package struct SpanLink: Hashable, Sendable {
    package var traceID: TraceID
    package var spanID: SpanID
    package var traceState: String
    package var attributes: [Attribute]
    package var droppedAttributesCount: UInt32
    /// W3C trace flags in bits 0 to 7, `has_is_remote` and `is_remote` in bits 8 and 9.
    package var flags: UInt32
    /// Fields of the message that this version does not know, as in ``Resource``.
    package var unknownFields: [UInt8]

    package init(
        traceID: TraceID, spanID: SpanID, traceState: String = "", attributes: [Attribute] = [],
        droppedAttributesCount: UInt32 = 0, flags: UInt32 = 0, unknownFields: [UInt8] = []
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.traceState = traceState
        self.attributes = attributes
        self.droppedAttributesCount = droppedAttributesCount
        self.flags = flags
        self.unknownFields = unknownFields
    }
}

/// One span with its resource and scope: OTLP's `Span`, in full.
package struct SpanRecord: Hashable, Sendable {
    package var traceID: TraceID
    package var spanID: SpanID
    /// ``SpanID/zero`` for a root.
    package var parentSpanID: SpanID
    package var name: String
    package var kind: SpanKind
    package var start: Timestamp
    package var end: Timestamp
    package var status: SpanStatus
    package var attributes: [Attribute]
    package var events: [SpanEvent]
    package var links: [SpanLink]
    package var traceState: String
    /// W3C trace flags in bits 0 to 7, `has_is_remote` and `is_remote` in bits 8 and 9.
    package var flags: UInt32
    package var droppedAttributesCount: UInt32
    package var droppedEventsCount: UInt32
    package var droppedLinksCount: UInt32
    package var resource: Resource
    package var scope: InstrumentationScope
    /// Fields of the `Span` message that this version does not know, tags included, in order of arrival.
    package var unknownFields: [UInt8]

    package init(
        traceID: TraceID, spanID: SpanID, parentSpanID: SpanID = .zero, name: String, kind: SpanKind = .internal,
        start: Timestamp, end: Timestamp, status: SpanStatus = SpanStatus(), attributes: [Attribute] = [],
        events: [SpanEvent] = [], links: [SpanLink] = [], traceState: String = "", flags: UInt32 = 0,
        droppedAttributesCount: UInt32 = 0, droppedEventsCount: UInt32 = 0, droppedLinksCount: UInt32 = 0,
        resource: Resource = Resource(), scope: InstrumentationScope = InstrumentationScope(),
        unknownFields: [UInt8] = []
    ) {
        self.traceID = traceID
        self.spanID = spanID
        self.parentSpanID = parentSpanID
        self.name = name
        self.kind = kind
        self.start = start
        self.end = end
        self.status = status
        self.attributes = attributes
        self.events = events
        self.links = links
        self.traceState = traceState
        self.flags = flags
        self.droppedAttributesCount = droppedAttributesCount
        self.droppedEventsCount = droppedEventsCount
        self.droppedLinksCount = droppedLinksCount
        self.resource = resource
        self.scope = scope
        self.unknownFields = unknownFields
    }

    /// Nanoseconds from start to end; zero for an unfinished span or one that ends before it starts.
    package var durationNanoseconds: UInt64 { start.nanoseconds(until: end) }

    /// The attribute by which a sender marks a span that has begun and not ended (its end time is then 0).
    package static let unfinishedKey = "sonde.span.unfinished"

    /// Whether the span has begun and not ended: end time 0 and ``unfinishedKey`` true.
    package var isUnfinished: Bool { end == .zero && attributes[Self.unfinishedKey] == .bool(true) }

    package var isError: Bool { status.code == .error }
}

/// One log record with its resource and scope: OTLP's `LogRecord`, in full.
package struct LogRecord: Hashable, Sendable {
    /// When it happened; zero if the source did not say.
    package var time: Timestamp
    /// When the collecting side saw it; zero if nobody said.
    package var observedTime: Timestamp
    /// 1 (trace) to 24 (fatal4), 0 for unspecified.
    package var severityNumber: UInt8
    package var severityText: String
    package var body: AttributeValue
    package var eventName: String
    package var attributes: [Attribute]
    package var droppedAttributesCount: UInt32
    /// W3C trace flags in bits 0 to 7.
    package var flags: UInt32
    /// ``TraceID/zero`` without a trace.
    package var traceID: TraceID
    /// ``SpanID/zero`` without a span.
    package var spanID: SpanID
    package var resource: Resource
    package var scope: InstrumentationScope

    package init(
        time: Timestamp, observedTime: Timestamp = .zero, severityNumber: UInt8 = 0, severityText: String = "",
        body: AttributeValue = .empty, eventName: String = "", attributes: [Attribute] = [],
        droppedAttributesCount: UInt32 = 0, flags: UInt32 = 0, traceID: TraceID = .zero, spanID: SpanID = .zero,
        resource: Resource = Resource(), scope: InstrumentationScope = InstrumentationScope()
    ) {
        self.time = time
        self.observedTime = observedTime
        self.severityNumber = severityNumber
        self.severityText = severityText
        self.body = body
        self.eventName = eventName
        self.attributes = attributes
        self.droppedAttributesCount = droppedAttributesCount
        self.flags = flags
        self.traceID = traceID
        self.spanID = spanID
        self.resource = resource
        self.scope = scope
    }

    /// The moment by which logs are ordered and searched: ``time``, else ``observedTime``.
    package var effectiveTime: Timestamp { time == .zero ? observedTime : time }
}

/// The six ranges of OTLP's severity numbers, by the short names of the log data model.
package enum LogLevel: UInt8, Hashable, Sendable, CaseIterable, Comparable {
    case trace = 1
    case debug = 5
    case info = 9
    case warn = 13
    case error = 17
    case fatal = 21

    package static func < (a: LogLevel, b: LogLevel) -> Bool { a.rawValue < b.rawValue }

    package var name: String {
        switch self {
        case .trace: "trace"
        case .debug: "debug"
        case .info: "info"
        case .warn: "warn"
        case .error: "error"
        case .fatal: "fatal"
        }
    }

    /// Accepts the names of OpenTelemetry and of swift-log (`warning`, `notice`, `critical`) in any case.
    package init?(name: some StringProtocol) {
        switch name.lowercased() {
        case "trace": self = .trace
        case "debug": self = .debug
        case "info", "notice": self = .info
        case "warn", "warning": self = .warn
        case "error": self = .error
        case "fatal", "critical": self = .fatal
        default: return nil
        }
    }

    /// The range that a severity number falls in; nil for 0 (unspecified) and numbers above 24.
    package init?(severityNumber: UInt8) {
        guard (1...24).contains(severityNumber) else { return nil }
        self.init(rawValue: (severityNumber - 1) / 4 * 4 + 1)
    }
}
