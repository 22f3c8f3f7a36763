// SPDX-License-Identifier: Apache-2.0
// Batches that wait for the writer, within bounds. The writer takes all that wait at once: group commit. Where several
// senders are at work it first waits, very briefly, for those whom it has just answered.

import Dispatch
import SondeModel
import SondeStorage
import Synchronization

/// A batch and the sender that waits for it.
struct WaitingBatch: Sendable {
    enum Content: Sendable {
        case spans(SpanBatch)
        case logs(LogBatch)
    }

    var content: Content
    var sender: CheckedContinuation<Result<Void, SinkError>, Never>

    var count: Int {
        switch content {
        case .spans(let batch): batch.count
        case .logs(let batch): batch.count
        }
    }

    var bytes: Int {
        switch content {
        case .spans(let batch): batch.bytes.count + batch.count * MemoryLayout<SpanEntry>.stride
        case .logs(let batch): batch.bytes.count + batch.count * MemoryLayout<LogEntry>.stride
        }
    }
}

final class CommitQueue: Sendable {
    enum Admission {
        /// The writer must be woken.
        case wake
        case queued
        case refused(SinkError, word: String)
    }

    private struct State {
        var batches: [WaitingBatch] = []
        var records = 0
        var bytes = 0
        /// Whether the writer is at work, or has been woken.
        var isAwake = false
        /// Batches for which the writer's thread sleeps.
        var awaited: Int?
        var isClosed = false

        /// Whether a commit of what waits now would gain little from more.
        func isEnough(for awaited: Int) -> Bool {
            batches.count >= awaited || records >= Limits.commitRecords / 2 || isClosed
        }

        /// Whether the writer's thread sleeps for no more than there is; then it must be woken.
        mutating func endsTheWait() -> Bool {
            guard let awaited, isEnough(for: awaited) else { return false }
            self.awaited = nil
            return true
        }
    }

    private let byteLimit: Int
    private let state = Mutex(State())
    private let arrived = DispatchSemaphore(value: 0)

    init(byteLimit: Int) { self.byteLimit = byteLimit }

    func add(_ batch: WaitingBatch) -> Admission {
        state.withLock { state in
            if state.isClosed {
                return .refused(.busy(reason: "the store is closing", retryAfter: Limits.busyRetry), word: "closing")
            }
            let isFull = state.bytes + batch.bytes > byteLimit || state.records + batch.count > Limits.waitingRecords
            if isFull, !state.batches.isEmpty {
                let reason = "\(state.records) records (\(state.bytes >> 20) MiB) wait for the disk already; slow down"
                return .refused(.busy(reason: reason, retryAfter: Limits.busyRetry), word: "queue_full")
            }
            state.batches.append(batch)
            state.records += batch.count
            state.bytes += batch.bytes
            if state.endsTheWait() { arrived.signal() }
            defer { state.isAwake = true }
            return state.isAwake ? .queued : .wake
        }
    }

    /// Lets the writer's thread sleep until `count` batches wait, or so much that more would not help, or `patience` has
    /// run out.
    func waitForBatches(_ count: Int, patience: Duration) {
        let mustWait = state.withLock { state in
            guard !state.isEnough(for: count) else { return false }
            state.awaited = count
            return true
        }
        guard mustWait else { return }
        let deadline = DispatchTime.now() + .nanoseconds(Int(patience.nanoseconds))
        guard arrived.wait(timeout: deadline) == .timedOut else { return }
        // Whoever ended the wait in this very moment has signalled; that must not end the next one.
        if state.withLock({ $0.awaited.take() == nil }) { arrived.wait() }
    }

    /// The batches for one commit, in order of arrival; none puts the writer to sleep.
    func take() -> [WaitingBatch] {
        state.withLock { state in
            var count = 0
            var records = 0
            var bytes = 0
            for batch in state.batches {
                let isEnough = records + batch.count > Limits.commitRecords || bytes + batch.bytes > Limits.commitBytes
                if count > 0, isEnough { break }
                count += 1
                records += batch.count
                bytes += batch.bytes
            }
            state.bytes -= bytes
            let taken = Array(state.batches.prefix(count))
            state.batches.removeFirst(count)
            state.records -= records
            if taken.isEmpty { state.isAwake = false }
            return taken
        }
    }

    /// Refuses everything from now on; what waits is still written.
    func close() {
        state.withLock { state in
            state.isClosed = true
            if state.endsTheWait() { arrived.signal() }
        }
    }

    /// Batches that wait.
    var count: Int { state.withLock { $0.batches.count } }

    var depth: (records: Int, bytes: Int) { state.withLock { ($0.records, $0.bytes) } }
}
