// SPDX-License-Identifier: Apache-2.0
// The upper bounds of a histogram's buckets: found quickly, and printed from text that was made once.

import SondeWire

/// Shared by all histograms that have these bounds. Never changes.
final class BucketBounds: Sendable {
    /// Ascending, without +Inf.
    let values: [Double]
    /// The same as whole nanoseconds: a time of so many nanoseconds is at most the bound in seconds.
    let nanoseconds: [Int64]
    private let textTails: [[UInt8]]
    private let openMetricsTails: [[UInt8]]

    init(_ bounds: [Double]) {
        values = Set(bounds.filter { $0.isFinite }).sorted()
        nanoseconds = values.map(Self.nanoseconds(atMost:))
        textTails = Self.tails(values, PrometheusText(format: .text))
        openMetricsTails = Self.tails(values, PrometheusText(format: .openMetrics))
    }

    /// Which bucket `value` falls into; the last one is +Inf. Bounds are few: counting those below the value without a
    /// branch is quicker than searching.
    @inline(__always)
    func bucket(of value: Double) -> Int {
        values.withUnsafeBufferPointer { bounds in
            guard bounds.count <= 32 else { return Self.search(bounds, value) }
            var index = 0
            for bound in bounds { index &+= value > bound ? 1 : 0 }
            return index
        }
    }

    @inline(__always)
    func bucket(ofNanoseconds value: Int64) -> Int {
        nanoseconds.withUnsafeBufferPointer { bounds in
            guard bounds.count <= 32 else { return Self.search(bounds, value) }
            var index = 0
            for bound in bounds { index &+= value > bound ? 1 : 0 }
            return index
        }
    }

    private static func search<Value: Comparable>(_ bounds: UnsafeBufferPointer<Value>, _ value: Value) -> Int {
        var low = 0
        var high = bounds.count
        while low < high {
            let middle = (low + high) / 2
            if value > bounds[middle] { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// `le="0.5"} ` of bucket `index`, the last one being +Inf.
    func tail(_ index: Int, _ format: PrometheusFormat) -> [UInt8] {
        format == .openMetrics ? openMetricsTails[index] : textTails[index]
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
