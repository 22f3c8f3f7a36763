// SPDX-License-Identifier: Apache-2.0
// Telemetry for tests: real tracer, metrics and logs whose output stays in memory, where a test looks at it. It is in
// force in one scope only, so that tests which run at once never see each other's.

import CoreMetrics
public import Logging
public import Sonde
import SondeModel
import SondeWire
import Synchronization
import Tracing

/// Runs `operation` with telemetry of its own, and lends it for asking what was recorded.
///
/// ```swift
/// @Test func chargesTheCard() async throws {
///     try await withTestTelemetry { telemetry in
///         try await shop.checkout(order)
///         let span = try telemetry.span(named: "charge card")
///         #expect(span.attributes["payment.amount"] == 1_299)
///         #expect(telemetry.value(of: "orders.created", ["region": "eu"]) == 1)
///         #expect(telemetry.logs(.error).isEmpty)
///     }
/// }
/// ```
///
/// In the operation, and in the child tasks it starts, `withSpan`, `Counter(label:)` and `Logger.current` are those of the
/// telemetry. What was made before the scope, or in `Task.detached`, is not; nor are loggers made by `Logger(label:)`
/// unless ``TestTelemetry/routeAllLoggers(elsewhere:)`` was called.
///
/// - Parameters:
///   - serviceName: `service.name` of what is recorded.
///   - configure: Changes the defaults, under which everything is sampled, logged from `trace` on, and written nowhere. The
///     environment is not looked at.
///   - operation: What is tested, and what is asked of the telemetry afterwards.
public nonisolated(nonsending) func withTestTelemetry<Result, Failure: Error>(
    serviceName: String = "test", configure: (inout TelemetryConfiguration) -> Void = { _ in },
    _ operation: nonisolated(nonsending) (TestTelemetry) async throws(Failure) -> Result
) async throws(Failure) -> Result {
    let telemetry = TestTelemetry(serviceName: serviceName, configure: configure)
    return try await telemetry.withScope { () async throws(Failure) -> Result in try await operation(telemetry) }
}

/// The same for code that does not wait.
public func withTestTelemetry<Result, Failure: Error>(
    serviceName: String = "test", configure: (inout TelemetryConfiguration) -> Void = { _ in },
    _ operation: (TestTelemetry) throws(Failure) -> Result
) throws(Failure) -> Result {
    let telemetry = TestTelemetry(serviceName: serviceName, configure: configure)
    return try telemetry.withScope { () throws(Failure) -> Result in try operation(telemetry) }
}

/// What was recorded in one scope. May be asked at any time and from any task; what is recorded later is seen later.
public final class TestTelemetry: Sendable {
    /// The telemetry that the scope uses. Pass it, or its `tracer` or `metrics`, to what takes them as parameters.
    public let telemetry: Telemetry
    /// A logger of the telemetry, labelled `test`; inside the scope also `Logger.current`.
    public let logger: Logger
    private let recorded = Mutex(Recorded())

    private struct Recorded {
        var spans: [TestSpan] = []
        var logs: [TestLogLine] = []
    }

    /// The telemetry of the scope that the current task is in; nil outside of any.
    @TaskLocal public static var current: TestTelemetry?

    /// Telemetry that is in force nowhere yet: see `withScope`.
    public init(serviceName: String = "test", configure: (inout TelemetryConfiguration) -> Void = { _ in }) {
        var configuration = TelemetryConfiguration(serviceName: serviceName)
        configuration.detectsResource = false
        configuration.logOutput = .none
        configuration.logLevel = .trace
        configure(&configuration)
        telemetry = Telemetry.inMemory(configuration)
        logger = telemetry.logger(label: "test")
    }

    // MARK: The scope

    /// Runs `operation` with this telemetry in force.
    public nonisolated(nonsending) func withScope<Result, Failure: Error>(
        _ operation: nonisolated(nonsending) () async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        do {
            return try await Self.$current.withValue(self) {
                try await withTracer(telemetry.tracer) {
                    try await withMetricsFactory(telemetry.metrics) {
                        try await withLogger(logger) { _ in try await operation() }
                    }
                }
            }
        } catch let error as Failure {
            throw error
        } catch {
            preconditionFailure("a scope throws what its operation throws, and that is a \(Failure.self)")
        }
    }

    /// The same for code that does not wait.
    public func withScope<Result, Failure: Error>(
        _ operation: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        do {
            return try Self.$current.withValue(self) {
                try withTracer(telemetry.tracer) {
                    try withMetricsFactory(telemetry.metrics) { try withLogger(logger) { _ in try operation() } }
                }
            }
        } catch let error as Failure {
            throw error
        } catch {
            preconditionFailure("a scope throws what its operation throws, and that is a \(Failure.self)")
        }
    }

    // MARK: What was recorded

    /// The spans that have ended, in the order of their ends.
    public var spans: [TestSpan] { refreshed().spans }

    /// The log records, in the order in which they were made.
    public var logs: [TestLogLine] { refreshed().logs }

    /// What is on `/metrics`, sorted by name and labels, the library's own metrics included.
    public var samples: [TestSample] { TestSample.read(telemetry.metrics.exposition(accept: nil).body) }

    /// Forgets the spans and logs recorded so far. Metrics go on.
    public func clear() {
        _ = refreshed()
        recorded.withLock { $0 = Recorded() }
    }

    private func refreshed() -> Recorded {
        recorded.withLock { recorded in
            for body in telemetry.takeTraces() { recorded.spans += TestSpan.read(body) }
            for body in telemetry.takeLogs() { recorded.logs += TestLogLine.read(body) }
            return recorded
        }
    }
}

/// What a test asked for is not there; the description says what is.
public struct TestTelemetryError: Error, Hashable, CustomStringConvertible {
    /// One sentence.
    public let description: String
}
