// SPDX-License-Identifier: Apache-2.0
// What arrived together: the received OTLP bytes, and a flat index of what was found in them. There is no object per
// span and no dictionary per attribute on the way in; records are read out of the bytes only when someone asks.
//
//   bytes      ExportTraceServiceRequest / ExportLogsServiceRequest, inflated
//   resources  ┐
//   scopes     ├ places in the bytes
//   entries    ┘ one a span (log record), in order of arrival, pointing at its resource and scope

/// A batch of spans or of log records. Immutable; copies share the bytes.
package struct Batch<Entry: Sendable>: Sendable {
    package let bytes: [UInt8]
    package let entries: [Entry]
    package let resources: [ResourceEntry]
    package let scopes: [ScopeEntry]

    package init(bytes: [UInt8], entries: [Entry], resources: [ResourceEntry], scopes: [ScopeEntry]) {
        self.bytes = bytes
        self.entries = entries
        self.resources = resources
        self.scopes = scopes
    }

    package var isEmpty: Bool { entries.isEmpty }
    package var count: Int { entries.count }

    /// The text at `range`; invalid UTF-8 is repaired with U+FFFD.
    package func text(_ range: ByteRange) -> String {
        bytes.withUnsafeBufferPointer { buffer in
            String(decoding: buffer[range.lowerBound..<range.upperBound], as: UTF8.self)
        }
    }

    /// The same batch with only the entries that `isIncluded` accepts; the bytes are shared.
    package func filter(_ isIncluded: (Entry) -> Bool) -> Batch {
        Batch(bytes: bytes, entries: entries.filter(isIncluded), resources: resources, scopes: scopes)
    }
}

package typealias SpanBatch = Batch<SpanEntry>
package typealias LogBatch = Batch<LogEntry>

/// Where a resource lies in the bytes.
package struct ResourceEntry: Hashable, Sendable {
    /// The `Resource` message; empty if the envelope had none.
    package var body: ByteRange
    /// The string value of the first `service.name`; empty if missing, empty or not a string.
    package var serviceName: ByteRange
    package var schemaURL: ByteRange

    package init(body: ByteRange = .empty, serviceName: ByteRange = .empty, schemaURL: ByteRange = .empty) {
        self.body = body
        self.serviceName = serviceName
        self.schemaURL = schemaURL
    }
}

/// Where an instrumentation scope lies in the bytes.
package struct ScopeEntry: Hashable, Sendable {
    /// The `InstrumentationScope` message; empty if the envelope had none.
    package var body: ByteRange
    package var schemaURL: ByteRange

    package init(body: ByteRange = .empty, schemaURL: ByteRange = .empty) {
        self.body = body
        self.schemaURL = schemaURL
    }
}

/// One span of a batch: what stores sort and search by as values, the rest as places in the bytes.
package struct SpanEntry: Sendable {
    package var traceID = TraceID.zero
    package var spanID = SpanID.zero
    /// ``SpanID/zero`` for a root.
    package var parentSpanID = SpanID.zero
    package var start = Timestamp.zero
    package var end = Timestamp.zero
    /// The whole `Span` message.
    package var body = ByteRange.empty
    package var name = ByteRange.empty
    package var statusMessage = ByteRange.empty
    package var traceState = ByteRange.empty
    /// The smallest stretch that holds all attribute fields (number 9), tags included; other fields may lie between.
    package var attributes = ByteRange.empty
    package var attributeCount: UInt32 = 0
    package var eventCount: UInt32 = 0
    package var linkCount: UInt32 = 0
    package var flags: UInt32 = 0
    package var droppedAttributesCount: UInt32 = 0
    package var droppedEventsCount: UInt32 = 0
    package var droppedLinksCount: UInt32 = 0
    /// Index into the batch's resources.
    package var resource: UInt32 = 0
    /// Index into the batch's scopes.
    package var scope: UInt32 = 0
    package var kind = SpanKind.unspecified
    package var status = StatusCode.unset
    /// Whether the message has fields that this version does not know.
    package var hasUnknownFields = false

    @inlinable
    package init() {}
}

/// One log record of a batch.
package struct LogEntry: Sendable {
    package var traceID = TraceID.zero
    package var spanID = SpanID.zero
    package var time = Timestamp.zero
    package var observedTime = Timestamp.zero
    /// The whole `LogRecord` message.
    package var message = ByteRange.empty
    package var severityText = ByteRange.empty
    /// The `AnyValue` message of the body.
    package var body = ByteRange.empty
    package var eventName = ByteRange.empty
    /// The smallest stretch that holds all attribute fields (number 6), tags included; other fields may lie between.
    package var attributes = ByteRange.empty
    package var attributeCount: UInt32 = 0
    package var flags: UInt32 = 0
    package var droppedAttributesCount: UInt32 = 0
    package var resource: UInt32 = 0
    package var scope: UInt32 = 0
    package var severityNumber: UInt8 = 0

    @inlinable
    package init() {}
}
