// SPDX-License-Identifier: Apache-2.0
// Whole answers of the foreign dialects, as files that a person can hold against the specifications
// (SONDE_RECORD_GOLDEN=1 writes them anew): api_v3's IDL, Zipkin's OpenAPI, Jaeger's own handlers.

import SondeModel
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct DialectGoldenTests {
    private static let window = "query.startTimeMin=2026-01-02T00:00:00Z&query.startTimeMax=2026-01-03T00:00:00Z"

    @Test(arguments: [
        ("jaeger-services", "/api/services"), ("jaeger-operations", "/api/operations?service=orders"),
        ("jaeger-operation-names", "/api/services/orders/operations"),
        ("jaeger-traces", "/api/traces?service=orders"), ("jaeger-trace-raw", "/api/traces/1?raw=true"),
        ("jaeger-traces-by-id", "/api/traces?traceID=1&traceID=2"), ("jaeger-not-found", "/api/traces/2"),
        ("jaeger-dependencies", "/api/dependencies?endTs=1767323060000"),
        (
            "jaeger-latencies",
            "/api/metrics/latencies?service=orders&quantile=0.95&endTs=1767323050000&lookback=5000&ratePer=5000"
        ),
        (
            "jaeger-errors",
            "/api/metrics/errors?service=orders&groupByOperation=true&endTs=1767323050000&lookback=5000&ratePer=5000"
        ),
        ("jaeger-v3-services", "/api/v3/services"), ("jaeger-v3-operations", "/api/v3/operations?service=orders"),
        ("jaeger-v3-trace", "/api/v3/traces/1"), ("jaeger-v3-traces", "/api/v3/traces?\(window)"),
        ("jaeger-v3-summaries", "/api/v3/trace-summaries?\(window)"),
        ("jaeger-v3-not-found", "/api/v3/traces?\(window)&query.serviceName=nobody"),
        ("zipkin-services", "/zipkin/api/v2/services"), ("zipkin-spans", "/zipkin/api/v2/spans?serviceName=orders"),
        ("zipkin-remote-services", "/zipkin/api/v2/remoteServices?serviceName=orders"),
        ("zipkin-traces", "/zipkin/api/v2/traces?serviceName=gateway"), ("zipkin-trace", "/zipkin/api/v2/trace/1"),
        ("zipkin-dependencies", "/zipkin/api/v2/dependencies?endTs=1767323060000"),
        ("zipkin-autocomplete-keys", "/zipkin/api/v2/autocompleteKeys"),
        ("zipkin-autocomplete-values", "/zipkin/api/v2/autocompleteValues?key=http.status_code"),
        ("zipkin-config", "/zipkin/config.json"), ("zipkin-not-found", "/zipkin/api/v2/trace/2"),
    ])
    func isAsTheSpecificationHasIt(name: String, path: String) async throws {
        let now = Timestamp.sample(ms: 60_000)
        try await RunningCollector.run(configure: { $0.clock = WallClock { now } }) { collector in
            #expect(try await collector.post(OTLPEncoder.traces(Self.checkout))?.status == 200)
            let reply = try #require(try await collector.get(path))
            let isJSON = reply.text.hasPrefix("{") || reply.text.hasPrefix("[")
            let body = isJSON ? String(decoding: JaegerJSON.indented(reply.body), as: UTF8.self) : reply.text
            let text = "GET \(path)\n\(reply.status) \(reply["content-type"] ?? "-")\n\n\(body)\n"
            try Golden().expect(text, is: "\(name).txt")
        }
    }

    /// A gateway calls orders on another host, whose clock is a second behind; orders asks a database that nobody sees.
    private static var checkout: [SpanRecord] {
        func host(_ service: String, _ name: String) -> Resource {
            .sample(service, Attribute("host.name", .string(name)))
        }
        var entry = SpanRecord.sample(trace: 1, 1, name: "POST /checkout", duration: 100)
        entry.resource = host("gateway", "a")
        var client = SpanRecord.sample(trace: 1, 2, parent: 1, name: "POST", kind: .client, start: 10, duration: 60)
        client.resource = host("gateway", "a")
        var server = SpanRecord.sample(
            trace: 1, 3, parent: 2, name: "POST /orders", start: -980, duration: 40,
            status: SpanStatus(code: .error, message: "no stock"),
            attributes: [Attribute("http.status_code", .int(500))])
        server.events = [SpanEvent(time: .sample(ms: -970), name: "retry", attributes: [Attribute("n", .int(2))])]
        server.resource = host("orders", "b")
        var database = SpanRecord.sample(
            trace: 1, 4, parent: 3, name: "SELECT", kind: .client, start: -975, duration: 5,
            attributes: [Attribute("peer.service", .string("Stock DB")), Attribute("big", .int(1 << 60))])
        database.resource = host("orders", "b")
        let spans = [entry, client, server, database]
        return spans.map { span in
            var span = span
            span.traceID = TraceID(high: 0, low: 1)
            return span
        }
    }
}
