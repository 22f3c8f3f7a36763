// SPDX-License-Identifier: Apache-2.0
// All series of one metric name. A value inside the registry's lock.

import CoreMetrics
import SondeWire

/// A family: one name, one kind, many label sets.
struct MetricFamily {
    let name: String
    let kind: PrometheusText.Kind
    /// The label that the service used, for the help text of a metric that nobody described.
    let source: String
    private(set) var series: [String: Series] = [:]
    /// The series by labels; built when asked for, gone when a series comes or goes.
    private var sorted: [(labels: String, series: Series)]?

    init(name: String, kind: PrometheusText.Kind, source: String) {
        self.name = name
        self.kind = kind
        self.source = source
    }

    subscript(labels: String) -> Series? {
        get { series[labels] }
        set {
            series[labels] = newValue
            sorted = nil
        }
    }

    mutating func sortedSeries() -> [(labels: String, series: Series)] {
        if let sorted { return sorted }
        let fresh = series.map { (labels: $0.key, series: $0.value) }.sorted { $0.labels < $1.labels }
        sorted = fresh
        return fresh
    }

    /// Names that this family's samples and its OpenMetrics header use. No other family may use any of them.
    var reservedNames: [String] {
        switch kind {
        case .counter: [name, String(name.dropLast(6))]
        case .histogram: [name, name + "_bucket", name + "_count", name + "_sum"]
        case .gauge, .info: [name]
        }
    }
}

/// What stands behind one label set.
enum Series: Sendable {
    case counter(CounterSeries)
    case gauge(GaugeSeries)
    case histogram(HistogramSeries)
    /// Read anew at each scrape.
    case read(@Sendable () -> Double)

    /// Whether `handler` is the one behind this series.
    func isBehind(_ handler: AnyObject) -> Bool {
        switch self {
        case .counter(let series): series === handler
        case .gauge(let series): series === handler
        case .histogram(let series): series === handler
        case .read: false
        }
    }
}
