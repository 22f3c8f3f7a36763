// SPDX-License-Identifier: Apache-2.0
// One request from its arrival to the last byte of its answer: span, measurements, log line.

import CoreMetrics
import Logging
import Sonde
import Synchronization
import Tracing

/// The server span: ours, which is described when it ends; or another tracer's, which is described as it goes.
enum ServerSpan: Sendable {
    case ours(SondeSpan)
    case other(any Tracing.Span)
    /// The path is not traced.
    case none

    var ours: SondeSpan? {
        if case .ours(let span) = self { span } else { nil }
    }

    func recordError(_ error: any Error) {
        switch self {
        case .ours(let span): span.recordError(error)
        case .other(let span): span.recordError(error)
        case .none: break
        }
    }
}

/// A request that is being answered. ``finish(_:)`` must be called once.
struct ServerExchange: Sendable {
    let facts: ServerFacts
    let span: ServerSpan
    /// What the request's work runs in.
    let context: ServiceContext
    let logger: Logger
    /// The level of its line, and that of one that failed.
    let level: Logger.Level
    let failureLevel: Logger.Level
    private let metrics: MethodMetrics
    private let start = ContinuousClock.now

    init(
        _ facts: ServerFacts, span: ServerSpan, context: ServiceContext, logger: Logger, level: Logger.Level,
        failureLevel: Logger.Level, metrics: ServerMetrics
    ) {
        self.facts = facts
        self.span = span
        self.context = context
        self.logger = logger
        self.level = level
        self.failureLevel = failureLevel
        self.metrics = metrics.method(of: facts)
        self.metrics.active.increment()
    }

    /// What became of it: a 5xx is the server's failure, whether thrown or returned.
    func outcome(status: Int, route: String?, error: (any Error)? = nil) -> ServerOutcome {
        var outcome = ServerOutcome(status: status, route: route)
        guard status >= 500 else { return outcome }
        if let error { fail(&outcome, error) } else { outcome.errorType = "\(status)" }
        return outcome
    }

    func fail(_ outcome: inout ServerOutcome, _ error: any Error) {
        span.recordError(error)
        outcome.errorType = String(reflecting: type(of: error))
        outcome.message = "\(error)"
    }

    /// Measures, logs and ends the span. Runs in ``context``.
    func finish(_ outcome: ServerOutcome) {
        let nanoseconds = (ContinuousClock.now - start).nanoseconds
        metrics.active.decrement()
        let name = metrics.record(outcome, nanoseconds: nanoseconds)
        log(outcome, nanoseconds: nanoseconds)
        facts.end(outcome)
        let status = outcome.errorType.map { _ in SpanStatus(code: .error, message: outcome.message) }
        switch span {
        case .ours(let span): span.end(named: name, status: status)
        case .other(let span):
            span.operationName = name
            span.updateAttributes { $0.merge(facts.attributes) }
            if let status { span.setStatus(status) }
            span.end()
        case .none: break
        }
    }

    private func log(_ outcome: ServerOutcome, nanoseconds: Int64) {
        let level = outcome.errorType != nil ? failureLevel : level
        logger.log(level: level, "request", in: span.ours) { line in
            line.set("client.address", facts.clientAddress)
            line.set("duration_ms", microseconds: nanoseconds / 1_000)
            line.set("error.type", outcome.errorType)
            line.set("http.request.method", facts.method)
            line.set("http.response.status_code", outcome.status)
            line.set("http.route", outcome.route)
            line.set("url.path", facts.path)
        }
    }
}

/// An exchange whose answer is written piece by piece: finished exactly once, when told or when the answer is thrown away
/// unwritten.
final class StreamedExchange: Sendable {
    let exchange: ServerExchange
    private let outcome: Mutex<ServerOutcome?>

    init(_ exchange: ServerExchange, _ outcome: ServerOutcome) {
        self.exchange = exchange
        self.outcome = Mutex(outcome)
    }

    deinit { finish(nil) }

    /// - Parameter error: What ended the answer before its last byte.
    func finish(_ error: (any Error)?) {
        let ended: ServerOutcome? = outcome.withLock { outcome in
            defer { outcome = nil }
            return outcome
        }
        guard var ended else { return }
        if let error { exchange.fail(&ended, error) }
        ServiceContext.withValue(exchange.context) { exchange.finish(ended) }
    }
}
