// SPDX-License-Identifier: Apache-2.0
// The file as SQLite sees it: header, pages, log, tables, and the small tables that blocks refer to.

import GRDBSQLite
import SondeModel

extension StoreCheck {
    /// The fields of the file's first hundred bytes that have one right value (https://sqlite.org/fileformat2.html).
    /// The others are checked by SQLite, or nothing depends on them: the schema cookie, the number of the SQLite that
    /// wrote last.
    mutating func checkHeader(_ files: StoreFiles) {
        guard let header = headerBytes() else { return }
        func number(_ offset: Int) -> UInt32 { header[offset..<(offset + 4)].reduce(0) { $0 << 8 | UInt32($1) } }
        // A collector that has only begun a log may still have a header of before.
        let isWAL = header[18] == 2 && header[19] == 2
        var wrong: [String] = []
        if !isWAL, header[18] != 1 || header[19] != 1 { wrong.append("version of the format (bytes 18, 19)") }
        if header[21] != 64 || header[22] != 32 || header[23] != 32 {
            wrong.append("payload fractions (bytes 21 to 23)")
        }
        if number(24) != number(92) { wrong.append("change counter, of which there are two (bytes 24 and 92)") }
        // A collector that was killed while it made the file: its tables are in the log only, and the file's own header is
        // that of a database without any.
        let isNew = number(44) == 0 && number(56) == 0 && StoreFiles.size(files.log) ?? 0 > 0
        if number(44) != 4, !isNew { wrong.append("format of the schema (byte 44)") }
        if number(48) != 0 { wrong.append("size of the cache (byte 48)") }
        if number(56) != 1, !isNew { wrong.append("encoding of texts (byte 56)") }
        if number(64) != 1 { wrong.append("kind of vacuum (byte 64)") }
        if header[72..<92].contains(where: { $0 != 0 }) { wrong.append("reserved bytes (72 to 91)") }
        let pageSize = Int(header[16]) << 8 | Int(header[17])
        if pageSize > 1, let size = StoreFiles.size(files.database), size != Int(number(28)) * pageSize,
            StoreFiles.size(files.log) ?? 0 == 0
        {
            wrong.append("number of pages (byte 28)")
        }
        for field in wrong { add(StoreFinding("", "its header has a wrong \(field)", .copyFile)) }
    }

    /// The frames of the write-ahead log bear checksums, and SQLite reads up to the first that does not match: what
    /// follows it, though it was committed, is lost without a word. Frames of the same log behind such a place are told.
    mutating func checkLog(_ files: StoreFiles) {
        guard let log = LogFile(path: files.log) else {
            guard LogFile.hasDamagedHeader(path: files.log) else { return }
            let what = "the header of the write-ahead log is damaged; nothing that was committed there is read"
            return add(StoreFinding("", what, .copyFile))
        }
        if let lost = log.framesBehindDamage() {
            add(
                StoreFinding(
                    "",
                    "the write-ahead log is damaged at frame \(lost.damaged); \(lost.behind) frames behind it, with what was "
                        + "committed there, are not read", .copyFile))
        }
    }

    /// Definitions of tables and indexes, letter by letter those of a new file.
    mutating func checkTables() throws(SQLiteError) {
        let expected: [Schema.Definition]
        do { expected = try Schema.definitions(format: report.formatVersion) } catch {
            report.notes.append("the definitions of the tables could not be compared: \(error)")
            return
        }
        var missing = Dictionary(expected.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for found in try Schema.definitions(connection) {
            guard let wanted = missing.removeValue(forKey: found.name) else {
                add(StoreFinding(found.name, "is no table of ours", .nothing))
                continue
            }
            if found != wanted { add(StoreFinding(found.name, "its definition is not ours", .copyFile)) }
        }
        for name in missing.keys.sorted() { add(StoreFinding(name, "is missing", .copyFile)) }
        // Rows of these two are never deleted: their numbers run from 1 without gaps, though nothing depends on them.
        for table in ["sqlite_schema", "sqlite_sequence"]
        where try connection.integer("SELECT ifnull(max(rowid), 0) - count(*) FROM \(table)") != 0 {
            add(StoreFinding(table, "its rows are not numbered as they were", .nothing))
        }
        let steps = try connection.prepare(
            "SELECT identifier || iif(typeof(identifier) = 'text', '', ' (blob)') FROM grdb_migrations ORDER BY 1")
        defer { steps.reset() }
        var known: [String] = []
        while try steps.step() { known.append(steps.text(0)) }
        if known != (1...max(1, report.formatVersion)).map({ "format \($0)" }) {
            add(StoreFinding("grdb_migrations", "it names \(known.joined(separator: ", "))", .rebuildIndex))
        }
    }

    /// SQLite's own check: pages, cells, keys, indexes, types, the list of free pages.
    mutating func checkPages() throws(SQLiteError) {
        let statement = try connection.prepare("PRAGMA integrity_check(\(Limits.findings))")
        defer { statement.reset() }
        while try statement.step() {
            // The first line of a report is a title; "ok" is all there is when nothing is wrong.
            for line in statement.text(0).split(separator: "\n") where line != "ok" && !line.hasPrefix("***") {
                add(StoreFinding("", "SQLite says: \(line)", .copyFile))
            }
        }
    }

    mutating func checkMeta() throws(SQLiteError) {
        let statement = try connection.prepare("SELECT key, value FROM meta")
        defer { statement.reset() }
        var values: [String: Int64] = [:]
        while try statement.step() { values[statement.text(0)] = statement.integer(1) }
        let wanted = Schema.metaKeys(format: report.formatVersion)
        for key in Set(values.keys).symmetricDifference(wanted).sorted() {
            add(
                StoreFinding(
                    "meta", values[key] == nil ? "it lacks \(key)" : "it has an unknown key \(key)", .rebuildIndex))
        }
        if hasSums, values["generation"] != values["twin"] {
            add(StoreFinding("meta", "the generation and its copy differ", .rebuildIndex))
        }
        if hasSums, values["pins"] != values["pins_twin"] {
            add(StoreFinding("meta", "the number of changes to pins and its copy differ", .rebuildIndex))
        }
        if values["names"] != values["names_twin"] {
            add(StoreFinding("meta", "the number of changes to names and its copy differ", .rebuildIndex))
        }
        for table in ["block", "log_block"] {
            let given = try connection.integer(
                "SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = '\(table)'")
            if given < (try connection.integer("SELECT ifnull(max(id), 0) FROM \(table)")) {
                add(StoreFinding("sqlite_sequence", "ids of \(table) would be used again", .rebuildIndex))
            }
        }
        let known = "SELECT name FROM sqlite_sequence WHERE name IN ('block', 'log_block') AND typeof(name) = 'text'"
        let others = "SELECT count(*) FROM sqlite_sequence WHERE name NOT IN (\(known)) OR typeof(seq) != 'integer'"
        if try connection.integer(others) > 0 {
            add(StoreFinding("sqlite_sequence", "it has rows not ours", .rebuildIndex))
        }
        if hasSums, let ids = values["ids"],
            ids != (try connection.integer("SELECT ifnull(sum(seq), 0) FROM sqlite_sequence"))
        {
            add(StoreFinding("sqlite_sequence", "it is not as the last commit left it", .rebuildIndex))
        }
    }

    mutating func checkServices() throws(SQLiteError) {
        let sum = hasSums ? "sum" : "0"
        let statement = try connection.prepare("SELECT id, name, \(sum) FROM service ORDER BY id")
        defer { statement.reset() }
        var seen: Set<[UInt8]> = []
        while try statement.step() {
            let id = statement.integer(0)
            let name = statement.bytes(1)
            var sum = RowSum()
            sum.add(id)
            sum.add(name)
            if id != Int64(names.services.count + 1) {
                add(StoreFinding("service", row: id, "should have the id \(names.services.count + 1)", .acceptName))
            } else if hasSums, sum.value != statement.integer(2) {
                add(StoreFinding("service", row: id, "does not match its checksum", .acceptName))
            } else if !name.isEmpty || report.formatVersion < 3, !seen.insert(Array(name)).inserted {
                add(StoreFinding("service", row: id, "has the name of another", .acceptName))
            }
            names.services.append(String(decoding: name, as: UTF8.self))
        }
        report.services = names.services.count { !$0.isEmpty }
    }

    mutating func checkOperations() throws(SQLiteError) {
        let sum = hasSums ? "sum" : "0"
        let statement = try connection.prepare("SELECT id, service, name, kind, \(sum) FROM op ORDER BY id")
        defer { statement.reset() }
        while try statement.step() {
            let id = statement.integer(0)
            let service = statement.integer(1)
            let kind = UInt8(exactly: statement.integer(3)).flatMap(SpanKind.init(rawValue:))
            var sum = RowSum()
            sum.add(id)
            sum.add(service)
            sum.add(statement.bytes(2))
            sum.add(statement.integer(3))
            if id != Int64(names.operations.count + 1) {
                add(StoreFinding("op", row: id, "should have the id \(names.operations.count + 1)", .acceptName))
            } else if hasSums, sum.value != statement.integer(4) {
                add(StoreFinding("op", row: id, "does not match its checksum", .acceptName))
            } else if report.formatVersion >= 3, service == 0, statement.bytes(2).isEmpty, kind == .unspecified {
                // No block uses it; that is looked at with the blocks.
            } else if names.service(Int(truncatingIfNeeded: service)).isEmpty {
                add(StoreFinding("op", row: id, "names service \(service), which there is not", .acceptName))
            } else if kind == nil {
                add(StoreFinding("op", row: id, "has the unknown kind \(statement.integer(3))", .acceptName))
            }
            names.operations.append(
                .init(
                    service: Int(truncatingIfNeeded: service), name: statement.text(2), kind: kind ?? .unspecified))
        }
        report.operations = names.operations.count { !$0.isSpare }
    }

    /// Rows of parts whose block there is not.
    mutating func checkOrphans() throws(SQLiteError) {
        let parts = [
            ("hot", "id", "block"), ("cold", "id", "block"), ("kvf", "id", "block"),
            ("pairs", "id", "block"), ("zone", "block", "block"),
            ("log_hot", "id", "log_block"), ("log_cold", "id", "log_block"), ("log_filter", "id", "log_block"),
            ("log_zone", "block", "log_block"),
        ]
        for (table, column, owner) in parts
        where table != "pairs" || report.formatVersion >= Int(Schema.formatWithPairs) {
            attempt(table) { check throws(SQLiteError) in
                let owners = Set(try check.integers("SELECT id FROM \(owner)"))
                for id in try check.integers("SELECT DISTINCT \(column) FROM \(table)") where !owners.contains(id) {
                    check.add(StoreFinding(table, row: id, "there is no such block", .deleteRow))
                }
            }
        }
    }

    /// The first bytes of the database file, read by SQLite's own handle: opening the file once more and closing it
    /// would let go of the locks that the process holds on it.
    private func headerBytes() -> [UInt8]? {
        var file: UnsafeMutablePointer<sqlite3_file>?
        guard sqlite3_file_control(connection.handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK, let file,
            let read = file.pointee.pMethods?.pointee.xRead
        else { return nil }
        var bytes = [UInt8](repeating: 0, count: 100)
        return read(file, &bytes, 100, 0) == SQLITE_OK ? bytes : nil
    }
}
