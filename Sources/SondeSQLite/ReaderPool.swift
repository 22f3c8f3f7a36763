// SPDX-License-Identifier: Apache-2.0
// A few connections that answer questions, each on a thread of its own. Each answer is one read transaction, so one
// snapshot; the catalog that belongs to it is found by the file's generation.

import SondeModel
import SondeStorage
import Synchronization

/// What the readers of one file share.
final class SharedReadState: Sendable {
    let files: StoreFiles
    let cache: BlockCache
    private let latest = Mutex(Catalog.empty)
    /// Distinct traces of a generation: dear to count.
    private let traceCount = Mutex((generation: Int64(-1), count: 0))

    init(files: StoreFiles, cacheBytes: Int) {
        self.files = files
        cache = BlockCache(capacity: cacheBytes)
    }

    /// The catalog of the transaction open on `connection`.
    func catalog(_ connection: Connection) throws(SQLiteError) -> Catalog {
        let known = latest.withLock { $0 }
        let catalog = try Catalog.read(connection, known: known)
        if catalog.generation > known.generation {
            latest.withLock { latest in if catalog.generation > latest.generation { latest = catalog } }
        }
        return catalog
    }

    func traceCount(_ file: BlockFile) throws(ReadError) -> Int {
        let generation = file.catalog.generation
        let known = traceCount.withLock { $0 }
        if known.generation == generation { return known.count }
        let count = try file.distinctTraces()
        traceCount.withLock { if generation > $0.generation { $0 = (generation, count) } }
        return count
    }
}

actor ReadWorker {
    private let executor = QueueExecutor(label: "sonde.store.reader")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let shared: SharedReadState
    private var connection: Connection?

    init(shared: SharedReadState) { self.shared = shared }

    func open(mode: Connection.Mode, cacheBytes: Int) throws(SQLiteError) {
        let connection = try Connection(path: shared.files.database, mode: mode)
        try connection.execute("PRAGMA query_only = ON")
        try connection.execute("PRAGMA cache_size = -\(max(256, cacheBytes / 1024))")
        self.connection = connection
    }

    func close() { connection = nil }

    func read<T: Sendable>(
        _ body: @Sendable (BlockFile) throws(ReadError) -> T
    ) throws(ReadError) -> T {
        guard let connection else { throw .unreachable("cannot read \(shared.files.database): the store is closed") }
        do throws(SQLiteError) { try connection.execute("BEGIN") } catch { throw BlockFile.failed(error) }
        defer {
            connection.closeBlobs()
            // Nothing was written: ending the transaction cannot fail in a way that matters.
            try? connection.execute("COMMIT")
        }
        let catalog: Catalog
        do throws(SQLiteError) { catalog = try shared.catalog(connection) } catch { throw BlockFile.failed(error) }
        return try body(
            BlockFile(connection: connection, cache: shared.cache, catalog: catalog, endsWithTask: true))
    }
}

/// Hands each question to the worker that has least to do. A question whose task is cancelled stops soon and gives its
/// worker back.
final class ReaderPool: Sendable {
    let shared: SharedReadState
    private let workers: [ReadWorker]
    private let load: Mutex<[Int]>

    init(files: StoreFiles, count: Int, cacheBytes: Int) {
        let shared = SharedReadState(files: files, cacheBytes: cacheBytes)
        self.shared = shared
        workers = (0..<count).map { _ in ReadWorker(shared: shared) }
        load = Mutex(Array(repeating: 0, count: count))
    }

    func open(mode: Connection.Mode, pageCacheBytes: Int) async throws(SQLiteError) {
        for worker in workers { try await worker.open(mode: mode, cacheBytes: pageCacheBytes / workers.count) }
    }

    func close() async {
        for worker in workers { await worker.close() }
    }

    func read<T: Sendable>(
        _ body: @Sendable (BlockFile) throws(ReadError) -> T
    ) async throws(ReadError) -> T {
        let index = load.withLock { load in
            let index = load.indices.min { load[$0] < load[$1] } ?? 0
            load[index] += 1
            return index
        }
        defer { load.withLock { $0[index] -= 1 } }
        return try await workers[index].read(body)
    }
}
