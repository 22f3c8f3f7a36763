// SPDX-License-Identifier: Apache-2.0
// The one router: every route of the collector, in groups, and which listener opens which group.

import Logging
import Sonde
import SondePipeline
import SondeStorage

/// Routes in groups, and what all listeners share.
struct Doors: Sendable {
    private let configuration: CollectorConfiguration
    private let metrics: ServerMetrics
    private let budget: InFlightBudget
    private let questions: QuestionGate
    private let answers: InFlightBudget
    private let date: HTTPDate
    private let readiness: Readiness
    private let logger: Logger

    private let otlp: [Route]
    private let native: [Route]
    private let jaeger: [Route]
    private let zipkin: [Route]
    /// What Zipkin's user interface asks, on the listener for questions.
    private let zipkinPages: [Route]
    private let own: [Route]
    private let health: [Route]

    init(
        configuration: CollectorConfiguration, store: any TelemetryStore, registry: MetricsRegistry,
        readiness: Readiness, logger: Logger
    ) {
        let limits = configuration.limits
        let budget = InFlightBudget(capacity: limits.inFlightBytes)
        let questions = QuestionGate(capacity: limits.maxQuestions)
        let answers = InFlightBudget(capacity: limits.answerBytes)
        let metrics = ServerMetrics(registry: registry, budget: budget)
        metrics.observe(questions: questions, answers: answers)
        let spanMetrics = configuration.spanMetrics.map { SpanMetrics($0) }
        let counted: any SpanSink & LogSink = spanMetrics.map { SpanMetricsStage(metrics: $0, next: store) } ?? store
        let admission = Admission(limits: configuration.admission, observer: metrics, next: counted)
        let reception = Reception(limits: limits, metrics: metrics)
        self.configuration = configuration
        self.metrics = metrics
        self.budget = budget
        self.questions = questions
        self.answers = answers
        self.date = HTTPDate(clock: configuration.clock)
        self.readiness = readiness
        self.logger = logger

        // One line a receiver.
        let spans = OTLPTraceReceiver(sink: admission, observer: metrics)
        let logs = OTLPLogReceiver(sink: admission, observer: metrics)
        otlp = [
            reception.route(spans),
            reception.route(logs),
            reception.route(OTLPMetricReceiver(observer: metrics)),
        ]
        let traces = WholeTraces(reader: store)
        let questionsOfZipkin = ZipkinQueries(reader: store, clock: configuration.clock, traces: traces)
        let tally = ZipkinTally()
        let pages = ZipkinPages(tally: tally, readiness: readiness)
        let own = MetricsRoute(registry: registry, metrics: metrics, reader: store, spanMetrics: spanMetrics)
        let links = ZipkinLinks(reader: store, clock: configuration.clock)
        let completion = ZipkinCompletion(reader: store, clock: configuration.clock)
        func zipkin(under prefix: String) -> [Route] {
            questionsOfZipkin.routes(under: prefix) + links.routes(under: prefix) + completion.routes(under: prefix)
        }
        zipkinPages = zipkin(under: "/zipkin") + pages.config(under: "/zipkin")
        self.zipkin =
            [
                reception.route(
                    ZipkinReceiver(
                        sink: admission, observer: metrics, clock: configuration.clock, tally: tally))
            ]
            + zipkin(under: "") + zipkinPages + pages.routes
            + own.routes(at: ["/prometheus", "/actuator/prometheus"])
        native =
            NameQueries(reader: store).routes
            + AttributeQueries(reader: store, clock: configuration.clock).routes
            + TraceQueries(reader: store, clock: configuration.clock).routes
            + AnalysisQueries(reader: store, clock: configuration.clock).routes
            + LogQueries(reader: store, clock: configuration.clock).routes
            + ActivityQueries(reader: store, clock: configuration.clock).routes
            + [
                reception.route(SpanImportReceiver(receiver: spans)),
                reception.route(LogImportReceiver(receiver: logs)),
            ]
            + PinQueries(pins: store, clock: configuration.clock).routes
            + [NativeAPI.route]
        jaeger =
            JaegerQueries(reader: store, clock: configuration.clock, traces: traces).routes
            + JaegerMetrics(reader: store, clock: configuration.clock).routes
            + JaegerDoings(pins: store, clock: configuration.clock, traces: traces).routes
        self.own = own.routes(at: ["/metrics"])
        health = HealthRoutes(readiness: readiness).routes
    }

    /// What stands behind the gRPC listener: the routes of OTLP/HTTP, and a sentence for those who speak HTTP/1.1.
    func grpcDispatcher(for listener: BoundListener) -> GRPCDispatcher {
        let elsewhere = Refusal.invalid(GRPCDispatcher.welcome)
        return GRPCDispatcher(
            exports: otlp,
            stranger: dispatcher(for: listener, routes: RouteTable(routes: [], elsewhere: elsewhere), .otlp),
            readiness: readiness)
    }

    /// What stands behind one listener.
    func dispatcher(for listener: BoundListener) -> Dispatcher {
        let (routes, dialect) = group(listener.name)
        return dispatcher(for: listener, routes: RouteTable(routes: routes), dialect)
    }

    private func dispatcher(for listener: BoundListener, routes: RouteTable, _ dialect: Dialect) -> Dispatcher {
        Dispatcher(
            listener: listener.name.rawValue, routes: routes, dialect: dialect,
            hosts: listener.address.isLoopback ? HostPolicy(configuredHost: listener.address.host) : nil,
            cors: listener.name == .query ? configuration.corsOrigin.map(CORSPolicy.init) : nil,
            limits: configuration.limits, budget: budget,
            questions: questions, answers: answers, metrics: metrics, date: date, logger: logger)
    }

    private func group(_ name: ListenerName) -> ([Route], Dialect) {
        switch name {
        case .otlpHTTP: (otlp + health, .otlp)
        case .query: (native + jaeger + zipkinPages + own + health, .native)
        case .zipkin: (zipkin + health, .text)
        case .otlpGRPC: ([], .otlp)
        }
    }
}
