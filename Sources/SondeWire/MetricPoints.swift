// SPDX-License-Identifier: Apache-2.0
// Metrics at one moment, as pages for Prometheus and OTLP pushes show them.

package import SondeModel

/// The value of a series at one moment.
package enum MetricPoint: Sendable {
    case whole(Int64, exemplar: MetricExemplar?)
    case number(Double, exemplar: MetricExemplar?)
    case histogram(HistogramPoint)
    case exponential(ExponentialPoint)
}

/// A measurement in a span.
package struct MetricExemplar: Hashable, Sendable {
    package var traceID: TraceID
    package var spanID: SpanID
    package var value: Double
    /// Since 1970.
    package var nanoseconds: UInt64

    package init(traceID: TraceID, spanID: SpanID, value: Double, nanoseconds: UInt64) {
        self.traceID = traceID
        self.spanID = spanID
        self.value = value
        self.nanoseconds = nanoseconds
    }
}

/// A histogram with explicit buckets.
package struct HistogramPoint: Sendable {
    /// Ascending upper bounds, without +Inf.
    package var bounds: [Double]
    /// One more than bounds; not cumulative.
    package var counts: [UInt64]
    package var sum: Double
    package var exemplars: [(bucket: Int, exemplar: MetricExemplar)]

    package init(
        bounds: [Double], counts: [UInt64], sum: Double, exemplars: [(bucket: Int, exemplar: MetricExemplar)]
    ) {
        self.bounds = bounds
        self.counts = counts
        self.sum = sum
        self.exemplars = exemplars
    }

    package var count: UInt64 { counts.reduce(0, &+) }
}

/// A native histogram: bucket i of schema s holds values in (2^((i-1)/2^s), 2^(i/2^s)].
package struct ExponentialPoint: Sendable {
    package var schema: Int
    package var zeroThreshold: Double
    package var zeroCount: UInt64
    package var positive: ExponentialCounts
    package var negative: ExponentialCounts
    package var sum: Double
    package var exemplars: [MetricExemplar]

    package init(
        schema: Int, zeroThreshold: Double, zeroCount: UInt64, positive: ExponentialCounts,
        negative: ExponentialCounts, sum: Double, exemplars: [MetricExemplar]
    ) {
        self.schema = schema
        self.zeroThreshold = zeroThreshold
        self.zeroCount = zeroCount
        self.positive = positive
        self.negative = negative
        self.sum = sum
        self.exemplars = exemplars
    }

    package var count: UInt64 { zeroCount &+ positive.total &+ negative.total }
}

/// Buckets in a row.
package struct ExponentialCounts: Hashable, Sendable {
    /// The bucket of the first count.
    package var low: Int
    package var counts: [UInt64]

    package init(low: Int = 0, counts: [UInt64] = []) {
        self.low = low
        self.counts = counts
    }

    package var total: UInt64 { counts.reduce(0, &+) }
}

/// A metric with all its series.
package struct MetricFamilyPoints: Sendable {
    /// On `/metrics`.
    package var name: String
    /// As the service made it.
    package var label: String
    package var kind: PrometheusText.Kind
    package var help: String
    package var unit: String?
    /// Whether the values are totals that may fall; of gauges alone.
    package var isSum: Bool
    package var series: [(labels: [(name: String, value: String)], point: MetricPoint)]

    package init(
        name: String, label: String, kind: PrometheusText.Kind, help: String, unit: String?, isSum: Bool = false,
        series: [(labels: [(name: String, value: String)], point: MetricPoint)]
    ) {
        self.name = name
        self.label = label
        self.kind = kind
        self.help = help
        self.unit = unit
        self.isSum = isSum
        self.series = series
    }
}
