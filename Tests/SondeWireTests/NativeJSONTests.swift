// SPDX-License-Identifier: Apache-2.0
// The native API's answers, as files that a person can read (SONDE_RECORD_GOLDEN=1 writes them anew), and the tree's
// behaviour at its edges.

import SondeModel
import SondeTestKit
import SondeWire
import Testing

struct NativeJSONTests {
    private var checkout: Trace {
        Trace(
            id: .sample(7),
            assembling: [
                .sample(trace: 7, 69, service: "gateway", name: "POST /checkout", duration: 2_000),
                .sampleOfEverything(parent: 69),
                .sample(trace: 7, 71, parent: 1234, name: "orphan", start: 5),
            ])
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func treeOfEverything() throws {
        let annotations = [
            SpanAnnotation(selfNanos: 135_802_468, isOnCriticalPath: true),
            SpanAnnotation(selfNanos: 1_864_197_532, isOnCriticalPath: true),
            SpanAnnotation(selfNanos: 10_000_000, isOnCriticalPath: false),
        ]
        try Fixtures.expectGolden(NativeJSON.tree(checkout, annotations: annotations, flat: false), "tree.json")
        try Fixtures.expectGolden(NativeJSON.tree(checkout, annotations: annotations, flat: true), "flat.json")
    }

    @Test func lists() throws {
        try Fixtures.expectGolden(
            NativeJSON.services([ServiceSummary(name: "orders", spanCount: 3, errorCount: 1)]), "services.json")
        try Fixtures.expectGolden(
            NativeJSON.operations([OperationSummary(name: "GET /", kind: .server)]), "operations.json")
        let summary = try #require(TraceSummary(checkout))
        try Fixtures.expectGolden(
            NativeJSON.search([summary], next: "abc", total: Total(9, isExact: false)), "search.json")
        var statistics = StoreStatistics()
        statistics.spans = 3
        try Fixtures.expectGolden(NativeJSON.stats(statistics), "stats-empty.json")
        statistics.oldest = .sampleEpoch
        statistics.newest = .sample(ms: 1)
        try Fixtures.expectGolden(NativeJSON.stats(statistics), "stats.json")
    }

    @Test func attributes() throws {
        try Fixtures.expectGolden(
            NativeJSON.attributeKeys(
                [(key: "http.request.method", scope: "span", types: ["string", "int"], spanCount: 3)],
                total: Total(1, isExact: true)), "attributes.json")
        try Fixtures.expectGolden(
            NativeJSON.attributeValues([(text: "G\"ET", type: "string", count: 2)], total: Total(9, isExact: false)),
            "attribute-values.json")
    }

    @Test func logs() throws {
        let logs: [LogRecord] = [
            .sample("card \"declined\"", trace: 7, span: 70, attributes: .sampleOfEveryType), LogRecord(time: .zero),
        ]
        try Fixtures.expectGolden(NativeJSON.logs(logs, next: nil, total: Total(2, isExact: true)), "logs.json")
    }

    @Test func errors() throws {
        try Fixtures.expectGolden(
            NativeJSON.error(code: "bad_request", message: "limit is \"x\"", hint: nil), "error.json")
        try Fixtures.expectGolden(NativeJSON.error(code: "not_found", message: "no", hint: "look"), "error-hint.json")
    }

    @Test func otlpJSON() throws {
        try Fixtures.expectGolden(OTLPJSON.traces(checkout.spans), "otlp-traces.json")
        try Fixtures.expectGolden(OTLPJSON.logs([.sample("one", trace: 7, span: 70)]), "otlp-logs.json")
        #expect(text(OTLPJSON.traces([])) == #"{"resourceSpans":[]}"#)
    }

    @Test func anEmptyTraceHasNoRoots() {
        let trace = Trace(id: .sample(1), assembling: [])
        #expect(text(NativeJSON.tree(trace, annotations: [], flat: false)).hasSuffix(#""roots":[]}"#))
    }

    @Test func subtreesBelowTheSixtiethLevelAreCounted() {
        let chain = (1...100_000).map { SpanRecord.sample(UInt64($0), parent: UInt64($0 - 1)) }
        let trace = Trace(id: .sample(1), assembling: chain)
        let tree = text(NativeJSON.tree(trace, annotations: [], flat: false))
        #expect(tree.ranges(of: #""spanId":"#).count == 60)
        #expect(tree.contains(#""children":[],"childrenOmitted":99940}"#))
        #expect(tree.hasSuffix(String(repeating: "]}", count: 59) + "]}"))
    }

    @Test func oneLevelLessOmitsNothing() {
        let chain = (1...60).map { SpanRecord.sample(UInt64($0), parent: UInt64($0 - 1)) }
        let tree = text(NativeJSON.tree(Trace(id: .sample(1), assembling: chain), annotations: [], flat: false))
        #expect(!tree.contains("childrenOmitted"))
        #expect(tree.ranges(of: #""spanId":"#).count == 60)
    }

    @Test func everySpanHasOneIDAndEverySearchHitOneTraceID() {
        let tree = text(NativeJSON.tree(checkout, annotations: [], flat: false))
        #expect(tree.ranges(of: #""spanId":"#).count == 3)
        #expect(tree.ranges(of: #""traceId":"#).isEmpty)
    }
}
