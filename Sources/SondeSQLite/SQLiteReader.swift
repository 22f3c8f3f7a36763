// SPDX-License-Identifier: Apache-2.0
// Reads a store's file, also while a collector writes it, and from media that cannot be written.

package import SondeModel
package import SondeStorage

/// A read-only view of a database. Each question sees what was committed before it.
package final class SQLiteReader: TraceReader, LogReader, ActivityReader {
    let pool: ReaderPool

    private init(pool: ReaderPool) { self.pool = pool }

    /// Opens a data folder or a database file.
    package static func open(path: String, memoryBudget: Int = 64 << 20) async throws(StoreError) -> SQLiteReader {
        let files = try files(path)
        let mode = try mode(files)
        let pool = ReaderPool(
            files: files, count: Limits.readers, cacheBytes: Int(Double(memoryBudget) * Limits.cacheShare))
        do throws(SQLiteError) {
            try await pool.open(mode: mode, pageCacheBytes: Int(Double(memoryBudget) * Limits.pageCacheShare))
        } catch {
            throw StoreError(.failed, "cannot open \(files.database): \(error.message)")
        }
        return SQLiteReader(pool: pool)
    }

    /// A connection of its own to a data folder or a database file, which can only be read by it.
    static func connect(path: String) throws(StoreError) -> (Connection, StoreFiles) {
        let files = try files(path)
        let mode = try mode(files)
        do throws(SQLiteError) {
            let connection = try Connection(path: files.database, mode: mode)
            try connection.execute("PRAGMA query_only = ON")
            return (connection, files)
        } catch {
            throw StoreError(.failed, "cannot open \(files.database): \(error.message)")
        }
    }

    private static func files(_ path: String) throws(StoreError) -> StoreFiles {
        let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        if StoreFiles.isDirectory(path) {
            let files = StoreFiles(directory: path)
            guard StoreFiles.size(files.database) != nil else {
                throw StoreError(
                    .unreachable, "cannot open \(path): there is no \(StoreFiles.databaseName) in this folder")
            }
            return files
        }
        guard StoreFiles.size(path) != nil else {
            throw StoreError(.unreachable, "cannot open \(path): there is no such file")
        }
        return StoreFiles(database: path)
    }

    /// How the file can be read. Without permission to write beside it SQLite cannot share it with a writer; if no log
    /// waits to be read it is complete by itself.
    private static func mode(_ files: StoreFiles) throws(StoreError) -> Connection.Mode {
        switch check(files, .readOnly) {
        case .success(let verdict):
            try verdict.get()
            return .readOnly
        case .failure(let error):
            if error.isNotADatabase { throw Schema.notOurs(files.database) }
            guard error.cannotOpen, StoreFiles.size(files.log) ?? 0 == 0 else {
                throw StoreError(.failed, "cannot open \(files.database): \(error.message)")
            }
        }
        switch check(files, .immutable) {
        case .success(let verdict):
            try verdict.get()
            return .immutable
        case .failure(let error): throw StoreError(.failed, "cannot open \(files.database): \(error.message)")
        }
    }

    private static func check(
        _ files: StoreFiles, _ mode: Connection.Mode
    ) -> Result<Result<Void, StoreError>, SQLiteError> {
        do throws(SQLiteError) {
            let connection = try Connection(path: files.database, mode: mode)
            _ = try connection.integer("SELECT count(*) FROM sqlite_schema")
            return .success(try Schema.check(connection, path: files.database))
        } catch { return .failure(error) }
    }

    package func close() async { await pool.close() }

    package func services() async throws(ReadError) -> [ServiceSummary] {
        try await pool.read { file throws(ReadError) in file.services() }
    }

    package func operations(of service: String) async throws(ReadError) -> [OperationSummary] {
        try await pool.read { file throws(ReadError) in file.operations(of: service) }
    }

    package func search(_ query: TraceQuery) async throws(ReadError) -> TracePage {
        try await pool.read { file throws(ReadError) in try TraceSearch.run(query, in: file) }
    }

    package func trace(_ id: TraceID) async throws(ReadError) -> Trace? {
        try await pool.read { file throws(ReadError) in try file.trace(id) }
    }

    package func traceIDs(withPrefix prefix: TraceIDPrefix, limit: Int) async throws(ReadError) -> [TraceID] {
        try await pool.read { file throws(ReadError) in try file.traceIDs(withPrefix: prefix, limit: limit) }
    }

    package func statistics() async throws(ReadError) -> StoreStatistics {
        let shared = pool.shared
        return try await pool.read { file throws(ReadError) in try file.statistics(shared) }
    }

    package func size() async throws(ReadError) -> StoreSize {
        let shared = pool.shared
        return try await pool.read { file throws(ReadError) in file.size(shared) }
    }

    package func attributeKeys(
        _ query: AttributeQuery
    ) async throws(ReadError) -> AttributeList<AttributeKeySummary> {
        try await pool.read { file throws(ReadError) in try AttributeKeys.run(query, in: file) }
    }

    package func attributeValues(
        of key: String, _ query: AttributeQuery
    ) async throws(ReadError) -> AttributeList<AttributeValueSummary> {
        try await pool.read { file throws(ReadError) in try AttributeValues.run(key, query, in: file) }
    }

    package func logs(_ query: LogQuery) async throws(ReadError) -> LogPage {
        try await pool.read { file throws(ReadError) in try LogSearch.run(query, in: file) }
    }
}

extension SQLiteReader {
    /// The readers of a store that is open for writing.
    static func beside(_ files: StoreFiles, memoryBudget: Int) async throws(SQLiteError) -> SQLiteReader {
        let pool = ReaderPool(
            files: files, count: Limits.readers, cacheBytes: Int(Double(memoryBudget) * Limits.cacheShare))
        try await pool.open(mode: .readOnly, pageCacheBytes: Int(Double(memoryBudget) * Limits.pageCacheShare / 2))
        return SQLiteReader(pool: pool)
    }
}
