// SPDX-License-Identifier: Apache-2.0
// The first stage after decoding: refuses what is too big, and counts what becomes of every batch.

package import SondeModel
package import SondeStorage

/// Refuses batches that are too big before they cost the store anything; tells the observer every outcome.
///
/// The last word on a batch is counted here, so this stage stands outermost: nothing behind it counts again.
package struct Admission: SpanSink, LogSink {
    private let limits: AdmissionLimits
    private let observer: any PipelineObserver
    private let next: any SpanSink & LogSink

    package init(
        limits: AdmissionLimits = AdmissionLimits(), observer: any PipelineObserver, next: any SpanSink & LogSink
    ) {
        self.limits = limits
        self.observer = observer
        self.next = next
    }

    package func accept(_ batch: SpanBatch) async throws(SinkError) {
        try await admit(.spans, count: batch.count, limit: limits.maxSpansPerBatch) { () async throws(SinkError) in
            try await next.accept(batch)
        }
    }

    package func accept(_ batch: LogBatch) async throws(SinkError) {
        try await admit(.logs, count: batch.count, limit: limits.maxLogsPerBatch) { () async throws(SinkError) in
            try await next.accept(batch)
        }
    }

    private func admit(
        _ signal: Signal, count: Int, limit: Int, pass: () async throws(SinkError) -> Void
    ) async throws(SinkError) {
        guard count > 0 else { return }
        guard count <= limit else {
            observer.turnedAway(signal, count: count, reason: .rejected)
            throw .rejected(reason: "the batch has \(count) \(signal.noun)s; the limit is \(limit)")
        }
        observer.waiting(signal, change: 1)
        defer { observer.waiting(signal, change: -1) }
        let begin = ContinuousClock.now
        do throws(SinkError) {
            try await pass()
        } catch {
            observer.turnedAway(signal, count: count, reason: RefusalReason(error))
            throw error
        }
        observer.accepted(signal, count: count, after: begin.duration(to: .now))
    }
}

extension RefusalReason {
    /// The word under which a sink's refusal is counted.
    package init(_ error: SinkError) {
        switch error {
        case .busy: self = .busy
        case .rejected: self = .rejected
        case .failed: self = .failed
        }
    }
}
