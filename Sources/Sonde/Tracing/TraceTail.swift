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
    private let waiting = Mutex(Waiting())

    /// The holds that have spans. Each span counts against ``maxBytes``, so that there can't be many.
    private struct Waiting {
        struct Entry {
            weak var hold: TraceHold?
            let since: UInt64
        }

        var holds: [ObjectIdentifier: Entry] = [:]
        /// When all were last looked through for those that have expired.
        var lastSweep: UInt64 = 0
    }

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

    fileprivate func began(_ hold: TraceHold, at time: UInt64) {
        waiting.withLock { $0.holds[ObjectIdentifier(hold)] = Waiting.Entry(hold: hold, since: time) }
    }

    fileprivate func ended(_ hold: TraceHold) {
        waiting.withLock { _ = $0.holds.removeValue(forKey: ObjectIdentifier(hold)) }
    }

    /// Makes room by letting go of what has waited for too long: traces whose spans have all ended but the first never
    /// come by to be asked. Looks through all of them once a second at most; false if it did not.
    fileprivate func sweep(at now: UInt64) -> Bool {
        let expired: [TraceHold]? = waiting.withLock { waiting in
            guard now > waiting.lastSweep, now - waiting.lastSweep >= Limits.tailSweepNanoseconds else { return nil }
            waiting.lastSweep = now
            return waiting.holds.values.compactMap { isExpired(start: $0.since, now: now) ? $0.hold : nil }
        }
        expired?.forEach { $0.expire() }
        return expired != nil
    }

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

    /// The first span of the trace was never ended, or the service stopped before.
    deinit {
        let (bytes, count) = state.withLock { ($0.entries.count, $0.count) }
        guard count > 0 else { return }
        tail.release(bytes)
        tail.ended(self)
        tail.queue.drop(count, .holdExpired)
    }

    /// A span of the trace, encoded with tag and length. After the decision it goes where the others went.
    func append(_ entry: UnsafeRawBufferPointer, at end: UInt64) {
        var drop = take(entry, at: end)
        if drop?.reason == .holdFull, tail.sweep(at: end) { drop = take(entry, at: end) }
        if let drop { tail.queue.drop(drop.count, drop.reason) }
    }

    private typealias Drop = (count: Int, reason: DropReason)

    private func take(_ entry: UnsafeRawBufferPointer, at end: UInt64) -> Drop? {
        state.withLock { state in
            switch state.fate {
            case .kept: tail.queue.append(entry)
            case .discarded: break
            case .expired: return (1, .holdExpired)
            case .open: return hold(entry, at: end, &state)
            }
            return nil
        }
    }

    private func hold(_ entry: UnsafeRawBufferPointer, at end: UInt64, _ state: inout State) -> Drop? {
        if state.count > 0, tail.isExpired(start: state.since, now: end) {
            return (1 + letGo(&state), .holdExpired)
        }
        guard tail.reserve(entry.count) else { return (1, .holdFull) }
        if state.count == 0 {
            state.since = end
            tail.began(self, at: end)
        }
        state.entries.append(contentsOf: entry)
        state.count += 1
        return nil
    }

    /// Ends the wait without a decision; returns how many spans waited.
    private func letGo(_ state: inout State) -> Int {
        let count = state.count
        tail.release(state.entries.count)
        tail.ended(self)
        state = State(fate: .expired)
        return count
    }

    /// What waits has waited for too long.
    fileprivate func expire() {
        let count = state.withLock { $0.fate == .open && $0.count > 0 ? letGo(&$0) : 0 }
        tail.queue.drop(count, .holdExpired)
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
        guard let ready, ready.count > 0 else { return }
        tail.release(ready.entries.count)
        tail.ended(self)
        guard reason != nil else { return }
        ready.entries.withUnsafeBytes { send($0) }
    }

    /// Span by span, so that what was held for one trace does not make a request larger than collectors take.
    private func send(_ entries: UnsafeRawBufferPointer) {
        var rest = entries
        while let size = rest.firstFieldSize {
            tail.queue.append(UnsafeRawBufferPointer(rebasing: rest[..<size]))
            rest = UnsafeRawBufferPointer(rebasing: rest[size...])
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Bytes of the length-delimited field with a tag of one byte at the beginning; nil if there is none.
    fileprivate var firstFieldSize: Int? {
        var length = 0
        var place = 1
        while place < Swift.min(count, 10) {
            let byte = self[place]
            length |= Int(byte & 0x7F) << (7 * (place - 1))
            place += 1
            if byte < 0x80 { return length <= count - place ? place + length : nil }
        }
        return nil
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
