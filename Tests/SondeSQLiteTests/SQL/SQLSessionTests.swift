// SPDX-License-Identifier: Apache-2.0
// SQL sees what the other doors see, reads only, and ends in time.

import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@testable import SondeSQLite

/// Runs a query and gives its rows.
func sql(_ session: SQLSession, _ query: String, limits: SQLLimits = SQLLimits()) throws -> [[SQLValue]] {
    var rows: [[SQLValue]] = []
    _ = try session.run(query, limits: limits, begin: { _ in }) {
        rows.append($0)
        return true
    }
    return rows
}

@Suite("SQL over a store") struct SQLSessionTests {
    /// Merged and fresh blocks, spans that come again, unfinished ones; with the same in a store in memory.
    private func fill(_ folder: TemporaryFolder, seed: UInt64) async throws -> MemoryStore {
        var dice = Dice(state: seed)
        let memory = MemoryStore()
        try await withStore(folder) { store async throws in
            for round in 0..<5 {
                let spans = try codec.spanBatch(RandomTelemetry.spans(150, traces: 40, &dice))
                let logs = try codec.logBatch(RandomTelemetry.logs(60, &dice))
                try await store.accept(spans)
                try await memory.accept(spans)
                try await store.accept(logs)
                try await memory.accept(logs)
                if round == 1 || round == 3 { await store.settle() }
            }
        }
        return memory
    }

    @discardableResult private func withSession<R>(
        seed: UInt64 = 1, _ body: (SQLSession, MemoryStore, String) async throws -> R
    ) async throws -> R {
        let folder = try TemporaryFolder()
        let memory = try await fill(folder, seed: seed)
        return try await body(try SQLSession.open(path: folder.path), memory, folder.path)
    }

    private func spans(_ memory: MemoryStore) async throws -> [SpanRecord] {
        var spans: [SpanRecord] = []
        for trace in 1...40 as ClosedRange<UInt64> { spans += try await memory.trace(.sample(trace))?.spans ?? [] }
        return spans.sorted { ($0.traceID, $0.spanID, $0.kind.rawValue) < ($1.traceID, $1.spanID, $1.kind.rawValue) }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>) func everySpanShowsOnceWithAllItHas(seed: UInt64) async throws {
        try await withSession(seed: seed) { session, memory, _ in
            let rows = try sql(
                session,
                """
                SELECT trace_id, span_id, parent_span_id, service, name, kind, status, status_message, start_time,
                    end_time,
                    duration, attributes, resource, events, links, trace_state, flags, unfinished, scope
                FROM spans ORDER BY 1, 2, CASE kind WHEN 'unspecified' THEN 0 WHEN 'internal' THEN 1
                    WHEN 'server' THEN 2
                    WHEN 'client' THEN 3 WHEN 'producer' THEN 4 ELSE 5 END
                """)
            let spans = try await spans(memory)
            #expect(rows.count == spans.count)
            for (row, span) in zip(rows, spans) { #expect(row == Self.row(span)) }
        }
    }

    private static func row(_ span: SpanRecord) -> [SQLValue] {
        func json(_ body: (inout JSONText) -> Void) -> SQLValue {
            var text = JSONText()
            body(&text)
            return .text(String(decoding: text.bytes, as: UTF8.self))
        }
        func optional(_ text: String) -> SQLValue { text.isEmpty ? .null : .text(text) }
        let end = span.isUnfinished ? SQLValue.null : .integer(Int64(span.end.nanoseconds))
        let duration = span.isUnfinished ? SQLValue.null : .integer(Int64(span.start.nanoseconds(until: span.end)))
        return [
            .text(span.traceID.hex), .text(span.spanID.hex),
            span.parentSpanID.isValid ? .text(span.parentSpanID.hex) : .null, .text(span.resource.serviceName),
            .text(span.name), .text(span.kind.name), .text(span.status.code.name), optional(span.status.message),
            .integer(Int64(span.start.nanoseconds)), end, duration, json { $0.append(span.attributes) },
            json { $0.append(span.resource.attributes) }, json { $0.append(span.events) },
            json { $0.append(span.links) },
            optional(span.traceState), .integer(Int64(span.flags)), .integer(span.isUnfinished ? 1 : 0),
            json { $0.append(span.scope) },
        ]
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>) func everyTraceShowsOnceAsSearchShowsIt(seed: UInt64) async throws {
        try await withSession(seed: seed) { session, memory, _ in
            let rows = try sql(
                session,
                """
                SELECT trace_id, root_service, root_name, start_time, end_time - start_time, duration, span_count,
                    error_count, services, complete FROM traces ORDER BY start_time DESC, trace_id DESC
                """)
            var query = TraceQuery()
            query.limit = 100
            let traces = try await memory.search(query).traces
            #expect(rows.count == traces.count)
            for (row, trace) in zip(rows, traces) {
                let duration = SQLValue.integer(Int64(trace.durationNanoseconds))
                let services = "[" + trace.services.map { "\"\($0.name)\"" }.joined(separator: ",") + "]"
                #expect(
                    row == [
                        .text(trace.traceID.hex), .text(trace.rootService), .text(trace.rootOperation),
                        .integer(Int64(trace.start.nanoseconds)), duration, duration, .integer(Int64(trace.spanCount)),
                        .integer(Int64(trace.errorCount)), .text(services), .integer(trace.isComplete ? 1 : 0),
                    ])
            }
        }
    }

    @Test func everyLogRecordShows() async throws {
        try await withSession { session, memory, _ in
            let rows = try sql(
                session,
                """
                SELECT time, severity_number, severity_text, body, service, trace_id, span_id, attributes FROM logs
                ORDER BY time DESC, body
                """)
            var query = LogQuery()
            query.limit = 1_000
            let logs = try await memory.logs(query).logs
            #expect(rows.count == logs.count)
            func key(_ row: [SQLValue]) -> String { "\(row)" }
            let wanted = logs.map { log -> [SQLValue] in
                var text = JSONText()
                text.append(log.attributes)
                return [
                    .integer(Int64(log.effectiveTime.nanoseconds)),
                    log.severityNumber == 0 ? .null : .integer(Int64(log.severityNumber)),
                    log.severityText.isEmpty ? .null : .text(log.severityText),
                    log.body == .empty ? .null : .text(log.body.text), .text(log.resource.serviceName),
                    log.traceID.isValid ? .text(log.traceID.hex) : .null,
                    log.spanID.isValid ? .text(log.spanID.hex) : .null,
                    .text(String(decoding: text.bytes, as: UTF8.self)),
                ]
            }
            #expect(rows.map(key).sorted() == wanted.map(key).sorted())
        }
    }

    /// What a table takes over from SQLite gives the same rows as when SQLite compares by itself.
    @Test(arguments: [
        ("spans", "service = 'orders'", "+service = 'orders'"),
        ("spans", "service IN ('orders', 'users')", "+service IN ('orders', 'users')"),
        ("spans", "service = NULL", "+service = NULL"), ("spans", "service = x'00'", "+service = x'00'"),
        ("spans", "start_time >= 1767323045600000000", "+start_time >= 1767323045600000000"),
        ("spans", "start_time < 1767323045600000000.5", "+start_time < 1767323045600000000.5"),
        (
            "spans", "start_time BETWEEN 1767323045100000000 AND 1767323045500000000",
            "+start_time BETWEEN 1767323045100000000 AND 1767323045500000000"
        ),
        ("spans", "trace_id = (SELECT min(trace_id) FROM spans)", "+trace_id = (SELECT min(trace_id) FROM spans)"),
        ("spans", "trace_id = 'nonsense'", "+trace_id = 'nonsense'"),
        (
            "spans", "trace_id IN (SELECT trace_id FROM traces WHERE error_count > 1) AND service = 'users'",
            "+trace_id IN (SELECT trace_id FROM traces WHERE error_count > 1) AND +service = 'users'"
        ),
        (
            "spans", "service = 'orders' OR trace_id = (SELECT min(trace_id) FROM spans)",
            "+service = 'orders' OR +trace_id = (SELECT min(trace_id) FROM spans)"
        ),
        (
            "traces", "trace_id = (SELECT min(trace_id) FROM spans) OR start_time > 1767323045300000000",
            "+trace_id = (SELECT min(trace_id) FROM spans) OR +start_time > 1767323045300000000"
        ),
        (
            "logs", "service = 'payments' OR time <= 1767323045200000000",
            "+service = 'payments' OR +time <= 1767323045200000000"
        ),
        ("traces", "start_time > 1767323045300000000", "+start_time > 1767323045300000000"),
        (
            "traces", "trace_id IN (SELECT trace_id FROM spans WHERE status = 'error')",
            "+trace_id IN (SELECT trace_id FROM spans WHERE status = 'error')"
        ),
        ("logs", "service = 'payments'", "+service = 'payments'"),
        ("logs", "time <= 1767323045200000000", "+time <= 1767323045200000000"),
        ("logs", "trace_id = (SELECT max(trace_id) FROM logs)", "+trace_id = (SELECT max(trace_id) FROM logs)"),
    ]) func takesComparisonsOverFaithfully(table: String, condition: String, plain: String) async throws {
        try await withSession { session, _, _ in
            let order = table == "logs" ? "time, body, trace_id, span_id, attributes" : "1, 2, kind"
            let columns = table == "traces" ? "trace_id, start_time, 0 AS kind" : "*"
            func rows(_ condition: String) throws -> [[SQLValue]] {
                try sql(session, "SELECT \(columns) FROM \(table) WHERE \(condition) ORDER BY \(order)")
            }
            let taken = try rows(condition)
            let compared = try rows(plain)
            #expect(taken == compared)
        }
    }

    @Test func countsAndJoins() async throws {
        try await withSession { session, memory, _ in
            let spans = try await spans(memory)
            #expect(try sql(session, "SELECT count(*) FROM spans") == [[.integer(Int64(spans.count))]])
            #expect(try sql(session, "SELECT sum(span_count) FROM traces") == [[.integer(Int64(spans.count))]])
            let joined = try sql(
                session,
                "SELECT count(*) FROM traces t JOIN spans s ON s.trace_id = t.trace_id WHERE t.error_count >= 0")
            #expect(joined == [[.integer(Int64(spans.count))]])
            let children = try sql(
                session,
                """
                SELECT count(*) FROM spans c WHERE EXISTS (SELECT 1 FROM spans p WHERE p.trace_id = c.trace_id
                    AND p.span_id = c.parent_span_id)
                """)
            let wanted = spans.count { child in
                spans.contains { $0.traceID == child.traceID && $0.spanID == child.parentSpanID }
            }
            #expect(children == [[.integer(Int64(wanted))]])
        }
    }

    @Test func attrGivesValuesAsTheyAre() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder) { store async throws in
            var span = SpanRecord.sample(trace: 1, 1)
            span.attributes = [
                Attribute("text", .string("a \"quoted\" \\ word\nü\u{1}")), Attribute("int", .int(-7)),
                Attribute("real", .double(8)), Attribute("yes", .bool(true)), Attribute("no", .bool(false)),
                Attribute("empty", .empty), Attribute("bytes", .bytes([0, 255])), Attribute("nan", .double(.nan)),
                Attribute("list", .array([.int(1), .string("]")])),
                Attribute("map", .map([Attribute("text", .string("inner"))])),
                Attribute("q\"k\\", .int(1)), Attribute("int", .int(99)),
            ]
            try await store.accept(codec.spanBatch([span]))
        }
        let session = try SQLSession.open(path: folder.path)
        let row = try sql(
            session,
            """
            SELECT attr(attributes, 'text'), attr(attributes, 'int'), attr(attributes, 'real'), attr(attributes, 'yes'),
                attr(attributes, 'no'), attr(attributes, 'empty'), attr(attributes, 'bytes'), attr(attributes, 'nan'),
                attr(attributes, 'list'), attr(attr(attributes, 'map'), 'text'), attr(attributes, 'q"k\\'),
                attr(attributes, 'none'), attr(resource, 'service.name'), attr('no json', 'a'), attr(NULL, 'a'),
                attr('{"a" : "\\u00fc\\ud83d\\ude00" , "b": 1e3}', 'b'), json_valid(attributes)
            FROM spans
            """)
        #expect(
            row == [
                [
                    .text("a \"quoted\" \\ word\nü\u{1}"), .integer(-7), .real(8), .integer(1), .integer(0), .null,
                    .text("00ff"), .text("nan"), .text("[1,\"]\"]"), .text("inner"), .integer(1), .null,
                    .text("orders"), .null, .null, .real(1_000), .integer(1),
                ]
            ])
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000000000Z"), (1_767_323_045_123_456_789, "2026-01-02T03:04:05.123456789Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"), (-1, "1969-12-31T23:59:59.999999999Z"),
            (.max, "2262-04-11T23:47:16.854775807Z"),
        ] as [(Int64, String)]) func writesTimes(nanoseconds: Int64, text: String)
    {
        #expect(SQLFunctions.moment(nanoseconds) == text)
    }

    @Test(arguments: [
        ("DELETE FROM block", "SQL only reads here"), ("CREATE TEMP TABLE t (x)", "SQL only reads here"),
        ("INSERT INTO spans (name) VALUES ('x')", "SQL only reads here"),
        ("ATTACH 'other.db' AS other", "no other file can be attached"),
        ("PRAGMA journal_mode = DELETE", "PRAGMA journal_mode is not available"),
        ("SELECT * FROM pragma_integrity_check", "PRAGMA integrity_check is not available"),
        ("BEGIN", "every query is a transaction of its own"), ("VACUUM INTO 'x.db'", "SQL only reads here"),
        ("UPDATE sqlite_schema SET sql = ''", "may not be modified"),
        ("SELECT load_extension('x')", "the function load_extension is not available"),
        ("SELECT 1; SELECT 2", "more than one statement"), ("  -- nothing", "it is empty"), ("", "it is empty"),
    ]) func refusesWithASentence(query: String, reason: String) async throws {
        try await withSession { session, _, _ in
            let failure = #expect(throws: SQLFailure.self) { try sql(session, query) }
            #expect(failure?.reason.contains(reason) == true, "\(failure?.reason ?? "")")
            // It goes on afterwards.
            let next = try sql(session, "SELECT 1;  -- one")
            #expect(next == [[.integer(1)]])
        }
    }

    @Test func pointsAtWhatIsWrong() async throws {
        try await withSession { session, _, _ in
            let wrong = SQLFailure.query(reason: "no such column: nme", offset: 7)
            #expect(throws: wrong) { try sql(session, "SELECT nme FROM spans") }
        }
    }

    @Test func listsItsTables() async throws {
        try await withSession { session, _, _ in
            let columns = try sql(session, "PRAGMA table_info(logs)").map { $0[1] }
            #expect(columns.prefix(3) == [.text("time"), .text("observed_time"), .text("severity_number")])
        }
    }

    // Attributes.

    /// Everything of a span that a search by attribute looks at.
    private static func pairs(_ span: SpanRecord) -> [Attribute] {
        span.attributes + span.resource.attributes + span.scope.attributes + span.events.flatMap(\.attributes)
            + span.links.flatMap(\.attributes)
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>) func matchFindsWhatAnAttributeSays(seed: UInt64) async throws {
        try await withSession(seed: seed) { session, memory, _ in
            let spans = try await spans(memory)
            var wanted: Set<Attribute> = []
            for span in spans.prefix(60) { wanted.formUnion(Self.pairs(span)) }
            #expect(wanted.count > 10)
            for pair in wanted.sorted(by: { ($0.key, $0.value.text) < ($1.key, $1.value.text) }) {
                let text = "\(pair.key)=\(pair.value.text)".replacing("'", with: "''")
                let rows = try sql(
                    session, "SELECT trace_id, span_id FROM spans WHERE attributes MATCH '\(text)' ORDER BY 1, 2")
                let found = spans.filter {
                    Self.pairs($0).contains { $0.key == pair.key && $0.value.text == pair.value.text }
                }
                #expect(rows == found.map { [.text($0.traceID.hex), .text($0.spanID.hex)] }, "\(text)")
            }
        }
    }

    @Test func matchesAreJoinedWithOtherConditions() async throws {
        try await withSession { session, _, _ in
            func rows(_ condition: String) throws -> [[SQLValue]] {
                try sql(session, "SELECT trace_id, span_id, kind FROM spans WHERE \(condition) ORDER BY 1, 2, 3")
            }
            let gold = "attributes MATCH 'tier=gold'"
            let all = try rows(gold)
            #expect(!all.isEmpty)
            let ofOrders = try rows("\(gold) AND service = 'orders'")
            #expect(ofOrders == (try rows("\(gold) AND +service = 'orders'")) && ofOrders.count < all.count)
            let silver = "attributes MATCH 'tier=silver'"
            let both = try rows("\(gold) AND \(silver)")
            #expect(Set(both) == Set(all).intersection(try rows(silver)) && both.count < all.count)
            let either = try rows("\(gold) OR service = 'orders'")
            let more = try rows("service = 'orders'")
            #expect(Set(either) == Set(all).union(more) && either.count == Set(either).count)
            let trace = "trace_id = (SELECT min(trace_id) FROM spans WHERE \(gold))"
            #expect(try rows("\(trace) AND \(gold)") == all.filter { $0[0] == all[0][0] })
            #expect(try rows("attributes MATCH NULL") == [])
            let joined = try sql(
                session,
                """
                WITH wanted(text) AS (VALUES ('tier=gold'), ('tier=nothing'))
                SELECT count(*) FROM wanted, spans WHERE attributes MATCH wanted.text
                """)
            #expect(joined == [[.integer(Int64(all.count))]])
        }
    }

    @Test func saysWhatMatchWants() async throws {
        try await withSession { session, _, _ in
            let failure = #expect(throws: SQLFailure.self) {
                try sql(session, "SELECT * FROM spans WHERE attributes MATCH 'gold'")
            }
            #expect(failure?.reason.contains("MATCH wants 'key=value', not 'gold'") == true)
            #expect(throws: SQLFailure.self) { try sql(session, "SELECT * FROM logs WHERE attributes MATCH 'a=b'") }
        }
    }

    @Test func endsInTimeAndInRows() async throws {
        try await withSession { session, _, _ in
            let endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"
            #expect(throws: SQLFailure.timedOut(.milliseconds(50))) {
                try sql(session, "SELECT max(x) FROM (\(endless))", limits: SQLLimits(time: .milliseconds(50)))
            }
            #expect(throws: SQLFailure.timedOut(.milliseconds(50))) {
                try sql(
                    session, "SELECT count(*) FROM spans a, spans b, spans c, spans d",
                    limits: SQLLimits(time: .milliseconds(50)))
            }
            // However few rows a table has, and whatever it is asked for: the time is looked at block by block as well.
            for query in [
                "SELECT count(*) FROM spans", "SELECT count(*) FROM spans WHERE attributes MATCH 'tier=gold'",
                "SELECT max(attributes) FROM spans", "SELECT count(*) FROM traces", "SELECT max(body) FROM logs",
            ] {
                #expect(throws: SQLFailure.timedOut(.zero)) { try sql(session, query, limits: SQLLimits(time: .zero)) }
                #expect(try sql(session, query).count == 1)
            }
            var count = 0
            let outcome = try session.run(endless, limits: SQLLimits(rows: 10), begin: { _ in }) { _ in
                count += 1
                return true
            }
            #expect(outcome == SQLOutcome(rows: 10, isCut: true))
            #expect(count == 10)
        }
    }

    @Test func seesOneSnapshotWhileTheStoreGrows() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder) { store async throws in
            try await store.accept(codec.spanBatch([.sample(trace: 1, 1)]))
            let session = try SQLSession.open(path: folder.path)
            try await store.accept(codec.spanBatch([.sample(trace: 2, 1)]))
            await store.settle()
            #expect(try sql(session, "SELECT count(*) FROM spans") == [[.integer(1)]])
            let next = try SQLSession.open(path: folder.path)
            #expect(try sql(next, "SELECT count(*) FROM spans") == [[.integer(2)]])
        }
    }

    @Test func namesTheBlockThatCannotBeRead() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder) { try await $0.accept(codec.spanBatch([.sample(trace: 1, 1)])) }
        try Connection(path: folder.file("sonde.db"), mode: .readWrite)
            .execute("UPDATE cold SET blob = CAST(substr(blob, 1, length(blob) - 1) || x'EE' AS BLOB)")
        let session = try SQLSession.open(path: folder.path)
        let failure = #expect(throws: SQLFailure.self) { try sql(session, "SELECT attributes FROM spans") }
        #expect(failure?.reason.contains("cannot read block 1 (cold)") == true, "\(failure?.reason ?? "")")
        #expect(try sql(session, "SELECT count(*) FROM spans") == [[.integer(1)]])
    }
}
