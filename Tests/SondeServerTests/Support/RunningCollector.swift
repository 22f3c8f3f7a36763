// SPDX-License-Identifier: Apache-2.0
// A real collector on real sockets for the length of one test.

import Logging
import ServiceLifecycle
import Sonde
import SondeModel
import SondeServer
import SondeStorage
import SondeWire

/// A collector that listens on free ports of 127.0.0.1.
struct RunningCollector: Sendable {
    var otlpPort: Int
    var queryPort: Int
    /// 0 unless `configure` has opened it.
    var grpcPort: Int
    /// 0 unless `configure` has opened it.
    var zipkinPort: Int
    var registry: MetricsRegistry

    /// Starts a collector, runs `body`, stops it gracefully and returns when it has stopped.
    static func run<Result: Sendable>(
        store: any TelemetryStore = MemoryStore(), configure: (inout CollectorConfiguration) -> Void = { _ in },
        logger: Logger = .quiet, _ body: @Sendable (RunningCollector) async throws -> Result
    ) async throws -> Result {
        var configuration = CollectorConfiguration()
        configuration.listeners = [.otlpHTTP: .loopback(0), .query: .loopback(0)]
        configure(&configuration)
        let registry = MetricsRegistry()
        let (ready, announce) = AsyncStream.makeStream(of: [BoundListener].self)
        let collector = Collector(
            configuration: configuration, store: store, registry: registry, logger: logger,
            onReady: { announce.yield($0) })
        let services = ServiceGroup(services: [collector], logger: .quiet)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { announce.finish() }
                try await services.run()
            }
            guard let listeners = await ready.first(where: { _ in true }) else {
                try await group.waitForAll()
                throw CollectorError(message: "the collector stopped before it was ready")
            }
            func port(_ name: ListenerName) -> Int { listeners.first { $0.name == name }?.address.port ?? 0 }
            let result = try await body(
                RunningCollector(
                    otlpPort: port(.otlpHTTP), queryPort: port(.query), grpcPort: port(.otlpGRPC),
                    zipkinPort: port(.zipkin), registry: registry))
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            return result
        }
    }

    func port(_ listener: ListenerName) -> Int {
        switch listener {
        case .otlpHTTP: otlpPort
        case .query: queryPort
        case .otlpGRPC: grpcPort
        case .zipkin: zipkinPort
        }
    }

    /// One request on a connection of its own.
    func send(
        _ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8] = [], to port: Int? = nil
    ) async throws -> RawResponse? {
        try await RawConnection.open(port: port ?? otlpPort) { connection in
            try await connection.send(Self.text(method, path, headers: headers, length: body.count))
            try await connection.send(body)
            return try await connection.response(toHEAD: method == "HEAD")
        }
    }

    /// Posts an OTLP body as protobuf.
    func post(
        _ body: [UInt8], path: String = "/v1/traces", headers: [String: String] = [:]
    ) async throws -> RawResponse? {
        try await send(
            "POST", path, headers: headers.merging(["content-type": "application/x-protobuf"]) { mine, _ in mine },
            body: body)
    }

    /// Asks the query listener.
    func get(_ path: String, headers: [String: String] = [:]) async throws -> RawResponse? {
        try await send("GET", path, headers: headers, to: queryPort)
    }

    static func text(_ method: String, _ path: String, headers: [String: String], length: Int?) -> String {
        var text = "\(method) \(path) HTTP/1.1\r\n"
        if headers["host"] == nil { text += "host: 127.0.0.1\r\n" }
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        if let length, length > 0 || method == "POST" { text += "content-length: \(length)\r\n" }
        return text + "\r\n"
    }
}

extension Logger {
    /// Says nothing.
    static var quiet: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
