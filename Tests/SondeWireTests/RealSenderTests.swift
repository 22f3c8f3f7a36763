// SPDX-License-Identifier: Apache-2.0
// Bodies captured from real senders; see Fixtures/otlp/README.md.

import SondeModel
import SondeTestKit
import SondeWire
import Testing

struct RealSenderTests {
    private let start: UInt64 = 1_767_323_045_000_000_000

    @Test func thePythonSDKsSpansAreReadExactly() throws {
        let decoded = try OTLPDecoder.traces(try Fixtures.otlp("python-traces.bin"))
        let spans = try decoded.batch.records()
        #expect(decoded.rejectedCount == 0)
        #expect(Set(spans.map(\.kind)) == [.server, .client, .internal, .producer, .consumer])
        #expect(spans.allSatisfy { $0.traceID.hex == "0102030405060708090a0b0c0d0e0f10" })
        let root = try #require(spans.first { $0.name == "POST /checkout" })
        #expect(
            root.attributes == [
                Attribute("string", .string("päyment ✓")), Attribute("empty", .string("")),
                Attribute("true", .bool(true)),
                Attribute("false", .bool(false)), Attribute("int", .int(-42)), Attribute("max", .int(.max)),
                Attribute("double", .double(1.5)), Attribute("whole", .double(8)),
                Attribute("bytes", .bytes([0, 255, 16])),
                Attribute("strings", .array([.string("a"), .string("b")])),
                Attribute("ints", .array([.int(1), .int(2), .int(3)])),
                Attribute("doubles", .array([.double(0.5), .double(2)])),
                Attribute("bools", .array([.bool(true), .bool(false)])),
            ])
        #expect(root.start.nanoseconds == start && root.end.nanoseconds == start + 9_876_543_210)
        #expect(root.status == SpanStatus(code: .ok) && !root.parentSpanID.isValid)
        #expect(root.resource.serviceName == "checkout" && root.resource.attributes["host.cpus"] == .int(4))
        #expect(root.scope.name == "shop.checkout" && root.scope.version == "2.0")
        #expect(root.scope.attributes == [Attribute("scope.key", .string("scope value"))])
        #expect(root.scope.schemaURL == "https://opentelemetry.io/schemas/1.30.0")
        let child = try #require(spans.first { $0.name == "charge" })
        #expect(child.parentSpanID == root.spanID)
        #expect(child.status == SpanStatus(code: .error, message: "card declined"))
        #expect(
            child.events == [
                SpanEvent(
                    time: Timestamp(nanoseconds: start + 2_000_002), name: "retry",
                    attributes: [Attribute("attempt", .int(2))]),
                SpanEvent(time: Timestamp(nanoseconds: start + 3_000_003), name: "gave up"),
            ])
        let link = try #require(child.links.first)
        #expect(link.traceID.hex == "ffeeddccbbaa99887766554433221100" && link.spanID.hex == "1122334455667788")
        // This SDK leaves a link's trace state out; the bytes do not have it.
        #expect(link.traceState.isEmpty && link.attributes == [Attribute("link.kind", .string("follows"))])
    }

    @Test func thePythonSDKsLogsAreReadExactly() throws {
        let logs = try OTLPDecoder.logs(try Fixtures.otlp("python-logs.bin")).batch.records()
        #expect(logs.count == 3)
        let first = try #require(logs.first { $0.eventName == "payment.declined" })
        #expect(first.body == .string("card declined: \"insufficient\"\n"))
        #expect(first.severityNumber == 13 && first.severityText == "WARNING")
        #expect(first.time.nanoseconds == start + 10 && first.observedTime.nanoseconds == start + 20)
        #expect(first.traceID.hex == "0102030405060708090a0b0c0d0e0f10" && first.spanID.isValid)
        #expect(first.attributes["nested"] == .map([Attribute("a", .map([Attribute("b", .string("c"))]))]))
        #expect(first.attributes["raw"] == .bytes([1, 2]) && first.attributes["ratio"] == .double(0.5))
        let second = try #require(logs.first { $0.severityNumber == 9 })
        #expect(second.time == .zero && second.effectiveTime.nanoseconds == start + 30)
        guard case .map(let entries) = second.body else { return #expect(Bool(false), "the body is a map") }
        #expect(entries["kind"] == .string("map"))
    }
}
