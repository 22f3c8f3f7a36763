// SPDX-License-Identifier: Apache-2.0
// Promises about searching traces.

import SondeModel
import SondeStorage

extension StoreContract {
    /// Five traces of two spans each, trace n starting at n × 100 ms; odd ones fail in payments.
    private func storeFive() async throws {
        for n in 1...5 as ClosedRange<UInt64> {
            let start = Int64(n) * 100
            let failed = n % 2 == 1
            try await store(
                .sample(
                    trace: n, 1, service: "gateway", name: "POST /checkout", start: start, duration: 10 * Int64(n),
                    attributes: [Attribute("user.id", .string("u-\(n)")), Attribute("n", .int(Int64(n)))]),
                .sample(
                    trace: n, 2, parent: 1, service: "payments", name: "charge", kind: .internal, start: start + 1,
                    duration: 5, status: SpanStatus(code: failed ? .error : .ok)))
        }
    }

    private func ids(_ change: (inout TraceQuery) -> Void) async throws -> [UInt64] {
        try await search(change).traces.map(\.traceID.low)
    }

    static let searchClaims: [Claim] = [
        Claim("traces come newest first by start, ties by descending id") { contract in
            try await contract.store(
                .sample(trace: 1, 1, start: 10), .sample(trace: 3, 1, start: 20), .sample(trace: 4, 1, start: 10),
                .sample(trace: 2, 1, start: 15))
            try expectEqual(await contract.ids { _ in }, [3, 2, 4, 1], "order")
        },
        Claim("a trace starts at its earliest span, wherever that arrived") { contract in
            try await contract.store(.sample(trace: 1, 2, parent: 1, start: 90))
            try await contract.store(.sample(trace: 2, 1, start: 50))
            try await contract.store(.sample(trace: 1, 1, start: 10, duration: 200))
            try expectEqual(await contract.ids { _ in }, [2, 1], "order")
            let old = try await contract.search { $0.end = .sample(ms: 11) }.traces
            try expectEqual(old.map(\.durationNanoseconds), [200_000_000], "duration of the old one")
        },
        Claim("a summary describes the whole trace") { contract in
            try await contract.storeFive()
            let summary = try await contract.search {
                $0.service = "payments"
                $0.limit = 1
            }.traces.first
            let want = TraceSummary(
                traceID: .sample(5), rootService: "gateway", rootOperation: "POST /checkout", start: .sample(ms: 500),
                durationNanoseconds: 50_000_000, spanCount: 2, errorCount: 1,
                services: [
                    .init(name: "gateway", spanCount: 1, errorCount: 0),
                    .init(name: "payments", spanCount: 1, errorCount: 1),
                ], isComplete: true)
            try expectEqual(summary, want, "summary")
        },
        Claim("a trace without its root is named by its earliest span and is incomplete") { contract in
            try await contract.store(
                .sample(3, parent: 9, name: "late", start: 20),
                .sample(2, parent: 9, service: "users", name: "early", start: 10))
            let summary = try await contract.search().traces.first
            try expectEqual(summary?.rootService, "users", "root service")
            try expectEqual(summary?.rootOperation, "early", "root operation")
            try expectEqual(summary?.isComplete, false, "complete")
        },
        Claim("pages follow one another without gap or repeat, also while new traces arrive") { contract in
            try await contract.storeFive()
            var seen: [UInt64] = []
            var cursor: TraceCursor?
            repeat {
                let page = try await contract.search {
                    $0.limit = 2
                    $0.cursor = cursor
                }
                seen += page.traces.map(\.traceID.low)
                cursor = page.next
                try await contract.store(.sample(trace: 100 + UInt64(seen.count), 1, start: 9_000))
            } while cursor != nil
            try expectEqual(seen, [5, 4, 3, 2, 1], "traces over all pages")
        },
        Claim("a full last page has no next") { contract in
            try await contract.storeFive()
            try expectEqual(await contract.search { $0.limit = 5 }.next, nil, "next")
            try expect(await contract.search { $0.limit = 4 }.next != nil, "no next after four of five")
        },
        Claim("an exact total counts all matches; another is a lower bound") { contract in
            try await contract.storeFive()
            let total = try await contract.search {
                $0.status = .error
                $0.limit = 1
            }.total
            try expect(total.isExact ? total.value == 3 : (1...3).contains(total.value), "total \(total)")
            let all = try await contract.search {
                $0.status = .error
                $0.limit = 3
            }.total
            try expect(all.isExact ? all.value == 3 : all.value <= 3, "total \(all)")
        },
        Claim("service, operation, kind and status select") { contract in
            try await contract.storeFive()
            try expectEqual(await contract.ids { $0.service = "payments" }, [5, 4, 3, 2, 1], "service")
            try expectEqual(await contract.ids { $0.service = "nobody" }, [], "unknown service")
            try expectEqual(await contract.ids { $0.operation = "charge" }, [5, 4, 3, 2, 1], "operation")
            try expectEqual(await contract.ids { $0.operation = "char" }, [], "part of an operation")
            try expectEqual(await contract.ids { $0.kind = .client }, [], "kind")
            try expectEqual(await contract.ids { $0.status = .error }, [5, 3, 1], "error")
            try expectEqual(await contract.ids { $0.status = .ok }, [4, 2], "ok")
        },
        Claim("conditions hold on one and the same span") { contract in
            try await contract.storeFive()
            try expectEqual(
                await contract.ids {
                    $0.service = "gateway"
                    $0.status = .error
                }, [], "two spans")
            try expectEqual(
                await contract.ids {
                    $0.service = "payments"
                    $0.status = .error
                }, [5, 3, 1], "one span")
            try expectEqual(
                await contract.ids {
                    $0.service = "gateway"
                    $0.operation = "charge"
                }, [], "foreign name")
        },
        Claim("durations bound spans and traces, both ends included") { contract in
            try await contract.storeFive()
            let ms: UInt64 = 1_000_000
            try expectEqual(await contract.ids { $0.minDuration = 40 * ms }, [5, 4], "min")
            try expectEqual(
                await contract.ids {
                    $0.service = "gateway"
                    $0.maxDuration = 20 * ms
                }, [2, 1], "max")
            try expectEqual(
                await contract.ids {
                    $0.minDuration = 20 * ms
                    $0.maxDuration = 30 * ms
                }, [3, 2], "between")
            try expectEqual(await contract.ids { $0.minTraceDuration = 40 * ms }, [5, 4], "trace min")
            try expectEqual(await contract.ids { $0.maxTraceDuration = 10 * ms }, [1], "trace max")
        },
        Claim("time selects by trace start, the end excluded") { contract in
            try await contract.storeFive()
            try expectEqual(await contract.ids { $0.start = .sample(ms: 300) }, [5, 4, 3], "start")
            try expectEqual(await contract.ids { $0.end = .sample(ms: 300) }, [2, 1], "end")
            try expectEqual(
                await contract.ids {
                    $0.start = .sample(ms: 200)
                    $0.end = .sample(ms: 400)
                }, [3, 2], "between")
        },
        Claim("attributes are found by key and text") { contract in
            try await contract.storeFive()
            try expectEqual(await contract.ids { $0.attributes = [.init(key: "user.id", value: "u-3")] }, [3], "string")
            try expectEqual(await contract.ids { $0.attributes = [.init(key: "n", value: "4")] }, [4], "integer")
            try expectEqual(await contract.ids { $0.attributes = [.init(key: "n", value: "")] }, [], "other value")
            try expectEqual(await contract.ids { $0.attributes = [.init(key: "x", value: "4")] }, [], "other key")
            let both = [AttributeCondition(key: "n", value: "4"), AttributeCondition(key: "user.id", value: "u-4")]
            try expectEqual(await contract.ids { $0.attributes = both }, [4], "two attributes")
            try expectEqual(
                await contract.ids {
                    $0.attributes = both
                    $0.service = "payments"
                }, [], "other span")
        },
        Claim("attributes are found on resource, scope, events and links, and of every type") { contract in
            try await contract.store(.sampleOfEverything())
            let found = [
                ("host.cpus", "2"), ("tags", "[\"a\",false]"), ("scope.attr", "0.5"), ("exception.type", "Declined"),
                ("link.kind", "follows"), ("true", "true"), ("min", "-9223372036854775808"), ("double", "1.5"),
                ("whole double", "8"), ("bytes", "0001feff"), ("map", "{\"a\":1,\"b\":{\"c\":true}}"), ("empty", ""),
                ("empty string", ""), ("twice", "1"), ("twice", "2"), ("string", "line\nbreak \"quoted\" \u{1F600}"),
            ]
            for (key, value) in found {
                let ids = try await contract.ids { $0.attributes = [.init(key: key, value: value)] }
                try expectEqual(ids, [7], "\(key)=\(value)")
            }
        },
        Claim("a superseded copy of a span is not found") { contract in
            var span = SpanRecord.sample(1, attributes: [Attribute("version", .int(1))])
            try await contract.store(span)
            span.attributes = [Attribute("version", .int(2))]
            try await contract.store(span)
            try expectEqual(
                await contract.ids { $0.attributes = [.init(key: "version", value: "1")] }, [], "first copy")
            try expectEqual(
                await contract.ids { $0.attributes = [.init(key: "version", value: "2")] }, [1], "second copy")
        },
    ]
}
