// SPDX-License-Identifier: Apache-2.0
// The backend of swift-metrics and of our own instruments: holds every series and prints them for Prometheus. Measuring
// takes no lock, nor does finding a series that exists; making one takes one. Nothing that a service does with it traps.

public import CoreMetrics
import Logging
import SondeWire
import Synchronization
import Tracing

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
/// Its own instruments (``counter(_:help:unit:labels:)`` and those beside it) are found faster by labels that change
/// from call to call, and include up-down counters and exemplars.
///
/// Names become Prometheus names (`orders.created` → `orders_created_total`), timers become histograms in seconds. A
/// name that is already taken by a metric of another kind gives a handler that measures into nowhere; it is counted in
/// `sonde_library_conflicting_metrics_total` and logged once.
public final class MetricsRegistry: MetricsFactory, Sendable {
    struct State {
        var families: [String: MetricFamily] = [:]
        /// Sample name → family that uses it.
        var reserved: [String: String] = [:]
        /// Names of samples that families do not have but might, and that are therefore nobody's.
        var created: Set<String> = []
        var descriptions: [String: (help: String, unit: String?)] = [:]
        var buckets: [String: HistogramBuckets] = [:]
        /// Bounds that histograms share.
        var bounds: [[Double]: BucketBounds] = [:]
        var views: [MetricView] = []
        var loggedConflicts: Set<String> = []
        /// Conflicts to be logged as soon as the lock is left: a log handler may make metrics.
        var freshConflicts: [String] = []
        var retired = RetiredObjects()
        /// Where the text of a new series is put together.
        var scratch: [UInt8] = []
        /// What the last scrape showed; nil if something has come, gone or changed its description since.
        var plan: ScrapePlan?
    }

    let state: Mutex<State>
    let faults = MeasurementFaults()
    let shapes = SharedTable<MetricShape>()
    let pages = ScrapeBuffers()
    /// When series of this registry began to count, for OTLP.
    let startNanoseconds: UInt64
    private let seriesLimit: Int
    private let chosenBuckets: [Double]?
    private let keepsExemplars: Bool

    /// - Parameters:
    ///   - seriesPerFamily: Label sets that one metric name may have before it overflows.
    ///   - buckets: Upper bounds of histograms that have none of their own (see ``setBuckets(_:for:)-([Double],_)``). nil
    ///     takes those that the semantic conventions advise for a name, else OpenTelemetry's for seconds.
    ///   - views: Changes to metrics that are made by others.
    ///   - keepsExemplars: Whether counters and histograms remember the sampled span of a recent measurement. It costs
    ///     something only where a scraper asks for them.
    ///   - includesProcessMetrics: Whether `process_…` metrics are shown.
    public init(
        seriesPerFamily: Int = 2_000,
        buckets: [Double]? = nil,
        views: [MetricView] = [], keepsExemplars: Bool = true, includesProcessMetrics: Bool = true
    ) {
        state = Mutex(State(views: views))
        seriesLimit = max(1, seriesPerFamily)
        chosenBuckets = buckets
        self.keepsExemplars = keepsExemplars
        startNanoseconds = DefaultTracerClock.now.nanosecondsSinceEpoch
        for metric in MetricName.described { describe(metric.name, help: metric.help, unit: metric.unit) }
        observe(.conflicts, as: .counter) { [faults] in Double(faults.conflictCount) }
        observe(.overflow, as: .counter) { [faults] in Double(faults.overflowCount) }
        observe(.ignored, as: .counter) { [faults] in Double(faults.ignoredCount) }
        if includesProcessMetrics { addProcessMetrics() }
    }

    deinit {
        // Families and shapes hold each other.
        state.withLock { state in
            for family in state.families.values { family.shapes = [] }
        }
    }

    // MARK: Descriptions

    /// Gives a metric its help text, and its unit for OpenMetrics. `name` is the label the metric is made with
    /// (`orders.created`) or its name on `/metrics` (`orders_created_total`); before or after it is made.
    public func describe(_ name: String, help: String, unit: String? = nil) {
        state.withLock { state in
            state.descriptions[PrometheusText.metricName(name)] = (help, unit)
            state.plan = nil
        }
    }

    /// Gives a histogram its buckets: upper bounds, seconds for timers. Takes effect for series made afterwards.
    public func setBuckets(_ bounds: [Double], for name: String) { setBuckets(.explicit(bounds), for: name) }

    /// Gives a histogram its buckets, native ones included. Takes effect for series made afterwards.
    public func setBuckets(_ buckets: HistogramBuckets, for name: String) {
        state.withLock { $0.buckets[PrometheusText.metricName(name)] = buckets }
    }

    /// Adds a view behind those that there are. Takes effect for metrics made afterwards.
    public func addView(_ view: MetricView) {
        state.withLock { $0.views.append(view) }
    }

    // MARK: Series

    /// The series of these labels, made if need be; nil where the metric cannot be shown, which is counted.
    @inline(__always)
    func series(_ instrument: MetricInstrument, _ label: String, _ pairs: [(String, String)]) -> MetricSeries? {
        let values = PairValues(pairs: pairs)
        let hash = MetricShape.hash(instrument, label, values)
        let found = ReadSections.read { () -> MetricSeries? in
            guard let shape = shapes.find(hash, where: { $0.matches(instrument, label, values) }) else { return nil }
            return find(shape, values)
        }
        if let found { return found }
        return change { state in
            guard let shape = shape(instrument, label, pairs.map(\.0), hash: hash, in: &state) else { return nil }
            return register(shape, values, in: &state)
        }
    }

    /// The series of a shape that an instrument of our own keeps.
    @inline(__always)
    func series(_ shape: MetricShape, _ values: some LabelValues) -> MetricSeries? {
        if let found = ReadSections.read({ find(shape, values) }) { return found }
        return change { register(shape, values, in: &$0) }
    }

    /// The series of a shape that an instrument of our own keeps, if it exists already.
    @inline(__always)
    func find(_ shape: MetricShape, _ slices: LabelSlices) -> MetricSeries? {
        guard shape.isPlain, let family = shape.family else { return nil }
        let hash = shape.hash(slices)
        return ReadSections.read { family.table.find(hash) { shape.matches($0, slices) } }
    }

    /// The series if there is one, or if there will be none because there are too many.
    @inline(__always)
    private func find(_ shape: MetricShape, _ values: some LabelValues) -> MetricSeries? {
        guard let family = shape.family else { return nil }
        if let series = family.find(shape, values) { return series }
        guard family.isFull.load(ordering: .relaxed), shape.isPlain else { return nil }
        faults.countOverflow()
        return family.overflowing
    }

    /// Changes what stands in the registry, logs what came of it, and frees what nobody can reach any more.
    func change<Result>(_ body: (inout State) -> sending Result) -> sending Result {
        let (result, conflicts, _) = state.withLock { state in
            let result = body(&state)
            let conflicts = state.freshConflicts
            state.freshConflicts = []
            return (result, conflicts, state.retired.takeUnread())
        }
        for name in conflicts {
            Logger(label: "sonde.metrics").warning(
                "metric not shown: its name is taken by a metric of another kind, or there are too many names",
                metadata: ["metric": "\(name)"])
        }
        return result
    }

    /// How an instrument of our own is shown. Its family stays, however many of its series go.
    func pinnedShape(_ instrument: MetricInstrument, _ label: String, _ names: [String]) -> MetricShape? {
        let hash = MetricShape.hash(instrument, label, ListValues(list: names))
        return change { state in
            let shape = shape(instrument, label, names, hash: hash, in: &state)
            shape?.family?.isPinned = true
            return shape
        }
    }

    func observe(
        _ metric: MetricName, as instrument: MetricInstrument, labels: [(String, String)] = [],
        _ read: @escaping @Sendable () -> Double
    ) {
        describe(metric.name, help: metric.help, unit: metric.unit)
        let values = PairValues(pairs: labels)
        let hash = MetricShape.hash(instrument, metric.name, values)
        change { state in
            guard let shape = shape(instrument, metric.name, labels.map(\.0), hash: hash, in: &state) else { return }
            if let old = shape.family?.find(shape, values) { _ = shape.family?.remove(old, retired: &state.retired) }
            _ = register(shape, values, in: &state) { [faults] in ReadSeries(place: $0, faults: faults, read: read) }
        }
    }

    /// The shape of this hash, made if need be; nil if its name is taken or there are too many.
    private func shape(
        _ instrument: MetricInstrument, _ label: String, _ names: [String], hash: UInt64, in state: inout State
    ) -> MetricShape? {
        let given = ListValues(list: names)
        if let known = shapes.find(hash, where: { $0.matches(instrument, label, given) }) { return known }
        let unviewed = Self.name(label, instrument)
        let view = state.views.first { $0.matches(label: label, name: unviewed) }
        let name = view?.name.map { Self.name($0, instrument) } ?? unviewed
        var family: MetricFamily?
        if view?.isDropped != true {
            family = self.family(name, instrument.kind, label, view?.seriesLimit, in: &state)
            guard family != nil else {
                reportConflict(name, in: &state)
                return nil
            }
        }
        let shape = MetricShape(instrument, label: label, names: names, family: family) { view?.hides($0) == true }
        if let buckets = view?.buckets { state.buckets[name] = buckets }
        // What is not kept here is made anew each time: slow, and no way to fill the memory.
        if shapes.count < Limits.metricShapes {
            shapes.insert(shape, hash: hash, retired: &state.retired)
            (family ?? graveyard).shapes.append(shape)
        }
        return shape
    }

    /// Keeps the shapes of metrics that views drop.
    private let graveyard = MetricFamily(name: "", kind: .gauge, source: "", limit: 0)

    /// The family of this name, registered if it is new; nil if its names are taken or there are too many families.
    private func family(
        _ name: String, _ kind: PrometheusText.Kind, _ source: String, _ limit: Int?, in state: inout State
    ) -> MetricFamily? {
        if let family = state.families[name] { return family.kind == kind ? family : nil }
        let family = MetricFamily(name: name, kind: kind, source: source, limit: max(1, limit ?? seriesLimit))
        guard state.families.count < Limits.families,
            family.reservedNames.allSatisfy({ state.reserved[$0] == nil }), !mayClash(family, state)
        else { return nil }
        for name in family.reservedNames { state.reserved[name] = family.name }
        if let name = family.createdName { state.created.insert(name) }
        state.families[name] = family
        state.plan = nil
        return family
    }

    /// Whether a counter `x` and something whose samples are called `x_created` would meet.
    private func mayClash(_ family: MetricFamily, _ state: State) -> Bool {
        if family.sampleNames.contains(where: state.created.contains) { return true }
        guard let created = family.createdName, let owner = state.reserved[created] else { return false }
        return state.families[owner]?.sampleNames.contains(created) == true
    }

    private func register(
        _ shape: MetricShape, _ values: some LabelValues, in state: inout State,
        make: ((SeriesPlace) -> MetricSeries)? = nil
    ) -> MetricSeries? {
        guard let family = shape.family else { return nil }
        guard shape.isPlain else { return registerJoined(shape, values, in: &state, make: make) }
        let hash = shape.hash(values)
        if let present = family.table.find(hash, where: { shape.matches($0, values) }) { return present }
        guard family.count < family.limit else { return overflow(shape, family, in: &state) }
        state.scratch.removeAll(keepingCapacity: true)
        state.scratch.append(contentsOf: family.name.utf8)
        shape.appendLabels(values, to: &state.scratch)
        let scratch = state.scratch
        let series = scratch.withUnsafeBufferPointer { bytes in
            let place = SeriesPlace(bytes: bytes, nameLength: family.name.utf8.count)
            return make?(place) ?? self.make(shape, place, in: &state)
        }
        family.insert(series, hash: hash, retired: &state.retired)
        state.plan = nil
        return series
    }

    /// Two names became the same: their values are joined, and the rest is as for any other shape.
    private func registerJoined(
        _ shape: MetricShape, _ values: some LabelValues, in state: inout State,
        make: ((SeriesPlace) -> MetricSeries)?
    ) -> MetricSeries? {
        let pairs = PrometheusText.canonical(
            shape.columns.map { (shape.names[$0.source], values[$0.source]) },
            reserved: shape.instrument.kind == .histogram ? "le" : nil)
        let plain = MetricShape(
            shape.instrument, label: shape.label, names: pairs.map(\.name), family: shape.family
        ) { _ in false }
        return register(plain, ListValues(list: pairs.map(\.value)), in: &state, make: make)
    }

    private func overflow(_ shape: MetricShape, _ family: MetricFamily, in state: inout State) -> MetricSeries? {
        faults.countOverflow()
        family.isFull.store(true, ordering: .relaxed)
        if let series = family.overflowing { return series }
        let bytes = Array((family.name + #"{otel_metric_overflow="true"} "#).utf8)
        let series = bytes.withUnsafeBufferPointer {
            make(shape, SeriesPlace(bytes: $0, nameLength: family.name.utf8.count), in: &state)
        }
        family.insertOverflow(series, retired: &state.retired)
        state.plan = nil
        return series
    }

    private func make(_ shape: MetricShape, _ place: SeriesPlace, in state: inout State) -> MetricSeries {
        switch shape.instrument {
        case .counter: return CounterSeries(place: place, faults: faults, keepsExemplars: keepsExemplars)
        case .upDownCounter: return CounterSeries(place: place, faults: faults, isMonotonic: false)
        case .gauge, .info: return GaugeSeries(place: place, faults: faults)
        case .histogram, .timer: return histogram(shape, place, in: &state)
        }
    }

    private func histogram(_ shape: MetricShape, _ place: SeriesPlace, in state: inout State) -> MetricSeries {
        let buckets =
            shape.family.flatMap { state.buckets[$0.name] } ?? state.buckets[PrometheusText.metricName(shape.label)]
            ?? chosenBuckets.map { .explicit($0) } ?? shape.family.flatMap { MetricName.advisedBuckets[$0.name] }
        let measuresTime = shape.instrument == .timer
        switch buckets?.kind ?? .explicit(Limits.bucketBounds) {
        case .exponential(let schema):
            return NativeHistogramSeries(
                place: place, schema: schema, measuresTime: measuresTime, faults: faults,
                keepsExemplars: keepsExemplars)
        case .explicit(let values):
            let bounds = state.bounds[values] ?? BucketBounds(values)
            state.bounds[values] = bounds
            return HistogramSeries(
                place: place, bounds: bounds, measuresTime: measuresTime, faults: faults,
                keepsExemplars: keepsExemplars)
        }
    }

    // MARK: Taking series out

    func destroy(_ handler: AnyObject) {
        guard let series = handler as? MetricSeries else { return }
        change { state in
            guard let family = state.families[series.name], family.remove(series, retired: &state.retired) else {
                return
            }
            state.plan = nil
            guard family.count == 0, !family.isPinned else { return }
            state.families[family.name] = nil
            for name in family.reservedNames { state.reserved[name] = nil }
            if let name = family.createdName { state.created.remove(name) }
            for shape in family.shapes {
                let names = ListValues(list: shape.names)
                shapes.remove(shape, hash: MetricShape.hash(shape.instrument, shape.label, names))
                state.retired.retire(shape)
            }
            family.shapes = []
            // With what it still keeps of its series.
            state.retired.retire(family)
        }
    }

    // MARK: Conflicts and names

    /// Counts a metric that cannot be shown; it is logged the first time.
    func reportConflict(_ name: String, in state: inout State) {
        faults.countConflict()
        guard state.loggedConflicts.count < Limits.families, state.loggedConflicts.insert(name).inserted else { return }
        state.freshConflicts.append(name)
    }

    /// The name of what is made with this label. A family must be left when OpenMetrics cuts the suffix off: `_total`
    /// becomes `__total`.
    static func name(_ label: String, _ instrument: MetricInstrument) -> String {
        let name = PrometheusText.metricName(label)
        guard name != instrument.suffix || instrument == .timer else { return "_" + name }
        return name.hasSuffix(instrument.suffix) ? name : name + instrument.suffix
    }
}
