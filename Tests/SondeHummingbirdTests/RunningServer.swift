// SPDX-License-Identifier: Apache-2.0
// A real server on a free port of the loopback interface, and a look at what the library queued for export.

import Hummingbird
import Logging
import ServiceLifecycle
import SondeModel
import SondeWire

@testable import Sonde

/// Runs `router` while `body` runs; `body` gets the port.
func withServer<Context: RequestContext & Sendable, R: Sendable>(
    _ router: Router<Context>, logger: Logger, _ body: @escaping @Sendable (Int) async throws -> R
) async throws -> R where Context.Source == ApplicationRequestContextSource {
    let (ports, port) = AsyncStream<Int>.makeStream()
    let app = Application(
        router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
        onServerRunning: { channel in port.yield(channel.localAddress?.port ?? 0) }, logger: logger)
    let group = ServiceGroup(services: [app], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        var iterator = ports.makeAsyncIterator()
        let port = await iterator.next() ?? 0
        do {
            let result = try await body(port)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return result
        } catch {
            tasks.cancelAll()
            throw error
        }
    }
}

extension ExportQueue {
    func takeSpans() throws -> [SpanRecord] {
        try takeBodies().flatMap { try OTLPDecoder.traces($0).batch.records() }
    }

    func takeLogs() throws -> [SondeModel.LogRecord] {
        try takeBodies().flatMap { try OTLPDecoder.logs($0).batch.records() }
    }

    private func takeBodies() -> [[UInt8]] {
        var bodies: [[UInt8]] = []
        while let batch = takeBatch() {
            for part in batch.parts {
                bodies.append(OTLPEncoder.envelope(resource: Resource(), parts: [(InstrumentationScope(), part.bytes)]))
            }
        }
        return bodies
    }
}

extension MetricsRegistry {
    func lines(_ name: String) -> [String] {
        String(decoding: exposition(.text), as: UTF8.self).split(separator: "\n").map(String.init)
            .filter { $0.hasPrefix(name) }
    }
}
