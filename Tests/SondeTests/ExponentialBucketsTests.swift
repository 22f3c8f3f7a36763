// SPDX-License-Identifier: Apache-2.0

import SondeSight
import SondeWire
import Testing

@testable import Sonde

struct ExponentialBucketsTests {
    @Test func whatWasReadBeforeACoarserGridCameIsAtItsOwnSchema() throws {
        let buckets = ExponentialBuckets(finest: 8)
        buckets.count(ExponentialScale.index(of: 1.5))
        let counted = buckets.counted
        let before = try #require(counted)
        buckets.count(ExponentialScale.index(of: 1e300))
        let countedLater = buckets.counted
        let after = try #require(countedLater)
        #expect(before.schema == 8)
        #expect(after.schema < 8)
        let index = ExponentialScale.index(of: 1.5)
        #expect(before.row(at: 8) == ExponentialCounts(low: index, counts: [1]))
        #expect(
            before.row(at: after.schema)
                == ExponentialCounts(low: ExponentialScale.index(index, at: after.schema), counts: [1]))
        #expect(after.row(at: 8) == after.row(at: after.schema))
    }

    /// Reading the schema and the counts one after the other shifted buckets the wrong way, which needs gigabytes.
    @Test func aGridThatComesWhileAHistogramIsReadHarmsNothing() {
        for _ in 0..<100 {
            let registry = MetricsRegistry(includesProcessMetrics: false)
            let histogram = registry.histogram("h", buckets: .exponential())
            histogram.record(1.5)
            DispatchLoop.run(tasks: 2) { task in
                guard task == 0 else {
                    for exponent in stride(from: 1, through: 1_000, by: 37) {
                        histogram.record(Double(sign: .plus, exponent: exponent, significand: 1.5))
                        histogram.record(-Double(sign: .plus, exponent: exponent, significand: 1.5))
                    }
                    return
                }
                for _ in 0..<40 {
                    for case .exponential(let point) in registry.points().flatMap({ $0.series.map(\.point) }) {
                        #expect(point.positive.counts.count <= 161)
                        #expect(point.negative.counts.count <= 161)
                    }
                }
            }
            #expect(registry.lines("h_count") == ["h_count 57"])
        }
    }
}
