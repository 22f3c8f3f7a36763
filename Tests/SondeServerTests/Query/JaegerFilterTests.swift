// SPDX-License-Identifier: Apache-2.0
// Jaeger's structured filter: what each operator finds, and what is refused rather than ignored.

import SondeModel
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct JaegerFilterTests {
    private static let window = "query.startTimeMin=2026-01-02T00:00:00Z&query.startTimeMax=2026-01-03T00:00:00Z"

    /// `{"op": …, "args": […]}`
    private static func call(_ name: String, _ arguments: String...) -> String {
        #"{"op":"\#(name)","args":[\#(arguments.joined(separator: ","))]}"#
    }

    private static func nested(_ call: String) -> String { #"{"call":\#(call)}"# }
    private static func attr(_ key: String, _ level: String = "") -> String {
        #"{"attr":{"key":"\#(key)","level":"\#(level)"}}"#
    }
    private static func field(_ level: String, _ name: String) -> String {
        #"{"field":{"name":"\#(name)","level":"\#(level)"}}"#
    }
    private static func scalar(_ value: String, _ type: String = "") -> String {
        #"{"scalar":{"value":"\#(value)","type":"\#(type)"}}"#
    }
    private static func list(_ type: String, _ values: String...) -> String {
        #"{"list":{"type":"\#(type)","values":[\#(values.map { "\"\($0)\"" }.joined(separator: ","))]}}"#
    }

    struct Case: Sendable {
        let filter: String
        let ids: Set<UInt64>

        init(_ filter: String, _ ids: Set<UInt64>) {
            self.filter = filter
            self.ids = ids
        }
    }

    static let found: [Case] = [
        // Without a type in every type; with one in that only.
        Case(call("eq", attr("code"), scalar("500")), [1, 2]),
        Case(call("eq", attr("code"), scalar("500", "int")), [1]),
        Case(call("eq", attr("code"), scalar("500", "string")), [2]),
        // Without a level in spans and resources; with one only there.
        Case(call("eq", attr("zone"), scalar("b")), [1, 3]),
        Case(call("eq", attr("zone", "resource"), scalar("b")), [3]),
        Case(call("eq", attr("zone", "span"), scalar("b")), [1]),
        Case(call("eq", attr("zone", "event"), scalar("b")), []),
        // What denies needs a value.
        Case(call("ne", attr("code"), scalar("500")), [3]), Case(call("ne", attr("zone"), scalar("b")), []),
        Case(call("not", nested(call("eq", attr("code"), scalar("500")))), [3, 4]),
        Case(call("exists", attr("code")), [1, 2, 3]),
        Case(call("gt", attr("code"), scalar("400", "int")), [1, 3]),
        Case(call("gt", scalar("501", "int"), attr("code")), [1]),
        Case(call("gt", attr("code"), scalar("400")), [1, 2, 3]),
        Case(call("gte", attr("code"), scalar("500", "int")), [1, 3]),
        Case(call("lt", attr("code"), scalar("501", "int")), [1]),
        Case(call("in", attr("code"), list("int", "500", "503")), [1, 3]),
        Case(call("not_in", attr("code"), list("int", "500", "503")), [2]),
        Case(call("regex", attr("zone"), scalar("b|x")), [1, 3]),
        Case(call("regex", field("span", "name"), scalar("ord")), [1, 2]),
        Case(call("eq", field("resource", "service"), scalar("payments")), [4]),
        Case(call("eq", field("span", "kind"), scalar("client")), [2]),
        Case(call("ne", field("span", "kind"), scalar("server")), [2]),
        Case(call("eq", field("span", "status"), scalar("error")), [3]),
        Case(call("gt", field("span", "duration"), scalar("1s")), [3]),
        Case(call("in", field("span", "name"), list("", "pay", "none")), [4]),
        Case(call("eq", field("event", "name"), scalar("retry")), [2]),
        Case(call("some", events, nested(call("eq", field("event", "name"), scalar("retry")))), [2]),
        Case(call("and", nested(hasCode), nested(call("gt", field("span", "duration"), scalar("1s")))), [3]),
        Case(call("or", nested(isPay), nested(call("eq", field("span", "kind"), scalar("client")))), [2, 4]),
    ]

    private static let events = #"{"nested":{"level":"event"}}"#
    private static let hasCode = call("exists", attr("code"))
    private static let isPay = call("eq", field("span", "name"), scalar("pay"))

    @Test(arguments: found)
    func findsSpansThatMeetIt(wanted: Case) async throws {
        try await withTraces { collector async throws in
            let found = try await ask(collector, wanted.filter)
            #expect(found.status == 200, "\(found.text)")
            let summaries = try JSONValue.parse(found.body)["summaries"]?.array ?? []
            let numbers = summaries.compactMap { $0["traceId"]?.string.flatMap { TraceID(hex: $0)?.low } }
            #expect(Set(numbers) == wanted.ids)
        }
    }

    static let refused: [String] = [
        "x", "[]", "{}", #"{"op":"eq"}"#, call("like", attr("a"), scalar("b")), call("eq", attr("a")),
        call("and", nested(call("exists", attr("a")))), call("and", attr("a"), attr("b")), call("exists", scalar("a")),
        call("eq", attr(""), scalar("b")), call("eq", attr("a", "trace"), scalar("b")),
        call("eq", field("span", "colour"), scalar("b")), call("gt", field("span", "duration"), scalar("banana")),
        call("eq", field("span", "kind"), scalar("router")), call("gt", field("span", "kind"), scalar("server")),
        call("eq", attr("a"), scalar("x", "int")), call("in", attr("a"), list("", "b")),
        call("in", attr("a"), list("int")), call("regex", attr("a"), scalar("(")),
        call("eq", field("span", "startTime"), scalar("2026-01-02T03:04:05Z")),
        call("some", #"{"nested":{"level":"span"}}"#, nested(call("exists", attr("a")))),
        call("some", events, nested(call("and", nested(hasCode), nested(isPay)))), deep,
    ]

    private static let deep = (0..<25).reduce(hasCode) { inner, _ in call("not", nested(inner)) }

    @Test(arguments: refused)
    func refusesWhatItCannotAnswer(filter: String) async throws {
        try await withTraces { collector async throws in
            let reply = try await ask(collector, filter)
            #expect(reply.status == 400, "\(reply.text)")
            #expect(reply.text.hasPrefix(#"{"error":{"httpCode":400,"message":"#))
            #expect(reply.text.contains("query.filter"))
        }
    }

    @Test func standsAlone() async throws {
        try await withTraces { collector async throws in
            let filter = Self.call("exists", Self.attr("code"))
            let reply = try await ask(collector, filter, "&query.serviceName=orders")
            #expect(reply.status == 400)
        }
    }

    private func ask(_ collector: RunningCollector, _ filter: String, _ more: String = "") async throws -> RawResponse {
        let encoded = filter.utf8.map { byte in
            let digits = String(byte, radix: 16)
            return "%" + (digits.count == 1 ? "0" : "") + digits
        }
        return try #require(
            try await collector.get(
                "/api/v3/trace-summaries?\(Self.window)&query.filter=\(encoded.joined())\(more)"))
    }

    /// Of each trace one span: 1 code 500 and zone b; 2 code "500", an event, a client; 3 slow and failed, code 503,
    /// zone b of its resource; 4 of another service.
    private func withTraces(_ body: @Sendable (RunningCollector) async throws -> Void) async throws {
        let one = SpanRecord.sample(
            trace: 1, 1, attributes: [Attribute("code", .int(500)), Attribute("zone", .string("b"))])
        var two = SpanRecord.sample(
            trace: 2, 2, kind: .client, attributes: [Attribute("code", .string("500"))])
        two.events = [SpanEvent(time: .sample(ms: 1), name: "retry")]
        var three = SpanRecord.sample(
            trace: 3, 3, name: "slow", duration: 2_000, status: SpanStatus(code: .error),
            attributes: [Attribute("code", .int(503))])
        three.resource.attributes.append(Attribute("zone", .string("b")))
        let four = SpanRecord.sample(trace: 4, 4, service: "payments", name: "pay")
        let spans = [one, two, three, four]
        try await RunningCollector.run { collector in
            #expect(try await collector.post(OTLPEncoder.traces(spans))?.status == 200)
            try await body(collector)
        }
    }
}
