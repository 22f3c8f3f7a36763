// SPDX-License-Identifier: Apache-2.0
// The flags of `sonde serve`: names and texts come from the table of settings, values are read later, together with
// those from the environment and the file.

import ArgumentParser

struct ServeFlags: ParsableArguments {
    @Option(name: Setting.otlpHTTP.flagName, help: Setting.otlpHTTP.flagHelp) var otlpHTTP: String?
    @Option(name: Setting.query.flagName, help: Setting.query.flagHelp) var query: String?
    @Option(name: Setting.otlpGRPC.flagName, help: Setting.otlpGRPC.flagHelp) var otlpGRPC: String?
    @Option(name: Setting.zipkin.flagName, help: Setting.zipkin.flagHelp) var zipkin: String?
    @Option(name: Setting.data.flagName, help: Setting.data.flagHelp) var data: String?
    @Option(name: Setting.keep.flagName, help: Setting.keep.flagHelp) var keep: String?
    @Option(name: Setting.keepService.flagName, help: Setting.keepService.flagHelp) var keepService: [String] = []
    @Option(name: Setting.maxDisk.flagName, help: Setting.maxDisk.flagHelp) var maxDisk: String?
    @Option(name: Setting.maxMemory.flagName, help: Setting.maxMemory.flagHelp) var maxMemory: String?
    @Option(name: Setting.durability.flagName, help: Setting.durability.flagHelp) var durability: String?
    @Option(name: Setting.cors.flagName, help: Setting.cors.flagHelp) var cors: String?
    @Option(name: Setting.spanMetrics.flagName, help: Setting.spanMetrics.flagHelp) var spanMetrics: String?
    @Option(name: Setting.spanMetricsDimensions.flagName, help: Setting.spanMetricsDimensions.flagHelp)
    var spanMetricsDimensions: [String] = []
    @Option(name: Setting.spanMetricsSeries.flagName, help: Setting.spanMetricsSeries.flagHelp)
    var spanMetricsSeries: String?
    @Option(name: Setting.logLevel.flagName, help: Setting.logLevel.flagHelp) var logLevel: String?
    @Option(name: Setting.logFormat.flagName, help: Setting.logFormat.flagHelp) var logFormat: String?
    @Option(name: Setting.config.flagName, help: Setting.config.flagHelp) var config: String?

    /// Values by flag, those that were given.
    var values: [String: String] {
        let given: [(Setting, String?)] = [
            (.otlpHTTP, otlpHTTP), (.query, query), (.otlpGRPC, otlpGRPC), (.zipkin, zipkin), (.data, data),
            (.keep, keep), (.keepService, Self.joined(keepService)), (.maxDisk, maxDisk), (.maxMemory, maxMemory),
            (.durability, durability), (.cors, cors), (.spanMetrics, spanMetrics),
            (.spanMetricsDimensions, Self.joined(spanMetricsDimensions)), (.spanMetricsSeries, spanMetricsSeries),
            (.logLevel, logLevel), (.logFormat, logFormat), (.config, config),
        ]
        return Dictionary(
            given.compactMap { setting, value in value.map { (setting.flag, $0) } }, uniquingKeysWith: { $1 })
    }

    private static func joined(_ values: [String]) -> String? { values.isEmpty ? nil : values.joined(separator: ",") }
}

extension Setting {
    fileprivate var flagName: NameSpecification { .customLong(flag) }

    fileprivate var flagHelp: ArgumentHelp {
        ArgumentHelp(stringLiteral: summary + (standard.map { " (default: \($0))" } ?? "")).named(placeholder)
    }
}

extension ArgumentHelp {
    fileprivate func named(_ placeholder: String) -> ArgumentHelp {
        var help = self
        help.valueName = placeholder
        return help
    }
}
