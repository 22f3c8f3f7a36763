// SPDX-License-Identifier: Apache-2.0
// Story: people look at a shop with `sonde view`, on terminals of every size and kind, and leave it in every way.

import Foundation
import Testing

@Suite("The viewer on a terminal")
struct ViewTests {
    @Test func survivesEverythingAndGivesTheTerminalBack() async throws {
        let scratch = try ScratchFolder("view-life")
        let run = try await ProgramRun.toEnd(
            try await PythonEnvironment.shared.interpreter(),
            [PythonEnvironment.scripts + "/view_life.py", Program.sonde, try scratch.folder("view")], in: scratch,
            within: .seconds(600))
        #expect(run.status == 0, "\(run.standardOutput)\(run.standardError)")
    }

    @Test func slowestSpanOfAFailedCheckoutIsAtMostSixKeysAway() async throws {
        let scratch = try ScratchFolder("view-story")
        let collector = try await RunningCollector(in: scratch)
        let shop = try await ShopRun(sendingTo: collector.otlpURL, in: scratch)
        try await shop.setFault("slow-inventory", on: true, in: shop.inventory)
        for basket in [["lamp": 1], ["bicycle": 2, "lamp": 1], ["notebook": 2]] { _ = try await shop.checkOut(basket) }
        let run = try await ProgramRun.toEnd(
            try await PythonEnvironment.shared.interpreter(),
            [PythonEnvironment.scripts + "/view_story.py", Program.sonde, collector.queryURL, "reserve items"],
            in: scratch, within: .seconds(120))
        #expect(run.standardOutput == "4 keys, status 0\n", "\(run.standardError)")
        #expect(try await shop.stop().allSatisfy { $0 == 0 })
        #expect(try await collector.stop() == 0)
    }
}
