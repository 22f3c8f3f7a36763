// SPDX-License-Identifier: Apache-2.0
// The handles of our own instruments: one pointer to the number they change.

import SondeWire

extension MetricsRegistry {
    /// A total that only rises.
    public struct Counter: Sendable {
        @usableFromInline let series: CounterSeries

        init(registry: MetricsRegistry, label: String, found: MetricSeries?) {
            series =
                found as? CounterSeries
                ?? registry.detached(.counter, label, found) { CounterSeries(place: $0, faults: registry.faults) }
        }

        /// Counts `amount`; a negative one is ignored and counted as such.
        @inlinable
        public func increment(by amount: Int = 1) { series.increment(by: Int64(amount)) }

        /// Counts `amount`; one that is negative or not finite is ignored and counted as such.
        public func increment(by amount: Double) { series.increment(by: amount) }
    }

    /// Counters of one name, by their labels.
    public struct Counters: Sendable {
        let core: LabelledSeries

        /// The counter of one label value.
        public subscript(_ a: String) -> Counter { handle(core.series(a)) }

        /// The counter of these label values, in the order of the names.
        public subscript(_ a: String, _ b: String) -> Counter { handle(core.series(a, b)) }

        /// The counter of these label values, in the order of the names.
        public subscript(_ a: String, _ b: String, _ c: String) -> Counter {
            handle(core.series(a, b, c))
        }

        /// The counter of these label values, in the order of the names.
        public subscript(_ a: String, _ b: String, _ c: String, _ d: String) -> Counter {
            handle(core.series(a, b, c, d))
        }

        /// The counter of any number of label values. Missing ones count as empty: the label is not shown.
        public subscript(_ values: [String]) -> Counter { handle(core.series(values)) }

        private func handle(_ series: MetricSeries?) -> Counter {
            Counter(registry: core.registry, label: core.label, found: series)
        }
    }

    /// A total that goes up and down.
    public struct UpDownCounter: Sendable {
        let series: CounterSeries

        init(registry: MetricsRegistry, label: String, found: MetricSeries?) {
            series =
                found as? CounterSeries
                ?? registry.detached(.upDownCounter, label, found) {
                    CounterSeries(place: $0, faults: registry.faults, isMonotonic: false)
                }
        }

        /// Adds `amount`, which may be negative.
        public func add(_ amount: Int) { series.increment(by: Int64(amount)) }

        /// Adds `amount`, which may be negative; one that is not finite is ignored and counted as such.
        public func add(_ amount: Double) { series.increment(by: amount) }
    }

    /// Up-down counters of one name, by their labels.
    public struct UpDownCounters: Sendable {
        let core: LabelledSeries

        /// The up-down counter of one label value.
        public subscript(_ a: String) -> UpDownCounter { handle(core.series(a)) }

        /// The up-down counter of these label values, in the order of the names.
        public subscript(_ a: String, _ b: String) -> UpDownCounter { handle(core.series(a, b)) }

        /// The up-down counter of these label values, in the order of the names.
        public subscript(_ a: String, _ b: String, _ c: String) -> UpDownCounter {
            handle(core.series(a, b, c))
        }

        /// The up-down counter of these label values, in the order of the names.
        public subscript(_ a: String, _ b: String, _ c: String, _ d: String) -> UpDownCounter {
            handle(core.series(a, b, c, d))
        }

        /// The up-down counter of any number of label values. Missing ones count as empty: the label is not shown.
        public subscript(_ values: [String]) -> UpDownCounter { handle(core.series(values)) }

        private func handle(_ series: MetricSeries?) -> UpDownCounter {
            UpDownCounter(registry: core.registry, label: core.label, found: series)
        }
    }

    /// A value that is set.
    public struct Gauge: Sendable {
        let series: GaugeSeries

        init(registry: MetricsRegistry, label: String, found: MetricSeries?) {
            series =
                found as? GaugeSeries
                ?? registry.detached(.gauge, label, found) { GaugeSeries(place: $0, faults: registry.faults) }
        }

        /// Shows `value` from now on.
        public func set(_ value: Double) { series.set(value) }

        /// Shows `value` from now on.
        public func set(_ value: Int) { series.set(Int64(value)) }

        /// Adds `amount` to what is shown; one that is not finite is ignored and counted as such.
        public func add(_ amount: Double) { series.increment(by: amount) }
    }

    /// Gauges of one name, by their labels.
    public struct Gauges: Sendable {
        let core: LabelledSeries

        /// The gauge of one label value.
        public subscript(_ a: String) -> Gauge { handle(core.series(a)) }

        /// The gauge of these label values, in the order of the names.
        public subscript(_ a: String, _ b: String) -> Gauge { handle(core.series(a, b)) }

        /// The gauge of these label values, in the order of the names.
        public subscript(_ a: String, _ b: String, _ c: String) -> Gauge {
            handle(core.series(a, b, c))
        }

        /// The gauge of these label values, in the order of the names.
        public subscript(_ a: String, _ b: String, _ c: String, _ d: String) -> Gauge {
            handle(core.series(a, b, c, d))
        }

        /// The gauge of any number of label values. Missing ones count as empty: the label is not shown.
        public subscript(_ values: [String]) -> Gauge { handle(core.series(values)) }

        private func handle(_ series: MetricSeries?) -> Gauge {
            Gauge(registry: core.registry, label: core.label, found: series)
        }
    }

    /// Counts measurements by their size; numbers, or times in seconds.
    public struct Histogram: Sendable {
        @usableFromInline let series: DistributionSeries

        init(registry: MetricsRegistry, label: String, instrument: MetricInstrument, found: MetricSeries?) {
            series =
                found as? DistributionSeries
                ?? registry.detached(instrument, label, found) {
                    registry.nowhere(place: $0, measuresTime: instrument == .timer)
                }
        }

        /// Takes a measurement in the metric's unit; one that is not finite is ignored and counted as such.
        @inlinable
        public func record(_ value: Double) {
            series.record(value)
        }

        /// Takes a whole measurement in the metric's unit.
        public func record(_ value: Int) {
            series.record(Int64(value))
        }

        /// Takes a time; a negative one is ignored and counted as such.
        public func record(_ duration: Duration) {
            let (seconds, attoseconds) = duration.components
            let (whole, isTooLong) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
            record(nanoseconds: isTooLong ? (seconds < 0 ? -1 : .max) : whole &+ attoseconds / 1_000_000_000)
        }

        /// Takes a time in nanoseconds; a negative one is ignored and counted as such.
        @inlinable
        public func record(nanoseconds: Int64) {
            series.recordNanoseconds(nanoseconds)
        }

        /// Runs `body` and records how long it took, thrown errors included.
        public func time<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
            let start = ContinuousClock.now
            defer { record(ContinuousClock.now - start) }
            return try body()
        }

        /// Runs `body` and records how long it took, thrown errors included.
        public func time<Result, Failure: Error>(
            isolation: isolated (any Actor)? = #isolation, _ body: () async throws(Failure) -> Result
        ) async throws(Failure) -> Result {
            let start = ContinuousClock.now
            defer { record(ContinuousClock.now - start) }
            return try await body()
        }
    }

    /// Histograms of one name, by their labels.
    public struct Histograms: Sendable {
        let core: LabelledSeries

        /// The histogram of one label value.
        public subscript(_ a: String) -> Histogram { handle(core.series(a)) }

        /// The histogram of these label values, in the order of the names.
        public subscript(_ a: String, _ b: String) -> Histogram { handle(core.series(a, b)) }

        /// The histogram of these label values, in the order of the names.
        public subscript(_ a: String, _ b: String, _ c: String) -> Histogram {
            handle(core.series(a, b, c))
        }

        /// The histogram of these label values, in the order of the names.
        public subscript(_ a: String, _ b: String, _ c: String, _ d: String) -> Histogram {
            handle(core.series(a, b, c, d))
        }

        /// The histogram of any number of label values. Missing ones count as empty: the label is not shown.
        public subscript(_ values: [String]) -> Histogram { handle(core.series(values)) }

        private func handle(_ series: MetricSeries?) -> Histogram {
            Histogram(registry: core.registry, label: core.label, instrument: core.instrument, found: series)
        }
    }
}
