// SPDX-License-Identifier: Apache-2.0
// The middleware in a running Hummingbird application, seen from the socket and from what it recorded.

import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import SondeModel
import SondeWire
import Testing
import Tracing

@testable import Sonde
@testable import SondeHummingbird

struct TelemetryMiddlewareTests {
    struct Broken: Error, CustomStringConvertible { var description: String { "it broke" } }

    private func app(_ telemetry: Telemetry) -> Router<TelemetryRequestContext> {
        let router = Router(context: TelemetryRequestContext.self)
        router.add(middleware: TelemetryMiddleware(telemetry: telemetry))
        router.addTelemetryRoutes(telemetry)
        router.get("/orders/{id}") { _, context in
            context.logger.info("inside")
            return "order"
        }
        router.get("/health/broken") { _, _ in Response(status: .serviceUnavailable) }
        router.get("/returned") { _, _ in Response(status: .serviceUnavailable) }
        router.get("/thrown") { _, _ -> Response in throw Broken() }
        router.get("/refused") { _, _ -> Response in throw HTTPError(.unprocessableContent, message: "no") }
        router.get("/stream") { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    try await writer.write(ByteBuffer(string: ServiceContext.current?.spanID ?? "none"))
                    try await writer.finish(nil)
                })
        }
        router.get("/described") { _, _ in
            let span = ServiceContext.current.flatMap { telemetry.tracer.activeSpan(identifiedBy: $0) }
            span?.attributes["user.id"] = "7"
            span?.attributes["url.path"] = "/hidden"
            span?.addEvent("looked up")
            return "described"
        }
        router.get("/context") { _, _ in
            var headers: [String: String] = [:]
            telemetry.tracer.inject(ServiceContext.current ?? .topLevel, into: &headers, using: Headers())
            return headers.map { "\($0.key): \($0.value)" }.sorted().joined(separator: "\n")
        }
        return router
    }

    struct Headers: Injector {
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
    }

    struct Seen {
        var status: UInt
        var body: String
        var spans: [SpanRecord]
        var logs: [SondeModel.LogRecord]
        var metrics: MetricsRegistry
    }

    private func telemetry() throws -> Telemetry {
        var configuration = TelemetryConfiguration(serviceName: "orders")
        configuration.logOutput = .none
        return try Telemetry(configuration)
    }

    /// One request against the application.
    private func get(
        _ path: String, method: String = "GET", headers: HTTPHeaders = [:], level: Logger.Level = .info,
        sampler: Sampler = .alwaysOn, limits: Int = 128
    ) async throws -> Seen {
        var configuration = TelemetryConfiguration(serviceName: "orders")
        configuration.sampler = sampler
        configuration.spanLimits.attributeCount = limits
        configuration.logOutput = .none
        configuration.logLevel = level
        let telemetry = try Telemetry(configuration)
        let (status, body) = try await withServer(app(telemetry), logger: telemetry.logger(label: "app")) { port in
            var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
            request.method = .RAW(value: method)
            request.headers = headers
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
            return (response.status.code, String(buffer: try await response.body.collect(upTo: 1 << 20)))
        }
        return Seen(
            status: status, body: body, spans: try telemetry.traceQueue?.takeSpans() ?? [],
            logs: try telemetry.logQueue?.takeLogs() ?? [], metrics: telemetry.metrics)
    }

    @Test func aReturned5xxFailsTheSpan() async throws {
        let seen = try await get("/returned")
        let span = try #require(seen.spans.first)
        #expect(span.status.code == .error && span.attributes["error.type"] == .string("503"))
        #expect(span.attributes["http.response.status_code"] == .int(503))
        #expect(span.name == "GET /returned")
    }

    @Test func aThrownErrorFailsTheSpanAndIsRecorded() async throws {
        let seen = try await get("/thrown")
        #expect(seen.status == 500)
        let span = try #require(seen.spans.first)
        #expect(span.status == SondeModel.SpanStatus(code: .error, message: "it broke"))
        #expect(span.events.map(\.name) == ["exception"])
        #expect(span.attributes["error.type"]?.text.hasSuffix("Broken") == true)
        #expect(
            seen.metrics.lines("http_server_request_duration_seconds_count") == [
                #"http_server_request_duration_seconds_count{error_type="SondeHummingbirdTests.TelemetryMiddlewareTests.Broken",http_request_method="GET",http_response_status_code="500",http_route="/thrown",network_protocol_version="1.1",url_scheme="http"} 1"#
            ])
        let log = try #require(seen.logs.first { $0.body == .string("request") })
        #expect(log.severityNumber == 17 && log.traceID == span.traceID)
    }

    @Test(arguments: [("/refused", 422, "GET /refused"), ("/nowhere", 404, "GET")])
    func aMistakeOfTheClientIsNoFailure(path: String, status: Int, name: String) async throws {
        let seen = try await get(path)
        #expect(seen.status == UInt(status))
        let span = try #require(seen.spans.first)
        #expect(span.status.code == .unset && span.attributes["error.type"] == nil && span.events.isEmpty)
        #expect(span.name == name)
    }

    @Test func anUnknownPathIsNoLabel() async throws {
        let seen = try await get("/nowhere")
        #expect(
            seen.metrics.lines("http_server_request_duration_seconds_count") == [
                #"http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="404",network_protocol_version="1.1",url_scheme="http"} 1"#
            ])
    }

    @Test func anUnknownMethodIsNoLabel() async throws {
        let seen = try await get("/nowhere", method: "PURGE")
        let span = try #require(seen.spans.first)
        #expect(span.name == "HTTP" && span.attributes["http.request.method"] == .string("_OTHER"))
        #expect(span.attributes["http.request.method_original"] == .string("PURGE"))
        #expect(seen.metrics.lines("http_server_request_duration_seconds_count").first?.contains("PURGE") == false)
    }

    @Test func describesTheRequest() async throws {
        let seen = try await get("/orders/42?x=y", headers: ["user-agent": "test/1"])
        let span = try #require(seen.spans.first)
        #expect(span.name == "GET /orders/{id}" && span.kind == .server)
        for (key, value) in [
            "http.request.method": "GET", "url.path": "/orders/42", "url.query": "x=y", "url.scheme": "http",
            "http.route": "/orders/{id}", "server.address": "127.0.0.1", "client.address": "127.0.0.1",
            "user_agent.original": "test/1", "network.protocol.version": "1.1", "http.response.status_code": "200",
        ] {
            #expect(span.attributes[key]?.text == value, "\(key)")
        }
        #expect(span.attributes["server.port"] != nil)
        #expect(
            seen.metrics.lines("http_server_active_requests") == [
                #"http_server_active_requests{http_request_method="GET",url_scheme="http"} 0"#
            ])
    }

    @Test func signaturesAreNotShown() async throws {
        let seen = try await get("/orders/42?x=y&X-Goog-Signature=secret")
        #expect(seen.spans.first?.attributes["url.query"] == .string("x=y&X-Goog-Signature=REDACTED"))
    }

    /// As in tests of a service that makes its router once.
    @Test func aMiddlewareThatIsSharedTracesToWhoIsInForce() async throws {
        let middleware = TelemetryMiddleware<TelemetryRequestContext>()
        // Made before a tracer is in force: the shared client would keep it, and trace the calls of all tests.
        let client = HTTPClient.shared
        for _ in 0..<2 {
            let telemetry = try telemetry()
            try await withTracer(telemetry.tracer) {
                let router = Router(context: TelemetryRequestContext.self)
                router.add(middleware: middleware)
                router.get("/orders") { _, _ in "orders" }
                try await withServer(router, logger: telemetry.logger(label: "app")) { port in
                    let request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/orders")
                    _ = try await client.execute(request, timeout: .seconds(30))
                }
            }
            #expect(try telemetry.traceQueue?.takeSpans().map(\.name) == ["GET /orders"])
        }
    }

    @Test func whatHandlersLogCarriesTheSpan() async throws {
        let seen = try await get("/orders/42")
        let span = try #require(seen.spans.first)
        let inside = try #require(seen.logs.first { $0.body == .string("inside") })
        let request = try #require(seen.logs.first { $0.body == .string("request") })
        #expect(inside.spanID == span.spanID && request.spanID == span.spanID)
        #expect(request.attributes["http.route"] == .string("/orders/{id}"))
        #expect(request.attributes["http.response.status_code"] == .int(200))
        #expect(request.severityNumber == 9)
        #expect(seen.logs.count { $0.body == .string("request") } == 1)
    }

    @Test func continuesTheCallersTrace() async throws {
        let seen = try await get(
            "/context",
            headers: [
                "TraceParent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=1",
                "TRACESTATE": "b=2",
                "baggage": "user=alice",
            ])
        let span = try #require(seen.spans.first)
        #expect(span.parentSpanID.hex == "b7ad6b7169203331" && span.flags == 0x301)
        #expect(
            seen.body == """
                baggage: user=alice
                traceparent: 00-0af7651916cd43dd8448eb211c80319c-\(span.spanID.hex)-01
                tracestate: a=1,b=2
                """)
    }

    /// What the program says of the request's span wins over what the middleware says, and each key is there once.
    @Test func handlersMayDescribeTheRequestsSpan() async throws {
        let seen = try await get("/described")
        let span = try #require(seen.spans.first)
        #expect(span.attributes["user.id"] == .string("7") && span.attributes["url.path"] == .string("/hidden"))
        #expect(span.attributes["http.route"] == .string("/described"))
        #expect(span.name == "GET /described" && span.events.map(\.name) == ["looked up"])
    }

    @Test func samplersSeeTheRequest() async throws {
        let sampler = Sampler.rules([.route("/orders/*", .alwaysOff)], otherwise: .alwaysOn)
        #expect(try await get("/orders/42", sampler: sampler).spans.isEmpty)
        #expect(try await get("/returned", sampler: sampler).spans.count == 1)
    }

    @Test func aSpanHoldsNoMoreAttributesThanItMay() async throws {
        let seen = try await get("/described", limits: 4)
        let span = try #require(seen.spans.first)
        #expect(span.attributes.count == 4 && span.droppedAttributesCount > 0)
    }

    @Test func aStreamedBodyIsPartOfTheSpan() async throws {
        let seen = try await get("/stream")
        let span = try #require(seen.spans.first)
        #expect(seen.body == span.spanID.hex)
        #expect(seen.spans.count == 1)
        #expect(seen.logs.count { $0.body == .string("request") } == 1)
    }

    @Test func aProbeThatFailsKeepsTheDebugLevel() async throws {
        let seen = try await get("/health/broken", level: .debug)
        let log = try #require(seen.logs.first { $0.body == .string("request") })
        #expect(seen.status == 503 && log.severityNumber == 5)
    }

    @Test(arguments: ["/health/live", "/metrics"])
    func probesAreNotTraced(path: String) async throws {
        let seen = try await get(path, level: .debug)
        #expect(seen.status == 200 && seen.spans.isEmpty)
        let log = try #require(seen.logs.first { $0.body == .string("request") })
        #expect(log.severityNumber == 5 && log.traceID == .zero)
    }
}
