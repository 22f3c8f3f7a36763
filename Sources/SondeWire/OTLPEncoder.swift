// SPDX-License-Identifier: Apache-2.0
// Records to OTLP protobuf. What the decoder reads back from these bytes equals the records that went in, unknown
// fields included. The messages of each signal are in OTLPEncoder+Spans.swift and OTLPEncoder+Logs.swift.
//
//   TracesData / LogsData { 1 repeated ResourceSpans / ResourceLogs {
//       1 Resource { 1 repeated KeyValue, 2 dropped }
//       2 repeated ScopeSpans / ScopeLogs { 1 InstrumentationScope, 2 repeated Span / LogRecord, 3 schema_url }
//       3 schema_url } }
//
// https://github.com/open-telemetry/opentelemetry-proto (1.11.0)

package import SondeModel

/// Encodes records as OTLP protobuf.
package enum OTLPEncoder {
    /// An `ExportTraceServiceRequest` (which is also a `TracesData`). Order is kept; neighbours of equal resource and
    /// scope share one envelope.
    package static func traces(_ spans: [SpanRecord]) -> [UInt8] {
        var writer = ProtobufWriter(reservingCapacity: spans.count * 256)
        envelopes(spans, resource: \.resource, scope: \.scope, into: &writer) { span, writer in
            writer.message(field: 2) { self.span(span, into: &$0) }
        }
        return writer.bytes
    }

    /// An `ExportLogsServiceRequest` (which is also a `LogsData`). Order is kept; neighbours of equal resource and
    /// scope share one envelope.
    package static func logs(_ logs: [LogRecord]) -> [UInt8] {
        var writer = ProtobufWriter(reservingCapacity: logs.count * 128)
        envelopes(logs, resource: \.resource, scope: \.scope, into: &writer) { log, writer in
            writer.message(field: 2) { self.log(log, into: &$0) }
        }
        return writer.bytes
    }

    /// One envelope for entries that are already encoded: each as field 2 of `ScopeSpans` or `ScopeLogs`, tag and
    /// length included. This is how an exporter sends what it encoded one by one.
    package static func envelope(
        resource: Resource, parts: [(scope: InstrumentationScope, encodedEntries: [UInt8])]
    ) -> [UInt8] {
        let around = envelope(resource: resource, parts: parts.map { ($0.scope, $0.encodedEntries.count) })
        var bytes: [UInt8] = []
        bytes.reserveCapacity(
            parts.indices.reduce(around.last?.count ?? 0) { sum, index in
                sum + around[index].count + parts[index].encodedEntries.count
            })
        for index in parts.indices {
            bytes += around[index]
            bytes += parts[index].encodedEntries
        }
        bytes += around.last ?? []
        return bytes
    }

    /// What stands around the entries of an envelope: before those of each part, and after the last. Every length is
    /// known, so that the entries, often a megabyte, are copied once and not moved.
    package static func envelope(
        resource: Resource, parts: [(scope: InstrumentationScope, entryBytes: Int)]
    ) -> [[UInt8]] {
        var own = ProtobufWriter()
        own.message(field: 1) { self.resource(resource, into: &$0) }
        let heads = parts.map { part in
            var head = ProtobufWriter()
            head.message(field: 1) { self.scope(part.scope, into: &$0) }
            return head.bytes
        }
        let tails = parts.map { schemaURL($0.scope.schemaURL) } + [schemaURL(resource.schemaURL)]
        let sizes = parts.indices.map { heads[$0].count + parts[$0].entryBytes + tails[$0].count }
        let inner = own.bytes.count + (tails.last?.count ?? 0)
        let size = sizes.reduce(inner) { $0 + 1 + ProtobufWriter.size(ofVarint: $1) + $1 }

        var writer = ProtobufWriter()
        writer.head(ofMessage: 1, size: size)
        writer.bytes += own.bytes
        var around: [[UInt8]] = []
        for index in parts.indices {
            writer.head(ofMessage: 2, size: sizes[index])
            around.append(writer.bytes + heads[index])
            writer.bytes = tails[index]
        }
        return around + [writer.bytes + (tails.last ?? [])]
    }

    private static func schemaURL(_ url: String) -> [UInt8] {
        guard !url.isEmpty else { return [] }
        var writer = ProtobufWriter()
        writer.string(url, field: 3)
        return writer.bytes
    }

    private static func envelopes<Record>(
        _ records: [Record], resource: (Record) -> Resource, scope: (Record) -> InstrumentationScope,
        into writer: inout ProtobufWriter, entry: (Record, inout ProtobufWriter) -> Void
    ) {
        var next = 0
        while next < records.count {
            let shared = resource(records[next])
            writer.message(field: 1) { writer in
                writer.message(field: 1) { self.resource(shared, into: &$0) }
                while next < records.count, resource(records[next]) == shared {
                    let sharedScope = scope(records[next])
                    writer.message(field: 2) { writer in
                        writer.message(field: 1) { self.scope(sharedScope, into: &$0) }
                        while next < records.count, resource(records[next]) == shared,
                            scope(records[next]) == sharedScope
                        {
                            entry(records[next], &writer)
                            next += 1
                        }
                        if !sharedScope.schemaURL.isEmpty { writer.string(sharedScope.schemaURL, field: 3) }
                    }
                }
                if !shared.schemaURL.isEmpty { writer.string(shared.schemaURL, field: 3) }
            }
        }
    }

    /// The fields of a `Resource` message.
    package static func resource(_ resource: Resource, into writer: inout ProtobufWriter) {
        attributes(resource.attributes, field: 1, into: &writer)
        count(resource.droppedAttributesCount, field: 2, into: &writer)
        writer.bytes.append(contentsOf: resource.unknownFields)
    }

    /// The fields of an `InstrumentationScope` message.
    package static func scope(_ scope: InstrumentationScope, into writer: inout ProtobufWriter) {
        if !scope.name.isEmpty { writer.string(scope.name, field: 1) }
        if !scope.version.isEmpty { writer.string(scope.version, field: 2) }
        attributes(scope.attributes, field: 3, into: &writer)
        count(scope.droppedAttributesCount, field: 4, into: &writer)
        writer.bytes.append(contentsOf: scope.unknownFields)
    }

    static func count(_ count: UInt32, field: Int, into writer: inout ProtobufWriter) {
        if count != 0 { writer.varint(UInt64(count), field: field) }
    }
}
