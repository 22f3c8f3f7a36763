// SPDX-License-Identifier: Apache-2.0

import Configuration
import FoundationEssentials
import Logging
import SondeModel
import Testing

@testable import Sonde

struct ConfigurationFileTests {
    private func file(_ json: String) -> ConfigurationFile {
        ConfigurationFile(path: "telemetry.json", bytes: Array(json.utf8))
    }

    private func read(_ json: String, _ variables: [String: String] = [:]) -> TelemetryConfiguration {
        let file = file(json)
        let reader = ConfigReader(provider: EnvironmentVariablesProvider(environmentVariables: variables))
        return TelemetryConfiguration(
            serviceName: "orders",
            ConfigurationSource(layers: [.variables(reader), file.layer], warnings: file.warnings))
    }

    @Test func aFileThatIsNotThereOrNoJSONIsAWarning() throws {
        let missing = TelemetryConfiguration(serviceName: "orders", file: "/nowhere/telemetry.json", environment: [:])
        #expect(missing.serviceName == "orders")
        #expect(
            missing.warnings == ["cannot read the configuration file /nowhere/telemetry.json; it is left out"])
        for text in ["", "{", "[]", "{\"a\":}"] {
            let read = read(text)
            try #require(read.warnings.count == 1)
            #expect(read.warnings[0].contains("telemetry.json"))
            #expect(read.endpoint == "http://127.0.0.1:4318")
        }
    }

    @Test func aKeyNobodyKnowsIsNamedWithTheNearest() {
        let read = read(#"{"otel": {"servce": {"name": "x"}, "log.level": "debug"}, "color": 1}"#)
        #expect(
            read.warnings == [
                "telemetry.json: otel.servce.name is not known and ignored; did you mean otel.service.name?",
                "telemetry.json: color is not known and ignored",
            ])
        #expect(read.logLevel == .debug && read.serviceName == "orders")
    }

    @Test func aBadValueIsNamedAndTheRestHolds() {
        let read = read(
            #"{"otel": {"bsp.schedule.delay": "soon", "traces.sampler.arg": [1, [2]], "service.name": "payments"}}"#)
        #expect(
            read.warnings == [
                "telemetry.json: otel.traces.sampler.arg holds nested values, which nothing here has; it is left out",
                "telemetry.json: otel.bsp.schedule.delay=\"soon\" is not a whole number from 1 to 1000000000; "
                    + "the default is used",
            ])
        #expect(read.serviceName == "payments" && read.traceExportDelay == .seconds(5))
    }

    @Test func aBadVariableFallsBackToTheFile() {
        let read = read(#"{"otel.log.level": "debug"}"#, ["OTEL_LOG_LEVEL": "chatty"])
        #expect(read.logLevel == .debug)
        #expect(
            read.warnings == [
                "OTEL_LOG_LEVEL=\"chatty\" is not a log level; telemetry.json: otel.log.level is used"
            ])
    }

    @Test func theEnvironmentBeatsTheFileAndCodeBeatsBoth() throws {
        let path = "/tmp/sonde-config-\(IdentifierSource().nextSpanID().hex).json"
        let json = #"{"otel": {"service.name": "file", "log.level": "error", "bsp.schedule.delay": 250}}"#
        try Data(json.utf8).write(to: URL(filePath: path))
        defer { try? FileManager.default.removeItem(atPath: path) }
        var read = TelemetryConfiguration(
            serviceName: "argument", file: nil,
            environment: ["SONDE_TELEMETRY_CONFIG": path, "OTEL_LOG_LEVEL": "trace"])
        #expect(read.serviceName == "file" && read.logLevel == .trace && read.warnings.isEmpty)
        #expect(read.traceExportDelay == .milliseconds(250))
        read.logLevel = .notice
        #expect(try Telemetry(read).configuration.logLevel == .notice)
    }

    @Test func whatTheEnvironmentSaysGenerallyBeatsWhatTheFileSaysInParticular() {
        let read = read(
            """
            {"otel": {"service.name": "file", "log.level": "error", "attribute.count.limit": 1,
                      "span.attribute.count.limit": 2, "logrecord.attribute.value.length.limit": 3,
                      "bsp.export.timeout": 4,
                      "exporter.otlp": {"traces": {"endpoint": "http://file/", "timeout": 5, "compression": "none",
                                                   "headers": {"A": "file", "b": "file"}},
                                        "logs.timeout": 6}}}
            """,
            [
                "LOG_LEVEL": "debug", "OTEL_RESOURCE_ATTRIBUTES": "service.name=variable",
                "OTEL_ATTRIBUTE_COUNT_LIMIT": "70", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "80",
                "OTEL_EXPORTER_OTLP_TIMEOUT": "90", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://variable",
                "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip", "OTEL_EXPORTER_OTLP_HEADERS": "a=variable",
                "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT": "7",
            ])
        #expect(read.warnings.isEmpty && read.logLevel == .debug && read.serviceName == "variable")
        #expect(read.spanLimits.attributeCount == 70 && read.logRecordLimits.attributeCount == 70)
        #expect(read.spanLimits.attributeValueLength == 80 && read.logRecordLimits.attributeValueLength == 80)
        #expect(read.timeout(of: .traces) == .milliseconds(90) && read.timeout(of: .logs) == .milliseconds(7))
        #expect(read.tracesEndpoint == nil && read.endpoint == "http://variable")
        #expect(read.compression(of: .traces) == .gzip)
        #expect(read.headers(of: .traces) == ["a": "variable", "b": "file"])
    }

    @Test func inOneLayerTheParticularBeatsTheGeneral() {
        let read = read(
            #"{"log.level": "error", "otel": {"log.level": "debug", "resource.attributes": "service.name=a"}}"#,
            ["OTEL_SERVICE_NAME": "b", "OTEL_RESOURCE_ATTRIBUTES": "service.name=c"])
        #expect(read.logLevel == .debug && read.serviceName == "b")
    }

    @Test func aBadGeneralVariableIsNamedOnce() {
        let read = read(#"{}"#, ["OTEL_ATTRIBUTE_COUNT_LIMIT": "many", "LOG_LEVEL": "loud"])
        #expect(read.warnings.count == 2)
    }

    @Test func listsAndPairsMayBeArraysAndObjects() {
        let read = read(
            """
            {"otel": {"propagators": ["b3", "baggage"],
                      "resource": {"attributes": {"team": "a,b=c", "port": 8080}},
                      "exporter": {"otlp": {"headers": {"authorization": "Bearer a%b"}, "timeout": 2500}}},
             "sonde": {"log": {"levels": {"shop": "debug"}, "redacted.keys": ["Password"]}}}
            """)
        #expect(read.warnings.isEmpty && read.propagators == [.b3Single, .baggage])
        #expect(read.resourceAttributes == ["team": "a,b=c", "port": "8080"])
        #expect(read.exportHeaders == ["authorization": "Bearer a%b"] && read.exportTimeout == .milliseconds(2_500))
        #expect(read.logLevels == ["shop": .debug] && read.logRedaction.keys == ["Password"])
    }
}
