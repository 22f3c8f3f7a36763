// SPDX-License-Identifier: Apache-2.0
// One counter: whole and fractional increments of the same series, without a lock.

import CoreMetrics
import Synchronization

/// The value behind a `Counter` and a `FloatingPointCounter` of the same name and labels.
final class CounterSeries: CounterHandler, FloatingPointCounterHandler {
    private let whole = Atomic<UInt64>(0)
    /// Bits of a Double; apart from ``whole`` so that counting by one is a single instruction and exact beyond 2^53.
    private let fraction = Atomic<UInt64>(0)
    private let faults: MeasurementFaults
    let place: SeriesPlace

    init(place: SeriesPlace, faults: MeasurementFaults) {
        self.place = place
        self.faults = faults
    }

    func increment(by amount: Int64) {
        guard amount >= 0 else { return faults.countIgnored() }
        whole.wrappingAdd(UInt64(amount), ordering: .relaxed)
    }

    func increment(by amount: Double) {
        guard amount.isFinite, amount >= 0 else { return faults.countIgnored() }
        if amount < 9_007_199_254_740_992, amount == amount.rounded(.towardZero) {
            whole.wrappingAdd(UInt64(amount), ordering: .relaxed)
        } else {
            fraction.add(amount)
        }
    }

    func reset() {
        whole.store(0, ordering: .relaxed)
        fraction.store(0, ordering: .relaxed)
    }

    /// The whole part and what is to be added to it.
    var value: (whole: UInt64, fraction: Double) {
        (whole.load(ordering: .relaxed), Double(bitPattern: fraction.load(ordering: .relaxed)))
    }
}

/// Where a series stands in the registry, so that it can be taken out again.
struct SeriesPlace: Hashable, Sendable {
    var family: String
    /// The rendered labels.
    var labels: String
}

/// Counts what could not be measured. Shared by all series of a registry.
final class MeasurementFaults: Sendable {
    private let ignored = Atomic<UInt64>(0)
    private let conflicts = Atomic<UInt64>(0)
    private let overflows = Atomic<UInt64>(0)

    func countIgnored() { ignored.wrappingAdd(1, ordering: .relaxed) }
    func countConflict() { conflicts.wrappingAdd(1, ordering: .relaxed) }
    func countOverflow() { overflows.wrappingAdd(1, ordering: .relaxed) }

    var ignoredCount: UInt64 { ignored.load(ordering: .relaxed) }
    var conflictCount: UInt64 { conflicts.load(ordering: .relaxed) }
    var overflowCount: UInt64 { overflows.load(ordering: .relaxed) }
}

extension Atomic where Value == UInt64 {
    /// Adds to the Double whose bits are stored. Trying again is rare: it takes another thread in the same instant.
    @inline(__always)
    borrowing func add(_ amount: Double) {
        var seen = load(ordering: .relaxed)
        while true {
            let sum = (Double(bitPattern: seen) + amount).bitPattern
            let (exchanged, original) = weakCompareExchange(expected: seen, desired: sum, ordering: .relaxed)
            if exchanged { return }
            seen = original
        }
    }
}
