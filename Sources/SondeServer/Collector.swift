// SPDX-License-Identifier: Apache-2.0
// The collector: listeners in front, a store behind, one road between them. It is handed its store and never learns
// which one it is.

import HummingbirdCore
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
package import Sonde
import SondePipeline
package import SondeStorage

/// Serves until it is told to stop.
///
/// - The store is open when it is handed over. The collector runs its upkeep and, having stopped, has closed it.
/// - `onReady` is called once, when every listener is bound, with the addresses found.
/// - Graceful shutdown: no new connections; requests under way are answered; then the store finishes.
/// - Throws ``CollectorError`` if a listener can't be bound, and whatever stopped the store.
package struct Collector: Service {
    private let configuration: CollectorConfiguration
    private let store: any TelemetryStore
    private let logger: Logger
    private let onReady: @Sendable ([BoundListener]) async -> Void
    private let readiness = Readiness()
    private let doors: Doors

    package init(
        configuration: CollectorConfiguration, store: any TelemetryStore, registry: MetricsRegistry, logger: Logger,
        onReady: @escaping @Sendable ([BoundListener]) async -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.store = store
        self.logger = logger
        self.onReady = onReady
        self.doors = Doors(
            configuration: configuration, store: store, registry: registry, readiness: readiness, logger: logger)
    }

    package func run() async throws {
        let listeners = try listenersToOpen()
        try await withThrowingTaskGroup(of: Finished.self) { group in
            group.addTask {
                try await store.run()
                return .store
            }
            group.addTask {
                try await serve(listeners)
                return .listeners
            }
            let first = try await group.next()
            // The listeners have drained, so nobody uses the store any more: its upkeep may end.
            group.cancelAll()
            guard first == .listeners || Task.isCancelled else {
                throw CollectorError(message: "cannot go on serving: the store has stopped")
            }
            try await group.waitForAll()
        }
    }

    private enum Finished {
        case store, listeners
    }

    // MARK: Listeners

    private func listenersToOpen() throws(CollectorError) -> [BoundListener] {
        var listeners: [BoundListener] = []
        for name in ListenerName.allCases {
            guard let address = configuration.listeners[name] else { continue }
            guard name.isAvailable else {
                logger.warning(
                    "\(name.protocolName) is not available in this version", metadata: ["flag": "--\(name.rawValue)"])
                continue
            }
            if !address.isLoopback {
                logger.warning(
                    "there is no login yet: whoever reaches this address can read and write everything",
                    metadata: ["flag": "--\(name.rawValue)", "address": "\(address)"])
            }
            listeners.append(BoundListener(name: name, address: address))
        }
        guard !listeners.isEmpty else { throw CollectorError(message: "cannot serve: every listener is off") }
        return listeners
    }

    private func serve(_ listeners: [BoundListener]) async throws {
        let (bound, announce) = AsyncStream.makeStream(of: BoundListener.self)
        let connections = DescriptorLimit.connections(
            perListener: configuration.limits.maxConnections, listeners: listeners.count)
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    defer { announce.finish() }
                    try await withThrowingTaskGroup(of: Void.self) { servers in
                        for listener in listeners {
                            servers.addTask { try await run(listener, maxConnections: connections, announce) }
                        }
                        // The first that fails ends the others; waitForAll() would wait for them.
                        for try await _ in servers {}
                    }
                }
                group.addTask { await reportReady(bound, count: listeners.count) }
                for try await _ in group {}
            }
        } onGracefulShutdown: {
            readiness.become(.stopping)
        }
    }

    private func reportReady(_ bound: AsyncStream<BoundListener>, count: Int) async {
        var addresses: [BoundListener] = []
        for await listener in bound {
            addresses.append(listener)
            guard addresses.count == count else { continue }
            readiness.become(.ready)
            await onReady(addresses.sorted { $0.name.rawValue < $1.name.rawValue })
        }
    }

    private func run(
        _ listener: BoundListener, maxConnections: Int, _ announce: AsyncStream<BoundListener>.Continuation
    ) async throws {
        if listener.name == .otlpGRPC {
            let front = GRPCFront(dispatcher: doors.grpcDispatcher(for: listener))
            try await run(listener, front, maxConnections: maxConnections, announce)
        } else {
            let front = HTTPFront(dispatcher: doors.dispatcher(for: listener))
            try await run(listener, front, maxConnections: maxConnections, announce)
        }
    }

    private func run(
        _ listener: BoundListener, _ front: some ServerChildChannel, maxConnections: Int,
        _ announce: AsyncStream<BoundListener>.Continuation
    ) async throws {
        // Hummingbird's own lines about starting and stopping say nothing that ours don't.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let server = Server(
            childChannelSetup: front,
            configuration: ServerConfiguration(
                address: .hostname(listener.address.host, port: listener.address.port),
                availableConnectionsDelegate: .maximum(maxConnections, logger: quiet)),
            onServerRunning: { channel in
                var bound = listener
                bound.address.port = channel.localAddress?.port ?? listener.address.port
                announce.yield(bound)
            },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: quiet)
        do {
            try await server.run()
        } catch {
            throw CollectorError(cannotListen: listener, error)
        }
    }
}
