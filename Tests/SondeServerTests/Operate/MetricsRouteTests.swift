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

    @Test func answersInProtobufAndCompressedWhereScrapersAskForIt() async throws {
        try await RunningCollector.run { collector in
            _ = try await collector.post(OTLPEncoder.traces([.sample(1)]))
            let accept = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
            let page = try #require(
                try await collector.get("/metrics", headers: ["accept": accept, "accept-encoding": "gzip"]))
            #expect(page["content-type"]?.hasPrefix("application/vnd.google.protobuf") == true)
            #expect(page["content-encoding"] == "gzip" && page["vary"] == "Accept, Accept-Encoding")
            let names = try Self.familyNames(Gzip.inflate(page.body, limit: 1 << 24))
            // Its own, those of the process, and those from spans: each once.
            #expect(names.contains("sonde_records_accepted_total") && names.contains("process_cpu_seconds_total"))
            #expect(names.contains("traces_spanmetrics_latency") && Set(names).count == names.count)
            let plain = try #require(try await collector.get("/metrics"))
            #expect(plain["content-type"]?.hasPrefix("text/plain") == true && plain["content-encoding"] == nil)
        }
    }

    /// The names of MetricFamily messages, each of which has its length before it and its name as the first field.
    private static func familyNames(_ bytes: [UInt8]) throws -> [String] {
        var names: [String] = []
        var place = 0
        func varint() throws -> Int {
            var (value, shift) = (0, 0)
            while true {
                try #require(place < bytes.count)
                value |= Int(bytes[place] & 0x7F) << shift
                shift += 7
                place += 1
                if bytes[place - 1] < 0x80 { return value }
            }
        }
        while place < bytes.count {
            let end = try varint() + place
            try #require(end <= bytes.count && bytes[place] == 0x0A)
            place += 1
            let length = try varint()
            names.append(String(decoding: bytes[place..<place + length], as: UTF8.self))
            place = end
        }
        return names
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
