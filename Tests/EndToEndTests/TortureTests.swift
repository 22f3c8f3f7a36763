// SPDX-License-Identifier: Apache-2.0
// Story: the real collector is killed at seeded moments under load, again and again on one folder. `make torture` does it
// many more times, and in the middle of the store's own work.

import Foundation
import Testing

@Suite("Torture of the real collector")
struct TortureTests {
    @Test(arguments: ["serve", "serve-pruning"])
    func whatWasAcknowledgedOutlivesEightKillsInARow(kind: String) async throws {
        let scratch = try ScratchFolder("torture")
        let run = try ProgramRun(
            Program.built("SondeTorture"),
            ["run", "--kills", "8", "--kinds", kind, "--folder", scratch.file("files")],
            in: scratch)
        #expect(try await run.exitStatus(within: .seconds(300)) == 0, "\(run.account)")
    }
}
