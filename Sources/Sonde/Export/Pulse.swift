// SPDX-License-Identifier: Apache-2.0
// A bell: whoever waits goes on when it rings, or when the wait has been long enough.

import Synchronization

/// Signals are not counted: any number of them before a wait end that wait at once.
final class Pulse: Sendable {
    private struct State {
        var isSignalled = false
        var isFinished = false
        var lastTicket = 0
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]

        mutating func takeWaiters() -> [CheckedContinuation<Void, Never>] {
            defer { waiters = [:] }
            return Array(waiters.values)
        }
    }

    private let state = Mutex(State())

    /// Ends the current waits, or the next one.
    func signal() {
        let waiters = state.withLock { state in
            if state.waiters.isEmpty { state.isSignalled = true }
            return state.takeWaiters()
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Ends all waits from now on.
    func finish() {
        let waiters = state.withLock { state in
            state.isFinished = true
            return state.takeWaiters()
        }
        for waiter in waiters { waiter.resume() }
    }

    var isFinished: Bool { state.withLock { $0.isFinished } }

    /// Returns when signalled, finished or cancelled, or when `sleep` has slept for `duration`.
    func wait(atMost duration: Duration, sleep: @escaping @Sendable (Duration) async throws -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await sleep(duration) }
            group.addTask { await self.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    private func wait() async {
        let ticket = state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let resumesNow = state.withLock { state in
                    if state.isSignalled || state.isFinished || Task.isCancelled {
                        state.isSignalled = false
                        return true
                    }
                    state.waiters[ticket] = continuation
                    return false
                }
                if resumesNow { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: ticket) }?.resume()
        }
    }
}
