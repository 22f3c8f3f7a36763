// SPDX-License-Identifier: Apache-2.0
// One gauge: the last value set, or moved up and down, without a lock.

import CoreMetrics
import SondeWire
import Synchronization

/// The value behind a `Meter`, a `Gauge` and a `Recorder` that does not aggregate.
final class GaugeSeries: MetricSeries, MeterHandler, RecorderHandler, @unchecked Sendable {
    /// Bits of a Double.
    private let bits = Atomic<UInt64>(0)

    init(place: SeriesPlace, faults: MeasurementFaults) {
        super.init(place: place, faults: faults)
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

    var value: Double { bits.double }

    override func write(to sink: inout PrometheusSink, format: PrometheusFormat) {
        sink.append(padded: text.start, text.count)
        sink.append(value)
        sink.append(byte: UInt8(ascii: "\n"))
    }

    override var point: MetricPoint { .number(value, exemplar: nil) }
}
