// SPDX-License-Identifier: Apache-2.0
// The native API on what many spans come to.

import SondeModel
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct ActivityAPITests {
    @Test(arguments: [
        "/sonde/v1/graph?start=x", "/sonde/v1/graph?start=now&end=now-1h", "/sonde/v1/graph?quantile=95",
        "/sonde/v1/activity?by=color", "/sonde/v1/activity?kind=server&kind=none", "/sonde/v1/activity?step=0s",
        "/sonde/v1/activity?start=1970-01-01T00:00:00Z&end=2500-01-01T00:00:00Z&step=1ns&window=1ns",
        "/sonde/v1/activity?step=-1s", "/sonde/v1/activity?quantile=0.5,x", "/sonde/v1/activity?self=perhaps",
        "/sonde/v1/activity?quantile=nan", "/sonde/v1/activity?quantile=0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0",
    ])
    func refusesAMalformedQuestionWith400(path: String) async throws {
        try await RunningCollector.run { collector in
            let reply = try #require(try await collector.get(path))
            #expect(reply.status == 400)
            #expect(reply.text.hasPrefix(#"{"error":{"code":"invalid","message":""#), "\(reply.text)")
        }
    }

    private func storeCall(_ collector: RunningCollector) async throws {
        let spans: [SpanRecord] = [
            .sample(1, service: "gateway", name: "GET", kind: .client, duration: 20),
            .sample(2, parent: 1, start: 5, status: SpanStatus(code: .error)),
        ]
        let reply = try await collector.post(OTLPEncoder.traces(spans))
        #expect(reply?.status == 200)
    }

    @Test func tellsWhoCallsWhom() async throws {
        try await RunningCollector.run { collector in
            try await storeCall(collector)
            let reply = try #require(try await collector.get("/sonde/v1/graph?service=orders&quantile=0.5"))
            #expect(
                reply.text == """
                    {"nodes":[\
                    {"name":"gateway","connectionType":"","spanCount":1,"errorCount":0,"entryCount":0},\
                    {"name":"orders","connectionType":"","spanCount":1,"errorCount":1,"entryCount":0}],\
                    "edges":[{"client":"gateway","server":"orders","connectionType":"","virtual":false,"calls":1,"errors":1,\
                    "serverDurations":{"count":1,"totalNanos":10000000,"minNanos":10000000,"maxNanos":10000000,\
                    "quantiles":[{"quantile":0.5,"nanos":10000000}],"exact":true},\
                    "clientDurations":{"count":1,"totalNanos":20000000,"minNanos":20000000,"maxNanos":20000000,\
                    "quantiles":[{"quantile":0.5,"nanos":20000000}],"exact":true}}]}
                    """)
        }
    }

    @Test func tellsRatesErrorsAndDurations() async throws {
        try await RunningCollector.run { collector in
            try await storeCall(collector)
            let reply = try #require(
                try await collector.get("/sonde/v1/activity?service=gateway&service=x&by=kind&step=1s&self=1"))
            let counts = """
                "calls":1,"errors":0,"selfNanos":10000000,\
                "durations":{"count":1,"totalNanos":20000000,"minNanos":20000000,"maxNanos":20000000,"quantiles":[],\
                "exact":true}
                """
            #expect(
                reply.text == """
                    {"series":[{"service":"gateway","operation":"GET","kind":"client",\(counts),\
                    "steps":[{"start":"2026-01-02T03:04:05.000000000Z",\(counts)}]}]}
                    """)
            let later = try #require(try await collector.get("/sonde/v1/activity?start=2026-01-02T03:04:06Z"))
            #expect(later.text == #"{"series":[]}"#)
        }
    }
}
