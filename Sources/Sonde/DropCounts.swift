// SPDX-License-Identifier: Apache-2.0
// How much was let go, by reason: of spans, log records and lines alike.

import Synchronization

/// Counts by reason, without a lock: a queue that is full drops as fast as spans end.
struct DropCounts<Reason: CaseIterable & Equatable & Sendable>: ~Copyable, Sendable {
    private let reasons = Array(Reason.allCases)
    /// One for each of `reasons`. Only the atomics are touched between init and deinit.
    private nonisolated(unsafe) let counts: UnsafeMutablePointer<Atomic<UInt64>>

    init() {
        counts = .allocate(capacity: reasons.count)
        for place in reasons.indices { (counts + place).initialize(to: Atomic(0)) }
    }

    deinit {
        counts.deinitialize(count: reasons.count)
        counts.deallocate()
    }

    func add(_ count: Int, _ reason: Reason) {
        guard count > 0, let place = reasons.firstIndex(of: reason) else { return }
        counts[place].wrappingAdd(UInt64(count), ordering: .relaxed)
    }

    subscript(reason: Reason) -> UInt64 {
        reasons.firstIndex(of: reason).map { counts[$0].load(ordering: .relaxed) } ?? 0
    }

    /// Without the reasons that never occurred.
    var losses: [(reason: Reason, count: UInt64)] {
        reasons.compactMap { reason in
            let count = self[reason]
            return count > 0 ? (reason, count) : nil
        }
    }
}
