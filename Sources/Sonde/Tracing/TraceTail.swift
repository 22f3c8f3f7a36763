// SPDX-License-Identifier: Apache-2.0
// Errors and slow requests kept although their trace was not chosen: its spans wait, encoded, until the first span of
// the trace in this process ends, and then all go out or none. Other services have long been told "not sampled"; what
// is kept is this process's part of the trace.

import SondeModel
import Synchronization

/// Keeps what failed or was slow of the traces that were not sampled.
///
/// ```swift
/// config.sampler = .parentBased(ratio: 0.01)
/// config.tailSampling = TailSampling(slowerThan: .seconds(1))
/// ```
///
/// The decision falls when the first span of a trace in this process ends. If its status is an error, or it took longer
/// than ``slowerThan``, all spans of the trace in this process are exported, and that first one says why in
/// `sonde.sampled.reason` (`error` or `slow`). The sampled flag that went to other services stays 0: they have dropped
/// their part unless they decide alike.
public struct TailSampling: Hashable, Sendable {
    /// Requests that take longer are kept; nil if none are kept for that.
    public var slowerThan: Duration?
    /// Whether requests that fail are kept.
    public var keepsErrors = true
    /// Encoded bytes of all spans that may wait at a time. What exceeds it is dropped and counted (`hold_full`).
    public var maxHeldBytes = 4 << 20
    /// How long spans may wait. Those of a trace that takes longer are dropped and counted (`hold_expired`), except for
    /// its first one.
    public var maxHeldDuration = Duration.seconds(30)

    /// Keeps errors, and requests that take longer than this; nil for errors only.
    public init(slowerThan: Duration? = nil) { self.slowerThan = slowerThan }
}

/// Why a trace was kept after all.
enum TailReason: String, CaseIterable, Sendable {
    case error
    case slow
}

/// All that is held in one process.
final class TraceTail: Sendable {
    let queue: ExportQueue
    private let slowNanoseconds: UInt64
    private let keepsErrors: Bool
    private let maxBytes: Int
    private let maxNanoseconds: UInt64
    private let held = Atomic<Int>(0)
    private let keptErrors = Atomic<UInt64>(0)
    private let keptSlow = Atomic<UInt64>(0)
    private let discarded = Atomic<UInt64>(0)

    static let reasonKey = "sonde.sampled.reason"

    init(_ sampling: TailSampling, queue: ExportQueue) {
        self.queue = queue
        slowNanoseconds = sampling.slowerThan.map(\.wholeNanoseconds) ?? .max
        keepsErrors = sampling.keepsErrors
        maxBytes = sampling.maxHeldBytes
        maxNanoseconds = sampling.maxHeldDuration.wholeNanoseconds
    }

    /// For the spans of one trace.
    func hold() -> TraceHold { TraceHold(self) }

    /// Why to keep a trace whose first span ended like this; nil if it is not kept.
    func reason(isError: Bool, nanoseconds: UInt64) -> TailReason? {
        if isError, keepsErrors { return .error }
        return nanoseconds > slowNanoseconds ? .slow : nil
    }

    var heldBytes: Int { held.load(ordering: .relaxed) }

    func keptCount(_ reason: TailReason) -> UInt64 {
        switch reason {
        case .error: keptErrors.load(ordering: .relaxed)
        case .slow: keptSlow.load(ordering: .relaxed)
        }
    }

    /// Traces whose spans were let go because nothing was wrong with them.
    var discardedCount: UInt64 { discarded.load(ordering: .relaxed) }

    fileprivate func isExpired(start: UInt64, now: UInt64) -> Bool { now > start && now - start > maxNanoseconds }

    fileprivate func reserve(_ bytes: Int) -> Bool {
        let after = held.wrappingAdd(bytes, ordering: .relaxed).newValue
        if after <= maxBytes { return true }
        release(bytes)
        return false
    }

    fileprivate func release(_ bytes: Int) { held.wrappingSubtract(bytes, ordering: .relaxed) }

    fileprivate func count(_ reason: TailReason?) {
        switch reason {
        case .error: keptErrors.wrappingAdd(1, ordering: .relaxed)
        case .slow: keptSlow.wrappingAdd(1, ordering: .relaxed)
        case nil: discarded.wrappingAdd(1, ordering: .relaxed)
        }
    }
}

/// The spans of one trace that wait for its end.
final class TraceHold: Sendable {
    private enum Fate { case open, kept, discarded, expired }

    private struct State {
        var entries: [UInt8] = []
        var count = 0
        /// When the first span that waits ended.
        var since: UInt64 = 0
        var fate = Fate.open
    }

    private let tail: TraceTail
    private let state = Mutex(State())

    fileprivate init(_ tail: TraceTail) { self.tail = tail }

    deinit { tail.release(state.withLock { $0.entries.count }) }

    /// A span of the trace, encoded with tag and length. After the decision it goes where the others went.
    func append(_ entry: UnsafeRawBufferPointer, at end: UInt64) {
        let drops: (Int, DropReason)? = state.withLock { state in
            switch state.fate {
            case .kept: tail.queue.append(entry)
            case .discarded: break
            case .expired: return (1, .holdExpired)
            case .open: return hold(entry, at: end, &state)
            }
            return nil
        }
        if let drops { tail.queue.drop(drops.0, drops.1) }
    }

    private func hold(_ entry: UnsafeRawBufferPointer, at end: UInt64, _ state: inout State) -> (Int, DropReason)? {
        if state.count == 0 { state.since = end }
        if tail.isExpired(start: state.since, now: end) {
            tail.release(state.entries.count)
            defer { state = State(fate: .expired) }
            return (state.count + 1, .holdExpired)
        }
        guard tail.reserve(entry.count) else { return (1, .holdFull) }
        state.entries.append(contentsOf: entry)
        state.count += 1
        return nil
    }

    /// The first span of the trace has ended: with a reason all that waits is sent, without one it is let go.
    func decide(_ reason: TailReason?) {
        let ready: State? = state.withLock { state in
            let ready = state
            let isOpen = state.fate == .open
            state = State(fate: reason == nil ? .discarded : .kept)
            return isOpen ? ready : nil
        }
        tail.count(reason)
        guard let ready else { return }
        tail.release(ready.entries.count)
        guard reason != nil, ready.count > 0 else { return }
        ready.entries.withUnsafeBytes { tail.queue.append($0, count: ready.count) }
    }
}

extension Duration {
    /// Zero if negative.
    var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let whole = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return whole.overflow ? .max : whole.partialValue &+ UInt64(attoseconds / 1_000_000_000)
    }
}
