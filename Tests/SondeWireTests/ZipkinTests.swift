// SPDX-License-Identifier: Apache-2.0
// Zipkin's second version, in JSON and in protobuf: what is refused, what becomes of each part, and what real senders
// send.

import SondeModel
import SondeTestKit
import Testing

@testable import SondeWire

struct ZipkinTests {
    private static let ids = #""traceId":"463ac35c9f6413ad48485a3953bb6124","id":"a2fb4a1d1a96d312""#

    private func decode(_ text: String) throws(DecodeError) -> DecodedBatch<SpanEntry> {
        try ZipkinJSON.decode(Array(text.utf8))
    }

    /// One span with ids and these members besides.
    private func span(_ members: String) throws -> SpanRecord {
        let decoded = try decode("[{\(Self.ids),\(members)}]")
        #expect(decoded.rejectedCount == 0)
        return try #require(try decoded.batch.records().first)
    }

    // MARK: What is refused

    @Test(
        arguments: [
            (#"{"traceId":"1"}"#, "expected an array at byte 0 (line 1)"),
            ("[{}]", "span 0 has no traceId but zeros at byte 1 (line 1)"),
            (#"[{"traceId":"1"}]"#, "span 0 has no id but zeros at byte 1 (line 1)"),
            (#"[{"traceId":"xyz"}]"#, "span 0 expected 1 to 32 hex digits for traceId at byte 12 (line 1)"),
            (
                #"[{"traceId":"1","id":"12345678901234567"}]"#,
                "span 0 expected 1 to 16 hex digits for id at byte 21 (line 1)"
            ),
            (#"[{"traceId":7}]"#, "span 0 expected a string for traceId at byte 12 (line 1)"),
            ("[1]", "span 0 expected an object for a span at byte 1 (line 1)"),
            (#"[{"name":[]}]"#, "span 0 expected a string for name at byte 9 (line 1)"),
            (
                #"[{"duration":-1}]"#,
                "span 0 expected a whole number of 64 bits, not negative, for duration at byte 13 (line 1)"
            ),
            (
                #"[{"timestamp":"soon"}]"#,
                "span 0 expected a whole number of 64 bits, not negative, for timestamp at byte 14 (line 1)"
            ),
            (
                #"[{"kind":"BROKER"}]"#,
                "span 0 expected CLIENT, SERVER, PRODUCER or CONSUMER for kind at byte 9 (line 1)"
            ),
            (#"[{"localEndpoint":"x"}]"#, "span 0 expected an object for localEndpoint at byte 18 (line 1)"),
            (
                #"[{"remoteEndpoint":{"port":65536}}]"#,
                "span 0 has a port above 65535 in remoteEndpoint at byte 27 (line 1)"
            ),
            (#"[{"tags":{"a":{}}}]"#, "span 0 expected a string in tags at byte 14 (line 1)"),
            (
                #"[{"annotations":[{"timestamp":{}}]}]"#,
                "span 0 expected a whole number of 64 bits, not negative, for annotation's timestamp at byte 30 (line 1)"
            ),
            (#"[{"shared":"yes"}]"#, "span 0 expected true or false for shared at byte 11 (line 1)"),
            (
                #"[{"binaryAnnotations":[]}]"#,
                "span 0 has binaryAnnotations: it is of Zipkin's first version, only the second is read at byte 22 (line 1)"
            ),
        ] as [(String, String)])
    func saysWhichSpanAndFieldIsMalformed(_ text: String, _ reason: String) {
        #expect(throws: DecodeError(message: "cannot decode Zipkin JSON body: \(reason)")) { try decode(text) }
    }

    @Test(arguments: ["{}", "7", #"{"traceId":"xyz","tags":{"a":[[[]]]}}"#, #"{"traceId":"1","id":"2","name":{}}"#])
    func aMalformedSpanCostsItselfOnlyAndIsNamed(_ bad: String) throws {
        let decoded = try decode(
            "[{\(Self.ids)},{\(Self.ids),\"name\":\"b\"},\n\(bad),{\(Self.ids),\"name\":\"c\"},\(bad)]")
        #expect(try decoded.batch.records().map(\.name) == ["", "b", "c"])
        #expect(decoded.rejectedCount == 2)
        #expect(try #require(decoded.rejectionReason).hasPrefix("span 2 "))
    }

    @Test(arguments: ["{", "[{}", "\"", "nul", #"{"traceId":"1","id":"2","tags":{"a" "b"}}"#])
    func whatIsNotJSONCostsTheBody(_ bad: String) {
        #expect(throws: DecodeError.self) { try decode("[{\(Self.ids)},\(bad)]") }
    }

    @Test func moreFlawsThanAnyoneWouldSendCostTheBody() {
        let bad = String(repeating: "1,", count: 10_001)
        #expect(throws: DecodeError.self) { try decode("[{\(Self.ids)},\(bad)1]") }
        let empty = Array(repeating: [0x0A, 0x00] as [UInt8], count: 10_001).joined()
        #expect(throws: DecodeError.self) { try ZipkinProtobuf.decode(protobuf { _ in } + empty) }
    }

    @Test func aMalformedSpanInProtobufCostsItselfOnly() throws {
        let good = protobuf { _ in }
        for bad in [[0x0A, 0x00], protobuf { $0.bytes([1], field: 2) }, [0x0A, 0x02, 0x0A, 0x7F]] {
            let decoded = try ZipkinProtobuf.decode(good + bad + good)
            #expect(decoded.batch.entries.count == 2)
            #expect(decoded.rejectedCount == 1)
            #expect(try #require(decoded.rejectionReason).hasPrefix("span 1 "))
        }
    }

    @Test(arguments: [
        #""timestamp":18446744073709551615"#, #""timestamp":9223372036854775808"#,
        #""timestamp":18446744073709551,"duration":615"#, #""duration":18446744073709551615"#,
        #""annotations":[{"timestamp":18446744073709552}]"#,
    ])
    func timesThatNanosecondsCannotSayAreRefused(_ members: String) {
        #expect(throws: DecodeError.self) { try decode("[{\(Self.ids),\(members)}]") }
    }

    @Test func theLastMomentIsTaken() throws {
        #expect(try span(#""timestamp":18446744073709551"#).start.nanoseconds == 18_446_744_073_709_551_000)
    }

    private func protobuf(_ write: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.message(field: 1) { writer in
            writer.bytes([UInt8](1...16), field: 1)
            writer.bytes([UInt8](1...8), field: 3)
            write(&writer)
        }
        return writer.bytes
    }

    @Test func protobufSaysWhichSpanAndFieldIsMalformed() {
        let cases: [([UInt8], String)] = [
            (
                protobuf { $0.bytes([1, 2, 3], field: 1) },
                "span 0 field 1 at byte 30 is a trace_id of 3 bytes, expected 8 or 16"
            ),
            (protobuf { $0.bytes([1], field: 2) }, "span 0 field 2 at byte 30 is a parent_id of 1 bytes, expected 8"),
            (protobuf { $0.bytes([1], field: 3) }, "span 0 field 3 at byte 30 is a span id of 1 bytes, expected 8"),
            (protobuf { $0.varint(1, field: 6) }, "span 0 field 6 at byte 30 has wire type 0, expected 1"),
            (protobuf { $0.fixed64(.max, field: 6) }, "span 0 begins or ends after the year 2554"),
            (
                protobuf { $0.message(field: 8) { $0.bytes([1, 2, 3], field: 2) } },
                "span 0 field 2 at byte 32 is an address of 3 bytes, expected 4"
            ),
            (
                protobuf { $0.message(field: 8) { $0.varint(70_000, field: 4) } },
                "span 0 field 4 at byte 32 is a port above 65535"
            ),
            ([0x0A, 0x00], "span 0 has no traceId but zeros"),
            ([0x0A, 0x05, 0x00], "field 1 at byte 0 runs past the end"),
        ]
        for (bytes, reason) in cases {
            #expect(throws: DecodeError(message: "cannot decode Zipkin protobuf body: \(reason)")) {
                try ZipkinProtobuf.decode(bytes)
            }
        }
    }

    // MARK: What becomes of each part

    @Test(arguments: ["", "[]", " [ ] "])
    func takesNothingForNothing(_ text: String) throws {
        #expect(try decode(text).batch.isEmpty)
        #expect(try ZipkinProtobuf.decode([]).batch.isEmpty)
    }

    @Test func shortIdsHaveZerosInFront() throws {
        let record = try #require(
            try decode(#"[{"traceId":"ABCDEF0123456789","id":"1","parentId":""}]"#).batch.records().first)
        #expect(record.traceID == TraceID(high: 0, low: 0xABCD_EF01_2345_6789))
        #expect(record.spanID == SpanID(1) && record.parentSpanID == .zero)
        let binary = protobuf { $0.bytes([UInt8](1...8), field: 1) }
        #expect(
            try ZipkinProtobuf.decode(binary).batch.entries.first?.traceID
                == TraceID(high: 0, low: 0x0102_0304_0506_0708))
    }

    @Test func aSpanWithoutTimesIsTaken() throws {
        let bare = try span(
            #""name":null,"timestamp":null,"duration":null,"tags":null,"annotations":null,"kind":null,"localEndpoint":null"#
        )
        #expect(bare.start == .zero && bare.end == .zero && bare.kind == .internal && bare.name == "")
        #expect(bare.resource == Resource() && bare.attributes.isEmpty)
        let unfinished = try span(#""timestamp":7"#)
        #expect(unfinished.start.nanoseconds == 7_000 && unfinished.end == unfinished.start)
        let late = try span(#""duration":7"#)
        #expect(late.start == .zero && late.end.nanoseconds == 7_000)
    }

    @Test func aSpanWithoutStartBeginsWithItsFirstAnnotation() throws {
        let record = try span(
            #""annotations":[{"timestamp":9,"value":"b"},{"timestamp":5,"value":"a"},{"value":"?"}],"duration":3"#)
        #expect(record.start.nanoseconds == 5_000 && record.end.nanoseconds == 8_000)
        let last = UInt64.max / 1_000
        let late = try span(#""annotations":[{"timestamp":\#(last),"value":"a"}],"duration":7"#)
        #expect(late.start.nanoseconds == last * 1_000 && late.end == late.start)
    }

    @Test func aSpanWithoutStartBeginsWithTheFirstOfItsTraceElseOnArrivalElseWithTheFirstOfAll() throws {
        let text = #"""
            [{"traceId":"1","id":"1","duration":2},{"traceId":"2","id":"2"},{"traceId":"1","id":"3","timestamp":90},
             {"traceId":"1","id":"4","timestamp":70},{"traceId":"3","id":"5","timestamp":60}]
            """#
        let batch = try ZipkinJSON.decode(Array(text.utf8), arrival: Timestamp(nanoseconds: 123)).batch
        let records = try batch.records()
        #expect(records.map(\.start.nanoseconds) == [70_000, 123, 90_000, 70_000, 60_000])
        #expect(batch.entries.map(\.start) == records.map(\.start))
        #expect(records[0].end.nanoseconds == 72_000 && batch.entries[0].end == records[0].end)
        let read = try decode(text).batch.records()
        #expect(read.map(\.start.nanoseconds) == [70_000, 60_000, 90_000, 70_000, 60_000])
    }

    @Test func timesAreNumbersOrStringsAndCutToMicroseconds() throws {
        let record = try span(#""timestamp":"1500000000000001","duration":2.9"#)
        #expect(record.start.nanoseconds == 1_500_000_000_000_001_000 && record.durationNanoseconds == 2_000)
    }

    @Test func endpointsBecomeAttributes() throws {
        let record = try span(
            #""localEndpoint":{"serviceName":"cart","ipv4":"10.0.0.1","ipv6":"2001:db8::1","port":80},"#
                + #""remoteEndpoint":{"serviceName":"db","ipv6":"::1","port":5432,"x":1}"#)
        #expect(record.resource == Resource(attributes: [Attribute("service.name", .string("cart"))]))
        #expect(
            record.attributes == [
                Attribute("network.local.address", .string("10.0.0.1")),
                Attribute("zipkin.localEndpoint.ipv6", .string("2001:db8::1")),
                Attribute("network.local.port", .int(80)),
                Attribute("peer.service", .string("db")), Attribute("network.peer.address", .string("::1")),
                Attribute("network.peer.port", .int(5432)),
            ])
    }

    @Test func aTagStandsBeforeTheRemoteEndpoint() throws {
        let record = try span(
            #""tags":{"peer.service":"explicit","network.peer.port":"1"},"remoteEndpoint":{"serviceName":"db","ipv4":"1.2.3.4","port":5432}"#
        )
        #expect(
            record.attributes == [
                Attribute("peer.service", .string("explicit")), Attribute("network.peer.port", .string("1")),
                Attribute("network.peer.address", .string("1.2.3.4")),
            ])
    }

    @Test(
        arguments: [
            (#"{"error":""}"#, .error, ""), (#"{"error":"true"}"#, .error, ""), (#"{"error":true}"#, .error, ""),
            (#"{"error":"timeout"}"#, .error, "timeout"), (#"{"error":"false"}"#, .unset, ""),
            (#"{"otel.status_code":"OK"}"#, .ok, ""), (#"{"otel.status_code":"STATUS_CODE_ERROR"}"#, .error, ""),
            (#"{"otel.status_code":"ERROR","error":"no"}"#, .error, "no"),
            (#"{"otel.status_code":"ERROR","otel.status_description":"d","error":"true"}"#, .error, "d"),
            (#"{"otel.status_code":"odd"}"#, .unset, ""), (#"{}"#, .unset, ""),
        ] as [(String, StatusCode, String)])
    func theErrorTagIsTheStatus(_ tags: String, _ code: StatusCode, _ message: String) throws {
        let record = try span(#""tags":\#(tags)"#)
        #expect(record.status == SpanStatus(code: code, message: message))
        #expect(record.attributes.isEmpty)
    }

    @Test func tagsOfOpenTelemetrysExportersAreReadBack() throws {
        let record = try span(
            #""tags":{"otel.library.name":"old","otel.scope.name":"lib","otel.scope.version":"2","service.name":"cart","#
                + #""w3c.tracestate":"a=1","otel.dropped_attributes_count":"3","otel.dropped_events_count":"x","otel.dropped_links_count":"5"}"#
        )
        #expect(record.scope == InstrumentationScope(name: "lib", version: "2"))
        #expect(record.resource.serviceName == "cart" && record.traceState == "a=1")
        #expect(record.droppedAttributesCount == 3 && record.droppedEventsCount == 0 && record.droppedLinksCount == 5)
        #expect(record.attributes.isEmpty)
    }

    @Test func ofTagsOfOneNameTheLastWins() throws {
        #expect(
            try span(#""tags":{"a":"1","b":"2","a":"3"}"#).attributes == [
                Attribute("b", .string("2")), Attribute("a", .string("3")),
            ])
        let many = (0..<100).map { #""k\#($0 % 50)":"\#($0)""# }.joined(separator: ",")
        let attributes = try span(#""tags":{\#(many)}"#).attributes
        #expect(attributes.count == 50 && attributes["k7"] == .string("57"))
    }

    @Test func tagsThatAreNoStringsKeepTheirText() throws {
        #expect(
            try span(#""tags":{"n":1.50,"b":false,"nil":null,"e":"","u":"\u00e9"}"#).attributes == [
                Attribute("n", .string("1.50")), Attribute("b", .string("false")), Attribute("e", .string("")),
                Attribute("u", .string("é")),
            ])
    }

    @Test func annotationsDebugAndSharedAreKept() throws {
        let record = try span(
            #""annotations":[{"timestamp":5,"value":"wr"},{"timestamp":null},{"value":"late","endpoint":{}}],"debug":true,"shared":true,"kind":"server""#
        )
        #expect(
            record.events == [
                SpanEvent(time: Timestamp(nanoseconds: 5_000), name: "wr"), SpanEvent(time: .zero, name: ""),
                SpanEvent(time: .zero, name: "late"),
            ])
        #expect(record.attributes == [Attribute("zipkin.debug", .bool(true)), Attribute("zipkin.shared", .bool(true))])
        #expect(record.kind == .server)
    }

    @Test func neighboursOfOneServiceAndScopeShareAnEnvelope() throws {
        func span(_ id: Int, _ service: String, scope: String = "") -> String {
            #"{"traceId":"1","id":"\#(id)","localEndpoint":{"serviceName":"\#(service)"},"tags":{"otel.scope.name":"\#(scope)"}}"#
        }
        let decoded = try decode(
            "[\([span(1, "a"), span(2, "a"), span(3, "b"), span(4, "b", scope: "s"), span(5, "a")].joined(separator: ","))]"
        )
        #expect(decoded.batch.resources.count == 4)
        let records = try decoded.batch.records()
        #expect(records.map(\.spanID.value) == [1, 2, 3, 4, 5])
        #expect(records.map(\.resource.serviceName) == ["a", "a", "b", "b", "a"])
        #expect(records.map(\.scope.name) == ["", "", "", "s", ""])
    }

    @Test(
        arguments: [
            ([192, 0, 2, 255], "192.0.2.255"), ([UInt8](repeating: 0, count: 16), "::"),
            ([0x20, 1, 0xD, 0xB8] + [UInt8](repeating: 0, count: 11) + [1], "2001:db8::1"),
            ([UInt8](repeating: 0, count: 15) + [1], "::1"), ([0, 1] + [UInt8](repeating: 0, count: 14), "1::"),
            ([0x20, 1, 0xD, 0xB8, 0, 0, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1], "2001:db8:0:1:1:1:1:1"),
            ([0x20, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1], "2001:0:0:1::1"),
        ] as [([UInt8], String)])
    func addressesAreWrittenAsPeopleDo(_ bytes: [UInt8], _ text: String) throws {
        let body = protobuf { $0.message(field: 9) { $0.bytes(bytes, field: bytes.count == 4 ? 2 : 3) } }
        #expect(
            try ZipkinProtobuf.decode(body).batch.records().first?.attributes == [
                Attribute("network.peer.address", .string(text))
            ])
    }

    /// By which they are told apart.
    @Test func meaningfulTagsAreAllOfDifferentLengths() {
        for tag in ZipkinTag.allCases { #expect(ZipkinTag(size: tag.name.utf8CodeUnitCount) == tag) }
    }

    // MARK: Real senders

    @Test(arguments: ["py-zipkin.json", "py-zipkin.bin"])
    func pyZipkinsSpansMakeATreeOfBothHalves(_ file: String) throws {
        let body = try Fixtures.file("zipkin/\(file)")
        let records = try (file.hasSuffix(".bin") ? ZipkinProtobuf.decode(body) : ZipkinJSON.decode(body)).batch
            .records()
        #expect(records.count == 4)
        let trace = Trace(id: try #require(records.first?.traceID), assembling: records)
        #expect(trace.spans.map(\.name) == ["get /cart", "get", "get", "query"])
        #expect(trace.spans.map(\.kind) == [.server, .client, .server, .internal])
        #expect(trace.spans.map(\.resource.serviceName) == ["gateway", "gateway", "cart", "cart"])
        #expect(trace.depths == [0, 1, 2, 3])
        let root = trace.spans[0]
        #expect(root.traceID.hex == "463ac35c9f6413ad48485a3953bb6124" && root.spanID.hex == "48485a3953bb6124")
        #expect(root.start.nanoseconds == 1_767_323_045_123_456_000 && root.durationNanoseconds == 250_000_000)
        #expect(
            root.attributes["http.path"] == .string("/cart") && root.attributes["network.local.port"] == .int(8_080))
        #expect(root.attributes["network.peer.address"] == .string("10.0.0.9"))
        // This sender reckons in doubles.
        #expect(root.events.map(\.name) == ["wr"])
        #expect(
            root.events.map(\.time.nanoseconds).allSatisfy {
                (1_767_323_045_124_455_000...1_767_323_045_124_456_000).contains($0)
            })
        #expect(trace.spans[1].status == SpanStatus(code: .error, message: "timeout"))
        #expect(trace.spans[1].attributes["peer.service"] == .string("cart"))
        #expect(trace.spans[2].attributes["zipkin.shared"] == .bool(true))
        #expect(trace.spans[2].attributes["network.local.address"] == .string("2001:db8::2"))
        #expect(trace.spans[2].attributes["päth"] == .string("✓"))
    }

    @Test(arguments: ["otel-python.json", "otel-python.bin"])
    func openTelemetrysZipkinExporterIsReadBack(_ file: String) throws {
        let body = try Fixtures.file("zipkin/\(file)")
        let records = try (file.hasSuffix(".bin") ? ZipkinProtobuf.decode(body) : ZipkinJSON.decode(body)).batch
            .records()
        #expect(records.count == 3)
        #expect(
            records.allSatisfy {
                $0.resource.serviceName == "checkout" && $0.scope.name == "shop.checkout" && $0.scope.version == "2.0"
            })
        let root = try #require(records.first { $0.name == "POST /checkout" })
        #expect(root.kind == .server && root.status.code == .ok && root.attributes["string"] == .string("päyment ✓"))
        #expect(root.attributes["host.cpus"] == .string("4") && root.attributes["service.name"] == nil)
        let charge = try #require(records.first { $0.name == "charge" })
        #expect(
            charge.status == SpanStatus(code: .error, message: "card declined") && charge.parentSpanID == root.spanID)
        #expect(charge.events.map(\.name) == [#"{"retry": {"attempt": 2}}"#])
        let render = try #require(records.first { $0.name == "render" })
        #expect(render.kind == .internal && render.durationNanoseconds == 0)
    }

    // MARK: The way out

    @Test(arguments: ["py-zipkin.json", "py-zipkin.bin", "otel-python.json", "otel-python.bin"])
    func whatCameFromZipkinComesBackAsItWas(_ file: String) throws {
        let body = try Fixtures.file("zipkin/\(file)")
        let records = try (file.hasSuffix(".bin") ? ZipkinProtobuf.decode(body) : ZipkinJSON.decode(body)).batch
            .records()
        let again = try ZipkinJSON.decode(ZipkinJSON.encode(records)).batch.records()
        #expect(again.map(\.withSortedAttributes) == records.map(\.withSortedAttributes))
    }

    @Test func theWayOutIsReadable() throws {
        var everything = SpanRecord.sampleOfEverything()
        everything.attributes += [
            Attribute("peer.service", .string("bank")), Attribute("network.peer.address", .string("192.0.2.1")),
            Attribute("network.peer.port", .int(443)), Attribute("network.local.address", .string("/run/socket")),
            Attribute("error", .bool(true)), Attribute("zipkin.debug", .bool(true)),
        ]
        let short = SpanRecord(
            traceID: TraceID(high: 0, low: 1), spanID: SpanID(2), parentSpanID: SpanID(1), name: "", kind: .client,
            start: Timestamp(nanoseconds: 5_000), end: Timestamp(nanoseconds: 5_001),
            status: SpanStatus(code: .unset, message: "note"))
        try Fixtures.expectGolden(ZipkinJSON.encode([everything, short]), "zipkin.json")
    }

    @Test func theSecondWayOutIsTheFirst() throws {
        let records: [SpanRecord] = [
            .sampleOfEverything(), .sample(1),
            .sample(2, parent: 1, kind: .client, status: SpanStatus(code: .error, message: "true")),
        ]
        let once = ZipkinJSON.encode(records)
        let read = try ZipkinJSON.decode(once).batch.records()
        #expect(try ZipkinJSON.decode(ZipkinJSON.encode(read)).batch.records() == read)
        #expect(read.map(\.status) == records.map(\.status) && read.map(\.scope.name) == records.map(\.scope.name))
    }

    @Test func aSpanAtTheEndOfTimeCanBeReadBack() throws {
        var last = SpanRecord.sample(1)
        last.start = Timestamp(nanoseconds: .max - 500)
        last.end = .distantFuture
        let read = try #require(try ZipkinJSON.decode(ZipkinJSON.encode([last])).batch.records().first)
        #expect(read.start.nanoseconds == 18_446_744_073_709_551_000 && read.durationNanoseconds == 0)
    }

    @Test func nothingIsAnEmptyArray() {
        #expect(ZipkinJSON.encode([]) == Array("[]".utf8))
    }
}

extension SpanRecord {
    /// Zipkin's tags have no order that lasts: some come from elsewhere.
    var withSortedAttributes: SpanRecord {
        var span = self
        span.attributes.sort { $0.key < $1.key }
        return span
    }
}
