// SPDX-License-Identifier: Apache-2.0
// One SQLite file of one service, with a client span for each statement, named and described as the semantic
// conventions for databases say: https://opentelemetry.io/docs/specs/semconv/database/database-spans/

import GRDB
import Tracing

/// A statement and what is said about it. Values are parameters always: the text goes into traces as it is.
struct Query: Sendable {
    enum Operation: String {
        case select = "SELECT"
        case insert = "INSERT"
        case update = "UPDATE"
    }

    let operation: Operation
    let table: String
    let sql: String
    let arguments: StatementArguments

    init(_ operation: Operation, _ table: String, _ sql: String, _ arguments: StatementArguments = []) {
        self.operation = operation
        self.table = table
        self.sql = sql
        self.arguments = arguments
    }

    /// `UPDATE item`
    var summary: String { "\(operation.rawValue) \(table)" }
}

struct TracedDatabase: Sendable {
    private let queue: DatabaseQueue
    private let fileName: String

    /// Opens or creates `folder/name.db` and brings its tables up to date.
    static func open(
        _ name: String, in folder: String, migrate: (inout DatabaseMigrator) -> Void
    ) throws -> TracedDatabase {
        var configuration = Configuration()
        configuration.journalMode = .wal
        configuration.prepareDatabase { database in
            // The demo may lose its last order in a power cut; it should not wait for the disk in each checkout.
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
        }
        let fileName = name + ".db"
        let queue = try DatabaseQueue(path: "\(folder)/\(fileName)", configuration: configuration)
        var migrator = DatabaseMigrator()
        migrate(&migrator)
        try migrator.migrate(queue)
        return TracedDatabase(queue: queue, fileName: fileName)
    }

    /// Whether the file can be read; without a span, since it is asked by probes.
    func ping() async throws {
        _ = try await queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_schema") }
    }

    func read<Answer: Sendable>(_ body: @Sendable (TracedConnection) throws -> Answer) async throws -> Answer {
        try await queue.read { try body(TracedConnection(database: $0, fileName: fileName)) }
    }

    /// Runs `body` in a transaction, which is rolled back if it throws.
    func write<Answer: Sendable>(_ body: @Sendable (TracedConnection) throws -> Answer) async throws -> Answer {
        try await queue.write { try body(TracedConnection(database: $0, fileName: fileName)) }
    }
}

/// A connection inside a read or write.
struct TracedConnection {
    let database: Database
    let fileName: String

    /// Runs a statement and returns its rows: those of a SELECT or of a RETURNING clause.
    @discardableResult
    func rows(_ query: Query) throws -> [Row] {
        try withSpan(query.summary, ofKind: .client) { span in
            span.attributes["db.system.name"] = "sqlite"
            span.attributes["db.namespace"] = fileName
            span.attributes["db.operation.name"] = query.operation.rawValue
            span.attributes["db.collection.name"] = query.table
            span.attributes["db.query.summary"] = query.summary
            span.attributes["db.query.text"] = query.sql
            do {
                let rows = try Row.fetchAll(database, sql: query.sql, arguments: query.arguments)
                if !rows.isEmpty { span.attributes["db.response.returned_rows"] = rows.count }
                return rows
            } catch {
                span.attributes["error.type"] = "\(type(of: error))"
                span.setStatus(.init(code: .error, message: "\(error)"))
                throw error
            }
        }
    }

    /// The id of the row inserted last.
    var lastInsertedID: Int64 { database.lastInsertedRowID }
}
