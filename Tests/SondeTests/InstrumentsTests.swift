// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import SondeSight
import SondeWire
import Testing

@testable import Sonde

struct InstrumentsTests {
    private let registry = MetricsRegistry(seriesPerFamily: 4, includesProcessMetrics: false)

    @Test func aTakenNameCountsIntoNowhere() {
        let gauge = registry.gauge("jobs_total")
        registry.counter("jobs", labels: "a")["1"].increment()
        registry.counter("jobs").increment()
        gauge.set(3)
        #expect(registry.lines("jobs_total") == ["jobs_total 3"])
        // One when the labelled counter was declared and one for each measurement's handle.
        #expect(
            registry.lines("sonde_library_conflicting_metrics_total") == ["sonde_library_conflicting_metrics_total 2"])
    }

    @Test func ignoresAmountsThatMakeNoSense() {
        registry.counter("c").increment(by: -1)
        registry.counter("c").increment(by: Double.nan)
        registry.upDownCounter("u").add(Double.infinity)
        registry.histogram("h").record(Double.nan)
        registry.timer("t").record(.seconds(-1))
        #expect(registry.lines("sonde_library_ignored") == ["sonde_library_ignored_measurements_total 5"])
    }

    @Test func labelsAreTheSameHoweverTheyAreGiven() {
        let own = registry.counter("requests", labels: "method", "status", "route")
        own["GET", "200", "/a\"b\\\nc"].increment()
        own["GET", "200", "/a\"b\\\nc"].increment()
        Counter(
            label: "requests", dimensions: [("route", "/a\"b\\\nc"), ("method", "GET"), ("status", "200")],
            factory: registry
        ).increment()
        own["GET", "", "/"].increment()
        registry.counter("requests", labels: [("method", "GET"), ("route", "/")]).increment()
        own["GET"].increment()
        own[["GET", "", "", "too many"]].increment()
        #expect(
            registry.lines("requests") == [
                #"requests_total{method="GET"} 2"#, #"requests_total{method="GET",route="/"} 2"#,
                #"requests_total{method="GET",route="/a\"b\\\nc",status="200"} 3"#,
            ])
    }

    @Test func valuesThatLookAlikeAreKeptApart() {
        let own = registry.counter("c", labels: "a", "b")
        own["x\",b=\"y", ""].increment()
        own["x", "y"].increment()
        own["x\\", "y"].increment()
        own["x\\\"", "y"].increment()
        #expect(
            registry.lines("c_total") == [
                #"c_total{a="x",b="y"} 1"#, #"c_total{a="x\",b=\"y"} 1"#, #"c_total{a="x\\",b="y"} 1"#,
                #"c_total{a="x\\\"",b="y"} 1"#,
            ])
    }

    @Test func namesThatBecomeTheSameAreJoined() {
        let own = registry.counter("c", labels: "a.b", "a-b")
        own["1", "2"].increment()
        own["1", "2"].increment()
        #expect(registry.lines("c_total") == [#"c_total{a_b="2;1"} 2"#])
    }

    @Test func overflowsIntoOneSeriesAndCounts() {
        let own = registry.counter("c", labels: "user")
        for user in 0..<10 { own["\(user)"].increment() }
        own["2"].increment()
        #expect(registry.lines("c_total").first == #"c_total{otel_metric_overflow="true"} 6"#)
        #expect(registry.lines("c_total").count == 5)
        #expect(registry.lines("sonde_library_overflowed") == ["sonde_library_overflowed_series_total 6"])
    }

    @Test func roomThatIsGivenBackIsUsedAgain() {
        for user in 0..<8 {
            let counter = Counter(label: "c", dimensions: [("user", "\(user)")], factory: registry)
            counter.increment()
            counter.destroy()
        }
        Counter(label: "c", dimensions: [("user", "9")], factory: registry).increment()
        #expect(registry.lines("c_total") == [#"c_total{user="9"} 1"#])
        #expect(registry.lines("sonde_library_overflowed") == ["sonde_library_overflowed_series_total 0"])
    }

    @Test func ownInstrumentsSurviveTheLossOfTheirSeries() {
        let own = registry.counter("c", labels: "a")
        let first = Counter(label: "c", dimensions: [("a", "1")], factory: registry)
        own["1"].increment()
        first.destroy()
        own["1"].increment()
        #expect(registry.lines("c_total") == [#"c_total{a="1"} 1"#])
    }

    @Test func upDownCountersGoUpAndDown() {
        let inFlight = registry.upDownCounter("in.flight", help: "Now.", labels: "kind")
        inFlight["a"].add(3)
        inFlight["a"].add(-5)
        inFlight["b"].add(0.5)
        #expect(registry.lines("in_flight") == [#"in_flight{kind="a"} -2"#, #"in_flight{kind="b"} 0.5"#])
    }

    @Test func unitsAreAPartOfTheName() {
        registry.counter("sent", help: "Sent.", unit: "bytes").increment(by: 7)
        registry.counter("received_bytes_total", unit: "bytes").increment()
        registry.gauge("heat", unit: "celsius").set(21.5)
        registry.timer("wait").record(.milliseconds(1_500))
        let page = String(decoding: registry.exposition(.openMetrics), as: UTF8.self)
        for line in [
            "sent_bytes_total 7", "received_bytes_total 1", "heat_celsius 21.5", "wait_seconds_sum 1.5",
            "# UNIT sent_bytes bytes", "# HELP sent_bytes Sent.",
        ] {
            #expect(page.contains("\n\(line)\n") || page.hasPrefix("\(line)\n"), "\(line)")
        }
    }

    @Test func timersRunWhatTheyMeasure() async throws {
        struct Oops: Error {}
        let timer = registry.timer("work")
        #expect(timer.time { 42 } == 42)
        #expect(throws: Oops.self) { try timer.time { throw Oops() } }
        await timer.time { await Task.yield() }
        #expect(registry.lines("work_seconds_count") == ["work_seconds_count 3"])
    }

    @Test func sumsOfTimesAreExact() {
        let timer = Timer(label: "t", factory: registry)
        for _ in 0..<10_000 { timer.recordNanoseconds(100_000_001) }
        #expect(registry.lines("t_seconds_sum") == ["t_seconds_sum 1000.00001"])
        #expect(registry.lines(#"t_seconds_bucket{le="0.1"}"#) == [#"t_seconds_bucket{le="0.1"} 0"#])
        Timer(label: "u", factory: registry).recordNanoseconds(100_000_000)
        #expect(registry.lines(#"u_seconds_bucket{le="0.1"}"#) == [#"u_seconds_bucket{le="0.1"} 1"#])
    }

    @Test func manyBucketsAreSearched() {
        let histogram = registry.histogram("h", buckets: .explicit((0..<100).map(Double.init)))
        for value in 0..<100 { histogram.record(value) }
        histogram.record(1e9)
        #expect(registry.lines(#"h_bucket{le="49"}"#) == [#"h_bucket{le="49"} 50"#])
        #expect(registry.lines(#"h_bucket{le="+Inf"}"#) == [#"h_bucket{le="+Inf"} 101"#])
    }

    // MARK: Views

    @Test func viewsRenameDropAndLimit() {
        let registry = MetricsRegistry(
            views: [
                MetricView("noise.*", isDropped: true),
                MetricView("requests", renamed: "shop.requests", dropping: ["user.agent"], seriesLimit: 2),
                MetricView("wait_seconds", buckets: .explicit([1])),
            ], includesProcessMetrics: false)
        registry.counter("noise.a").increment()
        Timer(label: "noise.b", factory: registry).recordSeconds(1)
        for agent in ["curl", "wget"] {
            Counter(label: "requests", dimensions: [("path", "/"), ("user.agent", agent)], factory: registry)
                .increment()
        }
        Timer(label: "wait", factory: registry).recordSeconds(2)
        registry.counter("requests", labels: "path")["/a"].increment()
        registry.counter("requests", labels: "path")["/b"].increment()
        #expect(registry.lines("noise").isEmpty)
        #expect(
            registry.lines("shop") == [
                #"shop_requests_total{otel_metric_overflow="true"} 1"#, #"shop_requests_total{path="/"} 2"#,
                #"shop_requests_total{path="/a"} 1"#,
            ])
        #expect(registry.lines("wait_seconds_bucket").count == 2)
        #expect(registry.lines("sonde_library_conflicting") == ["sonde_library_conflicting_metrics_total 0"])
    }

    // MARK: Threads

    @Test func seriesThatComeAndGoHarmNobody() {
        let registry = MetricsRegistry(seriesPerFamily: 1_000, includesProcessMetrics: false)
        let own = registry.counter("kept", labels: "n")
        DispatchLoop.run(tasks: 4) { task in
            for index in 0..<4_000 {
                own["\(index % 50)"].increment()
                let gone = Counter(label: "gone", dimensions: [("n", "\(index % 100)")], factory: registry)
                gone.increment()
                if index % 3 == task % 3 { gone.destroy() }
                if index % 1_000 == 0 { _ = registry.exposition(.openMetrics) }
            }
        }
        let counts = registry.lines("kept_total").compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
        #expect(counts.count == 50)
        #expect(counts.reduce(0, +) == 16_000)
    }

    @Test func oneCounterLosesNothingBetweenThreads() {
        let counter = registry.counter("c")
        let floating = registry.counter("f")
        let histogram = registry.histogram("h")
        let native = registry.histogram("n", buckets: .exponential())
        DispatchLoop.run(tasks: 8) { task in
            for index in 0..<20_000 {
                counter.increment()
                floating.increment(by: 0.25)
                histogram.record(Double(index % 10))
                native.record(Double(index % 1_000 + 1) * (task % 2 == 0 ? 1 : 0.001))
            }
        }
        #expect(registry.lines("c_total") == ["c_total 160000"])
        #expect(registry.lines("f_total") == ["f_total 40000"])
        #expect(registry.lines("h_count") == ["h_count 160000"])
        #expect(registry.lines("h_sum") == ["h_sum 720000"])
        #expect(registry.lines("n_count") == ["n_count 160000"])
    }
}
