// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import SondeModel
import Testing
import Tracing

@testable import Sonde

struct InstrumentedHTTPClientTests {
    private func telemetry() throws -> Telemetry {
        var configuration = TelemetryConfiguration(serviceName: "orders")
        configuration.logOutput = .none
        return try Telemetry(configuration)
    }

    private var router: Router<BasicRequestContext> {
        let router = Router()
        router.get("/echo/:code") { request, context in
            let code = try context.parameters.require("code", as: Int.self)
            let seen = request.headers.filter {
                ["traceparent", "tracestate", "baggage"].contains($0.name.canonicalName)
            }
            let text = seen.map { "\($0.name.canonicalName): \($0.value)" }.sorted().joined(separator: "\n")
            return Response(status: .init(code: code), body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        }
        return router
    }

    @Test func anUnreachableServerFailsTheSpan() async throws {
        let port = try await NobodyListening.port()
        let telemetry = try telemetry()
        let client = InstrumentedHTTPClient(telemetry: telemetry)
        await #expect(throws: (any Error).self) {
            try await client.execute(
                HTTPClientRequest(url: "http://user:secret@127.0.0.1:\(port)/a?b=c"), timeout: .milliseconds(300))
        }
        let span = try #require(telemetry.traceQueue?.takeSpans().first)
        #expect(span.kind == .client && span.status.code == .error && !span.status.message.isEmpty)
        #expect(span.attributes["url.full"] == .string("http://REDACTED:REDACTED@127.0.0.1:\(port)/a?b=c"))
        #expect(span.attributes["http.response.status_code"] == nil)
        #expect(span.attributes["error.type"]?.text.isEmpty == false)
        #expect(span.events.map(\.name) == ["exception"])
        #expect(telemetry.metrics.lines("http_client_request_duration_seconds_count").count == 1)
    }

    @Test func aPortThatCannotExistIsAnErrorAndNotTheEnd() async throws {
        let telemetry = try telemetry()
        let client = InstrumentedHTTPClient(telemetry: telemetry)
        await #expect(throws: HTTPClientError.invalidURL) {
            try await client.execute(HTTPClientRequest(url: "http://127.0.0.1:99999/"))
        }
        let span = try #require(telemetry.traceQueue?.takeSpans().first)
        #expect(span.status.code == .error)
    }

    @Test(.timeLimit(.minutes(1))) func aBodyThatDripsEndsAtTheDeadlineOfTheWhole() async throws {
        let router = Router()
        router.get("/drip") { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    while !Task.isCancelled {
                        try await writer.write(ByteBuffer(string: "."))
                        try await Task.sleep(for: .milliseconds(5))
                    }
                    try await writer.finish(nil)
                })
        }
        let telemetry = try telemetry()
        try await withServer(router) { port in
            let client = InstrumentedHTTPClient(telemetry: telemetry)
            // On a machine with much to do the head may come late too; the deadline is the same.
            await #expect(throws: HTTPClientError.deadlineExceeded) {
                let response = try await client.execute(
                    HTTPClientRequest(url: "http://127.0.0.1:\(port)/drip"), timeout: .seconds(1))
                for try await _ in response.body {}
            }
        }
    }

    @Test(arguments: [(200, StatusCode.unset), (302, .unset), (404, .error), (503, .error)])
    func describesTheAnswer(code: Int, status: StatusCode) async throws {
        let telemetry = try telemetry()
        try await withServer(router) { port in
            let client = InstrumentedHTTPClient(telemetry: telemetry)
            let response = try await client.execute(
                HTTPClientRequest(url: "http://127.0.0.1:\(port)/echo/\(code)"), timeout: .seconds(30))
            #expect(response.status.code == code)
            _ = try await response.body.collect(upTo: 10_000)
        }
        let spans = try telemetry.traceQueue?.takeSpans() ?? []
        #expect(spans.count == 1)
        #expect(spans[0].name == "GET" && spans[0].status.code == status)
        #expect(spans[0].attributes["http.response.status_code"] == .int(Int64(code)))
        #expect(spans[0].attributes["http.request.method"] == .string("GET"))
        #expect(spans[0].attributes["server.address"] == .string("127.0.0.1"))
        #expect(spans[0].attributes["error.type"] == (code >= 400 ? .string("\(code)") : nil))
    }

    @Test func takesTheTraceAlong() async throws {
        let telemetry = try telemetry()
        let body = try await withServer(router) { port in
            let caller = telemetry.tracer.context(from: [
                "traceparent": SondeTracerTests.parent, "tracestate": "foo=1", "baggage": "user=alice",
            ])
            return try await ServiceContext.withValue(caller) {
                var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/echo/200")
                request.headers.add(name: "Traceparent", value: "stale")
                let client = InstrumentedHTTPClient(telemetry: telemetry)
                let response = try await client.execute(request, timeout: .seconds(30))
                return String(buffer: try await response.body.collect(upTo: 10_000))
            }
        }
        let span = try #require(telemetry.traceQueue?.takeSpans().first)
        #expect(
            body == """
                baggage: user=alice
                traceparent: 00-0af7651916cd43dd8448eb211c80319c-\(span.spanID.hex)-01
                tracestate: foo=1
                """)
        #expect(span.parentSpanID.hex == "b7ad6b7169203331")
    }

    @Test(
        arguments: [
            ("http://host", "http", "host", 80, "http://host"),
            ("HTTPS://host/a", "https", "host", 443, "HTTPS://host/a"),
            ("http://u:p@host:8080/a@b", "http", "host", 8_080, "http://REDACTED:REDACTED@host:8080/a@b"),
            ("http://[::1]:9/x", "http", "::1", 9, "http://[::1]:9/x"),
            ("http://host?u@v", "http", "host", 80, "http://host?u@v"),
            ("nonsense", nil, nil, nil, "nonsense"), ("", nil, nil, nil, ""),
        ] as [(String, String?, String?, Int?, String)])
    func takesURLsApart(url: String, scheme: String?, host: String?, port: Int?, shown: String) {
        let parts = URLParts(url)
        #expect(parts.scheme == scheme && parts.host == host && parts.port == port)
        #expect(parts.withoutCredentials == shown)
    }
}
