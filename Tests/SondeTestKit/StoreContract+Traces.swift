// SPDX-License-Identifier: Apache-2.0
// Promises about spans, traces, names and numbers.

import SondeModel
import SondeStorage

extension StoreContract {
    static let traceClaims: [Claim] = [
        Claim("an empty store answers with nothing") { contract in
            try expectEqual(await contract.traceReader.services(), [], "services")
            try expectEqual(await contract.traceReader.operations(of: "orders"), [], "operations")
            try expectEqual(await contract.search().traces, [], "traces")
            try expectEqual(await contract.search().total, Total(0, isExact: true), "total")
            try expect(await contract.traceReader.trace(.sample(1)) == nil, "an unknown id has a trace")
            let statistics = try await contract.traceReader.statistics()
            try expectEqual([statistics.spans, statistics.traces, statistics.logs], [0, 0, 0], "statistics")
        },
        Claim("an empty batch is taken without effect") { contract in
            try await contract.spans.accept(SpanBatch(bytes: [], entries: [], resources: [], scopes: []))
            try await contract.logs.accept(LogBatch(bytes: [], entries: [], resources: [], scopes: []))
            try expectEqual(await contract.traceReader.statistics().spans, 0, "spans")
        },
        Claim("what goes in comes out exactly, every field of it") { contract in
            let span = SpanRecord.sampleOfEverything()
            try await contract.store(span)
            try expectEqual(await contract.storedTrace(span.traceID).spans, [span], "spans")
        },
        Claim("a span without any attribute, event or name comes out exactly") { contract in
            let span = SpanRecord(
                traceID: .sample(3), spanID: SpanID(4), name: "", kind: .unspecified, start: .zero, end: .zero)
            try await contract.store(span)
            try expectEqual(await contract.storedTrace(span.traceID).spans, [span], "spans")
        },
        Claim("a stored batch is seen by the next question") { contract in
            for n in 1...5 as ClosedRange<UInt64> {
                try await contract.store(.sample(trace: n, n))
                try expectEqual(await contract.storedTrace(.sample(n)).spans.count, 1, "spans of trace \(n)")
                try expectEqual(await contract.search().total.value, Int(n), "total after trace \(n)")
            }
        },
        Claim("a trace that arrives in pieces is assembled, and says what is missing until it has come") { contract in
            let root = SpanRecord.sample(1, service: "gateway", duration: 50)
            let middle = SpanRecord.sample(2, parent: 1, start: 5, duration: 30)
            let leaf = SpanRecord.sample(3, parent: 2, service: "payments", start: 10, duration: 10)
            try await contract.store(leaf)
            let first = try await contract.storedTrace(.sample(1))
            try expect(!first.isComplete && first.missingParents == [SpanID(2)], "the leaf alone: \(first)")
            try await contract.store(root)
            try await contract.store(middle)
            let whole = try await contract.storedTrace(.sample(1))
            try expectEqual(whole.spans, [root, middle, leaf], "spans")
            try expectEqual(whole.depths, [0, 1, 2], "depths")
            try expect(whole.isComplete, "the whole trace is incomplete")
        },
        Claim("a resent span shows once, the later copy") { contract in
            var second = SpanRecord.sample(1)
            try await contract.store(second, .sample(2, parent: 1))
            second.name = "renamed"
            try await contract.store(second)
            let trace = try await contract.storedTrace(.sample(1))
            try expectEqual(trace.spans.map(\.name), ["renamed", "GET /orders"], "names")
            try expectEqual(await contract.search().traces.map(\.spanCount), [2], "span counts")
        },
        Claim("the same export sent twice is one, however much arrives in between") { contract in
            let export = (1...40 as ClosedRange<UInt64>).map {
                SpanRecord.sample(trace: $0 % 4 + 1, $0, start: Int64($0))
            }
            try await contract.store(export)
            for n in 0..<10 as Range<UInt64> { try await contract.store(.sample(trace: 50 + n, n + 1)) }
            try await contract.store(export)
            let page = try await contract.search { $0.limit = 100 }
            try expectEqual(page.total.value, 14, "traces")
            try expectEqual(page.traces.map(\.spanCount).sorted().suffix(5), [1, 10, 10, 10, 10], "span counts")
            let statistics = try await contract.traceReader.statistics()
            try expect(
                (50...50 + statistics.unmergedSpans).contains(statistics.spans),
                "\(statistics.spans) spans, of which \(statistics.unmergedSpans) are not yet looked at, are no 50")
        },
        Claim("a client and a server half of one span are kept when both are sent again") { contract in
            let client = SpanRecord.sample(1, kind: .client, duration: 20)
            let server = SpanRecord.sample(1, kind: .server, start: 5)
            for _ in 0..<3 { try await contract.store(client, server) }
            try expectEqual(await contract.storedTrace(.sample(1)).spans, [client, server], "spans")
            try expectEqual(await contract.search().traces.map(\.spanCount), [2], "span count")
        },
        Claim("a trace whose first span came anew with another start is where that start puts it") { contract in
            var moved = SpanRecord.sample(trace: 1, 1, start: 5)
            try await contract.store(moved)
            try await contract.store(.sample(trace: 2, 1, start: 10), .sample(trace: 3, 1, start: 20))
            moved.start = .sample(ms: 15)
            moved.end = .sample(ms: 16)
            try await contract.store(moved)
            try expectEqual(
                await contract.search().traces.map(\.traceID), [.sample(3), .sample(1), .sample(2)], "order")
            var seen: [TraceID] = []
            var cursor: TraceCursor?
            repeat {
                let page = try await contract.search {
                    $0.limit = 1
                    $0.cursor = cursor
                }
                seen += page.traces.map(\.traceID)
                cursor = page.next
            } while cursor != nil
            try expectEqual(seen, [.sample(3), .sample(1), .sample(2)], "pages of one")
        },
        Claim("an ended span beats an unfinished one, whichever comes last") { contract in
            let ended = SpanRecord.sample(1)
            var unfinished = ended
            unfinished.end = .zero
            unfinished.attributes = [Attribute(SpanRecord.unfinishedKey, .bool(true))]
            try await contract.store(unfinished)
            try expect(await !contract.storedTrace(.sample(1)).isComplete, "an unfinished trace is complete")
            try await contract.store(ended)
            try await contract.store(unfinished)
            try expectEqual(await contract.storedTrace(.sample(1)).spans, [ended], "spans")
        },
        Claim("a client and a server that share a span id are both kept") { contract in
            let client = SpanRecord.sample(1, kind: .client, duration: 20)
            let server = SpanRecord.sample(1, kind: .server, start: 5)
            try await contract.store(server, client)
            let trace = try await contract.storedTrace(.sample(1))
            try expectEqual(trace.spans.map(\.kind), [.client, .server], "kinds")
            try expectEqual(trace.depths, [0, 1], "depths")
        },
        Claim("services and operations are listed by name, with counts") { contract in
            let failed = SpanStatus(code: .error)
            try await contract.store(
                .sample(1, service: "users", name: "b"), .sample(2, service: "orders", name: "a", status: failed),
                .sample(3, service: "orders", name: "b", kind: .client), .sample(4, service: "orders", name: "b"))
            try expectEqual(
                await contract.traceReader.services(),
                [
                    ServiceSummary(name: "orders", spanCount: 3, errorCount: 1),
                    ServiceSummary(name: "users", spanCount: 1, errorCount: 0),
                ], "services")
            try expectEqual(
                await contract.traceReader.operations(of: "orders"),
                [
                    OperationSummary(name: "a", kind: .server), OperationSummary(name: "b", kind: .server),
                    OperationSummary(name: "b", kind: .client),
                ], "operations")
        },
        Claim("a span without a service name belongs to unknown_service") { contract in
            var span = SpanRecord.sample(1)
            span.resource = Resource()
            try await contract.store(span)
            try expectEqual(await contract.traceReader.services().map(\.name), ["unknown_service"], "services")
            try expectEqual(await contract.search { $0.service = "unknown_service" }.traces.count, 1, "found")
        },
        Claim("ids are found by prefix, ascending") { contract in
            let ids = [
                TraceID(high: 0xAB00, low: 1), TraceID(high: 0xAB00 << 48, low: 2), TraceID(high: 0xABFF << 48, low: 3),
            ]
            for id in ids {
                var span = SpanRecord.sample(1)
                span.traceID = id
                try await contract.store(span)
            }
            guard let two = TraceIDPrefix("aB"), let four = TraceIDPrefix("abff") else {
                throw Violation(description: "a prefix is refused")
            }
            try expectEqual(await contract.traceReader.traceIDs(withPrefix: two, limit: 9), Array(ids[1...]), "ab")
            try expectEqual(await contract.traceReader.traceIDs(withPrefix: two, limit: 1), [ids[1]], "ab, one")
            try expectEqual(await contract.traceReader.traceIDs(withPrefix: four, limit: 9), [ids[2]], "abff")
        },
        Claim("statistics count spans, traces, logs and services") { contract in
            try await contract.store(
                .sample(trace: 1, 1, start: 5), .sample(trace: 1, 2, parent: 1, start: 9),
                .sample(trace: 2, 3, service: "users"))
            try await contract.store(logs: .sample("one"), .sample("two"))
            let statistics = try await contract.traceReader.statistics()
            try expectEqual([statistics.spans, statistics.traces, statistics.logs], [3, 2, 2], "counts")
            try expectEqual(statistics.services, 2, "services")
            try expectEqual(statistics.oldest, .sample(ms: 0), "oldest")
            try expectEqual(statistics.newest, .sample(ms: 9), "newest")
        },
        Claim("batches from many tasks are all kept") { contract in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for n in 1...40 as ClosedRange<UInt64> {
                    group.addTask { try await contract.store(.sample(trace: n % 8 + 1, n), .sample(trace: 100 + n, n)) }
                }
                try await group.waitForAll()
            }
            try expectEqual(await contract.traceReader.statistics().spans, 80, "spans")
            try expectEqual(await contract.search { $0.limit = 100 }.traces.count, 48, "traces")
        },
        Claim("a batch of 20 000 spans is kept whole") { contract in
            let spans = (1...20_000 as ClosedRange<UInt64>).map { n in
                SpanRecord.sample(trace: n / 10 + 1, n, parent: n % 10 == 0 ? 0 : n - 1, start: Int64(n))
            }
            try await contract.store(spans)
            try expectEqual(await contract.traceReader.statistics().spans, 20_000, "spans")
            try expectEqual(await contract.storedTrace(.sample(1_000)).spans.count, 10, "spans of one trace")
        },
        Claim("times at both ends of the range survive") { contract in
            var early = SpanRecord.sample(trace: 1, 1)
            early.start = Timestamp(nanoseconds: 0)
            early.end = Timestamp(nanoseconds: 1)
            var late = SpanRecord.sample(trace: 2, 2)
            late.start = Timestamp(nanoseconds: .max - 1)
            late.end = .distantFuture
            var backwards = SpanRecord.sample(trace: 3, 3)
            (backwards.start, backwards.end) = (backwards.end, backwards.start)
            try await contract.store(early, late, backwards)
            for span in [early, late, backwards] {
                try expectEqual(await contract.storedTrace(span.traceID).spans, [span], "span")
            }
            try expectEqual(
                await contract.search().traces.map(\.traceID), [.sample(2), .sample(3), .sample(1)], "order")
        },
    ]
}
