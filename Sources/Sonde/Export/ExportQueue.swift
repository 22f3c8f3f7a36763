// SPDX-License-Identifier: Apache-2.0
// Encoded spans or log records on their way out: bounded in number and bytes, already cut into batches. What does not
// fit is dropped and counted; the service never waits for its telemetry.

import SondeWire
import Synchronization

/// One request's worth of encoded entries. Each part holds entries of one instrumentation scope.
struct EncodedBatch: Sendable {
    struct Part: Sendable {
        var scope: String
        var bytes: [UInt8]
    }

    var parts: [Part] = []
    var count = 0
    var byteCount = 0

    mutating func append(_ entry: [UInt8], scope: String) {
        count += 1
        byteCount += entry.count
        if let place = parts.firstIndex(where: { $0.scope == scope }) {
            parts[place].bytes.append(contentsOf: entry)
        } else {
            parts.append(Part(scope: scope, bytes: entry))
        }
    }
}

/// The queue of one signal.
final class ExportQueue: Sendable {
    private struct State {
        var batches: [EncodedBatch] = []
        var count = 0
        var byteCount = 0
        var isClosed = false
    }

    let signal: ExportSignal
    let pulse = Pulse()
    private let state = Mutex(State())
    private let limits: ExportLimits
    private let drops = DropCounts()

    init(signal: ExportSignal, limits: ExportLimits) {
        self.signal = signal
        self.limits = limits
    }

    /// Encodes one entry and queues it. `encode` writes the fields of a `Span` or `LogRecord`.
    func append(scope: String, _ encode: (inout ProtobufWriter) -> Void) {
        var writer = ProtobufWriter(reservingCapacity: 512)
        writer.message(field: 2, encode)
        append(writer.bytes, scope: scope)
    }

    private func append(_ entry: [UInt8], scope: String) {
        let (dropReason, isBatchFull): (DropReason?, Bool) = state.withLock { state in
            if state.isClosed { return (.stopped, false) }
            guard state.count < limits.queuedEntries, state.byteCount + entry.count <= limits.queuedBytes else {
                return (.queueFull, false)
            }
            let needsBatch = state.batches.last.map {
                $0.count >= limits.batchEntries || $0.byteCount + entry.count > limits.batchBytes
            }
            // A batch that is full by bytes is ready as well.
            let closesBatch = needsBatch == true
            if needsBatch ?? true { state.batches.append(EncodedBatch()) }
            state.batches[state.batches.count - 1].append(entry, scope: scope)
            state.count += 1
            state.byteCount += entry.count
            return (nil, closesBatch || state.batches[state.batches.count - 1].count == limits.batchEntries)
        }
        if let dropReason { drop(1, dropReason) }
        if isBatchFull { wake() }
    }

    /// The oldest batch; nil if nothing waits.
    func takeBatch() -> EncodedBatch? {
        state.withLock { state in
            guard !state.batches.isEmpty else { return nil }
            let batch = state.batches.removeFirst()
            state.count -= batch.count
            state.byteCount -= batch.byteCount
            return batch
        }
    }

    /// Lets go of all that waits and of all that comes; returns how many waited.
    func close() -> Int {
        state.withLock { state in
            let count = state.count
            state = State(isClosed: true)
            return count
        }
    }

    /// Has the exporter send what waits without delay.
    func wake() { pulse.signal() }

    var queuedCount: Int { state.withLock { $0.count } }

    func drop(_ count: Int, _ reason: DropReason) { drops.add(count, reason) }

    func droppedCount(_ reason: DropReason) -> UInt64 { drops[reason] }
}

/// What is exported: its label on `/metrics` and its path under the endpoint.
enum ExportSignal: String, Sendable, CaseIterable {
    case traces
    case logs

    var path: String { "v1/" + rawValue }
}

/// Why an entry was let go.
enum DropReason: String, Sendable, CaseIterable {
    /// More came than could be sent.
    case queueFull = "queue_full"
    /// The collector refused the request for good.
    case rejected
    /// The collector took the request and refused this part of it.
    case partiallyRejected = "partially_rejected"
    /// It could not be sent for as long as a batch is tried.
    case retriesExhausted = "retries_exhausted"
    /// It was still waiting when the time to stop was over, or came afterwards.
    case stopped
}

/// Counts by reason.
final class DropCounts: Sendable {
    private let counts = Mutex<[DropReason: UInt64]>([:])

    func add(_ count: Int, _ reason: DropReason) {
        counts.withLock { $0[reason, default: 0] += UInt64(max(0, count)) }
    }

    subscript(reason: DropReason) -> UInt64 { counts.withLock { $0[reason] ?? 0 } }
}

/// Bounds of a queue and of the requests made from it.
struct ExportLimits: Sendable {
    var queuedEntries = Limits.queuedEntries
    var queuedBytes = Limits.queuedBytes
    var batchEntries = Limits.batchEntries
    var batchBytes = Limits.batchBytes
}
