// SPDX-License-Identifier: Apache-2.0
// The store on disk: what must survive, and what must be refused with a sentence.

import FoundationEssentials
import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("SQLite store on disk")
struct SQLiteStoreTests {
    private func spans(_ trace: UInt64, count: Int = 5, start: Int64 = 0) -> [SpanRecord] {
        (1...UInt64(count)).map { .sample(trace: trace, $0, parent: $0 - 1, start: start + Int64($0)) }
    }

    // Refusals.

    @Test func refusesASecondOpenerNamingTheFirst() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder) { _ async throws in
            let error = await #expect(throws: StoreError.self) {
                try await SQLiteStore.open(SQLiteStoreConfiguration(directory: folder.path), logger: quiet)
            }
            #expect(error?.code == .locked)
            #expect(error?.reason.contains("pid \(ProcessInfo.processInfo.processIdentifier)") == true)
        }
        try await withStore(folder) { _ in }
    }

    @Test func refusesAFileOfALaterFormat() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder) { try await $0.accept(codec.spanBatch(spans(1))) }
        try Connection(path: folder.file("sonde.db"), mode: .readWrite).execute("PRAGMA user_version = 99")
        let reading = await #expect(throws: StoreError.self) { try await SQLiteReader.open(path: folder.path) }
        #expect(reading?.code == .newerFormat)
        #expect(reading?.reason.contains("format 99") == true)
        let writing = await #expect(throws: StoreError.self) { try await withStore(folder) { _ in } }
        #expect(writing?.code == .newerFormat)
    }

    @Test func refusesWhatIsNoSondeDatabase() async throws {
        let folder = try TemporaryFolder()
        let other = folder.file("other.db")
        let text = folder.file("text.db")
        try Data().write(to: URL(fileURLWithPath: other))
        try Connection(path: other, mode: .readWrite).execute("CREATE TABLE t (x)")
        try Data(String(repeating: "no database ", count: 200).utf8).write(to: URL(fileURLWithPath: text))
        for path in [other, text] {
            let error = await #expect(throws: StoreError.self) { try await SQLiteReader.open(path: path) }
            #expect(error?.code == .notSonde)
            #expect(error?.reason.contains(path) == true)
        }
    }

    @Test func saysWhereNothingLies() async throws {
        let folder = try TemporaryFolder()
        for path in [folder.file("none.db"), folder.path] {
            let error = await #expect(throws: StoreError.self) { try await SQLiteReader.open(path: path) }
            #expect(error?.code == .unreachable)
            #expect(error?.readError == .unreachable(error?.reason ?? ""))
        }
    }

    @Test func namesTheDamagedBlockAndReadsTheOthers() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder) { store async throws in
            try await store.accept(codec.spanBatch(spans(1)))
            try await store.accept(codec.spanBatch(spans(2)))
        }
        let connection = try Connection(path: folder.file("sonde.db"), mode: .readWrite)
        let size = try connection.integer("SELECT length(blob) FROM hot WHERE id = 1")
        // The last byte belongs to the span ids, which a checksum guards.
        try connection.execute(
            "UPDATE hot SET blob = CAST(substr(blob, 1, \(size - 1)) || x'EE' AS BLOB) WHERE id = 1")
        try await withStore(folder) { store async throws in
            let error = await #expect(throws: ReadError.self) { try await store.trace(.sample(1)) }
            #expect(error?.reason.contains("block 1 (hot): chunk 4 does not match its checksum") == true)
            #expect(try await store.trace(.sample(2))?.spans.count == 5)
            await store.settle()
            #expect(try await store.trace(.sample(2))?.spans.count == 5)
            #expect(try await store.statistics().spans == 10)
        }
    }

    @Test func refusesABatchThatCannotBeReadAndKeepsItsNeighbours() async throws {
        try await withStore { store async throws in
            var entry = SpanEntry()
            entry.attributes = ByteRange(offset: 0, count: 2)
            let broken = SpanBatch(
                bytes: [0x4A, 0x7F], entries: [entry], resources: [ResourceEntry()], scopes: [ScopeEntry()])
            async let good: Void = store.accept(codec.spanBatch(spans(1)))
            await #expect(throws: SinkError.self) { try await store.accept(broken) }
            try await good
            #expect(try await store.statistics().spans == 5)
        }
    }

    @Test func saysBusyWhileTheDiskIsFullAndRecoversByItself() async throws {
        let folder = try TemporaryFolder()
        try await withStore(
            folder,
            {
                $0.maxPages = 100
                $0.retention.maxBytes = 60 * Limits.pageSize
            }
        ) { store async throws in
            var refused: SinkError?
            var trace: UInt64 = 0
            while refused == nil {
                trace += 1
                // A service of its own: what a failed commit adds to the dictionaries must be forgotten.
                let batch = (1...200).map {
                    SpanRecord.sample(trace: trace, $0, service: "service \(trace)", name: "op \(trace)")
                }
                let encoded = try codec.spanBatch(batch)
                do throws(SinkError) { try await store.accept(encoded) } catch { refused = error }
            }
            guard case .busy(let reason, let retryAfter) = refused else {
                Issue.record("\(String(describing: refused)) instead of busy")
                return
            }
            #expect(reason.contains("disk is full"))
            #expect(retryAfter == Limits.diskFullRetry)
            #expect(try await store.trace(.sample(trace)) == nil)
            #expect(try await store.trace(.sample(trace - 1))?.spans.count == 200)
            await store.settle()
            try await store.accept(codec.spanBatch([.sample(trace: trace, 1, service: "after", name: "after")]))
            #expect(try await store.operations(of: "after").map(\.name) == ["after"])
            #expect(try await store.trace(.sample(trace))?.spans.first?.name == "after")
        }
        try await withStore(folder) { store async throws in
            #expect(try await store.operations(of: "after").map(\.name) == ["after"])
        }
    }

    @Test func refusesSendersOnceItIsClosed() async throws {
        try await withStore { store async throws in
            await store.close()
            await #expect(throws: SinkError.self) { try await store.accept(codec.spanBatch(spans(1))) }
            await #expect(throws: ReadError.self) { try await store.services() }
        }
    }

    // What survives.

    @Test func keepsEverythingOverAReopen() async throws {
        let folder = try TemporaryFolder()
        let everything = SpanRecord.sampleOfEverything()
        try await withStore(folder) { store async throws in
            try await store.accept(codec.spanBatch([everything] + spans(1)))
            try await store.accept(codec.logBatch([.sample("one"), .sample("two")]))
        }
        #expect(StoreFiles(directory: folder.path).bytes == StoreFiles.size(folder.file("sonde.db")))
        try await withStore(folder) { store async throws in
            #expect(try await store.trace(everything.traceID)?.spans == [everything])
            #expect(try await store.logs(LogQuery()).logs.map(\.body.text) == ["two", "one"])
            try await store.accept(codec.spanBatch(spans(2)))
            try await store.accept(codec.logBatch([.sample("three")]))
            #expect(try await store.statistics().spans == 11)
            #expect(try await store.logs(LogQuery()).logs.map(\.body.text) == ["three", "two", "one"])
        }
    }

    /// The files as a `kill -9` leaves them: a copy taken while the store is at work.
    @Test func losesNothingAcknowledgedWhenTheProcessDies() async throws {
        let folder = try TemporaryFolder()
        let copy = try TemporaryFolder()
        try await withStore(folder) { store async throws in
            for trace in 1...20 as ClosedRange<UInt64> {
                try await store.accept(codec.spanBatch(spans(trace)))
                try await store.accept(codec.logBatch([.sample("log \(trace)", trace: trace)]))
            }
            for name in ["sonde.db", "sonde.db-wal"] {
                try FileManager.default.copyItem(atPath: folder.file(name), toPath: copy.file(name))
            }
        }
        try await withStore(copy) { store async throws in
            #expect(try await store.statistics().spans == 100)
            #expect(try await store.statistics().logs == 20)
            for trace in 1...20 as ClosedRange<UInt64> {
                #expect(try await store.trace(.sample(trace))?.spans.count == 5)
            }
        }
    }

    @Test func readsAFileThatNobodyCanWrite() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder) { try await $0.accept(codec.spanBatch(spans(1))) }
        let connection = try Connection(path: folder.file("sonde.db"), mode: .immutable)
        #expect(try connection.integer("SELECT count(*) FROM block") == 1)
        let reader = try await SQLiteReader.open(path: folder.file("sonde.db"))
        #expect(try await reader.trace(.sample(1))?.spans.count == 5)
        await reader.close()
    }

    @Test func aReaderSeesWhatACollectorCommitsMeanwhile() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder) { store async throws in
            let reader = try await SQLiteReader.open(path: folder.path + "/")
            for trace in 1...5 as ClosedRange<UInt64> {
                try await store.accept(codec.spanBatch(spans(trace)))
                #expect(try await reader.trace(.sample(trace))?.spans.count == 5)
                if trace == 3 { await store.settle() }
            }
            #expect(try await reader.search(TraceQuery()).traces.count == 5)
            await reader.close()
        }
    }

    // Merging and retention.

    @Test func aMergeDropsDuplicatesAndShrinksTheFile() async throws {
        try await withStore { store async throws in
            for _ in 0..<20 {
                try await store.accept(codec.spanBatch((1...100).map { .sample(trace: $0, $0) }))
            }
            let before = try await store.statistics()
            #expect(
                before.spans == 2_000 && before.unmergedSpans == 2_000 && before.traces == 100 && before.blocks == 20)
            await store.settle()
            let after = try await store.statistics()
            #expect(after.spans == 100 && after.unmergedSpans == 0 && after.traces == 100 && after.blocks == 1)
            #expect(after.bytes < before.bytes)
        }
    }

    @Test func blocksHoldAboutEightThousandRecordsAfterAMerge() async throws {
        try await withStore { store async throws in
            for trace in 1...17 as ClosedRange<UInt64> {
                try await store.accept(
                    codec.spanBatch((1...1_000).map { .sample(trace: trace, $0, start: Int64(trace)) }))
            }
            await store.settle()
            #expect(try await store.statistics().blocks == 2)
            #expect(try await store.statistics().spans == 17_000)
        }
    }

    @Test func retentionByAgeGoesByArrivalNotByTheSpansOwnTime() async throws {
        let clock = ManualTime(.sample(ms: 0))
        try await withStore(
            nil,
            {
                $0.now = { clock.now }
                $0.retention.maxAge = .seconds(60)
            }
        ) { store async throws in
            var future = SpanRecord.sample(trace: 1, 1)
            future.start = Timestamp(nanoseconds: .max - 5)
            future.end = .distantFuture
            try await store.accept(codec.spanBatch([future]))
            try await store.accept(codec.logBatch([.sample("old")]))
            await store.settle()
            clock.now = .sample(ms: 59_000)
            try await store.accept(codec.spanBatch([.sample(trace: 2, 1)]))
            await store.settle()
            #expect(try await store.statistics().traces == 2)
            clock.now = .sample(ms: 61_000)
            await store.settle()
            #expect(try await store.trace(.sample(1)) == nil)
            #expect(try await store.trace(.sample(2)) != nil)
            #expect(try await store.statistics().logs == 0)
        }
    }

    @Test func retentionByBytesPrunesTheOldestAndShrinksTheFile() async throws {
        let bound = 512 << 10
        let folder = try TemporaryFolder()
        var dice = Dice(state: 1)
        try await withStore(folder, { $0.retention.maxBytes = bound }) { store async throws in
            for trace in 1...120 as ClosedRange<UInt64> {
                let batch = (1...20 as ClosedRange<UInt64>).map { id in
                    let noise = (0..<500).map { _ in UInt8(truncatingIfNeeded: dice.next()) }
                    return SpanRecord.sample(trace: trace, id, attributes: [Attribute("noise", .bytes(noise))])
                }
                try await store.accept(codec.spanBatch(batch))
                if trace % 20 == 0 { await store.settle() }
            }
            await store.settle()
            #expect(StoreFiles(directory: folder.path).bytes <= bound)
            #expect(try await store.trace(.sample(1)) == nil)
            #expect(try await store.trace(.sample(120))?.spans.count == 20)
        }
    }

    @Test func theFileGivesPagesBackBitByBit() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder) { _ in }
        let connection = try Connection(path: folder.file("sonde.db"), mode: .readOnly)
        #expect(try connection.integer("PRAGMA auto_vacuum") == 2)
        #expect(try connection.integer("PRAGMA page_size") == Limits.pageSize)
    }

    @Test func runEndsWhenItsTaskIsCancelledAndClosesTheFile() async throws {
        let folder = try TemporaryFolder()
        let store = try await SQLiteStore.open(SQLiteStoreConfiguration(directory: folder.path), logger: quiet)
        try await store.accept(codec.spanBatch(spans(1)))
        let task = Task { try await store.run() }
        task.cancel()
        try await task.value
        #expect(StoreFiles.size(folder.file("sonde.db-wal")) ?? 0 == 0)
        let spans = try await withStore(folder) { try await $0.statistics().spans }
        #expect(spans == 5)
    }

    @Test func reportsWhatItDoes() async throws {
        let observer = CountingObserver()
        try await withStore(nil, { $0.observer = observer }) { store async throws in
            try await store.accept(codec.spanBatch(spans(1)))
            try await store.accept(codec.logBatch([.sample("x")]))
            await store.settle()
        }
        #expect(observer.counts["spans"] == 5 && observer.counts["logs"] == 1)
        #expect(observer.counts["merged"] == 6)
        #expect(observer.counts["checkpoints", default: 0] > 0)
    }
}
