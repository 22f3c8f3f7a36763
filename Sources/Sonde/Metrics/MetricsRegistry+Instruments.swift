// SPDX-License-Identifier: Apache-2.0
// Instruments of our own: what swift-metrics has and, beyond it, up-down counters, values read at each scrape, info, and
// metrics whose labels change from call to call and are found without making anything.

import SondeWire
import Synchronization

extension MetricsRegistry {
    /// A counter. Names get the suffix `_total`; `unit` (`bytes`, `seconds`) goes before it unless the name has it.
    ///
    /// ```swift
    /// let orders = registry.counter("orders.created", help: "Orders placed.", labels: [("region", "eu")])
    /// orders.increment()
    /// ```
    ///
    /// The same name and labels give the same counter, also through swift-metrics. A name that a metric of another kind
    /// has gives one that counts into nowhere; that is counted and logged.
    public func counter(
        _ name: String, help: String? = nil, unit: String? = nil, labels: [(String, String)] = []
    ) -> Counter {
        let label = described(name, help, unit, .counter)
        return Counter(registry: self, label: label, found: series(.counter, label, labels))
    }

    /// A counter for each set of values of `labels`.
    ///
    /// ```swift
    /// let requests = registry.counter("requests", labels: "method", "route", "status")
    /// requests["GET", "/orders/:id", "200"].increment()
    /// ```
    ///
    /// A counter that exists is found without a lock and without an allocation. Beyond the limit of label sets
    /// (``init(seriesPerFamily:buckets:views:keepsExemplars:includesProcessMetrics:)``) all measurements go to one with
    /// the label `otel_metric_overflow="true"`.
    public func counter(
        _ name: String, help: String? = nil, unit: String? = nil, labels first: String, _ others: String...
    ) -> Counters {
        Counters(core: labelled(.counter, name, help, unit, [first] + others))
    }

    /// A total that goes up and down: requests in flight, bytes in a cache. Prometheus shows it as a gauge.
    public func upDownCounter(
        _ name: String, help: String? = nil, unit: String? = nil, labels: [(String, String)] = []
    ) -> UpDownCounter {
        let label = described(name, help, unit, .upDownCounter)
        return UpDownCounter(registry: self, label: label, found: series(.upDownCounter, label, labels))
    }

    /// An up-down counter for each set of values of `labels`.
    public func upDownCounter(
        _ name: String, help: String? = nil, unit: String? = nil, labels first: String, _ others: String...
    ) -> UpDownCounters {
        UpDownCounters(core: labelled(.upDownCounter, name, help, unit, [first] + others))
    }

    /// A value that is set.
    public func gauge(
        _ name: String, help: String? = nil, unit: String? = nil, labels: [(String, String)] = []
    ) -> Gauge {
        let label = described(name, help, unit, .gauge)
        return Gauge(registry: self, label: label, found: series(.gauge, label, labels))
    }

    /// A gauge for each set of values of `labels`.
    public func gauge(
        _ name: String, help: String? = nil, unit: String? = nil, labels first: String, _ others: String...
    ) -> Gauges {
        Gauges(core: labelled(.gauge, name, help, unit, [first] + others))
    }

    /// A histogram of numbers.
    ///
    /// Buckets are those that ``setBuckets(_:for:)-(HistogramBuckets,_)`` or a view give its name, else those given here,
    /// else the registry's.
    public func histogram(
        _ name: String, help: String? = nil, unit: String? = nil, buckets: HistogramBuckets? = nil,
        labels: [(String, String)] = []
    ) -> Histogram {
        let label = described(name, help, unit, .histogram)
        if let buckets { proposeBuckets(buckets, label, .histogram) }
        return Histogram(registry: self, label: label, instrument: .histogram, found: series(.histogram, label, labels))
    }

    /// A histogram for each set of values of `labels`.
    public func histogram(
        _ name: String, help: String? = nil, unit: String? = nil, buckets: HistogramBuckets? = nil,
        labels first: String, _ others: String...
    ) -> Histograms {
        if let buckets { proposeBuckets(buckets, labelWithUnit(name, unit, .histogram), .histogram) }
        return Histograms(core: labelled(.histogram, name, help, unit, [first] + others))
    }

    /// A histogram of times, in seconds. The name gets the suffix `_seconds`.
    public func timer(
        _ name: String, help: String? = nil, buckets: HistogramBuckets? = nil, labels: [(String, String)] = []
    ) -> Histogram {
        let label = described(name, help, "seconds", .timer)
        if let buckets { proposeBuckets(buckets, label, .timer) }
        return Histogram(registry: self, label: label, instrument: .timer, found: series(.timer, label, labels))
    }

    /// A histogram of times for each set of values of `labels`.
    public func timer(
        _ name: String, help: String? = nil, buckets: HistogramBuckets? = nil, labels first: String, _ others: String...
    ) -> Histograms {
        if let buckets { proposeBuckets(buckets, labelWithUnit(name, "seconds", .timer), .timer) }
        return Histograms(core: labelled(.timer, name, help, "seconds", [first] + others))
    }

    // MARK: Values read at each scrape

    /// Shows a value that is read whenever Prometheus scrapes: a queue's length, a file's size. `read` may be called
    /// from any thread and should be quick. A second one with the same name and labels replaces the first.
    public func observeGauge(
        _ name: String, help: String, unit: String? = nil, labels: [(String, String)] = [],
        _ read: @escaping @Sendable () -> Double
    ) {
        observe(MetricName(name: name, help: help, unit: unit), as: .gauge, labels: labels, read)
    }

    /// Shows a total that someone else counts. The name gets the suffix `_total` if it lacks it.
    public func observeCounter(
        _ name: String, help: String, unit: String? = nil, labels: [(String, String)] = [],
        _ read: @escaping @Sendable () -> Double
    ) {
        observe(MetricName(name: name, help: help, unit: unit), as: .counter, labels: labels, read)
    }

    /// Shows a constant 1 whose labels carry the information: `target_info`, `sonde_build_info`. The name without
    /// `_info` is then taken too: OpenMetrics calls the metric so.
    public func setInfo(_ name: String, help: String, labels: [(String, String)]) {
        observe(MetricName(name: name, help: help), as: .info, labels: labels) { 1 }
    }

    // MARK: Names

    /// The label with its unit, described.
    private func described(
        _ name: String, _ help: String?, _ unit: String?, _ instrument: MetricInstrument
    ) -> String {
        let label = labelWithUnit(name, unit, instrument)
        if let help { describe(label, help: help, unit: unit) }
        return label
    }

    /// OpenTelemetry's mapping: the unit is a part of the name, before `_total`.
    private func labelWithUnit(_ name: String, _ unit: String?, _ instrument: MetricInstrument) -> String {
        guard let unit, !unit.isEmpty else { return name }
        let printed = PrometheusText.metricName(name)
        let suffix = "_" + PrometheusText.metricName(unit)
        guard !printed.hasSuffix(suffix), !printed.hasSuffix(suffix + instrument.suffix) else { return name }
        let isSuffixed = !instrument.suffix.isEmpty && printed.hasSuffix(instrument.suffix)
        return isSuffixed ? printed.dropLast(instrument.suffix.utf8.count) + suffix + instrument.suffix : name + suffix
    }

    private func labelled(
        _ instrument: MetricInstrument, _ name: String, _ help: String?, _ unit: String?, _ names: [String]
    ) -> LabelledSeries {
        let label = described(name, help, unit, instrument)
        return LabelledSeries(
            registry: self, label: label, instrument: instrument, shape: pinnedShape(instrument, label, names),
            count: names.count)
    }

    /// Buckets that nobody who runs the service has set.
    private func proposeBuckets(_ buckets: HistogramBuckets, _ label: String, _ instrument: MetricInstrument) {
        let name = Self.name(label, instrument)
        state.withLock { state in
            guard state.buckets[name] == nil, state.buckets[PrometheusText.metricName(label)] == nil else { return }
            state.buckets[name] = buckets
        }
    }
}

/// What all instruments with labels share.
struct LabelledSeries: Sendable {
    let registry: MetricsRegistry
    let label: String
    let instrument: MetricInstrument
    /// Nil if the metric cannot be shown.
    let shape: MetricShape?
    /// Names of labels.
    let count: Int

    /// The values are looked at as bytes: a series that exists is found without touching a reference count of theirs.
    @inline(__always)
    func series(_ a: String) -> MetricSeries? {
        guard let shape else { return nil }
        let found = a.utf8.withContiguousStorageIfAvailable { registry.find(shape, LabelSlices(a: $0)) } ?? nil
        return found ?? registry.series(shape, FewValues(a: a))
    }

    @inline(__always)
    func series(_ a: String, _ b: String) -> MetricSeries? {
        guard let shape else { return nil }
        let found = a.utf8.withContiguousStorageIfAvailable { a in
            b.utf8.withContiguousStorageIfAvailable { b in registry.find(shape, LabelSlices(a: a, b: b)) } ?? nil
        }
        return (found ?? nil) ?? registry.series(shape, FewValues(a: a, b: b))
    }

    @inline(__always)
    func series(_ a: String, _ b: String, _ c: String) -> MetricSeries? {
        guard let shape else { return nil }
        let found = a.utf8.withContiguousStorageIfAvailable { a in
            b.utf8.withContiguousStorageIfAvailable { b in
                c.utf8.withContiguousStorageIfAvailable { c in
                    registry.find(shape, LabelSlices(a: a, b: b, c: c))
                } ?? nil
            } ?? nil
        }
        return (found ?? nil) ?? registry.series(shape, FewValues(a: a, b: b, c: c))
    }

    @inline(__always)
    func series(_ a: String, _ b: String, _ c: String, _ d: String) -> MetricSeries? {
        shape.flatMap { registry.series($0, FewValues(a: a, b: b, c: c, d: d)) }
    }

    /// Values that are missing are empty, which is the same as no label; those that are too many are left out.
    func series(_ values: [String]) -> MetricSeries? {
        let missing = max(0, count - values.count)
        let values = missing == 0 ? values : values + Array(repeating: "", count: missing)
        return shape.flatMap { registry.series($0, ListValues(list: values)) }
    }
}
