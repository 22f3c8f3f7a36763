// SPDX-License-Identifier: Apache-2.0
// Keeps a query inside its bounds: what it may touch, and for how long. SQLite asks it while it prepares a statement and
// every few thousand steps while it runs.

import GRDBSQLite

final class SQLGuardian {
    /// Why the statement at hand was refused.
    private(set) var refusal: String?
    private(set) var time: Duration?
    private(set) var deadline: ContinuousClock.Instant?

    func begin(_ time: Duration?) {
        refusal = nil
        self.time = time
        deadline = time.map { .now + $0 }
    }

    func watch(_ handle: OpaquePointer) {
        let me = Unmanaged.passUnretained(self).toOpaque()
        sqlite3_set_authorizer(
            handle,
            { me, action, first, second, _, _ in
                guard let me else { return SQLITE_DENY }
                return Unmanaged<SQLGuardian>.fromOpaque(me).takeUnretainedValue().decide(action, first, second)
            }, me)
        sqlite3_progress_handler(
            handle, Limits.sqlStepsBetweenLooks,
            { me in
                guard let me else { return 1 }
                return Unmanaged<SQLGuardian>.fromOpaque(me).takeUnretainedValue().isLate ? 1 : 0
            }, me)
    }

    func leave(_ handle: OpaquePointer) {
        sqlite3_set_authorizer(handle, nil, nil)
        sqlite3_progress_handler(handle, 0, nil, nil)
    }

    var isLate: Bool { deadline.map { $0 < .now } ?? false }

    static let onlyReads = "SQL only reads here; nothing can be written, made or dropped"
    private static let pragmas: Set<String> = ["table_info", "table_xinfo", "table_list", "function_list"]
    private static let functions: Set<String> = ["load_extension", "fts3_tokenizer"]

    private func decide(_ action: Int32, _ first: UnsafePointer<CChar>?, _ second: UnsafePointer<CChar>?) -> Int32 {
        switch action {
        case SQLITE_SELECT, SQLITE_READ, SQLITE_RECURSIVE: return SQLITE_OK
        // Asked whenever a virtual table declares its columns, which changes nothing; a statement that would is refused
        // by SQLite itself.
        case SQLITE_UPDATE where first.map({ String(cString: $0).hasPrefix("sqlite_") }) ?? false: return SQLITE_OK
        case SQLITE_FUNCTION:
            let name = second.map { String(cString: $0) } ?? ""
            guard Self.functions.contains(name.lowercased()) else { return SQLITE_OK }
            refusal = "the function \(name) is not available"
        case SQLITE_PRAGMA:
            let name = first.map { String(cString: $0) } ?? ""
            if Self.pragmas.contains(name.lowercased()) { return SQLITE_OK }
            refusal = "PRAGMA \(name) is not available; table_info and table_list are"
        case SQLITE_ATTACH, SQLITE_DETACH: refusal = "no other file can be attached"
        case SQLITE_TRANSACTION, SQLITE_SAVEPOINT:
            refusal = "every query is a transaction of its own that only reads; there is nothing to begin or to commit"
        default: refusal = Self.onlyReads
        }
        return SQLITE_DENY
    }
}
