// SPDX-License-Identifier: Apache-2.0
// The upper bounds of a histogram's buckets: found quickly, and printed from text that was made once.

import SondeWire

/// Shared by all histograms that have these bounds. Never changes.
final class BucketBounds: @unchecked Sendable {
    // Sendable although pointers are inside: they never change, nor does what they lead to.

    private typealias Lane = SIMD4<Double>

    /// Ascending, without +Inf.
    let values: [Double]
    /// ``values`` in groups of four, the last one filled with +Inf.
    private let lanes: UnsafeMutablePointer<Lane>
    /// The same as whole nanoseconds: a time of so many nanoseconds is at most the bound in seconds.
    private let nanosecondLanes: UnsafeMutablePointer<Lane>
    private let laneCount: Int
    private let textTails: [[UInt8]]
    private let openMetricsTails: [[UInt8]]

    init(_ bounds: [Double]) {
        values = Set(bounds.filter { $0.isFinite }).sorted()
        laneCount = (values.count + 3) / 4
        lanes = Self.lanes(values)
        nanosecondLanes = Self.lanes(values.map { Double(Self.nanoseconds(atMost: $0)) })
        textTails = Self.tails(values, PrometheusText(format: .text))
        openMetricsTails = Self.tails(values, PrometheusText(format: .openMetrics))
    }

    deinit {
        lanes.deallocate()
        nanosecondLanes.deallocate()
    }

    private static func lanes(_ bounds: [Double]) -> UnsafeMutablePointer<Lane> {
        let count = (bounds.count + 3) / 4
        let lanes = UnsafeMutablePointer<Lane>.allocate(capacity: max(1, count))
        for index in 0..<count {
            var lane = Lane(repeating: .infinity)
            for place in 0..<4 where index * 4 + place < bounds.count { lane[place] = bounds[index * 4 + place] }
            (lanes + index).initialize(to: lane)
        }
        return lanes
    }

    /// Which bucket `value` falls into; the last one is +Inf.
    @inline(__always)
    func bucket(of value: Double) -> Int { bucket(of: value, in: lanes) }

    /// The same for a time, without a division: what is a whole number of nanoseconds below 104 days is exact.
    @inline(__always)
    func bucket(ofNanoseconds value: Int64) -> Int { bucket(of: Double(value), in: nanosecondLanes) }

    /// Bounds are few: counting those below the value, four at a time and without a branch, is quicker than searching.
    @inline(__always)
    private func bucket(of value: Double, in lanes: UnsafeMutablePointer<Lane>) -> Int {
        guard laneCount <= 8 else { return search(value, lanes) }
        var below = SIMD4<Int64>.zero
        var index = 0
        while index < laneCount {
            below.replace(with: below &+ 1, where: lanes[index] .< value)
            index &+= 1
        }
        return Int(truncatingIfNeeded: below.wrappedSum())
    }

    private func search(_ value: Double, _ lanes: UnsafeMutablePointer<Lane>) -> Int {
        var low = 0
        var high = values.count
        while low < high {
            let middle = (low + high) / 2
            if value > lanes[middle / 4][middle % 4] { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// `le="0.5"} ` of bucket `index`, the last one being +Inf.
    func tail(_ index: Int, _ format: PrometheusFormat) -> [UInt8] {
        format.isOpenMetrics ? openMetricsTails[index] : textTails[index]
    }

    private static func tails(_ bounds: [Double], _ text: PrometheusText) -> [[UInt8]] {
        (bounds + [.infinity]).map { Array("le=\"\(text.boundText($0))\"} ".utf8) }
    }

    /// The largest number of nanoseconds whose seconds, as a Double, do not exceed `seconds`.
    private static func nanoseconds(atMost seconds: Double) -> Int64 {
        let estimate = seconds * 1e9
        guard estimate < 9e18 else { return .max }
        guard estimate > -9e18 else { return .min }
        var found = Int64(estimate.rounded(.down))
        while Double(found) / 1e9 > seconds { found -= 1 }
        while found < .max, Double(found + 1) / 1e9 <= seconds { found += 1 }
        return found
    }
}
