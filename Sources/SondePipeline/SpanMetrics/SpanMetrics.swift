// SPDX-License-Identifier: Apache-2.0
// Metrics from spans: what goes past on its way from the store's acknowledgement is counted by service, name, kind and
// status, and calls between services by their edge. Names and labels are those of Grafana Tempo's metrics generator, so
// that its dashboards work; who writes them for Prometheus is not known here.
//
//   span ▸ SeriesTable     service · span name, templated · kind · status · dimensions  → calls, durations, bytes
//        ▸ CallGraph       client half waits for its server half                        → calls, failures, durations
//        ▸ ResourceTable   resources                                                    → who there is

package import SondeModel
package import SondeStorage
import Synchronization

/// What is counted from spans.
package struct SpanMetricsConfiguration: Hashable, Sendable {
    /// Keys of attributes that become labels: the span's own, else its resource's.
    package var dimensions: [String] = []
    /// Label sets of spans before the rest is counted in one series, `otel_metric_overflow="true"`.
    package var maxSeries = PipelineLimits.spanSeries

    package init() {}
}

/// Counts the spans that the next stage has taken. Stands inside admission: what is counted is acknowledged.
package struct SpanMetricsStage: SpanSink, LogSink {
    private let metrics: SpanMetrics
    private let next: any SpanSink & LogSink

    package init(metrics: SpanMetrics, next: any SpanSink & LogSink) {
        self.metrics = metrics
        self.next = next
    }

    package func accept(_ batch: SpanBatch) async throws(SinkError) {
        try await next.accept(batch)
        metrics.record(batch)
    }

    package func accept(_ batch: LogBatch) async throws(SinkError) { try await next.accept(batch) }
}

/// Everything counted from spans since the collector started. A span that is sent twice counts twice here, unlike in the
/// store.
package final class SpanMetrics: Sendable {
    private let tables: Mutex<SpanTables>
    /// Batches that were taken while another was being counted. Whoever counts takes them along, so that no thread waits.
    private let waiting = Mutex<[SpanBatch]>([])
    private let now: @Sendable () -> ContinuousClock.Instant

    /// - Parameter now: The present, by which halves of calls and idle series are given up.
    package init(
        _ configuration: SpanMetricsConfiguration = SpanMetricsConfiguration(),
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        tables = Mutex(SpanTables(configuration, now: now()))
        self.now = now
    }

    /// Counts a batch, before it returns or, where another is being counted, right after that one.
    package func record(_ batch: SpanBatch) {
        guard !batch.isEmpty else { return }
        let count = waiting.withLock { waiting in
            waiting.append(batch)
            return waiting.count
        }
        // Whoever counts is not to be left behind without bound.
        if count >= PipelineLimits.batchesUncounted { tables.withLock { countWaiting(&$0) } }
        countLeft()
    }

    /// Counts what came between the last look of whoever had the lock and the end of it.
    private func countLeft() {
        while waiting.withLock({ !$0.isEmpty }) {
            guard tables.withLockIfAvailable({ countWaiting(&$0) }) != nil else { return }
        }
    }

    private func countWaiting(_ tables: inout SpanTables) {
        let now = now()
        for batch in waiting.withLock({ exchange(&$0, with: []) }) { tables.count(batch, now) }
    }

    /// All that was counted, in the order of its labels. Series that nothing was added to for a while are gone.
    package func snapshot() -> SpanMetricsSnapshot {
        var snapshot = tables.withLock { tables in
            countWaiting(&tables)
            return tables.snapshot(now())
        }
        countLeft()
        // What can be done without the lock is.
        snapshot.sort()
        return snapshot
    }
}
