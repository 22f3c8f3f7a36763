// SPDX-License-Identifier: Apache-2.0
// Story: what an acknowledgement promises is seen from the system calls: with full durability the log is synced between
// its last write and the answer, for each commit.

import Foundation
import SondeModel
import SondeTestKit
import SondeWire
import Testing

@Suite("Durability, seen from the system calls", .serialized)
struct DurabilityTests {
    private static let batches = 25

    @Test func fullSyncsTheLogBeforeEveryAnswer() async throws {
        let answers = try await answers(durability: "full")
        #expect(answers.count == Self.batches)
        let synced = answers.filter { $0.hasWritten && $0.isSynced }
        #expect(synced.count == Self.batches, "\(answers)")
    }

    /// What relaxed gives up, and the proof that the test above would notice.
    @Test func relaxedAnswersWithoutWaitingForTheDisk() async throws {
        let answers = try await answers(durability: "relaxed")
        #expect(answers.count == Self.batches)
        let written = answers.filter { $0.hasWritten }
        let unsynced = answers.filter { !$0.isSynced }
        #expect(written.count == Self.batches, "\(answers)")
        #expect(!unsynced.isEmpty, "\(answers)")
    }

    private func answers(durability: String) async throws -> ArraySlice<SystemCallLog.Answer> {
        let scratch = try ScratchFolder("durability")
        let log = scratch.file("calls")
        let shell =
            "exec strace -D -f -y -s 16 -e trace=pwrite64,pwritev,write,writev,sendto,sendmsg,fdatasync,fsync -o \(log)"
        let collector = try await RunningCollector(
            in: scratch, arguments: ["--durability", durability], shell: shell)
        for batch in 1...UInt64(Self.batches) {
            let answer = try await HTTPProbe.send(
                "POST", collector.otlpURL + "/v1/traces", headers: [("Content-Type", "application/x-protobuf")],
                body: OTLPEncoder.traces([.sample(trace: batch, 1)]))
            #expect(answer.status == 200)
        }
        _ = try await collector.stop()
        // The tracer lives a moment longer than what it watches.
        let text = try await eventually("strace has written all: or is ptrace refused here? \(collector.run.account)") {
            let text = try String(contentsOfFile: log, encoding: .utf8)
            return text.contains("+++ exited with 0 +++") ? text : nil
        }
        return SystemCallLog.answers(text).suffix(Self.batches)
    }
}

/// What `strace -f -y` has written, read for one question: was the log synced before the answer?
enum SystemCallLog {
    struct Answer: CustomStringConvertible {
        /// Whether the log was written since the answer before.
        var hasWritten: Bool
        /// Whether a sync of the log began after a write to it and was over before the answer.
        var isSynced: Bool

        var description: String { hasWritten ? (isSynced ? "synced" : "written") : "nothing" }
    }

    /// Every answer of 200, those to other questions included.
    static func answers(_ text: String) -> [Answer] {
        var answers: [Answer] = []
        var current = Answer(hasWritten: false, isSynced: false)
        /// Threads whose sync of the log is under way, begun after a write.
        var syncing: Set<Substring> = []
        for line in text.split(separator: "\n") {
            let thread = line.prefix { $0 != " " }
            let isLog = line.contains("sonde.db-wal>")
            let isSync = line.contains("fdatasync") || line.contains("fsync")
            if isLog, line.contains("pwrite64(") {
                current.hasWritten = true
                // Later writes of the same commit are not covered by an earlier sync.
                current.isSynced = false
            } else if isSync, isLog, current.hasWritten {
                if line.contains("unfinished") { syncing.insert(thread) } else { current.isSynced = true }
            } else if isSync, line.contains("resumed"), syncing.remove(thread) != nil {
                current.isSynced = true
            } else if line.contains("\"HTTP/1.1 200 OK") {
                answers.append(current)
                current = Answer(hasWritten: false, isSynced: false)
            }
        }
        return answers
    }
}
