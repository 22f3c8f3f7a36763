// SPDX-License-Identifier: Apache-2.0
// Spans: on the caller's side from start to the encoded bytes in the queue.

import Sonde
import SondeModel
import Tracing

extension Library {
    static func tracing(_ bench: Bench) {
        bench.heading("Traces")
        guard let telemetry = try? Telemetry(TelemetryConfiguration(serviceName: "bench")) else { return }
        let tracer = telemetry.tracer
        bench.row("span, concrete tracer, 0 attributes", bar: "≤ 600 ns, ≤ 4", operations: 100_000) { count in
            for _ in 0..<count {
                let span = tracer.startSpan("charge card", context: .topLevel, ofKind: .client)
                span.end()
            }
        }
        bench.row("span, concrete tracer, 5 attributes", bar: "≤ 2 µs, ≤ 9", operations: 100_000) { count in
            for _ in 0..<count {
                let span = tracer.startSpan("charge card", context: .topLevel, ofKind: .client)
                span.updateAttributes(Self.fill)
                span.end()
            }
        }
    }

    /// Five attributes, as an HTTP client sets them.
    private static func fill(_ attributes: inout SpanAttributes) {
        attributes["http.request.method"] = "GET"
        attributes["server.address"] = "inventory"
        attributes["server.port"] = 9_131
        attributes["url.full"] = "http://inventory:9131/stock/42"
        attributes["http.response.status_code"] = 200
    }
}
