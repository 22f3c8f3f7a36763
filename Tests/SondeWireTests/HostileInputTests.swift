// SPDX-License-Identifier: Apache-2.0
// What must be survived, decoder by decoder: each input is either refused with a sentence or taken, and what is beside
// it in the body is taken too. Depth is in the decoders' own tests, gzip in GzipTests, trees in TraceTests.

import SondeModel
import SondeTestKit
import SondeWire
import Testing

struct HostileInputTests {
    private func spans(_ spans: SpanRecord...) -> [UInt8] { OTLPEncoder.traces(spans) }

    /// A `Span` message in its envelopes.
    private func request(_ write: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.message(field: 1) { writer in
            writer.message(field: 2) { writer in
                writer.message(field: 2) { writer in
                    writer.traceID(.sample(1), field: 1)
                    writer.spanID(SpanID(1), field: 2)
                    write(&writer)
                }
            }
        }
        return writer.bytes
    }

    private func zipkinProtobuf(_ write: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.message(field: 1) { writer in
            writer.traceID(.sample(1), field: 1)
            writer.spanID(SpanID(1), field: 3)
            write(&writer)
        }
        return writer.bytes
    }

    private let odd: [UInt8] = [0x61, 0x00, 0x62, 0xFF, 0xC0, 0x80, 0xED, 0xA0, 0x80]
    private let repaired = "a\0b\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"

    // MARK: Text

    @Test func protobufTextWithNULAndInvalidUTF8IsRepaired() throws {
        let body = request { writer in
            writer.bytes(odd, field: 5)
            writer.message(field: 9) { writer in
                writer.bytes(odd, field: 1)
                writer.message(field: 2) { $0.bytes(odd, field: 1) }
            }
        }
        let decoded = try OTLPDecoder.traces(body + spans(.sample(2)))
        let records = try decoded.batch.records()
        #expect(records.count == 2 && records[0].name == repaired)
        #expect(records[0].attributes == [Attribute(repaired, .string(repaired))])
        #expect(decoded.batch.bytes.prefix(body.count).elementsEqual(body), "the bytes are kept as they came")
        let zipkin = try ZipkinProtobuf.decode(zipkinProtobuf { $0.bytes(odd, field: 5) }).batch.records()
        #expect(zipkin.map(\.name) == [repaired])
    }

    @Test func jsonTextMayHoldNULButNoInvalidUTF8() throws {
        let text = Array(#"[{"traceId":"1","id":"1","name":"a\u0000b"}]"#.utf8)
        #expect(try ZipkinJSON.decode(text).batch.records().map(\.name) == ["a\0b"])
        let invalid = OTLPJSON.traces([.sample(1, name: "XX")]).map { $0 == UInt8(ascii: "X") ? 0xFF : $0 }
        #expect(throws: DecodeError.self) { try OTLPJSONDecoder.traces(invalid) }
        #expect(
            throws: DecodeError(message: "cannot decode Zipkin JSON body: span 0 invalid UTF-8 at byte 10 (line 1)")
        ) { try ZipkinJSON.decode(Array(#"[{"name":""#.utf8) + [0xFF] + Array(#""}]"#.utf8)) }
    }

    // MARK: Size

    @Test func hugeCountsAreTaken() throws {
        var span = SpanRecord.sample(1)
        span.attributes = (0..<20_000).map { Attribute("key.\($0)", .int($0)) }
        span.events = (0..<5_000).map { SpanEvent(time: .zero, name: "\($0)") }
        span.links = (0..<5_000).map { SpanLink(traceID: .sample(9), spanID: SpanID($0 + 1)) }
        #expect(try OTLPDecoder.traces(spans(span)).batch.records() == [span])
        #expect(try OTLPJSONDecoder.traces(OTLPJSON.traces([span])).batch.records() == [span])
        let zipkin = try ZipkinJSON.decode(ZipkinJSON.encode([span])).batch.records()
        #expect(zipkin.first?.attributes.count == 25_000 && zipkin.first?.events.count == 5_000)
    }

    @Test func hugeNamesAreTaken() throws {
        let name = String(repeating: "ü\n", count: 400_000)
        let span = SpanRecord.sample(1, name: name, attributes: [Attribute(name, .string(name))])
        #expect(try OTLPDecoder.traces(spans(span)).batch.records() == [span])
        #expect(try OTLPJSONDecoder.traces(OTLPJSON.traces([span])).batch.records() == [span])
        #expect(try ZipkinJSON.decode(ZipkinJSON.encode([span])).batch.records().first?.name == name)
    }

    @Test func aBodyOfNothingButEnvelopesGrowsNoIndex() throws {
        let empty: [UInt8] = [0x0A, 0x02, 0x12, 0x00]
        let decoded = try OTLPDecoder.traces(Array(repeatElement(empty, count: 100_000).joined()))
        #expect(decoded.batch.isEmpty && decoded.batch.resources.isEmpty && decoded.batch.scopes.isEmpty)
        let json = #"{"resourceSpans":["# + String(repeating: #"{"scopeSpans":[{}]},"#, count: 50_000) + "{}]}"
        #expect(try OTLPJSONDecoder.traces(Array(json.utf8)).batch.resources.isEmpty)
    }

    // MARK: Ids

    @Test(arguments: [0, 1, 7, 15, 17, 24, 32])
    func traceIDsOfAnyOtherSizeCostTheirSpanOnly(_ size: Int) throws {
        let bad = request { $0.bytes([UInt8](repeating: 1, count: size), field: 1) }
        let decoded = try OTLPDecoder.traces(spans(.sample(1)) + bad + spans(.sample(2)))
        #expect(decoded.batch.count == 2 && decoded.rejectedCount == 1)
        #expect(decoded.rejectionReason?.hasPrefix("span 1 ") == true)
    }

    @Test func spansOfOneIDAndTheirOwnParentsAreTaken() throws {
        let twice: [SpanRecord] = [
            .sample(1, parent: 1), .sample(1, parent: 1), .sample(2, parent: 3), .sample(3, parent: 2),
        ]
        for batch in [
            try OTLPDecoder.traces(OTLPEncoder.traces(twice)).batch,
            try OTLPJSONDecoder.traces(OTLPJSON.traces(twice)).batch,
            try ZipkinJSON.decode(ZipkinJSON.encode(twice)).batch,
        ] {
            let records = try batch.records()
            #expect(records.map(\.parentSpanID) == twice.map(\.parentSpanID))
            #expect(Trace(id: .sample(1), assembling: records).spans.count == 3)
        }
    }

    // MARK: Times

    @Test(
        arguments: [(0, 0), (0, .max), (.max, 0), (1 << 63, 1 << 63), (.max, .max), (5, 4)] as [(UInt64, UInt64)])
    func anyTimeIsTaken(_ start: UInt64, _ end: UInt64) throws {
        var span = SpanRecord.sample(1)
        span.start = Timestamp(nanoseconds: start)
        span.end = Timestamp(nanoseconds: end)
        #expect(try OTLPDecoder.traces(spans(span)).batch.records() == [span])
        #expect(try OTLPJSONDecoder.traces(OTLPJSON.traces([span])).batch.records() == [span])
        let trace = Trace(id: span.traceID, assembling: [span])
        #expect(trace.durationNanoseconds == (end > start ? end - start : 0))
        let zipkin = try #require(try ZipkinJSON.decode(ZipkinJSON.encode([span])).batch.records().first)
        #expect(zipkin.start.nanoseconds == start / 1_000 * 1_000)
        var log = LogRecord.sample("a")
        log.time = span.start
        log.observedTime = span.end
        #expect(try OTLPDecoder.logs(OTLPEncoder.logs([log])).batch.records() == [log])
        #expect(try OTLPJSONDecoder.logs(OTLPJSON.logs([log])).batch.records() == [log])
    }
}
