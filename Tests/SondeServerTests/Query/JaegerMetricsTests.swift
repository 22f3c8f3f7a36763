// SPDX-License-Identifier: Apache-2.0
// What Jaeger's clients draw: who calls whom, and rates, errors and latencies over time.

import SondeModel
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct JaegerMetricsTests {
    /// Milliseconds since 1970 of the samples' beginning.
    private let epoch = Int64(Timestamp.sampleEpoch.nanoseconds / 1_000_000)

    // MARK: Links

    @Test(arguments: [
        (
            "",
            #"[{"parent":"gateway","child":"orders","callCount":2},{"parent":"orders","child":"payments","callCount":1}]"#
        ),
        ("service=payments", #"[{"parent":"orders","child":"payments","callCount":1}]"#),
        ("service=nobody", "[]"), ("lookback=1", "[]"),
        (
            "foo=bar&service=&lookback=",
            #"[{"parent":"gateway","child":"orders","callCount":2},{"parent":"orders","child":"payments","callCount":1}]"#
        ),
    ])
    func countsCallsBetweenServicesThatHaveSentSpans(query: String, data: String) async throws {
        try await withCalls { collector async throws in
            let reply = try await collector.get("/api/dependencies?endTs=\(epoch + 60_000)&\(query)")
            #expect(reply?.status == 200)
            #expect(reply?.text == #"{"data":\#(data),"total":0,"limit":0,"offset":0,"errors":null}"#)
        }
    }

    @Test func linksAreLookedForADayBackFromNow() async throws {
        for (hours, count) in [(23, 2), (25, 0)] {
            try await withCalls(now: .sample(ms: Int64(hours) * 3_600_000)) { collector async throws in
                let reply = try #require(try await collector.get("/api/dependencies"))
                #expect(try JSONValue.parse(reply.body)["data"]?.array?.count == count)
            }
        }
    }

    @Test func zipkinCountsFailedCallsToo() async throws {
        try await withCalls { collector async throws in
            func links(_ query: String) async throws -> RawResponse? {
                try await collector.send("GET", "/api/v2/dependencies?\(query)", to: collector.zipkinPort)
            }
            let expected = """
                [{"parent":"gateway","child":"orders","callCount":2},\
                {"parent":"orders","child":"ledger","callCount":1},\
                {"parent":"orders","child":"payments","callCount":1,"errorCount":1}]
                """
            let all = try await links("endTs=\(epoch + 60_000)")
            #expect(all?.text == expected)
            let none = try await links("endTs=\(epoch + 60_000)&lookback=1")
            #expect(none?.text == "[]")
            for query in ["", "endTs=", "endTs=0", "endTs=-1", "endTs=now", "endTs=5&lookback=0"] {
                let refused = try #require(try await links(query))
                #expect(refused.status == 400, "\(query)")
                #expect(refused["content-type"] == "text/plain; charset=utf-8")
            }
        }
    }

    // MARK: Values over time

    @Test func aFamilyHasTheShapeThatJaegersClientsRead() async throws {
        try await withCalls { collector async throws in
            let query = "service=orders&endTs=\(epoch + 20_000)&lookback=10000&step=10000&ratePer=10000"
            let calls = try await collector.get("/api/metrics/calls?\(query)")
            #expect(calls?["content-type"] == "application/json")
            let expected = """
                {"name":"service_call_rate","type":"GAUGE","help":"calls/sec, grouped by service",\
                "metrics":[{"labels":[{"name":"service_name","value":"orders"}],"metricPoints":[\
                {"gaugeValue":{"doubleValue":0.2},"timestamp":"2026-01-02T03:04:15.000000000Z"},\
                {"gaugeValue":{"doubleValue":0},"timestamp":"2026-01-02T03:04:25.000000000Z"}]}]}
                """
            #expect(calls?.text == expected)
        }
    }

    @Test(arguments: [
        ("calls", "", ["orders": [0.2, 0]]),
        ("errors", "", ["orders": [0]]), ("errors", "&spanKind=client", ["orders": [0.5]]),
        ("latencies", "&quantile=0.5", ["orders": [20]]), ("latencies", "&quantile=1", ["orders": [30]]),
        ("calls", "&spanKind=client&spanKind=server", ["orders": [0.4, 0]]),
        ("calls", "&service=gateway", ["gateway": [0.2, 0], "orders": [0.2, 0]]),
        ("calls", "&groupByOperation=true", ["orders GET /orders": [0.1, 0], "orders POST /orders": [0.1, 0]]),
        ("errors", "&groupByOperation=T&spanKind=client", ["orders ledger": [0], "orders pay": [1]]),
        ("calls", "&spanKind=consumer", [:]),
    ])
    func countsInTheWindowOfEachPoint(metric: String, query: String, values: [String: [Double]]) async throws {
        try await withCalls { collector async throws in
            let base = "service=orders&endTs=\(epoch + 20_000)&lookback=10000&step=10000&ratePer=10000"
            let found = try await family(collector, "\(metric)?\(base)\(query)")
            #expect(found == values)
        }
    }

    /// Prometheus looks back `ratePer` from each point, however close they lie.
    @Test func windowsOverlapWherePointsLieCloserThanTheyAreWide() async throws {
        try await withCalls { collector async throws in
            let base = "service=orders&endTs=\(epoch + 4_000)&lookback=4000&step=1000&ratePer=3000"
            let calls = try await family(collector, "calls?\(base)")
            // Calls at 10 ms and at 1010 ms; points at 0, 1, 2, 3 and 4 s.
            let third = 1.0 / 3
            #expect(calls == ["orders": [0, third, 2 * third, 2 * third, third]])
            let slowest = try await family(collector, "latencies?quantile=1&\(base)")
            #expect(slowest == ["orders": [20, 30, 30, 30]])
            let median = try await family(collector, "latencies?quantile=0.5&\(base)")
            #expect(median == ["orders": [20, 20, 20, 30]])
        }
    }

    @Test func defaultsAreAnHourInStepsOfFiveSecondsOverTenMinutes() async throws {
        try await withCalls(now: .sample(ms: 30 * 60_000)) { collector async throws in
            let calls = try await family(collector, "calls?service=orders")
            let values = try #require(calls["orders"])
            #expect(values.count == 721)
            // In the first ten minutes after the calls two are seen, then none.
            let two = 2.0 / 600
            #expect(values.filter { $0 == two }.count == 120)
            #expect(Set(values).isSubset(of: [0, two, two / 2]))
        }
    }

    @Test func theLeastStepIsAMillisecond() async throws {
        try await withCalls { collector async throws in
            let reply = try await collector.get("/api/metrics/minstep")
            #expect(reply?.text == #"{"data":1,"total":0,"limit":0,"offset":0,"errors":null}"#)
        }
    }

    @Test func namesTellWhetherOperationsAreToldApart() async throws {
        try await withCalls { collector async throws in
            let reply = try #require(
                try await collector.get("/api/metrics/latencies?service=orders&quantile=0.95&groupByOperation=1"))
            let family = try JSONValue.parse(reply.body)
            #expect(family["name"] == .string("service_operation_latencies"))
            #expect(family["help"] == .string("0.95th quantile latency, grouped by service & operation"))
        }
    }

    @Test(arguments: [
        "calls", "calls?service=", "latencies?service=a", "latencies?service=a&quantile=x",
        "latencies?service=a&quantile=1.5", "latencies?service=a&quantile=NaN", "latencies?service=a&quantile=-0.1",
        "calls?service=a&step=0", "calls?service=a&step=-1", "calls?service=a&lookback=1h", "calls?service=a&ratePer=0",
        "calls?service=a&endTs=now", "calls?service=a&spanKind=router", "calls?service=a&groupByOperation=perhaps",
        "calls?service=a&step=1", "errors?service=a&lookback=99999999999999999999", "calls?service=a&step=5.5",
        "calls?service=a&step=1&lookback=18446744073709551615",
    ])
    func refusesAParameterThatCannotBeMeant(query: String) async throws {
        try await withCalls { collector async throws in
            let reply = try #require(try await collector.get("/api/metrics/\(query)"))
            #expect(reply.status == 400, "\(reply.text)")
            #expect(reply["content-type"] == "text/plain; charset=utf-8")
            #expect(try JSONValue.parse(reply.body)["errors"]?.array?.first?["code"] == .int(400))
        }
    }

    @Test(arguments: ["endTs=x", "endTs=-1", "lookback=0", "lookback=1d", "endTs=99999999999999999999"])
    func refusesALinkOfNoTime(query: String) async throws {
        try await withCalls { collector async throws in
            let reply = try await collector.get("/api/dependencies?\(query)")
            #expect(reply?.status == 400)
        }
    }

    @Test func pointsAtTheBeginningOfTimeDoNotCrash() async throws {
        try await withCalls { collector async throws in
            for query in [
                "endTs=0", "endTs=1", "endTs=1&step=1", "endTs=4999&lookback=99999999", "endTs=18446744073709",
            ] {
                let reply = try #require(try await collector.get("/api/metrics/calls?service=orders&\(query)"))
                #expect([200, 400].contains(reply.status), "\(query): \(reply.text)")
            }
        }
    }

    // MARK: Asking

    /// Two traces: a gateway calls orders at 10 ms for 20 ms and at 1010 ms for 30 ms; in the second, orders calls
    /// payments in vain, and a ledger that has sent nothing.
    private func withCalls(
        now: Timestamp = .sample(ms: 60_000), _ body: @Sendable (RunningCollector) async throws -> Void
    ) async throws {
        let failed = SpanStatus(code: .error)
        let spans: [SpanRecord] = [
            .sample(trace: 1, 1, service: "gateway", name: "in", start: 5, duration: 40),
            .sample(trace: 1, 2, parent: 1, service: "gateway", name: "out", kind: .client, start: 8, duration: 30),
            .sample(trace: 1, 3, parent: 2, name: "GET /orders", start: 10, duration: 20),
            .sample(trace: 2, 1, service: "gateway", name: "in", start: 1_005, duration: 40),
            .sample(trace: 2, 2, parent: 1, service: "gateway", name: "out", kind: .client, start: 1_008, duration: 36),
            .sample(trace: 2, 3, parent: 2, name: "POST /orders", start: 1_010, duration: 30),
            .sample(
                trace: 2, 4, parent: 3, name: "pay", kind: .client, start: 1_012, duration: 10, status: failed),
            .sample(
                trace: 2, 5, parent: 4, service: "payments", name: "pay", start: 1_014, duration: 5, status: failed),
            .sample(
                trace: 2, 6, parent: 3, name: "ledger", kind: .client, start: 1_025, duration: 5,
                attributes: [Attribute("peer.service", .string("Ledger"))]),
        ]
        try await RunningCollector.run(configure: {
            $0.clock = WallClock { now }
            $0.listeners[.zipkin] = .loopback(0)
        }) { collector async throws in
            #expect(try await collector.post(OTLPEncoder.traces(spans))?.status == 200)
            try await body(collector)
        }
    }

    /// Values by service, or by service and operation.
    private func family(_ collector: RunningCollector, _ path: String) async throws -> [String: [Double]] {
        let reply = try #require(try await collector.get("/api/metrics/\(path)"))
        #expect(reply.status == 200, "\(reply.text)")
        let metrics = try #require(try JSONValue.parse(reply.body)["metrics"]?.array)
        return Dictionary(
            uniqueKeysWithValues: metrics.map { metric in
                let labels = metric["labels"]?.array?.compactMap { $0["value"]?.string } ?? []
                let points = metric["metricPoints"]?.array ?? []
                return (
                    labels.joined(separator: " "), points.compactMap { $0["gaugeValue"]?["doubleValue"]?.double }
                )
            })
    }
}
