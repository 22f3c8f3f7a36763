// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import SondeSight
import SondeWire
import Testing

@testable import Sonde

struct MetricsExpositionTests {
    private func filled() -> MetricsRegistry {
        let registry = MetricsRegistry(buckets: [1, 2.5], includesProcessMetrics: false)
        Timer(label: "http.wait", dimensions: [("path", "/a\"b\\\n")], factory: registry).recordSeconds(2)
        Counter(label: "orders", dimensions: [("region", "us")], factory: registry).increment(by: 3)
        Counter(label: "orders", dimensions: [("region", "eu")], factory: registry).increment()
        Meter(label: "depth", factory: registry).set(-0.5)
        registry.describe("orders", help: "Orders \"placed\".\nAll of them.")
        registry.describe("depth", help: "Depth of the queue.", unit: "items")
        registry.setInfo("target_info", help: "Who.", labels: [("service.name", "orders")])
        return registry
    }

    @Test func showsPrometheusText() {
        let (contentType, body) = filled().exposition(accept: nil)
        #expect(contentType == "text/plain; version=0.0.4; charset=utf-8")
        #expect(
            String(decoding: body, as: UTF8.self) == #"""
                # HELP depth Depth of the queue.
                # TYPE depth gauge
                depth -0.5
                # HELP http_wait_seconds The histogram http.wait.
                # TYPE http_wait_seconds histogram
                http_wait_seconds_bucket{path="/a\"b\\\n",le="1"} 0
                http_wait_seconds_bucket{path="/a\"b\\\n",le="2.5"} 1
                http_wait_seconds_bucket{path="/a\"b\\\n",le="+Inf"} 1
                http_wait_seconds_sum{path="/a\"b\\\n"} 2
                http_wait_seconds_count{path="/a\"b\\\n"} 1
                # HELP orders_total Orders "placed".\nAll of them.
                # TYPE orders_total counter
                orders_total{region="eu"} 1
                orders_total{region="us"} 3
                # HELP sonde_library_conflicting_metrics_total Metrics not shown because another kind has their name.
                # TYPE sonde_library_conflicting_metrics_total counter
                sonde_library_conflicting_metrics_total 0
                # HELP sonde_library_ignored_measurements_total Measurements that made no sense: NaN, infinite, negative.
                # TYPE sonde_library_ignored_measurements_total counter
                sonde_library_ignored_measurements_total 0
                # HELP sonde_library_overflowed_series_total Registrations beyond the label sets a metric may have.
                # TYPE sonde_library_overflowed_series_total counter
                sonde_library_overflowed_series_total 0
                # HELP target_info Who.
                # TYPE target_info gauge
                target_info{service_name="orders"} 1

                """#)
    }

    @Test func showsOpenMetrics() {
        let (contentType, body) = filled().exposition(accept: "application/openmetrics-text;version=1.0.0")
        let text = String(decoding: body, as: UTF8.self)
        #expect(contentType == "application/openmetrics-text; version=1.0.0; charset=utf-8")
        #expect(text.contains("# TYPE orders counter\norders_total{region=\"eu\"} 1\n"))
        #expect(text.contains("# UNIT http_wait_seconds seconds\n"))
        #expect(text.contains(#"le="1.0"} 0"#))
        #expect(text.contains("# TYPE target info\ntarget_info{"))
        #expect(text.hasSuffix("\n# EOF\n"))
    }

    @Test func theSameStateGivesTheSameBytes() {
        let registry = filled()
        #expect(registry.exposition(.text) == registry.exposition(.text))
        #expect(registry.exposition(.text) == filled().exposition(.text))
    }

    @Test func compressesForWhoTakesIt() throws {
        let registry = filled()
        let plain = registry.exposition(accept: nil, acceptEncoding: nil)
        #expect(plain.contentEncoding == nil)
        let packed = registry.exposition(accept: nil, acceptEncoding: "gzip, deflate")
        #expect(packed.contentEncoding == "gzip")
        #expect(try Gzip.inflate(packed.body, limit: 1 << 20) == plain.body)
    }

    @Test func aPageInPlaceIsTheSamePage() {
        let registry = filled()
        for accept in [nil, "application/openmetrics-text"] {
            let (type, body) = registry.exposition(accept: accept)
            registry.withExposition(accept: accept) { place, bytes in
                #expect(place == type)
                #expect(bytes.elementsEqual(body))
            }
        }
    }

    @Test func describingAgainShowsAtTheNextScrape() {
        let registry = filled()
        _ = registry.exposition(.text)
        registry.describe("depth", help: "Another word.")
        #expect(String(decoding: registry.exposition(.text), as: UTF8.self).contains("# HELP depth Another word.\n"))
    }

    #if os(Linux)
        @Test func showsTheProcess() throws {
            let registry = MetricsRegistry()
            for name in [
                "process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds", "process_max_fds",
                "process_threads", "process_resident_anonymous_memory_bytes", "swift_runtime_info",
            ] {
                let line = try #require(registry.lines(name).first)
                let value = try #require(line.split(separator: " ").last.flatMap { Double($0) })
                #expect(value > 0, "\(name)")
            }
            let start = try #require(
                registry.lines("process_start_time_seconds").first?.split(separator: " ").last.flatMap { Double($0) })
            #expect(start > 1_700_000_000)
        }
    #endif
}
