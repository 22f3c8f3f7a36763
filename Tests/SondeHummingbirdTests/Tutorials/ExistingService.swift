// SPDX-License-Identifier: Apache-2.0
// The code of the tutorial "An existing service", in its order.

import AsyncHTTPClient
import GRDB
import Hummingbird
import Logging
import Sonde
import SondeGRDB
import SondeHummingbird

private struct Order: Codable, Sendable {
    var headers: [String: String] = [:]
}

private struct Broker: Sendable {
    func publish(_ order: Order, headers: [String: String]) async throws {}
}

private func pack(_ order: Order) async throws {}

private func start() throws -> Telemetry {
    let telemetry = try Telemetry.bootstrap(serviceName: "orders") { config in
        config.sampler = .parentBased(ratio: 0.1)
        config.tailSampling = TailSampling(slowerThan: .seconds(1))
    }
    return telemetry
}

private func serve(_ router: Router<TelemetryRequestContext>, _ telemetry: Telemetry) {
    router.add(middleware: TelemetryMiddleware(excluding: ["/health", "/metrics", "/ready"]))
    router.addTelemetryRoutes(telemetry)
}

private func call() async throws -> HTTPClientResponse {
    let client = InstrumentedHTTPClient(resends: HTTPResends(maxRetries: 2))
    let response = try await client.execute(
        HTTPClientRequest(url: "http://127.0.0.1:9121/stock"), timeout: .seconds(5))
    return response
}

private func open() throws -> DatabasePool {
    var configuration = Configuration()
    configuration.traceStatements(StatementTracing(namespace: "orders.db"))
    let database = try DatabasePool(path: "orders.db", configuration: configuration)
    return database
}

private func count(_ database: DatabasePool) async throws -> Int? {
    let open = try await database.tracedRead { database in
        try Int.fetchOne(database, sql: "SELECT count(*) FROM purchase WHERE status = 'open'")
    }
    return open
}

private func send(_ order: Order, _ broker: Broker) async throws {
    let orders = MessageTracing(system: "nats", destination: "orders")
    var headers: [String: String] = [:]
    try await orders.send(&headers) { headers in
        try await broker.publish(order, headers: headers)
    }
}

private func receive(_ order: Order) async throws {
    let orders = MessageTracing(system: "nats", destination: "orders", consumerGroup: "packers")
    try await orders.process(order.headers) {
        try await pack(order)
    }
}
