// SPDX-License-Identifier: Apache-2.0
// The store on disk: one writer, a few readers, upkeep beside them.

package import Logging
package import SondeModel
package import SondeStorage

package final class SQLiteStore: TelemetryStore {
    let configuration: SQLiteStoreConfiguration
    private let logger: Logger
    private let files: StoreFiles
    private let lock: StoreLock
    private let waiting: CommitQueue
    let writer: Writer
    private let checkpointer: Checkpointer
    let reader: SQLiteReader
    private let upkeep: Upkeep

    /// Opens the data folder, which is made if it is missing; one store at a time may have it open.
    package static func open(
        _ configuration: SQLiteStoreConfiguration, logger: Logger
    ) async throws(StoreError) -> SQLiteStore {
        try StoreFiles.makeDirectory(configuration.directory)
        let lock = try StoreLock(path: configuration.directory + "/" + StoreFiles.lockName)
        let files = StoreFiles(directory: configuration.directory)
        try prepare(files)
        let store: SQLiteStore
        do throws(SQLiteError) {
            store = try await SQLiteStore(configuration, files, lock, logger)
        } catch {
            throw StoreError(.failed, "cannot open \(files.database): \(error.message)")
        }
        logger.debug("store opened", metadata: ["file": "\(files.database)", "bytes": "\(files.bytes)"])
        return store
    }

    /// Makes or checks the tables.
    private static func prepare(_ files: StoreFiles) throws(StoreError) {
        if StoreFiles.size(files.database) ?? 0 > 0 {
            let verdict: Result<Void, StoreError>
            do throws(SQLiteError) {
                let connection = try Connection(path: files.database, mode: .readWrite)
                let isEmpty = try Schema.isEmpty(connection)
                verdict = isEmpty ? .success(()) : try Schema.check(connection, path: files.database)
            } catch {
                if error.isNotADatabase { throw Schema.notOurs(files.database) }
                throw StoreError(.failed, "cannot open \(files.database): \(error.message)")
            }
            try verdict.get()
        }
        do { try Schema.prepare(path: files.database) } catch {
            throw StoreError(.failed, "cannot open \(files.database): \(error)")
        }
    }

    private init(
        _ configuration: SQLiteStoreConfiguration, _ files: StoreFiles, _ lock: StoreLock, _ logger: Logger
    ) async throws(SQLiteError) {
        self.configuration = configuration
        self.logger = logger
        self.files = files
        self.lock = lock
        waiting = CommitQueue(byteLimit: Int(Double(configuration.memoryBudget) * Limits.waitingShare))
        checkpointer = Checkpointer(observer: configuration.observer)
        writer = Writer(configuration: configuration, files: files, waiting: waiting, checkpointer: checkpointer)
        try await checkpointer.open(path: files.database, durability: configuration.durability)
        let damages = try await writer.open()
        for damage in damages.prefix(Limits.damagedNamesTold) {
            logger.warning(
                "a name in the file is damaged and no longer found by what arrives; `sonde check` tells more",
                metadata: ["file": "\(files.database)", "row": "\(damage)", "all": "\(damages.count)"])
        }
        reader = try await SQLiteReader.beside(files, memoryBudget: configuration.memoryBudget)
        upkeep = Upkeep(
            configuration: configuration, files: files, writer: writer, checkpointer: checkpointer,
            readCache: reader.pool.shared.cache, logger: logger)
        try await upkeep.open()
    }

    // Sinks.

    package func accept(_ batch: SpanBatch) async throws(SinkError) {
        guard !batch.isEmpty else { return }
        try await accept(.spans(batch))
    }

    package func accept(_ batch: LogBatch) async throws(SinkError) {
        guard !batch.isEmpty else { return }
        try await accept(.logs(batch))
    }

    private func accept(_ content: WaitingBatch.Content) async throws(SinkError) {
        let result = await withCheckedContinuation { sender in
            let batch = WaitingBatch(content: content, sender: sender)
            switch waiting.add(batch) {
            case .wake: writer.wake()
            case .queued: break
            case .refused(let error, let word):
                configuration.observer.refused(records: batch.count, reason: word)
                sender.resume(returning: .failure(error))
            }
        }
        try result.get()
    }

    // Readers.

    package func services() async throws(ReadError) -> [ServiceSummary] { try await reader.services() }

    package func operations(of service: String) async throws(ReadError) -> [OperationSummary] {
        try await reader.operations(of: service)
    }

    package func search(_ query: TraceQuery) async throws(ReadError) -> TracePage { try await reader.search(query) }

    package func trace(_ id: TraceID) async throws(ReadError) -> Trace? { try await reader.trace(id) }

    package func traceIDs(withPrefix prefix: TraceIDPrefix, limit: Int) async throws(ReadError) -> [TraceID] {
        try await reader.traceIDs(withPrefix: prefix, limit: limit)
    }

    package func statistics() async throws(ReadError) -> StoreStatistics { try await reader.statistics() }

    package func size() async throws(ReadError) -> StoreSize { try await reader.size() }

    package func attributeKeys(
        _ query: AttributeQuery
    ) async throws(ReadError) -> AttributeList<AttributeKeySummary> { try await reader.attributeKeys(query) }

    package func attributeValues(
        of key: String, _ query: AttributeQuery
    ) async throws(ReadError) -> AttributeList<AttributeValueSummary> {
        try await reader.attributeValues(of: key, query)
    }

    package func logs(_ query: LogQuery) async throws(ReadError) -> LogPage { try await reader.logs(query) }

    // Upkeep.

    package func run() async throws(ReadError) {
        while !Task.isCancelled {
            // A cancelled sleep ends the loop above.
            try? await Task.sleep(for: Limits.upkeepInterval)
            await upkeep.tick()
        }
        await close()
    }

    /// Merges all that is fresh, applies retention, empties the log and gives free pages back: what upkeep does when
    /// ingest pauses, now.
    package func settle() async { await upkeep.settle() }

    /// Writes what waits, empties the log and lets go of the files. Whoever sends afterwards is told to try later.
    package func close() async {
        waiting.close()
        await writer.finish()
        await upkeep.close()
        await reader.close()
        await writer.close()
        await checkpointer.truncate()
        await checkpointer.close()
        lock.release()
        logger.debug("store closed", metadata: ["file": "\(files.database)"])
    }
}
