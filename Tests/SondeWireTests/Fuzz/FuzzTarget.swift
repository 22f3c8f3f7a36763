// SPDX-License-Identifier: Apache-2.0
// What is fuzzed: each decoder, with good inputs to begin from, the words of its format and what must hold for every
// input whatever. A trap ends the process and so speaks for itself.

import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@testable import SondeWire

/// A promise that an input broke.
struct BrokenPromise: Error, CustomStringConvertible {
    var description: String
}

struct FuzzTarget: Sendable, CustomTestStringConvertible {
    /// Also the name of its folder in `Corpus`.
    let name: String
    let seeds: @Sendable () throws -> [[UInt8]]
    let words: [String]
    /// Takes an input; true if the decoder accepted it.
    let run: @Sendable ([UInt8]) throws -> Bool

    var testDescription: String { name }

    static let all = bodies + files + texts

    static func expect(_ holds: Bool, _ promise: String) throws {
        if !holds { throw BrokenPromise(description: promise) }
    }
}

extension FuzzTarget {
    private static let jsonWords = [
        "{", "}", "[", "]", ",", ":", "null", "true", "\"\"", "\\ud83d", "\\u0000", "\\", "1e400", "-0", "1e-999",
        "9223372036854775808", "-9223372036854775809", "18446744073709551616", "{\"a\":", "[[", "0.1", "\u{FEFF}",
        "123456789012345678901234567890",
    ]

    static let bodies = [
        FuzzTarget(
            name: "otlp-traces",
            seeds: {
                [try Fixtures.otlp("python-traces.bin"), OTLPEncoder.traces([.sampleOfEverything(), .sample(1)])]
            },
            words: ["\u{A}\u{10}", "\u{2A}\u{4}", "\u{12}", "\u{8}service.name"]
        ) { bytes in
            guard let decoded = try? OTLPDecoder.traces(bytes) else { return false }
            try check(decoded, bytes)
            return true
        },
        FuzzTarget(
            name: "otlp-logs",
            seeds: {
                [
                    try Fixtures.otlp("python-logs.bin"),
                    OTLPEncoder.logs([.sample("a", attributes: .sampleOfEveryType)]),
                ]
            },
            words: ["\u{A}\u{10}", "\u{2A}\u{4}", "\u{32}"]
        ) { bytes in
            _ = try? OTLPDecoder.metricDataPointCount(bytes)
            _ = try? OTLPResponse(protobuf: bytes, signal: .logs)
            _ = try? RPCStatus(protobuf: bytes)
            guard let decoded = try? OTLPDecoder.logs(bytes) else { return false }
            try check(decoded, bytes)
            return true
        },
        FuzzTarget(
            name: "otlp-json-traces",
            seeds: {
                [
                    try Fixtures.otlp("python-traces.json"), try Fixtures.otlp("specification-traces.json"),
                    OTLPJSON.traces([.sampleOfEverything(), .sample(1)]),
                ]
            },
            words: jsonWords + [
                #"{"arrayValue":{"values":["#, #"{"kvlistValue":{"values":[{"key":"k","value":"#, #""intValue":"#,
                #""doubleValue":"NaN""#, #""bytesValue":"-_8""#, #""spans":[{"#, #""trace_id":"#, #""events":[{},"#,
            ]
        ) { bytes in
            _ = try? OTLPJSONDecoder.metricPoints(bytes)
            guard let decoded = try? OTLPJSONDecoder.traces(bytes) else { return false }
            try check(decoded, bytes)
            return true
        },
        FuzzTarget(
            name: "otlp-json-logs",
            seeds: {
                [try Fixtures.otlp("python-logs.json"), OTLPJSON.logs([.sample("a", attributes: .sampleOfEveryType)])]
            },
            words: jsonWords + [
                #""body":{"#, #""severityNumber":"SEVERITY_NUMBER_FATAL4""#, #"{"kvlistValue":{"values":["#,
            ]
        ) { bytes in
            guard let decoded = try? OTLPJSONDecoder.logs(bytes) else { return false }
            try check(decoded, bytes)
            return true
        },
        FuzzTarget(
            name: "zipkin-json",
            seeds: {
                [
                    try Fixtures.file("zipkin/py-zipkin.json"), try Fixtures.file("zipkin/otel-python.json"),
                    ZipkinJSON.encode([.sampleOfEverything(), .sample(1, kind: .client)]),
                ]
            },
            words: jsonWords + [
                #""traceId":"1","id":"1""#, #""error":"true","#, #""tags":{"#, #""timestamp":18446744073709551,"#,
                #""duration":1,"#, #""otel.status_code":"OK","#, #""ipv6":"::1","#, #""network.peer.address":"::","#,
                #""zipkin.debug":"","#,
            ]
        ) { bytes in
            guard let decoded = try? ZipkinJSON.decode(bytes) else { return false }
            try checkZipkin(decoded, bytes)
            return true
        },
        FuzzTarget(
            name: "zipkin-protobuf",
            seeds: { [try Fixtures.file("zipkin/py-zipkin.bin"), try Fixtures.file("zipkin/otel-python.bin")] },
            words: ["\u{5A}\u{8}\u{A}\u{1}a\u{12}\u{3}", "error", "otel.status_code"]
        ) { bytes in
            guard let decoded = try? ZipkinProtobuf.decode(bytes) else { return false }
            try checkZipkin(decoded, bytes)
            return true
        },
        FuzzTarget(
            name: "gzip",
            seeds: {
                let bomb = [UInt8](repeating: 0, count: 2_000_000)
                return [
                    Gzip.compress(try Fixtures.otlp("python-traces.bin")), Gzip.compress([]),
                    Gzip.compress(bomb, level: 9),
                    Gzip.compress(Gzip.compress([1, 2, 3])), Gzip.compress([1]) + Gzip.compress([2]),
                ]
            },
            words: []
        ) { bytes in
            let limit = 100_000
            guard let inflated = try? Gzip.inflate(bytes, limit: limit) else { return false }
            try expect(inflated.count <= limit, "no more than the limit comes out")
            try expect(
                try Gzip.inflate(Gzip.compress(inflated), limit: limit) == inflated, "what was inflated deflates")
            return true
        },
        FuzzTarget(
            name: "json",
            seeds: {
                [
                    try Fixtures.otlp("python-logs.json"),
                    Array(
                        #"{"a":[1,-2.5e3,"\u00e9\ud83d\ude00\n",null,true,{"b":{}}],"big":18446744073709551615}"#.utf8),
                ]
            },
            words: jsonWords
        ) { bytes in try checkJSON(bytes) },
    ]

    // MARK: What holds for batches

    /// How much larger than a body its protobuf may be: in Zipkin's JSON, 24 bytes can name a span that needs an
    /// envelope of its own.
    private static let growth = 8

    private static func check(_ decoded: DecodedBatch<SpanEntry>, _ bytes: [UInt8]) throws {
        try checkSize(decoded, bytes)
        let records = try decoded.batch.records()
        try expect(records.count == decoded.batch.count, "every entry is a record")
        let encoded = OTLPEncoder.traces(records)
        let again = try OTLPDecoder.traces(encoded).batch.records()
        try expect(OTLPEncoder.traces(again) == encoded, "protobuf comes back as it was")
        let json = OTLPJSON.traces(records)
        let fromJSON = try OTLPJSONDecoder.traces(json)
        try expect(fromJSON.batch.count == records.count, "every span comes back from JSON")
        try expect(OTLPJSON.traces(try fromJSON.batch.records()) == json, "JSON comes back as it was")
        let zipkin = try ZipkinJSON.decode(ZipkinJSON.encode(records)).batch
        try expect(zipkin.count == records.count, "every span can be written for Zipkin")
        try draw(records)
    }

    /// What reads whole traces takes every trace.
    private static func draw(_ records: [SpanRecord]) throws {
        for (id, spans) in Dictionary(grouping: records, by: \.traceID) {
            let trace = Trace(id: id, assembling: spans)
            try expect(trace.roots.isEmpty == trace.spans.isEmpty, "a tree has a root")
            try expect(
                trace.subtreeCounts.indices.allSatisfy { $0 + trace.subtreeCounts[$0] <= spans.count }, "a tree ends")
            try expect(TraceSummary(trace) != nil, "a trace has a summary")
        }
    }

    private static func check(_ decoded: DecodedBatch<LogEntry>, _ bytes: [UInt8]) throws {
        try checkSize(decoded, bytes)
        let records = try decoded.batch.records()
        try expect(records.count == decoded.batch.count, "every entry is a record")
        let encoded = OTLPEncoder.logs(records)
        try expect(
            OTLPEncoder.logs(try OTLPDecoder.logs(encoded).batch.records()) == encoded, "protobuf comes back as it was")
        let json = OTLPJSON.logs(records)
        try expect(OTLPJSON.logs(try OTLPJSONDecoder.logs(json).batch.records()) == json, "JSON comes back as it was")
    }

    private static func checkSize<Entry>(_ decoded: DecodedBatch<Entry>, _ bytes: [UInt8]) throws {
        try expect(decoded.batch.bytes.count <= bytes.count * growth + 64, "a batch is a small multiple of its body")
        try expect((decoded.rejectedCount > 0) == (decoded.rejectionReason != nil), "who is refused is told why")
    }

    private static func checkZipkin(_ decoded: DecodedBatch<SpanEntry>, _ bytes: [UInt8]) throws {
        try expect(decoded.rejectedCount == 0 || !decoded.batch.isEmpty, "what leaves no span is refused whole")
        try check(decoded, bytes)
        let records = try decoded.batch.records()
        let again = try ZipkinJSON.decode(ZipkinJSON.encode(records)).batch.records()
        try expect(
            again.map(\.withSortedAttributes) == records.map(\.withSortedAttributes), "what came from Zipkin comes back"
        )
    }

    // MARK: What holds for JSON

    private static func checkJSON(_ bytes: [UInt8]) throws -> Bool {
        let isSkipped =
            (try? JSONReader.read(bytes, as: "JSON") { json throws(MalformedJSON) in try json.skipValue() }) != nil
        guard let value = try? JSONValue.parse(bytes, maxValues: bytes.count) else {
            let opened = bytes.count { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "{") }
            try expect(!isSkipped || opened > Limits.maxJSONDepth, "only what is deep is skipped and not read")
            return false
        }
        try expect(isSkipped, "what is read can be skipped")
        var writer = JSONWriter()
        writer.write(value)
        let again = try JSONValue.parse(writer.bytes)
        var second = JSONWriter()
        second.write(again)
        try expect(second.bytes == writer.bytes, "a tree comes back as it was")
        return true
    }
}

extension JSONWriter {
    fileprivate mutating func write(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let flag): bool(flag)
        case .int(let number): int(number)
        case .unsigned(let number): int(number)
        case .double(let number): double(number)
        case .string(let text): string(text)
        case .array(let values): array(values) { $0.write($1) }
        case .object(let members):
            beginObject()
            for member in members.list {
                key(member.key)
                write(member.value)
            }
            endObject()
        }
    }
}
