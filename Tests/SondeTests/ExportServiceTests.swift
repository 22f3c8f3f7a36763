// SPDX-License-Identifier: Apache-2.0
// The exporter over real sockets.

import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import SondeModel
import SondeSight
import SondeWire
import Testing
import Tracing

@testable import Sonde

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

struct ExportServiceTests {
    private func telemetry(
        port: Int, _ configure: (inout TelemetryConfiguration) -> Void = { _ in }
    ) throws -> Telemetry {
        var configuration = TelemetryConfiguration(serviceName: "orders")
        configuration.endpoint = "http://127.0.0.1:\(port)"
        configuration.logOutput = .none
        configuration.traceExportDelay = .milliseconds(5)
        configuration.logExportDelay = .milliseconds(5)
        configure(&configuration)
        return try Telemetry(configuration)
    }

    /// Runs `telemetry` while `body` runs, then stops it gracefully.
    private func running(_ telemetry: Telemetry, _ body: @escaping @Sendable () async throws -> Void) async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let group = ServiceGroup(services: [telemetry], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await body()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test(arguments: [429, 502, 503, 504])
    func sendsAgainWhatTheCollectorCouldNotTake(status: Int) async throws {
        let collector = ScriptedCollector([
            Response(status: .init(code: status), headers: [.retryAfter: "0"]), Response(status: .ok),
        ])
        try await withServer(collector.router) { port in
            let telemetry = try telemetry(port: port)
            try await running(telemetry) {
                telemetry.tracer.startSpan("work", context: .topLevel).end()
                let first = await collector.next()
                let second = await collector.next()
                #expect(first?.body == second?.body)
                try #expect(second?.spans().map(\.name) == ["work"])
            }
            #expect(
                telemetry.metrics.lines("sonde_export_retries_total{signal=\"traces\"}") == [
                    "sonde_export_retries_total{signal=\"traces\"} 1"
                ])
            #expect(
                telemetry.metrics.lines("sonde_export_exported_total{signal=\"traces\"}") == [
                    "sonde_export_exported_total{signal=\"traces\"} 1"
                ])
        }
    }

    @Test(arguments: [400, 401, 413, 500, 301])
    func dropsWhatTheCollectorRefuses(status: Int) async throws {
        let collector = ScriptedCollector([Response(status: .init(code: status))])
        try await withServer(collector.router) { port in
            let telemetry = try telemetry(port: port)
            try await running(telemetry) {
                telemetry.tracer.startSpan("work", context: .topLevel).end()
                _ = await collector.next()
            }
            #expect(collector.received.count == 1)
            #expect(telemetry.traceQueue?.droppedCount(.rejected) == 1)
        }
    }

    @Test func countsWhatTheCollectorTookOnlyInPart() async throws {
        let answer = OTLPResponse(.traces, rejectedCount: 1, errorMessage: "bad id").protobuf
        let body = ResponseBody(byteBuffer: ByteBuffer(bytes: answer))
        let collector = ScriptedCollector([Response(status: .ok, body: body)])
        try await withServer(collector.router) { port in
            let telemetry = try telemetry(port: port) {
                $0.traceExportDelay = .seconds(60)
                $0.stopDeadline = .seconds(60)
            }
            try await running(telemetry) {
                for _ in 0..<3 { telemetry.tracer.startSpan("work", context: .topLevel).end() }
            }
            #expect(telemetry.traceQueue?.droppedCount(.partiallyRejected) == 1)
            #expect(
                telemetry.metrics.lines("sonde_export_exported_total{signal=\"traces\"}") == [
                    "sonde_export_exported_total{signal=\"traces\"} 2"
                ])
        }
    }

    @Test func pushesMetricsAgainThatTheCollectorCouldNotTakeAndCountsWhatItRefuses() async throws {
        let partial = OTLPResponse(.metrics, rejectedCount: 2, errorMessage: "too old").protobuf
        let collector = ScriptedCollector([
            Response(status: .serviceUnavailable, headers: [.retryAfter: "1"]),
            Response(status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(bytes: partial))), Response(status: .ok),
        ])
        try await withServer(collector.router) { port in
            let telemetry = try telemetry(port: port) {
                $0.exportsMetrics = true
                $0.metricExportInterval = .seconds(2)
                $0.compression = .gzip
                $0.stopDeadline = .seconds(60)
            }
            try await running(telemetry) {
                for _ in 0..<2 {
                    let received = await collector.next()
                    #expect(received?.path == "/v1/metrics" && received?.headers[.contentEncoding] == "gzip")
                }
            }
            let pushed = telemetry.metrics.lines("sonde_export_metric_pushes_total")
            #expect(pushed.first.flatMap { Int($0.suffix(1)) } ?? 0 >= 2)
            let signal = #"signal="metrics""#
            #expect(
                telemetry.metrics.lines("sonde_export_failed_metric") == ["sonde_export_failed_metric_pushes_total 0"])
            #expect(
                telemetry.metrics.lines("sonde_export_retries_total{\(signal)") == [
                    "sonde_export_retries_total{\(signal)} 1"
                ])
            #expect(
                telemetry.metrics.lines("sonde_export_dropped_total").contains(
                    #"sonde_export_dropped_total{reason="partially_rejected",\#(signal)} 2"#))
        }
    }

    @Test func flushesSpansAndLogsAtTheEnd() async throws {
        let collector = ScriptedCollector([Response(status: .ok)])
        try await withServer(collector.router) { port in
            let telemetry = try telemetry(port: port) {
                $0.traceExportDelay = .seconds(3_600)
                $0.logExportDelay = .seconds(3_600)
                $0.stopDeadline = .seconds(60)
                $0.exportHeaders = ["authorization": "Bearer x"]
                $0.serviceVersion = "1.2"
                $0.resourceAttributes = ["team": "a"]
            }
            try await running(telemetry) {
                telemetry.tracer.withSpan("work") { _ in telemetry.logger(label: "shop").notice("done") }
            }
            let traces = try #require(collector.received.first { $0.path == "/v1/traces" })
            let logs = try #require(collector.received.first { $0.path == "/v1/logs" })
            #expect(traces.headers[.contentType] == "application/x-protobuf")
            #expect(traces.headers[.authorization] == "Bearer x")
            #expect(!traces.headers.contains { $0.name.canonicalName == "traceparent" })
            let span = try #require(traces.spans().first)
            let log = try #require(logs.logs().first)
            #expect(
                span.resource.serviceName == "orders" && span.resource.attributes["service.version"] == .string("1.2"))
            #expect(span.resource.attributes["team"] == .string("a"))
            #expect(span.resource.attributes["telemetry.sdk.language"] == .string("swift"))
            #expect(log.traceID == span.traceID && log.spanID == span.spanID && log.severityNumber == 10)
            #expect(log.resource == span.resource)
        }
    }

    @Test func compressesWhenAsked() async throws {
        let collector = ScriptedCollector([Response(status: .ok)])
        try await withServer(collector.router) { port in
            let telemetry = try telemetry(port: port) { $0.compression = .gzip }
            try await running(telemetry) {
                for index in 0..<100 { telemetry.tracer.startSpan("work \(index)", context: .topLevel).end() }
            }
            let requests = collector.received
            #expect(requests.allSatisfy { $0.headers[.contentEncoding] == "gzip" })
            try #expect(requests.flatMap { try $0.spans() }.map(\.name) == (0..<100).map { "work \($0)" })
        }
    }

    @Test func sendsAFullBatchWithoutWaiting() async throws {
        let collector = ScriptedCollector([Response(status: .ok)])
        try await withServer(collector.router) { port in
            let telemetry = try telemetry(port: port) {
                $0.traceExportDelay = .seconds(3_600)
                $0.exportBatchSize = 10
            }
            try await running(telemetry) {
                for _ in 0..<10 { telemetry.tracer.startSpan("work", context: .topLevel).end() }
                try #expect(await collector.next()?.spans().count == 10)
            }
        }
    }

    @Test func stopsInTimeWithoutACollector() async throws {
        let collector = try NobodyListening.port()
        let telemetry = try telemetry(port: collector) { $0.stopDeadline = .milliseconds(50) }
        try await running(telemetry) {
            telemetry.tracer.startSpan("work", context: .topLevel).end()
        }
        #expect(telemetry.traceQueue?.droppedCount(.stopped) == 1)
    }

    @Test func stopsInTimeWithACollectorThatNeverAnswers() async throws {
        let (arrivals, arrival) = AsyncStream<Void>.makeStream()
        let observed = Router()
        observed.post("/v1/traces") { _, _ -> Response in
            arrival.yield()
            try await gracefulShutdown()
            return Response(status: .ok)
        }
        try await withServer(observed) { port in
            let telemetry = try telemetry(port: port) { $0.stopDeadline = .milliseconds(50) }
            try await running(telemetry) {
                telemetry.tracer.startSpan("work", context: .topLevel).end()
                var iterator = arrivals.makeAsyncIterator()
                await iterator.next()
            }
            #expect(telemetry.traceQueue?.droppedCount(.stopped) == 1)
        }
    }

    @Test func aCancelledServiceStillFlushes() async throws {
        let collector = ScriptedCollector([Response(status: .ok)])
        try await withServer(collector.router) { port in
            let telemetry = try telemetry(port: port) {
                $0.traceExportDelay = .seconds(3_600)
                $0.stopDeadline = .seconds(60)
            }
            telemetry.tracer.startSpan("work", context: .topLevel).end()
            let service = Task { try await telemetry.run() }
            service.cancel()
            try await service.value
            try #expect(collector.received.flatMap { try $0.spans() }.count == 1)
        }
    }
}

/// A port on which nobody listens, now or later.
enum NobodyListening {
    /// It is bound for as long as the tests run, so that no server beside this test gets it.
    static func port() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        try #require(isBound)
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
