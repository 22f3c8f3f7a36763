// SPDX-License-Identifier: Apache-2.0
// The one thing a service holds: tracer, metrics and logs under one roof, and the service that sends them off.

import CoreMetrics
public import Logging
public import ServiceLifecycle
import SondeModel
import SondeWire
import Synchronization
import Tracing

/// A service's telemetry.
///
/// ```swift
/// import Sonde
///
/// let telemetry = try Telemetry.bootstrap(serviceName: "orders")
/// let group = ServiceGroup(services: [telemetry, app], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
/// try await group.run()
/// ```
///
/// From then on `Logger`, `Counter`, `Timer` and `withSpan` work as their packages describe. List `telemetry` first: a
/// service group stops in reverse order, so that what the others say while stopping is still sent.
public struct Telemetry: Service {
    /// What it was made of.
    public let configuration: TelemetryConfiguration
    /// Counters, gauges and histograms; shown at `/metrics`.
    public let metrics: MetricsRegistry
    /// Starts spans, and carries their identity in and out of requests.
    public let tracer: SondeTracer
    let resource: Resource
    private let pipeline: LogPipeline
    let traceQueue: ExportQueue?
    let logQueue: ExportQueue?

    /// Makes telemetry without installing it globally, for tests and for programs that pass it along.
    ///
    /// - Throws: ``TelemetryError`` if an endpoint set in code is not an http or https URL.
    public init(_ configuration: TelemetryConfiguration) throws(TelemetryError) {
        try Self.check(configuration)
        self.init(
            configuration, traceQueue: Self.queue(.traces, configuration, isOn: configuration.exportsTraces),
            logQueue: Self.queue(.logs, configuration, isOn: configuration.exportsLogs))
    }

    init(_ configuration: TelemetryConfiguration, traceQueue: ExportQueue?, logQueue: ExportQueue?) {
        self.configuration = configuration
        self.traceQueue = traceQueue
        self.logQueue = logQueue
        resource = Resource(configuration)
        metrics = MetricsRegistry(
            seriesPerFamily: configuration.seriesPerMetric, views: configuration.metricViews,
            keepsExemplars: configuration.keepsExemplars)
        pipeline = LogPipeline(configuration, queue: logQueue)
        tracer = SondeTracer(TracerCore(configuration, queue: traceQueue))
        addMetrics()
    }

    /// Makes telemetry and installs it for swift-log, swift-metrics and swift-distributed-tracing. Call it once, before
    /// anything logs.
    ///
    /// - Parameters:
    ///   - serviceName: The service's name, unless OTEL_SERVICE_NAME says otherwise.
    ///   - configure: Changes what defaults and environment gave; it has the last word.
    /// - Throws: ``TelemetryError`` if it was called before or an endpoint set in code is not a URL. Nothing in the
    ///   environment makes it throw.
    public static func bootstrap(
        serviceName: String? = nil, configure: (inout TelemetryConfiguration) throws -> Void = { _ in }
    ) throws -> Telemetry {
        var configuration = TelemetryConfiguration(serviceName: serviceName, file: nil)
        try configure(&configuration)
        let telemetry = try Telemetry(configuration)
        guard telemetry.installIfFirst() else {
            throw TelemetryError(
                code: .alreadyBootstrapped,
                description:
                    "cannot bootstrap telemetry for \"\(configuration.serviceName)\": it was done before in this process"
            )
        }
        return telemetry
    }

    /// Installs this telemetry for the whole process, unless another was; returns whether it did.
    func installIfFirst() -> Bool {
        let isFirst = Self.hasBootstrapped.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged
        guard isFirst else { return false }
        if Self.claimLogging() {
            LoggingSystem.bootstrap(
                { label, provider in logHandler(label: label, provider: provider) },
                metadataProvider: configuration.metadataProvider)
        }
        MetricsSystem.bootstrap(metrics)
        InstrumentationSystem.bootstrap(tracer)
        logWarnings()
        return true
    }

    private static let hasBootstrapped = Atomic(false)
    private static let hasClaimedLogging = Atomic(false)

    /// Whether the caller may bootstrap swift-log, which traps the second time. True once in a process.
    package static func claimLogging() -> Bool {
        hasClaimedLogging.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged
    }

    /// A logger of this telemetry; after `bootstrap` every `Logger(label:)` is one.
    public func logger(label: String) -> Logger {
        Logger(label: label) { logHandler(label: $0, provider: configuration.metadataProvider) }
    }

    /// Sends what is recorded until the service is stopped, then sends what is left, for at most
    /// ``TelemetryConfiguration/stopDeadline``. Without it nothing is exported; logs and metrics work all the same.
    public func run() async throws { await run(givesUpUnreachable: false) }

    /// - Parameter givesUpUnreachable: Whether the end does not wait for a collector where nobody listens.
    func run(givesUpUnreachable: Bool) async {
        #if OTLPExport
            let queues = [traceQueue, logQueue].compactMap { $0 }
            await ExportService(telemetry: self, queues: queues, givesUpUnreachable: givesUpUnreachable).run()
        #else
            try? await gracefulShutdown()
        #endif
        let isWritten = pipeline.flush(milliseconds: Limits.logLastWaitMilliseconds)
        if !isWritten { pipeline.abandon() }
        reportLosses(isLogStuck: !isWritten)
        pipeline.flush(milliseconds: Limits.logLastWaitMilliseconds)
    }

    /// Lines that were not written, by reason.
    func droppedLineCount(_ reason: LogDropReason) -> UInt64 { pipeline.droppedLineCount(reason) }

    /// Waits until all lines logged so far are written, for at most so long; returns whether they are.
    @discardableResult
    public func flushLogs(within time: Duration = .milliseconds(500)) -> Bool {
        pipeline.flush(milliseconds: Int(min(max(time, .zero), .seconds(3_600)) / .milliseconds(1)))
    }

    func logHandler(label: String, provider: Logger.MetadataProvider?, isExported: Bool = true) -> SondeLogHandler {
        SondeLogHandler(
            label: label, level: configuration.level(ofLogger: label), provider: provider, pipeline: pipeline,
            isExported: isExported)
    }

    /// A logger whose records are written and not exported.
    func localLogger(label: String) -> Logger {
        Logger(label: label) { logHandler(label: $0, provider: nil, isExported: false) }
    }

    /// Writes a log line of the caller's own form, newline included, to where the log lines go; what is lost is counted
    /// with theirs.
    package func writeLogLine(_ line: String) { pipeline.writeLine(line) }

    func logWarnings() {
        let logger = logger(label: "sonde.telemetry")
        for warning in configuration.warnings {
            logger.warning("a setting was ignored", metadata: ["reason": "\(warning)"])
        }
    }

    private static func check(_ configuration: TelemetryConfiguration) throws(TelemetryError) {
        let endpoints = [
            configuration.endpoint, configuration.tracesEndpoint, configuration.logsEndpoint,
            configuration.metricsEndpoint,
        ]
        for endpoint in endpoints.compactMap({ $0 }) where !EndpointURL.isUsable(endpoint) {
            throw TelemetryError(
                code: .invalidEndpoint,
                description: "cannot export to \"\(EndpointURL.withoutSecrets(endpoint))\": "
                    + "expected a URL like http://127.0.0.1:4318")
        }
    }

    private static func queue(
        _ signal: ExportSignal, _ configuration: TelemetryConfiguration, isOn: Bool
    ) -> ExportQueue? {
        #if OTLPExport
            guard isOn, !configuration.isDisabled else { return nil }
            let queueSize = max(1, configuration.queueSize(of: signal) ?? .max)
            let limits = ExportLimits(
                queuedEntries: queueSize, queuedBytes: configuration.exportQueueBytes,
                batchEntries: max(1, min(configuration.batchSize(of: signal), queueSize)))
            return ExportQueue(signal: signal, limits: limits)
        #else
            return nil
        #endif
    }

    private func addMetrics() {
        for (name, bounds) in configuration.histogramBuckets { metrics.setBuckets(bounds, for: name) }
        let labels = resource.attributes.map { ($0.key, $0.value.text) }
        metrics.setInfo(MetricName.target.name, help: MetricName.target.help, labels: labels)
        for reason in LogDropReason.allCases {
            metrics.observe(.logLinesDropped, as: .counter, labels: [("reason", reason.rawValue)]) { [pipeline] in
                Double(pipeline.droppedLineCount(reason))
            }
        }
        if pipeline.repeatedLineCount != nil {
            metrics.observe(.logLinesRepeated, as: .counter) { [pipeline] in Double(pipeline.repeatedLineCount ?? 0) }
        }
        for queue in [traceQueue, logQueue].compactMap({ $0 }) {
            let signal = ("signal", queue.signal.rawValue)
            metrics.observe(.queued, as: .gauge, labels: [signal]) { Double(queue.queuedCount) }
            for reason in DropReason.allCases where reason.concerns(queue.signal) {
                metrics.observe(.dropped, as: .counter, labels: [signal, ("reason", reason.rawValue)]) {
                    Double(queue.droppedCount(reason))
                }
            }
        }
        tracer.core.addMetrics(to: metrics)
    }
}
