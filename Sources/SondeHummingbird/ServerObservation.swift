// SPDX-License-Identifier: Apache-2.0
// One request from its arrival to the last byte of its answer.

import CoreMetrics
import Logging
import Sonde
import Synchronization
import Tracing

/// Ends span, measurements and log line exactly once: when told, or when the response is thrown away unwritten.
final class ServerObservation: Sendable {
    private struct Outcome {
        var status: Int?
        var route: String?
        var errorType: String?
        var isFinished = false
    }

    /// What the request's work runs in.
    let context: ServiceContext
    private let request: ServerRequest
    private let span: (any Span)?
    private let logger: Logger
    private let level: Logger.Level
    private let metrics: ServerMetrics
    private let factory: any MetricsFactory
    private let start = ContinuousClock.now
    private let outcome = Mutex(Outcome())

    init(
        request: ServerRequest, span: (any Span)?, caller: ServiceContext, logger: Logger, level: Logger.Level,
        metrics: ServerMetrics, factory: any MetricsFactory
    ) {
        self.request = request
        self.span = span
        self.context = span?.context ?? caller
        self.logger = logger
        self.level = level
        self.metrics = metrics
        self.factory = factory
        metrics.active(request, factory: factory).increment()
    }

    deinit { finish() }

    func answered(status: Int, route: String?, error: (any Error)? = nil) {
        outcome.withLock {
            $0.status = status
            $0.route = route
        }
        if let route { span?.operationName = request.spanMethod + " " + route }
        span?.updateAttributes { attributes in
            attributes["http.response.status_code"] = status
            attributes["http.route"] = route
        }
        guard status >= 500 else { return }
        if let error { failed(error) } else { failed(errorType: "\(status)", message: nil) }
    }

    /// An error that the client sees as a failure of the server.
    func failed(_ error: any Error) {
        span?.recordError(error)
        failed(errorType: String(reflecting: type(of: error)), message: "\(error)")
    }

    private func failed(errorType: String, message: String?) {
        outcome.withLock { $0.errorType = errorType }
        span?.attributes["error.type"] = errorType
        span?.setStatus(SpanStatus(code: .error, message: message))
    }

    func finish() {
        let ended: Outcome? = outcome.withLock { outcome in
            guard !outcome.isFinished else { return nil }
            outcome.isFinished = true
            return outcome
        }
        guard let ended else { return }
        let nanoseconds = (ContinuousClock.now - start).nanoseconds
        metrics.active(request, factory: factory).decrement()
        metrics.duration(request, status: ended.status, route: ended.route, factory: factory)
            .recordNanoseconds(nanoseconds)
        ServiceContext.withValue(context) { log(ended, nanoseconds: nanoseconds) }
        span?.end()
    }

    private func log(_ outcome: Outcome, nanoseconds: Int64) {
        let level = outcome.errorType != nil ? Logger.Level.error : level
        guard logger.logLevel <= level else { return }
        var metadata: Logger.Metadata = [
            "http.request.method": .string(request.method), "url.path": .string(request.path),
            "duration_ms": .stringConvertible(Double(nanoseconds / 1_000) / 1_000),
        ]
        if let status = outcome.status { metadata["http.response.status_code"] = .stringConvertible(status) }
        if let route = outcome.route { metadata["http.route"] = .string(route) }
        if let address = request.clientAddress { metadata["client.address"] = .string(address) }
        if let errorType = outcome.errorType { metadata["error.type"] = .string(errorType) }
        logger.log(level: level, "request", metadata: metadata)
    }
}

/// The metrics of one middleware, kept by label so that a request does not register them anew.
final class ServerMetrics: Sendable {
    private struct Key: Hashable {
        var method: String
        var status: Int?
        var route: String?
    }

    /// Combinations that are kept. Routes and known methods are few; beyond this they are looked up in the registry.
    private static let limit = 4_096

    private let durations = Mutex<[Key: CoreMetrics.Timer]>([:])
    private let actives = Mutex<[String: Meter]>([:])

    func duration(
        _ request: ServerRequest, status: Int?, route: String?, factory: any MetricsFactory
    ) -> CoreMetrics.Timer {
        let key = Key(method: request.method, status: status, route: route)
        return durations.withLock { durations in
            if let known = durations[key] { return known }
            var labels = [("http.request.method", request.method)]
            if let status { labels.append(("http.response.status_code", "\(status)")) }
            if let route { labels.append(("http.route", route)) }
            let made = CoreMetrics.Timer(label: "http.server.request.duration", dimensions: labels, factory: factory)
            if durations.count < Self.limit { durations[key] = made }
            return made
        }
    }

    func active(_ request: ServerRequest, factory: any MetricsFactory) -> Meter {
        actives.withLock { actives in
            if let known = actives[request.method] { return known }
            let labels = [("http.request.method", request.method)]
            let made = Meter(label: "http.server.active_requests", dimensions: labels, factory: factory)
            actives[request.method] = made
            return made
        }
    }
}
