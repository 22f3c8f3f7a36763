// SPDX-License-Identifier: Apache-2.0
// A scrape: what stands in the registry, sorted by name and labels, in the format that the scraper wants.

package import SondeWire
import Synchronization

extension MetricsRegistry {
    /// Everything in the registry, for the answer to `GET /metrics`.
    ///
    /// - Parameter accept: The request's `Accept` header. OpenMetrics 1.0.0 if it is preferred there, else Prometheus
    ///   text 0.0.4. The same state gives the same bytes.
    public func exposition(accept: String?) -> (contentType: String, body: [UInt8]) {
        let format = PrometheusFormat.preferred(accept: accept)
        return (format.contentType, exposition(format))
    }

    /// The same, with families after those of the registry that are kept elsewhere. Their names must not occur here.
    package func exposition(
        accept: String?, appending more: (inout PrometheusText) -> Void
    ) -> (contentType: String, body: [UInt8]) {
        let format = PrometheusFormat.preferred(accept: accept)
        return (format.contentType, exposition(format, appending: more))
    }

    func exposition(_ format: PrometheusFormat, appending more: (inout PrometheusText) -> Void = { _ in }) -> [UInt8] {
        let families = snapshot()
        let count = families.reduce(0) { $0 + $1.series.count }
        var text = PrometheusText(format: format, reservingCapacity: count * 96 + 4_096)
        for family in families {
            text.family(family.name, kind: family.kind, help: family.help, unit: family.unit)
            for (labels, series) in family.series { text.append(series, name: family.name, labels: labels) }
        }
        more(&text)
        return text.finish()
    }

    private struct FamilySnapshot {
        var name: String
        var kind: PrometheusText.Kind
        var help: String
        var unit: String?
        var series: [(labels: String, series: Series)]
    }

    /// The families by name, each with its series by labels. Values are read afterwards, outside the lock.
    private func snapshot() -> [FamilySnapshot] {
        state.withLock { state in
            let names = state.sortedNames ?? state.families.keys.sorted()
            state.sortedNames = names
            return names.compactMap { name in
                guard let series = state.families[name]?.sortedSeries(), let family = state.families[name] else {
                    return nil
                }
                let description =
                    state.descriptions[name] ?? state.descriptions[PrometheusText.metricName(family.source)]
                return FamilySnapshot(
                    name: name, kind: family.kind, help: description?.help ?? family.defaultHelp,
                    unit: description?.unit ?? (name.hasSuffix("_seconds") ? "seconds" : nil), series: series)
            }
        }
    }
}

extension MetricFamily {
    /// What to say about a metric that nobody described.
    var defaultHelp: String { "The \(kind.rawValue) \(source)." }
}

extension PrometheusText {
    mutating func append(_ series: Series, name: String, labels: String) {
        switch series {
        case .counter(let counter):
            let (whole, fraction) = counter.value
            if fraction == 0 {
                sample(name, labels: labels, value: whole)
            } else {
                sample(name, labels: labels, value: Double(whole) + fraction)
            }
        case .gauge(let gauge): sample(name, labels: labels, value: gauge.value)
        case .read(let read): sample(name, labels: labels, value: read())
        case .histogram(let histogram): append(histogram, name: name, labels: labels)
        }
    }

    private mutating func append(_ histogram: HistogramSeries, name: String, labels: String) {
        let (counts, sum) = histogram.snapshot
        var cumulative: UInt64 = 0
        for (index, count) in counts.enumerated() {
            cumulative += count
            let bound = index < histogram.bounds.count ? boundText(histogram.bounds[index]) : "+Inf"
            bucket(name, labels: labels, bound: bound, cumulativeCount: cumulative)
        }
        sample(name + "_sum", labels: labels, value: sum)
        sample(name + "_count", labels: labels, value: cumulative)
    }
}
