// SPDX-License-Identifier: Apache-2.0
// Few at once, the others in turn, and nobody who has gone.

import Testing

@testable import SondeServer

@Suite(.timeLimit(.minutes(10))) struct TurnstileTests {
    private let turnstile = Turnstile(places: 2)
    private let gate = Gate()

    @Test func noMoreThanItsPlacesAreInsideAtOnce() async throws {
        let inside = Inside()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await turnstile.pass { () async throws(Refusal) in
                        await inside.enter()
                        await Task.yield()
                        await inside.leave()
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(await inside.most == 2)
    }

    @Test func whoGivesUpWhileWaitingTakesNoPlace() async throws {
        async let first = enter()
        async let second = enter()
        await gate.arrivals(2)
        let waiting = Task { try await turnstile.pass { () async throws(Refusal) in 3 } }
        waiting.cancel()
        await #expect(throws: Refusal.self) { try await waiting.value }
        await gate.open()
        #expect(try await [first, second] == [0, 0])
        // Both places are there again.
        async let third = enter()
        #expect(try await turnstile.pass { () async throws(Refusal) in 4 } == 4)
        _ = try await third
    }

    @Test func aRefusalGivesThePlaceBack() async throws {
        for _ in 0..<3 {
            await #expect(throws: Refusal.invalid("no")) {
                try await turnstile.pass { () async throws(Refusal) in throw Refusal.invalid("no") }
            }
        }
        #expect(try await turnstile.pass { () async throws(Refusal) in 1 } == 1)
    }

    private func enter() async throws -> Int {
        try await turnstile.pass { () async throws(Refusal) in
            await gate.pass()
            return 0
        }
    }

    private actor Inside {
        private var now = 0
        private(set) var most = 0

        func enter() {
            now += 1
            most = max(most, now)
        }
        func leave() { now -= 1 }
    }
}
