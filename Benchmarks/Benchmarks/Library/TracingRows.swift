// SPDX-License-Identifier: Apache-2.0
// Spans from their start to the encoded bytes in the queue, on the caller's side. The queue is emptied every thousand
// spans, as the exporter would: one that is full would only count.

import Sonde
import SondeModel
import Tracing

extension Library {
    static func tracing(_ bench: Bench) {
        bench.heading("Traces")
        var configuration = TelemetryConfiguration(serviceName: "bench")
        let sampled = Telemetry.inMemory(configuration)
        configuration.sampler = .parentBased(ratio: 0)
        let unsampled = Telemetry.inMemory(configuration)
        configuration.tailSampling = TailSampling(slowerThan: .seconds(1))
        let held = Telemetry.inMemory(configuration)
        configuration = TelemetryConfiguration(serviceName: "bench")
        configuration.unfinishedSpansAfter = .seconds(10)
        let watched = Telemetry.inMemory(configuration)

        concrete(bench, sampled)
        lean(bench, sampled)
        others(bench, unsampled: unsampled, held: held, watched: watched)
        headers(bench, sampled)
        // Last: from here on spans without a tracer of their own find this one.
        InstrumentationSystem.bootstrap(sampled.tracer)
        global(bench, sampled)
    }

    private static func concrete(_ bench: Bench, _ telemetry: Telemetry) {
        let tracer = telemetry.tracer
        spanRow(bench, telemetry, "span, concrete tracer, 0 attributes", bar: "≤ 600 ns, ≤ 4") {
            tracer.startSpan("GET /orders/{id}", context: .topLevel, ofKind: .server).end()
        }
        spanRow(bench, telemetry, "span, concrete tracer, 5 attributes", bar: "≤ 2 µs, ≤ 9") {
            let span = tracer.startSpan("GET /orders/{id}", context: .topLevel, ofKind: .server)
            fill(&span.attributes)
            span.end()
        }
        spanRow(bench, telemetry, "span, concrete withSpan, 0 attributes", bar: "") {
            tracer.withSpan("GET /orders/{id}", context: .topLevel, ofKind: .server) { _ in }
        }
        let span = tracer.startSpan("GET /orders/{id}", context: .topLevel, ofKind: .server)
        fill(&span.attributes)
        bench.row("OTLP encoding, 5 attributes", bar: "≤ 333 ns (3 M spans/s)", operations: 100_000) { count in
            for _ in 0..<count { consume(span.encodedByteCount) }
        }
    }

    private static func lean(_ bench: Bench, _ telemetry: Telemetry) {
        let tracer = telemetry.tracer
        spanRow(bench, telemetry, "span, lean, 0 attributes", bar: "≤ 150 ns, 0") {
            tracer.begin("GET /orders/{id}", kind: .server).end()
        }
        spanRow(bench, telemetry, "span, lean, 5 attributes", bar: "≤ 350 ns, 0") {
            var span = tracer.begin("GET /orders/{id}", kind: .server)
            span.set("http.request.method", to: "GET")
            span.set("http.route", to: "/orders/{id}")
            span.set("url.path", to: "/orders/4711")
            span.set("http.response.status_code", to: 200)
            span.set("server.port", to: 8_080)
            span.end()
        }
    }

    private static func others(_ bench: Bench, unsampled: Telemetry, held: Telemetry, watched: Telemetry) {
        var outer = ServiceContext.topLevel
        outer.baggage["tenant"] = "acme"
        let parent = unsampled.tracer.startSpan("parent", context: outer).context
        spanRow(bench, unsampled, "span, not sampled, with baggage and its context", bar: "≤ 350 ns, ≤ 3") {
            let span = unsampled.tracer.startSpan("GET /orders/{id}", context: parent, ofKind: .server)
            consume(span.context)
            span.end()
        }
        bench.row("… of that a value of a context changed", bar: "", operations: 100_000) { count in
            var shared = ServiceContext.topLevel
            shared.baggage["tenant"] = "acme"
            shared[OneValue.self] = 1
            for index in 0..<count {
                var context = shared
                context[OneValue.self] = index
                consume(context)
            }
        }
        spanRow(bench, unsampled, "span, not sampled, first of its trace", bar: "≤ 350 ns, ≤ 3") {
            unsampled.tracer.startSpan("GET /orders/{id}", context: .topLevel, ofKind: .server).end()
        }
        spanRow(bench, held, "span, held for the end of its trace, 0 attributes", bar: "") {
            held.tracer.startSpan("GET /orders/{id}", context: .topLevel, ofKind: .server).end()
        }
        spanRow(bench, watched, "span, watched while open, 0 attributes", bar: "") {
            watched.tracer.startSpan("GET /orders/{id}", context: .topLevel, ofKind: .server).end()
        }
        spanRow(bench, watched, "span, lean, watched while open, 0 attributes", bar: "") {
            watched.tracer.begin("GET /orders/{id}", kind: .server).end()
        }
    }

    private static func headers(_ bench: Bench, _ telemetry: Telemetry) {
        let tracer = telemetry.tracer
        let context = tracer.startSpan("parent", context: .topLevel).context
        bench.row("inject W3C", bar: "≤ 150 ns", operations: 100_000) { count in
            var carrier = ""
            for _ in 0..<count { tracer.inject(context, into: &carrier, using: OneHeader()) }
            consume(carrier)
        }
        bench.row("… of that a value put into an empty context", bar: "", operations: 100_000) { count in
            for _ in 0..<count {
                var context = ServiceContext.topLevel
                context[OneValue.self] = 1
                consume(context)
            }
        }
        let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        bench.row("extract W3C", bar: "≤ 150 ns", operations: 100_000) { count in
            for _ in 0..<count {
                var context = ServiceContext.topLevel
                tracer.extract(header, into: &context, using: OneHeader())
                consume(context)
            }
        }
    }

    private static func global(_ bench: Bench, _ telemetry: Telemetry) {
        spanRow(bench, telemetry, "span, global withSpan, 0 attributes", bar: "≤ 1.0 µs") {
            withSpan("GET /orders/{id}", ofKind: .server) { _ in }
        }
        spanRow(bench, telemetry, "span, global withSpan, 5 attributes", bar: "≤ 2.5 µs") {
            withSpan("GET /orders/{id}", ofKind: .server) { span in
                span.attributes["http.request.method"] = "GET"
                span.attributes["http.route"] = "/orders/{id}"
                span.attributes["url.path"] = "/orders/4711"
                span.attributes["http.response.status_code"] = 200
                span.attributes["server.port"] = 8_080
            }
        }
    }

    private static func spanRow(
        _ bench: Bench, _ telemetry: Telemetry, _ name: String, bar: String, _ span: () -> Void
    ) {
        bench.row(name, bar: bar, operations: 100_000) { count in
            for index in 0..<count {
                span()
                if index & 1_023 == 1_023 { telemetry.discardTraces() }
            }
            telemetry.discardTraces()
        }
    }

    /// Five attributes, as an HTTP server sets them.
    private static func fill(_ attributes: inout SpanAttributes) {
        attributes["http.request.method"] = "GET"
        attributes["http.route"] = "/orders/{id}"
        attributes["url.path"] = "/orders/4711"
        attributes["http.response.status_code"] = 200
        attributes["server.port"] = 8_080
    }
}

/// What swift-distributed-tracing takes for a context, whoever puts something into it.
private enum OneValue: ServiceContextKey {
    typealias Value = Int
}

/// The `traceparent` header alone: what a carrier of more costs is the carrier's affair.
private struct OneHeader: Injector, Extractor {
    func inject(_ value: String, forKey key: String, into carrier: inout String) { carrier = value }

    func extract(key: String, from carrier: String) -> String? { key == "traceparent" ? carrier : nil }
}
