// SPDX-License-Identifier: Apache-2.0
// The span around a command: whose child it is, what it hands on, what it says at the end.

import SondeModel
import SondeTestKit
import Testing

@testable import SondeCLI

@Suite("The span around a command")
struct CommandSpanTests {
    private func span(
        _ environment: [String: String], _ command: [String] = ["/usr/bin/make", "test"], hidesArguments: Bool = false
    ) -> CommandSpan {
        var generator = SystemRandomNumberGenerator()
        return CommandSpan(
            command, name: nil, service: nil, attributes: [], hidesArguments: hidesArguments, environment: environment,
            now: .sample(ms: 0), using: &generator)
    }

    @Test func withoutAParentItBeginsATrace() {
        let span = span([:])
        #expect(span.isSampled)
        #expect(span.record.traceID.isValid && span.record.spanID.isValid && !span.record.parentSpanID.isValid)
        #expect(span.record.name == "make")
        #expect(span.record.resource.serviceName == "shell")
        #expect(span.environment(from: ["A": "1", "TRACESTATE": "x=1"])["TRACESTATE"] == nil)
        #expect(
            span.environment(from: [:])["TRACEPARENT"]
                == "00-\(span.record.traceID.hex)-\(span.record.spanID.hex)-03")
    }

    @Test func withAParentItIsItsChildAndHandsTheRestOn() {
        let environment = [
            "TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "TRACESTATE": "congo=t61rc",
            "BAGGAGE": "user=alice", "PATH": "/bin",
        ]
        let span = span(environment)
        #expect(span.record.traceID.hex == "0af7651916cd43dd8448eb211c80319c")
        #expect(span.record.parentSpanID.hex == "b7ad6b7169203331")
        let handedOn = span.environment(from: environment)
        #expect(handedOn["TRACEPARENT"] == "00-0af7651916cd43dd8448eb211c80319c-\(span.record.spanID.hex)-01")
        #expect(handedOn["TRACESTATE"] == "congo=t61rc" && handedOn["BAGGAGE"] == "user=alice")
        #expect(handedOn["PATH"] == "/bin")
    }

    @Test func aTraceThatIsNotRecordedStaysSo() {
        let span = span(["TRACEPARENT": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"])
        #expect(!span.isSampled)
        #expect(span.environment(from: [:])["TRACEPARENT"]?.hasSuffix("-00") == true)
    }

    @Test(arguments: ["nonsense", "00-00000000000000000000000000000000-b7ad6b7169203331-01", ""])
    func anInvalidParentIsNone(text: String) {
        let span = span(["TRACEPARENT": text, "TRACESTATE": "congo=t61rc"])
        #expect(!span.record.parentSpanID.isValid)
        #expect(span.record.traceState == "")
    }

    @Test func theStandardVariablesNameTheService() {
        #expect(span(["OTEL_SERVICE_NAME": "ci"]).record.resource.serviceName == "ci")
        let both = span(["OTEL_SERVICE_NAME": "ci", "OTEL_RESOURCE_ATTRIBUTES": "service.name=x,stage=a%20b"])
        #expect(both.record.resource.serviceName == "ci")
        #expect(both.record.resource.attributes["stage"] == .string("a b"))
        #expect(span(["OTEL_RESOURCE_ATTRIBUTES": "service.name=x"]).record.resource.serviceName == "x")
    }

    @Test func theEndBecomesStatusAndAttributes() {
        var well = span([:])
        well.started(42)
        well.ended(.exited(0), now: .sample(ms: 5))
        #expect(well.record.status == SpanStatus())
        #expect(well.record.attributes["process.exit.code"] == .int(0))
        #expect(well.record.attributes["process.pid"] == .int(42))
        #expect(well.record.durationNanoseconds == 5_000_000)
        var failed = span([:])
        failed.ended(.exited(3), now: .sample(ms: 5))
        #expect(failed.record.status == SpanStatus(code: .error, message: "exited with status 3"))
        var killed = span([:])
        killed.ended(.signalled(9), now: .sample(ms: 5))
        #expect(killed.record.status == SpanStatus(code: .error, message: "ended by signal 9"))
        #expect(killed.record.attributes["process.exit.code"] == .int(137))
    }

    @Test func argumentsAreToldUnlessTheyAreHidden() {
        #expect(
            span([:]).record.attributes["process.command_args"] == .array([.string("/usr/bin/make"), .string("test")]))
        #expect(span([:], hidesArguments: true).record.attributes["process.command_args"] == nil)
    }
}
