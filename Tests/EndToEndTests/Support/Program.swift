// SPDX-License-Identifier: Apache-2.0
// A program that a test runs as a person would: the real executable, its own process, its output kept in files.

import Foundation
import Synchronization

/// Where the programs under test stand: beside the test bundle, built from the same sources.
enum Program {
    /// The collector and shell tool.
    static var sonde: String { built("sonde") }
    /// The demo shop.
    static var shop: String { built("shop") }
    /// The service that the W3C harness drives.
    static var w3c: String { built("sonde-w3c") }

    /// The path of a product of this package.
    static func built(_ name: String) -> String {
        let bundle =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(fileURLWithPath: bundle).deletingLastPathComponent().appendingPathComponent(name).path
    }

    /// The root of the source tree, for scripts and configuration that are not built.
    static var sourceRoot: String {
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { url.deleteLastPathComponent() }
        return url.path
    }
}

/// One run of a program. It is killed when the last reference goes, so that a failed test leaves nothing running.
final class ProgramRun: Sendable {
    let name: String
    private let process: Process
    private let standardOutputPath: String
    private let standardErrorPath: String

    private static let runs = Mutex(0)

    /// Starts `executable`. Output goes to files in `folder`, which must outlive the run.
    ///
    /// Of this process's environment nothing that configures telemetry is passed on: only what `environment` says.
    init(
        _ executable: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        in folder: ScratchFolder
    ) throws {
        name = URL(fileURLWithPath: executable).lastPathComponent
        let number = Self.runs.withLock { count in
            count += 1
            return count
        }
        standardOutputPath = folder.file("\(number)-\(name).out")
        standardErrorPath = folder.file("\(number)-\(name).err")
        process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.environment = Self.inherited().merging(environment) { $1 }
        process.currentDirectoryURL = URL(fileURLWithPath: folder.path)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try Self.emptyFile(standardOutputPath)
        process.standardError = try Self.emptyFile(standardErrorPath)
        try Self.withAllSignals { try process.run() }
    }

    deinit {
        if process.isRunning { kill() }
    }

    var processIdentifier: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }
    /// What it has written to standard output so far.
    var standardOutput: String { Self.read(standardOutputPath) }
    /// What it has written to standard error so far.
    var standardError: String { Self.read(standardErrorPath) }

    /// Waits for a line, on either output, of which `pick` makes something.
    func line<Answer: Sendable>(
        _ what: String, within limit: Duration = .seconds(180), pick: @Sendable (Substring) -> Answer?
    ) async throws -> Answer {
        try await eventually("\(name): \(what)", within: limit) {
            let hasEnded = !isRunning
            for text in [standardError, standardOutput] {
                if let answer = text.split(separator: "\n").lazy.compactMap(pick).first { return answer }
            }
            if hasEnded { throw Hopeless(description: "waited for \(what), but " + account) }
            return nil
        }
    }

    /// Waits until the program ends by itself.
    func exitStatus(within limit: Duration = .seconds(180)) async throws -> Int32 {
        try await eventually("\(name) ends", within: limit) { !isRunning }
        return process.terminationStatus
    }

    /// Asks it to stop (SIGTERM) and waits until it has.
    @discardableResult
    func stop(within limit: Duration = .seconds(180)) async throws -> Int32 {
        if process.isRunning { process.terminate() }
        do {
            return try await exitStatus(within: limit)
        } catch {
            kill()
            throw error
        }
    }

    /// Ends it without asking (SIGKILL), as a power cut would.
    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
    }

    /// What a failure message says about this run.
    var account: String {
        let state = isRunning ? "is running" : "has ended with status \(process.terminationStatus)"
        return "\(name) (pid \(processIdentifier)) \(state)"
            + "\n--- standard error, last lines:\n\(Self.tail(standardError))"
            + "\n--- standard output, last lines:\n\(Self.tail(standardOutput))"
    }

    /// A program inherits the signal mask of the thread that starts it, and the threads that run tests block most
    /// signals: without this, SIGTERM would never reach a program that does not unblock it itself.
    private static func withAllSignals(_ start: () throws -> Void) rethrows {
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try start()
    }

    private static func inherited() -> [String: String] {
        ProcessInfo.processInfo.environment.filter { name, _ in
            !["OTEL_", "SONDE_", "XDG_"].contains { name.hasPrefix($0) } && name != "NO_COLOR"
        }
    }

    private static func emptyFile(_ path: String) throws -> FileHandle {
        let url = URL(fileURLWithPath: path)
        try Data().write(to: url)
        return try FileHandle(forWritingTo: url)
    }

    private static func read(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    private static func tail(_ text: String) -> String {
        text.split(separator: "\n").suffix(20).joined(separator: "\n")
    }
}

/// What a program that ran to its end left.
struct ProgramResult: Sendable {
    let status: Int32
    let standardOutput: String
    let standardError: String
}

extension ProgramRun {
    /// Runs a program to its end.
    static func toEnd(
        _ executable: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        in folder: ScratchFolder,
        within limit: Duration = .seconds(180)
    ) async throws -> ProgramResult {
        let run = try ProgramRun(executable, arguments, environment: environment, in: folder)
        let status = try await run.exitStatus(within: limit)
        return ProgramResult(status: status, standardOutput: run.standardOutput, standardError: run.standardError)
    }
}
