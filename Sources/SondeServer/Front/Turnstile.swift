// SPDX-License-Identifier: Apache-2.0
// Lets few work at once on what takes much memory; the others wait their turn for as long as anyone waits for them.

import Synchronization

final class Turnstile: Sendable {
    private let state: Mutex<State>

    private struct State {
        var free: Int
        var lastTicket: UInt64 = 0
        var waiting: [(ticket: UInt64, continuation: CheckedContinuation<Bool, Never>)] = []
        /// Tickets given up before they waited.
        var givenUp: Set<UInt64> = []
    }

    init(places: Int) {
        state = Mutex(State(free: places))
    }

    /// Runs `work` as soon as there is a place, in the order of asking; throws if the task is cancelled before.
    func pass<Result>(_ work: () async throws(Refusal) -> Result) async throws(Refusal) -> Result {
        guard await enter() else { throw .givenUp }
        defer { leave() }
        return try await work()
    }

    private func enter() async -> Bool {
        let ticket = state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
        let hasEntered = await withTaskCancellationHandler {
            await withCheckedContinuation { wait($0, ticket) }
        } onCancel: {
            giveUp(ticket)
        }
        // Of one that was let in just before it was given up.
        state.withLock { _ = $0.givenUp.remove(ticket) }
        return hasEntered
    }

    private func wait(_ continuation: CheckedContinuation<Bool, Never>, _ ticket: UInt64) {
        let mayEnter: Bool? = state.withLock { state in
            if state.givenUp.contains(ticket) { return false }
            guard state.free == 0 else {
                state.free -= 1
                return true
            }
            state.waiting.append((ticket, continuation))
            return nil
        }
        if let mayEnter { continuation.resume(returning: mayEnter) }
    }

    private func giveUp(_ ticket: UInt64) {
        let continuation = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard let place = state.waiting.firstIndex(where: { $0.ticket == ticket }) else {
                state.givenUp.insert(ticket)
                return nil
            }
            return state.waiting.remove(at: place).continuation
        }
        continuation?.resume(returning: false)
    }

    /// The place goes to who has waited longest.
    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Bool, Never>? in
            guard !state.waiting.isEmpty else {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst().continuation
        }
        next?.resume(returning: true)
    }
}
