// SPDX-License-Identifier: Apache-2.0
// The backend of swift-metrics: holds every series and prints them for Prometheus. Measuring takes no lock; making a
// metric and scraping take one. Nothing that a service does with it traps.

public import CoreMetrics
import Logging
import SondeWire
import Synchronization

/// Keeps a service's metrics and shows them to Prometheus.
///
/// `Telemetry.bootstrap` makes one and installs it for swift-metrics; one can also be made and used by itself:
///
/// ```swift
/// let registry = MetricsRegistry()
/// let orders = Counter(label: "orders.created", dimensions: [("region", "eu")], factory: registry)
/// orders.increment()
/// let (contentType, body) = registry.exposition(accept: nil)   // orders_created_total{region="eu"} 1
/// ```
///
/// Names become Prometheus names (`orders.created` → `orders_created_total`), timers become histograms in seconds. A
/// name that is already taken by a metric of another kind gives a handler that measures into nowhere; it is counted in
/// `sonde_library_conflicting_metrics_total` and logged once.
public final class MetricsRegistry: MetricsFactory, Sendable {
    struct State {
        var families: [String: MetricFamily] = [:]
        /// Sample name → family that uses it.
        var reserved: [String: String] = [:]
        var descriptions: [String: (help: String, unit: String?)] = [:]
        var buckets: [String: [Double]] = [:]
        var sortedNames: [String]?
        var loggedConflicts: Set<String> = []
    }

    let state: Mutex<State>
    let faults = MeasurementFaults()
    private let seriesLimit: Int
    private let defaultBuckets: [Double]

    /// - Parameters:
    ///   - seriesPerFamily: Label sets that one metric name may have before it overflows.
    ///   - buckets: Upper bounds of histograms that have none of their own (see ``setBuckets(_:for:)``).
    ///   - includesProcessMetrics: Whether `process_…` metrics are shown.
    public init(
        seriesPerFamily: Int = 2_000,
        buckets: [Double] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
        includesProcessMetrics: Bool = true
    ) {
        state = Mutex(State())
        seriesLimit = max(1, seriesPerFamily)
        defaultBuckets = Self.usable(buckets)
        for metric in MetricName.described { describe(metric.name, help: metric.help, unit: metric.unit) }
        observe(.conflicts, as: .counter) { [faults] in Double(faults.conflictCount) }
        observe(.overflow, as: .counter) { [faults] in Double(faults.overflowCount) }
        observe(.ignored, as: .counter) { [faults] in Double(faults.ignoredCount) }
        if includesProcessMetrics { addProcessMetrics() }
    }

    // MARK: Descriptions

    /// Gives a metric its help text, and its unit for OpenMetrics. `name` is the label the metric is made with
    /// (`orders.created`) or its name on `/metrics` (`orders_created_total`); before or after it is made.
    public func describe(_ name: String, help: String, unit: String? = nil) {
        state.withLock { $0.descriptions[PrometheusText.metricName(name)] = (help, unit) }
    }

    /// Gives a histogram its buckets: upper bounds, seconds for timers. Takes effect for series made afterwards.
    public func setBuckets(_ bounds: [Double], for name: String) {
        state.withLock { $0.buckets[PrometheusText.metricName(name)] = Self.usable(bounds) }
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

    /// Shows a constant 1 whose labels carry the information: `target_info`, `sonde_build_info`.
    public func setInfo(_ name: String, help: String, labels: [(String, String)]) {
        observe(MetricName(name: name, help: help), as: .info, labels: labels) { 1 }
    }

    func observe(
        _ metric: MetricName, as kind: PrometheusText.Kind, labels: [(String, String)] = [],
        _ read: @escaping @Sendable () -> Double
    ) {
        describe(metric.name, help: metric.help, unit: metric.unit)
        let place = place(metric.name, kind: kind, labels: labels)
        let isTaken = state.withLock { state in
            let found = Self.family(place.family, kind: kind, source: metric.name, in: &state)
            guard var family = found else { return true }
            family[place.labels] = .read(read)
            state.families[place.family] = family
            return false
        }
        if isTaken { reportConflict(place.family) }
    }

    // MARK: MetricsFactory

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        counter(label, dimensions)
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        counter(label, dimensions)
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        gauge(label, dimensions)
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        aggregate ? histogram(PrometheusText.metricName(label), label, dimensions) : gauge(label, dimensions)
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        histogram(Self.suffixed(label, "_seconds"), label, dimensions)
    }

    public func destroyCounter(_ handler: any CounterHandler) { destroy(handler) }
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { destroy(handler) }
    public func destroyMeter(_ handler: any MeterHandler) { destroy(handler) }
    public func destroyRecorder(_ handler: any RecorderHandler) { destroy(handler) }
    public func destroyTimer(_ handler: any TimerHandler) { destroy(handler) }

    // MARK: Making series

    private func counter(_ label: String, _ labels: [(String, String)]) -> CounterSeries {
        series(place(label, kind: .counter, labels: labels), kind: .counter, source: label) { place, _ in
            let series = CounterSeries(place: place, faults: faults)
            return (series, .counter(series))
        } existing: {
            if case .counter(let series) = $0 { series } else { nil }
        }
    }

    private func gauge(_ label: String, _ labels: [(String, String)]) -> GaugeSeries {
        series(place(label, kind: .gauge, labels: labels), kind: .gauge, source: label) { place, _ in
            let series = GaugeSeries(place: place, faults: faults)
            return (series, .gauge(series))
        } existing: {
            if case .gauge(let series) = $0 { series } else { nil }
        }
    }

    private func histogram(_ name: String, _ label: String, _ labels: [(String, String)]) -> HistogramSeries {
        series(place(name, kind: .histogram, labels: labels), kind: .histogram, source: label) { place, state in
            let bounds = state.buckets[place.family] ?? state.buckets[PrometheusText.metricName(label)]
            let series = HistogramSeries(place: place, bounds: bounds ?? defaultBuckets, faults: faults)
            return (series, .histogram(series))
        } existing: {
            if case .histogram(let series) = $0 { series } else { nil }
        }
    }

    /// The series at `place`, made if need be; one that belongs to no family if the name is taken.
    private func series<S>(
        _ place: SeriesPlace, kind: PrometheusText.Kind, source: String,
        make: (SeriesPlace, State) -> (S, Series), existing: (Series) -> S?
    ) -> sending S where S: Sendable {
        var isTaken = false
        let found: S = state.withLock { state in
            guard var family = Self.family(place.family, kind: kind, source: source, in: &state) else {
                isTaken = true
                return make(place, state).0
            }
            var place = place
            if family[place.labels] == nil, family.series.count >= seriesLimit {
                faults.countOverflow()
                place.labels = PrometheusText.labels([("otel_metric_overflow", "true")])
            }
            if let present = family[place.labels] {
                if let series = existing(present) { return series }
                isTaken = true
                return make(place, state).0
            }
            let (series, entry) = make(place, state)
            family[place.labels] = entry
            state.families[place.family] = family
            return series
        }
        if isTaken { reportConflict(place.family) }
        return found
    }

    /// The family of this name, registered if it is new; nil if its names are taken or there are too many families.
    private static func family(
        _ name: String, kind: PrometheusText.Kind, source: String, in state: inout State
    ) -> MetricFamily? {
        if let family = state.families[name] { return family.kind == kind ? family : nil }
        let family = MetricFamily(name: name, kind: kind, source: source)
        guard state.families.count < Limits.families,
            family.reservedNames.allSatisfy({ state.reserved[$0] == nil })
        else { return nil }
        for name in family.reservedNames { state.reserved[name] = family.name }
        state.families[name] = family
        state.sortedNames = nil
        return family
    }

    private func destroy(_ handler: AnyObject) {
        let place: SeriesPlace? =
            switch handler {
            case let series as CounterSeries: series.place
            case let series as GaugeSeries: series.place
            case let series as HistogramSeries: series.place
            default: nil
            }
        guard let place else { return }
        state.withLock { state in
            guard var family = state.families[place.family] else { return }
            guard family[place.labels]?.isBehind(handler) == true else { return }
            family[place.labels] = nil
            state.families[place.family] = family.series.isEmpty ? nil : family
            guard family.series.isEmpty else { return }
            for name in family.reservedNames { state.reserved[name] = nil }
            state.sortedNames = nil
        }
    }

    private func reportConflict(_ name: String) {
        faults.countConflict()
        let isFirst = state.withLock { state in
            state.loggedConflicts.count < Limits.families && state.loggedConflicts.insert(name).inserted
        }
        guard isFirst else { return }
        Logger(label: "sonde.metrics").warning(
            "metric not shown: its name is taken by a metric of another kind, or there are too many names",
            metadata: ["metric": "\(name)"])
    }

    // MARK: Names

    private func place(_ label: String, kind: PrometheusText.Kind, labels: [(String, String)]) -> SeriesPlace {
        let name =
            switch kind {
            case .counter: Self.suffixed(label, "_total")
            case .info: Self.suffixed(label, "_info")
            case .gauge, .histogram: PrometheusText.metricName(label)
            }
        return SeriesPlace(
            family: name, labels: PrometheusText.labels(labels, reserved: kind == .histogram ? "le" : nil))
    }

    private static func suffixed(_ label: String, _ suffix: String) -> String {
        let name = PrometheusText.metricName(label)
        return name.hasSuffix(suffix) ? name : name + suffix
    }

    private static func usable(_ bounds: [Double]) -> [Double] {
        Set(bounds.filter { $0.isFinite }).sorted()
    }
}
