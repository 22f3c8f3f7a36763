// SPDX-License-Identifier: Apache-2.0
// Story: a service that uses the library is scraped by a real Prometheus: hostile label values arrive unchanged, native
// histograms answer questions, and an exemplar leads to its trace in the collector.

import Foundation
import Hummingbird
import Logging
import ServiceLifecycle
import Sonde
import SondeHummingbird
import Testing
import Tracing

@Suite struct LibraryMetricsTests {
    private static let hostile = "a\"b\\c\\n\nd,e=\"f\"} 9 # {é=\"ü\"} \\\\\" \u{1F980}"

    @Test func prometheusKeepsWhatTheLibraryMeasures() async throws {
        let folder = try ScratchFolder("library-metrics")
        let collector = try await RunningCollector(in: folder)
        var configuration = TelemetryConfiguration(serviceName: "proof")
        configuration.endpoint = collector.otlpURL
        configuration.traceExportDelay = .milliseconds(100)
        configuration.logOutput = .none
        let telemetry = try Telemetry(configuration)
        let orders = telemetry.metrics.counter("orders", help: "Orders.", labels: "kind")
        let waits = telemetry.metrics.timer("wait", buckets: .exponential())
        let sizes = telemetry.metrics.histogram("size", unit: "bytes", buckets: .explicit([1, 10]))
        telemetry.metrics.counter("hostile", labels: "value")[Self.hostile].increment(by: 3)

        try await Self.serving(telemetry) { port in
            let prometheus = try await PrometheusRun(
                configuration: """
                    global: { scrape_interval: 1s, scrape_timeout: 1s }
                    scrape_configs: [{ job_name: proof, static_configs: [{ targets: ["127.0.0.1:\(port)"] }] }]
                    """, features: ["exemplar-storage", "native-histograms"], in: folder)
            try await eventually("the hostile label value is there, unchanged") {
                let found = try await prometheus.query("hostile_total")
                return found.first?.labels["value"] == Self.hostile && found.first?.value == 3
            }
            for metric in ["orders_total", "size_bytes_bucket", "wait_seconds"] {
                try await eventually("an exemplar of \(metric) leads to its trace") {
                    telemetry.tracer.withSpan("order") { _ in
                        orders["book"].increment()
                        waits.record(.milliseconds(20))
                        sizes.record(5)
                    }
                    for id in try await prometheus.exemplarTraces(of: metric) {
                        let url = collector.queryURL + "/sonde/v1/traces/" + id
                        if try await HTTPProbe.get(url).status == 200 { return true }
                    }
                    return false
                }
            }
            try await eventually("the native histogram tells its median") {
                let median = try await prometheus.query("histogram_quantile(0.5, wait_seconds)").first?.value ?? 0
                return abs(median - 0.02) < 0.000_2
            }
            #expect(try await prometheus.query("histogram_count(wait_seconds)").first?.value ?? 0 > 0)
        }
        #expect(try await collector.stop() == 0)
    }

    @Test(arguments: [("text", "text/plain"), ("openmetrics", "application/openmetrics-text")])
    func theReferenceParsersReadThePage(parser: String, accept: String) async throws {
        let folder = try ScratchFolder("library-parsers")
        let registry = MetricsRegistry()
        registry.counter("hostile", help: "Help \"with\" \\ and\nlines.", labels: "value")[Self.hostile].increment()
        registry.timer("wait", labels: "path")["/"].record(.milliseconds(3))
        registry.timer("native", buckets: .exponential()).record(.milliseconds(3))
        registry.upDownCounter("balance").add(-2)
        registry.gauge("odd").set(.nan)
        let page = String(decoding: registry.exposition(accept: accept).body, as: UTF8.self)
        let file = try folder.write(page, to: "page")
        let python = try await PythonEnvironment.shared.interpreter()
        let parsed = try await ProgramRun.toEnd(
            python, [PythonEnvironment.scripts + "/parse_metrics.py", parser, file], in: folder)
        #expect(parsed.status == 0, "\(parsed.standardError)")
        struct Found: Decodable {
            var samples: Int
            var value: String
            var count: Double
        }
        let found = try JSONDecoder().decode(Found.self, from: Data(parsed.standardOutput.utf8))
        #expect(found.value == Self.hostile)
        #expect(found.count == 1)
        #expect(found.samples == page.split(separator: "\n").filter { !$0.hasPrefix("#") }.count)
    }

    /// Runs a service with `/metrics` while `body` runs; `body` gets the port.
    private static func serving(
        _ telemetry: Telemetry, _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        let (ports, port) = AsyncStream<Int>.makeStream()
        let router = Router()
        router.addTelemetryRoutes(telemetry)
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let app = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in port.yield(channel.localAddress?.port ?? 0) }, logger: quiet)
        let group = ServiceGroup(services: [telemetry, app], logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var iterator = ports.makeAsyncIterator()
            let port = await iterator.next() ?? 0
            do {
                try await body(port)
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            } catch {
                tasks.cancelAll()
                throw error
            }
        }
    }
}

extension PrometheusRun {
    /// The trace ids of a metric's exemplars, newest last.
    func exemplarTraces(of metric: String) async throws -> [String] {
        struct Answer: Decodable {
            struct Series: Decodable {
                struct Exemplar: Decodable { var labels: [String: String] }
                var exemplars: [Exemplar]
            }
            var data: [Series]
        }
        let now = Date().timeIntervalSince1970
        let answer = try await HTTPProbe.get(
            url + "/api/v1/query_exemplars?query=\(metric)&start=\(Int(now) - 3_600)&end=\(Int(now) + 60)")
        return try answer.json(Answer.self).data.flatMap(\.exemplars).compactMap { $0.labels["trace_id"] }
    }
}
