// SPDX-License-Identifier: Apache-2.0
// What Jaeger's clients draw: who calls whom, and rates, errors and latencies over time. Jaeger reads the latter from
// Prometheus; here they are counted from the stored spans, in the windows that Prometheus would look at:
//
//   points    start ─ step ─ ● ─ step ─ ● ─ … ─ ● endTs        start = endTs − lookback
//   windows   ├───── ratePer ─────┤                 each ends at its point
//
// https://github.com/jaegertracing/jaeger/blob/main/internal/storage/metricstore/prometheus/metricstore/reader.go

import NIOHTTP1
import SondeModel
import SondeStorage
import SondeWire

/// A question for values over time.
struct JaegerMetricsQuestion: Hashable, Sendable {
    var services: [String]
    var kinds: [SpanKind]
    var groupsByOperation: Bool
    /// The last point.
    var end: Timestamp
    /// Nanoseconds between two points.
    var step: UInt64
    /// How many points there are.
    var points: UInt64
    /// Nanoseconds that each point looks back: whole steps.
    var window: UInt64

    /// Jaeger's defaults, in milliseconds.
    static let lookBackMilliseconds: UInt64 = 3_600_000
    static let stepMilliseconds: UInt64 = 5_000
    static let rateMilliseconds: UInt64 = 600_000
    /// Points of one series: as many as Prometheus gives.
    static let maxPoints: UInt64 = 11_000

    init(_ parameters: Parameters) throws(Refusal) {
        services = parameters.all("service").map(JaegerNames.storedService)
        guard !services.isEmpty else {
            throw .invalid("the parameter service is missing", hint: "give at least one service=NAME")
        }
        groupsByOperation = try parameters.goFlag("groupByOperation")
        kinds = try Self.kinds(parameters)
        end = try parameters.milliseconds("endTs") ?? parameters.now
        step = try parameters.span("step", orMilliseconds: Self.stepMilliseconds)
        let lookBack = try parameters.span("lookback", orMilliseconds: Self.lookBackMilliseconds)
        let rate = try parameters.span("ratePer", orMilliseconds: Self.rateMilliseconds)
        points = min(lookBack, end.nanoseconds) / step + 1
        guard points <= Self.maxPoints else {
            throw .invalid(
                "the answer would have \(points) points a series", hint: "at most \(Self.maxPoints); take a longer step"
            )
        }
        window = max(1, rate / step + (rate % step == 0 ? 0 : 1)).times(step)
    }

    private static func kinds(_ parameters: Parameters) throws(Refusal) -> [SpanKind] {
        var kinds: [SpanKind] = []
        for word in parameters.all("spanKind") {
            guard let kind = SpanKind(name: word) else {
                let known = SpanKind.allCases.map(\.name).joined(separator: ", ")
                throw parameters.malformed("spanKind", word, expected: "one of \(known)")
            }
            kinds.append(kind)
        }
        return kinds.isEmpty ? [.server] : kinds
    }

    /// What is asked of the store. Steps end where points lie, so the range begins a window before the first.
    func query(quantile: Double?) -> ActivityQuery {
        var query = ActivityQuery()
        query.services = services
        query.kinds = kinds
        query.grouping = groupsByOperation ? .operation : .service
        query.step = step
        query.window = window
        query.quantiles = quantile.map { [$0] } ?? []
        // What started in the very moment of a point belongs to it.
        query.end = end.advanced(byNanoseconds: 1)
        let first = end.nanoseconds - (points - 1) * step + 1
        query.start = Timestamp(nanoseconds: first - min(window, first / step * step))
        return query
    }
}

/// Answers questions for links and for values over time.
struct JaegerMetrics: Sendable {
    let reader: any ActivityReader
    let clock: WallClock

    var routes: [Route] {
        [
            route("/api/dependencies") { parameters in try await dependencies(parameters) },
            route("/api/metrics/calls") { parameters in
                try await family(parameters, "call_rate", "calls/sec", quantile: nil) { counts, question in
                    Double(counts.calls) / (Double(question.window) / 1e9)
                }
            },
            route("/api/metrics/errors") { parameters in
                let help = "error rate, computed as a fraction of errors/sec over calls/sec"
                return try await family(parameters, "error_rate", help, quantile: nil) { counts, _ in
                    counts.calls == 0 ? nil : Double(counts.errors) / Double(counts.calls)
                }
            },
            route("/api/metrics/latencies") { parameters in
                let quantile = try parameters.quantile("quantile")
                let help = "\(quantile.hundredths)th quantile latency"
                return try await family(parameters, "latencies", help, quantile: quantile) { counts, _ in
                    counts.durations.quantile(quantile).map { Double($0) / 1e6 }
                }
            },
            // The least step of Prometheus, which Jaeger up to 2.17 told.
            route("/api/metrics/minstep") { _ in JaegerJSON.number(1) },
        ]
    }

    private func route(
        _ pattern: String, answer: @escaping @Sendable (Parameters) async throws -> [UInt8]
    ) -> Route {
        Route(.GET, pattern, dialect: .jaeger) { request in
            let parameters = Parameters(items: request.match.target.query, now: clock.now())
            return .jaeger(try await answer(parameters), parameters)
        }
    }

    // MARK: Links

    private func dependencies(_ parameters: Parameters) async throws(Refusal) -> [UInt8] {
        let end = try parameters.milliseconds("endTs") ?? parameters.now
        let lookBack = try parameters.span("lookback", orMilliseconds: Self.lookBackMilliseconds)
        var query = ServiceGraphQuery()
        query.start = end.moved(back: lookBack)
        query.end = end.advanced(byNanoseconds: 1)
        query.service = parameters.text("service").map(JaegerNames.storedService)
        query.quantiles = []
        let asked = query
        let graph = try await asking { () async throws(ReadError) in try await reader.serviceGraph(asked) }
        return JaegerJSON.dependencies(graph.jaegerDependencies)
    }

    /// How far back links are looked for unless told otherwise: a day, as in Jaeger.
    private static let lookBackMilliseconds: UInt64 = 86_400_000

    // MARK: Values over time

    private func family(
        _ parameters: Parameters, _ name: String, _ help: String, quantile: Double?,
        value: (ActivityCounts, JaegerMetricsQuestion) -> Double?
    ) async throws(Refusal) -> [UInt8] {
        let question = try JaegerMetricsQuestion(parameters)
        let query = question.query(quantile: quantile)
        let series = try await asking { () async throws(ReadError) in try await reader.activity(query) }
        let isByOperation = question.groupsByOperation
        let metrics = series.map { series in
            JaegerJSON.MetricFamily.Metric(
                service: JaegerNames.service(series.service),
                operation: isByOperation ? JaegerNames.operation(series.operation ?? "") : nil,
                points: question.points(of: series, value: value))
        }
        return JaegerJSON.metrics(
            .init(
                name: (isByOperation ? "service_operation_" : "service_") + name,
                help: help + ", grouped by service" + (isByOperation ? " & operation" : ""),
                metrics: metrics.filter { !$0.points.isEmpty }))
    }
}

extension JaegerMetricsQuestion {
    /// The values of a series, earliest first. A point without a value is left out, as Prometheus has no number for it.
    fileprivate func points(
        of series: ActivitySeries, value: (ActivityCounts, JaegerMetricsQuestion) -> Double?
    ) -> [JaegerJSON.MetricFamily.Point] {
        // A step's last nanosecond is its point's.
        let pairs = series.steps.map { ($0.start.nanoseconds + (step - 1), $0.counts) }
        let known = Dictionary(uniqueKeysWithValues: pairs)
        return (0..<points).compactMap { place in
            let moment = end.nanoseconds - (points - 1 - place) * step
            return value(known[moment] ?? ActivityCounts(), self)
                .map { .init(time: Timestamp(nanoseconds: moment), value: $0) }
        }
    }
}

extension ServiceGraph {
    /// Calls between services that have sent spans, summed over whatever connects them. Jaeger knows no others, and does
    /// not count what a service calls of itself.
    fileprivate var jaegerDependencies: [JaegerJSON.Dependency] {
        var places: [[String]: Int] = [:]
        var found: [JaegerJSON.Dependency] = []
        for edge in edges where !edge.isVirtual && edge.client != edge.server {
            let (parent, child) = (JaegerNames.service(edge.client), JaegerNames.service(edge.server))
            if let place = places[[parent, child]] {
                found[place].callCount += edge.calls
            } else {
                places[[parent, child]] = found.count
                found.append(.init(parent: parent, child: child, callCount: edge.calls))
            }
        }
        return found
    }
}
