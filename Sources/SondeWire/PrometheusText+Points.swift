// SPDX-License-Identifier: Apache-2.0
// Metrics that are at hand as numbers, in the two text formats; in protobuf they are written by PrometheusProtobuf.

import SondeModel

extension PrometheusText {
    /// A family with its series, in their order. Their labels are as ``canonical(_:reserved:)`` gives them.
    package mutating func append(_ family: MetricFamilyPoints) {
        self.family(family.name, kind: family.kind, help: family.help, unit: family.unit)
        for series in family.series {
            let labels = Self.labels(series.labels.map { ($0.name, $0.value) })
            switch series.point {
            case .whole(let value, _) where value >= 0: sample(family.name, labels: labels, value: UInt64(value))
            case .whole(let value, _): sample(family.name, labels: labels, value: Double(value))
            case .number(let value, _): sample(family.name, labels: labels, value: value)
            case .histogram(let histogram): append(histogram, family.name, labels)
            case .exponential(let histogram): append(histogram, family.name, labels)
            }
        }
    }

    private mutating func append(_ histogram: HistogramPoint, _ name: String, _ labels: String) {
        var cumulative: UInt64 = 0
        for (index, count) in histogram.counts.enumerated() {
            cumulative &+= count
            let bound = index < histogram.bounds.count ? histogram.bounds[index] : .infinity
            let exemplar = histogram.exemplars.first { $0.bucket == index }?.exemplar
            bucket(
                name, labels: labels, bound: boundText(bound), cumulativeCount: cumulative,
                exemplar: exemplar.map(Exemplar.init))
        }
        sample(name + "_sum", labels: labels, value: histogram.sum)
        sample(name + "_count", labels: labels, value: cumulative)
    }

    /// These formats have no words for its buckets.
    private mutating func append(_ histogram: ExponentialPoint, _ name: String, _ labels: String) {
        bucket(name, labels: labels, bound: boundText(.infinity), cumulativeCount: histogram.count)
        sample(name + "_sum", labels: labels, value: histogram.sum)
        sample(name + "_count", labels: labels, value: histogram.count)
    }
}

extension PrometheusText.Exemplar {
    fileprivate init(_ exemplar: MetricExemplar) {
        self.init(
            traceID: exemplar.traceID.hex, spanID: exemplar.spanID.hex, value: exemplar.value,
            seconds: Double(exemplar.nanoseconds / 1_000_000) / 1e3)
    }
}
