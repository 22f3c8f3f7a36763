// SPDX-License-Identifier: Apache-2.0
// What admission lets through, and what it tells those who count.

import SondeModel
import SondePipeline
import SondeStorage
import Synchronization
import Testing

@Suite struct AdmissionTests {
    private let observer = RecordingObserver()

    @Test func refusesABatchWithMoreSpansThanTheLimitAndSaysBothNumbers() async {
        let sink = RecordingSink()
        let admission = Admission(limits: limits(spans: 2), observer: observer, next: sink)
        await #expect(throws: SinkError.rejected(reason: "the batch has 3 spans; the limit is 2")) {
            try await admission.accept(spans(3))
        }
        #expect(sink.taken == [])
        #expect(observer.outcomes == [.turnedAway(.spans, 3, .rejected)])
    }

    @Test func refusesABatchWithMoreLogRecordsThanTheLimit() async {
        let admission = Admission(limits: limits(logs: 1), observer: observer, next: RecordingSink())
        await #expect(throws: SinkError.rejected(reason: "the batch has 2 log records; the limit is 1")) {
            try await admission.accept(logs(2))
        }
        #expect(observer.outcomes == [.turnedAway(.logs, 2, .rejected)])
    }

    @Test(arguments: [
        (SinkError.busy(reason: "full", retryAfter: .seconds(3)), RefusalReason.busy),
        (SinkError.rejected(reason: "no"), RefusalReason.rejected),
        (SinkError.failed(reason: "broken"), RefusalReason.failed),
    ])
    func passesTheStoresRefusalOnUnchangedAndCountsIt(error: SinkError, reason: RefusalReason) async {
        let admission = Admission(observer: observer, next: RecordingSink(error: error))
        await #expect(throws: error) { try await admission.accept(spans(4)) }
        #expect(observer.outcomes == [.turnedAway(.spans, 4, reason)])
        #expect(observer.waiting == 0)
    }

    @Test func takesABatchOfExactlyTheLimit() async throws {
        let sink = RecordingSink()
        let admission = Admission(limits: limits(spans: 3), observer: observer, next: sink)
        try await admission.accept(spans(3))
        #expect(sink.taken == [3])
        #expect(observer.outcomes == [.accepted(.spans, 3)])
        #expect(observer.waiting == 0)
    }

    @Test func anEmptyBatchIsTakenWithoutEffect() async throws {
        let sink = RecordingSink()
        let admission = Admission(observer: observer, next: sink)
        try await admission.accept(spans(0))
        try await admission.accept(logs(0))
        #expect(sink.taken == [])
        #expect(observer.outcomes == [])
    }

    private func limits(spans: Int = 10, logs: Int = 10) -> AdmissionLimits {
        var limits = AdmissionLimits()
        limits.maxSpansPerBatch = spans
        limits.maxLogsPerBatch = logs
        return limits
    }

    private func spans(_ count: Int) -> SpanBatch {
        SpanBatch(bytes: [], entries: Array(repeating: SpanEntry(), count: count), resources: [], scopes: [])
    }

    private func logs(_ count: Int) -> LogBatch {
        LogBatch(bytes: [], entries: Array(repeating: LogEntry(), count: count), resources: [], scopes: [])
    }
}

private final class RecordingSink: SpanSink, LogSink {
    private let counts = Mutex<[Int]>([])
    private let error: SinkError?

    init(error: SinkError? = nil) {
        self.error = error
    }

    var taken: [Int] { counts.withLock { $0 } }

    func accept(_ batch: SpanBatch) async throws(SinkError) { try take(batch.count) }
    func accept(_ batch: LogBatch) async throws(SinkError) { try take(batch.count) }

    private func take(_ count: Int) throws(SinkError) {
        if let error { throw error }
        counts.withLock { $0.append(count) }
    }
}

private final class RecordingObserver: PipelineObserver {
    enum Outcome: Equatable {
        case accepted(Signal, Int)
        case turnedAway(Signal, Int, RefusalReason)
    }

    private let state = Mutex<(outcomes: [Outcome], waiting: Int)>(([], 0))

    var outcomes: [Outcome] { state.withLock { $0.outcomes } }
    var waiting: Int { state.withLock { $0.waiting } }

    func accepted(_ signal: Signal, count: Int, after duration: Duration) {
        state.withLock { $0.outcomes.append(.accepted(signal, count)) }
    }

    func turnedAway(_ signal: Signal, count: Int, reason: RefusalReason) {
        state.withLock { $0.outcomes.append(.turnedAway(signal, count, reason)) }
    }

    func waiting(_ signal: Signal, change: Int) {
        state.withLock { $0.waiting += change }
    }
}
