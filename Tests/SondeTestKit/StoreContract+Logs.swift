// SPDX-License-Identifier: Apache-2.0
// Promises about logs.

import SondeModel
import SondeStorage

extension StoreContract {
    private func bodies(_ change: (inout LogQuery) -> Void) async throws -> [String] {
        try await searchLogs(change).logs.map(\.body.text)
    }

    private func storeFour() async throws {
        try await store(
            logs: .sample("order received", ms: 10, trace: 1, span: 11),
            .sample("Payment DECLINED for card 4242", ms: 30, service: "payments", level: .warn, trace: 1, span: 12),
            .sample("stock low", ms: 20, service: "inventory", level: .error, trace: 2, span: 21),
            .sample("started", ms: 5, level: .debug))
    }

    static let logClaims: [Claim] = [
        Claim("a log record comes out exactly, every field of it") { contract in
            let log = LogRecord(
                time: Timestamp(nanoseconds: 1_767_323_045_123_456_789), observedTime: .sample(ms: 9),
                severityNumber: 18, severityText: "ERROR2",
                body: .map([Attribute("message", .string("päyment")), Attribute("codes", .array([.int(1), .empty]))]),
                eventName: "payment.declined", attributes: [Attribute].sampleOfEveryType, droppedAttributesCount: 2,
                flags: 1, traceID: .sample(5), spanID: SpanID(6),
                resource: Resource(
                    attributes: [Attribute("service.name", .string("payments"))], schemaURL: "https://a"),
                scope: InstrumentationScope(name: "logger", version: "1", attributes: [Attribute("x", .int(1))]))
            let bare = LogRecord(time: .zero)
            try await contract.store(logs: log, bare)
            try expectEqual(await contract.searchLogs({ _ in }).logs, [log, bare], "logs")
        },
        Claim("logs come newest first; among equal times the later arrival first") { contract in
            try await contract.store(logs: .sample("a", ms: 5), .sample("b", ms: 7), .sample("c", ms: 5))
            try await contract.store(logs: .sample("d", ms: 5))
            try expectEqual(await contract.bodies { _ in }, ["b", "d", "c", "a"], "order")
        },
        Claim("a record without a time is placed by its observed time") { contract in
            var late = LogRecord.sample("late", ms: 50)
            late.observedTime = late.time
            late.time = .zero
            try await contract.store(logs: late, .sample("early", ms: 20))
            try expectEqual(await contract.bodies { $0.start = .sample(ms: 30) }, ["late"], "after 30 ms")
        },
        Claim("trace, span, service, level and time select") { contract in
            try await contract.storeFour()
            try expectEqual(
                await contract.bodies { $0.traceID = .sample(1) },
                ["Payment DECLINED for card 4242", "order received"], "trace")
            try expectEqual(
                await contract.bodies {
                    $0.traceID = .sample(1)
                    $0.spanID = SpanID(11)
                }, ["order received"], "span")
            try expectEqual(await contract.bodies { $0.service = "inventory" }, ["stock low"], "service")
            try expectEqual(
                await contract.bodies { $0.minLevel = .warn }, ["Payment DECLINED for card 4242", "stock low"], "level")
            try expectEqual(
                await contract.bodies {
                    $0.start = .sample(ms: 10)
                    $0.end = .sample(ms: 30)
                },
                ["stock low", "order received"], "time")
        },
        Claim("text is found anywhere in a body, whatever the case of its letters") { contract in
            try await contract.storeFour()
            for text in ["declined", "DECLINED FOR", "yment dec", "4242", "card 42"] {
                try expectEqual(await contract.bodies { $0.text = text }, ["Payment DECLINED for card 4242"], text)
            }
            try expectEqual(await contract.bodies { $0.text = "declined card" }, [], "words apart")
            try expectEqual(await contract.bodies { $0.text = "" }.count, 4, "the empty text")
        },
        Claim("pages of logs follow one another without gap or repeat") { contract in
            let records = (0..<7).map { LogRecord.sample("\($0)", ms: Int64($0 / 3)) }
            try await contract.logs.accept(contract.codec.logBatch(records))
            var seen: [String] = []
            var cursor: LogCursor?
            repeat {
                let page = try await contract.searchLogs({
                    $0.limit = 2
                    $0.cursor = cursor
                })
                seen += page.logs.map(\.body.text)
                cursor = page.next
            } while cursor != nil
            try expectEqual(seen, ["6", "5", "4", "3", "2", "1", "0"], "bodies over all pages")
        },
        Claim("identical records are all kept") { contract in
            try await contract.store(logs: .sample("same"), .sample("same"))
            try await contract.store(logs: .sample("same"))
            try expectEqual(await contract.searchLogs({ $0.text = "same" }).logs.count, 3, "records")
            try expectEqual(await contract.searchLogs({ $0.text = "same" }).total, Total(3, isExact: true), "total")
        },
    ]
}
