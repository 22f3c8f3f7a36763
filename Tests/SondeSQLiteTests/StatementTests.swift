// SPDX-License-Identifier: Apache-2.0
// A value that SQLite does not take is an error, never a row without it.

import GRDBSQLite
import Testing

@testable import SondeSQLite

@Suite("Statements") struct StatementTests {
    @Test func aValueThatIsTooLargeIsRefusedAndTheNextOneIsNot() throws {
        let folder = try TemporaryFolder()
        try Schema.prepare(path: folder.file("sonde.db"))
        let connection = try Connection(path: folder.file("sonde.db"), mode: .readWrite)
        try connection.execute("CREATE TABLE t (x)")
        sqlite3_limit(connection.handle, SQLITE_LIMIT_LENGTH, 1_000)
        for isText in [false, true] {
            for (size, isTaken) in [(2_000, false), (500, true)] {
                let row = try connection.prepare("INSERT INTO t (x) VALUES (?)")
                let bytes = [UInt8](repeating: 65, count: size)
                let error = bytes.withUnsafeBufferPointer { bytes -> SQLiteError? in
                    if isText { row.bind(text: bytes, at: 1) } else { row.bind(UnsafeRawBufferPointer(bytes), at: 1) }
                    do throws(SQLiteError) { try row.run() } catch { return error }
                    return nil
                }
                #expect((error == nil) == isTaken)
                if let error { #expect(error.message == "SQLite does not take a value: larger than a row can hold") }
            }
        }
        #expect(try connection.integer("SELECT count(*) FROM t WHERE length(x) = 500") == 2)
        #expect(try connection.integer("SELECT count(*) FROM t") == 2)
    }

    @Test func aPlaceThatTheStatementLacksIsRefused() throws {
        let folder = try TemporaryFolder()
        try Schema.prepare(path: folder.file("sonde.db"))
        let connection = try Connection(path: folder.file("sonde.db"), mode: .readWrite)
        let row = try connection.prepare("SELECT ?")
        row.bind(1, at: 2)
        let error = #expect(throws: SQLiteError.self) { try row.step() }
        #expect(error?.code == SQLITE_RANGE)
    }
}
