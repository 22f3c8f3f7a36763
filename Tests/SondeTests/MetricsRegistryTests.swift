// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import SondeSight
import SondeWire
import Testing

@testable import Sonde

struct MetricsRegistryTests {
    private let registry = MetricsRegistry(includesProcessMetrics: false)

    @Test func aGaugeWithTheNameOfACountersBirthIsAConflictCountedAndReportedOnce() {
        registry.counter("x").increment()
        registry.gauge("x.created").set(1)
        registry.gauge("x.created").set(1)
        #expect(registry.lines("x_") == ["x_total 1"])
        #expect(registry.lines("sonde_library_conf") == ["sonde_library_conflicting_metrics_total 2"])
        // The other way round, and with histograms.
        registry.gauge("y_created").set(1)
        registry.counter("y").increment()
        registry.histogram("y").record(1)
        #expect(registry.lines("y") == ["y_created 1"])
        #expect(registry.lines("sonde_library_conf") == ["sonde_library_conflicting_metrics_total 4"])
    }

    @Test func boundariesThatSomebodyChoseGoBeforeThoseTheConventionsAdvise() {
        let registry = MetricsRegistry(buckets: [1], includesProcessMetrics: false)
        CoreMetrics.Timer(label: "http.server.request.duration", factory: registry).recordNanoseconds(1)
        #expect(registry.lines("http_server_request_duration_seconds_bucket").count == 2)
    }

    @Test func countersOfThingsAndOfThingsCreatedStandSideBySide() {
        registry.counter("orders.created").increment()
        registry.counter("orders").increment()
        #expect(registry.lines("orders") == ["orders_created_total 1", "orders_total 1"])
        #expect(registry.lines("sonde_library_conf") == ["sonde_library_conflicting_metrics_total 0"])
    }

    @Test func aNameIsFreeAgainWhenTheCounterThatMightNeedItIsGone() {
        Counter(label: "x", factory: registry).destroy()
        registry.gauge("x_created").set(1)
        #expect(registry.lines("x_") == ["x_created 1"])
    }

    @Test func metricsOfTheConventionsHaveTheirHelpUnitAndAdvisedBoundaries() {
        let names = [
            "db.client.operation.duration", "rpc.client.call.duration", "rpc.server.call.duration",
            "messaging.client.operation.duration", "messaging.process.duration", "http.server.request.duration",
            "http.client.request.duration",
        ]
        for name in names {
            Timer(label: name, factory: registry).recordNanoseconds(1)
            let printed = PrometheusText.metricName(name) + "_seconds"
            let text = String(decoding: registry.exposition(.openMetrics), as: UTF8.self)
            #expect(text.contains("# UNIT \(printed) seconds\n"))
            #expect(text.contains("# HELP \(printed) Duration of "))
            let bounds = registry.lines(printed + "_bucket").compactMap { $0.split(separator: "\"").dropFirst().first }
            let isDatabase = name.hasPrefix("db.")
            #expect(bounds.first == (isDatabase ? "0.001" : "0.005") && bounds.count == (isDatabase ? 10 : 15))
        }
        Counter(label: "messaging.client.sent.messages", factory: registry).increment()
        let text = String(decoding: registry.exposition(.text), as: UTF8.self)
        #expect(text.contains("# HELP messaging_client_sent_messages_total Messages that a producer"))
    }

    @Test func whatTheServiceSetsBeatsTheAdvisedBoundaries() {
        registry.setBuckets([1], for: "db.client.operation.duration")
        Timer(label: "db.client.operation.duration", factory: registry).recordNanoseconds(1)
        #expect(registry.lines("db_client_operation_duration_seconds_bucket").count == 2)
    }

    @Test func aNameTakenByAnotherKindTrapsNothing() {
        Counter(label: "jobs", factory: registry).increment()
        Meter(label: "jobs_total", factory: registry).set(7)
        Meter(label: "jobs", factory: registry).set(7)
        Timer(label: "wait", factory: registry).recordSeconds(1)
        Meter(label: "wait_seconds_count", factory: registry).set(7)
        Recorder(label: "wait_seconds", aggregate: false, factory: registry).record(7)
        registry.observeGauge("jobs_total", help: "Never shown.") { 7 }
        #expect(registry.lines("jobs") == ["jobs_total 1"])
        #expect(registry.lines("wait_seconds_count") == ["wait_seconds_count 1"])
        #expect(
            registry.lines("sonde_library_conflicting_metrics_total") == ["sonde_library_conflicting_metrics_total 5"])
    }

    @Test func ignoresMeasurementsThatMakeNoSense() {
        let counter = FloatingPointCounter(label: "a", factory: registry)
        for amount in [-1, Double.nan, .infinity, -.infinity] { counter.increment(by: amount) }
        Counter(label: "b", factory: registry).increment(by: -1)
        let histogram = Recorder(label: "c", factory: registry)
        for value in [Double.nan, .infinity] { histogram.record(value) }
        Timer(label: "d", factory: registry).recordNanoseconds(-1)
        let meter = Meter(label: "e", factory: registry)
        meter.increment(by: Double.nan)
        meter.decrement(by: Double.infinity)
        #expect(registry.lines("a_total") == ["a_total 0"])
        #expect(registry.lines("b_total") == ["b_total 0"])
        #expect(registry.lines("c_count") == ["c_count 0"])
        #expect(registry.lines("d_seconds_count") == ["d_seconds_count 0"])
        #expect(registry.lines("e") == ["e 0"])
        #expect(registry.lines("sonde_library_ignored") == ["sonde_library_ignored_measurements_total 10"])
    }

    @Test func aGaugeShowsWhatIsNotANumber() {
        let gauge = Gauge(label: "g", factory: registry)
        gauge.record(Double.nan)
        #expect(registry.lines("g") == ["g NaN"])
        gauge.record(-Double.infinity)
        #expect(registry.lines("g") == ["g -Inf"])
    }

    @Test func overflowsIntoOneSeries() {
        let registry = MetricsRegistry(seriesPerFamily: 3, includesProcessMetrics: false)
        for user in 0..<10 {
            Counter(label: "visits", dimensions: [("user", "\(user)")], factory: registry).increment()
        }
        Counter(label: "visits", dimensions: [("user", "1")], factory: registry).increment()
        #expect(
            registry.lines("visits") == [
                #"visits_total{otel_metric_overflow="true"} 7"#, #"visits_total{user="0"} 1"#,
                #"visits_total{user="1"} 2"#,
                #"visits_total{user="2"} 1"#,
            ])
        #expect(registry.lines("sonde_library_overflowed") == ["sonde_library_overflowed_series_total 7"])
    }

    @Test func theSameNameAndLabelsAreTheSameSeries() {
        Counter(label: "a.b", dimensions: [("x", "1"), ("y", "2")], factory: registry).increment()
        Counter(label: "a_b_total", dimensions: [("y", "2"), ("x", "1"), ("z", "")], factory: registry).increment(by: 2)
        FloatingPointCounter(label: "a.b", dimensions: [("x", "1"), ("y", "2")], factory: registry).increment(by: 0.5)
        #expect(registry.lines("a_b") == [#"a_b_total{x="1",y="2"} 3.5"#])
    }

    @Test func countsWholeNumbersExactly() {
        let counter = Counter(label: "big", factory: registry)
        counter.increment(by: Int64.max)
        counter.increment(by: 2)
        #expect(registry.lines("big") == ["big_total 9223372036854775809"])
        counter.reset()
        #expect(registry.lines("big") == ["big_total 0"])
    }

    @Test func metersGoUpAndDown() {
        let meter = Meter(label: "m", factory: registry)
        meter.set(10)
        meter.increment(by: 2.5)
        meter.decrement()
        #expect(registry.lines("m") == ["m 11.5"])
    }

    @Test func timersAreHistogramsInSeconds() {
        registry.setBuckets([1, 0.1, .infinity, 1], for: "wait")
        let timer = Timer(label: "wait", factory: registry)
        timer.recordMilliseconds(100)
        timer.recordMilliseconds(101)
        timer.recordSeconds(60)
        #expect(
            registry.lines("wait") == [
                #"wait_seconds_bucket{le="0.1"} 1"#, #"wait_seconds_bucket{le="1"} 2"#,
                #"wait_seconds_bucket{le="+Inf"} 3"#,
                "wait_seconds_sum 60.201", "wait_seconds_count 3",
            ])
    }

    @Test func destroyTakesASeriesOutAndFreesTheName() {
        let counter = Counter(label: "jobs", dimensions: [("a", "1")], factory: registry)
        let other = Counter(label: "jobs", dimensions: [("a", "2")], factory: registry)
        counter.destroy()
        counter.destroy()
        counter.increment()
        #expect(registry.lines("jobs") == [#"jobs_total{a="2"} 0"#])
        other.destroy()
        Meter(label: "jobs_total", factory: registry).set(1)
        #expect(registry.lines("jobs") == ["jobs_total 1"])
    }

    @Test func readsObservedValuesAtEachScrape() {
        let counter = Counter(label: "source", factory: registry)
        registry.observeCounter("bytes.read", help: "Bytes.", labels: [("disk", "a")]) { 42 }
        registry.observeGauge("queue", help: "Items.") { 1.5 }
        counter.increment()
        #expect(registry.lines("bytes_read") == [#"bytes_read_total{disk="a"} 42"#])
        #expect(registry.lines("queue") == ["queue 1.5"])
    }

    @Test func losesNothingUnderManyThreads() async {
        let registry = registry
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for index in 0..<2_000 {
                        Counter(label: "c", dimensions: [("t", "\(index % 3)")], factory: registry).increment()
                        FloatingPointCounter(label: "f", factory: registry).increment(by: 0.5)
                        Timer(label: "h", factory: registry).recordNanoseconds(1_000_000)
                        Meter(label: "m", factory: registry).increment(by: task % 2 == 0 ? 1.0 : 2.0)
                        if index % 500 == 0 { _ = registry.exposition(.text) }
                    }
                }
            }
        }
        let counts = registry.lines("c_total").compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
        #expect(counts.reduce(0, +) == 16_000)
        #expect(registry.lines("f_total") == ["f_total 8000"])
        #expect(registry.lines("h_seconds_count") == ["h_seconds_count 16000"])
        #expect(registry.lines("m") == ["m 24000"])
    }
}
