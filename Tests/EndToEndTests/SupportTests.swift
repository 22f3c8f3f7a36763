// SPDX-License-Identifier: Apache-2.0
// The tools of these tests, tested on programs that every machine has.

import Testing

@Suite struct SupportTests {
    @Test func tellsStatusAndOutputsOfAProgram() async throws {
        let folder = try ScratchFolder("support")
        let result = try await ProgramRun.toEnd("/bin/sh", ["-c", "echo out; echo err >&2; exit 3"], in: folder)
        #expect(result.status == 3)
        #expect(result.standardOutput == "out\n")
        #expect(result.standardError == "err\n")
    }

    @Test func saysWhatAProgramWroteWhenItEndsBeforeItsReadyLine() async throws {
        let folder = try ScratchFolder("support")
        let run = try ProgramRun("/bin/sh", ["-c", "echo the port is taken >&2; exit 5"], in: folder)
        let error = await #expect(throws: Hopeless.self) {
            try await run.line("a ready line") { $0.contains("ready") ? true : nil }
        }
        #expect(error?.description.contains("the port is taken") == true)
        #expect(error?.description.contains("status 5") == true)
    }

    @Test func stopsAProgramThatWaits() async throws {
        let folder = try ScratchFolder("support")
        let script = "sleep 600 & trap 'kill $!; exit 0' TERM; echo ready; wait"
        let run = try ProgramRun("/bin/sh", ["-c", script], in: folder)
        _ = try await run.line("ready") { $0 == "ready" ? true : nil }
        #expect(try await run.stop() == 0)
    }

    @Test func quotesTheLastErrorWhenADeadlinePasses() async throws {
        struct Refused: Error {}
        let error = await #expect(throws: DeadlinePassed.self) {
            try await eventually("an answer", within: .zero) { throw Refused() }
        }
        #expect(error?.description.contains("Refused") == true)
    }
}
