// SPDX-License-Identifier: Apache-2.0
// Random telemetry, random queries in TraceQL: the store on disk must find what the evaluator finds in every trace, fresh
// and merged, page by page.

import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("TraceQL on disk against TraceQL in memory")
struct ExpressionTests {
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func answersEveryExpressionAlike(seed: UInt64) async throws {
        var dice = Dice(state: seed &* 77)
        let memory = MemoryStore()
        try await withStore { store in
            for round in 0..<3 {
                for _ in 0..<4 {
                    let spans = RandomTelemetry.spans(Int.random(in: 1...40, using: &dice), traces: 30, &dice)
                    try await memory.accept(codec.spanBatch(spans))
                    try await store.accept(codec.spanBatch(spans))
                }
                for _ in 0..<25 { try await compareAllPages(Self.query(&dice), memory, store) }
                if round < 2 { await store.settle() }
                for _ in 0..<25 { try await compareAllPages(Self.query(&dice), memory, store) }
            }
        }
    }

    /// Every form of condition by itself, where a mistake in what leads to traces can't hide behind another one.
    @Test func answersEveryConditionAlike() async throws {
        var dice = Dice(state: 5)
        let memory = MemoryStore()
        try await withStore { store in
            for round in 0..<2 {
                let spans = RandomTelemetry.spans(150, traces: 60, &dice)
                try await memory.accept(codec.spanBatch(spans))
                try await store.accept(codec.spanBatch(spans))
                if round == 0 { await store.settle() }
                for condition in RandomExpressions.conditions {
                    for text in ["{ \(condition) }", "{ !(\(condition)) }", "{ status = error } >> { \(condition) }"] {
                        var query = TraceQuery()
                        query.expression = try TraceExpression(parsing: text)
                        query.limit = 1000
                        try await compareAllPages(query, memory, store)
                    }
                }
            }
        }
    }

    @Test func aScanThatNobodyWaitsForEnds() async throws {
        var dice = Dice(state: 9)
        try await withStore { store in
            try await store.accept(codec.spanBatch(RandomTelemetry.spans(200, traces: 50, &dice)))
            let task = Task {
                var query = TraceQuery()
                query.expression = try TraceExpression(parsing: "{ .none =~ \"x+\" }")
                await Task.yield()
                while !Task.isCancelled { await Task.yield() }
                return try await store.search(query)
            }
            task.cancel()
            await #expect(throws: ReadError.self) { try await task.value }
        }
    }

    private static func query(_ dice: inout Dice) throws -> TraceQuery {
        var query = dice.chance(20) ? DifferentialTests.traceQuery(&dice) : TraceQuery()
        if dice.chance(25) {
            query = TraceQuery()
            try query.add(RandomExpressions.shorthand(&dice))
        } else {
            query.expression = try TraceExpression(parsing: RandomExpressions.expression(&dice))
        }
        if dice.chance(15) { query.start = .sample(ms: Int64.random(in: 0...700, using: &dice)) }
        if dice.chance(15) { query.end = .sample(ms: Int64.random(in: 0...700, using: &dice)) }
        query.limit = dice.pick([2, 5, 1000])
        return query
    }

    private func compareAllPages(_ query: TraceQuery, _ memory: MemoryStore, _ store: SQLiteStore) async throws {
        var query = query
        repeat {
            let got = try await store.search(query)
            let want = try await memory.search(query)
            guard got.traces == want.traces, got.next == want.next else {
                Issue.record(
                    """
                    \(query.expression?.text ?? "") \(query)
                     got \(got.traces.map(\.traceID.low)) \(got.traces.map(\.spanSets))
                     want \(want.traces.map(\.traceID.low)) \(want.traces.map(\.spanSets))
                    """)
                return
            }
            #expect(got.total.isExact ? got.total.value == want.total.value : got.total.value <= want.total.value)
            query.cursor = got.next
        } while query.cursor != nil
    }
}

/// Queries over ``RandomTelemetry``.
enum RandomExpressions {
    static let conditions = [
        "name = \"charge\"", "name =~ \"GET.*|charge\"", "name != \"SELECT\"", "kind = server", "kind != client",
        "status = error", "status != ok", "duration > 5ms", "duration <= 1ms", "30ms = duration", "duration != 0s",
        "duration > 5.5ms", "resource.service.name = \"orders\"", "resource.service.name != \"orders\"",
        "resource.service.name =~ \"o.*|pay.*\"", "resource.service.name = nil",
        "resource.service.name = \"unknown_service\"", "resource.service.name = \"\"", ".service.name = \"gateway\"",
        ".tier = \"gold\"", "span.tier = \"silver\"", "span.tier != \"gold\"", ".tier =~ \"g.*\"", ".tier !~ \"g.*\"",
        "span.n = 7", "span.n = 8", ".n >= 1.5", "span.n < 7", "span.n != 7", "7 <= .n", ".n = 1", ".user = \"x\"",
        ".user =~ \"x\"", ".flag = true", ".flag != true", "span.flag", ".user = \"ünï\"", ".user = \"\"",
        "span.tier != nil", ".user = nil", "span.user = nil", "event.tier = \"gold\"", "event.n > 1", "link.n = 7",
        "event.tier != nil", "link.user = nil", "instrumentation.tier = \"gold\"", "instrumentation:name = \"s\"",
        "event:name = \"e\"", "link:spanID = \"0000000000000009\"", "statusMessage = \"why\"", "statusMessage = \"\"",
        "rootName = \"charge\"", "rootServiceName = \"orders\"", "traceDuration > 20ms", "childCount > 1",
        "parent.tier = \"gold\"", "parent = nil", "span:id = \"0000000000000003\"", ".n = .user", "span.n + 1 = 8",
        "span.tier = \"gold\" || span.n > 5", "duration * 2 > 10ms", "true", "false", "event:timeSinceStart < 1ms",
        "parent != nil", "nestedSetParent < 0", ".tier = \"gold\" && !(.n = 7)",
    ]

    /// Terms of which some become conditions of their own, and some do not.
    static func shorthand(_ dice: inout Dice) -> String {
        let plain = ["service=orders", "kind=server", "status=error", "tier=gold", "duration>1ms", "name=charge"]
        let others = [
            "n>=7", "has:user", "tier~g.*", "root", "NOT n=7", "(n=7 OR tier=gold)", "name=GET*", "service!=users",
        ]
        let first = dice.chance(60) ? dice.pick(plain) + " " : ""
        return first + dice.pick(others) + (dice.chance(30) ? " " + dice.pick(others) : "")
    }

    static func expression(_ dice: inout Dice) -> String {
        let first = set(&dice)
        switch Int.random(in: 0..<12, using: &dice) {
        case 0: return "\(first) && \(set(&dice))"
        case 1: return "\(first) || \(set(&dice))"
        case 2...4:
            let relation = dice.pick([">", ">>", "<", "<<", "~", "!>", "!>>", "!~", "&>", "&>>"])
            return "\(first) \(relation) \(set(&dice))"
        case 5: return "\(first) | count() > \(dice.pick([0, 1, 2, 5]))"
        case 6: return "\(first) | by(resource.service.name) | count() \(dice.pick([">=", "=", "<"])) 2"
        case 7: return "\(first) | select(span.tier, name, duration)"
        case 8: return "\(first) | avg(duration) > 5ms"
        case 9: return "({} | count() > 3) && \(first)"
        case 10: return "{} | max(span.n) >= 7"
        default: return first
        }
    }

    private static func set(_ dice: inout Dice) -> String { dice.chance(10) ? "{}" : "{ \(condition(2, &dice)) }" }

    private static func condition(_ depth: Int, _ dice: inout Dice) -> String {
        guard depth > 0 else { return dice.pick(conditions) }
        switch Int.random(in: 0..<6, using: &dice) {
        case 0: return "\(condition(depth - 1, &dice)) && \(condition(depth - 1, &dice))"
        case 1: return "(\(condition(depth - 1, &dice)) || \(condition(depth - 1, &dice)))"
        case 2: return "!(\(condition(depth - 1, &dice)))"
        default: return dice.pick(conditions)
        }
    }
}
