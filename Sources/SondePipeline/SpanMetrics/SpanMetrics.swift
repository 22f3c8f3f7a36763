// SPDX-License-Identifier: Apache-2.0
// Metrics from spans: what goes past on its way from the store's acknowledgement is counted by service, name, kind and
// status, and calls between services by their edge. Names and labels are those of Grafana Tempo's metrics generator, so
// that its dashboards work; who writes them for Prometheus is not known here.
//
//   span ▸ SeriesTable   service · span name, templated · kind · status · dimensions  → calls, durations, bytes
//        ▸ CallGraph     client half waits for its server half                        → calls, failures, durations
//        ▸ TargetTable   resources                                                    → who there is

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
    private struct State {
        var series: SeriesTable
        var graph = CallGraph()
        var targets = TargetTable()
    }

    private let state: Mutex<State>
    private let now: @Sendable () -> ContinuousClock.Instant

    /// - Parameter now: The present, by which halves of calls and idle series are given up.
    package init(
        _ configuration: SpanMetricsConfiguration = SpanMetricsConfiguration(),
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        state = Mutex(State(series: SeriesTable(configuration)))
        self.now = now
    }

    /// Counts a batch: one lock a batch.
    package func record(_ batch: SpanBatch) {
        guard !batch.isEmpty else { return }
        let now = now()
        state.withLock { state in
            batch.bytes.withUnsafeBufferPointer { bytes in
                guard let base = bytes.baseAddress else { return }
                state.graph.giveUp(before: now)
                var resource = BatchResource()
                for span in batch.entries {
                    // Without an end it lasted no time, and it will come again.
                    guard span.end != .zero else { continue }
                    if span.resource != resource.index {
                        resource = BatchResource(span.resource, batch)
                        state.targets.see(resource, base, now)
                        state.series.begin(resource, base)
                    }
                    state.series.record(span, of: resource, base, now)
                    state.graph.record(span, of: resource, base, now)
                }
            }
        }
    }

    /// All that was counted, in the order of its labels. Series that nothing was added to for a while are gone.
    package func snapshot() -> SpanMetricsSnapshot {
        let now = now()
        var snapshot = state.withLock { state in
            state.graph.giveUp(before: now)
            state.series.dropIdle(now)
            state.graph.dropIdle(now)
            state.targets.dropIdle(now)
            return SpanMetricsSnapshot(
                spans: state.series.snapshot(), edges: state.graph.snapshot(), targets: state.targets.snapshot(),
                unpaired: state.graph.unpairedSnapshot(), droppedHalves: state.graph.droppedHalves,
                overflowedSpans: state.series.overflowed, overflowedCalls: state.graph.overflowed)
        }
        // Senders wait for the lock: what can be done without it is.
        snapshot.sort()
        return snapshot
    }
}

/// The resource that a run of spans shares, as the tables want it.
struct BatchResource {
    var index = UInt32.max
    /// Its service's name, cut to what a label may have.
    var service = ""
    var body = ByteRange.empty

    init() {}

    init(_ index: UInt32, _ batch: SpanBatch) {
        let entry = batch.resources[Int(index)]
        self.index = index
        body = entry.body
        let name = batch.bytes[entry.serviceName.lowerBound..<entry.serviceName.upperBound]
        let text = String(decoding: SpanNameTemplate.cut(name), as: UTF8.self)
        service = text.isEmpty ? Resource.unknownService : text
    }
}
