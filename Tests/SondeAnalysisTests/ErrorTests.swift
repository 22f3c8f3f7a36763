// SPDX-License-Identifier: Apache-2.0
// Where failures begin, and which are the same.

import SondeModel
import SondeTestKit
import Testing

@testable import SondeAnalysis

@Suite("Errors")
struct ErrorTests {
    private let failed = SpanStatus(code: .error)

    private func origins(_ spans: SpanRecord...) -> [ErrorOrigin] {
        ErrorOrigins.find(in: Trace(id: .sample(1), assembling: spans))
    }

    @Test func traceWithoutFailuresHasNone() {
        #expect(origins(.sample(1), .sample(2, parent: 1)) == [])
    }

    @Test func deepestFailingSpanExplainsThoseAboveIt() {
        let found = origins(
            .sample(1, service: "gateway", duration: 100, status: failed),
            .sample(2, parent: 1, service: "orders", start: 10, duration: 80, status: failed),
            .sample(3, parent: 2, service: "orders", start: 20, duration: 60),
            .sample(4, parent: 3, service: "payments", start: 30, duration: 40, status: failed))
        #expect(found.map(\.span) == [3])
        #expect(found.first?.chain == [1, 0])
        #expect(found.first?.reachesRoot == true)
        #expect(found.first?.signature.service == "payments")
    }

    @Test func ofSeveralFailuresTheLastExplainsTheCaller() {
        let found = origins(
            .sample(1, duration: 100, status: failed), .sample(2, parent: 1, start: 0, duration: 20, status: failed),
            .sample(3, parent: 1, start: 30, duration: 20, status: failed))
        #expect(found.map(\.span) == [2, 1])
        #expect(found.map(\.reachesRoot) == [true, false])
    }

    @Test func failureThatItsCallerCopedWithDoesNotReachTheRoot() {
        #expect(origins(.sample(1, duration: 100), .sample(2, parent: 1, status: failed)).map(\.reachesRoot) == [false])
    }

    @Test func exceptionTellsTypeMessageAndFrame() {
        var span = SpanRecord.sample(1, status: failed)
        span.events = [
            SpanEvent(
                time: .sample(ms: 1), name: "exception",
                attributes: [
                    Attribute("exception.type", .string("KeyError")),
                    Attribute("exception.message", .string("'user 42'")),
                    Attribute(
                        "exception.stacktrace",
                        .string(
                            """
                            Traceback (most recent call last):
                              File "app.py", line 10, in handler
                                load(user)
                              File "db.py", line 99, in load
                                return rows[key]
                            KeyError: 'user 42'
                            """)),
                ])
        ]
        let found = origins(span).first
        #expect(found?.signature.type == "KeyError" && found?.signature.message == "*" && found?.message == "'user 42'")
        #expect(found?.stackTop == "File \"db.py\", line 99, in load")
    }

    @Test(arguments: [
        (
            "java.lang.IllegalStateException: no\n\tat shop.Till.take(Till.java:12)\n\tat shop.Main.main(Main.java:3)",
            "shop.Till.take(Till.java:12)"
        ),
        ("TypeError: x is undefined\n    at pay (/app/pay.js:3:9)\n    at main", "pay (/app/pay.js:3:9)"),
        ("goroutine 1 [running]:\nmain.pay(...)\n\t/app/main.go:8", "main.pay(...)"),
        ("", ""),
    ])
    func innermostFrameIsFound(_ text: String, _ frame: String) {
        #expect(StackTrace.innermostFrame(of: text) == frame)
    }

    @Test func failuresThatDifferInLiteralsAreOneFingerprint() throws {
        var errors = ErrorCollector()
        for trace in 1...3 as ClosedRange<UInt64> {
            errors.add(
                Trace(
                    id: .sample(trace),
                    assembling: [
                        .sample(
                            trace: trace, trace, name: "GET /users/\(trace)", start: Int64(trace) * 100,
                            status: SpanStatus(code: .error, message: "user \(trace) not found"))
                    ]))
        }
        let found = errors.sorted()
        let first = try #require(found.first)
        #expect(found.count == 1 && first.count == 3 && first.traceCount == 3 && first.failedTraceCount == 3)
        #expect(first.firstSeen == .sample(ms: 110) && first.lastSeen == .sample(ms: 310))
        #expect(first.sampleTrace == .sample(3) && first.sampleMessage == "user 3 not found")
        #expect(first.signature.operation == "GET /users/{id}" && first.signature.message == "user * not found")
    }
}
