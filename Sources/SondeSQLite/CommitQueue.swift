// SPDX-License-Identifier: Apache-2.0
// Batches that wait for the writer, within bounds. The writer takes all that wait at once: group commit without a
// timer.

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
        var isClosed = false
    }

    private let byteLimit: Int
    private let state = Mutex(State())

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
            defer { state.isAwake = true }
            return state.isAwake ? .queued : .wake
        }
    }

    /// The batches for one commit, in order of arrival; none puts the writer to sleep.
    func take() -> [WaitingBatch] {
        state.withLock { state in
            var count = 0
            var records = 0
            for batch in state.batches {
                if count > 0, records + batch.count > Limits.commitRecords { break }
                count += 1
                records += batch.count
                state.bytes -= batch.bytes
            }
            let taken = Array(state.batches.prefix(count))
            state.batches.removeFirst(count)
            state.records -= records
            if taken.isEmpty { state.isAwake = false }
            return taken
        }
    }

    /// Refuses everything from now on; what waits is still written.
    func close() { state.withLock { $0.isClosed = true } }

    var depth: (records: Int, bytes: Int) { state.withLock { ($0.records, $0.bytes) } }
}
