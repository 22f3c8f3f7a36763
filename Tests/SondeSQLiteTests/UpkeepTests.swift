// SPDX-License-Identifier: Apache-2.0
// Upkeep beside a writer that never rests, and what merges do with copies.

import FoundationEssentials
import SondeModel
import SondeStorage
import SondeTestKit
import Synchronization
import Testing

@testable import SondeSQLite

@Suite("Upkeep")
struct UpkeepTests {
    /// Without turns at the writer, and without an end to what one round of merging takes on, this would never end.
    @Test func settlingEndsWhileBatchesKeepComing() async throws {
        let observer = CountingObserver()
        try await withStore(nil, { $0.observer = observer }) { store async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                let isOver = Switch()
                for sender in 0..<3 as Range<UInt64> {
                    group.addTask {
                        var trace = sender
                        while !isOver.isOn {
                            try await store.accept(codec.spanBatch([.sample(trace: trace, 1)]))
                            trace += 3
                        }
                    }
                }
                for _ in 0..<5 { await store.settle() }
                isOver.turnOn()
                try await group.waitForAll()
            }
            await store.settle()
            #expect(observer.counts["merged", default: 0] >= observer.counts["spans", default: 0])
            #expect(try await store.statistics().unmergedSpans == 0)
        }
    }

    @Test func copiesThatFallIntoDifferentMergesCountOnce() async throws {
        let folder = try TemporaryFolder()
        let export = (1...50 as ClosedRange<UInt64>).map { SpanRecord.sample(trace: $0 % 5 + 1, $0, start: Int64($0)) }
        try await withStore(folder) { store async throws in
            for round in 0..<4 as Range<UInt64> {
                try await store.accept(codec.spanBatch(export))
                try await store.accept(codec.spanBatch([.sample(trace: 100 + round, 1)]))
                await store.settle()
                let statistics = try await store.statistics()
                #expect(statistics.spans == 51 + Int(round) && statistics.traces == 6 + Int(round))
            }
        }
        try await withStore(folder) { store async throws in
            try await store.accept(codec.spanBatch(export))
            await store.settle()
            #expect(try await store.statistics().spans == 54)
            #expect(try await store.services().map(\.spanCount) == [54])
            #expect(try await store.trace(.sample(2))?.spans.count == 10)
        }
        #expect(try StoreCheck.run(path: folder.path).findings == [])
    }

    /// More copies than one merge takes apart: it goes on until none is left, in pieces, and until then says what is
    /// pending. A crash in between loses nothing of it.
    @Test(arguments: [(records: 100, bytes: Limits.sessionBytes), (records: Limits.rivalRecords, bytes: 2_000)])
    func copiesBeyondWhatOneMergeTakesAreMergedByTheNext(bound: (records: Int, bytes: Int)) async throws {
        let folder = try TemporaryFolder()
        let crashed = try TemporaryFolder()
        let snapshot = SnapshotAfterMerge(from: folder, to: crashed)
        func copy(_ version: Int64) -> [SpanRecord] {
            (1...1_200 as ClosedRange<UInt64>).map { span in
                .sample(trace: span % 300 + 1, span, attributes: [Attribute("version", .int(version))])
            }
        }
        try await withStore(
            folder,
            {
                $0.rivalRecords = bound.records
                $0.sessionBytes = bound.bytes
                $0.observer = snapshot
            }
        ) { store async throws in
            let first = copy(1)
            for start in stride(from: 0, to: first.count, by: 60) {
                try await store.accept(codec.spanBatch(Array(first[start..<(start + 60)])))
                await store.settle()
            }
            try await store.accept(codec.spanBatch(copy(2).shuffled()))
            try await store.accept(codec.spanBatch(copy(3).shuffled()))
            snapshot.arm(merges: 3)
            await store.settle()
            #expect(snapshot.isTaken)
            try await Self.expectOneOfEach(store, version: 3)
        }
        #expect(try StoreCheck.run(path: crashed.path).findings == [])
        let reader = try await SQLiteReader.open(path: crashed.path)
        let pending = try await reader.statistics()
        // With a bound of records the first merge takes both copies, with one of bytes it takes one after the other.
        #expect(pending.unmergedSpans > 0 && pending.spans < 2_400 || bound.bytes < Limits.sessionBytes)
        #expect(pending.spans > 1_200 || bound.bytes < Limits.sessionBytes)
        #expect(pending.spans - 1_200 <= pending.unmergedSpans)
        try await Self.expectVersion(3, reader)
        await reader.close()
        try await withStore(crashed, { $0.rivalRecords = 100 }) { store async throws in
            try await store.accept(codec.spanBatch(copy(4).shuffled()))
            await store.settle()
            try await Self.expectOneOfEach(store, version: 4)
        }
    }

    private static func expectOneOfEach(_ store: SQLiteStore, version: Int64) async throws {
        let statistics = try await store.statistics()
        #expect(statistics.spans == 1_200 && statistics.traces == 300 && statistics.unmergedSpans == 0)
        #expect(try await store.services().map(\.spanCount) == [1_200])
        try await expectVersion(version, store)
    }

    private static func expectVersion(_ version: Int64, _ reader: some TraceReader) async throws {
        for trace in 1...300 as ClosedRange<UInt64> {
            let spans = try await reader.trace(.sample(trace))?.spans ?? []
            #expect(spans.count == 4)
            #expect(spans.allSatisfy { $0.attributes.first?.value == .int(version) }, "trace \(trace)")
        }
    }

    @Test func aSpanThatEndsAfterItsMergeReplacesTheUnfinishedOne() async throws {
        try await withStore { store async throws in
            let ended = SpanRecord.sample(1, duration: 40)
            var unfinished = ended
            unfinished.end = .zero
            unfinished.attributes = [Attribute(SpanRecord.unfinishedKey, .bool(true))]
            for copy in [unfinished, ended, unfinished] {
                try await store.accept(codec.spanBatch([copy, .sample(trace: 9, 9)]))
                await store.settle()
                #expect(try await store.statistics().spans == 2)
            }
            #expect(try await store.trace(.sample(1))?.spans == [ended])
        }
    }

    @Test func aBlockThatCannotBeReadKeepsItsCopiesAndStopsNobody() async throws {
        let folder = try TemporaryFolder()
        let export = (1...5 as ClosedRange<UInt64>).map { SpanRecord.sample(trace: $0, 1) }
        try await withStore(folder) { store async throws in
            try await store.accept(codec.spanBatch(export))
            await store.settle()
        }
        try Connection(path: folder.file("sonde.db"), mode: .readWrite).execute(
            "UPDATE cold SET blob = CAST(substr(blob, 1, length(blob) - 1) || x'EE' AS BLOB)")
        try await withStore(folder) { store async throws in
            try await store.accept(codec.spanBatch(export + [.sample(trace: 6, 1)]))
            await store.settle()
            #expect(try await store.statistics().unmergedSpans == 0)
            #expect(try await store.trace(.sample(6))?.spans.count == 1)
        }
    }

    @Test func anIndexThatListsAMissingBlockIsToldAsDamage() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder) { store async throws in
            try await store.accept(codec.spanBatch([.sample(trace: 1, 1)]))
        }
        let file = folder.file("sonde.db")
        var root: Int64 = 0
        do {
            let connection = try Connection(path: file, mode: .readWrite)
            root = try connection.integer("SELECT rootpage FROM sqlite_schema WHERE name = 'block_order'")
            try connection.execute("PRAGMA writable_schema = ON")
            try connection.execute("DELETE FROM sqlite_schema WHERE name = 'block_order'")
        }
        try Connection(path: file, mode: .readWrite).execute("DELETE FROM block")
        do {
            let connection = try Connection(path: file, mode: .readWrite)
            try connection.execute("PRAGMA writable_schema = ON")
            try connection.execute(
                "INSERT INTO sqlite_schema VALUES ('index', 'block_order', 'block', \(root), "
                    + "'CREATE INDEX block_order ON block (seq)')")
        }
        let reader = try await SQLiteReader.open(path: file)
        let error = await #expect(throws: ReadError.self) { try await reader.services() }
        #expect(error?.reason.contains("the file is damaged: block 1 is listed and missing") == true)
        await reader.close()
    }

    // Choosing and searching.

    @Test func aMergeTakesNoMoreBytesThanItsBound() {
        let large = MergeCandidate(level: 0, count: 10, bytes: Limits.mergeBytes / 2 - 1)
        #expect(MergeChoice.choose([large, large, large, large]) == 0..<2)
        // One that is larger by itself is merged alone.
        let huge = MergeCandidate(level: 0, count: 10, bytes: Limits.mergeBytes * 2)
        #expect(MergeChoice.choose([huge, large]) == 0..<1)
    }

    @Test func aMergeHoldsNoMoreThanItsBoundHoweverSmallItsBlocksAreInTheFile() async throws {
        let observer = LargestMerge()
        try await withStore(
            nil,
            {
                $0.sessionBytes = 10_000
                $0.observer = observer
            }
        ) { store async throws in
            // Compresses to next to nothing.
            let long = { (number: UInt64) in String(repeating: "value \(number) ", count: 700) }
            for trace in 1...20 as ClosedRange<UInt64> {
                let span = SpanRecord.sample(trace: trace, 1, attributes: [Attribute("long", .string(long(trace)))])
                try await store.accept(codec.spanBatch([span]))
                try await store.accept(codec.logBatch([.sample(long(trace))]))
            }
            await store.settle()
            #expect(observer.blocks == 2)
            for trace in 1...20 as ClosedRange<UInt64> {
                let spans = try await store.trace(.sample(trace))?.spans
                #expect(spans?.first?.attributes.first?.value == .string(long(trace)))
            }
            let statistics = try await store.statistics()
            #expect(statistics.spans == 20 && statistics.logs == 20 && statistics.unmergedSpans == 0)
        }
    }

    @Test func pinnedBlocksAreMergedAmongThemselvesOnly() {
        let pinned = MergeCandidate(level: 1, count: 1, isPinned: true)
        let other = MergeCandidate(level: 1, count: 1)
        let few = Limits.smallBlocksToMerge - 1
        #expect(MergeChoice.choose(Array(repeating: pinned, count: few) + [other]) == nil)
        #expect(MergeChoice.choose([other] + Array(repeating: pinned, count: few + 1)) == 1..<(few + 2))
    }

    @Test func aSearchThatBeginsAtAMomentIsExactWithoutLookingFurther() async throws {
        try await withStore { store async throws in
            for trace in 1...50 as ClosedRange<UInt64> {
                try await store.accept(codec.spanBatch([.sample(trace: trace, 1, start: Int64(trace))]))
                if trace % 20 == 0 { await store.settle() }
            }
            var query = TraceQuery()
            query.start = .sample(ms: 41)
            query.limit = 100
            let page = try await store.search(query)
            #expect(page.traces.map(\.traceID) == (41...50).reversed().map { .sample($0) })
            #expect(page.total == Total(10, isExact: true))
        }
    }

    @Test func parentsAreFoundWhereSpanIDsRepeat() async throws {
        // The client and the server half of span 2, each with children of its own service; and the same again.
        let spans: [SpanRecord] = [
            .sample(1, service: "a"), .sample(2, parent: 1, service: "a", kind: .client, start: 1),
            .sample(2, parent: 1, service: "b", kind: .server, start: 2),
            .sample(3, parent: 2, service: "b", kind: .internal, start: 3),
            .sample(4, parent: 3, service: "b", kind: .internal, start: 4),
        ]
        try await withStore { store async throws in
            for _ in 0..<2 {
                try await store.accept(codec.spanBatch(spans))
                #expect(try await store.trace(.sample(1)) == Trace(id: .sample(1), assembling: spans))
                await store.settle()
                #expect(try await store.trace(.sample(1)) == Trace(id: .sample(1), assembling: spans))
            }
        }
    }
}

private final class LargestMerge: StoreObserver {
    private let most = Mutex(0)

    /// The most that one merge took.
    var blocks: Int { most.withLock { $0 } }

    func merged(blocks: Int, into: Int, records: Int, bytes: Int, duplicates: Int, duration: Duration) {
        most.withLock { $0 = max($0, blocks) }
    }
}

private final class Switch: Sendable {
    private let state = Mutex(false)

    var isOn: Bool { state.withLock { $0 } }
    func turnOn() { state.withLock { $0 = true } }
}

/// Copies the files as they are after a few merges: what a crash at that moment would leave.
private final class SnapshotAfterMerge: StoreObserver {
    private let state = Mutex<(left: Int?, isTaken: Bool)>((nil, false))
    private let source: TemporaryFolder
    private let target: TemporaryFolder

    init(from source: TemporaryFolder, to target: TemporaryFolder) {
        self.source = source
        self.target = target
    }

    var isTaken: Bool { state.withLock { $0.isTaken } }
    func arm(merges: Int) { state.withLock { $0.left = merges } }

    func merged(blocks: Int, into: Int, records: Int, bytes: Int, duplicates: Int, duration: Duration) {
        state.withLock { state in
            guard let left = state.left else { return }
            state.left = left > 1 ? left - 1 : nil
            guard left == 1 else { return }
            for name in ["sonde.db", "sonde.db-wal"] {
                try? FileManager.default.copyItem(atPath: source.file(name), toPath: target.file(name))
            }
            state.isTaken = true
        }
    }
}
