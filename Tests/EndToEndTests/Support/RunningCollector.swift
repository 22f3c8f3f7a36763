// SPDX-License-Identifier: Apache-2.0
// `sonde serve` on free ports, ready to be used.

import Foundation

final class RunningCollector: Sendable {
    let run: ProgramRun
    /// `http://127.0.0.1:PORT`, where OTLP is taken.
    let otlpURL: String
    /// `http://127.0.0.1:PORT`, where OTLP over gRPC is taken.
    let grpcURL: String
    /// `http://127.0.0.1:PORT`, where Zipkin's spans are taken.
    let zipkinURL: String
    /// `http://127.0.0.1:PORT`, where questions are answered.
    let queryURL: String

    /// Starts a collector whose data lies in `data` below the folder, and waits until it is ready.
    ///
    /// - Parameter shell: what a shell says before it becomes the collector: bounds, or a program that watches it.
    init(
        in scratch: ScratchFolder, data: String = "data", arguments: [String] = [], shell: String? = nil
    ) async throws {
        let free = ["--otlp-http", "--otlp-grpc", "--zipkin", "--query"].flatMap { [$0, "127.0.0.1:0"] }
        let words = ["serve", "--data", scratch.file(data), "--log-format", "text"] + free + arguments
        if let shell {
            run = try ProgramRun("/bin/sh", ["-c", "\(shell) \"$0\" \"$@\"", Program.sonde] + words, in: scratch)
        } else {
            run = try ProgramRun(Program.sonde, words, in: scratch)
        }
        otlpURL = try await Self.address(of: "otlp-http", in: run)
        grpcURL = try await Self.address(of: "otlp-grpc", in: run)
        queryURL = try await Self.address(of: "query", in: run)
        zipkinURL = try await Self.address(of: "zipkin", in: run)
        let query = queryURL
        let run = run
        try await eventually("the collector is ready") {
            guard run.isRunning else { throw Hopeless(description: run.account) }
            return try await HTTPProbe.get(query + "/health/ready").status == 200
        }
    }

    /// Asks it to stop and returns its exit status.
    func stop() async throws -> Int32 { try await run.stop() }

    /// Ends it without asking.
    func kill() { run.kill() }

    private static func address(of listener: String, in run: ProgramRun) async throws -> String {
        try await run.line("the address of \(listener)") { line in
            guard line.contains(listener), let match = line.firstMatch(of: /http:\/\/[0-9.]+:[0-9]+/) else {
                return nil
            }
            return String(match.output)
        }
    }
}
