// SPDX-License-Identifier: Apache-2.0
// OTLP protobuf in: a received body becomes a batch, which is the body itself plus a flat index of what lies where.
// One pass over the bytes, no object per span. Everything that a batch's `records()` will read is walked here, so that
// a decoded batch can be read without errors.
//
//   ExportTraceServiceRequest { 1 ResourceSpans { 1 Resource, 2 ScopeSpans { 1 scope, 2 Span, 3 url }, 3 url } }
//   ExportLogsServiceRequest  { 1 ResourceLogs  { 1 Resource, 2 ScopeLogs  { 1 scope, 2 LogRecord, 3 url }, 3 url } }
//
// https://github.com/open-telemetry/opentelemetry-proto/tree/v1.10.0/opentelemetry/proto

package import SondeModel

/// A body that cannot be read at all, as one sentence: what, where, what was expected.
package struct DecodeError: Error, Hashable, Sendable, CustomStringConvertible {
    /// For example `cannot decode OTLP body: field 2 at byte 812 runs past the end`.
    package var message: String

    package init(message: String) { self.message = message }

    init(_ error: MalformedProtobuf) { self.init(message: "cannot decode OTLP body: \(error.reason)") }

    package var description: String { message }
}

/// What a body held: the batch, and how much of it was refused.
package struct DecodedBatch<Entry: Sendable>: Sendable {
    package var batch: Batch<Entry>
    /// Spans (log records) left out because they are invalid by themselves; the sender is told.
    package var rejectedCount: Int
    /// Which was the first of them and what is wrong with it; nil if there is none.
    package var rejectionReason: String?

    package init(batch: Batch<Entry>, rejectedCount: Int = 0, rejectionReason: String? = nil) {
        self.batch = batch
        self.rejectedCount = rejectedCount
        self.rejectionReason = rejectionReason
    }
}

/// Reads OTLP's three export requests.
///
/// - The bytes of a decoded batch follow the wire format as deep as `records()` reads: that MUST NOT throw.
/// - A span whose ids are invalid, or whose attributes nest deeper than ``ProtobufReader/maxValueDepth``, costs only
///   itself: it is left out and counted. So does a log record; its ids may be empty.
/// - Bytes that break the wire format, and known fields of another wire type, cost the whole body: ``DecodeError``.
/// - Fields that occur twice where one is expected: the last wins (of a status: the last of each part). Numbers that
///   an enumeration does not know (kind, status code, severity) read as 0, "unspecified".
/// - Nothing in the bytes makes it crash, recurse without bound, or allocate more than a small multiple of their size.
package enum OTLPDecoder {
    /// The spans of an `ExportTraceServiceRequest` (or `TracesData`, which has the same layout).
    package static func traces(_ bytes: [UInt8]) throws(DecodeError) -> DecodedBatch<SpanEntry> {
        try decode(bytes)
    }

    /// The records of an `ExportLogsServiceRequest` (or `LogsData`, which has the same layout).
    package static func logs(_ bytes: [UInt8]) throws(DecodeError) -> DecodedBatch<LogEntry> {
        try decode(bytes)
    }

    /// The number of data points in an `ExportMetricsServiceRequest`; their contents are not looked at.
    package static func metricDataPointCount(_ bytes: [UInt8]) throws(DecodeError) -> Int {
        try walk(bytes) { base, range throws(MalformedProtobuf) in
            try MetricsWalk.count(base: base, range: range, level: 0)
        } ?? 0
    }

    /// `badID` is what a transcoder found wrong with an id that had another form before.
    static func decode<Item: OTLPItem>(
        _ bytes: [UInt8], badID: OTLPBadID? = nil
    ) throws(DecodeError) -> DecodedBatch<Item> {
        let envelope = try walk(bytes) { base, range throws(MalformedProtobuf) in
            var envelope = OTLPEnvelope<Item>(base: base, reservingItems: range.count / Limits.typicalItemSize)
            envelope.badID = badID
            try envelope.readRequest(range)
            return envelope
        }
        guard let envelope else { return DecodedBatch(batch: Batch(bytes: [], entries: [], resources: [], scopes: [])) }
        let batch = Batch(
            bytes: bytes, entries: envelope.items, resources: envelope.resources, scopes: envelope.scopes)
        return DecodedBatch(
            batch: batch, rejectedCount: envelope.rejectedCount, rejectionReason: envelope.rejectionReason)
    }

    /// Calls `body` with the address of the bytes; nil for no bytes, which have none.
    private static func walk<R>(
        _ bytes: [UInt8], _ body: (UnsafePointer<UInt8>, Range<Int>) throws(MalformedProtobuf) -> R
    ) throws(DecodeError) -> R? {
        guard bytes.count <= Limits.maxBodySize else {
            throw DecodeError(
                message: "cannot decode OTLP body: it has \(bytes.count) bytes, the limit is \(Limits.maxBodySize)")
        }
        do throws(MalformedProtobuf) {
            return try bytes.withUnsafeBufferPointer { buffer throws(MalformedProtobuf) in
                guard let base = buffer.baseAddress, !buffer.isEmpty else { return nil }
                return try body(base, 0..<buffer.count)
            }
        } catch {
            throw DecodeError(error)
        }
    }
}

/// Walks down to data points: request ▸ ResourceMetrics ▸ ScopeMetrics ▸ Metric ▸ Gauge, Sum, Histogram… ▸ points.
private enum MetricsWalk {
    static func count(
        base: UnsafePointer<UInt8>, range: Range<Int>, level: Int
    ) throws(MalformedProtobuf) -> Int {
        var reader = ProtobufReader(base: base, range: range)
        var count = 0
        while try reader.next() {
            guard leadsOn(field: reader.field, level: level) else { continue }
            let inner = try reader.readRange()
            count +=
                level == 4
                ? 1
                : try Self.count(
                    base: base, range: inner.lowerBound..<inner.upperBound, level: level + 1)
        }
        return count
    }

    private static func leadsOn(field: Int, level: Int) -> Bool {
        switch level {
        case 0, 4: field == 1
        case 1, 2: field == 2
        default: [5, 7, 9, 10, 11].contains(field)
        }
    }
}
