// SPDX-License-Identifier: Apache-2.0
// Copies a file while a collector writes it: one snapshot, page by page with SQLite's backup API, so that the copy is
// what was committed when it began. It lies under its own name only when it is whole, checked and on the disk.

import GRDBSQLite

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

package struct StoreBackup {
    package enum Progress: Hashable, Sendable {
        case copying(donePages: Int, pages: Int)
        case checking(StoreCheck.Progress)
    }

    package struct Report: Hashable, Sendable {
        package var source: String
        package var target: String
        package var bytes: Int
        /// What the check of the copy saw; nil where there was none.
        package var check: CheckReport?
    }

    private let source: Connection
    private let files: StoreFiles
    private let target: String
    private var partial: StoreFiles { StoreFiles(database: target + ".partial") }

    /// Copies a data folder's database, or a database file, to `target`.
    ///
    /// - Throws if there is a file already, unless `force` is true; if the copy is damaged, it is not kept.
    package static func run(
        from path: String, to target: String, force: Bool = false, verify: Bool = true,
        progress: @escaping (Progress) -> Void = { _ in }
    ) throws(StoreError) -> Report {
        let (source, files) = try SQLiteReader.connect(path: path)
        let backup = StoreBackup(source: source, files: files, target: target)
        try backup.checkTarget(force: force)
        backup.removePartial()
        do throws(StoreError) {
            try backup.copy(progress)
            let report = try backup.finish(verify: verify, progress)
            return report
        } catch {
            backup.removePartial()
            throw error
        }
    }

    private func checkTarget(force: Bool) throws(StoreError) {
        if StoreFiles.isDirectory(target) {
            throw StoreError(.invalid, "cannot back up to \(target): it is a folder; name a file")
        }
        guard StoreFiles.size(target) != nil else { return }
        if Self.isSame(target, files.database) {
            throw StoreError(.invalid, "cannot back up to \(target): it is the very file to be copied")
        }
        if StoreFiles.size(target + "-wal") != nil {
            throw StoreError(
                .invalid, "cannot back up to \(target): there is a database in use (it has a log beside it)")
        }
        if !force { throw StoreError(.invalid, "cannot back up to \(target): the file exists; --force replaces it") }
    }

    private static func isSame(_ a: String, _ b: String) -> Bool {
        var first = stat()
        var second = stat()
        return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev
            && first.st_ino == second.st_ino
    }

    /// What lies beside the target until the copy is whole; whoever breaks a backup off removes these.
    package static func partialPaths(of target: String) -> [String] {
        let partial = StoreFiles(database: target + ".partial")
        return [partial.database, partial.log, partial.index, partial.database + "-journal"]
    }

    private func removePartial() {
        for path in Self.partialPaths(of: target) { unlink(path) }
    }

    /// The pages of one snapshot. The read transaction holds it, so that writers cannot make the copy begin anew.
    private func copy(_ progress: (Progress) -> Void) throws(StoreError) {
        try createPartial()
        do throws(SQLiteError) {
            let copy = try Connection(path: partial.database, mode: .readWrite)
            // Nothing of a copy that did not come to its end is ever used: it needs no journal, and one sync at the end.
            try copy.execute("PRAGMA journal_mode = OFF")
            try copy.execute("PRAGMA synchronous = OFF")
            try copy.execute("PRAGMA locking_mode = EXCLUSIVE")
            try source.execute("BEGIN")
            _ = try source.integer("SELECT count(*) FROM sqlite_schema")
            guard let backup = sqlite3_backup_init(copy.handle, "main", source.handle, "main") else {
                throw copy.error(sqlite3_errcode(copy.handle))
            }
            var code = SQLITE_OK
            while code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED {
                code = sqlite3_backup_step(backup, Limits.backupPages)
                let pages = Int(sqlite3_backup_pagecount(backup))
                progress(.copying(donePages: pages - Int(sqlite3_backup_remaining(backup)), pages: pages))
            }
            let end = sqlite3_backup_finish(backup)
            guard code == SQLITE_DONE, end == SQLITE_OK else { throw copy.error(end == SQLITE_OK ? code : end) }
            try source.execute("COMMIT")
        } catch {
            throw StoreError(.failed, "cannot back up \(files.database) to \(target): \(error.message)")
        }
    }

    /// Makes the file before SQLite opens it: it holds what was recorded, so it is the user's alone.
    private func createPartial() throws(StoreError) {
        let descriptor = open(partial.database, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("cannot write \(partial.database)") }
        close(descriptor)
    }

    private func finish(verify: Bool, _ progress: @escaping (Progress) -> Void) throws(StoreError) -> Report {
        try sync(partial.database)
        var report = Report(
            source: files.database, target: target, bytes: StoreFiles.size(partial.database) ?? 0, check: nil)
        if verify {
            let check = try StoreCheck.run(copy: partial.database) { progress(.checking($0)) }
            guard check.isClean else {
                let first = check.findings.first?.sentence ?? ""
                throw StoreError(
                    .damaged,
                    "cannot back up \(files.database): it is damaged (\(check.findingCount) findings; the first: \(first)); "
                        + "`sonde check` tells all, --no-verify copies it as it is")
            }
            report.check = check
        }
        guard rename(partial.database, target) == 0 else { throw failure("cannot rename \(partial.database)") }
        try sync(Self.folder(of: target))
        return report
    }

    /// Brings a file, or the entries of a folder, to the disk.
    private func sync(_ path: String) throws(StoreError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("cannot open \(path)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("cannot bring \(path) to the disk") }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private func failure(_ what: String) -> StoreError {
        StoreError(.failed, "\(what): \(String(cString: strerror(errno)))")
    }
}
