// SPDX-License-Identifier: Apache-2.0
// A damaged write-ahead log: SQLite reads up to the damage without a word, the check says what is lost behind it.

import FoundationEssentials
import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("Check of the write-ahead log") struct LogFileTests {
    private static let pageSize = 8_192
    private static let frameSize = 24 + pageSize

    /// The files of a store whose last commits lie in the log, as a crash leaves them.
    private func crashed(commits: Int = 12) async throws -> (folder: TemporaryFolder, log: Data) {
        let folder = try TemporaryFolder()
        let copy = try TemporaryFolder()
        var dice = Dice(state: 5)
        try await withStore(folder) { store async throws in
            try await store.accept(codec.spanBatch(RandomTelemetry.spans(50, traces: 20, &dice)))
            await store.settle()
            for _ in 0..<commits {
                try await store.accept(codec.spanBatch(RandomTelemetry.spans(50, traces: 20, &dice)))
            }
            for name in ["sonde.db", "sonde.db-wal"] {
                try FileManager.default.copyItem(atPath: folder.file(name), toPath: copy.file(name))
            }
        }
        return (copy, try Data(contentsOf: URL(filePath: copy.file("sonde.db-wal"))))
    }

    private func check(_ folder: TemporaryFolder, log: Data) throws -> CheckReport {
        let copy = try TemporaryFolder()
        try FileManager.default.copyItem(atPath: folder.file("sonde.db"), toPath: copy.file("sonde.db"))
        try log.write(to: URL(filePath: copy.file("sonde.db-wal")))
        return try StoreCheck.run(path: copy.path)
    }

    /// The places of frames that end a commit, counted from 1.
    private func commits(_ log: Data) -> [Int] {
        let bytes = Array(log)
        return (0..<((bytes.count - 32) / Self.frameSize)).filter { frame in
            let start = 32 + frame * Self.frameSize
            return bytes[(start + 4)..<(start + 8)].contains { $0 != 0 }
                && bytes[(start + 8)..<(start + 16)].elementsEqual(bytes[16..<24])
        }.map { $0 + 1 }
    }

    @Test func aWholeLogIsClean() async throws {
        let (folder, log) = try await crashed()
        let report = try check(folder, log: log)
        #expect(report.findings == [])
        #expect(report.spans > 600)
        #expect(commits(log).count == 12)
    }

    @Test func everyWrongByteBeforeTheLastCommitIsFoundAndItsFrameNamed() async throws {
        let (folder, log) = try await crashed()
        let last = try #require(commits(log).last)
        var dice = Dice(state: 42)
        for round in 0..<50 {
            // Every part of a frame gets its turn: page number, mark of a commit, salts, checksums, page.
            let frame = Int.random(in: 1..<last, using: &dice)
            let place =
                round % 2 == 0
                ? Int.random(in: 0..<24, using: &dice) : Int.random(in: 24..<Self.frameSize, using: &dice)
            var damaged = log
            damaged[32 + (frame - 1) * Self.frameSize + place] ^= UInt8.random(in: 1...255, using: &dice)
            let report = try check(folder, log: damaged)
            let wanted =
                "the write-ahead log is damaged at frame \(frame); \(last - frame) frames behind it, with what was "
                + "committed there, are not read"
            #expect(report.findings.map(\.what) == [wanted], "byte \(place)")
            #expect(report.findings.map(\.remedy) == [.copyFile])
        }
    }

    @Test func everyWrongByteOfTheHeaderIsFound() async throws {
        let (folder, log) = try await crashed()
        // The number of the checkpoint is covered by the checksum like all else.
        for place in 0..<32 {
            var damaged = log
            damaged[place] ^= 0x5A
            let report = try check(folder, log: damaged)
            #expect(report.findings.map(\.remedy) == [.copyFile], "byte \(place)")
            #expect(report.findings.first?.what.contains("header of the write-ahead log is damaged") == true)
        }
    }

    /// A collector killed while it made the file leaves a header without tables, and the tables in the log.
    @Test func aFileWhoseTablesAreInTheLogOnlyIsClean() async throws {
        let (folder, log) = try await crashed()
        let path = folder.file("sonde.db")
        var file = try Data(contentsOf: URL(filePath: path))
        for byte in [44..<48, 56..<60].joined() { file[byte] = 0 }
        try file.write(to: URL(filePath: path))
        #expect(try check(folder, log: log).findings == [])
        file[47] = 1
        try file.write(to: URL(filePath: path))
        #expect(try check(folder, log: log).findings.contains { $0.what.contains("(byte 44)") })
    }

    /// What a crash in the middle of a commit leaves was never acknowledged.
    @Test func aLogThatEndsInTheMiddleOfACommitIsClean() async throws {
        let (folder, log) = try await crashed()
        let ends = commits(log)
        let before = try #require(ends.dropLast().last)
        let last = try #require(ends.last)
        for frames in before..<last {
            let cut = log.prefix(32 + frames * Self.frameSize + 100)
            #expect(try check(folder, log: cut).findings == [])
        }
        #expect(try check(folder, log: Data()).findings == [])
        #expect(try check(folder, log: log.prefix(20)).findings == [])
    }
}
