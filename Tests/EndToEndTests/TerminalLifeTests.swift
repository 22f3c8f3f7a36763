// SPDX-License-Identifier: Apache-2.0
// Story: a full-screen program borrows a terminal and gives it back, whatever ends or stops it. Told by the probe, in
// pyte's terminal on a pseudo-terminal of the system.

import Foundation
import Testing

@Suite("A terminal that is lent")
struct TerminalLifeTests {
    @Test func isGivenBackWhateverEndsOrStopsTheProgram() async throws {
        let scratch = try ScratchFolder("terminal-life")
        let run = try await ProgramRun.toEnd(
            try await PythonEnvironment.shared.interpreter(),
            [PythonEnvironment.scripts + "/terminal_life.py", Program.built("SondeTerminalProbe")], in: scratch,
            within: .seconds(300))
        #expect(run.status == 0, "\(run.standardOutput)\(run.standardError)")
    }

    @Test func showsTheSameWhetherAllIsWrittenOrWhatDiffers() async throws {
        let scratch = try ScratchFolder("terminal-pictures")
        let run = try await ProgramRun.toEnd(
            try await PythonEnvironment.shared.interpreter(),
            [PythonEnvironment.scripts + "/terminal_pictures.py", Program.built("SondeTerminalProbe")], in: scratch,
            within: .seconds(300))
        #expect(run.status == 0, "\(run.standardOutput)\(run.standardError)")
        #expect(run.standardOutput == "900 pictures\n")
    }
}
