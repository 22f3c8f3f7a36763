// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import Dispatch
import SondeSight
import SondeWire
import Testing

@testable import Sonde

struct MetricFamilyTests {
    private let registry = MetricsRegistry(includesProcessMetrics: false)

    // MARK: What goes

    private struct Weak {
        weak var series: CounterSeries?
    }

    /// Makes a counter and destroys it; what is left of it.
    private func comeAndGo(_ number: Int) -> Weak {
        let handler = registry.makeCounter(label: "bytes", dimensions: [("connection", "\(number)")])
        registry.destroyCounter(handler)
        return Weak(series: handler as? CounterSeries)
    }

    @Test func whatIsDestroyedIsFreedThoughNobodyScrapes() {
        Counter(label: "bytes", dimensions: [("connection", "stays")], factory: registry).increment()
        var gone = (0..<1_000).map(comeAndGo)
        // Readers of any registry of this process keep what is retired for as long as they read.
        let deadline = ContinuousClock.now + .seconds(60)
        while gone.count(where: { $0.series != nil }) > 200, ContinuousClock.now < deadline {
            gone = gone.filter { $0.series != nil }
            gone.append(comeAndGo(gone.count))
        }
        #expect(gone.count { $0.series != nil } <= 200)
        #expect(registry.lines("bytes_total") == [#"bytes_total{connection="stays"} 1"#])
    }

    @Test func whatStaysIsSortedHoweverMuchGoes() {
        let counters = (0..<400).map { number in
            Counter(label: "c", dimensions: [("n", "\(1_000 + number)")], factory: registry)
        }
        #expect(registry.lines("c_total").count == 400)
        let late = (0..<400).map { number in
            Counter(label: "c", dimensions: [("n", "\(2_000 - number)")], factory: registry)
        }
        for (place, counter) in (counters + late).enumerated() where place % 8 != 0 { counter.destroy() }
        let lines = registry.lines("c_total")
        #expect(lines.count == 100)
        #expect(lines == lines.sorted())
        #expect(lines.first == #"c_total{n="1000"} 0"#)
        #expect(lines.last == #"c_total{n="2000"} 0"#)
    }

    /// Makes and destroys a metric when it goes.
    private final class Held: Sendable {
        let registry: MetricsRegistry
        let isGone: DispatchSemaphore

        init(_ registry: MetricsRegistry, isGone: DispatchSemaphore) {
            self.registry = registry
            self.isGone = isGone
        }

        deinit {
            Counter(label: "gone", factory: registry).increment()
            Counter(label: "short", factory: registry).destroy()
            isGone.signal()
        }

        func read() -> Double { 1 }
    }

    /// Runs on a thread of its own, since it stands still for ever if the object goes while the lock is held.
    @Test(arguments: [true, false])
    func whatAnObservedValueCapturedMayMakeMetricsWhenItGoes(scrapes: Bool) {
        let isGone = DispatchSemaphore(value: 0)
        let isDone = DispatchSemaphore(value: 0)
        DispatchQueue.global().async { [registry] in
            do {
                let held = Held(registry, isGone: isGone)
                registry.observeGauge("queue", help: "Items.") { held.read() }
            }
            // Readers of any registry of this process keep what is retired for as long as they read.
            repeat {
                for _ in 0..<100 { registry.observeGauge("queue", help: "Items.") { 2 } }
                if scrapes { _ = registry.exposition(.text) }
            } while isGone.wait(timeout: .now()) == .timedOut
            isDone.signal()
        }
        guard isDone.wait(timeout: .now() + 60) == .success else {
            Issue.record("the object was not freed, or its end stands still")
            return
        }
        #expect(registry.lines("queue") == ["queue 2"])
        #expect(registry.lines("gone_total") == ["gone_total 1"])
        #expect(registry.lines("short_total") == [])
    }

    // MARK: Names

    private func openMetrics() -> [Substring] {
        String(decoding: registry.exposition(.openMetrics), as: UTF8.self).split(separator: "\n")
    }

    @Test(arguments: [true, false])
    func anInfoAndAnotherMetricDoNotShareAFamily(infoComesFirst: Bool) {
        if infoComesFirst { registry.setInfo("target_info", help: "Who.", labels: [("a", "b")]) }
        registry.gauge("target").set(1)
        if !infoComesFirst { registry.setInfo("target_info", help: "Who.", labels: [("a", "b")]) }
        #expect(openMetrics().filter { $0.hasPrefix("# TYPE target ") }.count == 1)
        #expect(registry.lines("target") == [infoComesFirst ? #"target_info{a="b"} 1"# : "target 1"])
        #expect(
            registry.lines("sonde_library_conflicting_metrics_total") == ["sonde_library_conflicting_metrics_total 1"])
    }

    @Test func aFamilyHasANameWhereTheLabelIsASuffixAlone() {
        registry.counter("_total").increment()
        registry.setInfo("_info", help: "What.", labels: [])
        registry.timer("_seconds").record(nanoseconds: 1)
        let lines = openMetrics()
        #expect(lines.contains("# TYPE _ counter"))
        #expect(lines.contains("__total 1"))
        #expect(!lines.contains { $0.hasPrefix("__info") })
        #expect(lines.contains("# TYPE _seconds histogram"))
    }
}
