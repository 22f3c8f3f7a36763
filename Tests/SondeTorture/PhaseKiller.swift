// SPDX-License-Identifier: Apache-2.0
// Ends its own process, without asking anybody, in the middle of a phase of the store: at a fraction of the time that
// the phase took when it was last seen. The phase cannot end while the decision is made: its end waits for the lock.

import Foundation
import SondeSQLite
import Synchronization

final class PhaseKiller: StoreObserver {
    private struct State {
        var open = 0
        var began = ContinuousClock.now
        var lastDuration: Duration?
        var deadline: ContinuousClock.Instant?
        /// Times the phase ended before its deadline: the next deadline comes sooner.
        var misses = 0
        var left: Int
    }

    private let phase: StorePhase
    private let fraction: Double
    private let say: @Sendable (String) -> Void
    private let state: Mutex<State>

    /// - Parameter skipping: how many times the phase is let through first.
    init(_ phase: StorePhase, fraction: Double, skipping: Int, say: @escaping @Sendable (String) -> Void) {
        self.phase = phase
        self.fraction = fraction
        self.say = say
        state = Mutex(State(left: max(1, skipping)))
        Thread.detachNewThread { [self] in watch() }
    }

    func began(_ phase: StorePhase) {
        guard phase == self.phase else { return }
        state.withLock { state in
            state.open += 1
            state.began = .now
            guard state.left == 0, let last = state.lastDuration else { return }
            state.deadline = state.began.advanced(by: last * (fraction / Double(1 + state.misses)))
        }
    }

    func ended(_ phase: StorePhase) {
        guard phase == self.phase else { return }
        state.withLock { state in
            state.open -= 1
            let duration = state.began.duration(to: .now)
            state.lastDuration = duration
            if state.left > 0 { state.left -= 1 }
            guard state.deadline != nil else { return }
            state.deadline = nil
            state.misses += 1
        }
    }

    private func watch() {
        while true {
            let isArmed = state.withLock { state in
                guard let deadline = state.deadline, state.open > 0 else { return false }
                guard deadline <= .now else { return true }
                say("inside \(phase.rawValue)")
                kill(getpid(), SIGKILL)
                return true
            }
            // Spinning only while a deadline is near.
            if !isArmed { usleep(20) }
        }
    }
}
