// SPDX-License-Identifier: Apache-2.0
// The metrics that the library itself makes, each with its help text. Dashboards name them; change both together.

/// A metric's name on `/metrics`, what it tells, and its unit.
struct MetricName: Sendable {
    let name: String
    let help: String
    var unit: String?

    // MARK: The library about itself

    static let conflicts = MetricName(
        name: "sonde_library_conflicting_metrics_total",
        help: "Metrics not shown because another kind has their name.")
    static let overflow = MetricName(
        name: "sonde_library_overflowed_series_total",
        help: "Registrations beyond the label sets a metric may have.")
    static let ignored = MetricName(
        name: "sonde_library_ignored_measurements_total",
        help: "Measurements that made no sense: NaN, infinite, negative.")
    static let logLinesDropped = MetricName(
        name: "sonde_library_log_lines_dropped_total",
        help: "Log lines that could not be written to their output, by reason.")
    static let logLinesRepeated = MetricName(
        name: "sonde_library_log_lines_repeated_total",
        help: "Log lines left out because they repeated others too often.")

    // MARK: Export

    static let exported = MetricName(
        name: "sonde_export_exported_total", help: "Spans and log records that the collector accepted.")
    static let dropped = MetricName(
        name: "sonde_export_dropped_total", help: "Spans, log records and data points that were let go, by reason.")
    static let retries = MetricName(
        name: "sonde_export_retries_total", help: "Export requests that were sent again after a retryable failure.")
    static let abandonedSpans = MetricName(
        name: "sonde_library_abandoned_spans_total",
        help: "Lean spans that went out of scope without an end and ended there.")
    static let unwatchedSpans = MetricName(
        name: "sonde_library_unwatched_spans_total",
        help: "Spans that would not be reported as unfinished because too many were open.")
    static let tailTraces = MetricName(
        name: "sonde_library_tail_traces_total",
        help: "Traces that were not sampled, by what their end decided: kept for an error or for being slow, or let go."
    )
    static let tailBytes = MetricName(
        name: "sonde_library_tail_held_bytes", help: "Encoded spans that wait for the end of their trace.",
        unit: "bytes")
    static let queued = MetricName(
        name: "sonde_export_queued_items", help: "Spans and log records waiting to be exported.")

    static let pushes = MetricName(
        name: "sonde_export_metric_pushes_total", help: "Pushes of metrics that the collector accepted.")
    static let failedPushes = MetricName(
        name: "sonde_export_failed_metric_pushes_total",
        help: "Pushes of metrics that failed; the next one holds the same totals.")

    // MARK: The process

    static let cpu = MetricName(
        name: "process_cpu_seconds_total", help: "Total user and system CPU time spent in seconds.", unit: "seconds")
    static let residentMemory = MetricName(
        name: "process_resident_memory_bytes", help: "Resident memory size in bytes.", unit: "bytes")
    static let virtualMemory = MetricName(
        name: "process_virtual_memory_bytes", help: "Virtual memory size in bytes.", unit: "bytes")
    static let openFiles = MetricName(name: "process_open_fds", help: "Number of open file descriptors.")
    static let maxFiles = MetricName(name: "process_max_fds", help: "Maximum number of open file descriptors.")
    static let startTime = MetricName(
        name: "process_start_time_seconds", help: "Start time of the process since unix epoch in seconds.",
        unit: "seconds")

    static let threads = MetricName(name: "process_threads", help: "Number of threads of the process.")
    static let anonymousMemory = MetricName(
        name: "process_resident_anonymous_memory_bytes", help: "Resident memory of heap and stacks in bytes.",
        unit: "bytes")
    static let runtime = MetricName(name: "swift_runtime_info", help: "What the program was built with.")
    static let eventLoopLag = MetricName(
        name: "nio_event_loop_lag_seconds", help: "How late event loops run what is due, measured once a second.",
        unit: "seconds")

    static let target = MetricName(name: "target_info", help: "The resource that these metrics describe.")

    // MARK: HTTP (named by OpenTelemetry's stable conventions)

    static let serverDuration = MetricName(
        name: "http_server_request_duration_seconds", help: "Duration of HTTP server requests.", unit: "seconds")
    static let serverActive = MetricName(
        name: "http_server_active_requests", help: "Number of HTTP server requests being handled.")
    static let clientDuration = MetricName(
        name: "http_client_request_duration_seconds", help: "Duration of HTTP client requests.", unit: "seconds")

    // MARK: Databases, RPC, messaging (named by OpenTelemetry's conventions)

    static let statementDuration = MetricName(
        name: "db_client_operation_duration_seconds", help: "Duration of database client operations.", unit: "seconds")
    static let rpcClientDuration = MetricName(
        name: "rpc_client_call_duration_seconds", help: "Duration of outgoing remote procedure calls.",
        unit: "seconds")
    static let rpcServerDuration = MetricName(
        name: "rpc_server_call_duration_seconds", help: "Duration of incoming remote procedure calls.",
        unit: "seconds")
    static let messagingDuration = MetricName(
        name: "messaging_client_operation_duration_seconds",
        help: "Duration of messaging operations that a producer or consumer client began.", unit: "seconds")
    static let processDuration = MetricName(
        name: "messaging_process_duration_seconds", help: "Duration of processing messages.", unit: "seconds")
    static let sentMessages = MetricName(
        name: "messaging_client_sent_messages_total", help: "Messages that a producer attempted to send to the broker."
    )
    static let consumedMessages = MetricName(
        name: "messaging_client_consumed_messages_total", help: "Messages that were delivered to the application.")

    /// Descriptions of metrics that are created through swift-metrics.
    static let described = [
        serverDuration, serverActive, clientDuration, exported, dropped, retries, queued, statementDuration,
        rpcClientDuration, rpcServerDuration, messagingDuration, processDuration, sentMessages, consumedMessages,
    ]

    /// The boundaries that the conventions advise, where nobody has chosen others. Statements are quicker than requests.
    static let advisedBuckets: [String: HistogramBuckets] = [
        serverDuration.name: .explicit(Limits.bucketBounds), clientDuration.name: .explicit(Limits.bucketBounds),
        rpcClientDuration.name: .explicit(Limits.bucketBounds), rpcServerDuration.name: .explicit(Limits.bucketBounds),
        messagingDuration.name: .explicit(Limits.bucketBounds), processDuration.name: .explicit(Limits.bucketBounds),
        statementDuration.name: .explicit(Limits.statementBounds),
    ]
}
