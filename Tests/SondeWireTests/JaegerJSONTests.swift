// SPDX-License-Identifier: Apache-2.0
// Jaeger's two dialects, as files that a person can hold against Jaeger's own documents (SONDE_RECORD_GOLDEN=1 writes
// them anew), and the mapping at its edges.

import SondeModel
import SondeTestKit
import SondeWire
import Testing

struct JaegerJSONTests {
    private let everything = Trace(
        id: .sample(7),
        assembling: [
            .sample(trace: 7, 69, service: "gateway", name: "POST /checkout", duration: 2_000),
            .sampleOfEverything(parent: 69),
            .sample(trace: 7, 71, parent: 70, service: "gateway", kind: .client, status: SpanStatus(code: .ok)),
        ])

    private func json(_ trace: Trace) throws -> JSONValue {
        var list = JaegerJSON.TraceList()
        list.append(trace)
        let traces = try JSONValue.parse(list.finished())["data"]?.array
        return try #require(traces?.first)
    }

    private func span(_ change: (inout SpanRecord) -> Void) throws -> JSONValue {
        var record = SpanRecord.sample(1)
        change(&record)
        let trace = try json(Trace(id: record.traceID, assembling: [record]))
        return try #require(trace["spans"]?.array?.first)
    }

    private func tags(_ holder: JSONValue, _ name: String = "tags") -> [String: JSONValue] {
        let list = holder[name]?.array ?? []
        return Dictionary(list.map { ($0["key"]?.string ?? "", $0) }) { first, _ in first }
    }

    // MARK: Golden

    @Test func aTraceOfEverything() throws {
        var list = JaegerJSON.TraceList()
        list.append(everything)
        try Fixtures.expectGolden(JaegerJSON.indented(list.finished()), "jaeger-traces.json")
    }

    @Test func listsAndErrors() throws {
        try Fixtures.expectGolden(JaegerJSON.names(["gateway", "orders"]), "jaeger-services.json")
        try Fixtures.expectGolden(JaegerJSON.names([]), "jaeger-services-empty.json")
        let operations = [
            OperationSummary(name: "", kind: .unspecified), OperationSummary(name: "GET /", kind: .server),
        ]
        try Fixtures.expectGolden(JaegerJSON.operations(operations), "jaeger-operations.json")
        try Fixtures.expectGolden(
            JaegerJSON.error(.init(code: 404, message: "trace not found", traceID: .sample(1))), "jaeger-error.json")
        try Fixtures.expectGolden(JaegerV3JSON.services(["gateway"]), "jaeger-v3-services.json")
        try Fixtures.expectGolden(JaegerV3JSON.operations(operations), "jaeger-v3-operations.json")
        try Fixtures.expectGolden(JaegerV3JSON.error(code: 400, message: "no \"id\""), "jaeger-v3-error.json")
        let summary = try #require(TraceSummary(everything))
        try Fixtures.expectGolden(
            JaegerV3JSON.summaries([.init(summary, orphanSpanCount: 1)]), "jaeger-v3-summaries.json")
    }

    // MARK: Values

    @Test(arguments: [
        (Int64(9_007_199_254_740_991), JSONValue.int(9_007_199_254_740_991)),
        (-9_007_199_254_740_991, .int(-9_007_199_254_740_991)), (9_007_199_254_740_992, .string("9007199254740992")),
        (-9_007_199_254_740_992, .string("-9007199254740992")), (.max, .string("9223372036854775807")),
        (.min, .string("-9223372036854775808")),
    ])
    func integersThatDoublesCannotHoldAreStrings(number: Int64, written: JSONValue) throws {
        let tag = try tags(span { $0.attributes = [Attribute("n", .int(number))] })["n"]
        #expect(tag?["type"] == .string("int64"))
        #expect(tag?["value"] == written)
    }

    @Test func bytesAreBase64AndStructuresAreText() throws {
        let tags = try tags(span { $0.attributes = .sampleOfEveryType })
        #expect(tags["bytes"]?["type"] == .string("binary"))
        #expect(tags["bytes"]?["value"] == .string("AAH+/w=="))
        #expect(tags["array"]?["type"] == .string("string"))
        #expect(tags["array"]?["value"] == .string(#"[1,"two",[3],null]"#))
        #expect(tags["map"]?["value"] == .string(#"{"a":1,"b":{"c":true}}"#))
        #expect(tags["double"]?["type"] == .string("float64"))
        #expect(tags["infinity"]?["value"] == .string("Infinity"))
        #expect(tags["empty"]?["value"] == .string(""))
    }

    // MARK: Names that are not there

    @Test func absentNamesHaveStandIns() throws {
        let spans = [
            SpanRecord(traceID: .sample(1), spanID: SpanID(1), name: "", start: .sampleEpoch, end: .sampleEpoch),
            SpanRecord(
                traceID: .sample(1), spanID: SpanID(2), name: "x", start: .sampleEpoch, end: .sampleEpoch,
                resource: .sample("")),
            SpanRecord(
                traceID: .sample(1), spanID: SpanID(3), name: "x", start: .sampleEpoch, end: .sampleEpoch,
                resource: Resource(attributes: [Attribute("service.name", .int(5))])),
        ]
        let trace = try json(Trace(id: .sample(1), assembling: spans))
        #expect(trace["spans"]?.array?.first?["operationName"] == .string("empty-span-name"))
        let processes = try #require(trace["processes"])
        #expect(processes["p1"]?["serviceName"] == .string("missing-service-name"))
        #expect(processes["p2"]?["serviceName"] == .string("empty-service-name"))
        #expect(processes["p3"]?["serviceName"] == .string("missing-service-name"))
        #expect(tags(processes["p3"] ?? .null)["service.name"]?["value"] == .int(5))
    }

    // MARK: Kind and status

    @Test func kindAndStatusBecomeTags() throws {
        let plain = try tags(span { $0.kind = .unspecified })
        #expect(plain.isEmpty)
        let failed = try tags(span { $0.status = SpanStatus(code: .error, message: "no") })
        #expect(failed["span.kind"]?["value"] == .string("server"))
        #expect(failed["error"] == failed["error"].map { _ in boolTag("error", true) })
        #expect(failed["otel.status_code"]?["value"] == .string("ERROR"))
        #expect(failed["otel.status_description"]?["value"] == .string("no"))
        let fine = try tags(span { $0.status = SpanStatus(code: .ok) })
        #expect(fine["error"] == nil)
        #expect(fine["otel.status_code"]?["value"] == .string("OK"))
    }

    private func boolTag(_ key: String, _ value: Bool) -> JSONValue {
        .object(
            .init([
                .init(key: "key", value: .string(key)), .init(key: "type", value: .string("bool")),
                .init(key: "value", value: .bool(value)),
            ]))
    }

    // MARK: References and logs

    @Test func aLinkFollowsUnlessItSaysThatItIsAChild() throws {
        let references = try span {
            $0.parentSpanID = SpanID(9)
            $0.links = [
                SpanLink(traceID: .sample(2), spanID: SpanID(3)),
                SpanLink(
                    traceID: .sample(4), spanID: SpanID(5),
                    attributes: [Attribute("opentracing.ref_type", .string("child_of"))]),
            ]
        }["references"]?.array
        #expect(references?.map { $0["refType"]?.string } == ["CHILD_OF", "FOLLOWS_FROM", "CHILD_OF"])
        #expect(references?.map { $0["spanID"]?.string?.last } == ["9", "3", "5"])
    }

    @Test func anEventThatHasAnAttributeEventKeepsIt() throws {
        let event = SpanEvent(time: .sampleEpoch, name: "x", attributes: [Attribute("event", .string("y"))])
        let log = try #require(try span { $0.events = [event] }["logs"]?.array?.first)
        #expect(log["fields"]?.array?.map { $0["value"]?.string } == ["y"])
        #expect(log["timestamp"] == .int(1_767_323_045_000_000))
    }

    // MARK: Times

    @Test func timesAreFlooredToMicroseconds() throws {
        let span = try span {
            $0.start = Timestamp(nanoseconds: 1_999)
            $0.end = Timestamp(nanoseconds: 4_998)
        }
        #expect(span["startTime"] == .int(1))
        #expect(span["duration"] == .int(2))
    }

    @Test func aSpanThatEndsBeforeItStartsLastsNoMicrosecondAndSaysWhy() throws {
        let backwards = try span { $0.end = Timestamp(nanoseconds: 5) }
        #expect(backwards["duration"] == .int(0))
        #expect(backwards["warnings"]?.array?.count == 1)
        let straight = try span { _ in }
        #expect(straight["warnings"] == .null)
    }

    // MARK: Processes

    @Test func equalResourcesShareAProcess() throws {
        let spans: [SpanRecord] = (1...6).map { .sample(UInt64($0), service: $0 % 2 == 0 ? "even" : "odd") }
        let trace = try json(Trace(id: .sample(1), assembling: spans))
        #expect(trace["processes"]?.object?.list.map(\.key) == ["p1", "p2"])
        #expect(trace["spans"]?.array?.map { $0["processID"]?.string } == ["p1", "p2", "p1", "p2", "p1", "p2"])
    }

    @Test func clientAndServerHalvesOfOneIdAreBothThere() throws {
        let halves: [SpanRecord] = [.sample(5, kind: .client), .sample(5, kind: .server), .sample(5, kind: .server)]
        let trace = try json(Trace(id: .sample(1), assembling: halves))
        #expect(trace["spans"]?.array?.compactMap { tags($0)["span.kind"]?["value"]?.string } == ["client", "server"])
    }

    // MARK: Layout

    @Test func indentingChangesNothingButBlanks() throws {
        var list = JaegerJSON.TraceList()
        list.append(everything)
        let plain = list.finished(problems: [.init(code: 404, message: #"{"a":[1,2],"b\\":"}"#)])
        let indented = JaegerJSON.indented(plain)
        #expect(try JSONValue.parse(indented) == JSONValue.parse(plain))
        #expect(String(decoding: indented, as: UTF8.self).hasPrefix("{\n    \"data\": [\n        {\n"))
    }

    // MARK: Version 3

    @Test func severalTracesMakeOneResult() throws {
        var result = JaegerV3JSON.Result()
        #expect(
            try JSONValue.parse(JaegerV3JSON.Result().finished())["result"]?["resourceSpans"]?.array?.isEmpty == true)
        result.append(everything)
        result.append(Trace(id: .sample(8), assembling: [.sample(trace: 8, 1)]))
        let envelopes = try #require(try JSONValue.parse(result.finished())["result"]?["resourceSpans"]?.array)
        let ids = envelopes.compactMap { $0["scopeSpans"]?.array?.first?["spans"]?.array?.first?["traceId"]?.string }
        #expect(Set(ids) == [TraceID.sample(7).hex, TraceID.sample(8).hex])
    }
}
