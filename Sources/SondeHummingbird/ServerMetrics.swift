// SPDX-License-Identifier: Apache-2.0
// The metrics of one middleware, kept by what they are labelled with, so that a request finds them without making labels.
//
// https://opentelemetry.io/docs/specs/semconv/http/http-metrics/#http-server

import CoreMetrics
import Sonde
import Synchronization

/// Methods are few: they are found by comparing. Below each are the routes, by their template.
final class ServerMetrics: Sendable {
    private let telemetry: Telemetry?
    private let protocolVersion: String?
    private let methods = Mutex<[MethodMetrics]>([])

    init(_ telemetry: Telemetry?, protocolVersion: String?) {
        self.telemetry = telemetry
        self.protocolVersion = protocolVersion
    }

    func method(of facts: ServerFacts) -> MethodMetrics {
        methods.withLock { methods in
            if let known = methods.first(where: { $0.method == facts.method && $0.scheme == facts.scheme }) {
                return known
            }
            let made = MethodMetrics(
                facts, protocolVersion: protocolVersion, factory: telemetry?.metrics ?? MetricsSystem.factory)
            // A caller can't invent methods, and a scheme only on HTTP/2.
            if methods.count < Limits.keptMethods { methods.append(made) }
            return made
        }
    }
}

/// What requests of one method have in common.
final class MethodMetrics: Sendable {
    let method: String
    let scheme: String
    let active: Meter
    private let spanMethod: String
    private let protocolVersion: String?
    private let factory: any MetricsFactory
    private let withoutRoute: RouteMetrics
    private let routes = Mutex<[String: RouteMetrics]>([:])

    init(_ facts: ServerFacts, protocolVersion: String?, factory: any MetricsFactory) {
        method = facts.method
        scheme = facts.scheme
        spanMethod = facts.spanMethod
        self.protocolVersion = protocolVersion
        self.factory = factory
        let labels = [("http.request.method", facts.method), ("url.scheme", facts.scheme)]
        active = Meter(label: "http.server.active_requests", dimensions: labels, factory: factory)
        withoutRoute = RouteMetrics(spanName: facts.spanMethod)
    }

    /// Records a request that has ended, and returns what its span is called.
    func record(_ outcome: ServerOutcome, nanoseconds: Int64) -> String {
        let route = route(outcome.route)
        route.timer(outcome) { makeTimer(outcome) }.recordNanoseconds(nanoseconds)
        return route.spanName
    }

    private func route(_ template: String?) -> RouteMetrics {
        guard let template else { return withoutRoute }
        return routes.withLock { routes in
            if let known = routes[template] { return known }
            let made = RouteMetrics(spanName: spanMethod + " " + template)
            if routes.count < Limits.keptRoutes { routes[template] = made }
            return made
        }
    }

    private func makeTimer(_ outcome: ServerOutcome) -> CoreMetrics.Timer {
        var labels = [("http.request.method", method), ("url.scheme", scheme)]
        if let status = outcome.status { labels.append(("http.response.status_code", "\(status)")) }
        if let route = outcome.route { labels.append(("http.route", route)) }
        if let protocolVersion { labels.append(("network.protocol.version", protocolVersion)) }
        if let errorType = outcome.errorType { labels.append(("error.type", errorType)) }
        return CoreMetrics.Timer(label: "http.server.request.duration", dimensions: labels, factory: factory)
    }
}

/// What requests of one method and route have in common: their span's name, and a timer by status.
final class RouteMetrics: Sendable {
    private struct Entry {
        var status: Int?
        var errorType: String?
        var timer: CoreMetrics.Timer
    }

    /// `GET /orders/{id}`
    let spanName: String
    private let entries = Mutex<[Entry]>([])

    init(spanName: String) { self.spanName = spanName }

    func timer(_ outcome: ServerOutcome, make: () -> CoreMetrics.Timer) -> CoreMetrics.Timer {
        entries.withLock { entries in
            let known = entries.first { $0.status == outcome.status && $0.errorType == outcome.errorType }
            if let known { return known.timer }
            let made = make()
            if entries.count < Limits.keptOutcomes {
                entries.append(Entry(status: outcome.status, errorType: outcome.errorType, timer: made))
            }
            return made
        }
    }
}
