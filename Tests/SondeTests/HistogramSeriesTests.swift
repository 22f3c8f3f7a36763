// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Sonde

struct HistogramSeriesTests {
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
