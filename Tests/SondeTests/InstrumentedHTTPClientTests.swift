// SPDX-License-Identifier: Apache-2.0

import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import SondeModel
import SondeSight
import Synchronization
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
        let port = try NobodyListening.port()
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

    @Test(.timeLimit(.minutes(10))) func aBodyThatDripsEndsAtTheDeadlineOfTheWhole() async throws {
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

    /// A server that sends on, and one that fails before it answers.
    private func hops(_ seen: Calls) -> Router<BasicRequestContext> {
        let router = Router()
        for path in ["/start/:code", "/start/:code/:name"] {
            for method in [HTTPRequest.Method.get, .post] {
                router.on(RouterPath(path), method: method) { request, context in
                    seen.add(request)
                    let code = try context.parameters.require("code", as: Int.self)
                    return Response(
                        status: .init(code: code),
                        headers: [.location: request.uri.queryParameters["to"].map(String.init) ?? "/end"])
                }
            }
        }
        for method in [HTTPRequest.Method.get, .post] {
            router.on("/end", method: method) { request, _ in
                seen.add(request)
                return "here"
            }
        }
        router.get("/shaky/:failures") { request, context in
            let failures = try context.parameters.require("failures", as: Int.self)
            return Response(status: seen.add(request) <= failures ? .serviceUnavailable : .ok)
        }
        return router
    }

    @Test(arguments: [
        (301, "GET", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (307, "GET", "GET"), (308, "GET", "GET"),
    ])
    func aRedirectIsASpanOfItsOwn(code: Int, method: String, then: String) async throws {
        let telemetry = try telemetry()
        let calls = Calls()
        try await withServer(hops(calls)) { port in
            var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/start/\(code)?to=/end")
            request.method = .RAW(value: method)
            if method == "POST" { request.body = .bytes(ByteBuffer(string: "x")) }
            let response = try await InstrumentedHTTPClient(telemetry: telemetry).execute(
                request, timeout: .seconds(60))
            #expect(response.status.code == 200)
        }
        let spans = try telemetry.traceQueue?.takeSpans() ?? []
        #expect(spans.map { $0.attributes["http.response.status_code"]?.text } == ["\(code)", "200"])
        #expect(spans.map { $0.attributes["http.request.resend_count"]?.text } == [nil, "1"])
        #expect(calls.all.map(\.method.rawValue) == [method, then])
        let sent = calls.all.map { $0.headers[HTTPField.Name("traceparent")!]?.split(separator: "-")[2] ?? "" }
        #expect(sent.map(String.init) == spans.map(\.spanID.hex))
    }

    @Test func credentialsStayWithTheServerTheyWereFor() async throws {
        let telemetry = try telemetry()
        let (first, second) = (Calls(), Calls())
        try await withServer(hops(second)) { [self] other in
            try await withServer(hops(first)) { port in
                var request = HTTPClientRequest(
                    url: "http://127.0.0.1:\(port)/start/302?to=http://127.0.0.1:\(other)/end")
                request.headers = ["authorization": "Bearer secret", "x-kept": "yes"]
                _ = try await InstrumentedHTTPClient(telemetry: telemetry).execute(request, timeout: .seconds(60))
            }
        }
        #expect(first.all.first?.headers[.authorization] == "Bearer secret")
        let headers = try #require(second.all.first?.headers)
        #expect(headers[.authorization] == nil && headers[HTTPField.Name("x-kept")!] == "yes")
    }

    @Test func aRedirectWithABodyThatMayBeAStreamIsLeftToTheCaller() async throws {
        let telemetry = try telemetry()
        let statuses = try await withServer(hops(Calls())) { port in
            var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/start/307?to=/end")
            request.method = .POST
            request.body = .bytes(ByteBuffer(string: "x"))
            let plain = try await InstrumentedHTTPClient(telemetry: telemetry).execute(request, timeout: .seconds(60))
            var resends = HTTPResends()
            resends.isBodyRepeatable = true
            let repeating = InstrumentedHTTPClient(telemetry: telemetry, resends: resends)
            return [plain.status.code, try await repeating.execute(request, timeout: .seconds(60)).status.code]
        }
        #expect(statuses == [307, 200])
    }

    @Test func redirectsInACircleEnd() async throws {
        let telemetry = try telemetry()
        let calls = Calls()
        try await withServer(hops(calls)) { port in
            let url = "http://127.0.0.1:\(port)/start/302?to=/start/302/again"
            let request = HTTPClientRequest(url: url)
            _ = try await InstrumentedHTTPClient(
                telemetry: telemetry, resends: HTTPResends(maxRedirects: 1, maxRetries: 0)
            )
            .execute(request, timeout: .seconds(60))
        }
        #expect(calls.all.count == 2)
    }

    @Test(arguments: [(2, 200, 3), (5, 503, 4)])
    func whatMayPassIsTriedAgain(failures: Int, status: Int, sendings: Int) async throws {
        let telemetry = try telemetry()
        let calls = Calls()
        try await withServer(hops(calls)) { port in
            var resends = HTTPResends(maxRetries: 3)
            resends.retryDelay = .milliseconds(1)
            let response = try await InstrumentedHTTPClient(telemetry: telemetry, resends: resends)
                .execute(HTTPClientRequest(url: "http://127.0.0.1:\(port)/shaky/\(failures)"), timeout: .seconds(60))
            #expect(response.status.code == status)
        }
        let spans = try telemetry.traceQueue?.takeSpans() ?? []
        #expect(spans.count == sendings && calls.all.count == sendings)
        #expect(
            spans.compactMap { $0.attributes["http.request.resend_count"]?.text } == (1..<sendings).map(String.init))
    }

    @Test func measuresWhomItCalledAndWhatCameOfIt() async throws {
        let telemetry = try telemetry()
        try await withServer(router) { port in
            for code in [200, 200, 404] {
                _ = try await InstrumentedHTTPClient(telemetry: telemetry)
                    .execute(HTTPClientRequest(url: "http://127.0.0.1:\(port)/echo/\(code)"), timeout: .seconds(60))
            }
        }
        let lines = telemetry.metrics.lines("http_client_request_duration_seconds_count")
        for part in [
            #"http_request_method="GET""#, #"http_response_status_code="200""#, #"network_protocol_version="1.1""#,
            #"server_address="127.0.0.1""#, "server_port=", "} 2",
        ] {
            #expect(lines.contains { $0.contains(part) }, "\(part)")
        }
        #expect(lines.count == 2 && lines.contains { $0.contains(#"error_type="404""#) })
    }

    @Test(
        arguments: [
            ("/b", "http://h:1/a/c?q#f", "http://h:1/b"), ("b?x", "http://h/a/c?q", "http://h/a/b?x"),
            ("?x", "http://h/a?q", "http://h/a?x"), ("//g/b", "https://h/a", "https://g/b"),
            ("https://g/b#f", "http://h", "https://g/b"), ("b", "http://h", "http://h/b"),
            ("", "http://h/a", "http://h/a"),
            ("mailto:x", "http://h", nil), ("ftp://h/a", "http://h", nil), ("/a", "nonsense", nil),
        ] as [(String, String, String?)])
    func resolvesReferences(reference: String, base: String, target: String?) {
        #expect(URLReference.resolve(reference, against: base) == target)
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

    @Test(arguments: SignedQuery.keys)
    func noSignatureIsShownWhateverItsKey(_ key: String) {
        #expect(SignedQuery.redacted("full=1&\(key)=secret&x=2") == "full=1&\(key)=REDACTED&x=2")
    }

    @Test(
        arguments: [
            ("http://host", "http", "host", 80, "http://host"),
            ("HTTPS://host/a", "https", "host", 443, "HTTPS://host/a"),
            ("http://u:p@host:8080/a@b", "http", "host", 8_080, "http://REDACTED:REDACTED@host:8080/a@b"),
            ("http://[::1]:9/x", "http", "::1", 9, "http://[::1]:9/x"),
            (
                "http://u@host/a?x=1&sig=s%2B&Signature=a=b&AWSAccessKeyId=k#sig=1", "http", "host", 80,
                "http://REDACTED:REDACTED@host/a?x=1&sig=REDACTED&Signature=REDACTED&AWSAccessKeyId=REDACTED#sig=1"
            ),
            (
                "http://host/a?X-Goog-Signature=&Sig=1&sig&X-Amz-Signature=é", "http", "host", 80,
                "http://host/a?X-Goog-Signature=REDACTED&Sig=1&sig&X-Amz-Signature=REDACTED"
            ),
            ("http://host/sig=1?#?sig=1", "http", "host", 80, "http://host/sig=1?#?sig=1"),
            ("/a?sig=1", nil, nil, nil, "/a?sig=REDACTED"), ("/a#b?sig=1", nil, nil, nil, "/a#b?sig=1"),
            ("http://host?u@v", "http", "host", 80, "http://host?u@v"),
            ("nonsense", nil, nil, nil, "nonsense"), ("", nil, nil, nil, ""),
        ] as [(String, String?, String?, Int?, String)])
    func takesURLsApart(url: String, scheme: String?, host: String?, port: Int?, shown: String) {
        let parts = URLParts(url)
        #expect(parts.scheme == scheme && parts.host == host && parts.port == port)
        #expect(parts.withoutCredentials == shown)
    }
}

/// The requests that servers saw.
private final class Calls: Sendable {
    private let state = Mutex<[Request]>([])

    var all: [Request] { state.withLock { $0 } }

    @discardableResult
    func add(_ request: Request) -> Int {
        state.withLock {
            $0.append(request)
            return $0.count
        }
    }
}
