// SPDX-License-Identifier: Apache-2.0
// Metrics from spans as Prometheus and Tempo's dashboards read them.

import SondeModel
import SondePipeline
import SondeServer
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct SpanMetricsPageTests {
    private let call: [SpanRecord] = [
        .sample(1, service: "gateway", name: "GET /users/7", duration: 3),
        .sample(2, parent: 1, service: "gateway", name: "GET", kind: .client, duration: 2),
        .sample(3, parent: 2, service: "users", name: "GET /users/{id}", duration: 1),
    ]

    @Test func namesAndLabelsAreTempos() async throws {
        try await RunningCollector.run { collector in
            _ = try await collector.post(OTLPEncoder.traces(call))
            let page = try await page(collector)
            let gateway = #"service="gateway",span_kind="SPAN_KIND_SERVER",span_name="GET /users/{id}""#
            let edge = #"client="gateway",server="users""#
            for line in [
                #"traces_spanmetrics_calls_total{\#(gateway),status_code="STATUS_CODE_UNSET"} 1"#,
                #"traces_spanmetrics_latency_bucket{\#(gateway),status_code="STATUS_CODE_UNSET",le="0.002"} 0"#,
                #"traces_spanmetrics_latency_bucket{\#(gateway),status_code="STATUS_CODE_UNSET",le="0.004"} 1"#,
                #"traces_spanmetrics_latency_bucket{\#(gateway),status_code="STATUS_CODE_UNSET",le="+Inf"} 1"#,
                #"traces_spanmetrics_latency_sum{\#(gateway),status_code="STATUS_CODE_UNSET"} 0.003"#,
                "traces_service_graph_request_total{\(edge)} 1", "traces_service_graph_request_failed_total{\(edge)} 0",
                #"traces_service_graph_request_server_seconds_bucket{\#(edge),le="0.1"} 1"#,
                "traces_service_graph_request_client_seconds_count{\(edge)} 1",
                #"traces_service_graph_request_total{client="user",connection_type="virtual_node",server="gateway"} 1"#,
                #"traces_target_info{job="gateway"} 1"#, #"sonde_span_metrics_overflowed_total{of="spans"} 0"#,
            ] {
                #expect(page.contains(line), "\(line)")
            }
            #expect(page.contains { $0.hasPrefix("traces_spanmetrics_size_total{\(gateway)") })
        }
    }

    @Test func everyMetricHasItsHelp() async throws {
        try await RunningCollector.run { collector in
            let page = try await page(collector)
            for (name, help) in SpanMetricName.help { #expect(page.contains("# HELP \(name) \(help)"), "\(name)") }
        }
    }

    @Test func exemplarsLeadToTheTrace() async throws {
        try await RunningCollector.run { collector in
            _ = try await collector.post(OTLPEncoder.traces(call))
            let open = try await page(collector, accept: "application/openmetrics-text; version=1.0.0")
            let bucket = open.first { $0.hasPrefix("traces_spanmetrics_latency_bucket") && $0.contains(" # {") }
            let exemplar = try #require(bucket?.split(separator: " # ").last)
            #expect(exemplar.hasPrefix(#"{trace_id="\#(TraceID.sample(1).hex)",span_id="0000000000000002"} 0.002 "#))
            #expect(open.last == "# EOF")
        }
    }

    @Test func nothingIsCountedWhereItIsOff() async throws {
        try await RunningCollector.run(configure: { $0.spanMetrics = nil }) { collector in
            _ = try await collector.post(OTLPEncoder.traces(call))
            #expect(try await page(collector).allSatisfy { !$0.contains("traces_spanmetrics") })
        }
    }

    private func page(_ collector: RunningCollector, accept: String = "text/plain") async throws -> [String] {
        let reply = try #require(try await collector.get("/metrics", headers: ["accept": accept]))
        #expect(reply.status == 200)
        return reply.text.split(separator: "\n").map(String.init)
    }
}
