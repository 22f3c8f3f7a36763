// SPDX-License-Identifier: Apache-2.0
// The real executable, run as a person or script would run it.

import Foundation
import SondeTestKit

/// What a run of `sonde` left behind.
struct Outcome: Sendable {
    var status: Int32
    var output: String
    var errors: String
}

/// A folder of its own for each test, gone when the test is.
final class Scratch: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "sonde-cli-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }
}

enum Binary {
    /// Beside the test bundle, built from the same sources.
    static let url: URL = {
        let bundle =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        return URL(filePath: bundle).deletingLastPathComponent().appending(path: "sonde")
    }()

    /// A process ready to start: nothing of this process's surroundings reaches it but the path.
    static func process(_ arguments: [String], _ environment: [String: String], in scratch: Scratch) -> Process {
        let process = Process()
        process.executableURL = url
        process.arguments = arguments
        process.environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "", "HOME": scratch.path, "TZ": "UTC",
            "LANG": "C.UTF-8",
        ].merging(environment) { $1 }
        process.currentDirectoryURL = URL(filePath: scratch.path)
        process.standardInput = FileHandle.nullDevice
        return process
    }

    /// Runs it to its end.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], in scratch: Scratch
    ) async throws -> Outcome {
        let process = process(arguments, environment, in: scratch)
        let run = UUID().uuidString
        let files = [scratch.file(run + ".out"), scratch.file(run + ".err")]
        for file in files { try Data().write(to: URL(filePath: file)) }
        process.standardOutput = try FileHandle(forWritingTo: URL(filePath: files[0]))
        process.standardError = try FileHandle(forWritingTo: URL(filePath: files[1]))
        try await end(of: process) { try process.run() }
        let texts = try files.map { String(decoding: try Data(contentsOf: URL(filePath: $0)), as: UTF8.self) }
        return Outcome(status: process.terminationStatus, output: texts[0], errors: texts[1])
    }

    /// Waits for the end of a process without keeping a thread.
    static func end(of process: Process, start: () throws -> Void) async throws {
        let (ended, announce) = AsyncStream.makeStream(of: Void.self)
        process.terminationHandler = { _ in announce.finish() }
        try start()
        for await _ in ended {}
    }
}

/// `sonde serve` on free ports.
final class RunningServe: Sendable {
    let process: Process
    private let errorFile: String

    init(_ arguments: [String], environment: [String: String] = [:], in scratch: Scratch) throws {
        let free = [
            "--otlp-http", "127.0.0.1:0", "--otlp-grpc", "127.0.0.1:0", "--zipkin", "127.0.0.1:0", "--query",
            "127.0.0.1:0", "--data",
            scratch.file("data"),
        ]
        process = Binary.process(["serve"] + free + arguments, environment, in: scratch)
        errorFile = scratch.file("serve-\(UUID().uuidString).err")
        try Data().write(to: URL(filePath: errorFile))
        process.standardError = try FileHandle(forWritingTo: URL(filePath: errorFile))
        process.standardOutput = FileHandle.nullDevice
        try process.run()
    }

    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    var errors: String { (try? String(contentsOfFile: errorFile, encoding: .utf8)) ?? "" }

    /// The address in the line of a listener, once it has been written.
    func url(of listener: String) async throws -> String {
        let line = try await line { $0.contains(listener) && $0.contains("http://") }
        guard let match = line.firstMatch(of: /http:\/\/[0-9.]+:[0-9]+/) else { throw ServeFailure(errors: errors) }
        return String(match.output)
    }

    /// The first line that is meant.
    func line(_ isMeant: (Substring) -> Bool) async throws -> String {
        let deadline = ContinuousClock.now + .seconds(180)
        while ContinuousClock.now < deadline {
            let hasEnded = !process.isRunning
            if let line = errors.split(separator: "\n").first(where: isMeant) { return String(line) }
            if hasEnded { break }
            try? await Task.sleep(for: .milliseconds(20))
        }
        throw ServeFailure(errors: errors)
    }

    /// Asks it to stop and returns its status.
    func stop() async -> Int32 {
        process.terminate()
        while process.isRunning { try? await Task.sleep(for: .milliseconds(20)) }
        return process.terminationStatus
    }
}

/// `sonde serve` did not say what it should have.
struct ServeFailure: Error, CustomStringConvertible {
    var errors: String
    var description: String { "sonde serve said:\n" + errors }
}
