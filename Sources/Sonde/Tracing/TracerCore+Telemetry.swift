// SPDX-License-Identifier: Apache-2.0
// How a telemetry's configuration becomes a tracer, and what tracers tell about themselves.

import SondeWire

extension TracerCore {
    convenience init(_ configuration: TelemetryConfiguration, queue: ExportQueue?) {
        self.init(
            sampler: configuration.isDisabled ? .alwaysOff : configuration.sampler, limits: configuration.spanLimits,
            propagators: configuration.propagators, identifiers: IdentifierSource(), queue: queue,
            tail: configuration.isDisabled ? nil : configuration.tailSampling,
            reportsOpenSpansAfter: configuration.unfinishedSpansAfter)
    }

    func addMetrics(to metrics: MetricsRegistry) {
        metrics.observe(.abandonedSpans, as: .counter) { Double(self.abandonedCount) }
        if let openSpans {
            metrics.observe(.unwatchedSpans, as: .counter) { Double(openSpans.untrackedCount) }
        }
        guard let tail else { return }
        metrics.observe(.tailBytes, as: .gauge) { Double(tail.heldBytes) }
        metrics.observe(.tailTraces, as: .counter, labels: [("decision", "dropped")]) { Double(tail.discardedCount) }
        for reason in TailReason.allCases {
            metrics.observe(.tailTraces, as: .counter, labels: [("decision", reason.rawValue)]) {
                Double(tail.keptCount(reason))
            }
        }
    }
}

extension Telemetry {
    /// Lets go of all spans that wait, as an exporter does whose collector took them: for benchmarks.
    package func discardTraces() {
        while let batch = traceQueue?.takeBatch() { traceQueue?.release(batch) }
    }
}
