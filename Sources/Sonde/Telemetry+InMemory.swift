// SPDX-License-Identifier: Apache-2.0
// Telemetry that goes nowhere: what would be sent stays, encoded, until it is taken. SondeTesting is made of it.

import SondeModel
import SondeWire

extension Telemetry {
    /// Telemetry whose spans and log records are kept, all of them, whatever the configuration says about exporting.
    package static func inMemory(_ configuration: TelemetryConfiguration) -> Telemetry {
        Telemetry(
            configuration,
            traceQueue: ExportQueue(signal: .traces, limits: .everything),
            logQueue: ExportQueue(signal: .logs, limits: .everything))
    }

    /// The bodies of the requests that would bring the spans recorded since the last call; oldest first.
    package func takeTraces() -> [[UInt8]] { traceQueue.map(take) ?? [] }

    /// The bodies of the requests that would bring the log records made since the last call; oldest first.
    package func takeLogs() -> [[UInt8]] { logQueue.map(take) ?? [] }

    /// A handler as swift-log gets it after `bootstrap`.
    package func makeLogHandler(label: String) -> SondeLogHandler {
        logHandler(label: label, provider: configuration.metadataProvider)
    }

    private func take(_ queue: ExportQueue) -> [[UInt8]] {
        var bodies: [[UInt8]] = []
        while let batch = queue.takeBatch() {
            let parts = batch.parts.map { part in
                (scope: InstrumentationScope(name: part.scope), encodedEntries: part.bytes)
            }
            bodies.append(OTLPEncoder.envelope(resource: resource, parts: parts))
            queue.release(batch)
        }
        return bodies
    }
}

extension ExportLimits {
    /// What a test records is bounded by the test.
    fileprivate static var everything: ExportLimits {
        var limits = ExportLimits()
        limits.queuedEntries = .max / 2
        limits.queuedBytes = .max / 2
        return limits
    }
}
