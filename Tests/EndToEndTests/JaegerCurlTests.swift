// SPDX-License-Identifier: Apache-2.0
// Story: tools made for Jaeger look at what the OpenTelemetry SDK for Python sent. curl asks as they do, jq reads the
// answers.

import Foundation
import Testing

@Suite("Jaeger's query API, by curl")
struct JaegerCurlTests {
    @Test func answersWhatJaegersToolsAsk() async throws {
        let scratch = try ScratchFolder("jaeger")
        let collector = try await RunningCollector(in: scratch)
        let curl = Curl(url: collector.queryURL, scratch: scratch)
        #expect(try await curl.jq(".data, .total, .errors", "/api/services") == "[]\n0\nnull")

        let python = try await PythonEnvironment.shared.interpreter()
        let sent = try await ProgramRun.toEnd(
            python, [PythonEnvironment.scripts + "/send_everything.py", collector.otlpURL], in: scratch)
        #expect(sent.status == 0, "\(sent.standardError)")
        let trace = try await Curl.jq(".traceId", sent.standardOutput, in: scratch)
        let start = try await Curl.jq(".spans[0].startNanos / 1000 | floor", sent.standardOutput, in: scratch)
        // jq's numbers are doubles: of nanoseconds since 1970 they miss up to 128.
        let startMicros = try #require(Int(start)) - 1

        try await Self.checkNames(curl)
        try await Self.checkTrace(trace, curl)
        try await Self.checkSearch(trace, startMicros, curl)
        try await Self.checkThirdVersion(trace, curl)
        try await Self.checkErrors(curl)
        #expect(try await collector.stop() == 0)
    }

    private static func checkNames(_ curl: Curl) async throws {
        let envelope = #""limit":0,"offset":0,"errors":null}"#
        #expect(try await curl("/api/services").body == #"{"data":["python-shop"],"total":1,"# + envelope)
        #expect(
            try await curl("/api/services/python-shop/operations").body
                == #"{"data":["POST","POST /checkout","internal work","publish","receive"],"total":5,"# + envelope)
        #expect(
            try await curl("/api/operations?service=python-shop&spanKind=client").body
                == #"{"data":[{"name":"POST","spanKind":"client"}],"total":1,"# + envelope)
        #expect(try await curl.jq(".services", "/api/v3/services") == #"["python-shop"]"#)
        #expect(
            try await curl.jq(
                ".operations | map(.name + \" \" + .spanKind) | sort", "/api/v3/operations?service=python-shop")
                == #"["POST /checkout server","POST client","internal work internal","publish producer","receive consumer"]"#
        )
    }

    private static func checkTrace(_ id: String, _ curl: Curl) async throws {
        let answer = try await curl("/api/traces/" + id)
        #expect(answer.status == 200 && answer.contentType == "application/json")
        func look(_ filter: String) async throws -> String { try await Curl.jq(filter, answer.body, in: curl.scratch) }
        #expect(try await look(".data | length") == "1")
        #expect(try await look(".data[0].traceID") == id)
        #expect(try await look(".data[0].spans | length") == "5")
        #expect(try await look(".data[0].processes | map(.serviceName)") == #"["python-shop"]"#)
        #expect(
            try await look(
                ".data[0].processes[].tags | map(select(.key | startswith(\"telemetry\") | not)) | sort_by(.key)")
                == #"[{"key":"canary","type":"bool","value":true},{"key":"host.cpus","type":"int64","value":2},"#
                + #"{"key":"service.version","type":"string","value":"1.0"},"#
                + #"{"key":"zones","type":"string","value":"[\"a\",\"b\"]"}]"#)
        // Every list is a list; nothing is null but the warnings.
        #expect(
            try await look("[.data[0].spans[] | .references, .tags, .logs | type] | unique") == #"["array"]"#)
        let root = #".data[0].spans[] | select(.operationName == "POST /checkout")"#
        #expect(try await look(root + " | [.duration, .references]") == "[120000,[]]")
        #expect(
            try await look(root + #" | [.tags[] | select(.key == "max" or .key == "negative" or .key == "true")]"#)
                == #"[{"key":"true","type":"bool","value":true},{"key":"negative","type":"int64","value":-42},"#
                + #"{"key":"max","type":"int64","value":"9223372036854775807"}]"#)
        #expect(
            try await look(root + #" | [.tags[] | select(.key == "span.kind" or .key == "otel.status_code") | .value]"#)
                == #"["server","OK"]"#)
        let failed =
            #".data[0].spans[] | select(.operationName == "receive") | .tags | map({key, value}) | from_entries"#
        #expect(
            try await look(failed + #" | [.error, ."otel.status_code", ."otel.status_description", ."span.kind"]"#)
                == #"[true,"ERROR","card declined: \"insufficient\"","consumer"]"#)
        let client = #".data[0].spans[] | select(.operationName == "POST")"#
        #expect(
            try await look(client + " | .references | map([.refType, .traceID])")
                == #"[["CHILD_OF","\#(id)"],["FOLLOWS_FROM","0af7651916cd43dd8448eb211c80319c"]]"#)
        let events = #".data[0].spans[] | select(.operationName == "publish") | .logs | map(.fields[0].value)"#
        #expect(try await look(events) == #"["queued","sent"]"#)
    }

    private static func checkSearch(_ id: String, _ start: Int, _ curl: Curl) async throws {
        let end = start + 1_000_000
        let finding = [
            "", "&operation=POST+/checkout", "&operation=POST%20%2Fcheckout", "&minDuration=100ms&maxDuration=1s",
            "&minDuration=0.12s", "&maxDuration=5.000456ms", "&start=\(start)&end=\(end)", "&limit=1", "&lookback=1h",
            "&tags=%7B%22peer%22%3A%22payments%22%7D", "&tag=peer:payments", "&tag=peer:payments&tag=span.kind:client",
            "&tags=%7B%22error%22%3A%22true%22%7D", "&tags=%7B%22host.cpus%22%3A%222%22%7D",
        ]
        for condition in finding {
            let found = try await curl.jq(".data | map(.traceID)", "/api/traces?service=python-shop" + condition)
            #expect(found == #"["\#(id)"]"#, "\(condition)")
        }
        let missing = [
            "&operation=none", "&minDuration=121ms", "&maxDuration=1ms", "&start=\(end)&end=\(end + 1)",
            "&tag=peer:nobody", "&tags=%7B%22peer%22%3A%22payments%22%2C%22error%22%3A%22true%22%7D",
        ]
        for condition in missing {
            let answer = try await curl("/api/traces?service=python-shop" + condition)
            #expect(answer.body == #"{"data":[],"total":0,"limit":0,"offset":0,"errors":null}"#, "\(condition)")
        }
        let some = try await curl.jq(
            "[(.data | length), .errors]", "/api/traces?traceID=\(id)&traceID=\(String(id.prefix(31)))")
        #expect(
            some == #"[1,[{"code":404,"msg":"trace not found","traceID":"0\#(id.prefix(31))"}]]"#)
    }

    private static func checkThirdVersion(_ id: String, _ curl: Curl) async throws {
        let range = "query.startTimeMin=2020-01-01T00:00:00Z&query.startTimeMax=2200-01-01T00:00:00.000000001Z"
        let spans = ".result.resourceSpans | map(.scopeSpans[].spans[])"
        for path in ["/api/v3/traces/" + id, "/api/v3/traces?query.serviceName=python-shop&" + range] {
            #expect(try await curl.jq(spans + " | length", path) == "5")
            #expect(try await curl.jq(spans + " | map(.traceId) | unique", path) == #"["\#(id)"]"#)
            #expect(
                try await curl.jq(spans + #" | map(select(.name == "POST /checkout") | .kind)"#, path) == "[2]")
        }
        let narrow =
            "&query.serviceName=python-shop&query.durationMin=100ms&query.attributes=%7B%22peer%22%3A%22x%22%7D"
        #expect(try await curl("/api/v3/traces?" + range + narrow).status == 404)
        #expect(
            try await curl.jq(
                ".summaries | map([.traceId, .rootServiceName, .rootOperationName, .spanCount, .errorSpanCount, .orphanSpanCount])",
                "/api/v3/trace-summaries?" + range)
                == #"[["\#(id)","python-shop","POST /checkout",5,1,0]]"#)
    }

    private static func checkErrors(_ curl: Curl) async throws {
        let first = [
            ("/api/traces/0123", 404, "trace not found"),
            ("/api/traces/zz", 400, "zz is not a trace id; expected 1 to 32 hex digits, or 16 bytes in base64"),
            ("/api/traces", 400, "the parameter service is missing; give service=NAME, or traceID=ID"),
            ("/api/operations", 400, "the parameter service is missing; give service=NAME"),
            (
                "/api/traces?service=x&minDuration=soon", 400,
                "cannot read minDuration=soon; expected a duration like 1.2s, 100ms or 4500ns"
            ),
            (
                "/api/traces?service=x&minDuration=2s&maxDuration=1s", 400,
                "nothing can match: the longest duration is smaller than the shortest"
            ),
            ("/api/traces?service=x&limit=-1", 400, "cannot read limit=-1; expected a whole number from 1 to 1000"),
            ("/api/traces?service=x&start=now", 400, "cannot read start=now; expected whole microseconds since 1970"),
        ]
        for (path, status, message) in first {
            let answer = try await curl(path)
            #expect(answer.status == status, "\(path)")
            #expect(
                answer.body
                    == #"{"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":\#(status),"msg":"\#(message)"}]}"#
            )
        }
        let third = [
            ("/api/v3/traces/0123", 404, "trace not found"),
            ("/api/v3/traces", 400, "the parameter query.startTimeMin is missing; expected RFC 3339"),
            (
                "/api/v3/traces?query.startTimeMin=2020-01-01T00:00:00Z&query.startTimeMax=2020-01-02T00:00:00Z", 404,
                "No traces found"
            ),
            (
                "/api/v3/traces?query.startTimeMin=2020-01-02T00:00:00Z&query.startTimeMax=2020-01-01T00:00:00Z", 400,
                "nothing can match: startTimeMin does not lie before startTimeMax"
            ),
        ]
        for (path, status, message) in third {
            let answer = try await curl(path)
            #expect(answer.status == status, "\(path)")
            #expect(answer.body == #"{"error":{"httpCode":\#(status),"message":"\#(message)"}}"#)
        }
    }
}
