// SPDX-License-Identifier: Apache-2.0
// What columns tell of many spans is what whole traces tell: random telemetry and random questions, against the store
// in memory.

import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("Activity of a SQLite store")
struct ActivityTests {
    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func isThatOfTheStoreInMemory(seed: UInt64) async throws {
        var dice = Dice(state: seed &* 77)
        let memory = MemoryStore()
        try await withStore { store in
            for round in 0..<4 {
                for _ in 0..<6 {
                    let spans = (0..<Int.random(in: 1...40, using: &dice)).map { _ in Self.span(&dice) }
                    try await memory.accept(codec.spanBatch(spans))
                    try await store.accept(codec.spanBatch(spans))
                }
                try await compare(memory, store, &dice)
                if round != 2 { await store.settle() }
                try await compare(memory, store, &dice)
            }
        }
    }

    private func compare(_ memory: MemoryStore, _ store: SQLiteStore, _ dice: inout Dice) async throws {
        for _ in 0..<10 {
            let query = Self.graphQuery(&dice)
            let got = try await store.serviceGraph(query)
            let want = try await memory.serviceGraph(query)
            #expect(got == want, "\(query)")
        }
        for _ in 0..<10 {
            let query = Self.activityQuery(&dice)
            let got = try await store.activity(query)
            let want = try await memory.activity(query)
            #expect(got == want, "\(query)")
        }
    }

    static func span(_ dice: inout Dice) -> SpanRecord {
        var span = RandomTelemetry.span(traces: 25, &dice)
        for key in Peer.keys where dice.chance(12) {
            span.attributes.append(
                Attribute(key, dice.pick([.string("shop"), .string("kafka"), .string(""), .int(7)])))
        }
        if dice.chance(40) { span.kind = dice.pick([.server, .client, .producer, .consumer]) }
        for _ in 0..<dice.pick([0, 0, 0, 1, 2]) {
            span.links.append(
                SpanLink(
                    traceID: .sample(UInt64.random(in: 1...25, using: &dice)),
                    spanID: SpanID(UInt64.random(in: 1...12, using: &dice))))
        }
        return span
    }

    static func graphQuery(_ dice: inout Dice) -> ServiceGraphQuery {
        var query = ServiceGraphQuery()
        if dice.chance(40) { query.start = .sample(ms: Int64.random(in: 0...600, using: &dice)) }
        if dice.chance(40) { query.end = .sample(ms: Int64.random(in: 0...600, using: &dice)) }
        if dice.chance(30) { query.service = dice.pick(RandomTelemetry.services + ["shop", "nobody"]) }
        query.quantiles = dice.pick([[], [0.5], [0, 0.5, 0.95, 1]])
        return query
    }

    static func activityQuery(_ dice: inout Dice) -> ActivityQuery {
        var query = ActivityQuery()
        if dice.chance(40) { query.start = .sample(ms: Int64.random(in: 0...600, using: &dice)) }
        if dice.chance(40) { query.end = .sample(ms: Int64.random(in: 0...600, using: &dice)) }
        if dice.chance(30) { query.services = [dice.pick(RandomTelemetry.services + ["nobody"]), "users"] }
        if dice.chance(30) { query.kinds = [dice.pick(SpanKind.allCases), .server] }
        query.grouping = dice.pick(ActivityQuery.Grouping.allCases)
        if dice.chance(50) { query.step = dice.pick([1_000_000, 70_000_000, 1_000_000_000]) }
        query.quantiles = dice.pick([[], [0.9], [0, 0.5, 0.95, 1]])
        query.wantsSelfTime = dice.chance(50)
        return query
    }

    /// Every batch is a block of its own, and every trace lies in all of them.
    @Test func isExactWhereMoreTracesWaitThanAreKept() async throws {
        try await withStore { store in
            let memory = MemoryStore()
            for id in 1...4 as ClosedRange<UInt64> {
                let spans = (1...300 as ClosedRange<UInt64>).map { trace in
                    SpanRecord.sample(
                        trace: trace, id, parent: id - 1, service: "s\(id)", kind: id % 2 == 0 ? .server : .client,
                        start: Int64(trace * 10 + id))
                }
                try await memory.accept(codec.spanBatch(spans))
                try await store.accept(codec.spanBatch(spans))
            }
            var query = ActivityQuery()
            query.wantsSelfTime = true
            let question = query
            let want = try await memory.activity(question)
            let got = try await store.reader.pool.read { file throws(ReadError) in
                try ActivityCount.run(question, in: file, keeping: 20)
            }
            #expect(got == want)
        }
    }

    @Test func namesPastTheDictionaryAreReadWithTheirSpans() async throws {
        try await withStore { store in
            let batches = stride(from: 0, to: Limits.operations + 100, by: 20_000).map { first in
                (first..<min(first + 20_000, Limits.operations + 100)).map {
                    SpanRecord.sample(trace: UInt64($0 + 1), 1, name: "op \($0)", start: Int64($0))
                }
            }
            for spans in batches { try await store.accept(codec.spanBatch(spans)) }
            var query = ActivityQuery()
            query.start = .sample(ms: Int64(Limits.operations) - 50)
            let series = try await store.activity(query)
            #expect(
                series.map(\.operation) == ((Limits.operations - 50)..<(Limits.operations + 100)).map { "op \($0)" })
        }
    }

    @Test func aQuestionThatIsGivenUpEnds() async throws {
        try await withStore { store in
            try await store.accept(codec.spanBatch([.sample(1)]))
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await store.serviceGraph(ServiceGraphQuery())
            }
            await #expect(throws: ReadError.self) { try await task.value }
        }
    }
}
