// SPDX-License-Identifier: Apache-2.0
// Adjusted times, by the cases of Jaeger's rule.

import SondeAnalysis
import SondeModel
import SondeTestKit
import Testing

@Suite("Clock skew")
struct ClockSkewTests {
    /// Adjustments in milliseconds, in the order of the trace.
    private func adjustments(_ spans: SpanRecord...) -> [Int64] {
        ClockSkew.adjustments(of: Trace(id: .sample(1), assembling: spans)).map { $0 / 1_000_000 }
    }

    private let client = SpanRecord.sample(1, service: "orders", kind: .client, start: 0, duration: 100)

    private func server(_ id: UInt64 = 2, parent: UInt64 = 1, start: Int64, duration: Int64) -> SpanRecord {
        .sample(id, parent: parent, service: "payments", kind: .server, start: start, duration: duration)
    }

    @Test func childThatFitsStaysWhereItIs() {
        #expect(adjustments(client, server(start: 0, duration: 100)) == [0, 0])
    }

    @Test func childThatBeginsTooEarlyIsMovedIntoTheMiddle() {
        // (100 - 60) / 2 = 20 ms after the parent's start, 70 ms later than it says.
        #expect(adjustments(client, server(start: -50, duration: 60)) == [0, 70])
    }

    @Test func childThatEndsTooLateIsMovedIntoTheMiddle() {
        #expect(adjustments(client, server(start: 500, duration: 60)) == [0, -480])
    }

    @Test func childThatLastsLongerIsOnlyKeptFromBeginningBeforeItsParent() {
        #expect(adjustments(client, server(start: -50, duration: 200)) == [0, 50])
        #expect(adjustments(client, server(start: 50, duration: 200)) == [0, 0])
    }

    @Test func spansBelowMoveWithTheirClock() {
        #expect(
            adjustments(
                client, server(start: -50, duration: 60), server(3, parent: 2, start: -40, duration: 10),
                .sample(4, parent: 2, service: "bank", kind: .client, start: 30, duration: 10)) == [0, 70, 70, 0])
    }

    @Test func spansOfOneProcessAreNeverMovedAgainstOneAnother() {
        #expect(adjustments(client, .sample(2, parent: 1, service: "orders", start: 500, duration: 60)) == [0, 0])
    }

    @Test func processesOfOneMachineShareItsClock() {
        var (a, b) = (client, server(start: -50, duration: 60))
        a.resource = .sample("orders", Attribute("host.name", .string("m1")))
        b.resource = .sample("payments", Attribute("host.name", .string("m1")))
        #expect(adjustments(a, b) == [0, 0])
        b.resource = .sample("payments", Attribute("host.name", .string("m2")))
        #expect(adjustments(a, b) == [0, 70])
    }

    @Test func messageTakenUpLaterStaysWhereItIs() {
        let producer = SpanRecord.sample(1, service: "orders", kind: .producer, duration: 5)
        let consumer = SpanRecord.sample(2, parent: 1, service: "mail", kind: .consumer, start: 500, duration: 3)
        #expect(adjustments(producer, consumer) == [0, 0])
    }

    @Test func unfinishedParentMovesNobody() {
        var parent = client
        parent.end = .zero
        #expect(adjustments(parent, server(start: -50, duration: 60)) == [0, 0])
    }
}
