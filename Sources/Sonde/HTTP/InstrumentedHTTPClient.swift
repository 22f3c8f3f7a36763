// SPDX-License-Identifier: Apache-2.0
// HTTP requests that take the trace along: AsyncHTTPClient with a client span, headers and a duration around each sending.
//
// https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client

#if HTTPClient
    public import AsyncHTTPClient
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
    /// arrived; its body may still be on the way. A redirect that is followed and a retry have a span of their own
    /// (``HTTPResends``). Each sending is measured in `http.client.request.duration`.
    public struct InstrumentedHTTPClient: Sendable {
        private let client: HTTPClient
        private let telemetry: Telemetry?
        private let resends: HTTPResends
        private let metrics: ClientMetrics

        /// - Parameters:
        ///   - telemetry: Whose tracer and metrics to use; the global ones if nil.
        ///   - client: The client to send with; by default one shared by the process that makes no spans of its own and
        ///     leaves redirects to `resends`. Give a client of yours a configuration whose `tracing.tracer` is nil, or each
        ///     request has two spans; redirects that it follows by itself are part of one span.
        ///   - resends: Which redirects are followed, and whether failures are tried again.
        public init(telemetry: Telemetry? = nil, client: HTTPClient? = nil, resends: HTTPResends = HTTPResends()) {
            self.telemetry = telemetry
            self.client = client ?? Self.shared
            self.resends = resends
            metrics = ClientMetrics(telemetry)
        }

        /// Lives as long as the process, so nobody has to shut it down.
        private static let shared: HTTPClient = {
            var configuration = HTTPClient.Configuration.untraced
            configuration.redirectConfiguration = .disallow
            return HTTPClient(
                eventLoopGroupProvider: .shared(HTTPClient.defaultEventLoopGroup), configuration: configuration)
        }()

        /// Sends a request and returns when the head of its response is there.
        ///
        /// `timeout` is for the whole exchange, redirects and retries included: a body that has not ended by then throws
        /// `HTTPClientError.deadlineExceeded` to whoever reads it. A URL whose port can't exist throws
        /// `HTTPClientError.invalidURL`.
        public func execute(
            _ request: HTTPClientRequest, timeout: Duration = .seconds(30)
        ) async throws -> HTTPClientResponse {
            let deadline = ContinuousClock.now + timeout
            var request = request
            var state = ResendState(resends)
            while true {
                do {
                    let response = try await send(request, deadline: deadline, resendCount: state.count)
                    if let next = state.redirected(request, by: response) {
                        request = next
                        continue
                    }
                    guard let delay = state.delay(of: request, after: response), delay < deadline - .now else {
                        return response
                    }
                    try await Task.sleep(for: delay)
                } catch  where Self.mayPass(error) {
                    guard let delay = state.delay(of: request, after: nil), delay < deadline - .now else { throw error }
                    try await Task.sleep(for: delay)
                }
            }
        }

        /// Whether a connection could be better the next time; what the caller did wrong, or gave up, stays so.
        private static func mayPass(_ error: any Error) -> Bool {
            guard let error = error as? HTTPClientError else { return !(error is CancellationError) }
            return [.connectTimeout, .remoteConnectionClosed, .getConnectionFromPoolTimeout].contains(error)
        }

        // MARK: One sending

        private func send(
            _ request: HTTPClientRequest, deadline: ContinuousClock.Instant, resendCount: Int
        ) async throws -> HTTPClientResponse {
            let tracer: any Tracer = telemetry?.tracer ?? InstrumentationSystem.tracer
            return try await send(request, deadline: deadline, resendCount: resendCount, tracer: tracer)
        }

        private func send(
            _ request: HTTPClientRequest, deadline: ContinuousClock.Instant, resendCount: Int, tracer: some Tracer
        ) async throws -> HTTPClientResponse {
            let call = ClientCall(request)
            let span = tracer.startSpan(call.spanName, ofKind: .client)
            defer { span.end() }
            if span.isRecording { span.updateAttributes { call.describe(in: &$0, resendCount: resendCount) } }
            var request = request
            tracer.inject(span.context, into: &request.headers, using: HTTPHeadersInjector())
            let start = ContinuousClock.now
            do {
                // A port beyond 65 535 would end the process deep inside the network library.
                guard URLAuthority(ofURL: request.url)?.hasUsablePort != false else { throw HTTPClientError.invalidURL }
                var response = try await ServiceContext.withValue(span.context) {
                    try await client.execute(request, timeout: TimeAmount(max(.zero, deadline - start)))
                }
                response.body = .stream(TimedBody(body: response.body, deadline: deadline))
                answered(span, call, response, since: start)
                return response
            } catch {
                span.recordError(error)
                failed(span, call, error, since: start)
                throw error
            }
        }

        private func answered(
            _ span: some Tracing.Span, _ call: ClientCall, _ response: HTTPClientResponse,
            since start: ContinuousClock.Instant
        ) {
            let status = Int(response.status.code)
            let errorType = status >= 400 ? "\(status)" : nil
            let version = response.version.name
            if span.isRecording {
                span.updateAttributes { attributes in
                    attributes["http.response.status_code"] = status
                    attributes["network.protocol.version"] = version
                    attributes["error.type"] = errorType
                }
            }
            if errorType != nil { span.setStatus(SpanStatus(code: .error)) }
            metrics.record(
                ClientMetrics.Key(call, status: status, version: version, errorType: errorType), since: start)
        }

        private func failed(
            _ span: some Tracing.Span, _ call: ClientCall, _ error: any Error, since start: ContinuousClock.Instant
        ) {
            let errorType = ClientCall.errorType(error)
            span.attributes["error.type"] = errorType
            span.setStatus(SpanStatus(code: .error, message: "\(error)"))
            metrics.record(ClientMetrics.Key(call, status: nil, version: nil, errorType: errorType), since: start)
        }
    }

    /// What is known of a call before it is made.
    struct ClientCall {
        let method: String
        let originalMethod: String
        let url: URLParts

        init(_ request: HTTPClientRequest) {
            url = URLParts(request.url)
            originalMethod = request.method.rawValue
            method = HTTPMethodName.known(originalMethod)
        }

        var spanName: String { HTTPMethodName.spanName(originalMethod) }

        func describe(in attributes: inout SpanAttributes, resendCount: Int) {
            attributes["http.request.method"] = method
            attributes["url.full"] = url.withoutCredentials
            attributes["server.address"] = url.host
            attributes["server.port"] = url.port
            if method != originalMethod { attributes["http.request.method_original"] = originalMethod }
            if resendCount > 0 { attributes["http.request.resend_count"] = resendCount }
        }

        /// One of few: the client's own name for what went wrong, else the error's type.
        static func errorType(_ error: any Error) -> String {
            guard error is HTTPClientError else { return String(reflecting: type(of: error)) }
            return String("\(error)".prefix { $0 != "(" && $0 != ":" && $0 != " " })
        }
    }

    extension HTTPVersion {
        /// `network.protocol.version`: `1.1`, `2`.
        fileprivate var name: String { minor == 0 && major > 1 ? "\(major)" : "\(major).\(minor)" }
    }

    private struct HTTPHeadersInjector: Injector {
        func inject(_ value: String, forKey key: String, into headers: inout HTTPHeaders) {
            headers.replaceOrAdd(name: key, value: value)
        }
    }
#endif
