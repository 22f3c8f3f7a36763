// SPDX-License-Identifier: Apache-2.0
// One gauge: the last value set, or moved up and down, without a lock.

import CoreMetrics
import Synchronization

/// The value behind a `Meter`, a `Gauge` and a `Recorder` that does not aggregate.
final class GaugeSeries: MeterHandler, RecorderHandler {
    /// Bits of a Double.
    private let bits = Atomic<UInt64>(0)
    private let faults: MeasurementFaults
    let place: SeriesPlace

    init(place: SeriesPlace, faults: MeasurementFaults) {
        self.place = place
        self.faults = faults
    }

    func set(_ value: Int64) { bits.store(Double(value).bitPattern, ordering: .relaxed) }
    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }
    func record(_ value: Int64) { set(value) }
    func record(_ value: Double) { set(value) }

    func increment(by amount: Double) {
        guard amount.isFinite else { return faults.countIgnored() }
        bits.add(amount)
    }

    func decrement(by amount: Double) { increment(by: -amount) }

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}
