// SPDX-License-Identifier: Apache-2.0
// Services that are kept for another time than the rest.

import SondeModel
import SondeStorage
import SondeTestKit
import Synchronization
import Testing

@testable import SondeSQLite

@Suite("Retention by service")
struct RetentionTests {
    /// A span of each service in each trace, and a log line of each.
    private func fill(_ store: SQLiteStore, _ traces: ClosedRange<UInt64>) async throws {
        let services = ["loud", "usual", "dear"]
        try await store.accept(
            codec.spanBatch(
                traces.flatMap { trace in
                    services.enumerated().map { .sample(trace: trace, UInt64($0 + 1), service: $1) }
                }))
        try await store.accept(codec.logBatch(services.map { .sample("a line of \($0)", service: $0) }))
    }

    private func counts(_ store: SQLiteStore) async throws -> [String: Int] {
        Dictionary(uniqueKeysWithValues: try await store.services().map { ($0.name, $0.spanCount) })
    }

    @Test(arguments: [true, false])
    func eachServiceIsKeptForItsOwnTime(isMerged: Bool) async throws {
        let clock = ManualTime(.sample(ms: 0))
        let observer = PruneObserver()
        try await withStore(
            nil,
            {
                $0.now = { clock.now }
                $0.retention = RetentionPolicy(
                    maxAge: .seconds(60), serviceMaxAge: ["loud": .seconds(10), "dear": .seconds(600)])
                $0.observer = observer
            }
        ) { store async throws in
            try await fill(store, 1...100)
            if isMerged { await store.settle() }
            clock.now = .sample(ms: 11_000)
            await store.settle()
            #expect(try await counts(store) == ["usual": 100, "dear": 100])
            #expect(try await store.logs(LogQuery()).logs.map(\.body.text) == ["a line of dear", "a line of usual"])
            #expect(try await store.trace(.sample(7))?.spans.map(\.resource.serviceName) == ["usual", "dear"])
            clock.now = .sample(ms: 61_000)
            await store.settle()
            #expect(try await counts(store) == ["dear": 100])
            #expect(try await store.logs(LogQuery()).logs.map(\.body.text) == ["a line of dear"])
            clock.now = .sample(ms: 601_000)
            await store.settle()
            #expect(try await counts(store).isEmpty)
            #expect(try await store.statistics().logs == 0)
        }
        #expect(observer.spans == [.service: 200, .age: 100])
    }

    @Test func aServiceThatIsKeptForGoodStaysWhenAllElseGoes() async throws {
        let clock = ManualTime(.sample(ms: 0))
        try await withStore(
            nil,
            {
                $0.now = { clock.now }
                $0.retention = RetentionPolicy(maxAge: .seconds(60), serviceMaxAge: ["dear": Duration?.none])
            }
        ) { store async throws in
            try await fill(store, 1...3)
            clock.now = .sample(ms: 100_000_000)
            await store.settle()
            #expect(try await counts(store) == ["dear": 3])
        }
    }

    @Test func aPinKeepsTheSpansOfAServiceWhoseTimeHasCome() async throws {
        let clock = ManualTime(.sample(ms: 0))
        try await withStore(
            nil,
            {
                $0.now = { clock.now }
                $0.retention = RetentionPolicy(serviceMaxAge: ["loud": .seconds(10)])
            }
        ) { store async throws in
            try await fill(store, 1...10)
            _ = try await store.pin(.sample(4), note: "")
            clock.now = .sample(ms: 11_000)
            await store.settle()
            #expect(try await counts(store) == ["usual": 10, "dear": 10, "loud": 1])
            #expect(try await store.trace(.sample(4))?.spans.count == 3)
            #expect(try await store.unpin(.sample(4)))
            await store.settle()
            #expect(try await counts(store) == ["usual": 10, "dear": 10])
        }
    }

    /// A block that cannot be read goes with its age, unless a pinned trace may be in it: then not before it is unpinned.
    @Test(arguments: [true, false])
    func aDamagedBlockKeepsNothingElseFromBeingPruned(isPinned: Bool) async throws {
        let clock = ManualTime(.sample(ms: 0))
        let folder = try TemporaryFolder()
        try await withStore(folder, { $0.now = { clock.now } }) { store async throws in
            try await fill(store, 1...10)
            if isPinned { _ = try await store.pin(.sample(4), note: "") }
        }
        try Connection(path: folder.file("sonde.db"), mode: .readWrite).execute(
            "UPDATE hot SET blob = CAST(substr(blob, 1, 100) AS BLOB)")
        try await withStore(
            folder,
            {
                $0.now = { clock.now }
                $0.retention = RetentionPolicy(maxAge: .seconds(60))
            }
        ) { store async throws in
            try await fill(store, 11...20)
            clock.now = .sample(ms: 61_000)
            try await store.accept(codec.spanBatch([.sample(trace: 30, 1)]))
            await store.settle()
            #expect(try Self.blocks(folder) == (isPinned ? 2 : 1))
            if isPinned {
                #expect(try await store.unpin(.sample(4)))
                await store.settle()
            }
            #expect(try await store.statistics().traces == 1)
            #expect(try Self.blocks(folder) == 1)
        }
    }
}

extension RetentionTests {
    private static func blocks(_ folder: TemporaryFolder) throws -> Int64 {
        try Connection(path: folder.file("sonde.db"), mode: .readOnly).integer("SELECT count(*) FROM block")
    }
}

private final class PruneObserver: StoreObserver {
    private let state = Mutex<[PruneReason: Int]>([:])

    var spans: [PruneReason: Int] { state.withLock { $0 } }

    func pruned(blocks: Int, spans: Int, logs: Int, reason: PruneReason, duration: Duration) {
        state.withLock { $0[reason, default: 0] += spans }
    }
}
