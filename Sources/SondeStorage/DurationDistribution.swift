// SPDX-License-Identifier: Apache-2.0
// Gathers durations and tells how they are spread: count, sum, extremes and quantiles. Whatever order they come in, the
// answer is the same.

package import SondeModel

/// Durations that are being gathered.
package struct DurationDistribution: Hashable, Sendable {
    /// Durations kept as they are, 8 kB of them; beyond it they are counted in buckets. An operation of a quiet service
    /// stays exact, and many operations stay within some tens of megabytes.
    package static let exactCount = 1_024

    /// The largest share by which a quantile may be off once durations are counted in buckets: half a bucket.
    package static let maxError = 1.0 / Double(2 * buckets)

    /// Buckets for each power of two, 1 kB of them.
    private static let buckets = 1 << bucketBits
    private static let bucketBits = 8

    private let keepsQuantiles: Bool
    private var statistics = DurationStatistics()
    private var values: [UInt64] = []
    /// By power of two; empty where nothing was counted.
    private var counts: [[UInt32]] = []

    /// - Parameter keepsQuantiles: whether quantiles will be asked for; without them a distribution takes no memory.
    package init(keepsQuantiles: Bool) {
        self.keepsQuantiles = keepsQuantiles
    }

    package mutating func add(_ nanoseconds: UInt64) {
        statistics.least = statistics.count == 0 ? nanoseconds : min(statistics.least, nanoseconds)
        statistics.largest = max(statistics.largest, nanoseconds)
        statistics.count += 1
        statistics.total = statistics.total.addingClamped(nanoseconds)
        guard keepsQuantiles else { return }
        if counts.isEmpty, values.count < Self.exactCount {
            values.append(nanoseconds)
        } else {
            spill()
            count(nanoseconds)
        }
    }

    package mutating func add(_ other: DurationDistribution) {
        guard other.statistics.count > 0 else { return }
        let own = statistics
        statistics.least = own.count == 0 ? other.statistics.least : min(own.least, other.statistics.least)
        statistics.largest = max(own.largest, other.statistics.largest)
        statistics.count += other.statistics.count
        statistics.total = own.total.addingClamped(other.statistics.total)
        guard keepsQuantiles else { return }
        if counts.isEmpty, other.counts.isEmpty, values.count + other.values.count <= Self.exactCount {
            values += other.values
            return
        }
        spill()
        for value in other.values { count(value) }
        for (power, page) in other.counts.enumerated() where !page.isEmpty {
            if counts[power].isEmpty {
                counts[power] = page
            } else {
                for place in page.indices { counts[power][place] &+= page[place] }
            }
        }
    }

    /// The durations as far as they came; quantiles by nearest rank.
    package func statistics(_ fractions: [Double]) -> DurationStatistics {
        var result = statistics
        result.isExact = counts.isEmpty
        guard result.count > 0, keepsQuantiles else { return result }
        let sorted = values.sorted()
        result.quantiles = fractions.map { fraction in
            let rank = min(max(Int((fraction * Double(result.count)).rounded(.up)), 1), result.count)
            let value = counts.isEmpty ? sorted[rank - 1] : counted(rank: rank)
            return DurationStatistics.Quantile(fraction: fraction, nanoseconds: value)
        }
        return result
    }

    /// Counts what was kept as it is.
    private mutating func spill() {
        guard counts.isEmpty else { return }
        counts = Array(repeating: [], count: 65 - Self.bucketBits)
        for value in values { count(value) }
        values = []
    }

    private mutating func count(_ value: UInt64) {
        let power = max(0, 63 - value.leadingZeroBitCount - Self.bucketBits + 1)
        if counts[power].isEmpty { counts[power] = Array(repeating: 0, count: Self.buckets) }
        let place = value >> UInt64(max(0, power - 1))
        counts[power][Int(place) & (Self.buckets - 1)] &+= 1
    }

    /// The middle of the bucket that the duration of this rank is in.
    private func counted(rank: Int) -> UInt64 {
        var before = 0
        for (power, page) in counts.enumerated() {
            for (place, count) in page.enumerated() where count > 0 {
                before += Int(count)
                guard before >= rank else { continue }
                return min(max(Self.middle(power, place), statistics.least), statistics.largest)
            }
        }
        return statistics.largest
    }

    private static func middle(_ power: Int, _ place: Int) -> UInt64 {
        guard power > 0 else { return UInt64(place) }
        let width = UInt64(1) << UInt64(power - 1)
        return UInt64(buckets + place) << UInt64(power - 1) + width / 2
    }
}

extension UInt64 {
    /// The sum, or the largest number there is.
    package func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
