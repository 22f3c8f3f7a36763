// SPDX-License-Identifier: Apache-2.0
// OTLP protobuf in: what is refused, what costs one span only, and what comes out.

import SondeModel
import SondeTestKit
import SondeWire
import Testing

struct OTLPDecoderTests {
    /// A request around `spans`, each a list of fields.
    private func request(_ spans: [UInt8]..., resource: [UInt8] = [], resourceLast: Bool = false) -> [UInt8] {
        var scope = ProtobufWriter()
        for span in spans { scope.bytes(span, field: 2) }
        var outer = ProtobufWriter()
        if !resourceLast { outer.bytes(resource, field: 1) }
        outer.bytes(scope.bytes, field: 2)
        if resourceLast { outer.bytes(resource, field: 1) }
        var request = ProtobufWriter()
        request.bytes(outer.bytes, field: 1)
        return request.bytes
    }

    private func span(
        trace: [UInt8] = Array(1...16), id: [UInt8] = Array(1...8), parent: [UInt8] = [],
        _ more: (inout ProtobufWriter) -> Void = { _ in }
    ) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.bytes(trace, field: 1)
        writer.bytes(id, field: 2)
        if !parent.isEmpty { writer.bytes(parent, field: 4) }
        writer.string("work", field: 5)
        more(&writer)
        return writer.bytes
    }

    /// An attribute whose value is `depth` arrays around nothing.
    private func nested(_ depth: Int) -> [UInt8] {
        var value: [UInt8] = []
        for _ in 0..<depth {
            var array = ProtobufWriter()
            array.bytes(value, field: 1)
            var outer = ProtobufWriter()
            outer.bytes(array.bytes, field: 5)
            value = outer.bytes
        }
        var attribute = ProtobufWriter()
        attribute.string("deep", field: 1)
        attribute.bytes(value, field: 2)
        return attribute.bytes
    }

    @Test func namesFieldAndPlaceOfATruncatedField() {
        #expect(throws: DecodeError(message: "cannot decode OTLP body: field 1 at byte 0 runs past the end")) {
            try OTLPDecoder.traces([0x0A, 0x05, 0x00])
        }
    }

    @Test func refusesHugeLengths() {
        let huge: [UInt8] = [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]
        #expect(throws: DecodeError.self) { try OTLPDecoder.traces(huge) }
        #expect(throws: DecodeError.self) { try OTLPDecoder.logs(huge) }
        #expect(throws: DecodeError.self) { try OTLPDecoder.metricDataPointCount(huge) }
    }

    @Test(arguments: [1, 2, 3, 4, 5, 7, 8, 9, 11, 13, 15, 16])
    func refusesAKnownFieldOfAnotherWireType(_ field: Int) {
        let body = request(span { $0.varint(1, field: field) })
        #expect(throws: DecodeError.self) { try OTLPDecoder.traces(body) }
    }

    @Test func refusesAWrongWireTypeInsideAnAttribute() {
        let body = request(span { $0.bytes([0x12, 0x02, 0x08, 0x01], field: 9) })
        #expect(throws: DecodeError.self) { try OTLPDecoder.traces(body) }
    }

    @Test func takesNothingForNothing() throws {
        for body in [[], [0x0A, 0x00], request()] as [[UInt8]] {
            let decoded = try OTLPDecoder.traces(body)
            #expect(decoded.batch.isEmpty && decoded.batch.resources.isEmpty && decoded.batch.scopes.isEmpty)
            #expect(decoded.rejectedCount == 0 && decoded.rejectionReason == nil)
        }
    }

    @Test(
        arguments: [
            ([UInt8](1...15), [UInt8](1...8), [], "has a trace id of 15 bytes, expected 16"),
            ([], [UInt8](1...8), [], "has a trace id of 0 bytes, expected 16"),
            ([UInt8](1...16), [UInt8](1...9), [], "has a span id of 9 bytes, expected 8"),
            ([UInt8](1...16), [UInt8](1...8), [UInt8](1...4), "has a parent span id of 4 bytes, expected 8 or none"),
            ([UInt8](repeating: 0, count: 16), [UInt8](1...8), [], "has a trace id of zeros only"),
            ([UInt8](1...16), [UInt8](repeating: 0, count: 8), [], "has a span id of zeros only"),
        ] as [([UInt8], [UInt8], [UInt8], String)])
    func anInvalidIDCostsThatSpanOnly(_ trace: [UInt8], _ id: [UInt8], _ parent: [UInt8], _ reason: String) throws {
        let body = request(span(), span(trace: trace, id: id, parent: parent), span(id: [8, 7, 6, 5, 4, 3, 2, 1]))
        let decoded = try OTLPDecoder.traces(body)
        #expect(decoded.batch.count == 2)
        #expect(decoded.rejectedCount == 1)
        #expect(decoded.rejectionReason == "span 1 (\"work\", counting from 0) \(reason)")
    }

    @Test func aParentOfZerosIsNone() throws {
        let body = request(span(parent: [UInt8](repeating: 0, count: 8)))
        #expect(try OTLPDecoder.traces(body).batch.entries.first?.parentSpanID == .zero)
    }

    @Test func takesTheDeepestValuesThatRecordsReadAndNoneDeeper() throws {
        let deepest = nested(100)
        let tooDeep = nested(101)
        let body = request(span { $0.bytes(deepest, field: 9) }, span { $0.bytes(tooDeep, field: 9) })
        let decoded = try OTLPDecoder.traces(body)
        #expect(try decoded.batch.records().count == 1)
        #expect(decoded.rejectedCount == 1)
    }

    @Test func tenThousandLevelsCostOneSpan() throws {
        let deep = nested(10_000)
        let decoded = try OTLPDecoder.traces(request(span { $0.bytes(deep, field: 9) }, span()))
        #expect(decoded.batch.count == 1 && decoded.rejectedCount == 1)
    }

    @Test func aTooDeepResourceCostsItsSpans() throws {
        var resource = ProtobufWriter()
        resource.bytes(nested(101), field: 1)
        let decoded = try OTLPDecoder.traces(request(span(), span(), resource: resource.bytes) + request(span()))
        #expect(try decoded.batch.records().count == 1)
        #expect(decoded.rejectedCount == 2)
    }

    @Test func readsAResourceThatComesAfterItsSpans() throws {
        var resource = ProtobufWriter()
        resource.bytes([0x0A, 12] + Array("service.name".utf8) + [0x12, 3, 0x0A, 1, 0x61], field: 1)
        let decoded = try OTLPDecoder.traces(request(span(), resource: resource.bytes, resourceLast: true))
        #expect(try decoded.batch.records().first?.resource.serviceName == "a")
        #expect(decoded.batch.serviceName(0) == "a")
    }

    @Test func spansComeBackAsTheyWere() throws {
        let spans: [SpanRecord] = [
            .sampleOfEverything(), .sample(1), .sample(2, parent: 1, service: "payments"), .sample(3),
        ]
        let decoded = try OTLPDecoder.traces(OTLPEncoder.traces(spans))
        #expect(decoded.rejectedCount == 0)
        #expect(try decoded.batch.records() == spans)
        #expect(
            decoded.batch.entries.indices.map { decoded.batch.serviceName(Int(decoded.batch.entries[$0].resource)) }
                == spans.map(\.resource.serviceName))
    }

    @Test func logsComeBackAsTheyWere() throws {
        let logs: [LogRecord] = [
            .sample("one", trace: 4, span: 5), .sample("two", service: "payments", attributes: .sampleOfEveryType),
            LogRecord(time: .zero),
        ]
        let decoded = try OTLPDecoder.logs(OTLPEncoder.logs(logs))
        #expect(try decoded.batch.records() == logs)
    }

    @Test func aLogRecordOfWrongIDsIsRejected() throws {
        var record = ProtobufWriter()
        record.bytes([1, 2, 3], field: 9)
        let decoded = try OTLPDecoder.logs(request(record.bytes, []))
        #expect(decoded.batch.count == 1)
        #expect(
            decoded.rejectionReason == "log record 0 (\"\", counting from 0) has a trace id of 3 bytes, expected 16")
    }

    @Test func countsMetricDataPoints() throws {
        func wrap(_ field: Int, _ parts: [[UInt8]]) -> [UInt8] {
            var writer = ProtobufWriter()
            for part in parts { writer.bytes(part, field: field) }
            return writer.bytes
        }
        let points = wrap(1, [[], [], []])
        let metrics = [wrap(5, [points]), wrap(7, [points]), wrap(9, [points]), wrap(10, [points]), wrap(11, [points])]
        let body = wrap(1, [wrap(2, [wrap(2, metrics)]), wrap(2, [wrap(2, [metrics[0]])])])
        #expect(try OTLPDecoder.metricDataPointCount(body) == 18)
        #expect(try OTLPDecoder.metricDataPointCount([]) == 0)
    }
}
