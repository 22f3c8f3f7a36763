// SPDX-License-Identifier: Apache-2.0
// Whether a service is alive, ready and started: named checks, asked when a probe asks.

import Synchronization

/// The checks behind `/health/live`, `/health/ready` and `/health/startup`. A check that throws, or takes longer than
/// ``timeout``, fails; a probe without checks succeeds.
///
/// A check that never answers costs no more than itself: probes give it up at the ``timeout``, and none of them begins it
/// anew while it is under way.
///
/// ```swift
/// var health = HealthChecks()
/// health.addReadiness("database") { try await database.ping() }
/// router.addTelemetryRoutes(telemetry, health: health)
/// ```
public struct HealthChecks: Sendable {
    /// Returns if all is well, and throws if not.
    public typealias Check = @Sendable () async throws -> Void

    /// How long one check may take.
    public var timeout = Duration.seconds(2)
    private(set) var live: [NamedCheck] = []
    private(set) var ready: [NamedCheck] = []
    private(set) var startup: [NamedCheck] = []

    /// No checks: every probe answers 200.
    public init() {}

    /// Fails when the process must be restarted to recover.
    public mutating func addLiveness(_ name: String, _ check: @escaping Check) {
        live.append(NamedCheck(name: name, check))
    }

    /// Fails while the service should get no requests.
    public mutating func addReadiness(_ name: String, _ check: @escaping Check) {
        ready.append(NamedCheck(name: name, check))
    }

    /// Fails until the service has started.
    public mutating func addStartup(_ name: String, _ check: @escaping Check) {
        startup.append(NamedCheck(name: name, check))
    }

    struct Outcome: Sendable {
        var name: String
        /// What went wrong; nil if nothing.
        var error: String?
    }

    /// Runs the checks at once; outcomes are in the order of the checks.
    func outcomes(of checks: [NamedCheck]) async -> [Outcome] {
        await withTaskGroup(of: (Int, Outcome).self) { group in
            for (index, check) in checks.enumerated() {
                group.addTask { (index, Outcome(name: check.name, error: await check.failure(within: timeout))) }
            }
            var outcomes: [(Int, Outcome)] = []
            for await outcome in group { outcomes.append(outcome) }
            return outcomes.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}

/// One check, at most one run of which is under way: probes that come meanwhile wait for the same answer.
final class NamedCheck: Sendable {
    let name: String
    private let check: HealthChecks.Check
    private let state = Mutex(State())

    private struct State {
        /// The run under way.
        var run: Task<Void, Never>?
        var nextWaiter = 0
        var waiters: [Int: AsyncStream<String?>.Continuation] = [:]
    }

    init(name: String, _ check: @escaping HealthChecks.Check) {
        self.name = name
        self.check = check
    }

    /// What went wrong; nil if nothing did. Returns within `timeout` even if the check ignores cancellation, which is
    /// why it runs in a task of its own: a child task would be waited for.
    func failure(within timeout: Duration) async -> String? {
        let (answers, continuation) = AsyncStream.makeStream(of: String?.self, bufferingPolicy: .bufferingOldest(1))
        let waiter = state.withLock { state in
            state.nextWaiter += 1
            state.waiters[state.nextWaiter] = continuation
            if state.run == nil { state.run = Task { answer(await run()) } }
            return state.nextWaiter
        }
        defer { leave(waiter) }
        let timer = Task {
            try? await Task.sleep(for: timeout)
            continuation.yield("no answer within \(timeout)")
        }
        defer { timer.cancel() }
        // The stream never ends by itself; it is cut when the probe's task is cancelled.
        for await failure in answers { return failure }
        return "the probe was given up"
    }

    private func run() async -> String? {
        do {
            try await check()
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// A run that nobody waits for any more is asked to end.
    private func leave(_ waiter: Int) {
        state.withLock { state in
            state.waiters.removeValue(forKey: waiter)
            if state.waiters.isEmpty { state.run?.cancel() }
        }
    }

    private func answer(_ failure: String?) {
        let waiters = state.withLock { state in
            defer {
                state.run = nil
                state.waiters = [:]
            }
            return state.waiters
        }
        for waiter in waiters.values { waiter.yield(failure) }
    }
}
