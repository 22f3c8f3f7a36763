// SPDX-License-Identifier: Apache-2.0
// Ctrl-C in the middle of an export.

import Foundation
import Testing

@Suite("Interruption")
struct InterruptionTests {
    @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
    func anExportThatIsBrokenOffLeavesNothing(signal: Int32) async throws {
        let scratch = try Scratch()
        let server = try SilentServer()
        try Data("older".utf8).write(to: URL(filePath: scratch.file("out.json")))
        let process = try await waiting(["export", "--to", "out.json", "--at", server.url], scratch) {
            FileManager.default.fileExists(atPath: scratch.file("out.json.partial"))
        }
        kill(process.processIdentifier, signal)
        while process.isRunning { try await Task.sleep(for: .milliseconds(20)) }
        // As of every program that a signal ends; a shell shows it as 128 and the signal's number.
        #expect(process.terminationReason == .uncaughtSignal)
        #expect(process.terminationStatus == signal)
        #expect(try files(scratch) == ["out.json"])
        #expect(try String(contentsOfFile: scratch.file("out.json"), encoding: .utf8) == "older")
    }

    @Test func aSignalThatIsIgnoredStaysSo() async throws {
        let scratch = try Scratch()
        let server = try SilentServer()
        let process = try await waiting(
            ["export", "--to", "out.json", "--at", server.url], scratch, under: "trap '' HUP; exec"
        ) { FileManager.default.fileExists(atPath: scratch.file("out.json.partial")) }
        kill(process.processIdentifier, SIGHUP)
        kill(process.processIdentifier, SIGTERM)
        while process.isRunning { try await Task.sleep(for: .milliseconds(20)) }
        #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGTERM)
        #expect(try files(scratch) == [])
    }

    /// A run of the binary, once `isThere`. Signals that this thread holds back are let through.
    private func waiting(
        _ arguments: [String], _ scratch: Scratch, under shell: String = "exec", until isThere: () -> Bool
    ) async throws -> Process {
        let process = Binary.process([], [:], in: scratch)
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", "\(shell) \"$0\" \"$@\"", Binary.url.path] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try Self.withAllSignals { try process.run() }
        let deadline = ContinuousClock.now + .seconds(60)
        while !isThere(), process.isRunning, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(process.isRunning)
        return process
    }

    private static func withAllSignals(_ start: () throws -> Void) rethrows {
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try start()
    }

    private func files(_ scratch: Scratch) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: scratch.path).filter { $0.hasPrefix("out") }.sorted()
    }
}
