// SPDX-License-Identifier: Apache-2.0
// A server's side of a request: span, duration, number of active requests, and one log line.
//
// https://opentelemetry.io/docs/specs/semconv/http/

public import Hummingbird
import Logging
import NIOCore
public import Sonde
import Tracing

/// Observes every request of a router.
///
/// ```swift
/// let router = Router(context: TelemetryRequestContext.self)
/// router.add(middleware: TelemetryMiddleware())
/// router.addTelemetryRoutes(telemetry)
/// ```
///
/// The caller's trace context is read from the headers; handlers run inside the server span, so that what they log,
/// measure and call belongs to it. A 5xx marks the span as failed whether it was thrown or returned; a 4xx does not. The
/// span ends when a streamed body (one without a known length) has been written, else when the handler has answered.
public struct TelemetryMiddleware<Context: RequestContext>: RouterMiddleware {
    private let telemetry: Telemetry?
    private let excluded: [ExcludedPath]
    private let protocolVersion: String?
    private let metrics: ServerMetrics
    private let clientAddress: @Sendable (Context) -> SocketAddress?

    /// - Parameters:
    ///   - telemetry: Whose tracer and metrics to use; the global ones if nil.
    ///   - excludedPaths: Paths that get no span and whose log line is at debug level even if they fail, with all below
    ///     them. They still count in the metrics.
    ///   - protocolVersion: `network.protocol.version`; Hummingbird does not tell it. Name `"2"` on an HTTP/2 server.
    public init(
        telemetry: Telemetry? = nil, excluding excludedPaths: [String] = ["/health", "/metrics"],
        protocolVersion: String? = "1.1"
    ) {
        self.init(telemetry, excludedPaths, protocolVersion) {
            ($0 as? any RemoteAddressRequestContext)?.remoteAddress
        }
    }

    /// The same for a context that is known to tell the client's address: a cast for each request is saved.
    ///
    /// - Parameters:
    ///   - telemetry: Whose tracer and metrics to use; the global ones if nil.
    ///   - excludedPaths: Paths that get no span and whose log line is at debug level, with all below them.
    ///   - protocolVersion: `network.protocol.version`; Hummingbird does not tell it.
    public init(
        telemetry: Telemetry? = nil, excluding excludedPaths: [String] = ["/health", "/metrics"],
        protocolVersion: String? = "1.1"
    ) where Context: RemoteAddressRequestContext {
        self.init(telemetry, excludedPaths, protocolVersion) { $0.remoteAddress }
    }

    private init(
        _ telemetry: Telemetry?, _ excludedPaths: [String], _ protocolVersion: String?,
        clientAddress: @escaping @Sendable (Context) -> SocketAddress?
    ) {
        self.telemetry = telemetry
        excluded = excludedPaths.map(ExcludedPath.init)
        self.protocolVersion = protocolVersion
        metrics = ServerMetrics(telemetry, protocolVersion: protocolVersion)
        self.clientAddress = clientAddress
    }

    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let exchange = begin(request, context)
        return try await ServiceContext.withValue(exchange.context) {
            do {
                let response = try await next(request, context)
                let outcome = exchange.outcome(status: Int(response.status.code), route: context.route)
                return finishing(response, exchange, outcome)
            } catch {
                let status = (error as? any HTTPResponseError)?.status.code ?? 500
                exchange.finish(exchange.outcome(status: Int(status), route: context.route, error: error))
                throw error
            }
        }
    }

    private func begin(_ request: Request, _ context: Context) -> ServerExchange {
        let headers = PickedHeaders(request.headers)
        let facts = ServerFacts(
            request, headers: headers, peer: clientAddress(context), protocolVersion: protocolVersion)
        let isExcluded = excluded.contains { $0.contains(facts.path) }
        let (span, serving) = span(of: facts, headers, isExcluded: isExcluded)
        return ServerExchange(
            facts, span: span, context: serving, logger: context.logger, level: isExcluded ? .debug : .info,
            failureLevel: isExcluded ? .debug : .error, metrics: metrics)
    }

    /// The server span, and what the request's work runs in.
    private func span(
        of facts: ServerFacts, _ headers: PickedHeaders, isExcluded: Bool
    ) -> (ServerSpan, ServiceContext) {
        let ours = telemetry?.tracer ?? SondeTracer.inForce
        if let ours, !isExcluded {
            let span = ours.startSpan(
                facts.spanMethod, from: headers, using: PickedHeadersExtractor(), ofKind: .server, facts: facts)
            return (.ours(span), span.context)
        }
        var caller = ServiceContext.topLevel
        let tracer: any Tracer = ours ?? InstrumentationSystem.tracer
        tracer.extract(headers, into: &caller, using: PickedHeadersExtractor())
        guard !isExcluded else { return (.none, caller) }
        let span = tracer.startSpan(facts.spanMethod, context: caller, ofKind: .server)
        return (.other(span), span.context)
    }

    /// A body of known length is finished with now; only a stream is worth waiting for, since watching a body costs
    /// Hummingbird's single write of head and body.
    private func finishing(_ response: Response, _ exchange: ServerExchange, _ outcome: ServerOutcome) -> Response {
        guard response.body.contentLength == nil else {
            exchange.finish(outcome)
            return response
        }
        let streamed = StreamedExchange(exchange, outcome)
        var response = response
        let body = response.body
        response.body = ResponseBody(contentLength: nil) { writer in
            do {
                try await ServiceContext.withValue(streamed.exchange.context) { try await body.write(writer) }
                streamed.finish(nil)
            } catch {
                streamed.finish(error)
                throw error
            }
        }
        return response
    }
}

extension RequestContext {
    /// The template of the route that answered (`/orders/{id}`); nil if none did, which Hummingbird calls `NotFound`.
    fileprivate var route: String? {
        endpointPath.flatMap { $0.utf8.first == UInt8(ascii: "/") ? $0 : nil }
    }
}

/// A path and all below it.
private struct ExcludedPath: Sendable {
    let path: String
    let folder: String

    init(_ path: String) {
        self.path = path
        folder = path + "/"
    }

    func contains(_ other: String) -> Bool { other == path || other.hasPrefix(folder) }
}

extension SondeTracer {
    /// The tracer of this task, else the one installed for the process, if it is Sonde's. Asked for each request: tests
    /// that share a router have one each. Most often the first question answers it, and costs one cast.
    fileprivate static var inForce: SondeTracer? {
        InstrumentationSystem.instrument as? SondeTracer ?? InstrumentationSystem.tracer as? SondeTracer
    }
}
