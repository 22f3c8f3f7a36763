// SPDX-License-Identifier: Apache-2.0
// The examples of docs/library.md. They only have to compile: bootstrapping is for once in a process.

import AsyncHTTPClient
import Hummingbird
import Logging
import Metrics
import ServiceLifecycle
import Sonde
import SondeHummingbird
import Tracing
import UnixSignals

private struct Order { var cents = 1_299 }
private struct Provider { func charge(_ order: Order) async throws {} }
private struct Database { func ping() async throws {} }
private struct Book { var openCount = 0 }
private let provider = Provider()
private let database = Database()
private let book = Book()

private func start() async throws {
    let telemetry = try Telemetry.bootstrap(serviceName: "orders")
    let logger = Logger(label: "orders")

    let router = Router(context: TelemetryRequestContext.self)
    router.add(middleware: TelemetryMiddleware())
    router.addTelemetryRoutes(telemetry)
    router.get("/orders/{id}") { _, context in
        let id = try context.parameters.require("id")
        context.logger.info("order shown", metadata: ["order.id": "\(id)"])
        return "order \(id)"
    }
    let app = Application(
        router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 9111)),
        logger: logger)
    let services = ServiceGroup(
        services: [telemetry, app], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    try await services.run()
}

private func configure() throws -> Telemetry {
    try Telemetry.bootstrap(serviceName: "orders") { config in
        config.serviceVersion = "1.4.2"
        config.resourceAttributes["deployment.environment.name"] = "staging"
        config.sampler = .parentBased(ratio: 0.25)
        config.traceExportDelay = .milliseconds(500)
        config.histogramBuckets["checkout.amount"] = [1, 10, 100, 1_000]
    }
}

private func charge(_ order: Order) async throws {
    try await withSpan("charge card", ofKind: .client) { span in
        span.attributes["payment.amount"] = order.cents
        span.addEvent("card checked")
        try await provider.charge(order)
    }
}

private func close(_ order: Order) throws {}

private func pack(_ order: Order, _ telemetry: Telemetry) throws {
    var span = telemetry.tracer.begin("pack order")
    span.set("order.cents", to: order.cents)
    span.addEvent("box chosen")
    try close(order)
    span.end()
}

private func sample(_ config: inout TelemetryConfiguration) {
    config.sampler = .parentBased(
        root: .rules(
            [.route("/health*", .alwaysOff), SamplingRule(name: "nightly *", sampler: .rateLimited(perSecond: 5))],
            otherwise: .traceIDRatio(0.1)))
    config.tailSampling = TailSampling(slowerThan: .seconds(1))
    config.unfinishedSpansAfter = .seconds(10)
}

private func call() async throws -> HTTPClientResponse {
    let client = InstrumentedHTTPClient()
    let response = try await client.execute(
        HTTPClientRequest(url: "http://127.0.0.1:9121/stock"), timeout: .seconds(5))
    return response
}

private func carry(_ order: Order) async throws {
    var context = ServiceContext.current ?? .topLevel
    context.baggage["tenant"] = "acme"
    try await ServiceContext.withValue(context) { try await charge(order) }
}

private func measure(_ telemetry: Telemetry) {
    let created = Counter(label: "orders.created", dimensions: [("region", "eu")])
    created.increment()
    let duration = Timer(label: "orders.packing")
    duration.recordMilliseconds(250)
    telemetry.metrics.describe("orders.created", help: "Orders accepted for delivery.")
    telemetry.metrics.observeGauge("orders.open", help: "Orders not yet delivered.") { Double(book.openCount) }
}

private func measureByLabels(_ telemetry: Telemetry) {
    let requests = telemetry.metrics.counter("requests", help: "Requests taken.", labels: "method", "route", "status")
    requests["GET", "/orders/:id", "200"].increment()
    let open = telemetry.metrics.upDownCounter("connections.open")
    open.add(1)
    let packing = telemetry.metrics.timer("orders.packing.native", buckets: .exponential())
    packing.record(.milliseconds(250))
}

private func serve(_ telemetry: Telemetry, _ router: Router<TelemetryRequestContext>) {
    var health = HealthChecks()
    health.addReadiness("database") { try await database.ping() }
    router.addTelemetryRoutes(telemetry, health: health)
}

private func log(_ logger: Logger, id: Int, email: String) {
    logger.info("signed in", metadata: ["user.id": "\(id)", "user.email": "\(email, sensitivity: .sensitive)"])
}

private func quiet() throws -> Telemetry {
    try Telemetry.bootstrap(serviceName: "orders") { config in
        config.logLevels = ["orders.db": .debug]
        config.logRedaction.keys = ["password", "authorization"]
        config.logRepetition = LogRepetition(limit: 100, window: .seconds(10))
    }
}

private func backUp() async throws {}

private func command(environment: [String: String]) async throws {
    try await withSonde(serviceName: "backup", span: "nightly backup") { telemetry in
        try await backUp()
        _ = telemetry.childEnvironment(environment)
    }
}
