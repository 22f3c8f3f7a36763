// SPDX-License-Identifier: Apache-2.0
// Telemetry for commands that do one thing and end: begun, in force, sent off and ended around one operation, in the
// trace of whoever started the command.

import CoreMetrics
import Logging
import ServiceLifecycle
public import Tracing

/// Runs `operation` with telemetry, and sends what it recorded before it returns.
///
/// ```swift
/// try await withSonde(serviceName: "backup", span: "nightly backup") { telemetry in
///     try await backUp()
/// }
/// ```
///
/// - The telemetry is in force in `operation` and its child tasks. The first of a process is also installed for all of it,
///   like `Telemetry.bootstrap` does, for loggers and metrics that are made elsewhere.
/// - TRACEPARENT, TRACESTATE and BAGGAGE of the environment make the command a part of the trace that started it. For
///   commands that it starts itself see ``Telemetry/childEnvironment(_:)``.
/// - What is not sent within ``TelemetryConfiguration/stopDeadline`` is given up and counted in a warning. Where nobody
///   listens at the endpoint it is given up at once. A collector that is away changes nothing about the result.
///
/// - Parameters:
///   - serviceName: The service's name, unless OTEL_SERVICE_NAME says otherwise.
///   - span: The name of a span around the operation; none if nil.
///   - isInstalled: False where something else is installed for the process, or bootstraps swift-log itself.
///   - configure: Changes what defaults, file and environment gave; it has the last word.
///   - operation: What the command does, with the telemetry that is in force for it.
/// - Throws: ``TelemetryError`` if an endpoint set in code is not a URL, before anything is run; what `configure` and
///   `operation` throw.
public nonisolated(nonsending) func withSonde<Result>(
    serviceName: String? = nil, span: String? = nil, isInstalled: Bool = true,
    configure: (inout TelemetryConfiguration) throws -> Void = { _ in },
    _ operation: nonisolated(nonsending) (Telemetry) async throws -> Result
) async throws -> Result {
    var configuration = TelemetryConfiguration(serviceName: serviceName, file: nil)
    try configure(&configuration)
    let telemetry = try Telemetry(configuration)
    if !isInstalled || !telemetry.installIfFirst() { telemetry.logWarnings() }
    // A task of its own: a command that is cancelled still tells what it did.
    let exporter = Task { await telemetry.run(givesUpUnreachable: true) }
    let outcome: Swift.Result<Result, any Error>
    do {
        outcome = .success(
            try await ServiceContext.withValue(telemetry.parentContext()) {
                try await telemetry.withScope {
                    guard let span else { return try await operation(telemetry) }
                    return try await withSpan(span) { _ in try await operation(telemetry) }
                }
            })
    } catch {
        outcome = .failure(error)
    }
    exporter.cancel()
    await exporter.value
    return try outcome.get()
}

extension Telemetry {
    /// The variables for a process that is to continue the current trace: `environment` with TRACEPARENT, TRACESTATE and
    /// BAGGAGE set, or removed where there is nothing to pass on. Other formats follow ``TelemetryConfiguration/propagators``.
    ///
    /// ```swift
    /// let process = Process()
    /// process.environment = telemetry.childEnvironment(ProcessInfo.processInfo.environment)
    /// ```
    public func childEnvironment(_ environment: [String: String]) -> [String: String] {
        var environment = environment
        // What this process was given is not what its children are to continue.
        for name in ["TRACEPARENT", "TRACESTATE", "BAGGAGE"] { environment[name] = nil }
        if let context = ServiceContext.current {
            tracer.inject(context, into: &environment, using: EnvironmentCarrier())
        }
        return environment
    }

    /// The context that `environment` hands on, over the current one: the counterpart of ``childEnvironment(_:)``.
    ///
    /// - Parameter environment: By default that of the process.
    public func parentContext(in environment: [String: String]? = nil) -> ServiceContext {
        var context = ServiceContext.current ?? .topLevel
        tracer.extract(environment ?? ProcessPlace.allVariables, into: &context, using: EnvironmentCarrier())
        return context
    }

    /// Runs `operation` with tracer, metrics and `Logger.current` of this telemetry in force, also where another is
    /// installed for the process.
    public nonisolated(nonsending) func withScope<Result>(
        _ operation: nonisolated(nonsending) () async throws -> Result
    ) async throws -> Result {
        try await withTracer(tracer) {
            try await withMetricsFactory(metrics) {
                try await withLogger(logger(label: configuration.serviceName)) { _ in try await operation() }
            }
        }
    }
}
