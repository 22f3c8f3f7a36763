// SPDX-License-Identifier: Apache-2.0
// Story: someone watches traces come in, a script waits for one of them, and neither sees anything twice.

import Foundation
import SondeTestKit
import Testing

@Suite("Traces as they arrive")
struct TailTests {
    private static func exec(_ name: String, _ collector: RunningCollector, in scratch: ScratchFolder) async throws {
        let run = try await ProgramRun.toEnd(
            Program.sonde, ["exec", "--name", name, "--", "true"], environment: ["SONDE_URL": collector.queryURL],
            in: scratch)
        #expect(run.status == 0 && run.standardError == "", "\(run.standardError)")
    }

    private static func names(_ lines: String, _ key: String) throws -> [String] {
        try lines.split(separator: "\n").map { line in
            let item = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            return item?[key] as? String ?? ""
        }
    }

    @Test func newTracesAreWrittenOnceUntilTheOneThatEndsIt() async throws {
        let scratch = try ScratchFolder("tail")
        let collector = try await RunningCollector(in: scratch)
        try await Self.exec("old", collector, in: scratch)
        let environment = ["SONDE_URL": collector.queryURL]
        let traces = try ProgramRun(
            Program.sonde, ["tail", "--until", "name=last", "--timeout", "100s"], environment: environment, in: scratch)
        let spans = try ProgramRun(
            Program.sonde, ["tail", "--spans", "--count", "3", "--since", "1h"], environment: environment, in: scratch)
        // What the second one has written of the past tells that both have had the time to begin.
        _ = try await spans.line("the span that was there") { $0.contains("\"old\"") ? true : nil as Bool? }
        // A trace that is new to the first: repeated until it has seen one, since nothing tells when it began.
        var tries = 0
        while traces.standardOutput.isEmpty, tries < 60 {
            tries += 1
            try await Self.exec("new", collector, in: scratch)
        }
        try await Self.exec("last", collector, in: scratch)
        #expect(try await traces.exitStatus() == 0, "\(traces.account)")
        let names = try Self.names(traces.standardOutput, "rootOperation")
        #expect(!names.contains("old") && names.last == "last" && names.contains("new"), "\(names)")
        let ids = try Self.names(traces.standardOutput, "traceId")
        #expect(Set(ids).count == ids.count)
        #expect(try await spans.exitStatus() == 0, "\(spans.account)")
        #expect(try Self.names(spans.standardOutput, "operation").first == "old")
        #expect(try Self.names(spans.standardOutput, "traceId").count == 3)
        #expect(try await collector.stop() == 0)
    }

    @Test func aTimeThatPassesEndsWithOneAndSaysSo() async throws {
        let scratch = try ScratchFolder("silence")
        let collector = try await RunningCollector(in: scratch)
        for (flags, said) in [(["--until", "name=never"], "no new trace met --until"), ([], "nothing new arrived")] {
            let run = try await ProgramRun.toEnd(
                Program.sonde, ["tail", "--timeout", "1s", "--at", collector.queryURL] + flags, in: scratch)
            #expect(run.status == 1)
            #expect(run.standardOutput == "")
            #expect(run.standardError.contains(said), "\(run.standardError)")
        }
        // The file that the collector writes is followed just as well.
        let file = try ProgramRun(
            Program.sonde, ["tail", "--count", "1", "--since", "1h", "--db", "data"], in: scratch)
        try await Self.exec("step", collector, in: scratch)
        #expect(try await file.exitStatus() == 0, "\(file.account)")
        #expect(try Self.names(file.standardOutput, "rootOperation") == ["step"])
        #expect(try await collector.stop() == 0)
    }

    @Test func aPersonSeesLinesAndEndsThemWithCtrlC() async throws {
        let scratch = try ScratchFolder("watch")
        let collector = try await RunningCollector(in: scratch)
        try await Self.exec("step", collector, in: scratch)
        let seen = try await Terminal.sonde(
            ["tail", "--since", "1h"], interruptAt: "shell: step", environment: ["SONDE_URL": collector.queryURL],
            in: scratch)
        #expect(seen.status == 130)
        #expect(seen.hasColour)
        #expect(seen.last.contains { $0.contains("1 span ") && $0.contains("shell: step") }, "\(seen.last)")
        #expect(try await collector.stop() == 0)
    }
}
