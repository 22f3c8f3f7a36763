// SPDX-License-Identifier: Apache-2.0
// The whole analysis of real traces of the shop, as files that a person can read and agree with.

import SondeAnalysis
import SondeModel
import SondeTestKit
import SondeWire
import Testing

@Suite("Analysis, golden")
struct AnalysisGoldenTests {
    /// One object a line.
    private func lines(_ bytes: [UInt8]) -> String {
        var text = ""
        for character in String(decoding: bytes, as: UTF8.self) {
            if character == "{", text.last == "," || text.last == "[" { text += "\n" }
            text.append(character)
        }
        return text + "\n"
    }

    private func checkout(_ fixture: String, where isWanted: (SpanRecord) -> Bool) throws -> Trace {
        try #require(try Fixtures.shop(fixture).last { $0.spans.contains(where: isWanted) })
    }

    private func golden(_ trace: Trace, _ name: String) throws {
        let (report, findings) = Doctor.examine(trace, now: trace.end)
        let json = NativeJSON.analysis(trace, report, findings: findings)
        try Golden().expect(lines(json), is: name)
    }

    @Test func analysisOfACheckoutRowByRow() throws {
        let trace = try #require(
            try Fixtures.shop("n-plus-one").last { $0.spans.count { $0.name == "INSERT line" } == 3 })
        try golden(trace, "analysis-n-plus-one.json")
    }

    @Test func analysisOfACheckoutThatFailed() throws {
        let trace = try checkout("server-errors") { $0.name == "POST /payments" && $0.isError }
        try golden(trace, "analysis-server-errors.json")
    }

    @Test func foldedStacksOfACheckout() throws {
        let trace = try checkout("healthy") { $0.name == "POST /checkout" }
        try Golden().expect(FoldedStacks.text(of: trace), is: "folded.txt")
    }

    @Test func differenceOfGoodAndFailingCheckouts() throws {
        let traces = try Fixtures.shop("server-errors")
        var comparison = TraceComparison(a: "good", b: "failing")
        for trace in traces {
            comparison.add(trace, to: trace.spans.contains { $0.name == "POST /payments" && $0.isError } ? .b : .a)
        }
        try Golden().expect(lines(NativeJSON.difference(comparison.difference())), is: "difference-server-errors.json")
    }
}
