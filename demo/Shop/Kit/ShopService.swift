// SPDX-License-Identifier: Apache-2.0
// What every service of the shop is: a command that opens its database, adds its routes and serves until it is stopped.
// A new service is a folder beside this one with one command in it, and a line in ShopCommand.

import ArgumentParser
import AsyncHTTPClient
import Foundation
import GRDB
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Sonde
import SondeHummingbird

protocol ShopService: AsyncParsableCommand {
    /// The `service.name` of its telemetry, and the name of its SQLite file.
    static var serviceName: String { get }
    /// The faults that can be switched on in it.
    static var faults: [Fault] { get }
    /// Its tables.
    static func migrate(_ migrator: inout DatabaseMigrator)

    var port: Int { get }
    var options: ShopOptions { get }

    func addRoutes(to router: Router<ShopContext>, kit: ShopKit) async throws
}

/// What a service works with.
struct ShopKit: Sendable {
    let database: ShopDatabase
    let faults: FaultSwitches
    let http: InstrumentedHTTPClient
    let logger: Logger
    let background = BackgroundWork()

    func peer(_ name: String, at url: String) -> Peer {
        let trimmed = url.hasSuffix("/") ? String(url.dropLast()) : url
        return Peer(name: name, url: trimmed, http: http, logger: logger)
    }
}

extension ShopService {
    static var faults: [Fault] { [] }

    func run() async throws {
        let telemetry = try Telemetry.bootstrap(serviceName: Self.serviceName) { configuration in
            configuration.traceExportDelay = Limits.exportDelay
            configuration.logExportDelay = Limits.exportDelay
            configuration.histogramBuckets[ShopMetric.paymentAmount.name] = ShopMetric.euroBuckets
        }
        ShopMetric.describe(in: telemetry.metrics)
        let logger = Logger(label: Self.serviceName)
        let kit = ShopKit(
            database: try openDatabase(), faults: FaultSwitches(Self.faults),
            http: InstrumentedHTTPClient(), logger: logger)
        var application = Application(
            router: try await makeRouter(telemetry, kit),
            configuration: .init(address: .hostname(options.host, port: port), serverName: Self.serviceName),
            onServerRunning: { channel in
                let address = channel.localAddress.map { "\($0.ipAddress ?? ""):\($0.port ?? 0)" }
                logger.notice("listening", metadata: ["address": "\(address ?? "")"])
            },
            logger: Self.quietLogger)
        application.addServices(telemetry)
        application.services += kit.background.services
        do {
            try await application.runService()
        } catch let error as IOError {
            throw Refusal(
                description:
                    "cannot listen on \(options.host):\(port): \(String(cString: strerror(error.errnoCode))); see --port"
            )
        }
    }

    private func makeRouter(_ telemetry: Telemetry, _ kit: ShopKit) async throws -> Router<ShopContext> {
        let router = Router(context: ShopContext.self)
        router.add(middleware: TelemetryMiddleware(excluding: ["/health", "/metrics", "/faults"]))
        router.add(middleware: TraceReferenceMiddleware())
        var health = HealthChecks()
        health.addReadiness("database") { try await kit.database.ping() }
        router.addTelemetryRoutes(telemetry, health: health)
        kit.faults.addRoutes(to: router, logger: kit.logger)
        try await addRoutes(to: router, kit: kit)
        return router
    }

    private func openDatabase() throws -> ShopDatabase {
        do {
            try FileManager.default.createDirectory(atPath: options.data, withIntermediateDirectories: true)
            return try ShopDatabase.open(Self.serviceName, in: options.data, migrate: Self.migrate)
        } catch {
            throw Refusal(description: "cannot open \(options.data)/\(Self.serviceName).db: \(error); see --data")
        }
    }
}

extension ShopService {
    /// A line for each request would repeat what the trace says better; requests that fail are still logged.
    private static var quietLogger: Logger {
        var logger = Logger(label: "\(serviceName).server")
        logger.logLevel = .warning
        return logger
    }
}

/// Why a service does not start: a sentence.
struct Refusal: Error, CustomStringConvertible {
    let description: String
}
