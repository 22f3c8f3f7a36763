// SPDX-License-Identifier: Apache-2.0
// Decides what becomes of a request: once when its head is there (may it send its body?), once when it is complete.
// One dispatcher serves all connections of a listener.

import Logging
import NIOCore
import NIOHTTP1
import SondePipeline

struct Dispatcher: Sendable {
    /// The listener's name in logs and metrics: `otlp-http`, `query`.
    let listener: String
    let routes: RouteTable
    /// How requests that match no route are refused.
    let dialect: Dialect
    /// Nil where any Host is believed, since the listener stands on a public address anyway.
    let hosts: HostPolicy?
    /// Nil where pages read nothing.
    let cors: CORSPolicy?
    let limits: ServerLimits
    let budget: InFlightBudget
    let questions: QuestionGate
    /// Room for answers that their readers have not taken yet.
    let answers: InFlightBudget
    let metrics: ServerMetrics
    let date: HTTPDate
    let logger: Logger

    // MARK: When the head is there

    /// Whether the request may send its body. Runs on the connection's event loop and never waits.
    func plan(_ head: HTTPRequestHead) -> RequestIntake.Plan {
        var route: Route?
        do throws(Refusal) {
            try hosts?.check(head)
            let target = try RequestTarget(head.uri)
            if let reply = preflight(head, target) { return .refuse(reply, nil) }
            var match = try routes.match(head.method, target)
            route = match.route
            try admit(head, &match)
            return .take(match)
        } catch {
            return .refuse((route?.dialect ?? dialect).reply(to: error, head: head), route)
        }
    }

    private func admit(_ head: HTTPRequestHead, _ match: inout RouteMatch) throws(Refusal) {
        if let expectation = head.headers.first(name: "expect"), !head.expectsContinue, !head.version.isOld {
            throw Refusal(
                .expectationFailed, code: "expectation_failed", "cannot meet the expectation \(expectation)",
                hint: "only 100-continue is known")
        }
        let signal = match.route.intake.signal
        do throws(Refusal) {
            if case .ingest(_, let check) = match.route.intake { try check(head) }
        } catch {
            if let signal { metrics.ingestRefused(signal, reason: .unsupported) }
            throw error
        }
        let limit = match.route.maxBodyBytes(limits)
        let declared = head.declaredBodyBytes ?? 0
        guard declared <= limit else {
            if let signal { metrics.ingestRefused(signal, reason: .tooLarge) }
            throw .tooLarge(
                "the body is announced as \(declared) bytes; the limit is \(limit)", hint: "send smaller batches")
        }
        guard match.route.intake.takesBody else { return }
        // Not all that is announced: announcing costs nothing.
        guard let reservation = budget.reserve(min(declared, ServerLimits.firstBodyBytes)) else {
            if let signal { metrics.ingestRefused(signal, reason: .memory) }
            throw .memoryBusy
        }
        match.reservation = reservation
    }

    private func preflight(_ head: HTTPRequestHead, _ target: RequestTarget) -> Reply? {
        guard let cors, head.method == .OPTIONS, head.headers.contains(name: "access-control-request-method") else {
            return nil
        }
        // Pages may read and nothing else.
        let isRead = routes.routes.contains { $0.method == .GET && $0.parameters(in: target.segments) != nil }
        return isRead ? cors.preflight : nil
    }

    // MARK: When the request is complete

    /// A place for a question. Not before the request is whole: one that never becomes whole would keep a place and ask
    /// nothing.
    func enter() throws(Refusal) -> Question {
        if let question = questions.enter() { return question }
        metrics.questionRefused(.tooMany)
        throw .tooManyQuestions(questions.capacity)
    }

    /// The answer. Whatever a route throws becomes a refusal in its dialect.
    func respond(to request: Request) async -> Reply {
        defer { request.match.reservation?.release() }
        do {
            guard let question = request.match.question else { return try await request.match.route.answer(request) }
            return try await question.answer { try await request.match.route.answer(request) }
        } catch is CancellationError {
            // Whoever cancels has answered, or has nobody to answer.
            return Reply(.serviceUnavailable)
        } catch let refusal as Refusal {
            return request.match.route.dialect.reply(to: refusal, head: request.head)
        } catch {
            logger.error(
                "cannot answer a request",
                metadata: ["route": "\(request.match.route.pattern)", "error": "\(error)"])
            let refusal = Refusal(
                .internalServerError, code: "internal", "the collector failed to answer; its log says why")
            return request.match.route.dialect.reply(to: refusal, head: request.head)
        }
    }

    // MARK: When it goes wrong in between

    /// A request whose body grew too large, came too slowly or was not HTTP.
    func reply(to refusal: Refusal, route: Route?, head: HTTPRequestHead?) -> Reply {
        if let signal = route?.intake.signal {
            let reason: RefusalReason =
                switch refusal.status {
                case .payloadTooLarge: .tooLarge
                case .serviceUnavailable: .memory
                default: .incomplete
                }
            metrics.ingestRefused(signal, reason: reason)
        }
        return (route?.dialect ?? dialect).reply(to: refusal, head: head)
    }

    /// Every answer passes here as it leaves.
    func record(_ reply: Reply, route: Route?, head: HTTPRequestHead?, since arrival: ContinuousClock.Instant) {
        let duration = arrival.duration(to: .now)
        metrics.requestAnswered(
            listener: listener, route: route?.pattern ?? "none", status: String(reply.status.code), after: duration)
        logger.debug(
            "request",
            metadata: [
                "method": "\(head?.method.rawValue ?? "-")", "path": "\(head?.uri ?? "-")",
                "status": "\(reply.status.code)", "bytes": "\(reply.body.readableBytes)",
                "seconds": "\(duration.secondsAsDouble)",
            ])
    }
}
