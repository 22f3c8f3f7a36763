// SPDX-License-Identifier: Apache-2.0
// Hostile values in every parameter of every question, over real sockets: answered, or refused with a sentence, never a
// 5xx, and what is stored stays as it was.

import SondeModel
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct HostileQuestionTests {
    /// Percent-encoded already, so that they reach the parameters as they are.
    static let values = [
        "-1", "0", "-0", "1.5", "%2B5", "99999999999999999999", "-99999999999999999999", "9223372036854775808", "1e999",
        "NaN", "Infinity", "0x10", "%D9%A3", "ten", "", "%00", "a%00b", "%FF%FE", "%ED%A0%80", "%F0%9F%92%A9", "1h-1h",
        "-1s", "99999999999999h", "18446744073709551616ns", "now-99999999999h", "now%2B1h", "9999-99-99T99:99:99Z",
        "2026-01-02T03:04:05%2B99:99", "';%20DROP%20TABLE%20block;--", "%22%20OR%201=1--", "x'00'", "%25", "_%25",
        "../../../../etc/passwd", "..%2F..%2Fetc%2Fpasswd", "%2e%2e/", "/dev/zero", "C:%5C", "$(id)", "%60id%60",
        "$%7Bjndi:ldap://x%7D", "%7B%7D", "%7B%22a%22:%22%22%7D", "%5B%5B%5B%5B", "%22", "%5C", "%0D%0AX-Evil:%201",
        "*", "(", ")",
        "%3Cscript%3E", String(repeating: "a", count: 6000), String(repeating: "%C3%BC", count: 1000),
    ]

    static let parameters = [
        "/sonde/v1/traces": [
            "service", "operation", "kind", "status", "minDuration", "maxDuration", "minTraceDuration",
            "maxTraceDuration",
            "start", "end", "since", "limit", "cursor", "q", "attr.x", "attr.",
        ],
        "/sonde/v1/logs": [
            "service", "level", "text", "traceId", "spanId", "start", "end", "since", "limit", "cursor",
        ],
        "/sonde/v1/traceIds": ["prefix", "limit"],
        "/sonde/v1/traces/5a5a": ["prefix", "flat", "format"],
        "/api/traces": [
            "service", "operation", "tags", "tag", "minDuration", "maxDuration", "start", "end", "lookback", "limit",
            "traceID", "prettyPrint",
        ],
        "/api/operations": ["service", "spanKind"],
        "/api/v3/operations": ["service", "span_kind"],
        "/api/v3/traces": [
            "query.service_name", "query.operation_name", "query.start_time_min", "query.start_time_max",
            "query.duration_min", "query.duration_max", "query.num_traces", "query.search_depth", "query.attributes",
            "query.serviceName", "query.startTimeMin", "query.numTraces", "query.searchDepth",
        ],
    ]

    /// Beside the hostile one, what a question needs to be looked at at all.
    static let company = [
        "/api/traces": "&service=orders", "/api/operations": "&service=orders", "/api/v3/operations": "&service=orders",
        "/api/v3/traces": "&query.service_name=orders&query.start_time_min=2026-01-01T00:00:00Z"
            + "&query.start_time_max=2026-01-03T00:00:00Z",
    ]

    @Test(arguments: parameters.keys.sorted())
    func everyParameterOfAQuestion(path: String) async throws {
        try await ask { ask in
            for name in try #require(Self.parameters[path]) {
                for value in Self.values { try await ask("\(path)?\(name)=\(value)\(Self.company[path] ?? "")") }
            }
        }
    }

    @Test(arguments: [
        "/sonde/v1/traces/{}", "/sonde/v1/services/{}/operations", "/api/traces/{}", "/api/services/{}/operations",
        "/api/v3/traces/{}", "/sonde/v1/traces/{}/pin", "/{}",
    ])
    func everyPartOfAPath(pattern: String) async throws {
        try await ask { ask in
            for value in Self.values { try await ask(pattern.replacing("{}", with: value)) }
        }
    }

    /// Names of parameters, and too many of them.
    @Test func parametersThatNobodyKnows() async throws {
        try await ask { ask in
            for value in Self.values where value.utf8.count < 1000 {
                try await ask("/sonde/v1/traces?\(value)=\(value)&\(value)&=&&=\(value)")
            }
            try await ask("/sonde/v1/traces?" + String(repeating: "limit=1&", count: 1500))
            try await ask("/sonde/v1/traces?" + (0..<1000).map { "attr.k\($0)=v" }.joined(separator: "&"))
        }
    }

    /// Asks on one connection as long as it is kept, then looks at what was stored before.
    private func ask(_ questions: @Sendable ((String) async throws -> Void) async throws -> Void) async throws {
        let store = MemoryStore()
        try await store.accept(OTLPDecoder.traces(OTLPEncoder.traces([.sample(1), .sample(2, parent: 1)])).batch)
        try await RunningCollector.run(store: store) { collector in
            try await RawConnection.open(port: collector.queryPort) { connection in
                try await questions { target in
                    try await connection.send("GET \(target) HTTP/1.1\r\nhost: localhost\r\n\r\n")
                    let reply = try #require(try await connection.response(), "\(target)")
                    #expect([200, 400, 404].contains(reply.status), "\(target): \(reply.status) \(reply.text)")
                    #expect(reply["x-evil"] == nil)
                    #expect(!reply.text.isEmpty)
                    if reply["content-type"] == "application/json" {
                        #expect(throws: Never.self, "\(target): \(reply.text)") { try JSONValue.parse(reply.body) }
                    }
                }
            }
            let tree = try #require(try await collector.get("/sonde/v1/traces/\(TraceID.sample(1).hex)"))
            #expect(try JSONValue.parse(tree.body)["trace"]?["spanTotal"] == .int(2))
        }
    }
}
