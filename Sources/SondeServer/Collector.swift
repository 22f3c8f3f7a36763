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
import Synchronization

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
        let (openings, announce) = AsyncStream.makeStream(of: Opening.self)
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
                group.addTask { try await awaitOpening(of: listeners.count, openings) }
                for try await _ in group {}
            }
        } onGracefulShutdown: {
            readiness.become(.stopping)
        }
    }

    /// What became of a listener when it was to be opened.
    private enum Opening {
        case bound(BoundListener)
        case failed(CollectorError)
    }

    /// Ready once all are bound. Of those that can't be, all are named at once: whoever frees one port, or turns one
    /// listener off, wants to know of the others too.
    private func awaitOpening(of count: Int, _ openings: AsyncStream<Opening>) async throws(CollectorError) {
        var bound: [BoundListener] = []
        var failures: [String] = []
        for await opening in openings {
            switch opening {
            case .bound(let listener): bound.append(listener)
            case .failed(let error): failures.append(error.message)
            }
            guard bound.count + failures.count == count else { continue }
            guard failures.isEmpty else { throw CollectorError(message: failures.sorted().joined(separator: "\n")) }
            readiness.become(.ready)
            await onReady(bound.sorted { $0.name.rawValue < $1.name.rawValue })
        }
    }

    private func run(
        _ listener: BoundListener, maxConnections: Int, _ announce: AsyncStream<Opening>.Continuation
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
        _ announce: AsyncStream<Opening>.Continuation
    ) async throws {
        // Hummingbird's own lines about starting and stopping say nothing that ours don't.
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let isBound = Atomic(false)
        let server = Server(
            childChannelSetup: front,
            configuration: ServerConfiguration(
                address: .hostname(listener.address.host, port: listener.address.port),
                availableConnectionsDelegate: .maximum(maxConnections, logger: quiet)),
            onServerRunning: { channel in
                var bound = listener
                bound.address.port = channel.localAddress?.port ?? listener.address.port
                isBound.store(true, ordering: .relaxed)
                announce.yield(.bound(bound))
            },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: quiet)
        do {
            try await server.run()
        } catch {
            let error = CollectorError(cannotListen: listener, error)
            guard !isBound.load(ordering: .relaxed) else { throw error }
            announce.yield(.failed(error))
        }
    }
}
