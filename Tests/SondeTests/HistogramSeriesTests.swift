// SPDX-License-Identifier: Apache-2.0

import CoreMetrics
import SondeSight
import Testing

@testable import Sonde

struct HistogramSeriesTests {
    @Test(arguments: [true, false]) func aSumOfTimesBeyondThreeCenturiesGoesOnRising(isNative: Bool) throws {
        let registry = MetricsRegistry(includesProcessMetrics: false)
        let buckets: HistogramBuckets? = isNative ? .exponential() : nil
        let timer = registry.timer("wait", buckets: buckets)
        let longest = Limits.wholeNanoseconds - 1
        DispatchLoop.run(tasks: 4) { _ in
            for _ in 0..<1_000 { timer.record(.nanoseconds(longest)) }
        }
        let shown = registry.lines("wait_seconds_sum").first?.split(separator: " ").last
        let sum = try #require(shown.flatMap { Double($0) })
        let expected = 4_000 * Double(longest) / 1e9
        #expect(abs(sum - expected) < expected * 1e-9)
        #expect(registry.lines("wait_seconds_count") == ["wait_seconds_count 4000"])
    }

    @Test func aSumOfNegativeWholeNumbersDoesNotWrap() throws {
        let registry = MetricsRegistry(includesProcessMetrics: false)
        let sizes = Recorder(label: "sizes", factory: registry)
        let largest = Int64(Limits.wholeMeasurement) - 1
        for _ in 0..<1_200_000 { sizes.record(-largest) }
        let shown = registry.lines("sizes_sum").first?.split(separator: " ").last
        let sum = try #require(shown.flatMap { Double($0) })
        let expected = -1_200_000 * Double(largest)
        #expect(abs(sum - expected) < -expected * 1e-9)
    }

    @Test(arguments: [HistogramBuckets.explicit([1]), .exponential()])
    func theLongestTimesDoNotMakeASumNegative(buckets: HistogramBuckets) throws {
        let registry = MetricsRegistry(includesProcessMetrics: false)
        let timer = registry.timer("t", buckets: buckets)
        for _ in 0..<3 { timer.record(nanoseconds: .max) }
        timer.record(.seconds(Int64.max))
        timer.record(nanoseconds: 500_000_000)
        let line = try #require(registry.lines("t_seconds_sum").first)
        let sum = try #require(line.split(separator: " ").last.flatMap { Double($0) })
        let expected = 4 * 9_223_372_036.854_775 + 0.5
        #expect(abs(sum - expected) < 0.001)
        #expect(registry.lines("t_seconds_count") == ["t_seconds_count 5"])
    }
}
