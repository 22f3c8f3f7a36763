// SPDX-License-Identifier: Apache-2.0
// Jaeger's JSON in: what can't be read costs itself, and what Jaeger can carry comes back as it was.

import SondeModel
import SondeTestKit
import SondeWire
import Testing

@Suite("Jaeger JSON decoder")
struct JaegerJSONDecoderTests {
    private func decode(_ text: String) throws -> DecodedBatch<SpanEntry> {
        try JaegerJSONDecoder.traces(Array(text.utf8))
    }

    private func span(_ members: String) throws -> DecodedBatch<SpanEntry> {
        try decode(#"{"traceID":"1","spans":[{"traceID":"1","spanID":"2","startTime":1,"duration":2\#(members)}]}"#)
    }

    // MARK: Refused

    @Test(arguments: ["", "{", "12", "{}", "[1]", #"{"spans":{}}"#, #"{"data":{}}"#, #"{"data":[{"traceID":"1"}]}"#])
    func whatIsNoTraceIsRefused(text: String) {
        #expect {
            _ = try decode(text)
        } throws: { ($0 as? DecodeError)?.message.hasPrefix("cannot decode Jaeger JSON: ") == true }
    }

    @Test(arguments: [
        (#""spanID":"xyz""#, "\"xyz\" is not a span id"), (#""spanID":"""#, "\"\" is not a span id"),
        (#""spanID":"0""#, "\"0\" is not a span id"), (#""spanID":"12345678901234567""#, "is not a span id"),
        (#""traceID":"0""#, "\"0\" is not a trace id"), (#""traceID":"g""#, "\"g\" is not a trace id"),
        (#""startTime":-1"#, "its startTime is no number of microseconds from 0 to 18446744073709551"),
        (#""startTime":"soon""#, "startTime"), (#""startTime":18446744073709552"#, "startTime"),
        (#""duration":1.5"#, "duration"),
        (#""startTime":18446744073709551,"duration":18446744073709551"#, "it ends after the year 2554"),
        (#""references":[{"refType":"CHILD_OF","traceID":"1","spanID":"?"}]"#, "\"?\" is not a span id"),
        (#""logs":[{"timestamp":"never","fields":[]}]"#, "timestamp of a log"),
    ])
    func aSpanThatCannotBeReadCostsItself(members: String, reason: String) throws {
        let good = #"{"traceID":"1","spanID":"1","operationName":"good","startTime":1,"duration":2}"#
        // Of a member given twice the last counts.
        let bad = #"{"traceID":"1","spanID":"2","operationName":"bad","startTime":1,"duration":2,\#(members)}"#
        let decoded = try decode(#"{"data":[{"spans":[\#(good),\#(bad)]}]}"#)
        #expect(try decoded.batch.records().map(\.name) == ["good"])
        #expect(decoded.rejectedCount == 1)
        let told = try #require(decoded.rejectionReason)
        #expect(told.hasPrefix("span 2 of its trace (bad): ") && told.contains(reason))
    }

    // MARK: Taken

    @Test func tracesStandWhereverJaegerPutsThem() throws {
        let trace = #"{"spans":[{"traceID":"1","spanID":"2","startTime":1}]}"#
        for text in [trace, "[\(trace)]", #"{"data":\#(trace)}"#, #"{"data":[\#(trace)]}"#] {
            #expect(try decode(text).batch.count == 1)
        }
        #expect(try decode(#"{"data":null}"#).batch.isEmpty)
    }

    @Test func idsAreFilledUpAndTimesAreMicroseconds() throws {
        let record = try #require(try span("").batch.records().first)
        #expect(record.traceID == TraceID(high: 0, low: 1) && record.spanID == SpanID(2))
        #expect(record.start.nanoseconds == 1_000 && record.end.nanoseconds == 3_000)
        #expect(record.kind == .unspecified && record.resource == Resource())
    }

    @Test(arguments: [
        (#"{"key":"k","type":"string","value":"a"}"#, AttributeValue.string("a")),
        (#"{"key":"k","type":"bool","value":true}"#, .bool(true)),
        (#"{"key":"k","type":"bool","value":"false"}"#, .bool(false)),
        (#"{"key":"k","type":"int64","value":-5}"#, .int(-5)),
        (#"{"key":"k","type":"int64","value":"9223372036854775807"}"#, .int(.max)),
        (#"{"key":"k","type":"float64","value":8}"#, .double(8)),
        (#"{"key":"k","type":"float64","value":"-Infinity"}"#, .double(-.infinity)),
        (#"{"key":"k","type":"binary","value":"AAH+/w=="}"#, .bytes([0, 1, 254, 255])),
        (#"{"key":"k","type":"int64","value":"many"}"#, .string("many")), (#"{"key":"k","value":1}"#, .int(1)),
        (#"{"key":"k","value":1.5}"#, .double(1.5)), (#"{"key":"k","value":null}"#, .empty),
        (#"{"key":"k","value":[1,{"a":"b"}]}"#, .array([.int(1), .map([Attribute("a", .string("b"))])])),
    ])
    func tagsKeepTheirTypes(tag: String, value: AttributeValue) throws {
        let record = try #require(try span(#","tags":[{"type":"string"},\#(tag)]"#).batch.records().first)
        #expect(record.attributes == [Attribute("k", value)])
    }

    @Test func theFirstChildOfInTheTraceIsTheParent() throws {
        let references = #"""
            [{"refType":"FOLLOWS_FROM","traceID":"9","spanID":"9"},{"refType":"CHILD_OF","traceID":"8","spanID":"8"},
             {"refType":"CHILD_OF","traceID":"1","spanID":"a"},{"refType":"CHILD_OF","traceID":"1","spanID":"b"}]
            """#
        let record = try #require(try span(#","references":\#(references)"#).batch.records().first)
        #expect(record.parentSpanID == SpanID(10))
        #expect(record.links.map(\.spanID.value) == [9, 8, 11])
        #expect(record.links.map(\.attributes.count) == [0, 1, 1])
        #expect(try span(#","parentSpanID":"c""#).batch.records().first?.parentSpanID == SpanID(12))
    }

    @Test func aFollowerIsUnderWhatItFollowsUnlessThatBeganLater() throws {
        func follower(_ id: Int, of other: Int, start: Int) -> String {
            #"{"spanID":"\#(id)","startTime":\#(start),"references":[{"refType":"FOLLOWS_FROM","traceID":"1","spanID":"\#(other)"}]}"#
        }
        let spans = [follower(1, of: 2, start: 10), follower(2, of: 1, start: 20), follower(3, of: 7, start: 30)]
        let records = try decode(#"{"traceID":"1","spans":[\#(spans.joined(separator: ","))]}"#).batch.records()
        #expect(records.map(\.parentSpanID.value) == [0, 1, 0])
        #expect(records.allSatisfy { $0.links.count == 1 })
    }

    @Test func whatJaegerCanCarryComesBackAsItWas() throws {
        var span = SpanRecord.sampleOfEverything().withoutUnknownFields
        span.truncateForJaeger()
        var child = SpanRecord.sample(trace: 7, 71, parent: 70, service: "", name: "", kind: .unspecified)
        child.resource = Resource()
        child.status.code = .ok
        var jaeger = JaegerJSON.TraceList()
        jaeger.append(Trace(id: span.traceID, assembling: [span, child]))
        let decoded = try JaegerJSONDecoder.traces(jaeger.finished())
        #expect(decoded.rejectedCount == 0)
        #expect(Set(try decoded.batch.records()) == [span, child])
    }
}

extension SpanRecord {
    /// What is left of the span when Jaeger's JSON has carried it (docs/formats.md).
    fileprivate mutating func truncateForJaeger() {
        start = Timestamp(nanoseconds: start.nanoseconds / 1_000 * 1_000)
        end = Timestamp(nanoseconds: start.nanoseconds + durationNanoseconds / 1_000 * 1_000)
        end = Timestamp(nanoseconds: start.nanoseconds + (end.nanoseconds - start.nanoseconds) / 1_000 * 1_000)
        flags &= 1
        (droppedAttributesCount, droppedEventsCount, droppedLinksCount) = (0, 0, 0)
        attributes = attributes.map { attribute in
            switch attribute.value {
            case .array, .map, .empty: Attribute(attribute.key, .string(attribute.value.text))
            default: attribute
            }
        }
        events = events.map { event in
            SpanEvent(
                time: Timestamp(nanoseconds: event.time.nanoseconds / 1_000 * 1_000), name: event.name,
                attributes: event.attributes)
        }
        links = links.map { SpanLink(traceID: $0.traceID, spanID: $0.spanID) }
        resource.droppedAttributesCount = 0
        resource.schemaURL = ""
        resource.attributes = resource.attributes.map { attribute in
            if case .array = attribute.value { return Attribute(attribute.key, .string(attribute.value.text)) }
            return attribute
        }
        scope = InstrumentationScope(name: scope.name, version: scope.version)
    }
}
