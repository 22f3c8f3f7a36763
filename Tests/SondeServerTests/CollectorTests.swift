// SPDX-License-Identifier: Apache-2.0
// How a collector starts, says where it stands, fails to start, and stops.

import Logging
import NIOCore
import ServiceLifecycle
import Sonde
import SondeModel
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(10))) struct CollectorTests {
    // MARK: Starting

    @Test func aPortInUseIsAnErrorThatNamesFlagAddressAndHowToFindTheOwner() async throws {
        try await RunningCollector.run { first in
            let error = await #expect(throws: CollectorError.self) {
                try await RunningCollector.run(
                    configure: { $0.listeners = [.query: .loopback(0), .otlpHTTP: .loopback(first.otlpPort)] },
                    { _ in })
            }
            let message = error?.message ?? ""
            #expect(message.hasPrefix("cannot listen for OTLP/HTTP on 127.0.0.1:\(first.otlpPort) (--otlp-http): "))
            #expect(message.contains("the port is in use"))
            #expect(message.contains("ss -ltnp 'sport = :\(first.otlpPort)'"))
        }
    }

    @Test func allListenersThatCannotBeOpenedAreNamedAtOnce() async throws {
        try await RunningCollector.run { first in
            let error = await #expect(throws: CollectorError.self) {
                try await RunningCollector.run(
                    configure: {
                        $0.listeners = [.query: .loopback(first.queryPort), .otlpHTTP: .loopback(first.otlpPort)]
                    }, { _ in })
            }
            let lines = error?.message.split(separator: "\n") ?? []
            try #require(lines.count == 2)
            #expect(lines[0].hasPrefix("cannot listen for OTLP/HTTP on 127.0.0.1:\(first.otlpPort) (--otlp-http): "))
            #expect(lines[0].hasSuffix("or do without: --otlp-http off"))
            #expect(lines[1].contains("(--query): ") && lines[1].hasSuffix("or do without: --query off"))
            // Whoever was there first goes on.
            let reply = try await first.get("/health/ready")
            #expect(reply?.status == 200)
        }
    }

    @Test func anAddressOfAnotherMachineIsAnError() async throws {
        let error = await #expect(throws: CollectorError.self) {
            try await RunningCollector.run(
                configure: { $0.listeners = [.query: ListenerAddress(host: "192.0.2.1", port: 0)] }, { _ in })
        }
        #expect(error?.message.contains("no interface of this machine has that address") == true)
    }

    @Test func aCollectorWithoutListenersDoesNotStart() async throws {
        await #expect(throws: CollectorError(message: "cannot serve: every listener is off")) {
            try await RunningCollector.run(configure: { $0.listeners = [:] }, { _ in })
        }
    }

    @Test func anAddressThatOthersReachIsWarnedAbout() async throws {
        let lines = LogLines()
        try await RunningCollector.run(
            configure: { $0.listeners[.query] = ListenerAddress(host: "0.0.0.0", port: 0) }, logger: lines.logger
        ) { collector in
            // There no Host is foreign.
            let reply = try await collector.get("/health/live", headers: ["host": "sonde.example"])
            #expect(reply?.status == 200)
        }
        #expect(lines.warnings.count == 1)
        #expect(lines.warnings.first?.hasPrefix("there is no login yet") == true)
    }

    @Test func loopbackIsNotWarnedAbout() async throws {
        let lines = LogLines()
        try await RunningCollector.run(logger: lines.logger) { _ in }
        #expect(lines.warnings == [])
    }

    @Test(arguments: ["/health/live", "/health/ready", "/health/startup"])
    func isHealthyOnBothListenersOnceItIsReady(path: String) async throws {
        try await RunningCollector.run { collector in
            for port in [collector.otlpPort, collector.queryPort] {
                let reply = try await collector.send("GET", path, to: port)
                #expect(reply?.status == 200)
            }
        }
    }

    // MARK: Stopping

    @Test func aStoreThatStopsByItselfStopsTheCollector() async throws {
        await #expect(throws: CollectorError(message: "cannot go on serving: the store has stopped")) {
            try await RunningCollector.run(store: StoppingStore()) { _ in
                // Nothing to do: the collector must end on its own.
                let (forever, _) = AsyncStream.makeStream(of: Void.self)
                for await _ in forever {}
            }
        }
    }

    @Test func anIdleConnectionDoesNotHoldUpTheStop() async throws {
        let (connected, connect) = AsyncStream.makeStream(of: Void.self)
        let client = try await RunningCollector.run { collector in
            let client = Task {
                try await RawConnection.open(port: collector.queryPort) { connection in
                    try await connection.send("GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n")
                    _ = try await connection.response()
                    connect.finish()
                    return try await connection.isClosed()
                }
            }
            for await _ in connected {}
            return client
        }
        #expect(try await client.value)
    }

    @Test func whatWasSentBeforeTheStopIsAnswered() async throws {
        let store = MemoryStore()
        let body = OTLPEncoder.traces([.sample(1)])
        try await RunningCollector.run(store: store) { collector in
            let reply = try await collector.post(body)
            #expect(reply?.status == 200)
        }
        let statistics = try await store.statistics()
        #expect(statistics.spans == 1)
    }
}

/// Remembers what was logged.
private final class LogLines: Sendable {
    private let lines = Mutex<[(level: Logger.Level, text: String)]>([])

    var warnings: [String] { lines.withLock { $0.filter { $0.level >= .warning }.map(\.text) } }

    var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

    private struct Handler: LogHandler {
        let lines: LogLines
        var metadata = Logger.Metadata()
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            lines.lines.withLock { $0.append((event.level, "\(event.message)")) }
        }
    }
}
