// SPDX-License-Identifier: Apache-2.0
// The file's tables. docs/schema.md draws the blobs inside them, byte by byte.
//
//   meta(key, value)                  generation: raised by every commit, so that readers know when to look again
//                                     twin: its copy · ids: the sum of what sqlite_sequence holds
//                                     pins: raised whenever a trace is pinned, or is no longer · pins_twin: its copy
//                                     names: raised whenever an id of a name is freed or given again · names_twin
//   service(id, name, sum)            ┐ global dictionaries, ids from 1 without gaps; of a name that no block uses the
//   op(id, service, name, kind, sum)  ┘ row is emptied (name '', service 0, kind 0) and its id given to another
//
//   block ─┬─ zone   (block, service) what a block holds of each service
//          ├─ hot    id = block       ids, times, operations, trace table
//          ├─ cold   id = block       attributes, events, links, resources, scopes
//          ├─ kvf    id = block       filter of key=value pairs (merged blocks only)
//          └─ pairs  id = first block of a merge: a filter over all that it wrote, by pair and service
//
//   log_block ─┬─ log_zone    (block, service) how many records of it and the highest severity
//              ├─ log_hot     times, contexts, trace and span ids
//              ├─ log_cold    bodies, attributes, resources, scopes
//              └─ log_filter  filter of letter groups and trace ids (merged blocks only)
//
//   pin(trace, note, time, sum)       traces that retention spares
//   pinned(block, sum)                blocks that hold nothing but their spans, moved out of blocks that were pruned
//
//   block.seq: place in the order of arrival; the merge of a run of blocks takes the place of the first
//   block.received: latest arrival, by which retention goes · newest: the latest first start of a trace
//   log_block.seq: number of its first record, counted over all records ever stored
//   sum: checksum of the row, see RowSum.swift
//
// Times are nanoseconds since 1970, as the bits of an unsigned number. Block ids are never used twice.

import GRDB
import GRDBSQLite

enum Schema {
    /// The version of the file format: `PRAGMA user_version`.
    static let version: Int64 = 4
    /// `PRAGMA application_id`: "Sond".
    static let applicationID: Int64 = 0x536F_6E64

    /// Makes the tables, or brings an older file up to date. Page size and auto-vacuum can only be chosen here.
    static func prepare(path: String) throws {
        var configuration = Configuration()
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA page_size = \(Limits.pageSize)")
            try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
        }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try queue.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA journal_mode = WAL")
        }
        try migrator.migrate(queue)
        try queue.close()
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("format 1") { db in
            try db.execute(sql: format1)
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
            try db.execute(sql: "PRAGMA user_version = 1")
        }
        migrator.registerMigration("format 2") { db in
            db.add(function: RowSum.function)
            try db.execute(sql: format2)
            db.remove(function: RowSum.function)
            try db.execute(sql: "PRAGMA user_version = 2")
        }
        migrator.registerMigration("format 3") { db in
            try db.execute(sql: format3)
            try db.execute(sql: "PRAGMA user_version = 3")
        }
        migrator.registerMigration("format 4") { db in
            try db.execute(sql: format4)
            try db.execute(sql: "PRAGMA user_version = 4")
        }
        return migrator
    }

    private static let format1 = """
        CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO meta (key, value) VALUES ('generation', 1);

        CREATE TABLE service (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;
        CREATE TABLE op (
            id INTEGER PRIMARY KEY, service INTEGER NOT NULL, name TEXT NOT NULL, kind INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE block (
            id INTEGER PRIMARY KEY AUTOINCREMENT, seq INTEGER NOT NULL, level INTEGER NOT NULL, n INTEGER NOT NULL,
            received INTEGER NOT NULL, t_min INTEGER NOT NULL, t_max INTEGER NOT NULL, newest INTEGER NOT NULL,
            bytes INTEGER NOT NULL, fp BLOB NOT NULL
        ) STRICT;
        CREATE INDEX block_order ON block (seq);
        CREATE TABLE zone (
            block INTEGER NOT NULL, service INTEGER NOT NULL, n INTEGER NOT NULL, errors INTEGER NOT NULL,
            max_duration INTEGER NOT NULL, t_min INTEGER NOT NULL, t_max INTEGER NOT NULL,
            PRIMARY KEY (block, service)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE hot (id INTEGER PRIMARY KEY, blob BLOB NOT NULL) STRICT;
        CREATE TABLE cold (id INTEGER PRIMARY KEY, blob BLOB NOT NULL) STRICT;
        CREATE TABLE kvf (id INTEGER PRIMARY KEY, blob BLOB NOT NULL) STRICT;

        CREATE TABLE log_block (
            id INTEGER PRIMARY KEY AUTOINCREMENT, seq INTEGER NOT NULL, level INTEGER NOT NULL, n INTEGER NOT NULL,
            received INTEGER NOT NULL, t_min INTEGER NOT NULL, t_max INTEGER NOT NULL, bytes INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX log_block_order ON log_block (seq);
        CREATE TABLE log_zone (
            block INTEGER NOT NULL, service INTEGER NOT NULL, n INTEGER NOT NULL, max_severity INTEGER NOT NULL,
            PRIMARY KEY (block, service)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE log_hot (id INTEGER PRIMARY KEY, blob BLOB NOT NULL) STRICT;
        CREATE TABLE log_cold (id INTEGER PRIMARY KEY, blob BLOB NOT NULL) STRICT;
        CREATE TABLE log_filter (id INTEGER PRIMARY KEY, blob BLOB NOT NULL) STRICT;
        """

    /// Rows that nothing else vouches for carry a checksum; pins.
    private static let format2 = """
        ALTER TABLE service ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
        UPDATE service SET sum = row_sum(id, CAST(name AS BLOB));
        ALTER TABLE op ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
        UPDATE op SET sum = row_sum(id, service, CAST(name AS BLOB), kind);
        ALTER TABLE block ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
        UPDATE block SET sum = row_sum(seq, level, n, received, t_min, t_max, newest, bytes, fp);
        ALTER TABLE log_block ADD COLUMN sum INTEGER NOT NULL DEFAULT 0;
        UPDATE log_block SET sum = row_sum(seq, level, n, received, t_min, t_max, bytes);
        INSERT INTO meta (key, value) SELECT 'twin', value FROM meta WHERE key = 'generation';
        INSERT INTO meta (key, value) SELECT 'ids', ifnull(sum(seq), 0) FROM sqlite_sequence;

        CREATE TABLE pin (
            trace BLOB PRIMARY KEY NOT NULL, note TEXT NOT NULL, time INTEGER NOT NULL, sum INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE pinned (block INTEGER PRIMARY KEY, sum INTEGER NOT NULL) STRICT;
        INSERT INTO meta (key, value) VALUES ('pins', 0), ('pins_twin', 0);
        """

    /// Ids of names are given again.
    private static let format3 = """
        INSERT INTO meta (key, value) VALUES ('names', 0), ('names_twin', 0);
        """

    /// Filters over all blocks of a merge. Blocks written before have none, and are searched one by one.
    private static let format4 = """
        CREATE TABLE pairs (id INTEGER PRIMARY KEY, blob BLOB NOT NULL) STRICT;
        """

    /// The format from which ``BlobTable/pairs`` is there.
    static let formatWithPairs: Int64 = 4

    /// Raises the generation and its copy, and notes the highest ids ever given; part of every transaction.
    static let raiseGeneration = """
        UPDATE meta SET value =
            CASE key WHEN 'ids' THEN (SELECT ifnull(sum(seq), 0) FROM sqlite_sequence) ELSE value + 1 END
        WHERE key IN ('generation', 'ids', 'twin')
        """

    /// Whether nothing was ever stored in the file: a collector was stopped while it made it.
    static func isEmpty(_ connection: Connection) throws(SQLiteError) -> Bool {
        guard try connection.integer("PRAGMA application_id") == 0 else { return false }
        return try connection.integer("SELECT count(*) FROM sqlite_schema WHERE tbl_name != 'grdb_migrations'") == 0
    }

    /// Refuses files that are not ours or that a later version of sonde has written.
    static func check(_ connection: Connection, path: String) throws(SQLiteError) -> Result<Void, StoreError> {
        let application = try connection.integer("PRAGMA application_id")
        let version = try connection.integer("PRAGMA user_version")
        guard application == applicationID else { return .failure(notOurs(path)) }
        if version > Self.version {
            let reason =
                "it has file format \(version), and this version of sonde knows up to \(Self.version); "
                + "use the sonde that wrote it, or a later one"
            return .failure(StoreError(.newerFormat, "cannot open \(path): \(reason)"))
        }
        return .success(())
    }

    static func notOurs(_ path: String) -> StoreError {
        StoreError(.notSonde, "cannot open \(path): it is not a sonde database")
    }
}

// What a file of ours looks like, for checking.

extension Schema {
    /// One row of `sqlite_schema`, without the number of its page.
    struct Definition: Hashable {
        var type: String
        var name: String
        var table: String
        /// Nil for an index that SQLite has made by itself.
        var sql: String?
    }

    /// The definitions in a new file of that format.
    static func definitions(format: Int) throws -> [Definition] {
        let queue = try DatabaseQueue()
        try migrator.migrate(queue, upTo: "format \(format)")
        return try queue.read { db in
            try Row.fetchAll(db, sql: "SELECT type, name, tbl_name, sql FROM sqlite_schema").map {
                Definition(type: $0[0], name: $0[1], table: $0[2], sql: $0[3])
            }
        }
    }

    /// The definitions in a file.
    static func definitions(_ connection: Connection) throws(SQLiteError) -> [Definition] {
        // A text that has become a blob reads the same, and must not pass for it.
        let rows = try connection.prepare(
            """
            SELECT type, name || iif(typeof(type) || typeof(name) || typeof(tbl_name) = 'texttexttext', '', ' (blob)'),
                tbl_name, sql, typeof(sql) FROM sqlite_schema
            """)
        defer { rows.reset() }
        var found: [Definition] = []
        while try rows.step() {
            found.append(
                Definition(
                    type: rows.text(0), name: rows.text(1), table: rows.text(2),
                    sql: rows.text(4) == "text" ? rows.text(3) : rows.text(4) == "null" ? nil : ""))
        }
        return found
    }

    /// The keys of `meta` in a file of that format.
    static func metaKeys(format: Int) -> Set<String> {
        switch format {
        case ...1: ["generation"]
        case 2: ["generation", "ids", "pins", "pins_twin", "twin"]
        default: ["generation", "ids", "names", "names_twin", "pins", "pins_twin", "twin"]
        }
    }
}
