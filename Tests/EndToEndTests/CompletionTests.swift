// SPDX-License-Identifier: Apache-2.0
// Story: someone presses the tab key and gets the names of their own services; without a collector nothing, and no noise.

import Foundation
import SondeTestKit
import Testing

@Suite("The tab key")
struct CompletionTests {
    /// What bash offers for a line, whose last word is being typed, cut into words as bash cuts them.
    private static func bash(
        _ words: [String], at url: String, in scratch: ScratchFolder
    ) async throws -> (answers: [String], noise: String) {
        let script = """
            source <("$0" completions bash)
            COMP_WORDS=("$0" "$@")
            COMP_CWORD=$#
            COMP_LINE="${COMP_WORDS[*]}"
            COMP_POINT=${#COMP_LINE}
            current="${COMP_WORDS[COMP_CWORD]}"
            [ "$current" = = ] && current=
            _sonde sonde "$current" "${COMP_WORDS[COMP_CWORD-1]}"
            for answer in "${COMPREPLY[@]}"; do echo "$answer"; done
            """
        let run = try await ProgramRun.toEnd(
            "/bin/bash", ["-c", script, Program.sonde] + words, environment: ["SONDE_URL": url], in: scratch)
        return (run.standardOutput.split(separator: "\n").map(String.init), run.standardError)
    }

    @Test func valuesComeFromTheCollector() async throws {
        let scratch = try ScratchFolder("tab")
        let collector = try await RunningCollector(in: scratch)
        for (service, name) in [("orders", "ship"), ("payments", "charge card")] {
            let run = try await ProgramRun.toEnd(
                Program.sonde,
                ["exec", "--service", service, "--name", name, "--attr", "region=eu-\(service)", "--", "true"],
                environment: ["SONDE_URL": collector.queryURL], in: scratch)
            #expect(run.status == 0)
        }
        let lines: [([String], [String])] = [
            (["operations", ""], ["orders", "payments"]), (["operations", "p"], ["payments"]),
            (["logs", "--service", "or"], ["orders"]), (["traces", "--service", "or"], ["orders"]),
            (["traces", "--service", "orders", "--operation", ""], ["ship"]),
            (["traces", "service", "=", "pa"], ["payments"]), (["traces", "service", "="], ["orders", "payments"]),
            (["traces", "region", "=", "eu-o"], ["eu-orders"]), (["attributes", "reg"], ["region"]),
            (["traces", "--attr", "regi"], ["region="]), (["serv"], ["serve", "services"]),
        ]
        for (words, wanted) in lines {
            let (answers, noise) = try await Self.bash(words, at: collector.queryURL, in: scratch)
            #expect(answers.sorted() == wanted, "\(words)")
            #expect(noise == "", "\(words)")
        }
        let (ids, _) = try await Self.bash(["trace", ""], at: collector.queryURL, in: scratch)
        #expect(ids.count == 2 && ids.allSatisfy { $0.utf8.count == 32 }, "\(ids)")
        let (one, _) = try await Self.bash(["trace", String(ids[0].prefix(6))], at: collector.queryURL, in: scratch)
        #expect(one == [ids[0]])
        // The file of a collector, named on the line, is asked instead of it.
        let (file, _) = try await Self.bash(
            ["operations", "--db", scratch.file("data"), ""], at: "http://127.0.0.1:9", in: scratch)
        #expect(file.sorted() == ["orders", "payments"])
        #expect(try await collector.stop() == 0)
    }

    @Test func withoutACollectorThereIsNothingAndNoNoise() async throws {
        let scratch = try ScratchFolder("nobody")
        for words in [["operations", ""], ["trace", ""], ["traces", "--service", ""]] {
            let (answers, noise) = try await Self.bash(words, at: "http://127.0.0.1:9", in: scratch)
            #expect(answers == [], "\(words)")
            #expect(noise == "", "\(words)")
        }
    }

    @Test(arguments: ["zsh", "fish"])
    func theOtherShellsHaveTheirScripts(shell: String) async throws {
        let scratch = try ScratchFolder("script")
        let run = try await ProgramRun.toEnd(Program.sonde, ["completions", shell], in: scratch)
        #expect(run.status == 0)
        #expect(run.standardOutput.contains("---completion"))
    }
}
