// SPDX-License-Identifier: Apache-2.0
// Waiting for another process: look, and look again until it is so or the deadline has passed. Nothing in these tests
// waits for a fixed time; the pause here only keeps the looking from taking the processor away from what is watched.

/// What was waited for did not come to be.
struct DeadlinePassed: Error, CustomStringConvertible {
    let what: String
    let limit: Duration
    let lastSeen: String?

    var description: String {
        "waited \(limit) in vain for: \(what)" + (lastSeen.map { "\nlast seen: \($0)" } ?? "")
    }
}

/// Looks until `look` answers something, and returns that.
///
/// An error thrown by `look` counts as "not yet" and is quoted when the deadline passes: a server that is starting
/// refuses connections.
func eventually<Answer: Sendable>(
    _ what: String,
    within limit: Duration = .seconds(180),
    isolation: isolated (any Actor)? = #isolation,
    _ look: () async throws -> Answer?
) async throws -> Answer {
    let clock = ContinuousClock()
    let deadline = clock.now.advanced(by: limit)
    var lastSeen: String?
    repeat {
        do {
            if let answer = try await look() { return answer }
            lastSeen = nil
        } catch let error as Hopeless {
            throw error
        } catch {
            lastSeen = String(describing: error)
        }
        try await clock.sleep(for: .milliseconds(20))
    } while clock.now < deadline
    throw DeadlinePassed(what: what, limit: limit, lastSeen: lastSeen)
}

/// Looks until `holds` is true.
func eventually(
    _ what: String,
    within limit: Duration = .seconds(180),
    isolation: isolated (any Actor)? = #isolation,
    holds: () async throws -> Bool
) async throws {
    let _: Bool = try await eventually(what, within: limit) { try await holds() ? true : nil }
}

/// An error that no further looking will mend: the watched process has ended.
struct Hopeless: Error, CustomStringConvertible {
    let description: String
}
