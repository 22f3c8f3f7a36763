// SPDX-License-Identifier: Apache-2.0
// Retention where there is no room: on a disk that is full, and beside a reader that holds the log.

import SondeModel
import SondeStorage
import SondeTestKit
import Synchronization
import Testing

@testable import SondeSQLite

@Suite("Room for retention")
struct RoomTests {
    /// A span whose bytes no compression makes fewer.
    private func noisy(_ trace: UInt64, _ dice: inout Dice, bytes: Int = 30_000) -> SpanRecord {
        let noise = (0..<bytes).map { _ in UInt8(truncatingIfNeeded: dice.next()) }
        return .sample(trace: trace, 1, attributes: [Attribute("noise", .bytes(noise))])
    }

    private func expectNoRoom(_ store: SQLiteStore) async throws {
        let batch = try codec.spanBatch([.sample(trace: 99, 1)])
        let error = await #expect(throws: SinkError.self) { try await store.accept(batch) }
        guard case .busy(let reason, _) = error else {
            Issue.record("\(String(describing: error)) instead of busy")
            return
        }
        #expect(reason.contains("the disk is full"))
    }

    /// Of the older of two blocks a pin keeps a trace: with little room it is cut anew, with hardly any it is passed over.
    @Test(arguments: [true, false]) func aPinDoesNotKeepAFullDiskFromBeingEmptied(isRewritten: Bool) async throws {
        let disk = Disk()
        try await withStore(nil, { $0.freeBytes = { _ in disk.free } }) { store async throws in
            try await store.accept(codec.spanBatch([.sample(trace: 1, 1), .sample(trace: 2, 1)]))
            await store.settle()
            _ = try await store.pin(.sample(2), note: "")
            try await store.accept(codec.spanBatch([.sample(trace: 3, 1)]))
            await store.settle()
            disk.free = isRewritten ? 900 << 10 : 100 << 10
            try await expectNoRoom(store)
            await store.settle()
            #expect(try await store.trace(.sample(1))?.spans.count == (isRewritten ? nil : 1))
            #expect(try await store.trace(.sample(2))?.spans.count == 1)
            #expect(try await store.trace(.sample(3)) == nil)
            disk.free = .max / 4
            try await store.accept(codec.spanBatch([.sample(trace: 4, 1)]))
            #expect(try await store.trace(.sample(4))?.spans.count == 1)
        }
    }

    @Test func freePagesOfTheFileAreRoomBeforeAnythingGoes() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder) { store async throws in
            try await store.accept(codec.spanBatch([.sample(trace: 1, 1)]))
        }
        let connection = try Connection(path: folder.file("sonde.db"), mode: .readWrite)
        try connection.execute("CREATE TABLE filler AS SELECT zeroblob(\(2 * Limits.roomLeast)) AS x")
        try connection.execute("DROP TABLE filler")
        let disk = Disk()
        disk.free = 100 << 10
        try await withStore(folder, { $0.freeBytes = { _ in disk.free } }) { store async throws in
            for isFull in [false, true] {
                try await expectNoRoom(store)
                await store.settle()
                #expect(try await (store.trace(.sample(1)) == nil) == isFull)
                #expect(try connection.integer("PRAGMA freelist_count") == 0)
            }
        }
    }

    /// What a snapshot keeps in the log comes back by itself: nothing is let go of for it.
    @Test func aReaderThatHoldsTheLogCostsNoData() async throws {
        let folder = try TemporaryFolder()
        let observer = Pruned()
        let bound = 1 << 20
        try await withStore(
            folder,
            {
                $0.retention.maxBytes = bound
                $0.observer = observer
            }
        ) { store async throws in
            var dice = Dice(state: 1)
            var trace: UInt64 = 0
            func send() async throws {
                trace += 1
                try await store.accept(codec.spanBatch([noisy(trace, &dice)]))
                await store.settle()
            }
            for _ in 0..<10 { try await send() }
            let reader = try Connection(path: folder.file("sonde.db"), mode: .readOnly)
            try reader.execute("BEGIN")
            #expect(try reader.integer("SELECT count(*) FROM block") > 0)
            let files = StoreFiles(directory: folder.path)
            let live = try Connection(path: folder.file("sonde.db"), mode: .readOnly)
            func used() throws -> Int64 {
                try (live.integer("PRAGMA page_count") - live.integer("PRAGMA freelist_count"))
                    * live.integer("PRAGMA page_size")
            }
            while files.bytes <= bound + (bound / 4), trace < 200 { try await send() }
            #expect(files.bytes > bound && trace < 60)
            #expect(observer.spans == 0)
            // Beyond the bound by what it holds, it goes down to that bound and not below.
            while observer.spans == 0, trace < 400 { try await send() }
            #expect(observer.spans > 0)
            #expect(try used() > Int64(bound) * 6 / 10)
            try reader.execute("COMMIT")
            for _ in 0..<2 { try await send() }
            #expect(files.bytes <= bound)
            #expect(try await store.trace(.sample(trace))?.spans.count == 1)
        }
    }
}

/// What a file system says it has left.
private final class Disk: Sendable {
    private let bytes = Mutex(Int.max / 4)

    var free: Int {
        get { bytes.withLock { $0 } }
        set { bytes.withLock { $0 = newValue } }
    }
}

private final class Pruned: StoreObserver {
    private let count = Mutex(0)

    var spans: Int { count.withLock { $0 } }

    func pruned(blocks: Int, spans: Int, logs: Int, reason: PruneReason, duration: Duration) {
        count.withLock { $0 += spans }
    }
}
