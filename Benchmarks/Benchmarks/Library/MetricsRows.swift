// SPDX-License-Identifier: Apache-2.0
// Measuring, finding a series by its labels, registering many, and the scrape.

import AllocationCount
import CoreMetrics
import Sonde
import Tracing

extension Library {
    private static let bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    private static let methods = ["GET", "POST", "PUT", "DELETE"]
    private static let routes = (0..<25).map { "/api/v1/things/\($0)/:id" }
    private static let codes = ["200", "404", "500"]
    /// Spread over all buckets, so that no branch is ever guessed right for long.
    private static let seconds = (0..<4_096).map { _ in Double.random(in: 0...1) * Double.random(in: 0...12) }

    static func metrics(_ bench: Bench) {
        bench.heading("Metrics")
        let registry = MetricsRegistry(seriesPerFamily: 200_000, includesProcessMetrics: false)
        counting(bench, registry)
        observing(bench, registry)
        finding(bench, registry)
        for series in [1_000, 10_000, 100_000] { scraping(bench, series) }
    }

    private static func counting(_ bench: Bench, _ registry: MetricsRegistry) {
        let counter = Counter(label: "through.swift.metrics", dimensions: [], factory: registry)
        let own = registry.counter("own")
        for threads in [1, 2] {
            let bar = threads == 1 ? "≤ 2.5 ns" : "≤ 3 ns"
            bench.row("counter, threads: \(threads)", bar: bar, operations: 10_000_000, threads: threads) { count in
                for _ in 0..<count { counter.increment() }
            }
            bench.row("counter, own API, threads: \(threads)", bar: bar, operations: 10_000_000, threads: threads) {
                for _ in 0..<$0 { own.increment() }
            }
        }
    }

    private static func observing(_ bench: Bench, _ registry: MetricsRegistry) {
        let seconds = seconds
        let explicit = registry.histogram("explicit", buckets: .explicit(bounds))
        let timer = registry.timer("timed", buckets: .explicit(bounds))
        let native = registry.histogram("native", buckets: .exponential())
        for threads in [1, 2] {
            let bar = threads == 1 ? "≤ 8 ns" : "≤ 25 ns"
            bench.row("histogram, threads: \(threads)", bar: bar, operations: 5_000_000, threads: threads) { count in
                for index in 0..<count { explicit.record(seconds[index & 4_095]) }
            }
            bench.row("timer, threads: \(threads)", bar: bar, operations: 5_000_000, threads: threads) { count in
                for index in 0..<count { timer.record(nanoseconds: Int64(index & 4_095) &* 2_441_406) }
            }
            bench.row("native histogram, threads: \(threads)", bar: "≤ 10 ns", operations: 5_000_000, threads: threads)
            {
                for index in 0..<$0 { native.record(seconds[index & 4_095]) }
            }
        }
        guard let telemetry = try? Telemetry(TelemetryConfiguration(serviceName: "bench")) else { return }
        _ = registry.exposition(accept: "application/openmetrics-text")
        telemetry.tracer.withSpan("sampled") { _ in
            bench.row("histogram, exemplars wanted, sampled span", bar: "≤ 15 ns", operations: 5_000_000) { count in
                for index in 0..<count { explicit.record(seconds[index & 4_095]) }
            }
        }
        _ = registry.exposition(accept: "application/openmetrics-text")
        bench.row("native histogram, exemplars wanted, no span", bar: "≤ 15 ns", operations: 5_000_000) { count in
            for index in 0..<count { native.record(seconds[index & 4_095]) }
        }
    }

    private static func finding(_ bench: Bench, _ registry: MetricsRegistry) {
        let requests = registry.counter("requests", labels: "method", "route", "status")
        bench.row("counter by 3 labels, own API", bar: "≤ 80 ns, 0", operations: 1_000_000) { count in
            for index in 0..<count { requests[methods[index & 3], routes[index % 25], codes[index % 3]].increment() }
        }
        bench.row("counter by 3 labels, swift-metrics", bar: "≤ 250 ns", operations: 500_000) { count in
            for index in 0..<count {
                Counter(
                    label: "requests",
                    dimensions: [
                        ("method", methods[index & 3]), ("route", routes[index % 25]), ("status", codes[index % 3]),
                    ], factory: registry
                ).increment()
            }
        }
    }

    /// What 100 000 series of three labels hold before anyone has asked for them and after the first scrape. Labels live as
    /// long as those who measure keep them, and are not the registry's.
    static func memory(_ bench: Bench) {
        let names = ["resident", "heap"].flatMap { ["100000 series, \($0)", "100000 series scraped, \($0)"] }
        guard names.contains(where: bench.wants) else { return }
        let labels = (0..<100_000).map { ("user-\($0 % 1_000)", "/api/v1/path/\($0 / 1_000)") }
        let (resident, heap) = (ResidentMemory.bytes, heapBytes)
        let registry = MetricsRegistry(seriesPerFamily: 200_000, includesProcessMetrics: false)
        let requests = registry.counter("requests", labels: "user", "path", "status")
        for (user, path) in labels { requests[user, path, "200"].increment(by: 12_345) }
        bench.show(names[0], bar: "≤ 45 MB", bytes: ResidentMemory.bytes - resident)
        bench.show(names[2], bar: "", bytes: heapBytes - heap)
        registry.withExposition(accept: nil) { _, _ in }
        bench.show(names[1], bar: "≤ 45 MB", bytes: ResidentMemory.bytes - resident)
        bench.show(names[3], bar: "", bytes: heapBytes - heap)
        consume(labels)
    }

    private static var heapBytes: Int { Int(clamping: heap_bytes_in_use()) }

    private static func scraping(_ bench: Bench, _ series: Int) {
        let labels = (0..<series).map { ("user-\($0 % 1_000)", "/api/v1/path/\($0 / 1_000)") }
        let filled = { () -> MetricsRegistry in
            let registry = MetricsRegistry(seriesPerFamily: 200_000, includesProcessMetrics: false)
            let requests = registry.counter("requests", labels: "user", "path", "status")
            for (user, path) in labels { requests[user, path, "200"].increment(by: 12_345) }
            return registry
        }
        if series == 100_000 {
            bench.row("register 100000 series", bar: "≤ 100 ms", operations: 1) { count in
                for _ in 0..<count { _ = filled() }
            }
        }
        let bar = [1_000: "≤ 0.02 ms, 0", 10_000: "≤ 0.25 ms, 0"][series] ?? "≤ 3 ms, 0"
        let registry = filled()
        bench.row("scrape \(series) samples", bar: bar, operations: 10) { count in
            for _ in 0..<count { registry.withExposition(accept: nil) { _, _ in } }
        }
    }
}
