// SPDX-License-Identifier: Apache-2.0
// A virtual table in the terms of SQLite (https://sqlite.org/vtab.html): the callbacks are C functions, the tables are
// cursors in Swift. Tables are eponymous: they are there without being made.
//
// A cursor shows runs of rows: numbers from `row` to `end` of a block, which only it can tell the meaning of. Stepping
// inside a run is all that happens here, so that counting does not wake the cursor row by row.

import GRDBSQLite
import SondeStorage

/// What a virtual table is.
struct TableDescription: Sendable {
    var name: String
    /// `CREATE TABLE x(…)`.
    var schema: String
    var traceColumn: Int32
    var serviceColumn: Int32?
    var timeColumn: Int32
    /// Which can be asked with MATCH.
    var attributesColumn: Int32?
    /// Whether rows of other services and traces never come, so that SQLite need not look again.
    var isExact: Bool
    var makeCursor: @Sendable (TableSource) -> TableCursor
}

/// What a query asks of a table that helps to read less.
struct TableFilter {
    /// The text that the trace id must be.
    var traceID: String?
    var service: String?
    var earliest: Int64?
    var latest: Int64?
    /// What attributes must be.
    var attributes: [AttributeCondition] = []
    /// A comparison that nothing can meet, with NULL.
    var isEmpty = false
    /// Why the query makes no sense.
    var mistake: String?

    /// Whether a block with these times may have rows.
    func admits(from start: UInt64, to end: UInt64) -> Bool {
        if let earliest, SQLResult.time(end) < earliest { return false }
        if let latest, SQLResult.time(start) > latest { return false }
        return true
    }
}

/// Walks the rows of a table.
class TableCursor {
    /// Begins anew with what a query asks.
    func begin(_ filter: TableFilter) throws(ReadError) {}
    /// Moves to the next run of rows; empty after the last.
    func nextRun() throws(ReadError) -> Range<Int> { 0..<0 }
    /// The number by which SQLite knows a row of the run at hand. It must be the same whenever the row is met: where two
    /// conditions are joined with OR, SQLite looks for each by itself and drops what comes twice.
    func number(_ row: Int) -> Int64 { 0 }
    /// Gives a value of a row of the run at hand.
    func column(_ column: Int32, row: Int, _ result: SQLResult) throws(ReadError) {}
}

/// The memory that SQLite knows as a table, and as a cursor: its own part comes first.
private struct TableMemory {
    var base = sqlite3_vtab()
    var module: Unmanaged<TableModule>
}

private struct CursorMemory {
    var base = sqlite3_vtab_cursor()
    var row = 0
    var end = 0
    var cursor: Unmanaged<TableCursor>
}

/// A table of a connection. It must outlive every statement on that connection, not the connection: closing it calls only
/// `xDisconnect`, which reads nothing of this.
final class TableModule {
    let description: TableDescription
    let source: TableSource

    init(_ description: TableDescription, _ source: TableSource) {
        self.description = description
        self.source = source
    }

    /// The callbacks, the same for every table and never freed: SQLite reads them as late as in closing a connection.
    // Written once, before anybody can see it, and only read after that.
    private nonisolated(unsafe) static let callbacks: UnsafePointer<sqlite3_module> = {
        var module = sqlite3_module()
        module.xConnect = connect
        module.xBestIndex = { table, plan in TableModule.chooseIndex(table, plan) }
        module.xDisconnect = { table in
            UnsafeMutableRawPointer(table)?.assumingMemoryBound(to: TableMemory.self).deallocate()
            return SQLITE_OK
        }
        module.xOpen = { table, cursor in TableModule.open(table, cursor) }
        module.xClose = { cursor in
            guard let memory = TableModule.memory(cursor) else { return SQLITE_OK }
            memory.pointee.cursor.release()
            memory.deallocate()
            return SQLITE_OK
        }
        module.xFilter = { cursor, plan, _, count, values in TableModule.filter(cursor, plan, count, values) }
        module.xNext = { cursor in
            guard let memory = TableModule.memory(cursor) else { return SQLITE_ERROR }
            memory.pointee.row &+= 1
            return memory.pointee.row < memory.pointee.end ? SQLITE_OK : TableModule.advance(memory)
        }
        module.xEof = { cursor in
            guard let memory = TableModule.memory(cursor) else { return 1 }
            return memory.pointee.row < memory.pointee.end ? 0 : 1
        }
        module.xColumn = { cursor, context, column in
            guard let memory = TableModule.memory(cursor), let context else { return SQLITE_ERROR }
            return TableModule.attempt(memory) { cursor throws(ReadError) in
                try cursor.column(column, row: memory.pointee.row, SQLResult(context))
            }
        }
        module.xRowid = { cursor, number in
            guard let memory = TableModule.memory(cursor) else { return SQLITE_ERROR }
            number?.pointee = memory.pointee.cursor.takeUnretainedValue().number(memory.pointee.row)
            return SQLITE_OK
        }
        let memory = UnsafeMutablePointer<sqlite3_module>.allocate(capacity: 1)
        memory.initialize(to: module)
        return UnsafePointer(memory)
    }()

    func register(on connection: Connection) throws(SQLiteError) {
        let me = Unmanaged.passUnretained(self).toOpaque()
        let code = sqlite3_create_module_v2(connection.handle, description.name, Self.callbacks, me, nil)
        guard code == SQLITE_OK else { throw connection.error(code) }
    }

    private static let connect:
        @convention(c) (
            OpaquePointer?, UnsafeMutableRawPointer?, Int32, UnsafePointer<UnsafePointer<CChar>?>?,
            UnsafeMutablePointer<UnsafeMutablePointer<sqlite3_vtab>?>?,
            UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        ) -> Int32 = { handle, me, _, _, table, _ in
            guard let me else { return SQLITE_ERROR }
            let module = Unmanaged<TableModule>.fromOpaque(me)
            let code = sqlite3_declare_vtab(handle, module.takeUnretainedValue().description.schema)
            guard code == SQLITE_OK else { return code }
            let memory = UnsafeMutablePointer<TableMemory>.allocate(capacity: 1)
            memory.initialize(to: TableMemory(module: module))
            table?.pointee = UnsafeMutableRawPointer(memory).assumingMemoryBound(to: sqlite3_vtab.self)
            return SQLITE_OK
        }

    @inline(__always)
    private static func memory(
        _ cursor: UnsafeMutablePointer<sqlite3_vtab_cursor>?
    ) -> UnsafeMutablePointer<CursorMemory>? {
        UnsafeMutableRawPointer(cursor)?.assumingMemoryBound(to: CursorMemory.self)
    }

    static func of(_ table: UnsafeMutablePointer<sqlite3_vtab>?) -> TableModule? {
        UnsafeMutableRawPointer(table)?.assumingMemoryBound(to: TableMemory.self).pointee.module.takeUnretainedValue()
    }

    private static func open(
        _ table: UnsafeMutablePointer<sqlite3_vtab>?,
        _ cursor: UnsafeMutablePointer<UnsafeMutablePointer<sqlite3_vtab_cursor>?>?
    ) -> Int32 {
        guard let module = of(table) else { return SQLITE_ERROR }
        let memory = UnsafeMutablePointer<CursorMemory>.allocate(capacity: 1)
        memory.initialize(to: CursorMemory(cursor: .passRetained(module.description.makeCursor(module.source))))
        cursor?.pointee = UnsafeMutableRawPointer(memory).assumingMemoryBound(to: sqlite3_vtab_cursor.self)
        return SQLITE_OK
    }

    private static func filter(
        _ cursor: UnsafeMutablePointer<sqlite3_vtab_cursor>?, _ plan: Int32, _ count: Int32,
        _ values: UnsafeMutablePointer<OpaquePointer?>?
    ) -> Int32 {
        guard let memory = memory(cursor) else { return SQLITE_ERROR }
        let filter = TablePlan(rawValue: plan).filter((0..<Int(count)).map { values?[$0] })
        if let mistake = filter.mistake { return refuse(memory, mistake) }
        let code = attempt(memory) { cursor throws(ReadError) in try cursor.begin(filter) }
        if code != SQLITE_OK { return code }
        if filter.isEmpty {
            (memory.pointee.row, memory.pointee.end) = (0, 0)
            return SQLITE_OK
        }
        return advance(memory)
    }

    /// Ends a query that makes no sense with a message, which SQLite frees.
    private static func refuse(_ memory: UnsafeMutablePointer<CursorMemory>, _ message: String) -> Int32 {
        let size = message.utf8.count + 1
        if let text = sqlite3_malloc(Int32(size))?.assumingMemoryBound(to: CChar.self) {
            message.withCString { text.update(from: $0, count: size) }
            sqlite3_free(memory.pointee.base.pVtab.pointee.zErrMsg)
            memory.pointee.base.pVtab.pointee.zErrMsg = text
        }
        return SQLITE_ERROR
    }

    private static func advance(_ memory: UnsafeMutablePointer<CursorMemory>) -> Int32 {
        (memory.pointee.row, memory.pointee.end) = (0, 0)
        return attempt(memory) { cursor throws(ReadError) in
            let run = try cursor.nextRun()
            (memory.pointee.row, memory.pointee.end) = (run.lowerBound, run.upperBound)
        }
    }

    /// Runs a part of a query; what cannot be read ends it.
    @inline(__always)
    private static func attempt(
        _ memory: UnsafeMutablePointer<CursorMemory>, _ body: (TableCursor) throws(ReadError) -> Void
    ) -> Int32 {
        do throws(ReadError) {
            try body(memory.pointee.cursor.takeUnretainedValue())
            return SQLITE_OK
        } catch {
            let source = of(memory.pointee.base.pVtab)?.source
            if source?.isLate == true { return SQLITE_INTERRUPT }
            source?.failure = error.reason
            return SQLITE_ERROR
        }
    }
}
