// SPDX-License-Identifier: Apache-2.0
// Where an answer comes from: a running collector, or the file that one writes. The commands never learn which.

import ArgumentParser
import FoundationEssentials
import SondeClient
import SondeStorage

typealias Source = TraceReader & LogReader & ActivityReader

struct SourceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Ask the collector at this URL. Without it SONDE_URL counts. (default: \(Self.standardURL))",
            valueName: "url"))
    var at: String?

    @Option(
        help: ArgumentHelp(
            "Read this file, or the sonde.db in this folder, without a collector or while one writes to it.",
            valueName: "path"))
    var db: String?

    static let standardURL = "http://127.0.0.1:16686"

    func validate() throws {
        guard at == nil || db == nil else {
            throw ValidationError("--at and --db name two sources; give one of them")
        }
    }

    func open(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) async throws(CommandFailure) -> any Source {
        if let db { return try await StoreChoice.read(path: db) }
        return try Self.collector(at: at, environment: environment)
    }
}

extension SourceOptions {
    /// The collector that a flag, the environment or nobody named.
    static func collector(at url: String?, environment: [String: String]) throws(CommandFailure) -> RemoteStore {
        if let url { return try connect(to: url, named: "--at") }
        let variable = environment["SONDE_URL"] ?? ""
        return variable.isEmpty
            ? try connect(to: standardURL, named: "--at") : try connect(to: variable, named: "SONDE_URL")
    }

    private static func connect(to url: String, named name: String) throws(CommandFailure) -> RemoteStore {
        // People type what `serve` was given: HOST:PORT means http there as well.
        let isBareAddress = !url.contains("://") && url.contains(/^[^\/]+:[0-9]+\/?$/)
        do throws(ReadError) { return try RemoteStore(url: isBareAddress ? "http://" + url : url) } catch {
            throw CommandFailure(.usage, "cannot use \(name): \(error.reason)")
        }
    }
}
