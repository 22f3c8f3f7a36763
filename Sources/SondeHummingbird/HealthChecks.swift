// SPDX-License-Identifier: Apache-2.0
// Whether a service is alive, ready and started: named checks, asked when a probe asks.

/// The checks behind `/health/live`, `/health/ready` and `/health/startup`. A check that throws, or takes longer than
/// ``timeout``, fails; a probe without checks succeeds.
///
/// ```swift
/// var health = HealthChecks()
/// health.addReadiness("database") { try await database.ping() }
/// router.addTelemetryRoutes(telemetry, health: health)
/// ```
public struct HealthChecks: Sendable {
    public typealias Check = @Sendable () async throws -> Void

    /// How long one check may take.
    public var timeout = Duration.seconds(2)
    private(set) var live: [(name: String, check: Check)] = []
    private(set) var ready: [(name: String, check: Check)] = []
    private(set) var startup: [(name: String, check: Check)] = []

    public init() {}

    /// Fails when the process must be restarted to recover.
    public mutating func addLiveness(_ name: String, _ check: @escaping Check) { live.append((name, check)) }

    /// Fails while the service should get no requests.
    public mutating func addReadiness(_ name: String, _ check: @escaping Check) { ready.append((name, check)) }

    /// Fails until the service has started.
    public mutating func addStartup(_ name: String, _ check: @escaping Check) { startup.append((name, check)) }

    struct Outcome: Sendable {
        var name: String
        /// What went wrong; nil if nothing.
        var error: String?
    }

    /// Runs the checks at once; outcomes are in the order of the checks.
    func outcomes(of checks: [(name: String, check: Check)]) async -> [Outcome] {
        await withTaskGroup(of: (Int, Outcome).self) { group in
            for (index, (name, check)) in checks.enumerated() {
                group.addTask { (index, Outcome(name: name, error: await failure(of: check))) }
            }
            var outcomes: [(Int, Outcome)] = []
            for await outcome in group { outcomes.append(outcome) }
            return outcomes.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func failure(of check: @escaping Check) async -> String? {
        await withTaskGroup(of: String?.self) { group in
            group.addTask {
                do {
                    try await check()
                    return nil
                } catch {
                    return "\(error)"
                }
            }
            group.addTask { [timeout] in
                try? await Task.sleep(for: timeout)
                return "no answer within \(timeout)"
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }
}
