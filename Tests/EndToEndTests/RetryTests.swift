// SPDX-License-Identifier: Apache-2.0
// Story: a service exports while the collector is full, in use or away. The SDK is told to wait, tries again by itself, and
// everything is stored, once.

import Foundation
import Testing

@Suite("Exports that are tried again")
struct RetryTests {
    enum Way: String, CaseIterable {
        case grpc, http

        func url(of collector: RunningCollector) -> String {
            self == .grpc ? collector.grpcURL : collector.otlpURL
        }

        /// What the SDK calls the answer "not now, for want of room".
        var noRoom: String { self == .grpc ? "StatusCode.RESOURCE_EXHAUSTED" : "Service Unavailable" }
        var notNow: String { self == .grpc ? "StatusCode.UNAVAILABLE" : "Service Unavailable" }
    }

    @Test(arguments: Way.allCases)
    func theSameExportSentTwiceIsStoredOnceAlsoAfterARestart(way: Way) async throws {
        let scratch = try ScratchFolder("again-twice")
        let first = try await RunningCollector(in: scratch)
        let account = try await Self.export([way.rawValue, way.url(of: first), "twice"], in: scratch)
        #expect(account.first?["first"] == .string("SUCCESS"))
        #expect(account.first?["second"] == .string("SUCCESS"))
        try await Self.expectSpans(of: account, in: first)
        #expect(try await first.stop() == 0)
        let second = try await RunningCollector(in: scratch)
        try await Self.expectSpans(of: account, in: second)
        #expect(try await second.stop() == 0)
    }

    @Test(arguments: Way.allCases)
    func aCollectorWithoutRoomInMemorySaysWhenToTryAgain(way: Way) async throws {
        let scratch = try ScratchFolder("again-memory")
        let collector = try await RunningCollector(in: scratch, arguments: ["--max-memory", "32MB"])
        let port = try #require(collector.otlpURL.split(separator: ":").last)
        // Of 32 MB, 10 are for bodies in flight, and 5 for one of them: two bodies leave less room than an export needs.
        let account = try await Self.export(
            [way.rawValue, way.url(of: collector), "memory", String(port), collector.queryURL, "5000000", "4999900"],
            in: scratch)
        #expect(account.compactMap { $0["answer"]?.text } == Array(repeating: "HTTP/1.1 100 Continue", count: 2))
        let warning = Self.warnings(account).first ?? ""
        #expect(warning.contains(way.noRoom), "\(account)")
        // The SDK's own first pause is one second more or less; ours is exact, so that it is seen to be read.
        #expect(warning.contains("retrying in 1.00s"), "\(account)")
        // Over HTTP the SDK keeps the sentence to itself.
        #expect(way == .http || warning.contains("too many request bodies are in memory at once"), "\(account)")
        try await Self.expectSpans(of: account, in: collector)
        #expect(try await collector.stop() == 0)
    }

    @Test(arguments: Way.allCases)
    func aStoreThatIsInUseSaysWhenToTryAgain(way: Way) async throws {
        let scratch = try ScratchFolder("again-locked")
        let collector = try await RunningCollector(in: scratch)
        let account = try await Self.export(
            [way.rawValue, way.url(of: collector), "locked", scratch.file("data/sonde.db")], in: scratch)
        let warning = Self.warnings(account).first ?? ""
        #expect(warning.contains(way.notNow), "\(account)")
        #expect(warning.contains("retrying in 1.00s"), "\(account)")
        #expect(way == .http || warning.hasSuffix("cannot store now: the file is in use"), "\(account)")
        try await Self.expectSpans(of: account, in: collector)
        #expect(try await collector.stop() == 0)
    }

    @Test(arguments: Way.allCases, ["is stopped", "is killed"])
    func nothingIsLostWhileTheCollector(way: Way, end: String) async throws {
        let scratch = try ScratchFolder("again-outage")
        let port = String(try FreePorts.take(1)[0])
        let first = try await RunningCollector(in: scratch, arguments: ["--otlp-\(way)", port])
        let python = try await PythonEnvironment.shared.interpreter()
        let sender = try ProgramRun(python, [Self.script, way.rawValue, way.url(of: first), "outage"], in: scratch)
        _ = try await sender.line("an export") { $0.contains("SUCCESS") ? true : nil }
        if end == "is stopped" {
            #expect(try await first.stop() == 0)
        } else {
            first.kill()
            _ = try await first.run.exitStatus()
        }
        _ = try await sender.line("a retry") { $0.contains("Transient error") ? true : nil }
        let second = try await RunningCollector(in: scratch, arguments: ["--otlp-\(way)", port])
        #expect(try await sender.exitStatus(within: .seconds(120)) == 0, "\(sender.account)")
        let account = try Self.account(sender.standardOutput)
        #expect(Self.warnings(account).allSatisfy { $0.hasPrefix("Transient error") }, "\(account)")
        try await Self.expectSpans(of: account, in: second)
        #expect(try await second.stop() == 0)
    }

    // MARK: The sender

    private static let script = PythonEnvironment.scripts + "/export_again.py"

    private static func export(
        _ arguments: [String], in scratch: ScratchFolder
    ) async throws -> [[String: JSONValue]] {
        let python = try await PythonEnvironment.shared.interpreter()
        let run = try await ProgramRun.toEnd(python, [script] + arguments, in: scratch, within: .seconds(120))
        #expect(run.status == 0, "\(run.standardError)")
        return try account(run.standardOutput)
    }

    private static func account(_ output: String) throws -> [[String: JSONValue]] {
        try output.split(separator: "\n").map {
            try JSONDecoder().decode([String: JSONValue].self, from: Data($0.utf8))
        }
    }

    /// What the SDK logged about itself.
    private static func warnings(_ account: [[String: JSONValue]]) -> [String] {
        account.compactMap { $0["sdk"]?.text }
    }

    /// All that was exported succeeded in the end, and is stored as often as it was made.
    private static func expectSpans(of account: [[String: JSONValue]], in collector: RunningCollector) async throws {
        #expect(account.allSatisfy { ($0["spans"] ?? .string("SUCCESS")) == .string("SUCCESS") }, "\(account)")
        #expect(account.allSatisfy { ($0["logs"] ?? .string("SUCCESS")) == .string("SUCCESS") }, "\(account)")
        let trace = try #require(account.last?["trace"]?.text)
        let tree = try await HTTPProbe.json(
            TreeAnswer.self, from: collector.queryURL + "/sonde/v1/traces/\(trace)?flat=1")
        #expect(account.last?["total"] == .integer(Int64(tree.trace.spanTotal)))
        let logs = try await HTTPProbe.json(FoundLogs.self, from: collector.queryURL + "/sonde/v1/logs?limit=1000")
        #expect(logs.logs.count == account.count { $0["logs"] != nil })
    }

    private struct FoundLogs: Decodable {
        struct Record: Decodable { var body: JSONValue }
        var logs: [Record]
    }
}
