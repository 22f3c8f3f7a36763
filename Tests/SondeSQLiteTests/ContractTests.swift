// SPDX-License-Identifier: Apache-2.0
// The store on disk keeps the contract: fresh, merged, and read from outside.

import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("SQLite store")
struct ContractTests {
    @Test(arguments: StoreContract.claims)
    func keepsTheContract(claim: StoreContract.Claim) async throws {
        try await withStore { try await claim.verify(StoreContract(store: $0, codec: codec)) }
    }

    /// Every batch is merged before the next question.
    @Test(arguments: StoreContract.claims)
    func keepsTheContractWhenEverythingIsMerged(claim: StoreContract.Claim) async throws {
        try await withStore { store in
            let sink = SettlingSink(store: store)
            try await claim.verify(
                StoreContract(
                    spans: sink, logs: sink, traceReader: store, logReader: store, pins: store,
                    codec: codec))
        }
    }

    @Test(arguments: StoreContract.claims)
    func keepsTheContractForAReaderOfItsFile(claim: StoreContract.Claim) async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder) { store in
            let reader = try await SQLiteReader.open(path: folder.path)
            try await claim.verify(
                StoreContract(
                    spans: store, logs: store, traceReader: reader, logReader: reader, pins: store,
                    codec: codec))
            await reader.close()
        }
    }
}

/// Settles the store after each batch.
struct SettlingSink: SpanSink, LogSink {
    let store: SQLiteStore

    func accept(_ batch: SpanBatch) async throws(SinkError) {
        try await store.accept(batch)
        await store.settle()
    }

    func accept(_ batch: LogBatch) async throws(SinkError) {
        try await store.accept(batch)
        await store.settle()
    }
}
