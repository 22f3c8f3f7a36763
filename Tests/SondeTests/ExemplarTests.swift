// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import SondeWire
import Testing
import Tracing

@testable import Sonde

struct ExemplarTests {
    private let registry = MetricsRegistry(buckets: [1, 10], includesProcessMetrics: false)

    private func page(_ format: PrometheusFormat = .openMetrics) -> String {
        String(decoding: registry.exposition(format), as: UTF8.self)
    }

    private func inSpan(sampled: Bool, _ body: () -> Void) -> String {
        let (tracer, _) = SondeTracer.alone(sampler: sampled ? .alwaysOn : .alwaysOff)
        return tracer.withSpan("work") { span in
            body()
            return span.context.traceID ?? ""
        }
    }

    @Test func nobodyAskedMeansNoExemplars() {
        let counter = registry.counter("c")
        _ = inSpan(sampled: true) { counter.increment() }
        #expect(!page().contains("trace_id"))
    }

    @Test func spansThatAreNotSampledGiveNone() {
        let counter = registry.counter("c")
        _ = page()
        _ = inSpan(sampled: false) { counter.increment() }
        counter.increment()
        #expect(!page().contains("trace_id"))
    }

    @Test func sampledSpansAreShownByCountersAndBuckets() throws {
        let counter = Counter(label: "c", factory: registry)
        let recorder = Recorder(label: "r", factory: registry)
        let native = registry.histogram("n", buckets: .exponential())
        _ = page()
        let trace = inSpan(sampled: true) {
            counter.increment(by: 2)
            for value in [0.5, 5, 50, 51] { recorder.record(value) }
            native.record(3.0)
        }
        let text = page()
        #expect(trace.count == 32)
        #expect(text.contains("c_total 2 # {trace_id=\"\(trace)\",span_id=\""))
        #expect(text.contains("r_bucket{le=\"1.0\"} 1 # {trace_id=\"\(trace)\""))
        #expect(text.contains("r_bucket{le=\"10.0\"} 2 # {trace_id=\"\(trace)\""))
        let last = try #require(text.split(separator: "\n").first { $0.hasPrefix("r_bucket{le=\"+Inf\"} 4 #") })
        #expect(last.split(separator: " ")[4] == "50")
        #expect(text.contains("n_bucket{le=\"+Inf\"} 1 # {trace_id=\"\(trace)\""))
        #expect(!page(.text).contains("trace_id"))
    }

    @Test func eachScrapeAsksForNewerOnes() {
        let counter = registry.counter("c")
        _ = page()
        let first = inSpan(sampled: true) { counter.increment() }
        let second = inSpan(sampled: true) { counter.increment() }
        #expect(page().contains(first))
        #expect(page().contains(first))
        let third = inSpan(sampled: true) { counter.increment() }
        let text = page()
        #expect(text.contains(third))
        #expect(!text.contains(first))
        #expect(!text.contains(second))
    }

    @Test func aSampledSpanAmongManyOthersIsFound() {
        let counter = registry.counter("c")
        _ = page()
        for _ in 0..<1_000 { counter.increment() }
        let trace = inSpan(sampled: true) { for _ in 0..<20 { counter.increment() } }
        #expect(page().contains(trace))
    }

    @Test func canBeTurnedOff() {
        let registry = MetricsRegistry(keepsExemplars: false, includesProcessMetrics: false)
        let counter = registry.counter("c")
        _ = registry.exposition(.openMetrics)
        _ = inSpan(sampled: true) { counter.increment() }
        #expect(!String(decoding: registry.exposition(.openMetrics), as: UTF8.self).contains("trace_id"))
    }
}
