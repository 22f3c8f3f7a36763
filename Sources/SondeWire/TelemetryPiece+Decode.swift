// SPDX-License-Identifier: Apache-2.0
// What a piece of a file holds: the decoder is chosen by what stands in it.

package import SondeModel

/// Spans and log records of one piece.
package struct DecodedTelemetry: Sendable {
    package var spans = DecodedBatch<SpanEntry>(batch: SpanBatch(bytes: [], entries: [], resources: [], scopes: []))
    package var logs = DecodedBatch<LogEntry>(batch: LogBatch(bytes: [], entries: [], resources: [], scopes: []))
    /// Data points of metrics; they have no home here.
    package var metricPoints = 0
}

extension TelemetryPiece {
    /// - Throws: If the piece as a whole can't be read. Single spans and log records that can't be cost themselves.
    package func decoded() throws(DecodeError) -> DecodedTelemetry {
        switch content {
        case .protobuf: try protobuf()
        case .element(of: let name): try Self.decode(Self.wrap(bytes, in: name), as: [name.rawValue])
        case .value: try Self.value(bytes)
        }
    }

    private static func wrap(_ element: [UInt8], in name: StaticName) -> [UInt8] {
        Array("{\"\(name.rawValue)\":[".utf8) + element + Array("]}".utf8)
    }

    // MARK: JSON

    private static func value(_ bytes: [UInt8]) throws(DecodeError) -> DecodedTelemetry {
        let outline = try JSONReader.read(bytes, as: "JSON") { json throws(MalformedJSON) in try Outline(&json) }
        guard outline.isArray else { return try decode(bytes, as: outline.names) }
        // An array of Zipkin spans, or of Jaeger traces.
        guard outline.names.contains("spans") else { return try decode(bytes, as: ["zipkin"]) }
        return try decode(bytes, as: ["data"])
    }

    /// Decodes a whole value with these members.
    private static func decode(_ bytes: [UInt8], as names: Set<String>) throws(DecodeError) -> DecodedTelemetry {
        var decoded = DecodedTelemetry()
        if !names.isDisjoint(with: otlpNames) {
            if names.contains("resourceSpans") { decoded.spans = try OTLPJSONDecoder.traces(bytes) }
            if names.contains("resourceLogs") { decoded.logs = try OTLPJSONDecoder.logs(bytes) }
            if names.contains("resourceMetrics") { decoded.metricPoints = try OTLPJSONDecoder.metricPoints(bytes) }
        } else if names.contains("data") || names.contains("spans") {
            decoded.spans = try JaegerJSONDecoder.traces(bytes)
        } else if names.contains("zipkin") {
            decoded.spans = try ZipkinJSON.decode(bytes)
        } else if names.isSuperset(of: ["traceId", "id"]) {
            decoded.spans = try ZipkinJSON.decode(Array("[".utf8) + bytes + Array("]".utf8))
        } else if !names.isEmpty {
            throw DecodeError(
                message: "expected OTLP (resourceSpans, resourceLogs), a Jaeger trace (spans, or data) or Zipkin spans")
        }
        return decoded
    }

    private static let otlpNames: Set = ["resourceSpans", "resourceLogs", "resourceMetrics"]

    /// The names by which a value shows what it is.
    private struct Outline {
        var isArray = false
        /// Of the value's members; of an array, of its first element's.
        var names: Set<String> = []

        init(_ json: inout JSONReader) throws(MalformedJSON) {
            guard try json.peek() == .array else {
                try readObject(&json)
                return
            }
            isArray = true
            var list = try json.beginArray()
            var isFirst = true
            while try json.nextElement(&list) {
                if isFirst, try json.peek() == .object { try readObject(&json) } else { try json.skipValue() }
                isFirst = false
            }
        }

        private mutating func readObject(_ json: inout JSONReader) throws(MalformedJSON) {
            var list = try json.beginObject()
            while let name = try json.nextKey(&list) {
                names.insert(json.string(name))
                try json.skipValue()
            }
        }
    }

    // MARK: Protobuf

    /// Requests of all signals have the same envelopes; only one of them fits what lies inside.
    private func protobuf() throws(DecodeError) -> DecodedTelemetry {
        var decoded = DecodedTelemetry()
        do throws(DecodeError) {
            decoded.spans = try OTLPDecoder.traces(bytes)
            guard decoded.spans.batch.isEmpty, decoded.spans.rejectedCount > 0 else { return decoded }
            // Nothing in it is a span; log records and metrics may pass for such as have no ids.
        } catch {
            if let logs = try? OTLPDecoder.logs(bytes) { return DecodedTelemetry(logs: logs) }
            // Zipkin's list of spans is one of fields with the same number. Where not all of it fits it is damaged OTLP.
            guard let spans = try? ZipkinProtobuf.decode(bytes), !spans.batch.isEmpty, spans.rejectedCount == 0 else {
                throw error
            }
            return DecodedTelemetry(spans: spans)
        }
        if let logs = try? OTLPDecoder.logs(bytes), !logs.batch.isEmpty {
            return DecodedTelemetry(logs: logs)
        }
        if let points = try? OTLPDecoder.metricDataPointCount(bytes), points > 0 {
            return DecodedTelemetry(metricPoints: points)
        }
        return decoded
    }
}
