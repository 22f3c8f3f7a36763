// SPDX-License-Identifier: Apache-2.0
// A server's side of a request: span, duration, number of active requests, and one log line.
//
// https://opentelemetry.io/docs/specs/semconv/http/

import CoreMetrics
import HTTPTypes
public import Hummingbird
import Logging
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
    private let excludedPaths: [String]
    private let protocolVersion: String?
    private let metrics = ServerMetrics()

    /// - Parameters:
    ///   - telemetry: Whose tracer and metrics to use; the global ones if nil.
    ///   - excludedPaths: Paths that get no span and whose log line is at debug level, with all below them. They still
    ///     count in the metrics.
    ///   - protocolVersion: `network.protocol.version`; Hummingbird does not tell it. Name `"2"` on an HTTP/2 server.
    public init(
        telemetry: Telemetry? = nil, excluding excludedPaths: [String] = ["/health", "/metrics"],
        protocolVersion: String? = "1.1"
    ) {
        self.telemetry = telemetry
        self.excludedPaths = excludedPaths
        self.protocolVersion = protocolVersion
    }

    public func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let tracer: any Tracer = telemetry?.tracer ?? InstrumentationSystem.tracer
        return try await handle(request, context: context, tracer: tracer, next: next)
    }

    private func handle(
        _ request: Request, context: Context, tracer: some Tracer,
        next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var caller = ServiceContext.topLevel
        tracer.extract(request.headers, into: &caller, using: HTTPFieldsExtractor())
        let isExcluded = isExcluded(request.uri.path)
        let description = ServerRequest(request, context: context, protocolVersion: protocolVersion)
        let span: (any Span)? =
            isExcluded
            ? nil : tracer.startSpan(description.spanMethod, context: caller, ofKind: .server)
        span?.attributes = description.attributes
        let observation = ServerObservation(
            request: description, span: span, caller: caller, logger: context.logger,
            level: isExcluded ? .debug : .info, metrics: metrics,
            factory: telemetry?.metrics ?? MetricsSystem.factory)
        do {
            let response = try await ServiceContext.withValue(span?.context ?? caller) {
                try await next(request, context)
            }
            observation.answered(status: Int(response.status.code), route: context.route)
            return finishing(response, observation)
        } catch {
            let status = (error as? any HTTPResponseError)?.status.code ?? 500
            observation.answered(status: Int(status), route: context.route, error: error)
            observation.finish()
            throw error
        }
    }

    /// A body of known length is finished with now; only a stream is worth waiting for, since watching a body costs
    /// Hummingbird's single write of head and body.
    private func finishing(_ response: Response, _ observation: ServerObservation) -> Response {
        guard response.body.contentLength == nil else {
            observation.finish()
            return response
        }
        var response = response
        let body = response.body
        response.body = ResponseBody(contentLength: nil) { writer in
            do {
                try await ServiceContext.withValue(observation.context) { try await body.write(writer) }
                observation.finish()
            } catch {
                observation.failed(error)
                observation.finish()
                throw error
            }
        }
        return response
    }

    private func isExcluded(_ path: String) -> Bool {
        excludedPaths.contains { path == $0 || path.hasPrefix($0 + "/") }
    }
}

extension RequestContext {
    /// The template of the route that answered (`/orders/{id}`); nil if none did, which Hummingbird calls `NotFound`.
    fileprivate var route: String? {
        endpointPath.flatMap { $0.hasPrefix("/") ? $0 : nil }
    }
}

/// Several headers of one name are one list, as HTTP has it. Names are compared without regard to case.
struct HTTPFieldsExtractor: Extractor {
    func extract(key: String, from headers: HTTPFields) -> String? {
        HTTPField.Name(key).flatMap { headers[$0] }
    }
}
