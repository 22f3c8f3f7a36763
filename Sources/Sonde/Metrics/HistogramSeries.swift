// SPDX-License-Identifier: Apache-2.0
// One histogram: a count per bucket and the sum, without a lock.
//
//   shard 0: [ bucket 0 | bucket 1 | … | bucket n (+Inf) | sum bits | padding to a cache line ]
//   shard 1: …
//
// A thread writes one shard, so that two cores do not pass one cache line back and forth; a scrape adds them up.

import CoreMetrics
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The value behind a `Timer` (in seconds) and a `Recorder` that aggregates.
final class HistogramSeries: RecorderHandler, TimerHandler, Sendable {
    /// Upper bounds, ascending, without +Inf.
    let bounds: [Double]
    let place: SeriesPlace
    private let faults: MeasurementFaults
    private let cells: AtomicCells
    /// Cells of one shard: a multiple of eight, which is a cache line.
    private let stride: Int

    init(place: SeriesPlace, bounds: [Double], faults: MeasurementFaults) {
        self.place = place
        self.bounds = bounds
        self.faults = faults
        stride = (bounds.count + 2 + 7) / 8 * 8
        cells = AtomicCells(count: stride * Limits.histogramShards)
    }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard value.isFinite else { return faults.countIgnored() }
        let shard = Self.shard * stride
        cells[shard + bucket(of: value)].wrappingAdd(1, ordering: .relaxed)
        cells[shard + bounds.count + 1].add(value)
    }

    func recordNanoseconds(_ duration: Int64) {
        guard duration >= 0 else { return faults.countIgnored() }
        record(Double(duration) / 1_000_000_000)
    }

    private func bucket(of value: Double) -> Int {
        bounds.withUnsafeBufferPointer { bounds in
            var index = 0
            while index < bounds.count, value > bounds[index] { index += 1 }
            return index
        }
    }

    /// Counts per bucket, not cumulative, the last one for +Inf; and the sum of all values. Measurements that are being
    /// taken meanwhile may be in one and not yet in the other.
    var snapshot: (counts: [UInt64], sum: Double) {
        var counts = [UInt64](repeating: 0, count: bounds.count + 1)
        var sum = 0.0
        for shard in 0..<Limits.histogramShards {
            for bucket in counts.indices { counts[bucket] += cells[shard * stride + bucket].load(ordering: .relaxed) }
            sum += Double(bitPattern: cells[shard * stride + bounds.count + 1].load(ordering: .relaxed))
        }
        return (counts, sum)
    }

    /// Which shard the calling thread writes.
    private static var shard: Int {
        #if canImport(Darwin)
            let thread = UInt64(UInt(bitPattern: pthread_self()))
        #else
            let thread = UInt64(pthread_self())
        #endif
        return Int(truncatingIfNeeded: (thread &* 0x9E37_79B9_7F4A_7C15) >> 32) & (Limits.histogramShards - 1)
    }
}

/// A fixed number of atomic words in one block of memory.
final class AtomicCells: @unchecked Sendable {
    // Sendable although a pointer is inside: the pointer never changes and every word it leads to is atomic.
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private let count: Int

    init(count: Int) {
        self.count = count
        words = .allocate(capacity: count)
        for index in 0..<count { (words + index).initialize(to: Atomic(0)) }
    }

    deinit {
        words.deinitialize(count: count)
        words.deallocate()
    }

    subscript(index: Int) -> Atomic<UInt64> {
        @inline(__always) _read { yield words[index] }
    }
}
