// SPDX-License-Identifier: Apache-2.0
// Views: what an operator changes about metrics that somebody else's code makes.
//
// https://opentelemetry.io/docs/specs/otel/metrics/sdk/#view

import SondeWire

/// Changes how metrics of some name are shown.
///
/// ```swift
/// config.metricViews = [
///     MetricView("http.server.request.duration", dropping: ["user_agent"], buckets: .exponential()),
///     MetricView("legacy.*", isDropped: true),
///     MetricView("requests", renamed: "shop.requests"),
/// ]
/// ```
///
/// The first view that matches a metric holds. Views take effect for metrics that are made after they were set.
public struct MetricView: Hashable, Sendable {
    /// The metrics it is for: the label they are made with, or their name on `/metrics`. A `*` at the end stands for any
    /// rest.
    public var metric: String
    /// What the metric is made as from now on, instead of its label; units and suffixes are added as always.
    public var name: String?
    /// Labels that are not shown; series that differ in nothing else become one.
    public var droppedLabels: Set<String>
    /// The buckets of a histogram.
    public var buckets: HistogramBuckets?
    /// Label sets that each metric may have, at least 1.
    public var seriesLimit: Int?
    /// Whether the metric is not kept at all. Measuring it still works, and goes nowhere.
    public var isDropped: Bool

    /// A view that changes what is given here.
    public init(
        _ metric: String, renamed name: String? = nil, dropping labels: Set<String> = [],
        buckets: HistogramBuckets? = nil, seriesLimit: Int? = nil, isDropped: Bool = false
    ) {
        self.metric = metric
        self.name = name
        droppedLabels = labels
        self.buckets = buckets
        self.seriesLimit = seriesLimit
        self.isDropped = isDropped
    }

    func matches(label: String, name: String) -> Bool {
        guard metric.hasSuffix("*") else { return metric == label || metric == name }
        let start = metric.dropLast()
        return label.hasPrefix(start) || name.hasPrefix(start)
    }

    /// Whether the label that is printed as `label` is dropped.
    func hides(_ label: String) -> Bool {
        droppedLabels.contains(label) || droppedLabels.contains { PrometheusText.labelName($0) == label }
    }
}

/// How a histogram divides what it measures.
public struct HistogramBuckets: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case explicit([Double])
        case exponential(schema: Int)
    }

    let kind: Kind

    /// Buckets with these upper bounds (seconds for timers); bounds that are not finite are left out.
    public static func explicit(_ bounds: [Double]) -> HistogramBuckets { HistogramBuckets(kind: .explicit(bounds)) }

    /// A native histogram: up to 160 buckets that follow the values by themselves.
    ///
    /// Prometheus 2.40 and later scrapes them with `--enable-feature=native-histograms`, as protobuf; OTLP carries them
    /// as exponential histograms. The text formats show their count and sum alone.
    ///
    /// - Parameter schema: How fine the buckets are at first: each doubling is divided into 2 to the power of `schema`,
    ///   from -4 to 8. They become coarser by themselves when values are far apart.
    public static func exponential(schema: Int = 8) -> HistogramBuckets {
        HistogramBuckets(kind: .exponential(schema: schema))
    }
}
