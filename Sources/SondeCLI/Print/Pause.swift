// SPDX-License-Identifier: Apache-2.0
// The time between two looks at a source.

enum Pause {
    /// Waits, but not beyond `deadline`; false once that has passed. The last look is at the deadline itself.
    static func between(polls interval: Duration, until deadline: ContinuousClock.Instant) async -> Bool {
        let now = ContinuousClock.now
        guard now < deadline else { return false }
        try? await ContinuousClock().sleep(until: min(deadline, now + interval))
        return true
    }
}
