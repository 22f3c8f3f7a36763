// SPDX-License-Identifier: Apache-2.0
// Story: a backup is made while services send, and a backup that is killed leaves nothing under its name.

import Foundation
import SondeModel
import SondeTestKit
import SondeWire
import Testing

@Suite("Backup")
struct BackupTests {
    private static let spansPerTrace = 40

    private static func send(_ trace: UInt64, to collector: RunningCollector) async throws {
        let spans = (1...UInt64(spansPerTrace)).map { SpanRecord.sample(trace: trace, $0, parent: $0 - 1) }
        let answer = try await HTTPProbe.send(
            "POST", collector.otlpURL + "/v1/traces", headers: [("Content-Type", "application/x-protobuf")],
            body: OTLPEncoder.traces(spans))
        try #require(answer.status == 200)
    }

    /// Sends one trace after the other while `body` runs.
    private func whileSending(
        to collector: RunningCollector, from first: UInt64, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var trace = first
                while !Task.isCancelled {
                    try await Self.send(trace, to: collector)
                    trace += 1
                }
            }
            try await body()
            group.cancelAll()
            // A request that was cut off on the way is no failure of the story.
            while let result = await group.nextResult() { _ = result }
        }
    }

    @Test func isWholeWhileServicesSend() async throws {
        let scratch = try ScratchFolder("backup")
        let collector = try await RunningCollector(in: scratch)
        for trace in 1...20 as ClosedRange<UInt64> { try await Self.send(trace, to: collector) }
        try await whileSending(to: collector, from: 1_000) {
            for number in 1...3 {
                let target = scratch.file("copy-\(number).db")
                let backup = try ProgramRun(
                    Program.sonde, ["backup", target, "--db", scratch.file("data")], in: scratch)
                try await eventually("the backup has ended") { !backup.isRunning }
                #expect(backup.account.contains("nothing wrong"), "\(backup.account)")
                #expect(!FileManager.default.fileExists(atPath: target + ".partial"))
            }
        }
        #expect(try await collector.stop() == 0)
        // What was acknowledged before the first backup is in each, and the copy serves as a data folder.
        try FileManager.default.createDirectory(atPath: scratch.file("copy"), withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: scratch.file("copy-1.db"), toPath: scratch.file("copy/sonde.db"))
        let restored = try await RunningCollector(in: scratch, data: "copy")
        for trace in 1...20 as ClosedRange<UInt64> {
            let url = "\(restored.queryURL)/sonde/v1/traces/\(TraceID.sample(trace).hex)"
            #expect(try await HTTPProbe.json(TreeAnswer.self, from: url).trace.spanTotal == Self.spansPerTrace)
        }
        #expect(try await restored.stop() == 0)
    }

    @Test func leavesNothingUnderItsNameWhenItIsKilled() async throws {
        let scratch = try ScratchFolder("backup-kill")
        let collector = try await RunningCollector(in: scratch)
        for trace in 1...200 as ClosedRange<UInt64> { try await Self.send(trace, to: collector) }
        let target = scratch.file("copy.db")
        let arguments = ["backup", target, "--db", scratch.file("data")]
        var killed = 0
        // It is killed as soon as its file appears; should it be quicker than that once, its work is done and whole.
        for _ in 0..<5 {
            let backup = try ProgramRun(Program.sonde, arguments, in: scratch)
            try await eventually("the copy has begun") {
                FileManager.default.fileExists(atPath: target + ".partial") || !backup.isRunning
            }
            backup.kill()
            try await eventually("the backup is gone") { !backup.isRunning }
            if FileManager.default.fileExists(atPath: target) {
                try FileManager.default.removeItem(atPath: target)
            } else {
                killed += 1
            }
        }
        #expect(killed > 0)
        // What a killed one left is no hindrance, and does not stay.
        let last = try ProgramRun(Program.sonde, arguments, in: scratch)
        try await eventually("the backup has ended") { !last.isRunning }
        #expect(last.account.contains("nothing wrong"), "\(last.account)")
        #expect(FileManager.default.fileExists(atPath: target))
        #expect(!FileManager.default.fileExists(atPath: target + ".partial"))
        #expect(try await collector.stop() == 0)
    }
}
