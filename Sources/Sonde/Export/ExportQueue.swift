// SPDX-License-Identifier: Apache-2.0
// Encoded spans or log records on their way out: bounded in bytes, already cut into batches. An entry is copied once,
// into the batch that is open, under a lock held for that copy. What does not fit is dropped and counted; the service
// never waits for its telemetry.

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

    /// - Parameters:
    ///   - spare: Memory for a part that is begun; it is left empty.
    ///   - capacity: Bytes to make room for when a part is begun.
    @inline(__always)
    mutating func append(
        _ entries: UnsafeRawBufferPointer, count: Int, scope: String, spare: inout [UInt8], capacity: Int
    ) {
        self.count += count
        byteCount += entries.count
        if let place = parts.firstIndex(where: { $0.scope == scope }) {
            parts[place].bytes.append(contentsOf: entries)
        } else {
            var part = Part(scope: scope, bytes: [])
            swap(&part.bytes, &spare)
            // Most batches have one part; further ones are small.
            part.bytes.reserveCapacity(parts.isEmpty ? max(capacity, entries.count) : entries.count)
            part.bytes.append(contentsOf: entries)
            parts.append(part)
        }
    }

    /// Gives back memory beyond the bytes that are used: a queue that fills up for hours must not hold twice its bound.
    mutating func trim() {
        for place in parts.indices {
            let slack = parts[place].bytes.capacity - parts[place].bytes.count
            if slack > parts[place].bytes.count / 32 { parts[place].bytes = Array(parts[place].bytes[...]) }
        }
    }
}

/// The queue of one signal.
final class ExportQueue: Sendable {
    private struct State {
        /// Complete batches, oldest first, and the one that is being filled.
        var sealed: [EncodedBatch] = []
        var open = EncodedBatch()
        /// Entries that wait, and their bytes together with those of batches being sent.
        var count = 0
        var byteCount = 0
        /// Size of the batch before, where the next one is expected to end.
        var expectedBytes = 0
        /// Memory of a batch that has been sent, for the next one: fresh pages cost as much as what is written to them.
        var spare: [UInt8] = []
        var isClosed = false

        mutating func seal() {
            expectedBytes = open.byteCount + open.byteCount / 64
            // Memory that is soon used again need not be small.
            if sealed.count > 1 { open.trim() }
            sealed.append(open)
            open = EncodedBatch()
        }
    }

    let signal: ExportSignal
    let pulse = Pulse()
    private let state = Mutex(State())
    private let limits: ExportLimits
    private let drops = DropCounts<DropReason>()

    /// Bytes of entries that may be held. A sixteenth of the bound is left for what memory costs beside its bytes, and for
    /// the connection: the bound is meant as memory of the process.
    private let maxBytes: Int

    init(signal: ExportSignal, limits: ExportLimits) {
        self.signal = signal
        var limits = limits
        // A batch must be complete, and wake the exporter, before the queue is full.
        limits.batchBytes = min(limits.batchBytes, max(1, limits.queuedBytes / 2))
        self.limits = limits
        maxBytes = limits.queuedBytes - limits.queuedBytes / 16
    }

    /// Encodes one entry and queues it. `encode` writes the fields of a `Span` or `LogRecord`.
    func append(scope: String, _ encode: (inout ProtobufWriter) -> Void) {
        var writer = ProtobufWriter(reservingCapacity: 512)
        writer.message(field: 2, encode)
        writer.bytes.withUnsafeBytes { append($0, scope: scope) }
    }

    /// Queues entries that are encoded already, each as field 2 with its tag and length; all of them or none.
    func append(_ entries: UnsafeRawBufferPointer, count: Int = 1, scope: String = "") {
        let (dropReason, isBatchFull): (DropReason?, Bool) = state.withLock { state in
            if state.isClosed { return (.stopped, false) }
            guard state.byteCount + state.spare.capacity + entries.count <= maxBytes,
                state.count + count <= limits.queuedEntries
            else { return (.queueFull, false) }
            // A batch that is full by bytes is ready as well.
            let overflows = state.open.count > 0 && state.open.byteCount + entries.count > limits.batchBytes
            if overflows { state.seal() }
            state.open.append(
                entries, count: count, scope: scope, spare: &state.spare, capacity: state.expectedBytes)
            state.count += count
            state.byteCount += entries.count
            let isFull = state.open.count >= limits.batchEntries
            if isFull { state.seal() }
            return (nil, isFull || overflows)
        }
        if let dropReason { drop(count, dropReason) }
        if isBatchFull { wake() }
    }

    /// The oldest batch; nil if nothing waits. Its bytes count against the bound until `release`.
    func takeBatch() -> EncodedBatch? {
        state.withLock { state in
            if state.sealed.isEmpty, state.open.count > 0 { state.seal() }
            guard !state.sealed.isEmpty else { return nil }
            let batch = state.sealed.removeFirst()
            state.count -= batch.count
            return batch
        }
    }

    /// A batch that was taken is gone, one way or another.
    func release(_ batch: consuming EncodedBatch) {
        let byteCount = batch.byteCount
        recycle(&batch)
        state.withLock { state in
            if !state.isClosed { state.byteCount -= byteCount }
        }
    }

    /// Takes the memory of a batch whose bytes are somewhere else by now.
    func recycle(_ batch: inout EncodedBatch) {
        guard var memory = batch.parts.popLast()?.bytes else { return }
        batch.parts = []
        memory.removeAll(keepingCapacity: true)
        state.withLock { state in
            // What is kept counts against the bound, and must not be much of it.
            guard !state.isClosed, memory.capacity <= limits.queuedBytes / 8 else { return }
            if state.spare.capacity < memory.capacity { swap(&state.spare, &memory) }
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

    /// Bytes that wait or are being sent.
    var queuedBytes: Int { state.withLock { $0.byteCount } }

    func drop(_ count: Int, _ reason: DropReason) { drops.add(count, reason) }

    func droppedCount(_ reason: DropReason) -> UInt64 { drops[reason] }

    /// What was let go so far, by reason, without the reasons that never occurred.
    var losses: [(reason: DropReason, count: UInt64)] { drops.losses }
}

/// What is exported: its label on `/metrics` and its path under the endpoint.
enum ExportSignal: String, Sendable, CaseIterable {
    case traces
    case logs
    /// Pushed at an interval, without a queue.
    case metrics

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
    /// It was held for the end of its trace, and there was no room for it.
    case holdFull = "hold_full"
    /// It was held for the end of its trace for longer than spans are held, or until the process forgot the trace.
    case holdExpired = "hold_expired"

    /// Only spans are held.
    func concerns(_ signal: ExportSignal) -> Bool {
        switch self {
        case .holdFull, .holdExpired: signal == .traces
        default: true
        }
    }
}

/// Bounds of a queue and of the requests made from it.
struct ExportLimits: Sendable {
    var queuedEntries = Int.max
    var queuedBytes = Limits.queuedBytes
    var batchEntries = Limits.batchEntries
    var batchBytes = Limits.batchBytes
}
