// SPDX-License-Identifier: Apache-2.0
// Story: somebody has no SDK but curl, writes OTLP in JSON by hand, more or less as the specification has it, and finds all
// of it again.

import Foundation
import Testing

@Suite("OTLP in JSON, by curl")
struct CurlTests {
    private static let trace = "5b8efff798038103d269b633813fc60c"
    private static let json = ["-H", "Content-Type: application/json"]

    /// As the specification writes it, and every other way that senders have been seen to write it.
    private static let spans = """
        {"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "curl"}}]},
          "scopeSpans": [{"scope": {"name": "by hand", "version": "1"}, "spans": [
            {"traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "EEE19B7EC3C1B174", "parentSpanId": "",
             "name": "specified", "kind": 2, "unknownField": {"a": [1]},
             "startTimeUnixNano": "1544712660000000001", "endTimeUnixNano": 1544712661000000001,
             "attributes": [
               {"key": "text", "value": {"stringValue": "päyment \\"x\\""}},
               {"key": "max", "value": {"intValue": "9223372036854775807"}},
               {"key": "number", "value": {"intValue": -5}},
               {"key": "double", "value": {"doubleValue": 1.5}},
               {"key": "notANumber", "value": {"doubleValue": "NaN"}},
               {"key": "yes", "value": {"boolValue": true}},
               {"key": "bytes", "value": {"bytesValue": "AAEC"}},
               {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": "q"}, {"intValue": 1}]}}},
               {"key": "map", "value": {"kvlistValue": {"values": [{"key": "z", "value": {"boolValue": false}}]}}},
               {"key": "empty", "value": {}}],
             "status": {"code": "STATUS_CODE_ERROR", "message": "no"},
             "events": [{"name": "heard", "timeUnixNano": "1544712660000000002", "attributes": []}],
             "links": [{"traceId": "0af7651916cd43dd8448eb211c80319c", "spanId": "b7ad6b7169203331", "attributes": null}]},
            {"trace_id": "5b8efff798038103d269b633813fc60c", "span_id": "eee19b7ec3c1b175",
             "parent_span_id": "eee19b7ec3c1b174", "name": "lenient", "kind": "SPAN_KIND_CLIENT",
             "start_time_unix_nano": 1544712660000000100, "end_time_unix_nano": "1544712660000000200",
             "attributes": null}]}]}]}
        """

    private static let logs = """
        {"resourceLogs": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "curl"}}]},
          "scopeLogs": [{"logRecords": [
            {"timeUnixNano": "1544712660000000300", "severityNumber": 17, "severityText": "ERROR",
             "body": {"stringValue": "declined"}, "traceId": "5B8EFFF798038103D269B633813FC60C",
             "spanId": "eee19b7ec3c1b174", "attributes": [{"key": "code", "value": {"intValue": "51"}}]},
            {"time_unix_nano": 1544712660000000301, "severity_number": "SEVERITY_NUMBER_WARN",
             "body": {"kvlistValue": {"values": [{"key": "a", "value": {"intValue": 1}}]}}}]}]}]}
        """

    @Test(arguments: ["plain", "gzip"])
    func whatIsWrittenByHandComesBack(encoding: String) async throws {
        let scratch = try ScratchFolder("curl")
        let collector = try await RunningCollector(in: scratch)
        let otlp = Curl(url: collector.otlpURL, scratch: scratch)
        for (path, text) in [("/v1/traces", Self.spans), ("/v1/logs", Self.logs)] {
            var file = try scratch.write(text, to: "body.json")
            var headers = Self.json
            if encoding == "gzip" {
                let gzip = try await ProgramRun.toEnd("/usr/bin/env", ["gzip", "-f", file], in: scratch)
                #expect(gzip.status == 0)
                file += ".gz"
                headers += ["-H", "Content-Encoding: gzip"]
            }
            let answer = try await otlp(path, headers + ["--data-binary", "@" + file])
            #expect(answer.status == 200 && answer.body == "{}" && answer.contentType == "application/json")
        }
        try await Self.checkSpans(Curl(url: collector.queryURL, scratch: scratch))
        try await Self.checkLogs(Curl(url: collector.queryURL, scratch: scratch))
        #expect(try await collector.stop() == 0)
    }

    private static func checkSpans(_ curl: Curl) async throws {
        let tree = try await curl("/sonde/v1/traces/" + trace).body
        func look(_ filter: String) async throws -> String { try await Curl.jq(filter, tree, in: curl.scratch) }
        #expect(
            try await look(".roots[0] | [.spanId, .service, .operation, .kind, .start, .durationNanos]")
                == #"["eee19b7ec3c1b174","curl","specified","server","2018-12-13T14:51:00.000000001Z",1000000000]"#)
        #expect(
            try await look(".roots[0].attributes | del(.double)")
                == #"{"text":"päyment \"x\"","max":"9223372036854775807","number":-5,"notANumber":"NaN","yes":true,"#
                + #""bytes":{"bytes":"AAEC"},"list":["q",1],"map":{"z":false},"empty":null}"#)
        #expect(try await look(".roots[0].attributes.double == 1.5") == "true")
        #expect(try await look(".roots[0].status") == #"{"code":"error","message":"no"}"#)
        #expect(try await look(".roots[0].events | map([.name, .offsetNanos])") == #"[["heard",1]]"#)
        #expect(
            try await look(".roots[0].links | map([.traceRef, .spanRef])")
                == #"[["0af7651916cd43dd8448eb211c80319c","b7ad6b7169203331"]]"#)
        #expect(
            try await look(".roots[0].children | map([.spanId, .parentSpanId, .operation, .kind, .durationNanos])")
                == #"[["eee19b7ec3c1b175","eee19b7ec3c1b174","lenient","client",100]]"#)
    }

    private static func checkLogs(_ curl: Curl) async throws {
        #expect(
            try await curl.jq(".logs | map([.time, .level, .body, .traceId, .attributes])", "/sonde/v1/logs")
                == #"[["2018-12-13T14:51:00.000000301Z","warn",{"a":1},null,{}],"#
                + #"["2018-12-13T14:51:00.000000300Z","error","declined","\#(trace)",{"code":51}]]"#)
    }

    // MARK: What is wrong

    @Test func aBodyThatCannotBeReadIsRefusedWithWhatAndWhere() async throws {
        let scratch = try ScratchFolder("curl-bad")
        let collector = try await RunningCollector(in: scratch)
        let otlp = Curl(url: collector.otlpURL, scratch: scratch)
        for (body, complaint) in Self.unreadable {
            let answer = try await otlp("/v1/traces", Self.json + ["--data-binary", body])
            #expect(answer.status == 400, "\(body)")
            #expect(answer.contentType == "application/json")
            #expect(answer.body == #"{"code":3,"message":"cannot decode OTLP JSON body: \#(complaint)"}"#)
        }
        let broken = try await otlp(
            "/v1/traces", Self.json + ["-H", "Content-Encoding: gzip", "--data-binary", "this is no gzip"])
        #expect(broken.status == 400 && broken.body.contains("gzip"), "\(broken.body)")
        let form = try await otlp("/v1/traces", ["--data-binary", "{}"])
        #expect(form.status == 415 && form.body.contains("application/x-www-form-urlencoded"), "\(form.body)")
        let stats = try await Curl(url: collector.queryURL, scratch: scratch).jq(".spans", "/sonde/v1/stats")
        #expect(stats == "0")
        #expect(try await collector.stop() == 0)
    }

    private static let unreadable = [
        ("[]", "expected an object at byte 0 (line 1)"),
        (#"{"resourceSpans": {}}"#, "expected an array for resourceSpans at byte 18 (line 1)"),
        ("{\"resourceSpans\": [\n{\"scopeSpans\": 1}]}", "expected an array for scopeSpans at byte 35 (line 2)"),
        (span(#""name": "x" "kind": 2"#), "expected ',' or '}' at byte 56 (line 1)"),
        (span(#""name": "x"#), "the text ends inside a string at byte 52 (line 1)"),
        (
            span(#""startTimeUnixNano": "soon""#),
            "expected a whole number for startTimeUnixNano at byte 65 (line 1)"
        ),
        (span(#""traceId": 7"#), "expected a string for traceId at byte 55 (line 1)"),
    ]

    private static func span(_ members: String) -> String {
        #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"# + members + "}]}]}]}"
    }

    @Test func aSpanWithoutAnIdIsLeftOutAndTheRestIsStored() async throws {
        let scratch = try ScratchFolder("curl-partial")
        let collector = try await RunningCollector(in: scratch)
        let body = #"""
            {"resourceSpans":[{"scopeSpans":[{"spans":[
              {"traceId":"xyz","spanId":"eee19b7ec3c1b176","name":"bad"},
              {"traceId":"\#(Self.trace)","spanId":"eee19b7ec3c1b177","name":"good"},
              {"traceId":"00000000000000000000000000000000","spanId":"eee19b7ec3c1b178","name":"zero"}]}]}]}
            """#
        let answer = try await Curl(url: collector.otlpURL, scratch: scratch)(
            "/v1/traces", Self.json + ["--data-binary", body])
        #expect(answer.status == 200)
        #expect(
            answer.body
                == #"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"span 0 (\"bad\", counting from 0) has a "#
                + #"trace id of 3 characters, expected 32 hex digits"}}"#)
        let query = Curl(url: collector.queryURL, scratch: scratch)
        #expect(try await query.jq(".spans", "/sonde/v1/stats") == "1")
        #expect(try await query.jq(".roots[0].operation", "/sonde/v1/traces/" + Self.trace) == "good")
        #expect(try await collector.stop() == 0)
    }
}
