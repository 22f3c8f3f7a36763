// SPDX-License-Identifier: Apache-2.0
// OTLP's JSON encoding in: one pass writes the same request in protobuf, which OTLPDecoder then reads. So both
// encodings arrive on one road, and a store holds nothing but protobuf. OTLPJSON is the way out.
//
// https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding

package import SondeModel

/// Reads OTLP's export requests from JSON, taking what real senders write:
///
/// - Names in lowerCamelCase, as the specification demands, or in snake_case. Names that this version does not know
///   are ignored, `null` stands for an absent member.
/// - Ids in hex of either case. One that is not costs its span (log record) only, which is left out and counted; in a
///   link it reads as none.
/// - Whole numbers as numbers or in quotes; doubles also as `"NaN"`, `"Infinity"` and `"-Infinity"`. Numbers that the
///   field cannot hold cost the body.
/// - Enumerations by number or by name (`"SPAN_KIND_SERVER"`); unknown ones read as 0.
/// - Bytes in base64, standard or URL-safe, padded or not.
/// - Values that nest deeper than ``ProtobufReader/maxValueDepth`` cost their item only, however deep they go.
/// - Of a scalar given twice the last wins; lists given twice are joined.
///
/// Everything else that is not as expected costs the whole body: ``DecodeError``.
package enum OTLPJSONDecoder {
    /// The spans of an `ExportTraceServiceRequest` (or `TracesData`).
    package static func traces(_ bytes: [UInt8]) throws(DecodeError) -> DecodedBatch<SpanEntry> {
        let (protobuf, badID) = try transcode(bytes, .traces)
        return try OTLPDecoder.decode(protobuf, badID: badID)
    }

    /// The records of an `ExportLogsServiceRequest` (or `LogsData`).
    package static func logs(_ bytes: [UInt8]) throws(DecodeError) -> DecodedBatch<LogEntry> {
        let (protobuf, badID) = try transcode(bytes, .logs)
        return try OTLPDecoder.decode(protobuf, badID: badID)
    }

    /// The number of data points in an `ExportMetricsServiceRequest`; their contents are not looked at.
    package static func metricPoints(_ bytes: [UInt8]) throws(DecodeError) -> Int {
        guard !bytes.isEmpty else { return 0 }
        return try JSONReader.read(bytes, as: Self.what) { json throws(MalformedJSON) in
            try points(&json, level: 0)
        }
    }

    private static let what = "OTLP JSON body"

    private static func transcode(
        _ bytes: [UInt8], _ root: OTLPJSONMessage
    ) throws(DecodeError) -> ([UInt8], OTLPBadID?) {
        // OTLP over HTTP: an empty body is an empty request.
        guard !bytes.isEmpty else { return ([], nil) }
        return try JSONReader.read(bytes, as: what) { json throws(MalformedJSON) in
            var transcoder = OTLPJSONTranscoder(json: json, reservingCapacity: bytes.count)
            try transcoder.message(root, depth: 0)
            json = transcoder.json
            return (transcoder.writer.bytes, transcoder.badID)
        }
    }

    /// Walks down to data points: `resourceMetrics ▸ scopeMetrics ▸ metrics ▸ gauge, sum, histogram… ▸ dataPoints`.
    private static func points(_ json: inout JSONReader, level: Int) throws(MalformedJSON) -> Int {
        var count = 0
        var members = try json.beginObject()
        while let key = try json.nextKey(&members) {
            guard leadsOn(key, json, level) else {
                try json.skipValue()
                continue
            }
            if try json.takeNull() { continue }
            if level == 3 {
                count += try points(&json, level: 4)
                continue
            }
            var elements = try json.beginArray()
            while try json.nextElement(&elements) {
                if level < 4 {
                    count += try points(&json, level: level + 1)
                } else {
                    try json.skipValue()
                    count += 1
                }
            }
        }
        return count
    }

    private static func leadsOn(_ key: JSONText, _ json: JSONReader, _ level: Int) -> Bool {
        let names: [StaticString] =
            switch level {
            case 0: ["resourceMetrics", "resource_metrics"]
            case 1: ["scopeMetrics", "scope_metrics"]
            case 2: ["metrics"]
            case 3: ["gauge", "sum", "histogram", "exponentialHistogram", "exponential_histogram", "summary"]
            default: ["dataPoints", "data_points"]
            }
        return names.contains { json.equals(key, $0) }
    }
}
