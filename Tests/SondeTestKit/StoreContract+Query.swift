// SPDX-License-Identifier: Apache-2.0
// Promises about queries in TraceQL and in the shorthand.

import SondeModel
import SondeStorage

extension StoreContract {
    /// Three traces of a gateway, its users and payments; trace n has a status code of 200 + 100 n and n SQL statements.
    private func storeThree() async throws {
        for n in 1...3 as ClosedRange<UInt64> {
            let start = Int64(n) * 100
            var spans: [SpanRecord] = [
                .sample(
                    trace: n, 1, service: "gateway", name: "GET /orders/\(n)", start: start, duration: 50,
                    attributes: [
                        Attribute("code", .int(200 + 100 * Int64(n))), Attribute("text", .string("\(200 + 100 * n)")),
                        Attribute("tags", .array([.string("t\(n)"), .string("all")])),
                    ]),
                .sample(
                    trace: n, 2, parent: 1, service: "payments", name: "charge", kind: .client, start: start + 1,
                    duration: 5 * Int64(n), status: SpanStatus(code: n == 3 ? .error : .ok)),
            ]
            spans[1].events = [
                SpanEvent(
                    time: .sample(ms: start + 2), name: "paid", attributes: [Attribute("amount", .double(1.5))])
            ]
            for statement in 1...n {
                spans.append(
                    .sample(
                        trace: n, 10 + statement, parent: 2, service: "payments", name: "sql", kind: .client,
                        start: start + 1 + Int64(statement), duration: 1))
            }
            try await store(spans)
        }
    }

    private func found(_ text: String) async throws -> [UInt64] {
        var query = TraceQuery()
        try query.add(text)
        return try await traceReader.search(query).traces.map(\.traceID.low)
    }

    static let queryClaims: [Claim] = [
        Claim("TraceQL finds what it says, newest first") { contract in
            try await contract.storeThree()
            for (text, ids) in [
                ("{}", [3, 2, 1]), ("{ .code >= 400 }", [3, 2]), ("{ .code = \"400\" }", []),
                ("{ .text = \"400\" }", [2]),
                ("{ span.tags = \"t1\" }", [1]), ("{ .tags != \"t1\" }", [3, 2]),
                ("{ name =~ \"GET .*[12]\" }", [2, 1]),
                ("{ event.amount > 1 && status = error }", [3]), ("{ event:name = \"paid\" }", [3, 2, 1]),
                ("{ status = error } && { .code = 500 }", [3]), ("{ status = error && .code = 500 }", []),
                ("{ .code < 500 } >> { name = \"sql\" }", [2, 1]), ("{ .code < 500 } > { name = \"sql\" }", []),
                ("{ name = \"sql\" } ~ { name = \"sql\" }", [3, 2]), ("{ name = \"sql\" } | count() > 1", [3, 2]),
                ("{} | by(resource.service.name) | count() >= 4", [3]), ("{ rootName = \"GET /orders/2\" }", [2]),
                ("{ span:childCount = 3 }", [3]), ("{ nestedSetParent < 0 && .code = 300 }", [1]),
                ("{ parent.code = 300 }", [1]), ("{ duration > 14ms && kind = client }", [3]),
                ("{ resource.service.name = \"nobody\" }", []), ("{ .none = nil && name = \"charge\" }", [3, 2, 1]),
            ] as [(String, [UInt64])] {
                try expectEqual(await contract.found(text), ids, text)
            }
        },
        Claim("the shorthand finds what it says") { contract in
            try await contract.storeThree()
            for (text, ids) in [
                ("error", [3]), ("code=400", [2]), ("text=400", [2]), ("code>=400", [3, 2]), ("text>400", [3]),
                ("code!=400", [3, 1]), ("NOT code=400", [3, 2, 1]), ("name=GET*", [3, 2, 1]), ("name=*/2", [2]),
                ("root code<=300", [1]), ("root name=sql", []), ("has:amount error", [3]), ("amount=1.5", [3, 2, 1]),
                ("service=payments (duration>=15ms OR code=300)", [3]),
                ("(service=payments duration>=15ms) OR code=300", [3, 1]), ("name~rder", [3, 2, 1]),
                ("service=payments code=300", []), ("kind=client NOT name=sql duration<10ms", [1]),
            ] as [(String, [UInt64])] {
                try expectEqual(await contract.found(text), ids, text)
            }
        },
        Claim("a hit of TraceQL shows what was found, and other hits show nothing") { contract in
            try await contract.storeThree()
            var query = TraceQuery()
            try query.add("{ name = \"sql\" || .code = 400 } | by(name) | count() >= 1 | select(.code, kind)")
            query.spansPerSet = 1
            query.start = .sample(ms: 200)
            query.end = .sample(ms: 300)
            let hit = try await contract.traceReader.search(query).traces.first
            try expectEqual(hit?.matchedSpans, 3, "matched")
            let sets = hit?.spanSets ?? []
            try expectEqual(sets.map(\.matched), [1, 2], "sizes")
            try expectEqual(
                sets.map(\.attributes),
                [
                    [Attribute("by(name)", .string("GET /orders/2")), Attribute("count()", .int(1))],
                    [Attribute("by(name)", .string("sql")), Attribute("count()", .int(2))],
                ], "attributes of sets")
            try expectEqual(
                sets.map { $0.spans.map(\.attributes) },
                [
                    [[Attribute(".code", .int(400)), Attribute("span:kind", .string("server"))]],
                    [[Attribute("span:kind", .string("client"))]],
                ], "selected")
            try expectEqual(sets.last?.spans.map(\.spanID), [SpanID(11)], "the first span of the last set")
            var short = TraceQuery()
            try short.add("code>=400")
            try expectEqual(await contract.traceReader.search(short).traces.map(\.spanSets), [[], []], "no sets")
        },
        Claim("conditions beside a query hold on a span that it finds") { contract in
            try await contract.storeThree()
            var query = TraceQuery()
            try query.add("{ name = \"sql\" }")
            query.service = "payments"
            try expectEqual(await contract.traceReader.search(query).traces.count, 3, "payments")
            query.service = "gateway"
            try expectEqual(await contract.traceReader.search(query).traces.count, 0, "gateway")
        },
        Claim("pages and totals of a query are exact or say that they are not") { contract in
            try await contract.storeThree()
            var query = TraceQuery()
            try query.add("{ .code >= 300 } >> { name = \"sql\" }")
            query.limit = 1
            var seen: [UInt64] = []
            repeat {
                let page = try await contract.traceReader.search(query)
                seen += page.traces.map(\.traceID.low)
                try expect(page.total.isExact ? page.total.value == 3 : page.total.value <= 3, "total \(page.total)")
                query.cursor = page.next
            } while query.cursor != nil
            try expectEqual(seen, [3, 2, 1], "traces")
        },
        Claim("a query sees a trace whole, wherever its spans arrived") { contract in
            try await contract.store(.sample(trace: 1, 2, parent: 1, name: "late", start: 20, duration: 5))
            try await contract.store(.sample(trace: 2, 1, name: "other", start: 0))
            try expectEqual(await contract.found("{ name = \"early\" } > { name = \"late\" }"), [], "before")
            try await contract.store(.sample(trace: 1, 1, name: "early", start: 10, duration: 50))
            try expectEqual(await contract.found("{ name = \"early\" } > { name = \"late\" }"), [1], "after")
            try expectEqual(await contract.found("{ name = \"late\" && trace:duration = 50ms }"), [1], "whole")
        },
        Claim("an incomplete trace says what is missing until it arrives") { contract in
            var unfinished = SpanRecord.sample(3, parent: 8, start: 30)
            unfinished.end = .zero
            unfinished.attributes = [Attribute(SpanRecord.unfinishedKey, .bool(true))]
            try await contract.store(.sample(2, parent: 9, start: 20), unfinished)
            let half = try await contract.search().traces.first
            try expectEqual(half?.isComplete, false, "complete")
            try expectEqual(half?.missing, MissingParts(root: true, parents: 2, unfinished: 1), "missing")
            try await contract.store(
                .sample(9, parent: 8, start: 10), .sample(8, start: 0), .sample(3, parent: 8, start: 30, duration: 1))
            let whole = try await contract.search().traces.first
            try expectEqual(whole?.isComplete, true, "complete")
            try expectEqual(whole?.missing, MissingParts(), "missing")
        },
    ]
}
