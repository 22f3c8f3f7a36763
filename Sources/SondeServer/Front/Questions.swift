// SPDX-License-Identifier: Apache-2.0
// Bounds what questions may cost: how many are asked of the store at once, and the handle by which one is given up whose
// asker has gone or has waited long enough.

import NIOHTTP1
import Synchronization

/// The places for questions. Shared by all listeners.
final class QuestionGate: Sendable {
    let capacity: Int
    private let taken = Atomic(0)

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Questions under way, those included that were given up and have not noticed yet.
    var openCount: Int { taken.load(ordering: .relaxed) }

    /// A place; nil if all are taken.
    func enter() -> Question? {
        guard taken.add(1, ordering: .relaxed).newValue <= capacity else {
            leave()
            return nil
        }
        return Question(gate: self)
    }

    fileprivate func leave() { taken.subtract(1, ordering: .relaxed) }
}

/// One question. Its place is free again when nobody works on it any more: before its answer is sent, so that whoever has
/// been answered finds the place free, or when the last reference to a question goes that nobody worked on.
final class Question: Sendable {
    private let gate: QuestionGate
    private let state = Mutex(State())

    private struct State {
        var work: Task<Reply, any Error>?
        var isGivenUp = false
        var hasLeft = false
    }

    fileprivate init(gate: QuestionGate) {
        self.gate = gate
    }

    deinit { leave() }

    /// Works on the answer, in a task that ``giveUp()`` cancels; once. What was given up before is not begun.
    func answer(_ work: @escaping @Sendable () async throws -> Reply) async throws -> Reply {
        defer { leave() }
        let task = state.withLock { state in
            if !state.isGivenUp { state.work = Task { try await work() } }
            return state.work
        }
        guard let task else { throw CancellationError() }
        defer { state.withLock { $0.work = nil } }
        return try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }

    /// Nobody waits for the answer any more.
    func giveUp() {
        let work = state.withLock { state in
            state.isGivenUp = true
            return state.work
        }
        work?.cancel()
    }

    private func leave() {
        let isFirst = state.withLock { state in
            defer { state.hasLeft = true }
            return !state.hasLeft
        }
        if isFirst { gate.leave() }
    }
}

extension Refusal {
    /// The asker's doing: fewer at once would have been answered.
    static func tooManyQuestions(_ capacity: Int) -> Refusal {
        var refusal = Refusal(
            .tooManyRequests, code: "too_many", "\(capacity) questions are being answered, and no more at once",
            hint: "ask again in a moment")
        refusal.retryAfter = .seconds(1)
        return refusal
    }

    static func unanswered(after limit: Duration) -> Refusal {
        var refusal = Refusal(
            .serviceUnavailable, code: "timed_out", "no answer was found within \(limit.components.seconds) s",
            hint: "ask for a shorter time, a service, or fewer results")
        refusal.closesConnection = true
        return refusal
    }

    static var tooManyAnswers: Refusal {
        .busy("too many answers wait for their readers", retryAfter: .seconds(1))
    }
}
