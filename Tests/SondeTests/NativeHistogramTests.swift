// SPDX-License-Identifier: Apache-2.0

import SondeSight
import SondeWire
import Testing

@testable import Sonde

struct NativeHistogramTests {
    private let registry = MetricsRegistry(includesProcessMetrics: false)

    private func point(_ name: String) throws -> ExponentialPoint {
        let family = try #require(registry.points().first { $0.name == name })
        guard case .exponential(let point) = try #require(family.series.first).point else {
            throw Unexpected(description: "\(name) is no native histogram")
        }
        return point
    }

    private struct Unexpected: Error { var description: String }

    @Test func everyValueLiesInItsBucket() {
        for schema in -4...8 {
            for _ in 0..<2_000 {
                let value = Double(bitPattern: UInt64.random(in: 0x0010_0000_0000_0000..<0x7FE0_0000_0000_0000))
                let index = ExponentialScale.index(ExponentialScale.index(of: value), at: schema)
                let slack = 1e-12
                #expect(value <= ExponentialScale.bound(index, schema: schema) * (1 + slack))
                #expect(value > ExponentialScale.bound(index - 1, schema: schema) * (1 - slack))
            }
        }
    }

    @Test func powersOfTwoAreUpperBounds() {
        for exponent in [-1_070, -1_022, -3, 0, 1, 7, 1_000] {
            let value = Double(sign: .plus, exponent: exponent, significand: 1)
            #expect(ExponentialScale.index(of: value) == exponent * 256)
            #expect(ExponentialScale.index(of: value.nextUp) == exponent * 256 + 1 || value.isSubnormal)
        }
    }

    @Test func startsFineAndCoarsensWhenValuesAreFarApart() throws {
        let histogram = registry.histogram("h", buckets: .exponential())
        histogram.record(1.0)
        histogram.record(1.1)
        #expect(try point("h").schema == 8)
        histogram.record(1_000.0)
        let coarse = try point("h")
        #expect(coarse.schema < 8)
        histogram.record(1e-9)
        histogram.record(1e12)
        let wide = try point("h")
        #expect(wide.count == 5)
        #expect(wide.positive.counts.count <= 160)
        #expect(wide.schema < coarse.schema)
        #expect(wide.positive.counts.reduce(0, +) == 5)
    }

    @Test func takesZeroNegativeAndExtremes() throws {
        let histogram = registry.histogram("h", buckets: .exponential(schema: 3))
        for value in [0, -0.0, 1e-300, -1.0, -2.5, .greatestFiniteMagnitude, .leastNonzeroMagnitude] {
            histogram.record(value)
        }
        histogram.record(Double.infinity)
        let found = try point("h")
        #expect(found.zeroCount == 4)
        #expect(found.negative.total == 2)
        #expect(found.positive.total == 1)
        #expect(registry.lines("sonde_library_ignored") == ["sonde_library_ignored_measurements_total 1"])
    }

    @Test func neverNeedsMoreBucketsThanItMayHave() throws {
        let histogram = registry.histogram("h", buckets: .exponential())
        for exponent in stride(from: -120, through: 1_000, by: 1) {
            histogram.record(Double(sign: .plus, exponent: exponent, significand: 1.5))
        }
        let found = try point("h")
        #expect(found.positive.total == 1_121)
        #expect(found.positive.counts.count <= 160)
        #expect(found.schema >= -4)
    }

    @Test func theTextFormatsShowCountAndSum() {
        let timer = registry.timer("t", buckets: .exponential(), labels: [("a", "b")])
        timer.record(.milliseconds(250))
        timer.record(nanoseconds: 1)
        #expect(
            registry.lines("t_seconds") == [
                #"t_seconds_bucket{a="b",le="+Inf"} 2"#, #"t_seconds_sum{a="b"} 0.250000001"#,
                #"t_seconds_count{a="b"} 2"#,
            ])
    }

    @Test func aViewMakesAnyHistogramNative() throws {
        registry.addView(MetricView("*", buckets: .exponential(schema: 4)))
        registry.histogram("h", buckets: .explicit([1, 2])).record(7)
        #expect(try point("h").count == 1)
    }
}
