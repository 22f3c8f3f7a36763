// SPDX-License-Identifier: Apache-2.0
// One SQLite file of one service. SondeGRDB makes a client span of each statement.

import GRDB
import SondeGRDB

struct ShopDatabase: Sendable {
    private let queue: DatabaseQueue

    /// Opens or creates `folder/name.db` and brings its tables up to date.
    static func open(
        _ name: String, in folder: String, migrate: (inout DatabaseMigrator) -> Void
    ) throws -> ShopDatabase {
        let fileName = name + ".db"
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.prepareDatabase { database in
            // The demo may lose its last order in a power cut; it should not wait for the disk in each checkout.
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
        }
        configuration.traceStatements(StatementTracing(namespace: fileName))
        let queue = try DatabaseQueue(path: "\(folder)/\(fileName)", configuration: configuration)
        var migrator = DatabaseMigrator()
        migrate(&migrator)
        try migrator.migrate(queue)
        return ShopDatabase(queue: queue)
    }

    /// Whether the file can be read.
    func ping() async throws {
        _ = try await queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_schema") }
    }

    func read<Answer: Sendable>(_ body: @Sendable (Database) throws -> Answer) async throws -> Answer {
        try await queue.tracedRead(body)
    }

    /// Runs `body` in a transaction, which is rolled back if it throws.
    func write<Answer: Sendable>(_ body: @Sendable (Database) throws -> Answer) async throws -> Answer {
        try await queue.tracedWrite(body)
    }
}
