// SPDX-License-Identifier: Apache-2.0
// What the collector counts about itself, as Prometheus reads it.

import SondeModel
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct MetricsRouteTests {
    @Test func countsEveryOutcomeByReason() async throws {
        try await RunningCollector.run(configure: { $0.limits.maxBodyBytes = 10_000 }) { collector in
            var bad = SpanRecord.sample(9)
            bad.spanID = .zero
            let spans = OTLPEncoder.traces([.sample(1), .sample(2), bad])
            _ = try await collector.post(spans)
            _ = try await collector.post(Gzip.compress(spans), headers: ["content-encoding": "gzip"])
            _ = try await collector.post(OTLPEncoder.logs([.sample("hello")]), path: "/v1/logs")
            _ = try await collector.post([0x0a, 0x7f])
            _ = try await collector.post([UInt8](repeating: 0, count: 10_001))
            _ = try await collector.post(spans, headers: ["content-type": "text/plain"])
            let page = try await page(collector)
            for line in [
                #"sonde_records_accepted_total{signal="spans"} 4"#, #"sonde_records_accepted_total{signal="logs"} 1"#,
                #"sonde_records_rejected_total{reason="invalid",signal="spans"} 2"#,
                #"sonde_ingest_requests_refused_total{reason="undecodable",signal="spans"} 1"#,
                #"sonde_ingest_requests_refused_total{reason="too_large",signal="spans"} 1"#,
                #"sonde_ingest_requests_refused_total{reason="unsupported",signal="spans"} 1"#,
                #"sonde_ingest_requests_refused_total{reason="busy",signal="spans"} 0"#,
                #"sonde_commit_duration_seconds_count{signal="spans"} 2"#,
                #"sonde_http_requests_total{listener="otlp-http",route="/v1/traces",status="200"} 2"#,
                #"sonde_http_requests_total{listener="otlp-http",route="/v1/traces",status="400"} 1"#,
                "sonde_ingest_in_flight_bytes 0", #"sonde_ingest_queue_depth{signal="spans"} 0"#,
                "sonde_store_spans 2", "sonde_store_logs 1",
            ] {
                #expect(page.contains(line), "\(line)")
            }
        }
    }

    @Test func everyMetricHasItsHelp() async throws {
        try await RunningCollector.run { collector in
            _ = try await collector.post(OTLPEncoder.traces([.sample(1)]))
            // The first page has counted nothing of the query listener yet.
            _ = try await page(collector)
            let page = try await page(collector)
            for (name, help) in MetricName.help {
                #expect(page.contains("# HELP \(name) \(help)"))
            }
        }
    }

    @Test func showsTheProcessToo() async throws {
        try await RunningCollector.run { collector in
            let page = try await page(collector)
            #expect(page.contains { $0.hasPrefix("process_resident_memory_bytes ") })
        }
    }

    @Test func theTypeFollowsTheAcceptHeader() async throws {
        try await RunningCollector.run { collector in
            let text = try #require(try await collector.get("/metrics"))
            #expect(text["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
            let open = try #require(
                try await collector.get("/metrics", headers: ["accept": "application/openmetrics-text; version=1.0.0"]))
            #expect(open["content-type"]?.hasPrefix("application/openmetrics-text; version=1.0.0") == true)
            #expect(open.text.hasSuffix("# EOF\n"))
        }
    }

    @Test func unknownPathsDoNotMakeNewSeries() async throws {
        try await RunningCollector.run { collector in
            for path in ["/a", "/b", "/c"] { _ = try await collector.get(path) }
            let page = try await page(collector)
            #expect(page.contains(#"sonde_http_requests_total{listener="query",route="none",status="404"} 3"#))
        }
    }

    private func page(_ collector: RunningCollector) async throws -> [String] {
        let reply = try #require(try await collector.get("/metrics"))
        #expect(reply.status == 200)
        return reply.text.split(separator: "\n").map(String.init)
    }
}
