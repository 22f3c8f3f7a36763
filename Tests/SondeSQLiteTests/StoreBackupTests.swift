// SPDX-License-Identifier: Apache-2.0
// A backup is one snapshot, whole and checked, or it is not there.

import FoundationEssentials
import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("Backup of a store") struct StoreBackupTests {
    private func entries(_ folder: TemporaryFolder) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    }

    @Test func copiesWhatWasCommittedWhileTheStoreIsWritten() async throws {
        let folder = try TemporaryFolder()
        let target = try TemporaryFolder()
        try await withStore(folder) { store async throws in
            var dice = Dice(state: 5)
            var count = 0
            for number in 0..<10 as Range<Int> {
                try await store.accept(codec.logBatch(RandomTelemetry.logs(100, &dice)))
                count += 100
                if number == 5 { await store.settle() }
                let report = try StoreBackup.run(from: folder.path, to: target.file("\(number).db"))
                #expect(report.check?.logs == count)
                #expect(report.bytes > 0)
            }
        }
        #expect(try entries(target) == (0..<10).map { "\($0).db" })
        // As a file, and as the file of a data folder that is written on.
        let reader = try await SQLiteReader.open(path: target.file("9.db"))
        #expect(try await reader.statistics().logs == 1_000)
        await reader.close()
        let next = try TemporaryFolder()
        try FileManager.default.copyItem(atPath: target.file("9.db"), toPath: next.file("sonde.db"))
        try await withStore(next) { store async throws in
            try await store.accept(codec.spanBatch([.sample(trace: 1, 1)]))
            #expect(try await store.statistics().logs == 1_000)
        }
        #expect(try StoreCheck.run(path: next.path).isClean)
    }

    @Test func doesNotBeginAnewWhenWritersComeBetween() async throws {
        let folder = try TemporaryFolder()
        let target = try TemporaryFolder()
        try await withStore(folder) { store async throws in
            for first in stride(from: 1, to: 2_000, by: 500) as StrideTo<UInt64> {
                let spans = (first..<(first + 500)).flatMap { FixtureTelemetry.spans($0) }
                try await store.accept(codec.spanBatch(spans))
            }
            var steps = 0
            var last = -1
            let writer = try Connection(path: folder.file("sonde.db"), mode: .readWrite)
            _ = try StoreBackup.run(from: folder.path, to: target.file("b.db")) { progress in
                guard case .copying(let done, _) = progress else { return }
                #expect(done > last)
                last = done
                steps += 1
                #expect(throws: Never.self) {
                    try writer.execute("UPDATE meta SET value = value WHERE key = 'generation'")
                }
            }
            #expect(steps > 1)
        }
    }

    @Test func refusesToReplaceWhatIsThere() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder) { _ in }
        let target = try TemporaryFolder()
        let path = target.file("b.db")
        try Data("mine".utf8).write(to: URL(filePath: path))
        let error = #expect(throws: StoreError.self) { try StoreBackup.run(from: folder.path, to: path) }
        #expect(error?.code == .invalid)
        #expect(try Data(contentsOf: URL(filePath: path)) == Data("mine".utf8))
        _ = try StoreBackup.run(from: folder.path, to: path, force: true)
        #expect(try StoreCheck.run(path: path).isClean)
        for (wrong, reason) in [
            (folder.file("sonde.db"), "the very file"), (target.path, "it is a folder"),
            (target.path + "/none/b.db", "No such file"),
        ] {
            let error = #expect(throws: StoreError.self) {
                try StoreBackup.run(from: folder.path, to: wrong, force: true)
            }
            #expect(error?.reason.contains(reason) == true, "\(error?.reason ?? "")")
        }
    }

    @Test func doesNotKeepACopyOfADamagedFileUnlessTold() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder) { try await $0.accept(codec.spanBatch([.sample(trace: 1, 1)])) }
        try Connection(path: folder.file("sonde.db"), mode: .readWrite).execute("UPDATE zone SET n = 7")
        let target = try TemporaryFolder()
        let error = #expect(throws: StoreError.self) { try StoreBackup.run(from: folder.path, to: target.file("b.db")) }
        #expect(error?.code == .damaged)
        #expect(error?.reason.contains("zone") == true)
        #expect(try entries(target) == [])
        _ = try StoreBackup.run(from: folder.path, to: target.file("b.db"), verify: false)
        #expect(try entries(target) == ["b.db"])
    }
}
