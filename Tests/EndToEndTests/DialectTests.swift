// SPDX-License-Identifier: Apache-2.0
// Story: a service written in Python reports over OTLP, and its trace is found by whoever asks, in whichever of the
// languages that Sonde speaks.

import Foundation
import Testing

@Suite("Every API finds what the OpenTelemetry SDK for Python sent")
struct DialectTests {
    @Test func theSameTraceInEveryDialect() async throws {
        let scratch = try ScratchFolder("dialects")
        let collector = try await RunningCollector(in: scratch)
        let python = try await PythonEnvironment.shared.interpreter()
        let sent = try await ProgramRun.toEnd(
            python, [PythonEnvironment.scripts + "/send_everything.py", collector.otlpURL], in: scratch)
        #expect(sent.status == 0, "\(sent.standardError)")
        let id = try await Curl.jq(".traceId", sent.standardOutput, in: scratch)
        let query = Curl(url: collector.queryURL, scratch: scratch)
        let zipkin = Curl(url: collector.zipkinURL, scratch: scratch)
        try await Self.checkQuery(id, query)
        try await Self.checkZipkin(id, zipkin, "")
        try await Self.checkZipkin(id, query, "/zipkin")
        try await Self.checkDoings(id, query, scratch)
        #expect(try await collector.stop() == 0)
    }

    private static func checkQuery(_ id: String, _ curl: Curl) async throws {
        let range = "query.startTimeMin=2020-01-01T00:00:00Z&query.startTimeMax=2200-01-01T00:00:00Z"
        let filter = #"{"op":"eq","args":[{"field":{"name":"name","level":"span"}},{"scalar":{"value":"publish"}}]}"#
        let encoded = try #require(filter.addingPercentEncoding(withAllowedCharacters: .alphanumerics))
        let questions = [
            ("/sonde/v1/traces?service=python-shop&operation=publish", "[.traces[].traceId]"),
            ("/api/traces?service=python-shop&operation=publish", "[.data[].traceID]"),
            ("/api/v3/trace-summaries?query.operationName=publish&\(range)", "[.summaries[].traceId]"),
            ("/api/v3/trace-summaries?query.filter=\(encoded)&\(range)", "[.summaries[].traceId]"),
            (
                "/api/v3/traces?query.serviceName=python-shop&\(range)",
                "[.result.resourceSpans[].scopeSpans[].spans[].traceId] | unique"
            ),
        ]
        for (path, filter) in questions {
            let found = try await curl.jq(filter, path)
            #expect(found == #"["\#(id)"]"#, "\(path)")
        }
        let calls = try await curl.jq(
            ".name, (.metrics | map(.labels[0].value))", "/api/metrics/calls?service=python-shop&spanKind=server")
        #expect(calls.hasPrefix("\"service_call_rate\"") || calls.hasPrefix("service_call_rate"), "\(calls)")
        let links = try await curl.jq(".data", "/api/dependencies?endTs=4000000000000&lookback=4000000000000")
        #expect(links == "[]")
    }

    private static func checkZipkin(_ id: String, _ curl: Curl, _ base: String) async throws {
        let api = base + "/api/v2"
        #expect(try await curl.jq(".", api + "/services") == #"["python-shop"]"#)
        let names = try await curl.jq(".", api + "/spans?serviceName=python-shop")
        #expect(names == #"["internal work","post","post /checkout","publish","receive"]"#)
        for conditions in [
            "serviceName=python-shop", "spanName=publish", "annotationQuery=peer%3Dpayments", "annotationQuery=error",
            "annotationQuery=queued", "minDuration=100000&maxDuration=200000",
        ] {
            let found = try await curl.jq("[.[][].traceId] | unique", "\(api)/traces?\(conditions)")
            #expect(found == #"["\#(id)"]"#, "\(conditions)")
        }
        let none = try await curl.jq(".", "\(api)/traces?annotationQuery=peer%3Dpayments%20and%20error")
        #expect(none == "[]")
        let kinds = try await curl.jq("map(.kind) | sort", "\(api)/trace/\(id)")
        #expect(kinds == #"[null,"CLIENT","CONSUMER","PRODUCER","SERVER"]"#)
        let unknown = try await curl("\(api)/trace/77")
        #expect(unknown.status == 404 && unknown.body == "0000000000000077 not found\n")
    }

    private static func checkDoings(_ id: String, _ curl: Curl, _ scratch: ScratchFolder) async throws {
        let archived = try await curl("/api/archive/\(id)", ["-X", "POST"])
        #expect(archived.status == 200, "\(archived.body)")
        #expect(try await curl.jq("[.pins[].traceId]", "/sonde/v1/pins") == #"["\#(id)"]"#)
        let otlp = try scratch.write(try await curl("/sonde/v1/traces/\(id)?format=otlp").body, to: "trace.json")
        let shown = try await curl(
            "/api/transform", ["-H", "content-type: application/json", "--data-binary", "@\(otlp)"])
        #expect(try await Curl.jq("[.data[].traceID]", shown.body, in: scratch) == #"["\#(id)"]"#)
    }
}
