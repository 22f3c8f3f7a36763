// SPDX-License-Identifier: Apache-2.0

import Configuration
import FoundationEssentials
import Logging
import Testing

@testable import Sonde

struct ConfigurationKeysTests {
    private let reader = ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: [:]))

    @Test func theTableHasWhatIsReadAndNothingElse() {
        var source = ConfigurationSource(layers: [.variables(reader)])
        var configuration = TelemetryConfiguration(serviceName: "orders")
        configuration.readAll(from: &source)
        let known = Set(ConfigurationKey.all.map(\.key))
        #expect(source.asked.subtracting(known) == [])
        #expect(known.subtracting(source.asked) == [])
        #expect(ConfigurationKey.all.count == known.count)
        #expect(known.isDisjoint(with: ConfigurationKey.unsupported))
    }

    private static let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/library.md")

    @Test(.enabled(if: FileManager.default.fileExists(atPath: page.path)))
    func theDocumentationHasTheTable() throws {
        let page = String(decoding: try Data(contentsOf: Self.page), as: UTF8.self)
        let rows = Set(page.split(separator: "\n").filter { $0.hasPrefix("| `") }.map(String.init))
        for key in ConfigurationKey.all {
            let row = "| `\(key.variable)` | \(key.sets) | \(key.fallback) |"
            #expect(rows.contains(row), "docs/library.md lacks: \(row)")
        }
        let variables = rows.compactMap { row in
            row.split(separator: "`").dropFirst().first.map(String.init)
        }
        let known = Set(ConfigurationKey.all.map(\.variable))
        for variable in variables where variable.hasPrefix("OTEL_") || variable.hasPrefix("SONDE_LOG") {
            #expect(known.contains(variable), "docs/library.md has \(variable), which is not read")
        }
    }

    @Test func whatIsSetAndNotSupportedIsNamed() {
        let provider = EnvironmentVariablesProvider(environmentVariables: [
            "OTEL_EXPORTER_OTLP_CERTIFICATE": "/ca.pem", "OTEL_CONFIG_FILE": "otel.yaml",
        ])
        let read = TelemetryConfiguration(serviceName: "orders", reading: ConfigReader(provider: provider))
        #expect(
            read.warnings == [
                "OTEL_EXPORTER_OTLP_CERTIFICATE is set, and not supported: it is ignored",
                "OTEL_CONFIG_FILE is set, and not supported: it is ignored",
            ])
    }

    @Test(arguments: [
        ("otel.servicename", "otel.service.name"), ("otel.log.levl", "otel.log.level"), ("x", nil),
        ("otel.exporter.otlp.trace.endpoint", "otel.exporter.otlp.traces.endpoint"),
    ])
    func findsTheNearestKey(key: String, nearest: String?) {
        #expect(ConfigurationKey.nearest(to: key) == nearest)
    }

    @Test func readsTheLogVariables() {
        let provider = EnvironmentVariablesProvider(environmentVariables: [
            "LOG_LEVEL": "debug", "SONDE_LOG_LEVELS": "shop=trace, shop.orders=fatal,x=loud",
            "SONDE_LOG_FORMAT": "TEXT",
            "SONDE_LOG_OUTPUT": "stdout", "SONDE_LOG_REDACTION": "none", "SONDE_LOG_REDACTED_KEYS": "password, token",
            "SONDE_LOG_REPEAT_LIMIT": "5", "SONDE_LOG_REPEAT_WINDOW": "2000", "SONDE_STOP_DEADLINE": "300",
            "SONDE_RESOURCE_DETECTORS": "host,instance,moon", "OTEL_ATTRIBUTE_COUNT_LIMIT": "7",
            "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT": "3", "OTEL_EXPORTER_OTLP_LOGS_HEADERS": "a=b",
            "OTEL_BSP_EXPORT_TIMEOUT": "100", "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT": "200",
            "OTEL_BSP_MAX_QUEUE_SIZE": "50", "OTEL_BLRP_MAX_QUEUE_SIZE": "9", "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE": "4",
        ])
        let read = TelemetryConfiguration(serviceName: "orders", reading: ConfigReader(provider: provider))
        #expect(read.logLevel == .debug && read.logLevels == ["shop": .trace, "shop.orders": .critical])
        #expect(read.level(ofLogger: "shop.orders.db") == .critical && read.level(ofLogger: "shopping") == .debug)
        #expect(read.logFormat == .text && read.logOutput == .standardOutput)
        #expect(!read.logRedaction.hidesSensitive && read.logRedaction.keys == ["password", "token"])
        #expect(read.logRepetition == LogRepetition(limit: 5, window: .seconds(2)))
        #expect(read.stopDeadline == .milliseconds(300) && read.resourceDetectors == [.host, .instance])
        #expect(read.spanLimits.attributeCount == 7 && read.logRecordLimits.attributeCount == 3)
        #expect(read.logsExport.headers == ["a": "b"] && read.logsExport.timeout == .milliseconds(200))
        #expect(read.tracesExport.timeout == .milliseconds(100))
        #expect(read.queueSize(of: .traces) == 50 && read.queueSize(of: .logs) == 9 && read.batchSize(of: .logs) == 4)
        #expect(
            read.warnings == [
                "SONDE_RESOURCE_DETECTORS names \"moon\"; known are container, host, instance, kubernetes, os, process, "
                    + "all, none",
                "SONDE_LOG_LEVELS gives x \"loud\", which is not a log level",
            ])
    }
}
