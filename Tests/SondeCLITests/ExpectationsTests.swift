// SPDX-License-Identifier: Apache-2.0
// What is expected of a trace, and the sentences for what is not met.

import SondeModel
import SondeTestKit
import Testing

@testable import SondeCLI

@Suite("Expectations")
struct ExpectationsTests {
    private let trace = Trace(
        id: .sample(1),
        assembling: [
            .sample(1, service: "orders", name: "POST /orders", duration: 250),
            .sample(
                2, parent: 1, service: "stock", name: "reserve", start: 10, duration: 40,
                status: SpanStatus(code: .error, message: "sold out")),
        ])

    @Test func aTraceThatIsAsExpectedHasNothingUnmet() throws {
        var expectations = Expectations()
        expectations.has = [try SpanPattern("service=stock name=reserve", of: "--has")]
        expectations.hasNot = [try SpanPattern("name=refund", of: "--has-not")]
        expectations.maxDuration = 250_000_000
        expectations.minDuration = 250_000_000
        expectations.spans = 2...2
        #expect(expectations.unmet(by: trace) == [])
    }

    @Test func everythingThatIsNotMetHasItsSentence() throws {
        var expectations = Expectations()
        expectations.has = [try SpanPattern("name=\"charge card\"", of: "--has")]
        expectations.hasNot = [try SpanPattern("service=stock error", of: "--has-not")]
        expectations.maxDuration = 200_000_000
        expectations.minDuration = 300_000_000
        expectations.spans = 3 ... .max
        expectations.allowsErrors = false
        #expect(
            expectations.unmet(by: trace) == [
                "it has nothing that matches name=\"charge card\"",
                "it has something that matches service=stock error",
                "it took 250 ms; at most 200 ms was expected",
                "it took 250 ms; at least 300 ms was expected",
                "it has 2 spans; at least 3 were expected",
                "1 span failed; none was expected to: stock: reserve: sold out",
            ])
    }

    @Test func conditionsHoldOnOneAndTheSameSpan() throws {
        var expectations = Expectations()
        expectations.has = [try SpanPattern("service=orders name=reserve", of: "--has")]
        #expect(expectations.unmet(by: trace).count == 1)
    }

    @Test func aTraceOfWhichPartsAreMissingIsNotJudgedAsWhole() {
        let half = Trace(id: .sample(1), assembling: [.sample(2, parent: 1)])
        var expectations = Expectations()
        #expect(expectations.unmet(by: half) == ["the trace is incomplete: parts of it have not arrived"])
        expectations.allowsIncomplete = true
        #expect(expectations.unmet(by: half) == [])
    }

    @Test func aQueryThatCannotBeReadNamesItsFlag() {
        #expect(throws: CommandFailure.self) { try SpanPattern("duration>fast", of: "--has") }
        do throws(CommandFailure) { _ = try SpanPattern("duration>fast", of: "--has") } catch {
            #expect(error.status == .usage)
            #expect(error.message.hasPrefix("--has: "))
        }
    }
}
