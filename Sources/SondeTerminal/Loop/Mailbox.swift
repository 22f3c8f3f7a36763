// SPDX-License-Identifier: Apache-2.0
// Everything that happened since the loop looked last, in order, taken as a whole: a burst of keys is one picture.

import Synchronization

final class Mailbox<Event: Sendable>: Sendable {
    private struct State {
        var events: [Event] = []
        var waiting: CheckedContinuation<[Event], Never>?
    }

    private let state = Mutex(State())

    /// - Parameter limit: how many events may wait already for this one to be taken.
    func post(_ event: Event, limit: Int = .max) {
        let waiting = state.withLock { state -> CheckedContinuation<[Event], Never>? in
            guard let waiting = state.waiting else {
                guard state.events.count < limit else { return nil }
                state.events.append(event)
                return nil
            }
            state.waiting = nil
            return waiting
        }
        waiting?.resume(returning: [event])
    }

    /// What there is; waits for the first event if there is none. One reader at a time.
    func next() async -> [Event] {
        await withCheckedContinuation { continuation in
            let events = state.withLock { state -> [Event] in
                guard state.events.isEmpty else { return take(&state.events) }
                state.waiting = continuation
                return []
            }
            if !events.isEmpty { continuation.resume(returning: events) }
        }
    }
}

private func take<Element>(_ elements: inout [Element]) -> [Element] {
    let taken = elements
    elements = []
    return taken
}
