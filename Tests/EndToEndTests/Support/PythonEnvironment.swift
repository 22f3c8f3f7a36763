// SPDX-License-Identifier: Apache-2.0
// A Python with the packages that the stories' scripts need, made once below the build folder.

import Foundation

/// Makes the environment when first asked for; everybody after waits for the same one.
actor PythonEnvironment {
    static let shared = PythonEnvironment()

    private var making: Task<String, any Error>?

    /// The path of an interpreter that has `Python/requirements.txt` installed.
    func interpreter() async throws -> String {
        if let making { return try await making.value }
        let task = Task { try await Self.make() }
        making = task
        return try await task.value
    }

    static let scripts = Program.sourceRoot + "/Tests/EndToEndTests/Python"

    private static func make() async throws -> String {
        let folder = URL(fileURLWithPath: Program.sonde).deletingLastPathComponent().appendingPathComponent(
            "python-env"
        ).path
        let python = folder + "/bin/python3"
        let marker = folder + "/requirements.txt"
        let wanted = FileManager.default.contents(atPath: scripts + "/requirements.txt")
        // The marker is written last: an environment without it was interrupted while it was made.
        if let wanted, FileManager.default.contents(atPath: marker) == wanted { return python }
        let scratch = try ScratchFolder("python")
        try await run("/usr/bin/env", ["python3", "-m", "venv", "--clear", folder], in: scratch)
        try await run(python, ["-m", "pip", "install", "--quiet", "-r", scripts + "/requirements.txt"], in: scratch)
        try wanted?.write(to: URL(fileURLWithPath: marker))
        return python
    }

    private static func run(_ program: String, _ arguments: [String], in scratch: ScratchFolder) async throws {
        let result = try await ProgramRun.toEnd(program, arguments, in: scratch, within: .seconds(300))
        guard result.status == 0 else {
            throw UnexpectedAnswer(description: "\(program) \(arguments) failed:\n\(result.standardError)")
        }
    }
}
