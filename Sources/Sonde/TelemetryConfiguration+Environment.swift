// SPDX-License-Identifier: Apache-2.0
// The standard OTEL_* variables, read through swift-configuration: `otel.service.name` is OTEL_SERVICE_NAME in the
// environment, and the same key may come from any other provider. A value that makes no sense never stops a service: it
// is named in a warning and the default holds.
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
        self.init(serviceName: serviceName ?? Self.unknownServiceName)
        var source = VariableSource(reader: reader)
        readResource(from: &source)
        readTracing(from: &source)
        readExport(from: &source)
        readBatching(from: &source)
        warnings = source.warnings
    }

    /// The defaults, overlaid with the environment of the process.
    static func fromEnvironment(serviceName: String?) -> TelemetryConfiguration {
        let environment = ConfigReader(provider: EnvironmentVariablesProvider())
        return TelemetryConfiguration(serviceName: serviceName, reading: environment)
    }

    static let unknownServiceName = "unknown_service"

    private mutating func readResource(from source: inout VariableSource) {
        isDisabled = source.flag("otel.sdk.disabled") ?? isDisabled
        if let level = source.value("otel.log.level", of: "a log level", { LogLevelName.level($0) }) {
            logLevel = level
        }
        for (key, value) in source.pairs("otel.resource.attributes") { resourceAttributes[key] = value }
        if let name = resourceAttributes.removeValue(forKey: "service.name") { serviceName = name }
        if let version = resourceAttributes.removeValue(forKey: "service.version") { serviceVersion = version }
        if let name = source.text("otel.service.name") { serviceName = name }
    }

    private mutating func readTracing(from source: inout VariableSource) {
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
        if let names = source.text("otel.propagators") {
            var known: Set<Propagator> = []
            var isNone = false
            for name in names.lowercased().split(separator: ",").map({ $0.filter { $0 != " " } }) {
                if let propagator = Propagator.known.first(where: { $0.name == name }) {
                    known.insert(propagator)
                } else if name == "none" {
                    isNone = true
                } else {
                    let names = Propagator.known.map(\.name).joined(separator: ", ")
                    source.warn("OTEL_PROPAGATORS names \"\(name)\"; known are \(names), none")
                }
            }
            // Names that nobody knows must not end propagation.
            if !known.isEmpty || isNone { propagators = known }
        }
        spanLimits.attributeCount = source.count("otel.span.attribute.count.limit") ?? spanLimits.attributeCount
        spanLimits.eventCount = source.count("otel.span.event.count.limit") ?? spanLimits.eventCount
        spanLimits.linkCount = source.count("otel.span.link.count.limit") ?? spanLimits.linkCount
        spanLimits.attributeValueLength = source.count("otel.attribute.value.length.limit")
    }

    private mutating func readExport(from source: inout VariableSource) {
        endpoint = source.url("otel.exporter.otlp.endpoint") ?? endpoint
        tracesEndpoint = source.url("otel.exporter.otlp.traces.endpoint")
        logsEndpoint = source.url("otel.exporter.otlp.logs.endpoint")
        for (key, value) in source.pairs("otel.exporter.otlp.headers") { exportHeaders[key] = value }
        let compression = source.value("otel.exporter.otlp.compression", of: "none or gzip") { name -> Compression? in
            ["none": Compression.none, "gzip": .gzip][name]
        }
        self.compression = compression ?? self.compression
        exportsTraces = source.exports("otel.traces.exporter") ?? exportsTraces
        exportsLogs = source.exports("otel.logs.exporter") ?? exportsLogs
        exportTimeout = source.milliseconds("otel.exporter.otlp.timeout") ?? exportTimeout
        source.expect("otel.exporter.otlp.protocol", "http/protobuf")
    }

    private mutating func readBatching(from source: inout VariableSource) {
        traceExportDelay = source.milliseconds("otel.bsp.schedule.delay") ?? traceExportDelay
        logExportDelay = source.milliseconds("otel.blrp.schedule.delay") ?? logExportDelay
        exportQueueSize = source.count("otel.bsp.max.queue.size", atLeast: 1) ?? exportQueueSize
        exportBatchSize = source.count("otel.bsp.max.export.batch.size", atLeast: 1) ?? exportBatchSize
    }
}

/// Reads variables and remembers what was wrong with them. An empty variable is an unset one, as the specification says.
private struct VariableSource {
    let reader: ConfigReader
    var warnings: [String] = []

    mutating func warn(_ text: String) { warnings.append(text) }

    func text(_ key: String) -> String? {
        guard let text = reader.string(forKey: ConfigKey(key)) else { return nil }
        let trimmed = TextTrim.blanks(text)
        return trimmed.isEmpty ? nil : trimmed
    }

    mutating func value<Value>(_ key: String, of kind: String, _ parse: (String) -> Value?) -> Value? {
        guard let text = text(key) else { return nil }
        guard let value = parse(text) else {
            warn("\(Self.variable(key))=\"\(text)\" is not \(kind); the default is used")
            return nil
        }
        return value
    }

    mutating func flag(_ key: String) -> Bool? {
        value(key, of: "true or false") { ["true": true, "false": false][$0.lowercased()] }
    }

    mutating func number(_ key: String, in range: ClosedRange<Double>) -> Double? {
        value(key, of: "a number from \(range.lowerBound) to \(range.upperBound)") { text in
            Double(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    mutating func count(_ key: String, atLeast least: Int = 0) -> Int? {
        value(key, of: "a whole number from \(least) to 1000000000") { text in
            Int(text).flatMap { (least...1_000_000_000).contains($0) ? $0 : nil }
        }
    }

    mutating func milliseconds(_ key: String) -> Duration? {
        count(key, atLeast: 1).map { .milliseconds($0) }
    }

    mutating func url(_ key: String) -> String? {
        value(key, of: "an http or https URL") { EndpointURL.isUsable($0) ? $0 : nil }
    }

    mutating func exports(_ key: String) -> Bool? {
        value(key, of: "otlp or none") { ["otlp": true, "none": false][$0] }
    }

    mutating func expect(_ key: String, _ expected: String) {
        guard let text = text(key), text != expected else { return }
        warn("\(Self.variable(key))=\"\(text)\" is not supported; \(expected) is used")
    }

    /// `key1=value1,key2=value2`, keys and values percent-decoded. A part without `=` spoils only itself.
    mutating func pairs(_ key: String) -> [(String, String)] {
        guard let text = text(key) else { return [] }
        return text.split(separator: ",").compactMap { part in
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
                PercentEncoding.decoded(TextTrim.blanks(String($0)))
            }
            guard pair.count == 2, !pair[0].isEmpty else {
                warn("\(Self.variable(key)) holds \"\(part)\", which is not key=value; it is left out")
                return nil
            }
            return (pair[0], pair[1])
        }
    }

    private static func variable(_ key: String) -> String {
        String(key.uppercased().map { $0 == "." ? "_" : $0 })
    }
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

    /// `base` with `path` behind it, one slash between.
    static func joined(_ base: String, _ path: String) -> String {
        base.hasSuffix("/") ? base + path : base + "/" + path
    }
}

enum TextTrim {
    static func blanks(_ text: String) -> String {
        var text = text[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }
}
