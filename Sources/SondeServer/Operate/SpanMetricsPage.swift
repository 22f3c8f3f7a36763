// SPDX-License-Identifier: Apache-2.0
// Metrics from spans for Prometheus, under the names and labels of Grafana Tempo's metrics generator: its dashboards and
// Grafana's service graph find them as they are. Exemplars come where OpenMetrics is asked for.

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

    func append(to text: inout PrometheusText) {
        appendOverflow(to: &text)
        appendGraph(to: &text)
        appendSpans(to: &text)
        family(SpanMetricName.target, .info, &text)
        for target in snapshot.targets {
            text.sample(SpanMetricName.target, labels: Self.labels(target), value: UInt64(1))
        }
    }

    private func appendOverflow(to text: inout PrometheusText) {
        family(SpanMetricName.overflowed, .counter, &text)
        for (kind, count) in [("calls", snapshot.overflowedCalls), ("spans", snapshot.overflowedSpans)] {
            text.sample(SpanMetricName.overflowed, labels: PrometheusText.labels([("of", kind)]), value: count)
        }
    }

    private func appendSpans(to text: inout PrometheusText) {
        let series = snapshot.spans.map { (labels: Self.labels($0.labels), series: $0) }
        family(SpanMetricName.calls, .counter, &text)
        for (labels, series) in series {
            text.sample(SpanMetricName.calls, labels: labels, value: series.durations.count)
        }
        family(SpanMetricName.latency, .histogram, &text)
        for (labels, series) in series { text.append(series.durations, SpanMetricName.latency, labels) }
        family(SpanMetricName.size, .counter, &text)
        for (labels, series) in series { text.sample(SpanMetricName.size, labels: labels, value: series.bytes) }
    }

    private func appendGraph(to text: inout PrometheusText) {
        let edges = snapshot.edges.map { (labels: Self.labels($0.edge), series: $0) }
        family(SpanMetricName.dropped, .counter, &text)
        text.sample(SpanMetricName.dropped, labels: "", value: snapshot.droppedHalves)
        family(SpanMetricName.clientSeconds, .histogram, &text)
        for (labels, edge) in edges { text.append(edge.client, SpanMetricName.clientSeconds, labels) }
        family(SpanMetricName.failed, .counter, &text)
        for (labels, edge) in edges { text.sample(SpanMetricName.failed, labels: labels, value: edge.failed) }
        family(SpanMetricName.serverSeconds, .histogram, &text)
        for (labels, edge) in edges { text.append(edge.server, SpanMetricName.serverSeconds, labels) }
        family(SpanMetricName.requests, .counter, &text)
        for (labels, edge) in edges { text.sample(SpanMetricName.requests, labels: labels, value: edge.server.count) }
        family(SpanMetricName.unpaired, .counter, &text)
        for half in snapshot.unpaired {
            let side = (half.isServer ? "server" : "client", half.service ?? "")
            let labels = half.service == nil ? Self.overflow : PrometheusText.labels([side])
            text.sample(SpanMetricName.unpaired, labels: labels, value: half.count)
        }
    }

    private func family(_ name: String, _ kind: PrometheusText.Kind, _ text: inout PrometheusText) {
        text.family(name, kind: kind, help: SpanMetricName.help[name] ?? "")
    }

    // MARK: Labels

    private static let overflow = PrometheusText.labels([("otel_metric_overflow", "true")])

    private static func labels(_ labels: SpanSeries.Labels?) -> String {
        guard let labels else { return overflow }
        return PrometheusText.labels(
            [
                ("service", labels.service), ("span_name", labels.name),
                ("span_kind", "SPAN_KIND_" + labels.kind.name.uppercased()),
                ("status_code", "STATUS_CODE_" + labels.status.name.uppercased()),
            ] + labels.dimensions.map { ($0.key, $0.value) }, reserved: "le")
    }

    private static func labels(_ edge: CallEdge?) -> String {
        guard let edge else { return overflow }
        return PrometheusText.labels(
            [("client", edge.client), ("server", edge.server), ("connection_type", edge.type.rawValue)])
    }

    private static func labels(_ target: TargetSeries) -> String {
        let own = target.attributes.filter { !["job", "instance"].contains(PrometheusText.labelName($0.key)) }
        return PrometheusText.labels(
            [("job", target.job), ("instance", target.instance)] + own.map { ($0.key, $0.value) })
    }
}

extension PrometheusText {
    fileprivate mutating func append(_ durations: DurationHistogram, _ name: String, _ labels: String) {
        var cumulative: UInt64 = 0
        for (index, count) in durations.counts.enumerated() {
            cumulative += count
            let bound = index < durations.bounds.count ? Double(durations.bounds[index]) / 1e9 : .infinity
            bucket(
                name, labels: labels, bound: boundText(bound), cumulativeCount: cumulative,
                exemplar: format == .openMetrics ? durations.exemplars[index].map(Exemplar.init) : nil)
        }
        sample(name + "_sum", labels: labels, value: durations.sumSeconds)
        sample(name + "_count", labels: labels, value: cumulative)
    }
}

extension PrometheusText.Exemplar {
    fileprivate init(_ span: SpanExemplar) {
        self.init(
            traceID: span.traceID.hex, spanID: span.spanID.hex, value: Double(span.duration) / 1e9,
            seconds: Double(span.time.nanoseconds / 1_000_000) / 1e3)
    }
}
