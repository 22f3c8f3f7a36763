// SPDX-License-Identifier: Apache-2.0
// Story: a test in CI sends a request and then has Sonde look at what it caused: at the collector, and at the file that
// the collector left.

import Foundation
import SondeModel
import SondeTestKit
import SondeWire
import Testing

@Suite("What CI expects of a trace")
struct ExpectTests {
    private static func order(_ trace: UInt64, isWhole: Bool = true, failed: Bool = false) -> [SpanRecord] {
        let child = SpanRecord.sample(
            trace: trace, 2, parent: 1, service: "stock", name: "reserve", start: 10, duration: 40,
            status: failed ? SpanStatus(code: .error, message: "sold out") : SpanStatus())
        return (isWhole ? [.sample(trace: trace, 1, service: "orders", name: "POST /orders", duration: 150)] : []) + [
            child
        ]
    }

    /// Hands spans to the file of a collector that does not run.
    private static func add(_ spans: [SpanRecord], in scratch: ScratchFolder) async throws {
        let file = scratch.file("spans-\(spans[0].traceID.hex)-\(spans.count).json")
        try Data(OTLPJSON.traces(spans)).write(to: URL(fileURLWithPath: file))
        let run = try await ProgramRun.toEnd(Program.sonde, ["import", file, "--db", "data"], in: scratch)
        #expect(run.status == 0, "\(run.standardError)")
    }

    private static func expect(
        _ arguments: [String], in scratch: ScratchFolder
    ) async throws -> ProgramResult {
        try await ProgramRun.toEnd(Program.sonde, ["expect"] + arguments + ["--db", "data", "--utc"], in: scratch)
    }

    @Test func aTraceThatIsAsItShouldPassesAndOneThatIsNotIsShown() async throws {
        let scratch = try ScratchFolder("expect")
        try await Self.add(Self.order(1), in: scratch)
        let conditions = ["service=orders", "--has", "name=\"reserve\"", "--max-duration", "200ms", "--no-errors"]
        let well = try await Self.expect(conditions, in: scratch)
        #expect(well.status == 0, "\(well.standardError)")
        #expect(well.standardOutput == "as expected: sonde trace \(TraceID.sample(1).hex)\n")

        let slow = try await Self.expect(
            ["service=orders", "--max-duration", "100ms", "--has", "name=refund", "--timeout", "0"], in: scratch)
        #expect(slow.status == 1)
        #expect(slow.standardOutput.contains("└─ stock: reserve"), "\(slow.standardOutput)")
        #expect(
            slow.standardError == """
                sonde: trace \(TraceID.sample(1).hex) is not as expected
                  ✗ it has nothing that matches name=refund
                  ✗ it took 150 ms; at most 100 ms was expected

                """)
        let json = try await Self.expect(
            ["service=orders", "--has-not", "name=reserve", "--timeout", "0", "-o", "json"], in: scratch)
        let answer = try JSONSerialization.jsonObject(with: Data(json.standardOutput.utf8)) as? [String: Any]
        #expect(json.status == 1)
        #expect(answer?["met"] as? Bool == false)
        #expect((answer?["unmet"] as? [String])?.count == 1)
    }

    @Test func nothingIsJudgedBeforeItHasArrived() async throws {
        let scratch = try ScratchFolder("wait")
        let collector = try await RunningCollector(in: scratch)
        let run = try ProgramRun(
            Program.sonde, ["expect", "service=stock", "--max-spans", "2", "--timeout", "60s"],
            environment: ["SONDE_URL": collector.queryURL], in: scratch)
        // First half of it, then the rest.
        for isWhole in [false, true] {
            let file = scratch.file("part-\(isWhole).json")
            try Data(OTLPJSON.traces(Self.order(1, isWhole: isWhole))).write(to: URL(fileURLWithPath: file))
            let sent = try await ProgramRun.toEnd(
                Program.sonde, ["import", file, "--at", collector.queryURL], in: scratch)
            #expect(sent.status == 0, "\(sent.standardError)")
            #expect(isWhole || run.isRunning)
        }
        #expect(try await run.exitStatus() == 0, "\(run.account)")
        #expect(try await collector.stop() == 0)
    }

    @Test func whatNeverArrivesIsSaid() async throws {
        let scratch = try ScratchFolder("never")
        try await Self.add(Self.order(1, isWhole: false), in: scratch)
        let nobody = try await Self.expect(["service=nobody", "--timeout", "600ms"], in: scratch)
        #expect(nobody.status == 1)
        #expect(nobody.standardError.hasPrefix("sonde: no such trace has arrived\n"))
        let half = try await Self.expect(["service=stock", "--timeout", "0"], in: scratch)
        #expect(half.status == 1)
        #expect(half.standardError.contains("✗ the trace is incomplete"), "\(half.standardError)")
        #expect(try await Self.expect(["service=stock", "--incomplete"], in: scratch).status == 0)
    }
}
