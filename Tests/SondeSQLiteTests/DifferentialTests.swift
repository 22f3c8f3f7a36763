// SPDX-License-Identifier: Apache-2.0
// Random telemetry, random questions: the store on disk must answer as the store in memory does, before a merge and
// after.

import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("SQLite store against the store in memory")
struct DifferentialTests {
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func answersEveryQuestionAboutTracesAlike(seed: UInt64) async throws {
        var dice = Dice(state: seed)
        let memory = MemoryStore()
        try await withStore { store in
            for round in 0..<3 {
                for _ in 0..<5 {
                    let spans = RandomTelemetry.spans(Int.random(in: 1...30, using: &dice), traces: 30, &dice)
                    try await memory.accept(codec.spanBatch(spans))
                    try await store.accept(codec.spanBatch(spans))
                }
                try await compareTraces(memory, store, &dice)
                if round < 2 { await store.settle() }
                try await compareTraces(memory, store, &dice)
            }
        }
    }

    private func compareTraces(_ memory: MemoryStore, _ store: SQLiteStore, _ dice: inout Dice) async throws {
        for n in 1...30 as ClosedRange<UInt64> {
            #expect(try await store.trace(.sample(n)) == memory.trace(.sample(n)))
        }
        let statistics = try await store.statistics()
        #expect(try await statistics.traces == memory.statistics().traces)
        for _ in 0..<25 {
            let query = Self.traceQuery(&dice)
            try await compareAllPages(query, memory, store)
        }
    }

    /// Both read everything once, however it lies: no span is resent.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func answersEveryQuestionAboutAttributesAlike(seed: UInt64) async throws {
        var dice = Dice(state: seed)
        let memory = MemoryStore()
        try await withStore { store in
            for round in 0..<3 {
                for batch in 0..<4 as Range<UInt64> {
                    var spans = RandomTelemetry.spans(25, traces: 20, &dice)
                    for index in spans.indices {
                        spans[index].spanID = SpanID(UInt64(round) * 1_000 + batch * 100 + UInt64(index) + 1)
                    }
                    try await memory.accept(codec.spanBatch(spans))
                    try await store.accept(codec.spanBatch(spans))
                }
                if round < 2 { await store.settle() }
                for _ in 0..<30 { try await compareAttributes(memory, store, &dice) }
            }
        }
    }

    private func compareAttributes(_ memory: MemoryStore, _ store: SQLiteStore, _ dice: inout Dice) async throws {
        var query = AttributeQuery()
        if dice.chance(30) { query.service = dice.pick(RandomTelemetry.services + ["unknown_service", "nobody"]) }
        if dice.chance(30) { query.start = .sample(ms: Int64.random(in: 0...500, using: &dice)) }
        if dice.chance(30) { query.end = .sample(ms: Int64.random(in: 0...500, using: &dice)) }
        if dice.chance(30) { query.scope = dice.pick(ListedScope.allCases) }
        if dice.chance(20) { query.prefix = dice.pick(["t", "se", "ü", "1"]) }
        query.limit = dice.pick([2, 1000])
        var got = try await store.attributeKeys(query)
        var want = try await memory.attributeKeys(query)
        // Kinds may be those of other spans too.
        for index in got.elements.indices { got.elements[index].types = [] }
        for index in want.elements.indices { want.elements[index].types = [] }
        #expect(got == want, "\(query)")
        let key = dice.pick(RandomTelemetry.keys + ["service", "name", "kind", "status", "service.name", "none"])
        #expect(
            try await store.attributeValues(of: key, query) == memory.attributeValues(of: key, query), "\(key) \(query)"
        )
    }

    private func compareAllPages(_ query: TraceQuery, _ memory: MemoryStore, _ store: SQLiteStore) async throws {
        var query = query
        repeat {
            let got = try await store.search(query)
            let want = try await memory.search(query)
            guard got.traces == want.traces, got.next == want.next else {
                Issue.record(
                    "\(query)\n got \(got.traces)\n want \(want.traces)"
                )
                return
            }
            #expect(got.total.isExact ? got.total.value == want.total.value : got.total.value <= want.total.value)
            query.cursor = got.next
        } while query.cursor != nil
    }

    static func traceQuery(_ dice: inout Dice) -> TraceQuery {
        var query = TraceQuery()
        if dice.chance(40) { query.service = dice.pick(RandomTelemetry.services + ["unknown_service", "nobody"]) }
        if dice.chance(25) { query.operation = dice.pick(RandomTelemetry.names + ["nothing"]) }
        if dice.chance(15) { query.kind = dice.pick(SpanKind.allCases) }
        if dice.chance(25) { query.status = dice.pick(StatusCode.allCases) }
        if dice.chance(20) { query.minDuration = dice.pick([0, 1_000_000, 6_000_000, 50_000_000]) }
        if dice.chance(15) { query.maxDuration = dice.pick([0, 1_000_000, 40_000_000]) }
        for _ in 0..<dice.pick([0, 0, 1, 2]) {
            let value = dice.pick(RandomTelemetry.values).text
            query.attributes.append(AttributeCondition(key: dice.pick(RandomTelemetry.keys + ["none"]), value: value))
        }
        if dice.chance(15) { query.minTraceDuration = dice.pick([1, 20_000_000, 90_000_000]) }
        if dice.chance(15) { query.maxTraceDuration = dice.pick([0, 20_000_000, 90_000_000]) }
        if dice.chance(15) { query.start = .sample(ms: Int64.random(in: 0...700, using: &dice)) }
        if dice.chance(15) { query.end = .sample(ms: Int64.random(in: 0...700, using: &dice)) }
        query.limit = dice.pick([2, 5, 20, 1000])
        return query
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func answersEveryQuestionAboutLogsAlike(seed: UInt64) async throws {
        var dice = Dice(state: seed)
        let memory = MemoryStore()
        try await withStore { store in
            for round in 0..<3 {
                for _ in 0..<6 {
                    let logs = RandomTelemetry.logs(Int.random(in: 1...40, using: &dice), &dice)
                    try await memory.accept(codec.logBatch(logs))
                    try await store.accept(codec.logBatch(logs))
                }
                if round > 0 { await store.settle() }
                for _ in 0..<30 { try await compareAllPages(Self.logQuery(&dice), memory, store) }
            }
        }
    }

    private func compareAllPages(_ query: LogQuery, _ memory: MemoryStore, _ store: SQLiteStore) async throws {
        // The two stores number records differently: each has its own cursor.
        var here = query
        var there = query
        repeat {
            let got = try await store.logs(here)
            let want = try await memory.logs(there)
            guard got.logs == want.logs, (got.next == nil) == (want.next == nil) else {
                Issue.record("\(query)\n got \(got.logs.map(\.body.text))\n want \(want.logs.map(\.body.text))")
                return
            }
            #expect(got.total.isExact ? got.total.value == want.total.value : got.total.value <= want.total.value)
            here.cursor = got.next
            there.cursor = want.next
        } while here.cursor != nil
    }

    static func logQuery(_ dice: inout Dice) -> LogQuery {
        var query = LogQuery()
        if dice.chance(30) { query.service = dice.pick(RandomTelemetry.services + ["unknown_service"]) }
        if dice.chance(30) { query.minLevel = dice.pick(LogLevel.allCases) }
        if dice.chance(40) {
            query.text = dice.pick(["declined", "ment dec", "stock low 3", "zz", "e", "", "DECLINED 1", "\"declined"])
        }
        if dice.chance(25) { query.traceID = dice.pick([.zero, .sample(3), .sample(7), .sample(99)]) }
        if dice.chance(15) { query.spanID = SpanID(UInt64.random(in: 0...3, using: &dice)) }
        if dice.chance(20) { query.start = .sample(ms: Int64.random(in: 0...500, using: &dice)) }
        if dice.chance(20) { query.end = .sample(ms: Int64.random(in: 0...500, using: &dice)) }
        query.limit = dice.pick([5, 20, 100, 5000])
        return query
    }
}
