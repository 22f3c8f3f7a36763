// SPDX-License-Identifier: Apache-2.0
// The store in memory keeps the contract and its own bound.

import SondeModel
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite("Memory store")
struct MemoryStoreTests {
    static let codec = StoreContract.Codec(
        spanBatch: { try OTLPDecoder.traces(OTLPEncoder.traces($0)).batch },
        logBatch: { try OTLPDecoder.logs(OTLPEncoder.logs($0)).batch }
    )

    @Test(arguments: StoreContract.claims)
    func keepsTheContract(claim: StoreContract.Claim) async throws {
        try await claim.verify(StoreContract(store: MemoryStore(), codec: Self.codec))
    }

    @Test func prunesTheTraceThatArrivedFirstWhenFull() async throws {
        let store = MemoryStore(capacity: 3)
        for n in 1...3 as ClosedRange<UInt64> {
            let spans = [SpanRecord.sample(trace: n, 1), .sample(trace: n, 2, parent: 1)]
            try await store.accept(Self.codec.spanBatch(spans))
        }
        #expect(try await store.trace(.sample(1)) == nil)
        #expect(try await store.trace(.sample(2)) == nil)
        #expect(try await store.trace(.sample(3))?.spans.count == 2)
    }

    @Test func prunesTheOldestLogsWhenFull() async throws {
        let store = MemoryStore(capacity: 2)
        try await store.accept(Self.codec.logBatch([.sample("a"), .sample("b"), .sample("c")]))
        #expect(try await store.logs(LogQuery()).logs.map(\.body.text) == ["c", "b"])
    }

    @Test func refusesABatchThatCannotBeRead() async {
        var entry = SpanEntry()
        entry.attributes = ByteRange(offset: 0, count: 2)
        let batch = SpanBatch(
            bytes: [0x4A, 0x7F], entries: [entry], resources: [ResourceEntry()], scopes: [ScopeEntry()])
        await #expect(throws: SinkError.self) { try await MemoryStore().accept(batch) }
    }

    @Test func runEndsWhenItsTaskIsCancelled() async throws {
        let task = Task { try await MemoryStore().run() }
        task.cancel()
        try await task.value
    }
}
