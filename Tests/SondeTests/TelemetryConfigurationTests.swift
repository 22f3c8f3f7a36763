// SPDX-License-Identifier: Apache-2.0

import Configuration
import Logging
import Testing
import Tracing

@testable import Sonde

struct TelemetryConfigurationTests {
    private func configuration(_ variables: [String: String], serviceName: String? = "orders") -> TelemetryConfiguration
    {
        let provider = EnvironmentVariablesProvider(environmentVariables: variables)
        return TelemetryConfiguration(serviceName: serviceName, reading: ConfigReader(provider: provider))
    }

    @Test(arguments: [
        ["OTEL_TRACES_SAMPLER": "sometimes"], ["OTEL_TRACES_SAMPLER_ARG": "2"], ["OTEL_TRACES_SAMPLER_ARG": "nan"],
        ["OTEL_EXPORTER_OTLP_ENDPOINT": "collector:4318"], ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://"],
        ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:99999"], ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://[::1]:0"],
        ["OTEL_PROPAGATORS": "xray"], ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://a b"],
        ["OTEL_EXPORTER_OTLP_TIMEOUT": "soon"],
        ["OTEL_EXPORTER_OTLP_TIMEOUT": "-1"], ["OTEL_EXPORTER_OTLP_TIMEOUT": "99999999999999999999"],
        ["OTEL_EXPORTER_OTLP_COMPRESSION": "brotli"], ["OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"],
        ["OTEL_LOG_LEVEL": "chatty"],
        ["OTEL_SDK_DISABLED": "perhaps"], ["OTEL_PROPAGATORS": "tracecontext,baggage,b4"],
        ["OTEL_TRACES_EXPORTER": "jaeger"],
        ["OTEL_RESOURCE_ATTRIBUTES": "novalue"], ["OTEL_EXPORTER_OTLP_HEADERS": "=x"], ["OTEL_BSP_MAX_QUEUE_SIZE": "0"],
        ["OTEL_BSP_SCHEDULE_DELAY": ""], ["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "-5"],
    ])
    func aValueThatMakesNoSenseLeavesTheDefault(variables: [String: String]) throws {
        let read = configuration(variables)
        let plain = TelemetryConfiguration(serviceName: "orders")
        #expect(read.warnings.count == (variables.values.contains("") ? 0 : 1))
        #expect(read.sampler == plain.sampler && read.endpoint == plain.endpoint && read.logLevel == plain.logLevel)
        #expect(read.exportTimeout == plain.exportTimeout && read.compression == plain.compression)
        #expect(read.exportQueueSize == plain.exportQueueSize && read.traceExportDelay == plain.traceExportDelay)
        #expect(read.exportsTraces && !read.isDisabled && read.propagators == plain.propagators)
        #expect(read.resourceAttributes.isEmpty && read.exportHeaders.isEmpty && read.spanLimits == plain.spanLimits)
        _ = try Telemetry(read)
    }

    @Test func aWarningNamesTheVariableAndItsValue() {
        #expect(
            configuration(["OTEL_TRACES_SAMPLER_ARG": "2"]).warnings == [
                "OTEL_TRACES_SAMPLER_ARG=\"2\" is not a number from 0.0 to 1.0; the default is used"
            ])
    }

    @Test func noWarningHoldsASecret() {
        let read = configuration([
            "OTEL_EXPORTER_OTLP_HEADERS": "x-tenant=1,Bearer s3cret", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "s3cret",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "grpc://ada:s3cret@collector:4318?token=s3cret",
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://ada:s3cret@collector:99999/in",
        ])
        #expect(read.exportHeaders == ["x-tenant": "1"])
        #expect(!read.warnings.contains { $0.contains("s3cret") })
        #expect(read.warnings.contains("part 2 of OTEL_EXPORTER_OTLP_HEADERS is not key=value; it is left out"))
        #expect(
            read.warnings.contains {
                $0.hasPrefix("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=\"http://…collector:99999/in\" is not")
            })
        var coded = TelemetryConfiguration(serviceName: "orders")
        coded.endpoint = "ada:s3cret@collector"
        let error = #expect(throws: TelemetryError.self) { try Telemetry(coded) }
        #expect(error?.description.contains("s3cret") == false)
    }

    @Test(arguments: [
        ("http://collector:4318/a", "http://collector:4318/a"), ("http://a:b@c?d", "http://…c?…"), ("a:b@c", "…c"),
        ("http://a:b?c@d", "http://…"), ("HTTPS://a:b@c@d", "https://…d"), ("http://c/?t=a", "http://c/?…"), ("", ""),
    ])
    func whatMayBeASecretInAURLIsNotShown(url: String, shown: String) {
        #expect(EndpointURL.withoutSecrets(url) == shown)
    }

    @Test func readsTheStandardVariables() {
        let read = configuration([
            "OTEL_SERVICE_NAME": "payments",
            "OTEL_RESOURCE_ATTRIBUTES": "service.name=other, team=a%2Cb ,service.version=2,x=y=z",
            "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector:4318/base/",
            "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": "http://logs/in",
            "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20abc,x-tenant=1", "OTEL_EXPORTER_OTLP_TIMEOUT": "2500",
            "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip", "OTEL_LOG_LEVEL": "WARN", "OTEL_PROPAGATORS": "baggage",
            "OTEL_BSP_SCHEDULE_DELAY": "200", "OTEL_BSP_MAX_QUEUE_SIZE": "10", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "5",
            "OTEL_BLRP_SCHEDULE_DELAY": "300", "OTEL_LOGS_EXPORTER": "none", "OTEL_SPAN_EVENT_COUNT_LIMIT": "3",
        ])
        #expect(read.warnings.isEmpty)
        #expect(read.serviceName == "payments" && read.serviceVersion == "2")
        #expect(read.resourceAttributes == ["team": "a,b", "x": "y=z"])
        #expect(read.url(of: .traces) == "https://collector:4318/base/v1/traces")
        #expect(read.url(of: .logs) == "http://logs/in")
        #expect(read.exportHeaders == ["authorization": "Bearer abc", "x-tenant": "1"])
        #expect(read.exportTimeout == .milliseconds(2_500) && read.compression == .gzip && read.logLevel == .warning)
        #expect(read.propagators == [.baggage] && read.traceExportDelay == .milliseconds(200))
        #expect(read.exportQueueSize == 10 && read.exportBatchSize == 5 && read.logExportDelay == .milliseconds(300))
        #expect(read.exportsTraces && !read.exportsLogs && read.spanLimits.eventCount == 3)
    }

    @Test(arguments: [
        ("always_on", Sampler.alwaysOn), ("always_off", .alwaysOff), ("traceidratio", .traceIDRatio(0.25)),
        ("parentbased_always_on", .parentBased(ratio: 1)), ("parentbased_always_off", .parentBased(ratio: 0)),
        ("parentbased_traceidratio", .parentBased(ratio: 0.25)),
    ])
    func knowsTheStandardSamplers(name: String, sampler: Sampler) {
        #expect(configuration(["OTEL_TRACES_SAMPLER": name, "OTEL_TRACES_SAMPLER_ARG": "0.25"]).sampler == sampler)
    }

    @Test func namesAServiceThatNobodyNamed() {
        #expect(configuration([:], serviceName: nil).serviceName == "unknown_service")
        #expect(configuration([:]).serviceName == "orders")
    }

    @Test(arguments: ["", "collector", "ftp://a", "http://", "http:///path", "http://:4318", "http://a\n"])
    func codeMustNameAnEndpointThatIsAURL(endpoint: String) {
        var configuration = TelemetryConfiguration(serviceName: "orders")
        configuration.tracesEndpoint = endpoint
        let error = #expect(throws: TelemetryError.self) { try Telemetry(configuration) }
        #expect(error?.code == .invalidEndpoint)
    }

    @Test func whatIsDisabledRecordsNothingAndStillPropagates() throws {
        var configuration = TelemetryConfiguration(serviceName: "orders")
        configuration.isDisabled = true
        let telemetry = try Telemetry(configuration)
        let span = telemetry.tracer.startSpan("work", context: .topLevel)
        #expect(!span.isRecording)
        #expect(telemetry.tracer.headers(from: span.context)["traceparent"]?.hasSuffix("-02") == true)
        #expect(telemetry.traceQueue == nil && telemetry.logQueue == nil)
    }
}
