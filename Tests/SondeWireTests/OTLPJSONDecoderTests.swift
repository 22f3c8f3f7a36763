// SPDX-License-Identifier: Apache-2.0
// OTLP in JSON: what costs the body, what costs one span, what is forgiven, and that everything comes back.

import SondeModel
import SondeTestKit
import Testing

@testable import SondeWire

struct OTLPJSONDecoderTests {
    private static let ids = #""traceId":"0102030405060708090a0b0c0d0e0f10","spanId":"0102030405060708""#

    private func traces(_ text: String) throws(DecodeError) -> DecodedBatch<SpanEntry> {
        try OTLPJSONDecoder.traces(Array(text.utf8))
    }

    private func spans(_ spans: String...) throws -> DecodedBatch<SpanEntry> {
        try traces(#"{"resourceSpans":[{"scopeSpans":[{"spans":[\#(spans.joined(separator: ","))]}]}]}"#)
    }

    /// One span with ids and these members besides.
    private func span(_ members: String) throws -> SpanRecord {
        let decoded = try spans("{\(Self.ids),\(members)}")
        #expect(decoded.rejectedCount == 0)
        return try #require(try decoded.batch.records().first)
    }

    private func value(_ json: String) throws -> AttributeValue? {
        try span(#""attributes":[{"key":"a","value":\#(json)}]"#).attributes.first?.value
    }

    // MARK: What costs the body

    @Test(arguments: [
        ("[]", "expected an object at byte 0 (line 1)"), ("{", "the text ends, expected more at byte 1 (line 1)"),
        (#"{"resourceSpans":{}}"#, "expected an array for resourceSpans at byte 17 (line 1)"),
        (#"{"resourceSpans":[1]}"#, "expected an object for resourceSpans at byte 18 (line 1)"),
        (#"{"resourceSpans":[]} x"#, "expected nothing after the value at byte 21 (line 1)"),
    ])
    func saysWhatIsWrongWithABody(_ text: String, _ reason: String) {
        #expect(throws: DecodeError(message: "cannot decode OTLP JSON body: \(reason)")) { try traces(text) }
    }

    @Test(arguments: [
        #""name":5"#, #""name":{}"#, #""startTimeUnixNano":"x""#, #""startTimeUnixNano":"""#,
        #""startTimeUnixNano":-1"#, #""startTimeUnixNano":"18446744073709551616""#, #""startTimeUnixNano":1.5"#,
        #""startTimeUnixNano":true"#, #""droppedLinksCount":4294967296"#, #""attributes":{}"#, #""status":"ok""#,
        #""flags":-1"#, #""kind":[]"#, #""kind":1.5"#, #""traceId":7"#,
        #""attributes":[{"key":"a","value":{"intValue":"9223372036854775808"}}]"#,
        #""attributes":[{"key":"a","value":{"intValue":-9223372036854775809}}]"#,
        #""attributes":[{"key":"a","value":{"intValue":"1 "}}]"#,
        #""attributes":[{"key":"a","value":{"boolValue":"true"}}]"#,
        #""attributes":[{"key":"a","value":{"bytesValue":"a"}}]"#,
        #""attributes":[{"key":"a","value":{"bytesValue":"ab!="}}]"#,
        #""attributes":[{"key":"a","value":{"doubleValue":"one"}}]"#,
        #""attributes":[{"key":"a","value":{"doubleValue":1e999}}]"#,
        #""attributes":[{"key":"a","value":5}]"#, #""attributes":["a"]"#, #""unknown":[1,]"#,
    ])
    func aMemberOfTheWrongKindCostsTheBody(_ member: String) {
        #expect(throws: DecodeError.self, "\(member)") { try spans("{\(Self.ids),\(member)}") }
    }

    // MARK: What costs one span

    @Test(
        arguments: [
            (#""traceId":"0102""#, "has a trace id of 4 characters, expected 32 hex digits"),
            (#""traceId":"AQIDBAUGBwgJCgsMDQ4PEA==""#, "has a trace id of 24 characters, expected 32 hex digits"),
            (#""traceId":"0102030405060708090a0b0c0d0e0f1g""#, "has a trace id that is not hexadecimal"),
            (#""traceId":"""#, "has a trace id of 0 bytes, expected 16"),
            (#""traceId":null"#, "has a trace id of 0 bytes, expected 16"),
            (#""traceId":"00000000000000000000000000000000""#, "has a trace id of zeros only"),
            (#""spanId":"01020304050607080""#, "has a span id of 17 characters, expected 16 hex digits"),
            (#""spanId":"010203040506070_""#, "has a span id that is not hexadecimal"),
            (#""spanId":"0000000000000000""#, "has a span id of zeros only"),
            (#""parentSpanId":"1""#, "has a parent span id of 1 characters, expected 16 hex digits"),
            (#""parentSpanId":"zzzzzzzzzzzzzzzz""#, "has a parent span id that is not hexadecimal"),
        ] as [(String, String)])
    func anInvalidIDCostsThatSpanOnly(_ member: String, _ reason: String) throws {
        let parts = Self.ids.split(separator: ",").filter { part in
            !member.hasPrefix(String(part.prefix { $0 != ":" }))
        }
        let bad = "{" + (parts + [#""name":"work""#, Substring(member)]).joined(separator: ",") + "}"
        let decoded = try spans("{\(Self.ids)}", bad, "{\(Self.ids)}", bad)
        #expect(decoded.batch.count == 2)
        #expect(decoded.rejectedCount == 2)
        #expect(decoded.rejectionReason == "span 1 (\"work\", counting from 0) \(reason)")
    }

    @Test func aLogRecordOfWrongIDsIsRejected() throws {
        let body = #"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{"spanId":"abc","eventName":"e"}]}]}]}"#
        let decoded = try OTLPJSONDecoder.logs(Array(body.utf8))
        #expect(decoded.batch.count == 1 && decoded.rejectedCount == 1)
        #expect(
            decoded.rejectionReason
                == "log record 1 (\"e\", counting from 0) has a span id of 3 characters, expected 16 hex digits")
    }

    @Test func aWrongIDInALinkReadsAsNone() throws {
        let link = try span(#""links":[{"traceId":"xyz","spanId":"0102030405060708"}]"#).links.first
        #expect(link == SpanLink(traceID: .zero, spanID: SpanID(0x0102_0304_0506_0708)))
    }

    private func nested(_ depth: Int, maps: Bool) -> String {
        let (open, close) =
            maps
            ? (#"{"kvlistValue":{"values":[{"key":"k","value":"#, "}]}}") : (#"{"arrayValue":{"values":["#, "]}}")
        return String(repeating: open, count: depth) + "{}" + String(repeating: close, count: depth)
    }

    @Test(arguments: [true, false])
    func valuesThatNestTooDeepCostOneSpanHoweverDeep(_ maps: Bool) throws {
        for (depth, isTaken) in [(99, true), (100, true), (101, false), (10_000, false), (100_000, false)] {
            let deep = nested(depth, maps: maps)
            let decoded = try spans(
                #"{\#(Self.ids),"attributes":[{"key":"deep","value":\#(deep)}]}"#, "{\(Self.ids)}",
                #"{\#(Self.ids),"events":[{"attributes":[{"key":"deep","value":\#(deep)}]}]}"#)
            #expect(decoded.batch.count == (isTaken ? 3 : 1))
            #expect(try decoded.batch.records().count == decoded.batch.count)
            if !isTaken { #expect(decoded.rejectionReason?.contains("nest deeper than 100 levels") == true) }
        }
    }

    @Test func aDeepResourceOrBodyCostsItsItems() throws {
        let deep = nested(20_000, maps: true)
        let traces = try traces(
            #"{"resourceSpans":[{"resource":{"attributes":[{"key":"deep","value":\#(deep)}]},"scopeSpans":[{"spans":[{\#(Self.ids)}]}]}]}"#
        )
        #expect(traces.batch.isEmpty && traces.rejectedCount == 1)
        let logs = try OTLPJSONDecoder.logs(
            Array(#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":\#(deep)},{}]}]}]}"#.utf8))
        #expect(logs.batch.count == 1 && logs.rejectedCount == 1)
    }

    // MARK: What is forgiven

    @Test(arguments: ["", "{}", " {\n} ", #"{"resourceSpans":[]}"#, #"{"resourceSpans":null}"#, #"{"x":[{}]}"#])
    func takesNothingForNothing(_ text: String) throws {
        let decoded = try traces(text)
        #expect(decoded.batch.isEmpty && decoded.rejectedCount == 0)
        #expect(try OTLPJSONDecoder.logs(Array(text.utf8)).batch.isEmpty)
        #expect(try OTLPJSONDecoder.metricPoints(Array(text.utf8)) == 0)
    }

    @Test func unknownNamesAreIgnoredAndNullsAreAbsent() throws {
        let record = try span(
            #""name":null,"kind":null,"attributes":null,"status":null,"links":[null],"x":{"y":[1,{"z":null}]},"#
                + #""events":[{"name":"e","timeUnixNano":null,"odd":1}],"attributes":[{"key":"a","value":null},null]"#)
        #expect(record.name == "" && record.kind == .unspecified && record.links.isEmpty)
        #expect(record.events == [SpanEvent(time: .zero, name: "e")])
        #expect(record.attributes == [Attribute("a", .empty)])
    }

    @Test func idsAreTakenInEitherCase() throws {
        let decoded = try spans(#"{"traceId":"ABCDEFabcdef00000000000000000001","spanId":"ABCDEF0000000000"}"#)
        #expect(decoded.batch.entries.first?.traceID.hex == "abcdefabcdef00000000000000000001")
        #expect(decoded.batch.entries.first?.spanID.hex == "abcdef0000000000")
    }

    @Test(
        arguments: [
            ("1544712660000000001", 1_544_712_660_000_000_001), (#""1544712660000000001""#, 1_544_712_660_000_000_001),
            ("0", 0), (#""0""#, 0), ("18446744073709551615", .max), (#""18446744073709551615""#, .max),
            (#""9223372036854775808""#, 1 << 63), ("1.5e18", 1_500_000_000_000_000_000),
            (#""\u0031\u0032""#, 12), ("-0", 0),
        ] as [(String, UInt64)])
    func timesAreNumbersOrStrings(_ text: String, _ nanoseconds: UInt64) throws {
        let record = try span(#""startTimeUnixNano":\#(text),"endTimeUnixNano":\#(text)"#)
        #expect(record.start.nanoseconds == nanoseconds && record.end.nanoseconds == nanoseconds)
    }

    @Test(
        arguments: [
            ("2", .server), (#""2""#, .server), (#""SPAN_KIND_SERVER""#, .server),
            (#""SPAN_KIND_CONSUMER""#, .consumer),
            ("99", .unspecified), ("-1", .unspecified), (#""SERVER""#, .unspecified),
            (#""SPAN_KIND_ODD""#, .unspecified),
        ] as [(String, SpanKind)])
    func kindsAreNumbersOrNames(_ text: String, _ kind: SpanKind) throws {
        #expect(try span(#""kind":\#(text)"#).kind == kind)
    }

    @Test func statusAndSeverityAreTakenByName() throws {
        #expect(
            try span(#""status":{"code":"STATUS_CODE_ERROR","message":"m"}"#).status
                == SpanStatus(code: .error, message: "m"))
        for (name, number) in [("TRACE", 1), ("INFO2", 10), ("FATAL4", 24), ("ODD", 0)] as [(String, UInt8)] {
            let body =
                #"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"severityNumber":"SEVERITY_NUMBER_\#(name)"}]}]}]}"#
            #expect(try OTLPJSONDecoder.logs(Array(body.utf8)).batch.entries.first?.severityNumber == number)
        }
    }

    @Test(
        arguments: [
            (#"{"intValue":"-9223372036854775808"}"#, .int(.min)), (#"{"intValue":9223372036854775807}"#, .int(.max)),
            (#"{"intValue":1e3}"#, .int(1_000)), (#"{"doubleValue":1}"#, .double(1)),
            (#"{"doubleValue":"1.5"}"#, .double(1.5)), (#"{"doubleValue":"-Infinity"}"#, .double(-.infinity)),
            (#"{"doubleValue":18446744073709551616}"#, .double(0x1p64)),
            (#"{"bytesValue":"+/8="}"#, .bytes([0xFB, 0xFF])), (#"{"bytesValue":"-_8"}"#, .bytes([0xFB, 0xFF])),
            (#"{"bytesValue":"AA=="}"#, .bytes([0])), (#"{"bytesValue":""}"#, .bytes([])),
            (#"{"arrayValue":{}}"#, .array([])), (#"{"arrayValue":{"values":null}}"#, .array([])),
            (#"{"arrayValue":{"values":[null,{}]}}"#, .array([.empty, .empty])), (#"{"kvlistValue":{}}"#, .map([])),
            (#"{}"#, .empty), (#"{"stringValue":null}"#, .empty),
            (#"{"stringValue":"a\u0000\ud83d\ude00"}"#, .string("a\0😀")),
            (#"{"stringValue":"a","intValue":"1"}"#, .int(1)), (#"{"string_value":"s"}"#, .string("s")),
            (#"{"kvlist_value":{"values":[{"key":"k"}]}}"#, .map([Attribute("k", .empty)])),
            (#"{"\u0069ntValue":3}"#, .int(3)),
        ] as [(String, AttributeValue)])
    func valuesAreTakenInEveryNotation(_ text: String, _ expected: AttributeValue) throws {
        #expect(try value(text) == expected)
    }

    @Test func snakeCaseIsTaken() throws {
        let decoded = try traces(
            #"{"resource_spans":[{"schema_url":"s","scope_spans":[{"spans":[{"trace_id":"0102030405060708090a0b0c0d0e0f10","#
                + #""span_id":"0102030405060708","dropped_attributes_count":3,"start_time_unix_nano":"7"}]}]}]}"#)
        let record = try #require(try decoded.batch.records().first)
        #expect(record.droppedAttributesCount == 3 && record.start.nanoseconds == 7 && record.resource.schemaURL == "s")
    }

    @Test func ofAScalarGivenTwiceTheLastWins() throws {
        #expect(try span(#""name":"a","name":"b","kind":1,"kind":2"#).name == "b")
    }

    // MARK: What comes back

    @Test func theSpecificationsExampleIsRead() throws {
        let decoded = try OTLPJSONDecoder.traces(try Fixtures.otlp("specification-traces.json"))
        let record = try #require(try decoded.batch.records().first)
        #expect(record.traceID.hex == "5b8efff798038103d269b633813fc60c" && record.spanID.hex == "eee19b7ec3c1b174")
        #expect(record.parentSpanID.hex == "eee19b7ec3c1b173" && record.kind == .server)
        #expect(record.resource.serviceName == "my.service" && record.scope.version == "1.0.0")
        #expect(record.attributes == [Attribute("my.span.attr", .string("some value"))])
        #expect(record.durationNanoseconds == 1_000_000_000)
    }

    @Test func thePythonSDKsJSONIsItsProtobuf() throws {
        let traces = try OTLPJSONDecoder.traces(try Fixtures.otlp("python-traces.json"))
        #expect(
            try traces.batch.records() == OTLPDecoder.traces(try Fixtures.otlp("python-traces.bin")).batch.records())
        let logs = try OTLPJSONDecoder.logs(try Fixtures.otlp("python-logs.json"))
        #expect(try logs.batch.records() == OTLPDecoder.logs(try Fixtures.otlp("python-logs.bin")).batch.records())
    }

    @Test func spansComeBackAsTheyWere() throws {
        let spans = [
            OTLPEncoderTests.span(1, resource: OTLPEncoderTests.resource, scope: OTLPEncoderTests.scope),
            OTLPEncoderTests.span(2, resource: OTLPEncoderTests.resource), .sampleOfEverything(), .sample(1),
        ]
        let decoded = try OTLPJSONDecoder.traces(OTLPJSON.traces(spans))
        #expect(decoded.rejectedCount == 0)
        // JSON has no place for fields without a name.
        #expect(try decoded.batch.records() == spans.map(\.withoutUnknownFields))
    }

    @Test func logsComeBackAsTheyWere() throws {
        var logs = OTLPEncoderTests.values.map { body in
            LogRecord(
                time: Timestamp(nanoseconds: 1), observedTime: Timestamp(nanoseconds: .max), severityNumber: 24,
                severityText: "error", body: body, eventName: "event", attributes: OTLPEncoderTests.attributes,
                droppedAttributesCount: .max, flags: .max, traceID: TraceID(high: 1, low: 2), spanID: SpanID(3),
                resource: OTLPEncoderTests.resource, scope: OTLPEncoderTests.scope)
        }
        logs.append(LogRecord(time: .zero))
        let decoded = try OTLPJSONDecoder.logs(OTLPJSON.logs(logs))
        #expect(decoded.rejectedCount == 0)
        #expect(try decoded.batch.records() == logs)
    }

    @Test func notANumberComesBack() throws {
        let record = SpanRecord.sample(1, attributes: [Attribute("nan", .double(.nan))])
        let read = try OTLPJSONDecoder.traces(OTLPJSON.traces([record])).batch.records()
        guard case .double(let number)? = read.first?.attributes.first?.value else {
            return #expect(Bool(false), "the value is a double")
        }
        #expect(number.isNaN)
    }

    @Test func largeBodiesComeBack() throws {
        let spans = (1...300 as ClosedRange<UInt64>).map {
            SpanRecord.sampleOfEverything(trace: $0, $0).withoutUnknownFields
        }
        #expect(try OTLPJSONDecoder.traces(OTLPJSON.traces(spans)).batch.records() == spans)
    }

    @Test func countsMetricDataPoints() throws {
        let points = #"{"dataPoints":[{},{"x":[]},null]}"#
        let metrics = ["gauge", "sum", "histogram", "exponentialHistogram", "exponential_histogram", "summary"].map {
            #"{"name":"m","\#($0)":\#(points),"unit":null}"#
        }
        let body =
            #"{"resourceMetrics":[{"resource":{},"scopeMetrics":[{"metrics":[\#(metrics.joined(separator: ","))]},{}]},"#
            + #"{"scope_metrics":[{"metrics":[{"sum":{"data_points":[1]},"gauge":null}]}]}]}"#
        #expect(try OTLPJSONDecoder.metricPoints(Array(body.utf8)) == 19)
        #expect(throws: DecodeError.self) { try OTLPJSONDecoder.metricPoints(Array(#"{"resourceMetrics":[1]}"#.utf8)) }
    }
}
