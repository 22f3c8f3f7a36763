// SPDX-License-Identifier: Apache-2.0
// The registry as swift-metrics sees it.

public import CoreMetrics
import SondeWire

extension MetricsRegistry {
    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        counterSeries(label, dimensions)
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        counterSeries(label, dimensions)
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gaugeSeries(label, dimensions)
    }

    /// A recorder that aggregates is a histogram, one that does not a gauge.
    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate ? distribution(.histogram, label, dimensions) : gaugeSeries(label, dimensions)
    }

    /// A histogram in seconds.
    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        distribution(.timer, label, dimensions)
    }

    public func destroyCounter(_ handler: any CounterHandler) { destroy(handler) }
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { destroy(handler) }
    public func destroyMeter(_ handler: any MeterHandler) { destroy(handler) }
    public func destroyRecorder(_ handler: any RecorderHandler) { destroy(handler) }
    public func destroyTimer(_ handler: any TimerHandler) { destroy(handler) }

    private func counterSeries(_ label: String, _ dimensions: [(String, String)]) -> CounterSeries {
        let found = series(.counter, label, dimensions)
        if let series = found as? CounterSeries { return series }
        return detached(.counter, label, found) { CounterSeries(place: $0, faults: faults) }
    }

    private func gaugeSeries(_ label: String, _ dimensions: [(String, String)]) -> GaugeSeries {
        let found = series(.gauge, label, dimensions)
        if let series = found as? GaugeSeries { return series }
        return detached(.gauge, label, found) { GaugeSeries(place: $0, faults: faults) }
    }

    private func distribution(
        _ instrument: MetricInstrument, _ label: String, _ dimensions: [(String, String)]
    ) -> DistributionSeries {
        let found = series(instrument, label, dimensions)
        if let series = found as? DistributionSeries { return series }
        return detached(instrument, label, found) { nowhere(place: $0, measuresTime: instrument == .timer) }
    }

    func nowhere(place: SeriesPlace, measuresTime: Bool) -> HistogramSeries {
        HistogramSeries(
            place: place, bounds: BucketBounds([]), measuresTime: measuresTime, faults: faults, keepsExemplars: false)
    }

    /// A series that belongs to no family: its name is taken, which was counted already unless the place itself is
    /// `taken` by a series of another sort; or a view drops the metric.
    func detached<Series: MetricSeries>(
        _ instrument: MetricInstrument, _ label: String, _ taken: MetricSeries?, _ make: (SeriesPlace) -> Series
    ) -> Series {
        if taken != nil { change { reportConflict(Self.name(label, instrument), in: &$0) } }
        return Array("nowhere ".utf8).withUnsafeBufferPointer { make(SeriesPlace(bytes: $0, nameLength: 7)) }
    }
}
