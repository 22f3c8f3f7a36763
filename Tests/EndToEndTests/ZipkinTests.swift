// SPDX-License-Identifier: Apache-2.0
// Story: two services report with py-zipkin, one goes on with the other's span id; the trace reads as one tree, and leaves
// as it came.

import Foundation
import Testing

@Suite("py-zipkin")
struct ZipkinTests {
    @Test(arguments: [["json", "64"], ["protobuf", "64"], ["protobuf", "128", "gzip"], ["json", "128", "gzip"]])
    func aTraceOfTwoServicesReadsAsOneTree(options: [String]) async throws {
        let scratch = try ScratchFolder("zipkin")
        let collector = try await RunningCollector(in: scratch)
        let python = try await PythonEnvironment.shared.interpreter()
        let port = try #require(collector.zipkinURL.split(separator: ":").last)
        let sent = try await ProgramRun.toEnd(
            python, [PythonEnvironment.scripts + "/send_zipkin.py", String(port)] + options, in: scratch)
        #expect(sent.status == 0, "\(sent.standardError)")
        let made = try JSONDecoder().decode(Made.self, from: Data(sent.standardOutput.utf8))
        #expect(made.traceId.count == (options.contains("128") ? 32 : 16))
        if options.contains("gzip") { #expect(made.answers.map(\.status) == [202, 202]) }

        let curl = Curl(url: collector.queryURL, scratch: scratch)
        let tree = try await curl.jq(
            ".roots[] | recurse(.children[]) | [.depth, .service, .operation, .kind, .spanId, .parentSpanId]",
            "/sonde/v1/traces/" + made.traceId)
        let lines = tree.split(separator: "\n").map(String.init)
        #expect(
            lines.dropLast() == [
                #"[0,"gateway","GET /","server","\#(made.rootId)",null]"#,
                #"[1,"gateway","POST","client","\#(made.sharedId)","\#(made.rootId)"]"#,
                #"[2,"orders","POST /orders","server","\#(made.sharedId)","\#(made.rootId)"]"#,
            ])
        #expect(lines.last?.hasPrefix(#"[3,"orders","insert","internal","#) == true)
        #expect(lines.last?.hasSuffix(#""\#(made.sharedId)"]"#) == true)
        #expect(try await curl.jq(".trace.complete, .trace.spanTotal", "/sonde/v1/traces/" + made.traceId) == "true\n4")
        try await Self.checkParts(made, curl)
        try await Self.checkWayOut(made, collector, scratch)
        try await Self.checkShell(made, collector, scratch)
        #expect(try await collector.stop() == 0)
    }

    /// Tags, annotation, endpoints and the error, as they are told here.
    private static func checkParts(_ made: Made, _ curl: Curl) async throws {
        let spans = try await curl("/sonde/v1/traces/\(made.traceId)?flat=1").body
        func look(_ name: String, _ filter: String) async throws -> String {
            try await Curl.jq(#".spans[] | select(.operation == "\#(name)") | "# + filter, spans, in: curl.scratch)
        }
        #expect(
            try await look(
                "POST",
                "[.attributes.\"peer.service\", .attributes.\"network.peer.address\", .attributes.\"network.peer.port\"]"
            )
                == #"["database","fd00::1",5432]"#)
        #expect(
            try await look("POST /orders", ".attributes | to_entries | sort_by(.key) | map(.value)")
                == #"["","500","10.0.0.2",8081,"päyment 😀",true]"#)
        #expect(
            try await look("POST /orders", ".events | map([.name, .time])")
                == #"[["cache miss","2018-12-13T14:51:00.000123000Z"]]"#)
        #expect(try await look("insert", ".status") == #"{"code":"error","message":"ValueError: no room"}"#)
    }

    /// `sonde export` gives Zipkin's own JSON again.
    private static func checkWayOut(
        _ made: Made, _ collector: RunningCollector, _ scratch: ScratchFolder
    ) async throws {
        let run = try await ProgramRun.toEnd(
            Program.sonde, ["export", made.traceId, "-o", "zipkin", "--at", collector.queryURL], in: scratch)
        #expect(run.status == 0, "\(run.standardError)")
        let shared = try await Curl.jq(
            #".[] | select(.shared) | del(.timestamp, .duration) | [.traceId, .id, .kind, .localEndpoint, .annotations, .tags]"#,
            run.standardOutput, in: scratch)
        let tags = try await Curl.jq(
            ".[] | select(.shared) | .tags | to_entries | sort_by(.key) | map([.key, .value])", run.standardOutput,
            in: scratch)
        #expect(tags == #"[["empty",""],["http.status_code","500"],["unicode","päyment 😀"]]"#)
        #expect(
            shared.hasPrefix(
                #"["\#(made.traceId)","\#(made.sharedId)","SERVER",{"serviceName":"orders","ipv4":"10.0.0.2","port":8081},"#
                    + #"[{"timestamp":1544712660000123,"value":"cache miss"}],"#))
    }

    /// The list shows digits that its sender wrote, and these open the trace.
    private static func checkShell(_ made: Made, _ collector: RunningCollector, _ scratch: ScratchFolder) async throws {
        let digits = String(made.traceId.prefix(8))
        let list = try await Terminal.sonde(["traces", "--at", collector.queryURL], columns: 80, in: scratch)
        #expect(list.last.count == 2 && list.last[1].hasSuffix(" " + digits), "\(list.last)")
        let trace = try await ProgramRun.toEnd(
            Program.sonde, ["trace", digits, "--at", collector.queryURL], in: scratch)
        #expect(trace.status == 0 && trace.standardOutput.contains(made.traceId), "\(trace.standardError)")
    }

    private struct Made: Decodable {
        struct Answer: Decodable {
            var status: Int

            init(from decoder: any Decoder) throws {
                var list = try decoder.unkeyedContainer()
                status = try list.decode(Int.self)
            }
        }

        var traceId: String
        var rootId: String
        var sharedId: String
        var answers: [Answer]
    }

    @Test func whatIsNotZipkinIsRefusedWithASentence() async throws {
        let scratch = try ScratchFolder("zipkin-bad")
        let collector = try await RunningCollector(in: scratch)
        let curl = Curl(url: collector.zipkinURL, scratch: scratch)
        let json = ["-H", "Content-Type: application/json", "-d"]
        let cut = try await curl("/api/v2/spans", json + [#"[{"traceId":"1""#])
        #expect(cut.status == 400 && cut.body.contains("the text ends"), "\(cut.body)")
        let thrift = try await curl("/api/v2/spans", ["-H", "Content-Type: application/x-thrift", "-d", "x"])
        #expect(thrift.status == 415 && thrift.body.contains("application/x-thrift"), "\(thrift.body)")
        #expect(try await curl("/api/v1/spans", json + ["[]"]).status == 404)
        // The names of a service's spans, and no service named.
        #expect(try await curl("/api/v2/spans").status == 400)
        let good = try await curl("/api/v2/spans", json + [#"[{"traceId":"A1","id":"B2","name":"x"}]"#])
        #expect(good.status == 202 && good.body == "")
        #expect(
            try await Curl(url: collector.queryURL, scratch: scratch).jq(
                ".roots[0] | [.spanId, .operation]", "/sonde/v1/traces/a1") == #"["00000000000000b2","x"]"#)
        #expect(try await collector.stop() == 0)
    }
}
