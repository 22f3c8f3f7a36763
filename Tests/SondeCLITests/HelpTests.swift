// SPDX-License-Identifier: Apache-2.0
// What `--help` says, and the pages printed from it.

import ArgumentParser
import SondeTestKit
import Testing

@testable import SondeCLI

@Suite("Help")
struct HelpTests {
    @Test(arguments: [
        [], ["serve"], ["services"], ["operations"], ["traces"], ["trace"], ["logs"], ["export"], ["import"],
        ["stats"], ["pin"], ["sql"], ["check"], ["backup"], ["version"], ["exec"], ["tail"], ["expect"],
        ["completions"], ["attributes"], ["errors"], ["diff"], ["doctor"], ["top"], ["graph"], ["view"],
    ])
    func looksAsAgreed(command: [String]) async throws {
        let outcome = try await Binary.run(command + ["--help"], in: Scratch())
        #expect(outcome.status == 0)
        #expect(outcome.errors == "")
        try Golden().expect(outcome.output, is: "help-\(command.first ?? "sonde").txt")
    }

    @Test func theReferencePagesSayWhatTheProgramSays() throws {
        let docs = Golden(repositoryFolder: "docs")
        try docs.expect(ReferencePages.commands(), is: "cli.md")
        try docs.expect(ReferencePages.settings(), is: "configuration.md")
    }

    @Test func helpOfServeNamesEverySettingAndItsDefault() {
        let help = SondeCommand.helpMessage(for: Serve.self, columns: 1000)
        for setting in Setting.all {
            #expect(help.contains("--" + setting.flag))
            if let standard = setting.standard { #expect(help.contains("(default: \(standard))")) }
        }
    }
}
