// SPDX-License-Identifier: Apache-2.0
// A prepared statement. Bound bytes are copied by nobody: they must live until the statement has run.

import GRDBSQLite

final class Statement {
    private let statement: OpaquePointer
    private let connection: OpaquePointer
    /// The first value that was not taken since the last reset, as SQLite's code.
    private var refusal = SQLITE_OK

    init(_ statement: OpaquePointer, connection: OpaquePointer) {
        self.statement = statement
        self.connection = connection
    }

    deinit { sqlite3_finalize(statement) }

    func reset() {
        sqlite3_reset(statement)
        sqlite3_clear_bindings(statement)
        refusal = SQLITE_OK
    }

    func bind(_ value: Int64, at place: Int32) { note(sqlite3_bind_int64(statement, place, value)) }
    func bind(_ value: Int, at place: Int32) { bind(Int64(value), at: place) }
    /// Unsigned numbers keep their bits: 2^63 and above are stored as negative.
    func bind(_ value: UInt64, at place: Int32) { bind(Int64(bitPattern: value), at: place) }

    func bind(_ bytes: UnsafeRawBufferPointer, at place: Int32) {
        if bytes.isEmpty {
            note(sqlite3_bind_zeroblob(statement, place, 0))
        } else {
            note(sqlite3_bind_blob64(statement, place, bytes.baseAddress, UInt64(bytes.count), nil))
        }
    }

    func bind(text: UnsafeBufferPointer<UInt8>, at place: Int32) {
        // A nil address would bind NULL; the empty text needs one.
        guard let start = text.baseAddress, !text.isEmpty else {
            return note(sqlite3_bind_text(statement, place, "", 0, nil))
        }
        start.withMemoryRebound(to: CChar.self, capacity: text.count) {
            note(sqlite3_bind_text64(statement, place, $0, UInt64(text.count), nil, UInt8(SQLITE_UTF8)))
        }
    }

    private func note(_ code: Int32) {
        if refusal == SQLITE_OK { refusal = code }
    }

    /// Moves to the next row; false after the last.
    func step() throws(SQLiteError) -> Bool {
        // Without its value a row would hold NULL or, in a statement used before, the value of another row.
        guard refusal == SQLITE_OK else {
            let reason =
                refusal == SQLITE_TOOBIG ? "larger than a row can hold" : String(cString: sqlite3_errstr(refusal))
            throw SQLiteError(code: refusal & 0xFF, message: "SQLite does not take a value: \(reason)")
        }
        switch sqlite3_step(statement) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code:
            let message = String(cString: sqlite3_errmsg(connection))
            let system = sqlite3_system_errno(connection)
            sqlite3_reset(statement)
            throw SQLiteError(code: code & 0xFF, message: message, systemError: system)
        }
    }

    /// Runs to the end and lets go of what was bound.
    func run() throws(SQLiteError) {
        while try step() {}
        reset()
    }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }
    func int(_ column: Int32) -> Int { Int(integer(column)) }
    func unsigned(_ column: Int32) -> UInt64 { UInt64(bitPattern: integer(column)) }

    /// The column's bytes, valid until the next step.
    func bytes(_ column: Int32) -> UnsafeBufferPointer<UInt8> {
        let start = sqlite3_column_blob(statement, column)
        let count = Int(sqlite3_column_bytes(statement, column))
        return UnsafeBufferPointer(start: start?.assumingMemoryBound(to: UInt8.self), count: start == nil ? 0 : count)
    }

    func text(_ column: Int32) -> String { String(decoding: bytes(column), as: UTF8.self) }
}
