// SPDX-License-Identifier: Apache-2.0
// HTTP requests that take the trace along: AsyncHTTPClient with a client span, headers and a duration around each call.
//
// https://opentelemetry.io/docs/specs/semconv/http/http-spans/

#if HTTPClient
    public import AsyncHTTPClient
    import CoreMetrics
    import NIOCore
    import NIOHTTP1
    import SondeWire
    import Tracing

    /// Sends requests inside a client span and passes `traceparent`, `tracestate` and `baggage` on.
    ///
    /// ```swift
    /// let client = InstrumentedHTTPClient()
    /// var request = HTTPClientRequest(url: "http://127.0.0.1:9121/stock")
    /// let response = try await client.execute(request, timeout: .seconds(5))
    /// ```
    ///
    /// A status of 400 or more, and an error thrown, mark the span as failed. The span ends when the response's head has
    /// arrived; its body may still be on the way.
    public struct InstrumentedHTTPClient: Sendable {
        private let client: HTTPClient
        private let telemetry: Telemetry?

        /// - Parameters:
        ///   - telemetry: Whose tracer and metrics to use; the global ones if nil.
        ///   - client: The client to send with; by default one shared by the process that makes no spans of its own. Give a
        ///     client of yours a configuration whose `tracing.tracer` is nil, or each request has two spans.
        public init(telemetry: Telemetry? = nil, client: HTTPClient? = nil) {
            self.telemetry = telemetry
            self.client = client ?? Self.shared
        }

        /// Lives as long as the process, so nobody has to shut it down.
        private static let shared = HTTPClient(
            eventLoopGroupProvider: .shared(HTTPClient.defaultEventLoopGroup), configuration: .untraced)

        /// Sends a request and returns when the head of its response is there.
        ///
        /// `timeout` is for the whole exchange: a body that has not ended by then throws
        /// `HTTPClientError.deadlineExceeded` to whoever reads it. A URL whose port can't exist throws
        /// `HTTPClientError.invalidURL`.
        public func execute(
            _ request: HTTPClientRequest, timeout: Duration = .seconds(30)
        ) async throws -> HTTPClientResponse {
            let tracer: any Tracer = telemetry?.tracer ?? InstrumentationSystem.tracer
            return try await execute(request, timeout: timeout, tracer: tracer)
        }

        private func execute(
            _ request: HTTPClientRequest, timeout: Duration, tracer: some Tracer
        ) async throws -> HTTPClientResponse {
            let call = ClientCall(request)
            let span = tracer.startSpan(call.spanName, ofKind: .client)
            span.attributes = call.attributes
            defer { span.end() }
            var request = request
            tracer.inject(span.context, into: &request.headers, using: HTTPHeadersInjector())
            let start = ContinuousClock.now
            do {
                // A port beyond 65 535 would end the process deep inside the network library.
                guard URLAuthority(ofURL: request.url)?.hasUsablePort != false else { throw HTTPClientError.invalidURL }
                var response = try await ServiceContext.withValue(span.context) {
                    try await client.execute(request, timeout: TimeAmount(timeout))
                }
                response.body = .stream(TimedBody(body: response.body, deadline: start + timeout))
                let status = Int(response.status.code)
                span.attributes["http.response.status_code"] = status
                if status >= 400 { fail(span, errorType: "\(status)", message: nil) }
                record(call, since: start, status: status, errorType: status >= 400 ? "\(status)" : nil)
                return response
            } catch {
                let errorType = String(reflecting: type(of: error))
                span.recordError(error)
                fail(span, errorType: errorType, message: "\(error)")
                record(call, since: start, status: nil, errorType: errorType)
                throw error
            }
        }

        private func fail(_ span: some Tracing.Span, errorType: String, message: String?) {
            span.attributes["error.type"] = errorType
            span.setStatus(SpanStatus(code: .error, message: message))
        }

        private func record(_ call: ClientCall, since start: ContinuousClock.Instant, status: Int?, errorType: String?)
        {
            var labels = [("http.request.method", call.method)]
            if let host = call.url.host { labels.append(("server.address", host)) }
            if let port = call.url.port { labels.append(("server.port", "\(port)")) }
            if let status { labels.append(("http.response.status_code", "\(status)")) }
            if let errorType { labels.append(("error.type", errorType)) }
            let timer = Timer(
                label: "http.client.request.duration", dimensions: labels,
                factory: telemetry?.metrics ?? MetricsSystem.factory)
            timer.recordNanoseconds((ContinuousClock.now - start).nanoseconds)
        }
    }

    /// What is known of a call before it is made.
    private struct ClientCall {
        let method: String
        let spanName: String
        let url: URLParts
        let attributes: SpanAttributes

        init(_ request: HTTPClientRequest) {
            url = URLParts(request.url)
            method = HTTPMethodName.known(request.method.rawValue)
            spanName = HTTPMethodName.spanName(request.method.rawValue)
            var attributes: SpanAttributes = [
                "http.request.method": .string(method), "url.full": .string(url.withoutCredentials),
            ]
            if method != request.method.rawValue {
                attributes["http.request.method_original"] = request.method.rawValue
            }
            if let host = url.host { attributes["server.address"] = host }
            if let port = url.port { attributes["server.port"] = port }
            self.attributes = attributes
        }
    }

    private struct HTTPHeadersInjector: Injector {
        func inject(_ value: String, forKey key: String, into headers: inout HTTPHeaders) {
            headers.replaceOrAdd(name: key, value: value)
        }
    }
#endif
