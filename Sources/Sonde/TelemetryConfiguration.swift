// SPDX-License-Identifier: Apache-2.0
// Everything that can be set about a service's telemetry. What the closure of `Telemetry.bootstrap` sets beats the
// environment, which beats a file (TelemetryConfiguration+Environment.swift), which beats the defaults written here.

public import Logging

/// How a service's telemetry is named, sampled, written and sent.
///
/// ```swift
/// let telemetry = try Telemetry.bootstrap(serviceName: "orders") { config in
///     config.serviceVersion = "1.4.2"
///     config.sampler = .parentBased(ratio: 0.25)
///     config.histogramBuckets["checkout_amount_euros"] = [1, 10, 100, 1_000]
/// }
/// ```
public struct TelemetryConfiguration: Sendable {
    // MARK: Who

    /// `service.name`. OTEL_SERVICE_NAME, or `service.name` in OTEL_RESOURCE_ATTRIBUTES.
    public var serviceName: String
    /// `service.version`; not sent if nil.
    public var serviceVersion: String?
    /// Further attributes of the resource: `deployment.environment.name`, … OTEL_RESOURCE_ATTRIBUTES.
    public var resourceAttributes: [String: String] = [:]
    /// What is found out about where the service runs, for its resource. SONDE_RESOURCE_DETECTORS.
    public var resourceDetectors = ResourceDetector.all
    /// Whether anything is found out; a shorthand for all or none of the ``resourceDetectors``.
    public var detectsResource: Bool {
        get { !resourceDetectors.isEmpty }
        set { resourceDetectors = newValue ? ResourceDetector.all : [] }
    }

    // MARK: Tracing

    /// Which traces are recorded. OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG; all by default.
    public var sampler = Sampler.parentBased(ratio: 1)
    /// Share of the traces that begin here which are recorded; a shorthand for a parent-based ``sampler``.
    public var samplingRatio: Double {
        get { sampler.ratio }
        set { sampler = .parentBased(ratio: newValue) }
    }
    /// Formats in which context is read and written. OTEL_PROPAGATORS.
    public var propagators: Set<Propagator> = [.traceContext, .baggage]
    /// OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT, OTEL_SPAN_EVENT_COUNT_LIMIT, OTEL_SPAN_LINK_COUNT_LIMIT,
    /// OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT.
    public var spanLimits = SpanLimits()
    /// Whether errors and slow requests are kept of traces that the ``sampler`` did not choose; nil if not. Spans of
    /// such traces are then recorded like sampled ones, and cost as much.
    public var tailSampling: TailSampling?
    /// How long a span may be open before it is reported as unfinished, without an end, and replaced when it ends; nil
    /// for never. For collectors that know `sonde.span.unfinished`; others would show a span that ended in 1970. Spans of
    /// the lean API (``ActiveSpan``) are reported as they began, without what was set since.
    public var unfinishedSpansAfter: Duration?

    // MARK: Logs

    /// The least severe level that is logged. OTEL_LOG_LEVEL, else LOG_LEVEL.
    public var logLevel = Logger.Level.info
    /// Levels of loggers by the beginning of their label: `["shop": .debug]` holds for `shop` and `shop.orders`. The
    /// longest beginning wins. SONDE_LOG_LEVELS (`shop=debug,shop.orders=trace`).
    public var logLevels: [String: Logger.Level] = [:]
    /// Where log lines are written. SONDE_LOG_OUTPUT.
    public var logOutput = LogOutput.standardError
    /// JSON lines, or lines for reading; by itself the latter on a terminal. SONDE_LOG_FORMAT.
    public var logFormat = LogFormat.automatic
    /// What is written as `<redacted>`. SONDE_LOG_REDACTION, SONDE_LOG_REDACTED_KEYS.
    public var logRedaction = LogRedaction.sensitive
    /// How many lines of one kind are written; nil for all. SONDE_LOG_REPEAT_LIMIT, SONDE_LOG_REPEAT_WINDOW
    /// (milliseconds).
    public var logRepetition: LogRepetition?
    /// How much of a log record is exported. OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT,
    /// OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT.
    public var logRecordLimits = LogRecordLimits()
    /// Metadata added to every log record, beside the ids of the current span.
    public var metadataProvider: Logger.MetadataProvider?

    // MARK: Metrics

    /// Buckets by metric name (`checkout.amount` or as on `/metrics`); seconds for timers.
    public var histogramBuckets: [String: [Double]] = [:]
    /// Label sets that one metric may have.
    public var seriesPerMetric = 2_000
    /// Changes to metrics that others make: renamed, with fewer labels, with other buckets, dropped. The first view that
    /// matches a metric holds.
    public var metricViews: [MetricView] = []
    /// Whether counters and histograms remember the sampled span of a recent measurement, for scrapers that ask for
    /// exemplars. OTEL_METRICS_EXEMPLAR_FILTER=always_off turns it off.
    public var keepsExemplars = true

    // MARK: Export (trait OTLPExport)

    /// Base URL of the collector; `/v1/traces`, `/v1/logs` and `/v1/metrics` are appended. OTEL_EXPORTER_OTLP_ENDPOINT.
    public var endpoint = "http://127.0.0.1:4318"
    /// Full URL for traces, if another. OTEL_EXPORTER_OTLP_TRACES_ENDPOINT.
    public var tracesEndpoint: String?
    /// Full URL for logs, if another. OTEL_EXPORTER_OTLP_LOGS_ENDPOINT.
    public var logsEndpoint: String?
    /// Full URL for metrics, if another. OTEL_EXPORTER_OTLP_METRICS_ENDPOINT.
    public var metricsEndpoint: String?
    /// Headers sent with each request. OTEL_EXPORTER_OTLP_HEADERS.
    public var exportHeaders: [String: String] = [:]
    /// Whether spans are exported. OTEL_TRACES_EXPORTER=none turns it off.
    public var exportsTraces = true
    /// Whether log records are exported. OTEL_LOGS_EXPORTER=none turns it off.
    public var exportsLogs = true
    /// Whether metrics are pushed to the collector as well. OTEL_METRICS_EXPORTER=otlp turns it on. They are shown for
    /// scrapers all the same.
    public var exportsMetrics = false
    /// How long from one push of metrics to the next. OTEL_METRIC_EXPORT_INTERVAL (milliseconds).
    public var metricExportInterval = Duration.seconds(60)
    /// OTEL_EXPORTER_OTLP_COMPRESSION.
    public var compression = Compression.none
    /// How long one request may take. OTEL_EXPORTER_OTLP_TIMEOUT (milliseconds).
    public var exportTimeout = Duration.seconds(10)
    /// How long an ended span may wait for its batch to fill. OTEL_BSP_SCHEDULE_DELAY (milliseconds).
    public var traceExportDelay = Duration.seconds(5)
    /// How long a log record may wait. OTEL_BLRP_SCHEDULE_DELAY (milliseconds).
    public var logExportDelay = Duration.seconds(1)
    /// Encoded bytes of spans, and as many of log records, that may wait or be under way: 16 MiB.
    public var exportQueueBytes = 16 << 20
    /// Spans, and as many log records, that may wait; nil if only ``exportQueueBytes`` bounds them.
    /// OTEL_BSP_MAX_QUEUE_SIZE.
    public var exportQueueSize: Int?
    /// Spans or records of one request, which is sent earlier once it has 1 MiB. OTEL_BSP_MAX_EXPORT_BATCH_SIZE.
    public var exportBatchSize = 4_096
    /// Headers, compression and timeout of traces, where they differ.
    public var tracesExport = SignalExport()
    /// Headers, compression and timeout of logs, where they differ.
    public var logsExport = SignalExport()
    /// What is different for metrics.
    public var metricsExport = SignalExport()
    /// How long a stopping service waits for what is queued to be sent. SONDE_STOP_DEADLINE (milliseconds).
    public var stopDeadline = Duration.seconds(2)

    /// OTEL_SDK_DISABLED: nothing is recorded or exported; context still propagates and logs are still written.
    public var isDisabled = false

    /// What was wrong with environment and file; logged once telemetry is up.
    var warnings: [String] = []

    /// A configuration of defaults, without a look at the environment.
    public init(serviceName: String) {
        self.serviceName = serviceName
    }
}

/// Where log lines go.
public struct LogOutput: Hashable, Sendable {
    let descriptor: Int32?

    /// Descriptor 2: where logs go by default.
    public static let standardError = LogOutput(descriptor: 2)
    /// Descriptor 1.
    public static let standardOutput = LogOutput(descriptor: 1)
    /// A descriptor that is open for writing and stays so; the caller closes it after the last line.
    public static func descriptor(_ descriptor: Int32) -> LogOutput { LogOutput(descriptor: descriptor) }
    /// Nowhere; records may still be exported.
    public static let none = LogOutput(descriptor: nil)
}

/// How request bodies are compressed.
public struct Compression: Hashable, Sendable {
    let name: String

    /// As they are: the specification's default.
    public static let none = Compression(name: "none")
    /// By gzip: a fifth of the bytes, for some time of the processor.
    public static let gzip = Compression(name: "gzip")
}

/// Telemetry could not be started as configured.
public struct TelemetryError: Error, Hashable, CustomStringConvertible {
    /// What went wrong, for programs.
    public struct Code: Hashable, Sendable {
        let name: String

        /// An endpoint is not an http or https URL.
        public static let invalidEndpoint = Code(name: "invalidEndpoint")
        /// `Telemetry.bootstrap` was called before in this process.
        public static let alreadyBootstrapped = Code(name: "alreadyBootstrapped")
    }

    /// What went wrong, for programs.
    public let code: Code
    /// What went wrong, for people.
    public let description: String
}
