// SPDX-License-Identifier: Apache-2.0
// The door of this room: one line in a GRDB configuration, and every statement is a span.
//
// https://opentelemetry.io/docs/specs/semconv/database/

public import GRDB
public import Sonde
import Tracing

extension Configuration {
    /// Makes a client span of every statement that runs inside a span, and measures all of them
    /// (`db.client.operation.duration`).
    ///
    /// ```swift
    /// var configuration = Configuration()
    /// configuration.traceStatements(StatementTracing(namespace: "orders.db"))
    /// let database = try DatabasePool(path: "orders.db", configuration: configuration)
    /// ```
    ///
    /// Spans are named by operation and tables (`SELECT orders line`) and carry the text with `?` in place of every
    /// literal and the number of rows that were read. A statement that fails is marked as failed inside
    /// ``GRDB/DatabaseReader/tracedRead(_:)``, ``GRDB/DatabaseWriter/tracedWrite(_:)`` and
    /// ``GRDB/Database/markingFailures(_:)``; elsewhere its span just ends, since SQLite does not tell its tracer.
    ///
    /// Text in double quotes is a name in SQL and is shown. If `acceptsDoubleQuotedStringLiterals` is set, SQLite takes it
    /// for a value where nothing has that name, and it is shown all the same: leave that off, or quote values by `'`.
    ///
    /// It uses the connection's one place for a tracer: calling `Database.trace` later takes it away.
    public mutating func traceStatements(_ tracing: StatementTracing = StatementTracing()) {
        let statements = StatementMetrics(tracing)
        prepareDatabase { database in
            guard let connection = database.sqliteConnection else { return }
            ConnectionTracer.install(on: connection, tracing: tracing, metrics: statements)
        }
    }
}

/// How statements are traced.
public struct StatementTracing: Sendable {
    /// Whose tracer and metrics to use; the global ones if nil.
    public var telemetry: Telemetry?
    /// `db.namespace`: the name of the database, as people call it. Not shown if nil.
    public var namespace: String?
    /// Whether BEGIN, COMMIT, SAVEPOINT, PRAGMA and their like are traced too. A COMMIT may wait for the disk, but there
    /// are many of them and nobody wrote them.
    public var includesHousekeeping: Bool
    /// Whether a statement outside of any span begins a trace of its own.
    public var startsTraces: Bool

    /// - Parameters:
    ///   - telemetry: Whose tracer and metrics to use; the global ones if nil.
    ///   - namespace: The name of the database, as people call it.
    ///   - includesHousekeeping: Whether to trace BEGIN, COMMIT, SAVEPOINT, PRAGMA and their like.
    ///   - startsTraces: Whether a statement outside of any span begins a trace.
    public init(
        telemetry: Telemetry? = nil, namespace: String? = nil, includesHousekeeping: Bool = false,
        startsTraces: Bool = false
    ) {
        self.telemetry = telemetry
        self.namespace = namespace
        self.includesHousekeeping = includesHousekeeping
        self.startsTraces = startsTraces
    }
}

extension Database {
    /// Runs `body` and marks the span of the statement that failed, if one did: status, `error.type`,
    /// `db.response.status_code`.
    ///
    /// - Throws: What `body` throws.
    public func markingFailures<Result>(_ body: () throws -> Result) rethrows -> Result {
        guard let connection = sqliteConnection, let tracer = ConnectionTracer.of(connection) else {
            return try body()
        }
        tracer.beginWatch()
        do {
            let result = try body()
            tracer.endWatch(nil)
            return result
        } catch {
            tracer.endWatch(error as? DatabaseError)
            throw error
        }
    }
}

extension DatabaseReader {
    /// As `read`, in the caller's span, failing statements being marked as such.
    ///
    /// - Throws: What `body` throws, and `DatabaseError`.
    public func tracedRead<Value: Sendable>(_ body: @Sendable (Database) throws -> Value) async throws -> Value {
        let context = ServiceContext.current
        return try await read { database in
            try ServiceContext.run(in: context) { try database.markingFailures { try body(database) } }
        }
    }
}

extension DatabaseWriter {
    /// As `write`, in the caller's span, failing statements being marked as such: a transaction, rolled back if `body`
    /// throws.
    ///
    /// - Throws: What `body` throws, and `DatabaseError`.
    public func tracedWrite<Value: Sendable>(_ body: @Sendable (Database) throws -> Value) async throws -> Value {
        let context = ServiceContext.current
        return try await write { database in
            try ServiceContext.run(in: context) { try database.markingFailures { try body(database) } }
        }
    }
}

extension ServiceContext {
    /// As swift-service-context's `withValue`, for a context there may not be.
    fileprivate static func run<Result>(
        in context: ServiceContext?, _ body: () throws -> Result
    ) rethrows -> Result {
        guard let context else { return try body() }
        return try withValue(context, operation: body)
    }
}
