// SPDX-License-Identifier: Apache-2.0
// A check finds every wrong byte that means something, and nothing in files that are right.

import FoundationEssentials
import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("Check of a store") struct StoreCheckTests {
    /// A store with everything in it: merged and fresh blocks, resent spans, logs, pruned blocks.
    private static func fill(_ folder: TemporaryFolder, seed: UInt64 = 1) async throws {
        var dice = Dice(state: seed)
        let time = ManualTime(Timestamp(nanoseconds: 1_000_000_000_000_000_000))
        try await withStore(folder, { $0.now = { time.now } }) { store async throws in
            try await store.accept(codec.spanBatch(RandomTelemetry.spans(300, traces: 20, &dice)))
            await store.settle()
        }
        time.now = Timestamp(nanoseconds: time.now.nanoseconds + 7_200_000_000_000)
        try await withStore(
            folder,
            {
                $0.now = { time.now }
                $0.retention = RetentionPolicy(maxAge: .seconds(3_600))
            }
        ) { store async throws in
            await store.settle()
            for _ in 0..<4 {
                try await store.accept(codec.spanBatch(RandomTelemetry.spans(500, traces: 60, &dice)))
                try await store.accept(codec.logBatch(RandomTelemetry.logs(300, &dice)))
            }
            for trace in 1...200 as ClosedRange<UInt64> {
                try await store.accept(codec.spanBatch(FixtureTelemetry.spans(trace)))
            }
            await store.settle()
            try await store.accept(codec.spanBatch(RandomTelemetry.spans(200, traces: 60, &dice)))
            try await store.accept(codec.logBatch(RandomTelemetry.logs(100, &dice)))
            for trace in 1...5 as ClosedRange<UInt64> {
                _ = try await store.pin(FixtureTelemetry.traceID(trace), note: "why")
            }
        }
    }

    private func expectClean(_ path: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> CheckReport {
        let report = try StoreCheck.run(path: path)
        #expect(report.findings.map(\.sentence) == [], sourceLocation: sourceLocation)
        #expect(report.isClean, sourceLocation: sourceLocation)
        return report
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>) func findsNothingInAHealthyFile(seed: UInt64) async throws {
        let folder = try TemporaryFolder()
        try await Self.fill(folder, seed: seed)
        let report = try expectClean(folder.path)
        #expect(report.spans > 2_000)
        #expect(report.logs == 1_300)
        #expect(report.notes == [])
    }

    @Test func findsNothingInAnEmptyFileOrOneThatIsBeingWritten() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder) { store async throws in
            _ = try expectClean(folder.path)
            var dice = Dice(state: 7)
            for number in 1...20 {
                try await store.accept(codec.spanBatch(RandomTelemetry.spans(100, traces: 60, &dice)))
                if number % 5 == 0 { await store.settle() }
                _ = try expectClean(folder.path)
            }
        }
    }

    @Test func readsAFileOfTheFirstFormatAndSaysWhatItCannotKnow() throws {
        let url = FormatTests.fixtures.appendingPathComponent("format-1.db")
        let folder = try TemporaryFolder()
        try FileManager.default.copyItem(atPath: url.path, toPath: folder.file("sonde.db"))
        let report = try expectClean(folder.path)
        #expect(report.formatVersion == 1)
        #expect(report.notes.first?.contains("no checksums for names") == true)
    }

    @Test func aFileBroughtUpToDateHasItsChecksums() async throws {
        let url = FormatTests.fixtures.appendingPathComponent("format-1.db")
        let folder = try TemporaryFolder()
        try FileManager.default.copyItem(atPath: url.path, toPath: folder.file("sonde.db"))
        try await withStore(folder) { _ in }
        let report = try expectClean(folder.path)
        #expect(report.formatVersion == Int(Schema.version))
        #expect(report.notes == [])
    }

    @Test func cannotOpenWhatIsNotThere() {
        #expect(throws: StoreError.self) { try StoreCheck.run(path: "/nowhere/at/all") }
    }

    private func map(_ path: String) throws -> PageMap {
        let connection = try Connection(path: path, mode: .readOnly)
        let rows = try connection.prepare("SELECT name, rootpage, sql FROM sqlite_schema WHERE rootpage > 0")
        var tables: [(name: String, root: Int, hasIDs: Bool)] = []
        while try rows.step() {
            tables.append((rows.text(0), rows.int(1), rows.text(2).contains("INTEGER PRIMARY KEY")))
        }
        return PageMap(Array(try Data(contentsOf: URL(filePath: path))), tables: tables)
    }

    @Test func findsEveryFlippedByte() async throws {
        let folder = try TemporaryFolder()
        try await Self.fill(folder)
        let path = folder.file("sonde.db")
        let original = try Data(contentsOf: URL(filePath: path))
        let used = try map(path).used
        var dice = Dice(state: 42)
        var missed: [String] = []
        var named = 0
        let byOwner = Dictionary(grouping: used, by: \.owner).sorted { $0.key < $1.key }
        // Most bytes belong to blobs; the small tables get their share as well.
        let all = used.flatMap(\.range)
        let rounds =
            (0..<60).map { _ in ("any", all) }
            + (0..<3).flatMap { _ in byOwner.map { ($0.key, $0.value.flatMap(\.range)) } }
        for (owner, offsets) in rounds {
            let offset = dice.pick(offsets)
            let flip = UInt8.random(in: 1...255, using: &dice)
            var flipped = original
            flipped[offset] ^= flip
            let copy = try TemporaryFolder()
            try flipped.write(to: URL(filePath: copy.file("sonde.db")))
            // A file that cannot even be opened says so by itself.
            guard let report = try? StoreCheck.run(path: copy.path) else { continue }
            if report.isClean {
                missed.append("\(owner): byte \(offset) of page \(offset / 8_192 + 1), \(original[offset]) ^ \(flip)")
            }
            if owner == "any", report.findings.contains(where: { $0.place.contains("block ") }) { named += 1 }
        }
        #expect(missed == [])
        // Nearly every byte of a file lies in a block's blobs.
        #expect(named >= 50)
    }
}
