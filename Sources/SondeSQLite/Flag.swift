// SPDX-License-Identifier: Apache-2.0
// A flag that one of many may raise.

import Synchronization

final class Flag: Sendable {
    private let isRaised = Atomic(false)

    /// Raises the flag; false if it was up already.
    func raise() -> Bool { !isRaised.exchange(true, ordering: .acquiringAndReleasing) }

    func lower() { isRaised.store(false, ordering: .releasing) }
}
