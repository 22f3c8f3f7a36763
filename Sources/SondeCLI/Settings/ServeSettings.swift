// SPDX-License-Identifier: Apache-2.0
// The settings of one `sonde serve`, read and checked.

import FoundationEssentials
import Logging
import SondeModel
import SondePipeline
import SondeServer
import SondeWire

struct ServeSettings {
    enum LogFormat: String { case text, json }

    var listeners: [ListenerName: ListenerAddress] = [:]
    var dataFolder: String
    /// Nil keeps everything.
    var keep: Duration?
    /// Services with a time of their own; nil inside keeps everything of a service.
    var keepByService: [String: Duration?]
    var maxDiskBytes: Int
    var maxMemoryBytes: Int
    var isRelaxed: Bool
    var corsOrigin: String?
    /// Nil where spans are not counted.
    var spanMetrics: SpanMetricsConfiguration?
    var logLevel: Logger.Level
    var logFormat: LogFormat

    /// What bodies in flight may take of ``maxMemoryBytes``.
    var bytesInFlight: Int { Int(Double(maxMemoryBytes) * Limits.inFlightShare) }

    init(_ sources: SettingSources, environment: [String: String]) throws(SettingError) {
        for (setting, name) in [
            (Setting.otlpHTTP, ListenerName.otlpHTTP), (.query, .query), (.otlpGRPC, .otlpGRPC), (.zipkin, .zipkin),
        ] {
            guard let address = try sources.read(setting, { ListenerSetting($0) })?.address else { continue }
            if address.port != 0, let other = listeners.first(where: { $0.value == address }) {
                throw SettingError(
                    message: "--\(other.key.rawValue) and --\(setting.flag) name the same address, \(address)",
                    advice: "Give each a port of its own, or turn one off: --\(setting.flag) off.")
            }
            listeners[name] = address
        }
        dataFolder = try Self.dataFolder(sources, environment)
        keep = try sources.read(.keep, Self.age) ?? nil
        keepByService = try Self.ages(sources)
        maxDiskBytes = try Self.size(.maxDisk, least: Limits.minDiskBytes, sources)
        maxMemoryBytes = try Self.size(.maxMemory, least: Limits.minMemoryBytes, sources)
        isRelaxed = try sources.choice(.durability) == "relaxed"
        corsOrigin = try sources.read(.cors, Self.origin)
        spanMetrics = try Self.spanMetrics(sources)
        logLevel = Logger.Level(rawValue: try sources.choice(.logLevel)) ?? .info
        logFormat = LogFormat(rawValue: try sources.choice(.logFormat)) ?? .text
    }

    private static func dataFolder(
        _ sources: SettingSources, _ environment: [String: String]
    ) throws(SettingError) -> String {
        if let folder = try sources.read(.data, { $0.isEmpty ? nil : $0 }) { return URL(filePath: folder).path }
        guard let home = UserFolders.data(environment) else {
            throw SettingError(
                message: "cannot choose a folder for the data: neither XDG_DATA_HOME nor HOME is set",
                advice: "Name one with --data FOLDER or SONDE_DATA.")
        }
        return home + "/sonde"
    }

    private static func size(_ setting: Setting, least: Int, _ sources: SettingSources) throws(SettingError) -> Int {
        guard let found = try sources.value(of: setting), let bytes = SizeText.parse(found.text) else {
            throw try sources.unreadable(setting)
        }
        guard bytes >= least else {
            throw SettingError(
                message: "\(found.origin) \(found.text) is too little", advice: "Give at least \(least / 1_000_000)MB.")
        }
        return bytes
    }

    /// An inner nil means `off`.
    private static func age(_ text: String) -> Duration?? {
        if text.lowercased() == "off" { return .some(nil) }
        guard let nanoseconds = DurationText.parse(text), nanoseconds > 0, let signed = Int64(exactly: nanoseconds)
        else {
            return nil
        }
        return .some(.nanoseconds(signed))
    }

    /// `checkout=30d,health=6h`; the last `=` of a part divides it, so that a name may have one.
    private static func ages(_ sources: SettingSources) throws(SettingError) -> [String: Duration?] {
        guard let found = try sources.value(of: .keepService) else { return [:] }
        var ages: [String: Duration?] = [:]
        for part in found.text.split(separator: ",", omittingEmptySubsequences: false) {
            let mark = part.lastIndex(of: "=") ?? part.startIndex
            let name = blanksTrimmed(part[..<mark])
            guard !name.isEmpty, let age = age(blanksTrimmed(part[mark...].dropFirst())) else {
                let isOneOfMany = part.count < found.text.count
                throw .unreadable(
                    found.text,
                    isOneOfMany ? "\(part.isEmpty ? "an empty part" : part) in \(found.origin)" : found.origin,
                    expected: Setting.keepService.expectation)
            }
            guard ages.updateValue(age, forKey: name) == nil else {
                throw SettingError(
                    message: "\(found.origin) \(found.text) names \(name) twice", advice: "Give each service one time.")
            }
        }
        return ages
    }

    private static func spanMetrics(
        _ sources: SettingSources
    ) throws(SettingError) -> SpanMetricsConfiguration? {
        var metrics = SpanMetricsConfiguration()
        metrics.maxSeries =
            try sources.read(.spanMetricsSeries) { Int($0).flatMap { $0 > 0 ? $0 : nil } }
            ?? metrics.maxSeries
        metrics.dimensions = try dimensions(sources)
        return try sources.choice(.spanMetrics) == "on" ? metrics : nil
    }

    /// Two dimensions that are one label for Prometheus would be one series printed twice.
    private static func dimensions(_ sources: SettingSources) throws(SettingError) -> [String] {
        guard let found = try sources.value(of: .spanMetricsDimensions) else { return [] }
        var labels = Set(SpanMetricName.labels)
        var keys: [String] = []
        for part in found.text.split(separator: ",", omittingEmptySubsequences: false) {
            let key = blanksTrimmed(part)
            guard !key.isEmpty else { throw try sources.unreadable(.spanMetricsDimensions) }
            let label = PrometheusText.labelName(key)
            guard labels.insert(label).inserted else {
                throw SettingError(
                    message: "\(found.origin) names \(key), which is a second label \(label)",
                    advice:
                        "Give each label once; \(SpanMetricName.labels.prefix(4).joined(separator: ", ")) are there.")
            }
            keys.append(key)
        }
        return keys
    }

    private static func blanksTrimmed(_ text: Substring) -> String {
        let begun = text.drop(while: \.isWhitespace)
        return begun.lastIndex { !$0.isWhitespace }.map { String(begun[...$0]) } ?? ""
    }

    private static func origin(_ text: String) -> String? {
        let hasScheme = text.hasPrefix("http://") || text.hasPrefix("https://")
        guard text == "*" || (hasScheme && !text.hasSuffix("/") && !text.contains(" ")) else { return nil }
        return text
    }
}

extension SettingSources {
    /// The value as `parse` understands it; nil where there is none.
    func read<Value>(_ setting: Setting, _ parse: (String) -> Value?) throws(SettingError) -> Value? {
        guard let found = try value(of: setting) else { return nil }
        guard let value = parse(found.text) else { throw try unreadable(setting) }
        return value
    }

    /// One of the names that the table lists.
    func choice(_ setting: Setting) throws(SettingError) -> String {
        guard case .choice(let names) = setting.kind else { preconditionFailure("--\(setting.flag) is a choice") }
        let choice = try read(setting) { text in names.first { $0 == text.lowercased() } }
        guard let choice else { preconditionFailure("--\(setting.flag) has a default") }
        return choice
    }

    func unreadable(_ setting: Setting) throws(SettingError) -> SettingError {
        let found = try value(of: setting) ?? FoundValue(text: "", origin: "--" + setting.flag)
        return .unreadable(found.text, found.origin, expected: setting.expectation)
    }
}
