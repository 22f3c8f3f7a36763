// SPDX-License-Identifier: Apache-2.0
// Story: a service that uses the library is scraped by a real Prometheus: hostile label values arrive unchanged, native
// histograms answer questions, and an exemplar leads to its trace in the collector.

import Foundation
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Sonde
import SondeHummingbird
import SondeWire
import Synchronization
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

    @Test(arguments: [Compression.none, .gzip])
    func whatIsPushedIsReadByOpenTelemetrysOwnCode(compression: Compression) async throws {
        let folder = try ScratchFolder("library-push")
        let bodies = Mutex<[[UInt8]]>([])
        let router = Router()
        router.post("/v1/metrics") { request, _ -> Response in
            let body = try await request.body.collect(upTo: 1 << 24)
            let isCompressed = request.headers[.contentEncoding] == "gzip"
            #expect(isCompressed == (compression == .gzip))
            #expect(request.headers[.contentType] == "application/x-protobuf")
            let bytes = Array(buffer: body)
            let plain = isCompressed ? try Gzip.inflate(bytes, limit: 1 << 24) : bytes
            bodies.withLock { $0.append(plain) }
            return Response(status: .ok)
        }
        try await Self.serving(router, with: nil) { port in
            var configuration = TelemetryConfiguration(serviceName: "proof")
            configuration.endpoint = "http://127.0.0.1:\(port)"
            configuration.exportsMetrics = true
            configuration.compression = compression
            configuration.logOutput = .none
            configuration.stopDeadline = .seconds(60)
            let telemetry = try Telemetry(configuration)
            Self.measureEverything(telemetry.metrics)
            // It pushes once more when it stops.
            let running = Task { try await telemetry.run() }
            running.cancel()
            try await running.value
        }
        let body = try #require(bodies.withLock { $0.last })
        let file = folder.file("metrics.bin")
        try Data(body).write(to: URL(fileURLWithPath: file))
        let python = try await PythonEnvironment.shared.interpreter()
        let read = try await ProgramRun.toEnd(
            python, [PythonEnvironment.scripts + "/read_metrics.py", file], in: folder)
        #expect(read.status == 0, "\(read.standardError)")
        let pushed = try JSONDecoder().decode(PushedMetrics.self, from: Data(read.standardOutput.utf8))
        try Self.expectEverything(pushed)
    }

    private static func measureEverything(_ metrics: MetricsRegistry) {
        metrics.counter("orders", help: "Orders.", labels: "kind")["book \u{1F980}"].increment(by: 3)
        metrics.upDownCounter("balance", help: "May fall.").add(-2)
        metrics.gauge("warmth", help: "Of the room.", unit: "celsius").set(21.5)
        metrics.histogram("size", help: "Sizes.", unit: "bytes", buckets: .explicit([1, 10])).record(5)
        let wait = metrics.timer("wait", help: "Waits.", buckets: .exponential(schema: 3))
        for milliseconds in [1, 1, 1_000] { wait.record(.milliseconds(milliseconds)) }
    }

    private static func expectEverything(_ pushed: PushedMetrics) throws {
        #expect(pushed.service == "proof" && pushed.scope == "sonde" && pushed.unknownFields == 0)
        func metric(_ name: String) throws -> PushedMetrics.Metric {
            try #require(pushed.metrics.first { $0.name == name }, "\(pushed.metrics.map(\.name))")
        }
        let orders = try metric("orders")
        #expect(orders.kind == "sum" && orders.isMonotonic == true && orders.isCumulative == true)
        #expect(orders.description == "Orders." && orders.points.map(\.value) == [3])
        #expect(orders.points.first?.attributes == ["kind": "book \u{1F980}"])
        let balance = try metric("balance")
        #expect(balance.kind == "sum" && balance.isMonotonic == false && balance.points.map(\.value) == [-2])
        let warmth = try metric("warmth_celsius")
        #expect(warmth.kind == "gauge" && warmth.points.map(\.value) == [21.5])
        let size = try metric("size_bytes")
        #expect(size.kind == "histogram" && size.unit == "By" && size.isCumulative == true)
        #expect(size.points.first?.bounds == [1, 10] && size.points.first?.counts == [0, 1, 0])
        #expect(size.points.first?.sum == 5 && size.points.first?.count == 1)
        let wait = try metric("wait_seconds")
        #expect(wait.kind == "exponential_histogram" && wait.unit == "s")
        let point = try #require(wait.points.first)
        #expect(point.scale == 3 && point.count == 3 && abs((point.sum ?? 0) - 1.002) < 1e-9)
        #expect(point.counts.reduce(0, +) == 3 && point.counts.first == 2 && point.counts.last == 1)
        #expect(pushed.metrics.contains { $0.name == "process_cpu_seconds_total" })
        #expect(pushed.metrics.flatMap(\.points).allSatisfy { $0.start > 0 && $0.time >= $0.start })
    }

    /// Runs a service with `/metrics` while `body` runs; `body` gets the port.
    private static func serving(
        _ telemetry: Telemetry, _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        let router = Router()
        router.addTelemetryRoutes(telemetry)
        try await serving(router, with: telemetry, body)
    }

    private static func serving(
        _ router: Router<BasicRequestContext>, with telemetry: Telemetry?,
        _ body: @escaping @Sendable (Int) async throws -> Void
    ) async throws {
        let (ports, port) = AsyncStream<Int>.makeStream()
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let app = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in port.yield(channel.localAddress?.port ?? 0) }, logger: quiet)
        let services: [any Service] = telemetry.map { [$0, app] } ?? [app]
        let group = ServiceGroup(services: services, logger: quiet)
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

/// What `read_metrics.py` prints of a request.
private struct PushedMetrics: Decodable {
    struct Metric: Decodable {
        var name: String
        var description: String
        var unit: String
        var kind: String
        var isMonotonic: Bool?
        var isCumulative: Bool?
        var points: [Point]
    }

    struct Point: Decodable {
        var attributes: [String: String]
        var start: UInt64
        var time: UInt64
        var value: Double?
        var count: Int?
        var sum: Double?
        var scale: Int?
        var bounds: [Double]
        var counts: [Int]
    }

    var service: String
    var scope: String
    var unknownFields: Int
    var metrics: [Metric]
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
