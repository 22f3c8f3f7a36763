// SPDX-License-Identifier: Apache-2.0
// Metrics from spans for Prometheus, under the names and labels of Grafana Tempo's metrics generator: its dashboards and
// Grafana's service graph find them as they are. Exemplars come where OpenMetrics or protobuf is asked for.

import SondeModel
import SondePipeline
import SondeWire

/// The names and meanings of metrics from spans.
package enum SpanMetricName {
    package static let calls = "traces_spanmetrics_calls_total"
    package static let latency = "traces_spanmetrics_latency"
    package static let size = "traces_spanmetrics_size_total"
    package static let target = "traces_target_info"
    package static let requests = "traces_service_graph_request_total"
    package static let failed = "traces_service_graph_request_failed_total"
    package static let serverSeconds = "traces_service_graph_request_server_seconds"
    package static let clientSeconds = "traces_service_graph_request_client_seconds"
    package static let unpaired = "traces_service_graph_unpaired_spans_total"
    package static let dropped = "traces_service_graph_dropped_spans_total"
    package static let overflowed = "sonde_span_metrics_overflowed_total"

    /// Labels of spans that no dimension may take.
    package static let labels = ["service", "span_name", "span_kind", "status_code", "le", "otel_metric_overflow"]

    package static let help: [String: String] = [
        calls: "Spans taken, by service, name, kind and status; a span that is sent twice counts twice.",
        latency: "Durations of the spans, in seconds.",
        size: "Bytes of the spans as OTLP protobuf.",
        target: "Resources that spans came from in the last quarter of an hour.",
        requests: "Calls from a service to another, or to a database or peer that sends no spans.",
        failed: "Calls of which one side failed.",
        serverSeconds: "Durations of calls as the server saw them.",
        clientSeconds: "Durations of calls as the client saw them.",
        unpaired: "Halves of calls whose other half did not come in time.",
        dropped: "Halves of calls that could not wait for their other half, because too many did.",
        overflowed: "Spans and calls counted without their labels, because there were too many sets of labels.",
    ]
}

struct SpanMetricsPage {
    let snapshot: SpanMetricsSnapshot

    private typealias Labels = [(name: String, value: String)]
    private typealias Series = (labels: Labels, point: MetricPoint)

    /// All of them, in the order in which they are shown.
    var families: [MetricFamilyPoints] { [overflow] + graph + spans + [targets] }

    private var overflow: MetricFamilyPoints {
        let counts = [("calls", snapshot.overflowedCalls), ("spans", snapshot.overflowedSpans)]
        return Self.family(
            SpanMetricName.overflowed, .counter, counts.map { (PrometheusText.canonical([("of", $0)]), Self.count($1)) }
        )
    }

    private var spans: [MetricFamilyPoints] {
        let series = snapshot.spans.map { (labels: Self.labels($0.labels), series: $0) }
        return [
            Self.family(
                SpanMetricName.calls, .counter, series.map { ($0.labels, Self.count($0.series.durations.count)) }),
            Self.family(
                SpanMetricName.latency, .histogram,
                series.map { ($0.labels, .histogram(HistogramPoint($0.series.durations))) }),
            Self.family(SpanMetricName.size, .counter, series.map { ($0.labels, Self.count($0.series.bytes)) }),
        ]
    }

    private var graph: [MetricFamilyPoints] {
        let edges = snapshot.edges.map { (labels: Self.labels($0.edge), edge: $0) }
        return [
            Self.family(SpanMetricName.dropped, .counter, [([], Self.count(snapshot.droppedHalves))]),
            Self.family(
                SpanMetricName.clientSeconds, .histogram,
                edges.map { ($0.labels, .histogram(HistogramPoint($0.edge.client))) }),
            Self.family(SpanMetricName.failed, .counter, edges.map { ($0.labels, Self.count($0.edge.failed)) }),
            Self.family(
                SpanMetricName.serverSeconds, .histogram,
                edges.map { ($0.labels, .histogram(HistogramPoint($0.edge.server))) }),
            Self.family(
                SpanMetricName.requests, .counter, edges.map { ($0.labels, Self.count($0.edge.server.count)) }),
            unpaired,
        ]
    }

    private var unpaired: MetricFamilyPoints {
        let halves = snapshot.unpaired.map { half -> Series in
            let side = (half.isServer ? "server" : "client", half.service ?? "")
            return (
                half.service == nil ? Self.overflowLabels : PrometheusText.canonical([side]), Self.count(half.count)
            )
        }
        return Self.family(SpanMetricName.unpaired, .counter, halves)
    }

    private var targets: MetricFamilyPoints {
        Self.family(SpanMetricName.target, .info, snapshot.targets.map { (Self.labels($0), Self.count(1)) })
    }

    private static func family(
        _ name: String, _ kind: PrometheusText.Kind, _ series: [Series]
    ) -> MetricFamilyPoints {
        MetricFamilyPoints(
            name: name, label: name, kind: kind, help: SpanMetricName.help[name] ?? "", unit: nil, series: series)
    }

    private static func count(_ value: UInt64) -> MetricPoint { .whole(Int64(clamping: value), exemplar: nil) }

    // MARK: Labels

    private static let overflowLabels = PrometheusText.canonical([("otel_metric_overflow", "true")])

    private static func labels(_ labels: SpanSeries.Labels?) -> Labels {
        guard let labels else { return overflowLabels }
        return PrometheusText.canonical(
            [
                ("service", labels.service), ("span_name", labels.name),
                ("span_kind", "SPAN_KIND_" + labels.kind.name.uppercased()),
                ("status_code", "STATUS_CODE_" + labels.status.name.uppercased()),
            ] + labels.dimensions.map { ($0.key, $0.value) }, reserved: "le")
    }

    private static func labels(_ edge: CallEdge?) -> Labels {
        guard let edge else { return overflowLabels }
        return PrometheusText.canonical(
            [("client", edge.client), ("server", edge.server), ("connection_type", edge.type.rawValue)])
    }

    private static func labels(_ target: TargetSeries) -> Labels {
        let own = target.attributes.filter { !["job", "instance"].contains(PrometheusText.labelName($0.key)) }
        return PrometheusText.canonical(
            [("job", target.job), ("instance", target.instance)] + own.map { ($0.key, $0.value) })
    }
}

extension HistogramPoint {
    fileprivate init(_ durations: DurationHistogram) {
        self.init(
            bounds: durations.bounds.map { Double($0) / 1e9 }, counts: durations.counts, sum: durations.sumSeconds,
            exemplars: durations.exemplars.enumerated().compactMap { bucket, span in
                span.map { (bucket, MetricExemplar($0)) }
            })
    }
}

extension MetricExemplar {
    fileprivate init(_ span: SpanExemplar) {
        self.init(
            traceID: span.traceID, spanID: span.spanID, value: Double(span.duration) / 1e9,
            nanoseconds: span.time.nanoseconds)
    }
}
