// SPDX-License-Identifier: Apache-2.0
// Story: a person looks at what came in, on a narrow terminal, on a wide one, and without colours.

import Foundation
import Testing

@Suite("What a person sees at a terminal")
struct TerminalTests {
    @Test func everyListFitsItsTerminalAndKeepsToNoColour() async throws {
        let scratch = try ScratchFolder("lists")
        let collector = try await RunningCollector(in: scratch)
        let python = try await PythonEnvironment.shared.interpreter()
        let sent = try await ProgramRun.toEnd(
            python, [PythonEnvironment.scripts + "/send_everything.py", collector.otlpURL], in: scratch)
        #expect(sent.status == 0, "\(sent.standardError)")
        let trace = try await Curl.jq(".traceId", sent.standardOutput, in: scratch)
        let commands = [
            ["services"], ["operations", "python-shop"], ["traces"], ["trace", trace, "--logs"], ["logs"],
        ]
        for command in commands {
            for columns in [40, 80, 200] {
                let seen = try await Terminal.sonde(
                    command, columns: columns, rows: 60, environment: ["SONDE_URL": collector.queryURL], in: scratch)
                #expect(seen.status == 0 && seen.hasColour, "\(command) \(seen.last)")
                let plain = try await ProgramRun.toEnd(
                    Program.sonde, command,
                    environment: ["SONDE_URL": collector.queryURL, "COLUMNS": "\(columns)"], in: scratch)
                #expect(!plain.standardOutput.contains("\u{1B}"))
                // No line of it goes on in the next: the screen shows line for line what a pipe of that width gets.
                let lines = plain.standardOutput.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                #expect(seen.last == lines.map { String($0.reversed().drop { $0 == " " }.reversed()) }, "\(command)")
                #expect(seen.last.contains { $0.contains("python-shop") || $0.contains("POST") }, "\(seen.last)")
            }
            let noColour = try await Terminal.sonde(
                command, rows: 60, environment: ["SONDE_URL": collector.queryURL, "NO_COLOR": "1"], in: scratch)
            #expect(noColour.status == 0 && !noColour.hasColour, "\(command)")
            let coloured = try await Terminal.sonde(
                command, rows: 60, environment: ["SONDE_URL": collector.queryURL], in: scratch)
            #expect(noColour.last == coloured.last)
        }
        #expect(try await collector.stop() == 0)
    }
}
