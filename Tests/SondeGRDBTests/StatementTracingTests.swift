// SPDX-License-Identifier: Apache-2.0
// Statements of a real database, seen from the spans and metrics they leave.

import GRDB
import SondeModel
import SondeSight
import Testing
import Tracing

@testable import Sonde
@testable import SondeGRDB

struct StatementTracingTests {
    private func telemetry() throws -> Telemetry {
        var configuration = TelemetryConfiguration(serviceName: "orders")
        configuration.logOutput = .none
        return try Telemetry(configuration)
    }

    private func open(
        _ telemetry: Telemetry, _ change: (inout StatementTracing) -> Void = { _ in }
    ) throws -> DatabaseQueue {
        var tracing = StatementTracing(telemetry: telemetry, namespace: "orders.db")
        change(&tracing)
        var configuration = Configuration()
        configuration.traceStatements(tracing)
        let database = try DatabaseQueue(configuration: configuration)
        try database.write {
            try $0.execute(sql: "CREATE TABLE item (sku TEXT PRIMARY KEY, stock INTEGER CHECK (stock >= 0))")
            try $0.execute(sql: "INSERT INTO item VALUES ('lamp', 1), ('kettle', 2), ('teapot', 3)")
        }
        return database
    }

    /// The spans of statements made inside a span of ours, which is the parent of all.
    private func spans(
        _ telemetry: Telemetry, _ body: () async throws -> Void
    ) async throws -> [SpanRecord] {
        try await telemetry.tracer.withSpan("outer") { _ in try await body() }
        let all = try telemetry.takeSpans()
        let outer = try #require(all.last)
        #expect(outer.name == "outer" && all.dropLast().allSatisfy { $0.parentSpanID == outer.spanID })
        return Array(all.dropLast())
    }

    @Test func aStatementThatFailsFailsItsSpan() async throws {
        let telemetry = try telemetry()
        let database = try open(telemetry)
        let spans = try await spans(telemetry) {
            await #expect(throws: DatabaseError.self) {
                try await database.tracedWrite { try $0.execute(sql: "INSERT INTO item VALUES ('lamp', 7);") }
            }
        }
        let span = try #require(spans.first)
        #expect(spans.count == 1 && span.name == "INSERT item" && span.kind == .client)
        #expect(span.status.code == .error && span.status.message.contains("UNIQUE constraint failed"))
        #expect(span.attributes["db.response.status_code"] == .string("1555"))
        #expect(span.attributes["error.type"] == .string("1555"))
        let failed = telemetry.metrics.lines("db_client_operation_duration_seconds_count").filter {
            $0.contains("error_type")
        }
        #expect(failed.count == 1)
    }

    @Test func anErrorOfTheProgramIsNoFailureOfAStatement() async throws {
        struct Ours: Error {}
        let telemetry = try telemetry()
        let database = try open(telemetry)
        let spans = try await spans(telemetry) {
            await #expect(throws: Ours.self) {
                try await database.tracedWrite { database in
                    try database.execute(sql: "UPDATE item SET stock = 0")
                    throw Ours()
                }
            }
        }
        #expect(spans.map(\.name) == ["UPDATE item"] && spans[0].status.code == .unset)
    }

    @Test func aStatementIsASpanWithItsTextItsRowsAndWithoutItsValues() async throws {
        let telemetry = try telemetry()
        let database = try open(telemetry)
        let spans = try await spans(telemetry) {
            let skus = try await database.tracedRead { database in
                try String.fetchAll(
                    database, sql: "SELECT sku FROM item WHERE sku IN (?, ?, 'x') AND stock > 0 -- note",
                    arguments: ["lamp", "kettle"])
            }
            #expect(skus.count == 2)
        }
        let span = try #require(spans.first)
        #expect(spans.count == 1 && span.name == "SELECT item")
        for (key, value) in [
            "db.system.name": "sqlite", "db.namespace": "orders.db", "db.operation.name": "SELECT",
            "db.collection.name": "item", "db.query.summary": "SELECT item", "db.response.returned_rows": "2",
            "db.query.text": "SELECT sku FROM item WHERE sku IN (?) AND stock > ?",
        ] {
            #expect(span.attributes[key]?.text == value, "\(key)")
        }
    }

    @Test(arguments: [false, true])
    func statementsOfEveryKindOfAccessBelongToTheCallersSpan(usesPool: Bool) async throws {
        let telemetry = try telemetry()
        let folder = try TemporaryFolder()
        var configuration = Configuration()
        configuration.traceStatements(StatementTracing(telemetry: telemetry))
        let path = folder.path + "/a.db"
        let database: any DatabaseWriter =
            usesPool
            ? try DatabasePool(path: path, configuration: configuration)
            : try DatabaseQueue(path: path, configuration: configuration)
        let spans = try await spans(telemetry) {
            try await database.tracedWrite { try $0.execute(sql: "CREATE TABLE t (a)") }
            try await database.write { try $0.execute(sql: "INSERT INTO t VALUES (1)") }
            _ = try await database.tracedRead { try Int.fetchOne($0, sql: "SELECT a FROM t") }
            _ = try await database.read { try Int.fetchOne($0, sql: "SELECT a FROM t") }
        }
        #expect(spans.map(\.name) == ["CREATE TABLE t", "INSERT t", "SELECT t", "SELECT t"])
    }

    @Test func rowsOfNestedStatementsAreCountedApart() async throws {
        let telemetry = try telemetry()
        let database = try open(telemetry)
        let spans = try await spans(telemetry) {
            try await database.tracedRead { database in
                let outer = try Row.fetchCursor(database, sql: "SELECT sku FROM item")
                while let row = try outer.next() {
                    let sku: String = row[0]
                    _ = try Row.fetchOne(database, sql: "SELECT stock FROM item WHERE sku = ?", arguments: [sku])
                }
            }
        }
        #expect(spans.map { $0.attributes["db.response.returned_rows"]?.text } == ["1", "1", "1", "3"])
    }

    @Test func triggersBelongToTheStatementThatFiresThem() async throws {
        let telemetry = try telemetry()
        let database = try open(telemetry)
        try await database.write { database in
            try database.execute(sql: "CREATE TABLE log (sku)")
            try database.execute(
                sql: "CREATE TRIGGER t AFTER UPDATE ON item BEGIN INSERT INTO log VALUES (new.sku); END")
        }
        let spans = try await spans(telemetry) {
            try await database.tracedWrite { try $0.execute(sql: "UPDATE item SET stock = 9") }
        }
        #expect(spans.map(\.name) == ["UPDATE item"])
    }

    @Test func aConnectionThatCouldNotBeClosedIsUsedOnUntraced() throws {
        let telemetry = try telemetry()
        let database = try open(telemetry)
        let sql = "SELECT count(*) FROM item"
        let statement = try database.writeWithoutTransaction { try $0.makeStatement(sql: sql) }
        #expect(throws: DatabaseError.self) { try database.close() }
        let count = try database.writeWithoutTransaction { try Int.fetchOne($0, sql: sql) }
        #expect(count == 3)
        let counts = telemetry.metrics.lines("db_client_operation_duration_seconds_count")
        #expect(!counts.isEmpty && !counts.contains { $0.contains(#""SELECT""#) }, "\(counts)")
        withExtendedLifetime(statement) {}
    }

    @Test func aStatementThatBeginsWithACommentIsASpan() async throws {
        let telemetry = try telemetry()
        let database = try open(telemetry)
        let spans = try await spans(telemetry) {
            try await database.tracedWrite {
                try $0.execute(sql: "-- what is there\nUPDATE item SET stock = 9")
                try $0.execute(sql: "-- TRIGGER\nDELETE FROM item")
            }
        }
        #expect(spans.map(\.name) == ["UPDATE item", "DELETE item"])
        #expect(spans.first?.attributes["db.query.text"] == .string("UPDATE item SET stock = ?"))
    }

    @Test func longStatementsAreNotKept() throws {
        let database = try open(try telemetry())
        let names = (0..<1_000).map { "\($0) AS a\($0)" }.joined(separator: ", ")
        try database.writeWithoutTransaction { database in
            _ = try Row.fetchOne(database, sql: "SELECT \(names)")
            _ = try Row.fetchOne(database, sql: "SELECT 1 AS a")
            let connection = try #require(database.sqliteConnection)
            let known = try #require(ConnectionTracer.of(connection)).known
            #expect(known["SELECT 1 AS a"] != nil)
            #expect(known.keys.allSatisfy { $0.utf8.count <= Limits.knownStatementBytes })
        }
    }

    @Test func outsideOfASpanNothingIsTracedButAllIsMeasured() async throws {
        let telemetry = try telemetry()
        let database = try open(telemetry)
        _ = try await database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM item") }
        #expect(try telemetry.takeSpans().isEmpty)
        let counts = telemetry.metrics.lines("db_client_operation_duration_seconds_count")
        #expect(counts.contains { $0.contains(#"db_operation_name="SELECT""#) && $0.hasSuffix(" 1") })
        #expect(counts.allSatisfy { $0.contains(#"db_system_name="sqlite""#) && $0.contains("orders.db") })
    }

    @Test func whoAsksForItGetsTracesAndTransactionsToo() async throws {
        let telemetry = try telemetry()
        let database = try open(telemetry) {
            $0.includesHousekeeping = true
            $0.startsTraces = true
        }
        _ = try telemetry.takeSpans()
        try await database.write { try $0.execute(sql: "DELETE FROM item") }
        let names = try telemetry.takeSpans().map(\.name)
        #expect(names.first == "BEGIN" && names.contains("DELETE item") && names.contains("COMMIT"), "\(names)")
    }

    @Test func manyConnectionsAtOnceKeepTheirStatementsApart() async throws {
        let telemetry = try telemetry()
        let folder = try TemporaryFolder()
        var configuration = Configuration()
        configuration.traceStatements(StatementTracing(telemetry: telemetry))
        let pool = try DatabasePool(path: folder.path + "/a.db", configuration: configuration)
        try await pool.write { try $0.execute(sql: "CREATE TABLE t (a)") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for number in 0..<50 {
                        if task == 0 {
                            try await pool.tracedWrite {
                                try $0.execute(sql: "INSERT INTO t VALUES (?)", arguments: [number])
                            }
                        } else {
                            _ = try await pool.tracedRead { try Int.fetchOne($0, sql: "SELECT count(*) FROM t") }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let counts = telemetry.metrics.lines("db_client_operation_duration_seconds_count")
        #expect(counts.contains { $0.contains("SELECT") && $0.hasSuffix(" 350") }, "\(counts)")
        #expect(counts.contains { $0.contains("INSERT") && $0.hasSuffix(" 50") }, "\(counts)")
        try pool.close()
    }
}
