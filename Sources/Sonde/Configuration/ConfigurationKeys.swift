// SPDX-License-Identifier: Apache-2.0
// Every variable that the library reads, each with what it sets and what holds without it: docs/library.md shows this
// table, and a test compares them. A key of a file is the same name in lower case with dots: `otel.service.name`.
//
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/

/// One variable.
struct ConfigurationKey: Sendable {
    let key: String
    /// What it sets, as the documentation says it.
    let sets: String
    let fallback: String

    init(_ key: String, _ sets: String, _ fallback: String = "") {
        self.key = key
        self.sets = sets
        self.fallback = fallback
    }

    /// `otel.service.name` is OTEL_SERVICE_NAME.
    var variable: String { Self.variable(key) }

    static func variable(_ key: String) -> String { String(key.uppercased().map { $0 == "." ? "_" : $0 }) }
}

extension ConfigurationKey {
    static let all = service + tracing + logs + metrics + export + batching

    private static let service = [
        ConfigurationKey("otel.service.name", "`serviceName`", "the argument, else `unknown_service`"),
        ConfigurationKey("otel.resource.attributes", "`resourceAttributes` (percent-decoded)", "none"),
        ConfigurationKey(
            "sonde.resource.detectors",
            "`resourceDetectors`: `host`, `os`, `process`, `container`, `kubernetes`, `instance`; or `all`, `none`",
            "all"),
        ConfigurationKey("otel.sdk.disabled", "`isDisabled`", "false"),
        ConfigurationKey("sonde.stop.deadline", "`stopDeadline`, ms", "2000"),
    ]

    private static let tracing = [
        ConfigurationKey("otel.propagators", "`propagators`", "tracecontext,baggage"),
        ConfigurationKey("otel.traces.sampler", "`sampler`", "parentbased_always_on"),
        ConfigurationKey("otel.traces.sampler.arg", "its ratio, 0 to 1", "1"),
        ConfigurationKey("otel.attribute.count.limit", "attributes of a span or log record", "128"),
        ConfigurationKey("otel.attribute.value.length.limit", "characters of a text attribute", "unlimited"),
        ConfigurationKey("otel.span.attribute.count.limit", "`spanLimits.attributeCount`", "128"),
        ConfigurationKey("otel.span.attribute.value.length.limit", "`spanLimits.attributeValueLength`", "unlimited"),
        ConfigurationKey("otel.span.event.count.limit", "`spanLimits.eventCount`", "128"),
        ConfigurationKey("otel.span.link.count.limit", "`spanLimits.linkCount`", "128"),
    ]

    private static let logs = [
        ConfigurationKey("otel.log.level", "`logLevel`", "info"),
        ConfigurationKey("log.level", "`logLevel`, where OTEL_LOG_LEVEL is not set"),
        ConfigurationKey("sonde.log.levels", "`logLevels`: `shop=debug,shop.orders=trace`", "none"),
        ConfigurationKey("sonde.log.format", "`logFormat`: `auto`, `json`, `text`", "auto"),
        ConfigurationKey("sonde.log.output", "`logOutput`: `stderr`, `stdout`, `none`", "stderr"),
        ConfigurationKey("sonde.log.redaction", "`logRedaction.hidesSensitive`: `sensitive`, `none`", "sensitive"),
        ConfigurationKey("sonde.log.redacted.keys", "`logRedaction.keys`: `password,authorization`", "none"),
        ConfigurationKey("sonde.log.repeat.limit", "`logRepetition.limit`, lines", "all are written"),
        ConfigurationKey("sonde.log.repeat.window", "`logRepetition.window`, ms", "10000"),
        ConfigurationKey("otel.logrecord.attribute.count.limit", "`logRecordLimits.attributeCount`", "128"),
        ConfigurationKey(
            "otel.logrecord.attribute.value.length.limit", "`logRecordLimits.attributeValueLength`", "unlimited"),
    ]

    private static let metrics = [
        ConfigurationKey("otel.metrics.exporter", "`exportsMetrics`: `otlp`, `prometheus` or `none`", "prometheus"),
        ConfigurationKey("otel.metric.export.interval", "`metricExportInterval`, ms", "60000"),
        ConfigurationKey("otel.metric.export.timeout", "`metricsExport.timeout`, ms, unless set below"),
        ConfigurationKey(
            "otel.metrics.exemplar.filter", "`keepsExemplars`: `trace_based`, `always_off`", "trace_based"),
    ]

    private static let export =
        [
            ConfigurationKey(
                "otel.exporter.otlp.endpoint", "`endpoint`; `/v1/traces` and the like are appended",
                "http://127.0.0.1:4318"),
            ConfigurationKey("otel.exporter.otlp.traces.endpoint", "`tracesEndpoint`, a full URL"),
            ConfigurationKey("otel.exporter.otlp.logs.endpoint", "`logsEndpoint`, a full URL"),
            ConfigurationKey("otel.exporter.otlp.metrics.endpoint", "`metricsEndpoint`, a full URL"),
            ConfigurationKey("otel.exporter.otlp.headers", "`exportHeaders` (percent-decoded)", "none"),
            ConfigurationKey("otel.exporter.otlp.compression", "`compression`: `none`, `gzip`", "none"),
            ConfigurationKey("otel.exporter.otlp.timeout", "`exportTimeout`, ms", "10000"),
            ConfigurationKey("otel.exporter.otlp.protocol", "nothing: only `http/protobuf` is spoken", "http/protobuf"),
            ConfigurationKey("otel.traces.exporter", "`exportsTraces`: `otlp` or `none`", "otlp"),
            ConfigurationKey("otel.logs.exporter", "`exportsLogs`: `otlp` or `none`", "otlp"),
        ] + ["traces", "logs", "metrics"].flatMap(ofSignal)

    private static func ofSignal(_ signal: String) -> [ConfigurationKey] {
        [
            ConfigurationKey("otel.exporter.otlp.\(signal).headers", "`\(signal)Export.headers`, over `exportHeaders`"),
            ConfigurationKey("otel.exporter.otlp.\(signal).compression", "`\(signal)Export.compression`"),
            ConfigurationKey("otel.exporter.otlp.\(signal).timeout", "`\(signal)Export.timeout`, ms"),
            ConfigurationKey("otel.exporter.otlp.\(signal).protocol", "nothing: only `http/protobuf` is spoken"),
        ]
    }

    private static let batching = [
        ConfigurationKey("otel.bsp.schedule.delay", "`traceExportDelay`, ms", "5000"),
        ConfigurationKey("otel.bsp.export.timeout", "`tracesExport.timeout`, ms, unless set above"),
        ConfigurationKey("otel.bsp.max.queue.size", "`exportQueueSize`, spans", "bounded by bytes"),
        ConfigurationKey("otel.bsp.max.export.batch.size", "`exportBatchSize`, spans", "4096"),
        ConfigurationKey("otel.blrp.schedule.delay", "`logExportDelay`, ms", "1000"),
        ConfigurationKey("otel.blrp.max.queue.size", "`logsExport.queueSize`, log records", "as for spans"),
        ConfigurationKey("otel.blrp.max.export.batch.size", "`logsExport.batchSize`, log records", "as for spans"),
        ConfigurationKey("otel.blrp.export.timeout", "`logsExport.timeout`, ms, unless set above"),
    ]

    /// Standard variables that nothing here answers to. Who sets one is told so.
    static let unsupported = [
        "otel.exporter.otlp.certificate", "otel.exporter.otlp.client.key", "otel.exporter.otlp.client.certificate",
        "otel.exporter.otlp.insecure", "otel.config.file", "otel.experimental.config.file",
        "otel.event.attribute.count.limit", "otel.link.attribute.count.limit",
    ]

    /// The known key that differs from `key` in the fewest letters; nil if all differ in more than a third.
    static func nearest(to key: String) -> String? {
        let candidates = all.map { (key: $0.key, distance: EditDistance.between($0.key, key)) }
        guard let best = candidates.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance * 3 <= max(key.utf8.count, 3) ? best.key : nil
    }
}

/// How many letters must be put in, left out or changed to make one text of the other.
enum EditDistance {
    static func between(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.utf8), Array(b.utf8.prefix(256)))
        var row = Array(0...b.count)
        for (line, letter) in a.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for column in b.indices {
                let change = diagonal + (letter == b[column] ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(change, row[column] + 1, diagonal + 1)
            }
        }
        return row[b.count]
    }
}
