// SPDX-License-Identifier: Apache-2.0
// The standard OTEL_* variables and a few of our own, read through swift-configuration: `otel.service.name` is
// OTEL_SERVICE_NAME in the environment, and the same key may come from a file or any other provider. A value that makes
// no sense never stops a service: it is named in a warning, and the next source or the default holds.
//
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/

public import Configuration
import Logging
import SondeWire

extension TelemetryConfiguration {
    /// The defaults, overlaid with what `reader` has under the `otel.…` keys.
    ///
    /// - Parameters:
    ///   - serviceName: The name unless `reader` has another; `unknown_service` if neither names one.
    ///   - reader: By default the environment of the process.
    public init(
        serviceName: String? = nil,
        reading reader: ConfigReader = ConfigReader(provider: EnvironmentVariablesProvider())
    ) {
        self.init(serviceName: serviceName, ConfigurationSource(layers: [.variables(reader)]))
    }

    /// The defaults, overlaid with a JSON file, overlaid with the environment.
    ///
    /// - Parameters:
    ///   - serviceName: The name unless file or environment have another; `unknown_service` if none names one.
    ///   - file: Path of the file; by default what SONDE_TELEMETRY_CONFIG names, if anything.
    ///   - environment: By default that of the process.
    public init(serviceName: String? = nil, file: String?, environment: [String: String]? = nil) {
        let provider = environment.map { EnvironmentVariablesProvider(environmentVariables: $0) }
        let reader = ConfigReader(provider: provider ?? EnvironmentVariablesProvider())
        let named = reader.string(forKey: ConfigKey(ConfigurationFile.variable)).flatMap { $0.isEmpty ? nil : $0 }
        guard let path = file ?? named else {
            self.init(serviceName: serviceName, reading: reader)
            return
        }
        let file = ConfigurationFile(path: path)
        let layers = [ConfigurationSource.Layer.variables(reader), file.layer]
        self.init(serviceName: serviceName, ConfigurationSource(layers: layers, warnings: file.warnings))
    }

    init(serviceName: String?, _ source: consuming ConfigurationSource) {
        self.init(serviceName: serviceName ?? Self.unknownServiceName)
        var source = source
        readAll(from: &source)
        warnings = source.warnings
    }

    static let unknownServiceName = "unknown_service"

    mutating func readAll(from source: inout ConfigurationSource) {
        readResource(from: &source)
        readSampling(from: &source)
        readPropagation(from: &source)
        readLimits(from: &source)
        readLogs(from: &source)
        readExport(from: &source)
        readBatching(from: &source)
        readMetrics(from: &source)
        source.warnOfUnsupported()
    }

    private mutating func readResource(from source: inout ConfigurationSource) {
        isDisabled = source.flag("otel.sdk.disabled") ?? isDisabled
        stopDeadline = source.milliseconds("sonde.stop.deadline") ?? stopDeadline
        for (key, value) in source.pairs("otel.resource.attributes") { resourceAttributes[key] = value }
        let attribute = resourceAttributes.removeValue(forKey: "service.name")
        if let attribute { serviceName = attribute }
        if let version = resourceAttributes.removeValue(forKey: "service.version") { serviceVersion = version }
        let named = source.text("otel.service.name")
        if let named, !(attribute != nil && source.prefers("otel.resource.attributes", to: "otel.service.name")) {
            serviceName = named
        }
        guard let names = source.list("sonde.resource.detectors") else { return }
        resourceDetectors = []
        for name in names.map({ $0.lowercased() }) {
            if let detector = ResourceDetector.all.first(where: { $0.name == name }) {
                resourceDetectors.insert(detector)
            } else if name == "all" {
                resourceDetectors = ResourceDetector.all
            } else if name != "none" {
                let known = ResourceDetector.all.map(\.name).sorted().joined(separator: ", ")
                source.warn(
                    "\(source.name(of: "sonde.resource.detectors")) names \"\(name)\"; known are \(known), all, none")
            }
        }
    }

    private mutating func readSampling(from source: inout ConfigurationSource) {
        let ratio = source.number("otel.traces.sampler.arg", in: 0...1) ?? 1
        let sampler = source.value("otel.traces.sampler", of: "a sampler") { name -> Sampler? in
            switch name {
            case "always_on": .alwaysOn
            case "always_off": .alwaysOff
            case "traceidratio": .traceIDRatio(ratio)
            case "parentbased_always_on": .parentBased(ratio: 1)
            case "parentbased_always_off": .parentBased(ratio: 0)
            case "parentbased_traceidratio": .parentBased(ratio: ratio)
            default: nil
            }
        }
        self.sampler = sampler ?? self.sampler
    }

    private mutating func readPropagation(from source: inout ConfigurationSource) {
        guard let names = source.list("otel.propagators") else { return }
        var chosen: Set<Propagator> = []
        var isNone = false
        for name in names.map({ $0.lowercased() }) {
            if let propagator = Propagator.known.first(where: { $0.name == name }) {
                chosen.insert(propagator)
            } else if name == "none" {
                isNone = true
            } else {
                let known = Propagator.known.map(\.name).joined(separator: ", ")
                source.warn("\(source.name(of: "otel.propagators")) names \"\(name)\"; known are \(known), none")
            }
        }
        // Names that nobody knows must not end propagation.
        if !chosen.isEmpty || isNone { propagators = chosen }
    }

    private mutating func readLimits(from source: inout ConfigurationSource) {
        let (count, length) = ("otel.attribute.count.limit", "otel.attribute.value.length.limit")
        spanLimits.attributeCount =
            source.count("otel.span.attribute.count.limit", count) ?? spanLimits.attributeCount
        spanLimits.attributeValueLength = source.count("otel.span.attribute.value.length.limit", length)
        spanLimits.eventCount = source.count("otel.span.event.count.limit") ?? spanLimits.eventCount
        spanLimits.linkCount = source.count("otel.span.link.count.limit") ?? spanLimits.linkCount
        logRecordLimits.attributeCount =
            source.count("otel.logrecord.attribute.count.limit", count) ?? logRecordLimits.attributeCount
        logRecordLimits.attributeValueLength = source.count("otel.logrecord.attribute.value.length.limit", length)
    }

    private mutating func readLogs(from source: inout ConfigurationSource) {
        logLevel =
            source.value("otel.log.level", "log.level", of: "a log level") { LogLevelName.level($0) } ?? logLevel
        for (label, name) in source.pairs("sonde.log.levels") {
            if let level = LogLevelName.level(name) {
                logLevels[label] = level
            } else {
                source.warn(
                    "\(source.name(of: "sonde.log.levels")) gives \(label) \"\(name)\", which is not a log level")
            }
        }
        logFormat = source.choice("sonde.log.format", ["auto": .automatic, "json": .json, "text": .text]) ?? logFormat
        logOutput =
            source.choice("sonde.log.output", ["stderr": .standardError, "stdout": .standardOutput, "none": .none])
            ?? logOutput
        logRedaction.hidesSensitive =
            source.choice("sonde.log.redaction", ["sensitive": true, "none": false]) ?? logRedaction.hidesSensitive
        logRedaction.keys.formUnion(source.list("sonde.log.redacted.keys") ?? [])
        let window = source.milliseconds("sonde.log.repeat.window")
        if let limit = source.count("sonde.log.repeat.limit", atLeast: 1) {
            logRepetition = LogRepetition(limit: limit, window: window ?? .seconds(10))
        }
    }

    private mutating func readExport(from source: inout ConfigurationSource) {
        endpoint = source.url("otel.exporter.otlp.endpoint") ?? endpoint
        tracesEndpoint = source.url("otel.exporter.otlp.traces.endpoint", unless: "otel.exporter.otlp.endpoint")
        logsEndpoint = source.url("otel.exporter.otlp.logs.endpoint", unless: "otel.exporter.otlp.endpoint")
        for (key, value) in source.pairs("otel.exporter.otlp.headers") { exportHeaders[key] = value }
        compression = source.compression("otel.exporter.otlp.compression") ?? compression
        exportTimeout = source.milliseconds("otel.exporter.otlp.timeout") ?? exportTimeout
        exportsTraces = source.exports("otel.traces.exporter") ?? exportsTraces
        exportsLogs = source.exports("otel.logs.exporter") ?? exportsLogs
        source.expect("otel.exporter.otlp.protocol", "http/protobuf")
        tracesExport.read(from: &source, signal: "traces", batching: "otel.bsp")
        logsExport.read(from: &source, signal: "logs", batching: "otel.blrp")
        logsExport.queueSize = source.count("otel.blrp.max.queue.size", atLeast: 1)
        logsExport.batchSize = source.count("otel.blrp.max.export.batch.size", atLeast: 1)
    }

    private mutating func readMetrics(from source: inout ConfigurationSource) {
        metricsEndpoint = source.url("otel.exporter.otlp.metrics.endpoint")
        let exporter = source.value("otel.metrics.exporter", of: "otlp, prometheus or none") { name -> Bool? in
            ["otlp": true, "prometheus": false, "none": false][name]
        }
        exportsMetrics = exporter ?? exportsMetrics
        metricExportInterval = source.milliseconds("otel.metric.export.interval") ?? metricExportInterval
        let filter = source.value("otel.metrics.exemplar.filter", of: "trace_based or always_off") { name -> Bool? in
            ["trace_based": true, "always_off": false][name]
        }
        keepsExemplars = filter ?? keepsExemplars
        metricsExport.read(from: &source, signal: "metrics", batching: "otel.metric")
    }

    private mutating func readBatching(from source: inout ConfigurationSource) {
        traceExportDelay = source.milliseconds("otel.bsp.schedule.delay") ?? traceExportDelay
        logExportDelay = source.milliseconds("otel.blrp.schedule.delay") ?? logExportDelay
        exportQueueSize = source.count("otel.bsp.max.queue.size", atLeast: 1) ?? exportQueueSize
        exportBatchSize = source.count("otel.bsp.max.export.batch.size", atLeast: 1) ?? exportBatchSize
    }
}

/// How one signal is sent, where it differs from the others.
public struct SignalExport: Hashable, Sendable {
    /// Headers over ``TelemetryConfiguration/exportHeaders``. OTEL_EXPORTER_OTLP_TRACES_HEADERS, …_LOGS_HEADERS.
    public var headers: [String: String] = [:]
    /// In place of ``TelemetryConfiguration/compression``. OTEL_EXPORTER_OTLP_TRACES_COMPRESSION, ….
    public var compression: Compression?
    /// In place of ``TelemetryConfiguration/exportTimeout``. OTEL_EXPORTER_OTLP_TRACES_TIMEOUT (milliseconds), ….
    public var timeout: Duration?
    /// In place of ``TelemetryConfiguration/exportQueueSize``. OTEL_BLRP_MAX_QUEUE_SIZE for logs.
    public var queueSize: Int?
    /// In place of ``TelemetryConfiguration/exportBatchSize``. OTEL_BLRP_MAX_EXPORT_BATCH_SIZE for logs.
    public var batchSize: Int?

    /// Like the others.
    public init() {}

    fileprivate mutating func read(from source: inout ConfigurationSource, signal: String, batching: String) {
        let prefix = "otel.exporter.otlp.\(signal)."
        let general = "otel.exporter.otlp."
        // What the environment says for all signals is not for a file to change.
        let isGeneralFirst = source.prefers(general + "headers", to: prefix + "headers")
        let kept = isGeneralFirst ? Set(source.pairs(general + "headers").map { $0.0.lowercased() }) : []
        for (key, value) in source.pairs(prefix + "headers") where !kept.contains(key.lowercased()) {
            headers[key] = value
        }
        compression = source.compression(prefix + "compression", unless: general + "compression") ?? compression
        timeout =
            source.milliseconds(prefix + "timeout", batching + ".export.timeout", unless: general + "timeout")
            ?? timeout
        source.expect(prefix + "protocol", "http/protobuf")
    }
}

extension TelemetryConfiguration {
    private func settings(of signal: ExportSignal) -> SignalExport {
        switch signal {
        case .traces: tracesExport
        case .logs: logsExport
        case .metrics: metricsExport
        }
    }

    func headers(of signal: ExportSignal) -> [String: String] {
        exportHeaders.merging(settings(of: signal).headers) { _, own in own }
    }

    func compression(of signal: ExportSignal) -> Compression { settings(of: signal).compression ?? compression }

    func timeout(of signal: ExportSignal) -> Duration { settings(of: signal).timeout ?? exportTimeout }

    /// nil if only bytes bound the queue.
    func queueSize(of signal: ExportSignal) -> Int? { settings(of: signal).queueSize ?? exportQueueSize }

    func batchSize(of signal: ExportSignal) -> Int { settings(of: signal).batchSize ?? exportBatchSize }
}

/// Whether a text can be the base of requests.
enum EndpointURL {
    /// `http://HOST…` or `https://HOST…`, without blanks.
    static func isUsable(_ text: String) -> Bool {
        let lower = text.lowercased()
        guard let scheme = ["http://", "https://"].first(where: { lower.hasPrefix($0) }) else { return false }
        let rest = text.dropFirst(scheme.count)
        guard let first = rest.utf8.first, first != UInt8(ascii: "/"), first != UInt8(ascii: ":") else { return false }
        return rest.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            && URLAuthority(ofURL: text)?.hasUsablePort == true
    }

    /// `text` for people to read, without what may be a password before an `@` or a token behind a `?`, also where it is no
    /// URL at all.
    static func withoutSecrets(_ text: String) -> String {
        let query = text.firstIndex(of: "?")
        guard let at = text.lastIndex(of: "@") else { return query.map { text[...$0] + "…" } ?? text }
        let scheme = ["http://", "https://"].first { text.lowercased().hasPrefix($0) } ?? ""
        // A `?` before the `@` may be of a password, or the `@` of a query.
        return scheme + "…" + (query.map { $0 < at } == true ? "" : withoutSecrets("\(text[text.index(after: at)...])"))
    }

    /// `base` with `path` behind it, one slash between.
    static func joined(_ base: String, _ path: String) -> String {
        base.hasSuffix("/") ? base + path : base + "/" + path
    }
}
