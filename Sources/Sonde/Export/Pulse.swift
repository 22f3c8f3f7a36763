// SPDX-License-Identifier: Apache-2.0
// A bell that many may ring and one waits for.

import Synchronization

/// Signals are not counted: any number of them before a wait end that wait at once.
final class Pulse: Sendable {
    private struct State {
        var isSignalled = false
        var isFinished = false
        var waiter: CheckedContinuation<Void, Never>?

        mutating func takeWaiter() -> CheckedContinuation<Void, Never>? {
            guard let waiter else { return nil }
            self.waiter = nil
            isSignalled = false
            return waiter
        }
    }

    private let state = Mutex(State())

    /// Ends the current wait, or the next one.
    func signal() {
        let waiter = state.withLock { state in
            state.isSignalled = true
            return state.takeWaiter()
        }
        waiter?.resume()
    }

    /// Ends all waits from now on.
    func finish() {
        let waiter = state.withLock { state in
            state.isFinished = true
            return state.takeWaiter()
        }
        waiter?.resume()
    }

    var isFinished: Bool { state.withLock { $0.isFinished } }

    /// Returns when signalled, finished or cancelled, or after `duration`. One task at a time may wait.
    func wait(atMost duration: Duration, sleep: @escaping @Sendable (Duration) async throws -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await sleep(duration) }
            group.addTask { await self.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    private func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let resumesNow = state.withLock { state in
                    if state.isSignalled || state.isFinished || Task.isCancelled {
                        state.isSignalled = false
                        return true
                    }
                    state.waiter = continuation
                    return false
                }
                if resumesNow { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiter.take() }?.resume()
        }
    }
}
