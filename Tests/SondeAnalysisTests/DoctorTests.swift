// SPDX-License-Identifier: Apache-2.0
// The doctor's detectors on hand-made traffic: each speaks when it should, and only then.

import SondeAnalysis
import SondeModel
import SondeTestKit
import Testing

@Suite("Doctor")
struct DoctorTests {
    /// `count` traces, a second apart; `make` gives the spans of each by number.
    private func findings(_ count: Int, _ make: (UInt64) -> [SpanRecord]) -> [Finding] {
        let traces = (0..<UInt64(count)).map { Trace(id: .sample($0 + 1), assembling: make($0)) }
        return Doctor.findings(in: traces, now: .sample(ms: Int64(count) * 1_000 + 600_000))
    }

    private func root(
        _ number: UInt64, duration: Int64 = 100, status: SpanStatus = SpanStatus(), attributes: [Attribute] = []
    ) -> SpanRecord {
        .sample(
            trace: number + 1, 1, service: "gateway", name: "GET /cart", start: Int64(number) * 1_000,
            duration: duration, status: status, attributes: attributes)
    }

    private func child(
        _ number: UInt64, _ id: UInt64, parent: UInt64 = 1, service: String = "gateway", name: String,
        kind: SpanKind = .internal, start: Int64 = 0, duration: Int64 = 10, status: SpanStatus = SpanStatus()
    ) -> SpanRecord {
        .sample(
            trace: number + 1, id, parent: parent, service: service, name: name, kind: kind,
            start: Int64(number) * 1_000 + start, duration: duration, status: status)
    }

    @Test func nothingIsFoundInNothing() {
        #expect(findings(0) { _ in [] } == [])
        #expect(findings(3) { _ in [] } == [])
    }

    /// An end that a broken clock has written: 500 years are more than any sum of them can hold.
    @Test func endsAtTheEndOfTimeAreSurvived() {
        let found = findings(50) { number in
            var span = root(number)
            span.end = Timestamp(nanoseconds: .max)
            return [span]
        }
        #expect(found.allSatisfy { $0.kind == .slowOperation })
    }

    @Test func fastTrafficIsHealthy() {
        #expect(findings(50) { [root($0), child($0, 2, name: "load", duration: 90)] } == [])
    }

    @Test func oneFailureInAHundredIsNotTold() {
        #expect(findings(100) { [root($0, status: SpanStatus(code: $0 == 50 ? .error : .unset))] } == [])
    }

    @Test func failuresAreToldAtTheirOrigin() {
        let failed = SpanStatus(code: .error, message: "no route to host")
        let found = findings(100) { number in
            let status = number % 10 == 0 ? failed : SpanStatus()
            return [root(number, status: status), child(number, 2, service: "db", name: "SELECT", status: status)]
        }
        #expect(found.map(\.kind) == [.errors] && found.first?.service == "db" && found.first?.severity == .critical)
        #expect(found.first?.title.contains("10 of 100 traces") == true)
    }

    @Test func timeoutsAreToldAsSuch() {
        let found = findings(20) { number in
            let status = SpanStatus(code: number % 4 == 0 ? .error : .unset, message: "context deadline exceeded")
            return [
                root(number, duration: 240, status: status),
                child(number, 2, name: "POST", kind: .client, duration: 200, status: status),
            ]
        }
        #expect(found.map(\.kind) == [.timeouts])
        #expect(found.first?.title.contains("after 200 ms") == true)
    }

    @Test func slowDependencyIsNamedNotItsCallers() {
        let found = findings(10) { number in
            [
                root(number, duration: 900), child(number, 2, name: "POST", kind: .client, duration: 880),
                child(
                    number, 3, parent: 2, service: "stock", name: "POST /reserve", kind: .server, start: 5,
                    duration: 870),
            ]
        }
        #expect(found.map(\.kind) == [.slowOperation] && found.first?.service == "stock")
        #expect(found.first?.command.hasSuffix("--critical") == true)
    }

    @Test func slowJobThatNobodyWaitsForIsNotTold() {
        #expect(
            findings(10) { number in
                [SpanRecord.sample(trace: number + 1, 1, name: "nightly", kind: .internal, duration: 60_000)]
            } == [])
    }

    @Test func retryStormsAreTold() {
        let found = findings(5) { number in
            let failed = SpanStatus(code: .error)
            return [root(number, status: failed)]
                + (2...6 as ClosedRange<UInt64>).map {
                    child(number, $0, name: "POST", kind: .client, start: Int64($0) * 10, duration: 9, status: failed)
                }
        }
        #expect(found.map(\.kind).contains(.retryStorm))
        #expect(found.first { $0.kind == .retryStorm }?.title.contains("up to 5 times without a pause") == true)
    }

    @Test func callsThatCouldRunTogetherAreTold() {
        let found = findings(5) { number in
            [root(number, duration: 700)]
                + (0..<3 as Range<UInt64>).map {
                    child(
                        number, $0 + 2, name: "load \("abc".prefix(Int($0) + 1))", kind: .client,
                        start: Int64($0) * 210, duration: 200)
                }
        }
        #expect(found.map(\.kind) == [.serialCalls])
        #expect(found.first?.title.contains("save 400 ms") == true)
    }

    @Test func valueThatMakesRequestsSlowIsNamed() {
        let found = findings(200) { number in
            let isSlow = number % 20 == 0
            return [
                root(
                    number, duration: isSlow ? 240 : 40,
                    attributes: [
                        Attribute("tenant", .string(isSlow ? "acme" : "t\(number % 7)")),
                        Attribute("id", .int(Int64(number))),
                    ])
            ]
        }
        #expect(found.map(\.kind) == [.slowOutliers])
        #expect(found.first?.title.contains("tenant=acme") == true)
    }

    @Test func missingCallersAreTold() {
        let found = findings(10) { [child($0, 2, parent: 99, service: "orders", name: "GET", kind: .server)] }
        #expect(found.map(\.kind) == [.incompleteTraces] && found.first?.service == "orders")
    }

    @Test func tracesThatMayStillBecomeCompleteAreNotTold() {
        let traces = (0..<10 as Range<UInt64>).map {
            Trace(
                id: .sample($0), assembling: [child($0, 2, parent: 99, service: "orders", name: "GET", kind: .server)])
        }
        #expect(Doctor.findings(in: traces, now: .sample(ms: 20_000)) == [])
    }

    @Test func clockThatIsWrongIsTold() {
        let found = findings(10) { number in
            [
                root(number), child(number, 2, name: "GET", kind: .client, start: 10, duration: 50),
                child(number, 3, parent: 2, service: "stock", name: "GET /", kind: .server, start: -500, duration: 40),
            ]
        }
        #expect(found.map(\.kind) == [.clockSkew] && found.first?.service == "stock")
        #expect(found.first?.title.contains("515 ms behind") == true)
    }
}
