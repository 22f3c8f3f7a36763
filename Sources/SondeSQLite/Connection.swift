// SPDX-License-Identifier: Apache-2.0
// One SQLite connection over the raw handle: prepared statements, blobs read in part, errors as values. GRDB opens and
// migrates the file (Schema.swift); per row it costs several times the raw calls, and it cannot open a file as
// immutable.
//
// The store has one writer connection, one for checkpoints (inside COMMIT they were the whole p99), and a few readers,
// each used by one thread at a time: `SQLITE_OPEN_NOMUTEX`.

import GRDBSQLite

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

struct SQLiteError: Error, Hashable {
    /// The primary result code.
    var code: Int32
    var message: String
    /// The operating system's own code behind it, or 0.
    var systemError: Int32 = 0

    /// Whether the disk, or the bound set on the file, is full.
    var isDiskFull: Bool { code == SQLITE_FULL }
    /// Whether writing failed for want of space, as some file systems report it.
    var isOutOfSpace: Bool { code == SQLITE_IOERR && [ENOSPC, EDQUOT, EFBIG].contains(systemError) }
    var isNotADatabase: Bool { code == SQLITE_NOTADB }
    var cannotOpen: Bool { code == SQLITE_CANTOPEN || code == SQLITE_READONLY }
    var isBusy: Bool { code == SQLITE_BUSY || code == SQLITE_LOCKED }

    /// An index of the file lists a block that its table does not hold.
    static func damagedIndex(block id: Int64) -> SQLiteError {
        SQLiteError(code: SQLITE_CORRUPT, message: "the file is damaged: block \(id) is listed and missing")
    }
}

final class Connection {
    enum Mode {
        case readWrite
        case readOnly
        /// A file that nobody can write: read without locks and without `-shm`.
        case immutable
    }

    let handle: OpaquePointer
    private var statements: [String: Statement] = [:]
    private var blobs: [BlobTable: OpaquePointer] = [:]
    /// Errors that may pass, met while blobs were read: not those of a damaged file.
    private(set) var failures = 0
    /// Pages in the write-ahead log after the last commit of this connection.
    private let logPageCount: UnsafeMutablePointer<Int>

    init(path: String, mode: Mode) throws(SQLiteError) {
        var handle: OpaquePointer?
        var flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI
        flags |= mode == .readWrite ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY
        let name = mode == .immutable ? Self.uri(path) + "?immutable=1" : path
        let code = sqlite3_open_v2(name, &handle, flags, nil)
        guard code == SQLITE_OK, let handle else {
            let error = SQLiteError(code: code & 0xFF, message: Self.message(handle, code))
            sqlite3_close_v2(handle)
            throw error
        }
        self.handle = handle
        logPageCount = .allocate(capacity: 1)
        logPageCount.initialize(to: 0)
        sqlite3_wal_hook(
            handle,
            { context, _, _, pages in
                context?.assumingMemoryBound(to: Int.self).pointee = Int(pages)
                return SQLITE_OK
            }, logPageCount)
        sqlite3_extended_result_codes(handle, 1)
        sqlite3_busy_timeout(handle, Limits.busyTimeoutMilliseconds)
    }

    deinit {
        closeBlobs()
        statements.removeAll()
        sqlite3_close_v2(handle)
        logPageCount.deallocate()
    }

    var logPages: Int { logPageCount.pointee }

    /// Runs statements that give no rows.
    func execute(_ sql: String) throws(SQLiteError) {
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw error(code) }
    }

    /// The statement, ready to be bound; it is prepared once. One use at a time.
    func prepare(_ sql: String) throws(SQLiteError) -> Statement {
        if let known = statements[sql] {
            known.reset()
            return known
        }
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared else { throw error(code) }
        let statement = Statement(prepared, connection: handle)
        statements[sql] = statement
        return statement
    }

    /// The first column of the first row, 0 without one.
    func integer(_ sql: String) throws(SQLiteError) -> Int64 {
        let statement = try prepare(sql)
        defer { statement.reset() }
        return try statement.step() ? statement.integer(0) : 0
    }

    private static func message(_ handle: OpaquePointer?, _ code: Int32) -> String {
        handle.map { String(cString: sqlite3_errmsg($0)) } ?? String(cString: sqlite3_errstr(code))
    }

    func error(_ code: Int32) -> SQLiteError {
        SQLiteError(code: code & 0xFF, message: Self.message(handle, code), systemError: sqlite3_system_errno(handle))
    }

    var lastInsertedID: Int64 { sqlite3_last_insert_rowid(handle) }

    private static func uri(_ path: String) -> String {
        var uri = "file:"
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "%"): uri += "%25"
            case UInt8(ascii: "?"): uri += "%3f"
            case UInt8(ascii: "#"): uri += "%23"
            default: uri.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
        return uri
    }
}

// Blobs, read in part.

/// Tables that hold a blob a block.
enum BlobTable: String {
    case hot
    case cold
    case filter = "kvf"
    case pairs
    case logHot = "log_hot"
    case logCold = "log_cold"
    case logFilter = "log_filter"
}

extension Connection {
    /// Moves the table's blob handle to a row and gives its size; nil without such a row. The handle keeps the
    /// transaction open: see ``closeBlobs()``.
    func openBlob(_ table: BlobTable, row: Int64) throws(SQLiteError) -> (blob: OpaquePointer, count: Int)? {
        var code: Int32
        if let known = blobs[table] {
            code = sqlite3_blob_reopen(known, row)
            if code != SQLITE_OK {
                sqlite3_blob_close(known)
                blobs[table] = nil
            }
        } else {
            var opened: OpaquePointer?
            code = sqlite3_blob_open(handle, "main", table.rawValue, "blob", row, 0, &opened)
            if code == SQLITE_OK { blobs[table] = opened } else { sqlite3_blob_close(opened) }
        }
        if code & 0xFF == SQLITE_ERROR { return nil }
        guard code == SQLITE_OK, let blob = blobs[table] else { throw readError(code) }
        return (blob, Int(sqlite3_blob_bytes(blob)))
    }

    func read(_ blob: OpaquePointer, _ range: Range<Int>) throws(SQLiteError) -> [UInt8] {
        var code = SQLITE_OK
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, written in
            code = sqlite3_blob_read(blob, buffer.baseAddress, Int32(range.count), Int32(range.lowerBound))
            written = code == SQLITE_OK ? range.count : 0
        }
        guard code == SQLITE_OK else { throw readError(code) }
        return bytes
    }

    private func readError(_ code: Int32) -> SQLiteError {
        let error = error(code)
        if error.code != SQLITE_CORRUPT { failures += 1 }
        return error
    }

    func closeBlobs() {
        for blob in blobs.values { sqlite3_blob_close(blob) }
        blobs.removeAll()
    }
}
