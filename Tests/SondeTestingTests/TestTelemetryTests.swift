// SPDX-License-Identifier: Apache-2.0

import Logging
import Metrics
import Sonde
import SondeTesting
import Testing
import Tracing

struct TestTelemetryTests {
    private struct Declined: Error, CustomStringConvertible { var description: String { "card declined" } }

    @Test func askingForASpanThatIsNotThereTellsWhatIs() {
        withTestTelemetry { telemetry in
            withSpan("checkout") { _ in withSpan("pack") { _ in } }
            let error = #expect(throws: TestTelemetryError.self) { try telemetry.span(named: "charge") }
            #expect(error?.description == "no span named \"charge\" ended; these did:\ncheckout\n  pack")
        }
    }

    @Test func anErrorOfTheOperationLeavesTheScope() async throws {
        await #expect(throws: Declined.self) {
            try await withTestTelemetry { _ in
                try await withSpan("charge") { _ in throw Declined() }
            }
        }
        #expect(throws: Declined.self) { try withTestTelemetry { _ in throw Declined() } }
        #expect(TestTelemetry.current == nil)
    }

    @Test func seesSpansWithAllThatIsInThem() throws {
        try withTestTelemetry { telemetry in
            withSpan("checkout", ofKind: .server) { span in
                span.attributes["order.count"] = 2
                span.attributes["order.total"] = 12.5
                span.attributes["order.tags"] = ["a", "b"]
                span.addEvent("packed")
                try? withSpan("charge", ofKind: .client) { _ in throw Declined() }
            }
            let checkout = try telemetry.span(named: "checkout")
            let charge = try telemetry.span(named: "charge")
            #expect(checkout.kind == .server && charge.kind == .client)
            #expect(checkout.parentSpanID == nil && charge.parentSpanID == checkout.spanID)
            #expect(charge.traceID == checkout.traceID && checkout.traceID.count == 32)
            #expect(checkout.attributes == ["order.count": 2, "order.total": 12.5, "order.tags": ["a", "b"]])
            #expect(checkout.event(named: "packed") != nil && checkout.status == .unset)
            #expect(charge.status == .error("card declined") && charge.event(named: "exception") != nil)
            #expect(telemetry.children(of: checkout) == [charge] && telemetry.parent(of: charge) == checkout)
            #expect(telemetry.rootSpans == [checkout] && telemetry.spanTree == "checkout\n  charge !")
        }
    }

    @Test func seesMetricsByEitherName() throws {
        try withTestTelemetry { telemetry in
            Counter(label: "orders.created", dimensions: [("region", "eu \"x\"\n")]).increment(by: 3)
            Timer(label: "orders.packing").recordMilliseconds(250)
            Gauge(label: "orders.open").record(7)
            #expect(telemetry.value(of: "orders.created", ["region": "eu \"x\"\n"]) == 3)
            #expect(telemetry.value(of: "orders_created_total", ["region": "eu \"x\"\n"]) == 3)
            #expect(telemetry.value(of: "orders.created") == nil && telemetry.value(of: "orders.open") == 7)
            let packing = try #require(telemetry.histogram(of: "orders.packing"))
            #expect(packing.count == 1 && packing.sum == 0.25)
            #expect(packing.buckets.last?.upperBound == .infinity && packing.buckets.last?.count == 1)
        }
    }

    @Test func seesLogsOfTheCurrentLoggerWithTheirSpan() throws {
        try withTestTelemetry { telemetry in
            withSpan("checkout") { _ in
                Logger.current.warning(
                    "odd order", error: Declined(),
                    metadata: ["count": .stringConvertible(2), "card": "\("4711", sensitivity: .sensitive)"])
            }
            let line = try telemetry.log("odd order")
            #expect(line.level == .warning && line.label == "test")
            #expect(line.metadata["count"] == 2 && line.metadata["card"] == "<redacted>")
            #expect(line.metadata["exception.message"] == "card declined")
            #expect(try telemetry.logs(in: telemetry.span(named: "checkout")) == [line])
            #expect(throws: TestTelemetryError.self) { try telemetry.log("even order") }
            telemetry.clear()
            #expect(telemetry.logs.isEmpty && telemetry.spans.isEmpty)
        }
    }

    @Test func loggersMadeByLabelAreRoutedToTheScopeOfTheTask() {
        TestTelemetry.routeAllLoggers()
        TestTelemetry.routeAllLoggers()
        var logger = Logger(label: "shop.orders")
        logger[metadataKey: "shop"] = "main"
        logger.error("nobody hears this")
        for level in [Logger.Level.trace, .error] {
            withTestTelemetry(configure: { $0.logLevel = level }) { telemetry in
                logger.info("shown")
                logger.error("failed")
                #expect(telemetry.logs.map(\.message) == (level == .trace ? ["shown", "failed"] : ["failed"]))
                #expect(telemetry.logs.allSatisfy { $0.label == "shop.orders" && $0.metadata["shop"] == "main" })
            }
        }
    }

    @Test func theMetadataProviderOfALoggerIsHeardInTheScope() {
        TestTelemetry.routeAllLoggers()
        let own = Logger(label: "own", metadataProvider: Logger.MetadataProvider { ["from": "own"] })
        let other = Logger(label: "other")
        withTestTelemetry(configure: { $0.metadataProvider = Logger.MetadataProvider { ["from": "all"] } }) {
            telemetry in
            own.info("a")
            other.info("b")
            #expect(telemetry.logs.map { $0.metadata["from"] } == ["own", "all"])
        }
    }

    @Test func scopesThatRunAtOnceNeverSeeEachOther() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<32 {
                group.addTask {
                    try await withTestTelemetry { telemetry in
                        for _ in 0..<20 {
                            await withSpan("work \(number)") { _ in
                                Counter(label: "work", dimensions: [("number", "\(number)")]).increment()
                                Logger.current.info("work \(number)")
                                await Task.yield()
                            }
                        }
                        let others = telemetry.samples.filter { $0.name == "work_total" }
                        try #require(telemetry.spans(named: "work \(number)").count == 20)
                        try #require(telemetry.spans.count == 20 && telemetry.logs.count == 20)
                        try #require(others.map(\.labels) == [["number": "\(number)"]])
                        try #require(telemetry.value(of: "work", ["number": "\(number)"]) == 20)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func keepsMoreThanAnExporterWouldAndInTheirOrder() {
        withTestTelemetry { telemetry in
            for number in 0..<5_000 { withSpan("\(number)") { _ in } }
            #expect(telemetry.spans.map(\.name) == (0..<5_000).map { "\($0)" })
        }
    }

    @Test func waitsForWorkThatGoesOn() async throws {
        try await withTestTelemetry { telemetry in
            let work = Task {
                await Task.yield()
                withSpan("later") { _ in }
            }
            let later = try await telemetry.waitForSpan(named: "later", within: .seconds(60))
            #expect(later.name == "later")
            await work.value
            await #expect(throws: TestTelemetryError.self) {
                try await telemetry.waitForSpan(named: "never", within: .zero)
            }
        }
    }
}
