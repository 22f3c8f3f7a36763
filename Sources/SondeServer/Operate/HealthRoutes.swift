// SPDX-License-Identifier: Apache-2.0
// What an orchestrator asks: are you alive, may I send you work?

import NIOCore
import NIOHTTP1
import Synchronization

/// Where the collector is in its life. Ready means: the store is open and every listener is bound.
final class Readiness: Sendable {
    enum State: String, Sendable {
        case starting, ready, stopping
    }

    private let current = Mutex(State.starting)

    var state: State { current.withLock { $0 } }

    func become(_ state: State) { current.withLock { $0 = state } }
}

struct HealthRoutes: Sendable {
    let readiness: Readiness

    var routes: [Route] {
        [
            // Alive is whoever can answer at all.
            Route(.GET, "/health/live", intake: .probe) { _ in Self.reply(isGood: true, "live") },
            Route(.GET, "/health/ready", intake: .probe) { _ in
                Self.reply(isGood: readiness.state == .ready, readiness.state.rawValue)
            },
            Route(.GET, "/health/startup", intake: .probe) { _ in
                Self.reply(isGood: readiness.state != .starting, readiness.state == .starting ? "starting" : "started")
            },
        ]
    }

    private static func reply(isGood: Bool, _ word: String) -> Reply {
        .json(Array(#"{"status":"\#(word)"}"#.utf8), status: isGood ? .ok : .serviceUnavailable)
    }
}
