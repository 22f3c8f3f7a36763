// SPDX-License-Identifier: Apache-2.0
// What one connection runs, as SQLite tells it: a statement begins, gives rows, is done. A connection is used by one
// thread at a time, and SQLite calls back on that thread, so there is no lock here.
//
//   STMT a ▸ ROW a ▸ STMT b ▸ PROFILE b ▸ ROW a ▸ PROFILE a        https://www.sqlite.org/c3ref/trace_v2.html

import CoreMetrics
import GRDB
import GRDBSQLite
import Sonde
import Synchronization
import Tracing

final class ConnectionTracer {
    /// A statement that is running, or has ended while failures are watched for.
    private struct Running {
        let statement: OpaquePointer?
        let description: StatementDescription
        let span: (any Span)?
        let start: ContinuousClock.Instant
        var rows = 0
        /// Whether it has given a row or ended: what begins before that is SQLite's own doing (full-text tables).
        var hasYielded = false
    }

    private struct Ended {
        let running: Running
        let sql: Substring
        let duration: Duration
        let instant: DefaultTracerClock.Timestamp
    }

    private let tracing: StatementTracing
    private let metrics: StatementMetrics
    private(set) var known: [String: StatementDescription] = [:]
    private var running: [Running] = []
    private var watchDepth = 0
    /// The statement that ended last, while failures are watched for.
    private var last: Ended?

    private init(_ tracing: StatementTracing, _ metrics: StatementMetrics) {
        self.tracing = tracing
        self.metrics = metrics
    }

    // MARK: Installing

    /// Tracers by connection: GRDB has no place on a connection to keep one.
    private static let tracers = Mutex<[UInt: Box]>([:])

    /// Sendable although a tracer is not: whoever holds a connection is alone with it, and with its tracer.
    private struct Box: @unchecked Sendable { let tracer: ConnectionTracer }

    static func of(_ connection: SQLiteConnection) -> ConnectionTracer? {
        tracers.withLock { $0[UInt(bitPattern: connection)] }?.tracer
    }

    static func install(on connection: SQLiteConnection, tracing: StatementTracing, metrics: StatementMetrics) {
        let box = Box(tracer: ConnectionTracer(tracing, metrics))
        tracers.withLock { $0[UInt(bitPattern: connection)] = box }
        let events = SQLITE_TRACE_STMT | SQLITE_TRACE_ROW | SQLITE_TRACE_PROFILE | SQLITE_TRACE_CLOSE
        // The table above keeps the tracer until the connection closes, which is the last that it is called for.
        sqlite3_trace_v2(
            connection, CUnsignedInt(events),
            { event, tracer, subject, detail in
                guard let tracer else { return SQLITE_OK }
                Unmanaged<ConnectionTracer>.fromOpaque(tracer).takeUnretainedValue()
                    .take(CInt(bitPattern: event), subject, detail)
                return SQLITE_OK
            }, Unmanaged.passUnretained(box.tracer).toOpaque())
    }

    private func take(_ event: CInt, _ subject: UnsafeMutableRawPointer?, _ detail: UnsafeMutableRawPointer?) {
        switch event {
        case SQLITE_TRACE_STMT: begin(OpaquePointer(subject), detail?.assumingMemoryBound(to: CChar.self))
        case SQLITE_TRACE_ROW: row(OpaquePointer(subject))
        case SQLITE_TRACE_PROFILE: end(OpaquePointer(subject))
        case SQLITE_TRACE_CLOSE: close(subject)
        default: break
        }
    }

    // MARK: Statements

    private func begin(_ statement: OpaquePointer?, _ text: UnsafePointer<CChar>?) {
        guard let text, running.last?.hasYielded != false, !Self.isInner(text, statement) else { return }
        let description = describe(String(cString: text))
        guard tracing.includesHousekeeping || !description.isHousekeeping else { return }
        running.append(
            Running(statement: statement, description: description, span: span(description), start: .now))
    }

    /// Whether this is part of the statement that runs already: triggers, and what SQLite runs inside a function or a
    /// virtual table, announce themselves by a comment that is not the statement's text.
    private static func isInner(_ text: UnsafePointer<CChar>, _ statement: OpaquePointer?) -> Bool {
        guard text[0] == 0x2D, text[1] == 0x2D, let own = sqlite3_sql(statement) else { return false }
        return String(cString: text) != String(cString: own)
    }

    private func row(_ statement: OpaquePointer?) {
        guard let index = running.lastIndex(where: { $0.statement == statement }) else { return }
        running[index].rows += 1
        running[index].hasYielded = true
    }

    private func end(_ statement: OpaquePointer?) {
        guard let index = running.lastIndex(where: { $0.statement == statement }) else { return }
        let ended = running.remove(at: index)
        finishLast(nil)
        let sql = sqlite3_sql(statement).map { String(cString: $0) } ?? ""
        last = Ended(
            running: ended, sql: Self.bare(sql), duration: ended.start.duration(to: .now),
            instant: DefaultTracerClock.now)
        if watchDepth == 0 { finishLast(nil) }
    }

    /// SQLite announces this before it looks whether statements are open, which may keep the connection alive: it must
    /// not call a tracer that is gone.
    private func close(_ connection: UnsafeMutableRawPointer?) {
        sqlite3_trace_v2(OpaquePointer(connection), 0, nil, nil)
        finishLast(nil)
        for left in running { left.span?.end() }
        running = []
        Self.tracers.withLock { _ = $0.removeValue(forKey: UInt(bitPattern: connection)) }
    }

    private func describe(_ sql: String) -> StatementDescription {
        if let description = known[sql] { return description }
        let description = StatementDescription(sql)
        if known.count < Limits.knownStatements, sql.utf8.count <= Limits.knownStatementBytes {
            known[sql] = description
        }
        return description
    }

    private func span(_ statement: StatementDescription) -> (any Span)? {
        guard let context = ServiceContext.current ?? (tracing.startsTraces ? .topLevel : nil) else { return nil }
        let tracer: any Tracer = tracing.telemetry?.tracer ?? InstrumentationSystem.tracer
        let span = tracer.startSpan(
            statement.summary.isEmpty ? "sqlite" : statement.summary, context: context, ofKind: .client)
        guard span.isRecording else { return span }
        span.updateAttributes { attributes in
            attributes["db.system.name"] = "sqlite"
            attributes["db.namespace"] = tracing.namespace
            attributes["db.query.text"] = statement.text
            attributes["db.query.summary"] = statement.summary
            attributes["db.operation.name"] = statement.operation
            attributes["db.collection.name"] = statement.collection
        }
        return span
    }

    // MARK: Failures

    func beginWatch() { watchDepth += 1 }

    /// - Parameter failure: What the watched code threw, if it came from the database.
    func endWatch(_ failure: DatabaseError?) {
        watchDepth -= 1
        let isOurs = failure.map { $0.sql == nil || $0.sql.map(Self.bare) == last?.sql } ?? false
        finishLast(isOurs ? failure : nil)
    }

    /// Without what GRDB cuts off the ends of a statement.
    private static func bare(_ sql: String) -> Substring {
        let isEnd = { (character: Character) in character.isWhitespace || character == ";" }
        var bare = sql.drop(while: isEnd)
        while let character = bare.last, isEnd(character) { bare.removeLast() }
        return bare
    }

    private func finishLast(_ failure: DatabaseError?) {
        guard let ended = last else { return }
        last = nil
        let code = failure.map { "\($0.extendedResultCode.rawValue)" }
        metrics.timer(for: ended.running.description, errorType: code)
            .recordNanoseconds(ended.duration.nanoseconds)
        guard let span = ended.running.span else { return }
        if span.isRecording {
            if ended.running.rows > 0 || ended.running.description.operation == "SELECT" {
                span.attributes["db.response.returned_rows"] = ended.running.rows
            }
            if let failure, let code {
                span.attributes["db.response.status_code"] = code
                span.attributes["error.type"] = code
                span.setStatus(SpanStatus(code: .error, message: failure.message ?? "\(failure.resultCode)"))
            }
        }
        span.end(at: ended.instant)
    }
}
