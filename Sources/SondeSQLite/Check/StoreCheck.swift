// SPDX-License-Identifier: Apache-2.0
// Checks a whole file against itself, in one read transaction and beside a running collector: SQLite's pages, then
// every block: checksums, columns, and all that other tables say about it told anew and compared.
//
// Every byte that means something is covered: pages, cells and keys by SQLite's own check; blobs by the checksums of
// their chunks; rows by `sum` (RowSum.swift) or by being told anew; the definitions of the tables by comparison.

import GRDBSQLite
import SondeModel
import SondeStorage

package struct StoreCheck {
    /// How far a check has come.
    package struct Progress: Hashable, Sendable {
        package enum Stage: String, Hashable, Sendable {
            case pages, blocks, logBlocks
        }

        package var stage: Stage
        package var done: Int
        package var total: Int
        /// What is done of the stage, from 0 to 1; nil where that is not known.
        package var part: Double? { stage == .pages || total == 0 ? nil : Double(done) / Double(total) }
    }

    let connection: Connection
    let path: String
    var report: CheckReport
    var names = StoredNames()
    /// The filter last looked at.
    var pairs: PairFilterContents?
    let progress: (Progress) -> Void

    /// Checks a data folder or a database file.
    package static func run(
        path: String, progress: @escaping (Progress) -> Void = { _ in }
    ) throws(StoreError) -> CheckReport {
        let (connection, files) = try SQLiteReader.connect(path: path)
        return try run(connection, files, progress)
    }

    /// Checks a file that nobody writes and that has no log; nothing is made beside it.
    static func run(copy path: String, progress: @escaping (Progress) -> Void) throws(StoreError) -> CheckReport {
        let connection: Connection
        do throws(SQLiteError) { connection = try Connection(path: path, mode: .immutable) } catch {
            throw StoreError(.failed, "cannot open \(path): \(error.message)")
        }
        return try run(connection, StoreFiles(database: path), progress)
    }

    private static func run(
        _ connection: Connection, _ files: StoreFiles, _ progress: @escaping (Progress) -> Void
    ) throws(StoreError) -> CheckReport {
        var check = StoreCheck(
            connection: connection, path: files.database, report: CheckReport(path: files.database), progress: progress)
        do throws(SQLiteError) {
            try connection.execute("BEGIN")
            // The snapshot begins with the first read.
            _ = try connection.integer("SELECT count(*) FROM sqlite_schema")
            check.report.bytes = files.bytes
        } catch { throw StoreError(.failed, "cannot open \(files.database): \(error.message)") }
        check.checkAll(files)
        connection.closeBlobs()
        return check.report
    }

    private mutating func checkAll(_ files: StoreFiles) {
        attempt("") { check throws(SQLiteError) in
            check.report.formatVersion = Int(try check.connection.integer("PRAGMA user_version"))
        }
        if report.formatVersion < 2 {
            report.notes.append(
                "the file has format \(report.formatVersion), which has no checksums for names and for what rows say of "
                    + "arrival; a collector that opens it adds them")
        }
        checkHeader(files)
        checkLog(files)
        attempt("sqlite_schema") { check throws(SQLiteError) in try check.checkTables() }
        progress(Progress(stage: .pages, done: 0, total: 1))
        attempt("") { check throws(SQLiteError) in try check.checkPages() }
        progress(Progress(stage: .pages, done: 1, total: 1))
        attempt("meta") { check throws(SQLiteError) in try check.checkMeta() }
        attempt("service") { check throws(SQLiteError) in try check.checkServices() }
        attempt("op") { check throws(SQLiteError) in try check.checkOperations() }
        attempt("block") { check throws(SQLiteError) in try check.checkSpanBlocks() }
        attempt("log_block") { check throws(SQLiteError) in try check.checkLogBlocks() }
        attempt("pin") { check throws(SQLiteError) in try check.checkPins() }
        attempt("") { check throws(SQLiteError) in try check.checkOrphans() }
    }

    /// Runs a part of the check; what SQLite refuses to read is a finding like any other.
    mutating func attempt(
        _ table: String, row: Int64? = nil, _ part: (inout StoreCheck) throws(SQLiteError) -> Void
    ) {
        do throws(SQLiteError) { try part(&self) } catch {
            add(StoreFinding(table, row: row, "cannot be read: \(error.message)", .copyFile))
        }
    }

    mutating func add(_ finding: StoreFinding) { report.add(finding) }

    /// Whether rows carry checksums.
    var hasSums: Bool { report.formatVersion >= 2 }

    /// The first column of every row.
    func integers(_ sql: String) throws(SQLiteError) -> [Int64] {
        let statement = try connection.prepare(sql)
        defer { statement.reset() }
        var all: [Int64] = []
        while try statement.step() { all.append(statement.integer(0)) }
        return all
    }
}
