// SPDX-License-Identifier: Apache-2.0
// Story: a nightly job runs its steps inside spans; whoever looks in the morning sees which of them failed. The job itself
// never notices.

import Foundation
import SondeTestKit
import Testing

@Suite("Commands inside spans")
struct ExecTests {
    @Test func theStepsOfAScriptBecomeOneTree() async throws {
        let scratch = try ScratchFolder("exec")
        let collector = try await RunningCollector(in: scratch)
        let script = """
            "$0" exec --name dump -- sh -c 'echo dumping'
            "$0" exec --name send --attr tries=3 -- sh -c 'exit 4'
            echo "send: $?"
            """
        let run = try await ProgramRun.toEnd(
            Program.sonde,
            ["exec", "--name", "nightly", "--print-trace", "--", "/bin/sh", "-c", script, Program.sonde],
            environment: ["SONDE_URL": collector.queryURL, "OTEL_SERVICE_NAME": "jobs"], in: scratch)
        #expect(run.status == 0, "\(run.standardError)")
        #expect(run.standardOutput == "dumping\nsend: 4\n")
        let id = try #require(run.standardError.split(separator: " ").last).prefix(32)
        let tree = try await Self.sonde(["trace", String(id), "--utc"], collector, in: scratch)
        #expect(tree.standardOutput.contains("3 spans · 1 error · 1 service"), "\(tree.standardOutput)")
        #expect(tree.standardOutput.contains("├─ jobs: dump"), "\(tree.standardOutput)")
        #expect(tree.standardOutput.contains("└─ ✗ jobs: send  exited with status 4"), "\(tree.standardOutput)")
        let found = try await Self.sonde(["traces", "tries=3", "-o", "ndjson"], collector, in: scratch)
        #expect(found.standardOutput.contains(id))
        #expect(try await collector.stop() == 0)
    }

    @Test(arguments: [("exit 0", 0), ("exit 42", 42), ("kill -TERM $$", 15)] as [(String, Int32)])
    func theStatusIsTheCommandsOwnWithoutACollector(command: String, status: Int32) async throws {
        let scratch = try ScratchFolder("alone")
        let run = try await ProgramRun.toEnd(
            Program.sonde, ["exec", "--at", "http://127.0.0.1:9", "--", "sh", "-c", command], in: scratch)
        #expect(run.status == status)
        #expect(run.standardOutput == "")
        #expect(run.standardError.hasPrefix("sonde: the span of sh was not stored: "), "\(run.standardError)")
    }

    @Test func aProgramThatIsNotThereEndsAsInAShell() async throws {
        let scratch = try ScratchFolder("nothing")
        let run = try await ProgramRun.toEnd(
            Program.sonde, ["exec", "--at", "http://127.0.0.1:9", "--", "no-such-program"], in: scratch)
        #expect(run.status == 127)
        #expect(run.standardError.hasPrefix("sonde: cannot run no-such-program: there is no such program\n"))
    }

    @Test func aSignalReachesTheCommandAndTheSpanIsStored() async throws {
        let scratch = try ScratchFolder("signal")
        let collector = try await RunningCollector(in: scratch)
        let script = "trap 'echo ended; exit 9' TERM; echo ready; while :; do sleep 0.05; done"
        let run = try ProgramRun(
            Program.sonde, ["exec", "--name", "loop", "--", "sh", "-c", script],
            environment: ["SONDE_URL": collector.queryURL], in: scratch)
        _ = try await run.line("that the command runs") { $0 == "ready" ? true : nil as Bool? }
        #expect(try await run.stop() == 9)
        #expect(run.standardOutput == "ready\nended\n")
        let seen = try await Self.sonde(
            ["expect", "name=loop", "--has", "process.exit.code=9"], collector, in: scratch)
        #expect(seen.status == 0, "\(seen.standardError)")
        #expect(try await collector.stop() == 0)
    }

    @Test func aTraceThatIsNotRecordedIsOnlyHandedOn() async throws {
        let scratch = try ScratchFolder("unsampled")
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
        let run = try await ProgramRun.toEnd(
            Program.sonde, ["exec", "--at", "http://127.0.0.1:9", "--", "sh", "-c", "echo $TRACEPARENT $BAGGAGE"],
            environment: ["TRACEPARENT": parent, "BAGGAGE": "user=alice"], in: scratch)
        #expect(run.status == 0)
        #expect(run.standardError == "")
        #expect(
            run.standardOutput.contains(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-00 user=alice\n$/),
            "\(run.standardOutput)")
        #expect(!run.standardOutput.contains("b7ad6b7169203331"))
    }

    private static func sonde(
        _ arguments: [String], _ collector: RunningCollector, in scratch: ScratchFolder
    ) async throws -> ProgramResult {
        try await ProgramRun.toEnd(
            Program.sonde, arguments, environment: ["SONDE_URL": collector.queryURL], in: scratch)
    }
}
