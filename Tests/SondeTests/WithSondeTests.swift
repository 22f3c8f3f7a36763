// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import Logging
import Metrics
import ServiceLifecycle
import SondeSight
import Testing
import Tracing

@testable import Sonde

struct WithSondeTests {
    private struct Failed: Error {}

    /// A port where nobody listens, and no time to wait for it.
    private func away(_ configuration: inout TelemetryConfiguration) {
        configuration.endpoint = "http://127.0.0.1:1"
        configuration.stopDeadline = .milliseconds(50)
        configuration.logOutput = .none
    }

    @Test func anErrorOfTheCommandIsItsResultAlsoWithoutACollector() async throws {
        await #expect(throws: Failed.self) {
            try await withSonde(serviceName: "backup", isInstalled: false, configure: away) { _ in throw Failed() }
        }
        let result = try await withSonde(serviceName: "backup", isInstalled: false, configure: away) { _ in 42 }
        #expect(result == 42)
    }

    @Test func anEndpointInCodeThatIsNoURLThrowsBeforeTheCommandRuns() async {
        await #expect(throws: TelemetryError.self) {
            try await withSonde(serviceName: "backup", isInstalled: false, configure: { $0.endpoint = "nowhere" }) {
                _ in
                Issue.record("must not run")
            }
        }
    }

    @Test func tracerMetricsAndLoggerAreInForceAndWhatIsNotSentIsCounted() async throws {
        let telemetry = try await withSonde(serviceName: "backup", span: "nightly", isInstalled: false, configure: away)
        { telemetry in
            withSpan("copy") { _ in }
            Counter(label: "files.copied").increment(by: 3)
            Logger.current.info("copied")
            #expect(ServiceContext.current?.spanID != nil)
            return telemetry
        }
        #expect(telemetry.metrics.lines("files_copied_total") == ["files_copied_total 3"])
        let losses = telemetry.losses
        #expect(losses.filter { $0.key.hasPrefix("traces.") }.values.reduce(0, +) == 2)
        #expect(losses.filter { $0.key.hasPrefix("logs.") }.values.reduce(0, +) == 1)
    }

    @Test(.timeLimit(.minutes(5))) func whereNobodyListensTheEndDoesNotWait() async throws {
        let port = try NobodyListening.port()
        for host in ["127.0.0.1", "localhost"] {
            let telemetry = try await withSonde(serviceName: "backup", isInstalled: false) { configuration in
                configuration.endpoint = "http://\(host):\(port)"
                configuration.stopDeadline = .seconds(3_600)
                configuration.logOutput = .none
                configuration.exportBatchSize = 10
                configuration.exportsMetrics = true
            } _: { telemetry in
                for _ in 0..<25 { withSpan("copy") { _ in } }
                Logger.current.info("copied")
                return telemetry
            }
            #expect(telemetry.losses == ["traces.stopped": 25, "logs.stopped": 1])
        }
    }

    @Test func whoeverListensAndNeverAnswersCostsTheDeadline() async throws {
        let router = Router()
        router.post("/v1/traces") { _, _ -> Response in
            try await gracefulShutdown()
            return Response(status: .ok)
        }
        try await withServer(router) { port in
            let telemetry = try await withSonde(serviceName: "backup", span: "nightly", isInstalled: false) {
                $0.endpoint = "http://127.0.0.1:\(port)"
                $0.stopDeadline = .milliseconds(50)
                $0.logOutput = .none
            } _: { telemetry in
                telemetry
            }
            #expect(telemetry.losses["traces.stopped"] == 1)
        }
    }

    @Test func aChildProcessGetsTheCurrentTraceAndNotTheOneOfItsGrandparent() throws {
        var configuration = TelemetryConfiguration(serviceName: "backup")
        configuration.logOutput = .none
        let telemetry = try Telemetry(configuration)
        let given = [
            "PATH": "/bin", "TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "TRACESTATE": "a=b", "BAGGAGE": "tenant=acme",
        ]
        #expect(telemetry.childEnvironment(given) == ["PATH": "/bin"])
        let parent = telemetry.parentContext(in: given)
        #expect(parent.traceID == "0af7651916cd43dd8448eb211c80319c" && parent.baggage["tenant"] == "acme")
        ServiceContext.withValue(parent) {
            telemetry.tracer.withSpan("start child") { span in
                let child = telemetry.childEnvironment(given)
                #expect(child["TRACEPARENT"]?.contains("0af7651916cd43dd8448eb211c80319c") == true)
                #expect(child["TRACEPARENT"] != given["TRACEPARENT"])
                #expect(child["TRACESTATE"] == "a=b" && child["BAGGAGE"] == "tenant=acme" && child["PATH"] == "/bin")
                let joined = telemetry.parentContext(in: child)
                #expect(joined.traceID == span.context.traceID && joined.spanID == span.context.spanID)
            }
        }
    }
}
