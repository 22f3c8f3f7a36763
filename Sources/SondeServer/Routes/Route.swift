// SPDX-License-Identifier: Apache-2.0
// A path, a method, and what stands behind them.

import NIOCore
import NIOHTTP1
import SondePipeline

/// One entry of the router. Which listener opens it is decided by the group it stands in.
struct Route: Sendable {
    var method: HTTPMethod
    /// As documented: `/sonde/v1/traces/{id}`. Also the route's name in metrics.
    var pattern: String
    var segments: [Segment]
    var dialect: Dialect
    var intake: Intake
    var answer: @Sendable (Request) async throws -> Reply

    enum Segment: Hashable, Sendable {
        case literal(String)
        case parameter(String)
    }

    /// What of a request's body is taken, decided when its head is there.
    enum Intake: Sendable {
        /// A question to the store: a small body may come along and is not looked at. So many at once, and for so long.
        case question
        /// A question whose body is what it is about; it counts against the memory budget.
        case document
        /// A question that is answered even where no place for another is left: how the collector is.
        case probe
        /// Telemetry: bodies count against the memory budget.
        case ingest(Signal, check: @Sendable (HTTPRequestHead) throws(Refusal) -> Void)

        var signal: Signal? {
            if case .ingest(let signal, _) = self { signal } else { nil }
        }

        /// Whether it needs one of the places that there are for questions.
        var isQuestion: Bool {
            switch self {
            case .question, .document: true
            case .probe, .ingest: false
            }
        }

        /// Whether somebody reads the body.
        var takesBody: Bool {
            switch self {
            case .document, .ingest: true
            case .question, .probe: false
            }
        }
    }

    init(
        _ method: HTTPMethod, _ pattern: String, dialect: Dialect = .native, intake: Intake = .question,
        answer: @escaping @Sendable (Request) async throws -> Reply
    ) {
        self.method = method
        self.pattern = pattern
        self.dialect = dialect
        self.intake = intake
        self.answer = answer
        self.segments = pattern.split(separator: "/").map { part in
            part.hasPrefix("{") ? .parameter(String(part.dropFirst().dropLast())) : .literal(String(part))
        }
    }

    /// The segments that stand for parameters, by name; nil if the path is another one.
    func parameters(in path: [String]) -> [String: String]? {
        guard path.count == segments.count else { return nil }
        var parameters: [String: String] = [:]
        for (segment, part) in zip(segments, path) {
            switch segment {
            case .literal(let text): guard text == part else { return nil }
            case .parameter(let name): parameters[name] = part
            }
        }
        return parameters
    }
}

/// The routes that one listener has opened.
struct RouteTable: Sendable {
    let routes: [Route]
    /// How everything else is refused; nil for a plain 404.
    var elsewhere: Refusal?

    /// The route for a request; every `GET` answers `HEAD` too.
    func match(_ method: HTTPMethod, _ target: RequestTarget) throws(Refusal) -> RouteMatch {
        let asked = method == .HEAD ? .GET : method
        var known: [String] = []
        for route in routes {
            guard let parameters = route.parameters(in: target.segments) else { continue }
            if route.method == asked { return RouteMatch(route: route, target: target, parameters: parameters) }
            known.append(route.method == .GET ? "GET, HEAD" : route.method.rawValue)
        }
        guard known.isEmpty else { throw methodNotAllowed(method, target, allow: known.joined(separator: ", ")) }
        if let elsewhere { throw elsewhere }
        throw .notFound("nothing is served at \(target.path)", hint: "docs/api.md lists the paths of each listener")
    }

    private func methodNotAllowed(_ method: HTTPMethod, _ target: RequestTarget, allow: String) -> Refusal {
        var refusal = Refusal(
            .methodNotAllowed, code: "method_not_allowed", "\(method.rawValue) is not served at \(target.path)",
            hint: "use \(allow)")
        refusal.allow = allow
        return refusal
    }
}
