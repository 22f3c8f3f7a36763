// SPDX-License-Identifier: Apache-2.0
// One number for the bytes of all request bodies in memory. Whoever wants to hold bytes asks first; whoever is told no
// tells its sender to wait, before memory says it for us.

import Synchronization

/// Bytes that may be held at once. Shared by all connections.
package final class InFlightBudget: Sendable {
    package let capacity: Int
    private let used = Mutex(0)

    package init(capacity: Int = PipelineLimits.inFlightBytes) {
        self.capacity = capacity
    }

    /// Bytes held now.
    package var usedBytes: Int { used.withLock { $0 } }

    /// A place for `bytes`; nil if there is not enough room now.
    package func reserve(_ bytes: Int) -> Reservation? {
        let reservation = Reservation(budget: self)
        return reservation.grow(by: bytes) ? reservation : nil
    }

    fileprivate func take(_ bytes: Int) -> Bool {
        used.withLock { used in
            guard bytes <= capacity - used else { return false }
            used += bytes
            return true
        }
    }

    fileprivate func giveBack(_ bytes: Int) {
        used.withLock { $0 -= bytes }
    }
}

/// Bytes held by one request; given back at the latest when the last reference goes.
package final class Reservation: Sendable {
    private let budget: InFlightBudget
    private let held = Mutex(0)

    fileprivate init(budget: InFlightBudget) {
        self.budget = budget
    }

    deinit { release() }

    package var bytes: Int { held.withLock { $0 } }

    /// Holds `bytes` more; false, and nothing changed, if there is not enough room now.
    package func grow(by bytes: Int) -> Bool {
        precondition(bytes >= 0, "a reservation only grows; release() gives back")
        return held.withLock { held in
            guard budget.take(bytes) else { return false }
            held += bytes
            return true
        }
    }

    /// Gives everything back. May be called more than once.
    package func release() {
        held.withLock { held in
            budget.giveBack(held)
            held = 0
        }
    }
}
