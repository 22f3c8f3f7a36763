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
            valueName: "path"),
        completion: .file())
    var db: String?

    /// As it was typed, for commands that are told to people: a blank and the flag, or nothing.
    var asTyped: String {
        if let db { return " --db " + Self.quoted(db) }
        return at.map { " --at " + Self.quoted($0) } ?? ""
    }

    /// As a shell takes it back.
    private static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            switch byte {
            case 0x2B...0x3A, 0x40...0x5A, 0x5F, 0x61...0x7A: true
            default: false
            }
        }
        return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }

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
    ///
    /// - Parameter answersWithin: how long an answer may take; nil for as long as a person waits.
    static func collector(
        at url: String?, environment: [String: String], answersWithin time: Duration? = nil
    ) throws(CommandFailure) -> RemoteStore {
        if let url { return try connect(to: url, named: "--at", time) }
        let variable = environment["SONDE_URL"] ?? ""
        return variable.isEmpty
            ? try connect(to: standardURL, named: "--at", time)
            : try connect(to: variable, named: "SONDE_URL", time)
    }

    private static func connect(
        to url: String, named name: String, _ time: Duration?
    ) throws(CommandFailure) -> RemoteStore {
        // People type what `serve` was given: HOST:PORT means http there as well.
        let isBareAddress = !url.contains("://") && url.contains(/^[^\/]+:[0-9]+\/?$/)
        let whole = isBareAddress ? "http://" + url : url
        do throws(ReadError) {
            guard let time else { return try RemoteStore(url: whole) }
            return try RemoteStore(url: whole, answersWithin: time)
        } catch {
            throw CommandFailure(.usage, "cannot use \(name): \(error.reason)")
        }
    }
}
