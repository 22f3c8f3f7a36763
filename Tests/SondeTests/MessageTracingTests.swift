// SPDX-License-Identifier: Apache-2.0
// Messages between a sender and a processor, over a bus that is an array.

import SondeModel
import SondeSight
import Testing
import Tracing

@testable import Sonde

struct MessageTracingTests {
    struct Refused: Error, CustomStringConvertible { var description: String { "the broker refused" } }

    private func telemetry() throws -> Telemetry {
        var configuration = TelemetryConfiguration(serviceName: "orders")
        configuration.logOutput = .none
        return try Telemetry(configuration)
    }

    private func tracing(_ telemetry: Telemetry) -> MessageTracing {
        MessageTracing(system: "bus", destination: "orders", consumerGroup: "packers", telemetry: telemetry)
    }

    @Test func aMessageThatCannotBeSentFailsItsSpan() async throws {
        let telemetry = try telemetry()
        var headers: [String: String] = [:]
        await #expect(throws: Refused.self) {
            try await tracing(telemetry).send(&headers) { _ in throw Refused() }
        }
        let span = try #require(telemetry.traceQueue?.takeSpans().first)
        #expect(span.name == "send orders" && span.kind == .producer)
        #expect(span.status == SondeModel.SpanStatus(code: .error, message: "the broker refused"))
        #expect(span.attributes["error.type"]?.text.hasSuffix("Refused") == true)
        let duration = telemetry.metrics.lines("messaging_client_operation_duration_seconds_count")
        #expect(duration.count == 1 && duration[0].contains("error_type"))
    }

    @Test func aProcessedMessageContinuesTheSendersTrace() async throws {
        let telemetry = try telemetry()
        let tracing = tracing(telemetry)
        var headers: [String: String] = ["Traceparent": "stale", "kind": "order"]
        let arrived = try await tracing.send(&headers, messageID: "17") { $0 }
        #expect(arrived.count == 2 && arrived["kind"] == "order" && arrived == headers)
        let inside = try await tracing.process(arrived, messageID: "17") { ServiceContext.current?.spanID }

        let spans = try #require(try telemetry.traceQueue?.takeSpans())
        #expect(spans.map(\.name) == ["send orders", "process orders"])
        let (sent, processed) = (spans[0], spans[1])
        #expect(processed.kind == .consumer && processed.spanID.hex == inside)
        #expect(processed.traceID == sent.traceID && processed.parentSpanID == sent.spanID)
        for (key, value) in [
            "messaging.system": "bus", "messaging.destination.name": "orders", "messaging.message.id": "17",
            "messaging.operation.name": "process", "messaging.operation.type": "process",
            "messaging.consumer.group.name": "packers",
        ] {
            #expect(processed.attributes[key]?.text == value, "\(key)")
        }
        #expect(sent.attributes["messaging.consumer.group.name"] == nil)
        for name in ["messaging_client_sent_messages_total", "messaging_client_consumed_messages_total"] {
            #expect(telemetry.metrics.lines(name).map { $0.hasSuffix(" 1") } == [true], "\(name)")
        }
    }

    @Test func aMessageThatWaitedIsLinkedToItsSender() async throws {
        let telemetry = try telemetry()
        let tracing = tracing(telemetry)
        var headers = MessageHeaderList([("a", "1")])
        try await tracing.send(&headers) { _ in }
        try await tracing.process(headers, relation: .links) {}
        let spans = try #require(try telemetry.traceQueue?.takeSpans())
        #expect(spans[1].traceID != spans[0].traceID && spans[1].parentSpanID == .zero)
        #expect(spans[1].links.map(\.spanID) == [spans[0].spanID])
        #expect(spans[1].links.map(\.traceID) == [spans[0].traceID])
    }

    @Test func aBatchLinksToEverySender() async throws {
        let telemetry = try telemetry()
        let tracing = tracing(telemetry)
        var batch: [MessageHeaderBytes] = []
        for _ in 0..<3 {
            var headers = MessageHeaderBytes()
            try await tracing.send(&headers) { _ in }
            batch.append(headers)
        }
        batch.append(MessageHeaderBytes([("traceparent", [0xFF, 0xFE])]))
        try await tracing.process(batch: batch) {}
        let spans = try #require(try telemetry.traceQueue?.takeSpans())
        #expect(spans[3].links.map(\.spanID) == spans.prefix(3).map(\.spanID))
        #expect(spans[3].attributes["messaging.batch.message_count"] == .int(4))
        #expect(
            telemetry.metrics.lines("messaging_client_consumed_messages_total").map { $0.hasSuffix(" 4") } == [true])
    }

    @Test func aMessageWithoutContextBeginsATrace() async throws {
        let telemetry = try telemetry()
        try await tracing(telemetry).process([:] as [String: String]) {}
        let span = try #require(telemetry.traceQueue?.takeSpans().first)
        #expect(span.parentSpanID == .zero && span.links.isEmpty)
    }

    @Test func headerNamesAreReadWithoutRegardToCase() {
        let dictionary: [String: String] = ["TraceParent": "x"]
        #expect(dictionary.header("traceparent") == "x" && dictionary.header("tracestate") == nil)
        var list = MessageHeaderList([("TRACEPARENT", "x"), ("traceparent", "y")])
        #expect(list.header("traceparent") == "x")
        list.setHeader("traceparent", to: "z")
        #expect(list.pairs.map(\.value) == ["z"])
    }
}
