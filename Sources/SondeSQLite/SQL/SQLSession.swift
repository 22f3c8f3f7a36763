// SPDX-License-Identifier: Apache-2.0
// SQL over a file, reading only: one connection, one read transaction, the virtual tables `spans`, `traces` and `logs`.

import GRDBSQLite
import SondeModel
import SondeStorage

/// A snapshot of a file that answers SQL. Used by one task at a time; not kept for long: the collector cannot empty its
/// log past an open snapshot.
package final class SQLSession {
    private let connection: Connection
    private let source: TableSource
    private let guardian = SQLGuardian()
    private let tables: [TableModule]

    /// Opens a data folder or a database file, also while a collector writes there.
    package static func open(path: String, memoryBudget: Int = 64 << 20) throws(StoreError) -> SQLSession {
        let (connection, files) = try SQLiteReader.connect(path: path)
        do throws(SQLiteError) {
            try connection.execute("PRAGMA temp_store = FILE")
            try connection.execute("PRAGMA cache_size = -\(memoryBudget / 4 / 1_024)")
            try connection.execute("BEGIN")
            let catalog = try Catalog.read(connection, known: .empty)
            let file = BlockFile(
                connection: connection, cache: BlockCache(capacity: memoryBudget / 2), catalog: catalog)
            return try SQLSession(connection, TableSource(file))
        } catch { throw StoreError(.failed, "cannot open \(files.database): \(error.message)") }
    }

    private init(_ connection: Connection, _ source: TableSource) throws(SQLiteError) {
        self.connection = connection
        self.source = source
        sqlite3_limit(connection.handle, SQLITE_LIMIT_LENGTH, Limits.sqlValueBytes)
        sqlite3_limit(connection.handle, SQLITE_LIMIT_ATTACHED, 0)
        tables = [
            TableModule(SpanTableCursor.description, source), TableModule(TraceTableCursor.description, source),
            TableModule(LogTableCursor.description, source),
        ]
        for table in tables { try table.register(on: connection) }
        try SQLFunctions.register(on: connection)
        guardian.watch(connection.handle)
    }

    deinit {
        connection.closeBlobs()
        guardian.leave(connection.handle)
    }

    /// Bounds what SQLite takes of memory, for the whole process: queries that sort or group past it go to temporary
    /// files, those that cannot fail.
    package static func limitMemory(bytes: Int) { sqlite3_hard_heap_limit64(Int64(bytes)) }

    /// Runs one query: `begin` is given the names of its columns, then `row` each row; it returns false to stop.
    package func run(
        _ sql: String, limits: SQLLimits = SQLLimits(), begin: ([String]) -> Void, row: ([SQLValue]) -> Bool
    ) throws(SQLFailure) -> SQLOutcome {
        guardian.begin(limits.time)
        source.deadline = guardian.deadline
        let statement = try prepare(sql)
        defer { sqlite3_finalize(statement) }
        let columns = (0..<sqlite3_column_count(statement)).map { String(cString: sqlite3_column_name(statement, $0)) }
        begin(columns)
        var outcome = SQLOutcome(rows: 0, isCut: false)
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: break
            case SQLITE_DONE: return outcome
            case let code: throw failure(code, sql)
            }
            if let most = limits.rows, outcome.rows == most {
                outcome.isCut = true
                return outcome
            }
            outcome.rows += 1
            guard row((0..<Int32(columns.count)).map { Self.value(statement, $0) }) else { return outcome }
        }
    }

    private func prepare(_ sql: String) throws(SQLFailure) -> OpaquePointer {
        var statement: OpaquePointer?
        var hasMore = false
        var sql = sql
        let code = sql.withUTF8 { text -> Int32 in
            guard let base = text.baseAddress else { return SQLITE_OK }
            return base.withMemoryRebound(to: CChar.self, capacity: text.count) { start in
                var tail: UnsafePointer<CChar>?
                let code = sqlite3_prepare_v3(connection.handle, start, Int32(text.count), 0, &statement, &tail)
                guard code == SQLITE_OK, let tail else { return code }
                // What follows the first statement may be blanks and comments: they give no statement.
                var second: OpaquePointer?
                let rest = Int32(text.count - (tail - start))
                hasMore =
                    sqlite3_prepare_v3(connection.handle, tail, rest, 0, &second, nil) != SQLITE_OK || second != nil
                sqlite3_finalize(second)
                return code
            }
        }
        guard code == SQLITE_OK else { throw failure(code, sql) }
        guard let statement else { throw .query(reason: "it is empty", offset: nil) }
        guard sqlite3_stmt_readonly(statement) != 0 else {
            sqlite3_finalize(statement)
            throw .query(reason: SQLGuardian.onlyReads, offset: nil)
        }
        guard !hasMore else {
            sqlite3_finalize(statement)
            throw .query(reason: "it has more than one statement; run them one by one", offset: nil)
        }
        return statement
    }

    private func failure(_ code: Int32, _ sql: String) -> SQLFailure {
        let error = connection.error(code)
        if let refusal = guardian.refusal { return .query(reason: refusal, offset: nil) }
        if let damage = source.failure { return .file(reason: damage) }
        switch error.code {
        case SQLITE_INTERRUPT: return .timedOut(guardian.time ?? .zero)
        case SQLITE_NOMEM: return .outOfMemory
        case SQLITE_CORRUPT, SQLITE_IOERR, SQLITE_NOTADB, SQLITE_CANTOPEN, SQLITE_FULL:
            return .file(reason: "cannot read the database: \(error.message)")
        default:
            let offset = Int(sqlite3_error_offset(connection.handle))
            return .query(reason: error.message, offset: offset >= 0 && offset <= sql.utf8.count ? offset : nil)
        }
    }

    private static func value(_ statement: OpaquePointer, _ column: Int32) -> SQLValue {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(statement, column))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(statement, column))
        case SQLITE_TEXT, SQLITE_BLOB:
            let start = sqlite3_column_blob(statement, column)?.assumingMemoryBound(to: UInt8.self)
            let bytes = UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(statement, column)))
            return sqlite3_column_type(statement, column) == SQLITE_TEXT
                ? .text(String(decoding: bytes, as: UTF8.self)) : .blob(Array(bytes))
        default: return .null
        }
    }
}
