// SPDX-License-Identifier: Apache-2.0
// A terminal of a size of its own, with a person in front of it who may press Ctrl-C.

import Foundation

/// What was seen of one command.
struct TerminalAccount: Decodable, Sendable {
    /// Every screen that differs from the one before, as lines without trailing blanks.
    var screens: [[String]]
    /// What stands there when the command has ended.
    var last: [String]
    /// As a shell shows it: a signal adds 128.
    var status: Int32
    var hasColour: Bool
}

enum Terminal {
    /// - Parameter interrupt: Ctrl-C is pressed once this stands on the screen.
    static func sonde(
        _ arguments: [String], columns: Int = 80, rows: Int = 24, interruptAt interrupt: String = "",
        environment: [String: String] = [:], in scratch: ScratchFolder
    ) async throws -> TerminalAccount {
        let python = try await PythonEnvironment.shared.interpreter()
        let script = PythonEnvironment.scripts + "/terminal.py"
        let run = try await ProgramRun.toEnd(
            python, [script, String(columns), String(rows), interrupt, Program.sonde] + arguments,
            environment: environment, in: scratch, within: .seconds(120))
        guard run.status == 0 else { throw UnexpectedAnswer(description: run.standardError) }
        return try JSONDecoder().decode(TerminalAccount.self, from: Data(run.standardOutput.utf8))
    }
}
