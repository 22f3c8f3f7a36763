// SPDX-License-Identifier: Apache-2.0
// Promises about the service graph, and about calls, errors and durations.

import SondeModel
import SondeStorage

extension StoreContract {
    static let activityClaims: [Claim] = [
        Claim("an empty store has an empty graph and no activity") { contract in
            try expectEqual(await contract.traceReader.serviceGraph(ServiceGraphQuery()), ServiceGraph(), "graph")
            try expectEqual(await contract.traceReader.activity(ActivityQuery()), [], "activity")
        },
        Claim("a call from a service to another is an edge with the errors and durations of both sides") { contract in
            try await contract.store(
                .sample(1, service: "gateway", duration: 50),
                .sample(2, parent: 1, service: "gateway", kind: .client, start: 5, duration: 40),
                .sample(3, parent: 2, service: "orders", start: 10, duration: 30, status: SpanStatus(code: .error)))
            let graph = try await contract.traceReader.serviceGraph(ServiceGraphQuery())
            try expectEqual(
                graph.edges.map(\.line), ["gateway -> orders  1 calls 1 errors, served 30 ms, seen 40 ms"], "edges")
            try expectEqual(
                graph.nodes.map(\.line), ["gateway  2 spans 0 errors 1 entries", "orders  1 spans 1 errors 0 entries"],
                "nodes")
        },
        Claim("a call counts once however often its spans are sent, and in the pieces in which they come") { contract in
            let spans: [SpanRecord] = [
                .sample(1, service: "gateway", kind: .client), .sample(2, parent: 1, service: "orders"),
            ]
            for span in spans + spans.reversed() + spans { try await contract.store(span) }
            let graph = try await contract.traceReader.serviceGraph(ServiceGraphQuery())
            try expectEqual(graph.edges.map(\.calls), [1], "calls")
            try expectEqual(graph.nodes.map(\.spans), [1, 1], "spans")
            let series = try await contract.activity { $0.grouping = .service }
            try expectEqual(series.map(\.counts.calls), [1, 1], "activity")
        },
        Claim("a service that calls itself over the network is an edge; spans below each other are none") { contract in
            try await contract.store(
                .sample(1, kind: .client), .sample(2, parent: 1, kind: .server), .sample(3, parent: 2, kind: .internal))
            let graph = try await contract.traceReader.serviceGraph(ServiceGraphQuery())
            try expectEqual(
                graph.edges.map(\.line), ["orders -> orders  1 calls 0 errors, served 10 ms, seen 10 ms"], "edges")
        },
        Claim("a call that no span answers leads to what its attributes name") { contract in
            func call(_ id: UInt64, _ attributes: Attribute..., kind: SpanKind = .client) -> SpanRecord {
                .sample(id, parent: 1, kind: kind, attributes: attributes)
            }
            try await contract.store([
                .sample(1),
                call(2, Attribute("db.system", .string("postgresql")), Attribute("db.namespace", .string("shop"))),
                call(
                    3, Attribute("db.system.name", .string("redis")), Attribute("server.address", .string("10.0.0.1"))),
                call(4, Attribute("server.address", .string("api.example"))),
                call(5, Attribute("messaging.system", .string("kafka")), kind: .producer),
                call(6, Attribute("peer.service", .string("bank")), Attribute("server.address", .string("x"))),
                call(7),
                call(8, Attribute("server.address", .string("answered"))),
                .sample(9, parent: 8, service: "users"),
            ])
            let graph = try await contract.traceReader.serviceGraph(ServiceGraphQuery())
            try expectEqual(
                graph.edges.map { "\($0.server) \($0.connection.rawValue) \($0.isVirtual)" },
                [
                    "api.example virtual_node true", "bank virtual_node true", "kafka messaging_system true",
                    "redis database true", "shop database true", "users  false",
                ], "edges")
            try expectEqual(
                graph.nodes.map { "\($0.name) \($0.connection.rawValue)" },
                [
                    "api.example virtual_node", "bank virtual_node", "kafka messaging_system", "orders ",
                    "redis database", "shop database", "users ",
                ], "nodes")
        },
        Claim("of calls below each other the innermost counts") { contract in
            try await contract.store(
                .sample(1, kind: .client, attributes: [Attribute("server.address", .string("a"))]),
                .sample(2, parent: 1, kind: .client, attributes: [Attribute("server.address", .string("b"))]))
            let graph = try await contract.traceReader.serviceGraph(ServiceGraphQuery())
            try expectEqual(graph.edges.map(\.server), ["b"], "edges")
        },
        Claim("messages lead from sender to receiver, by parent and by link, each once") { contract in
            var linked = SpanRecord.sample(trace: 2, 1, service: "mail", kind: .consumer, start: 20)
            let link = SpanLink(traceID: .sample(1), spanID: SpanID(2))
            linked.links = [link, link, SpanLink(traceID: .sample(9), spanID: SpanID(9))]
            let system = [Attribute("messaging.system", .string("kafka"))]
            try await contract.store([
                .sample(1), .sample(2, parent: 1, kind: .producer, attributes: system),
                .sample(3, parent: 1, kind: .producer, attributes: system),
                .sample(4, parent: 3, service: "stock", kind: .consumer, start: 15), linked,
                .sample(trace: 3, 1, service: "stock", kind: .consumer),
            ])
            let graph = try await contract.traceReader.serviceGraph(ServiceGraphQuery())
            try expectEqual(
                graph.edges.map { "\($0.client) \($0.server) \($0.connection.rawValue) \($0.calls)" },
                ["orders mail messaging_system 1", "orders stock messaging_system 1"], "edges")
            try expectEqual(
                graph.nodes.map { "\($0.name) \($0.entries)" }, ["mail 0", "orders 1", "stock 1"], "entries")
        },
        Claim("calls are counted by the start of the answering span, in a range without its end") { contract in
            try await contract.store(
                .sample(1, service: "gateway", kind: .client, start: 0, duration: 90),
                .sample(2, parent: 1, service: "orders", start: 10), .sample(3, parent: 1, service: "orders", start: 20)
            )
            for (start, end, calls) in [(0, 10, []), (10, 20, [1]), (10, 21, [2]), (21, 99, [])]
                as [(Int64, Int64, [Int])]
            {
                var query = ServiceGraphQuery()
                query.start = .sample(ms: start)
                query.end = .sample(ms: end)
                let graph = try await contract.traceReader.serviceGraph(query)
                try expectEqual(graph.edges.map(\.calls), calls, "\(start)..<\(end)")
            }
        },
        Claim("the graph of one service has its neighbours and no others") { contract in
            try await contract.store(
                .sample(1, service: "a", kind: .client), .sample(2, parent: 1, service: "b", kind: .client),
                .sample(3, parent: 2, service: "c"), .sample(4, parent: 3, service: "d"))
            var query = ServiceGraphQuery()
            query.service = "c"
            let graph = try await contract.traceReader.serviceGraph(query)
            try expectEqual(graph.edges.map { $0.client + $0.server }, ["bc", "cd"], "edges")
            try expectEqual(graph.nodes.map(\.name), ["b", "c", "d"], "nodes")
        },
        Claim("activity tells calls, errors, durations and self times of each operation") { contract in
            try await contract.store(
                .sample(1, name: "a", duration: 100), .sample(2, parent: 1, name: "b", start: 10, duration: 30),
                .sample(3, parent: 1, name: "b", start: 20, duration: 40, status: SpanStatus(code: .error)))
            let series = try await contract.activity {
                $0.wantsSelfTime = true
                $0.quantiles = [0.5, 0.95, 1]
            }
            try expectEqual(series.map(\.operation), ["a", "b"], "operations")
            let (a, b) = (series[0].counts, series[1].counts)
            try expectEqual([a.calls, a.errors, b.calls, b.errors], [1, 0, 2, 1], "calls and errors")
            try expectEqual([a.selfTime, b.selfTime], [50_000_000, 70_000_000], "self times")
            try expectEqual(
                [b.durations.total, b.durations.least, b.durations.largest], [70, 30, 40].map { $0 * 1_000_000 },
                "durations")
            try expectEqual(b.durations.quantiles.map(\.nanoseconds), [30, 40, 40].map { $0 * 1_000_000 }, "quantiles")
            try expect(b.durations.isExact, "few durations are not exact")
        },
        Claim("activity is grouped as asked, and told by steps") { contract in
            try await contract.store(
                .sample(1, name: "a", start: 0), .sample(2, name: "a", kind: .client, start: 1_500),
                .sample(3, service: "users", name: "b", start: 3_000))
            let byService = try await contract.activity { $0.grouping = .service }
            try expectEqual(
                byService.map { "\($0.service) \($0.counts.calls)" }, ["orders 2", "users 1"], "by service")
            let byKind = try await contract.activity {
                $0.grouping = .kind
                $0.services = ["orders"]
            }
            try expectEqual(byKind.map(\.kind), [.server, .client], "by kind")
            let steps = try await contract.activity {
                $0.start = .sample(ms: 0)
                $0.end = .sample(ms: 3_000)
                $0.step = 1_000_000_000
                $0.kinds = [.server, .client]
            }
            try expectEqual(steps.map(\.service), ["orders"], "services")
            try expectEqual(steps.first?.steps.map(\.start), [.sample(ms: 0), .sample(ms: 1_000)], "steps")
            try expectEqual(steps.first?.steps.map(\.counts.calls), [1, 1], "calls")
        },
        Claim("an unfinished span is a call without a duration") { contract in
            var span = SpanRecord.sample(1, attributes: [Attribute(SpanRecord.unfinishedKey, .bool(true))])
            span.end = .zero
            try await contract.store(span)
            let series = try await contract.activity { $0.wantsSelfTime = true }
            try expectEqual(series.map(\.counts.calls), [1], "calls")
            try expectEqual(series.map(\.counts.durations.count), [0], "durations")
            try expectEqual(series.map(\.counts.selfTime), [0], "self time")
        },
        Claim("a step of nothing, and what is no quantile, are refused") { contract in
            for change in [{ $0.step = 0 }, { $0.quantiles = [1.5] }] as [@Sendable (inout ActivityQuery) -> Void] {
                do throws(ReadError) {
                    _ = try await contract.activity(change)
                } catch {
                    guard case .invalid = error else { throw Violation(description: "\(error) instead of invalid") }
                    continue
                }
                throw Violation(description: "it is answered")
            }
        },
        Claim("more series and steps than there may be are refused, with what to do") { contract in
            for first in stride(from: 0, to: ActivityQuery.maxPoints + 1, by: 5_000) {
                try await contract.store(
                    (first..<min(first + 5_000, ActivityQuery.maxPoints + 1)).map {
                        .sample(trace: UInt64($0 + 1), 1, name: "op \($0)")
                    })
            }
            try expectEqual(await contract.activity { $0.grouping = .service }.map(\.counts.calls), [20_001], "calls")
            do throws(ReadError) {
                _ = try await contract.activity { _ in }
            } catch {
                guard case .invalid(let reason) = error else { throw Violation(description: "\(error)") }
                return try expect(reason.contains("20000 series and steps"), reason)
            }
            throw Violation(description: "it is answered")
        },
    ]

    func activity(_ change: (inout ActivityQuery) -> Void) async throws(ReadError) -> [ActivitySeries] {
        var query = ActivityQuery()
        change(&query)
        return try await traceReader.activity(query)
    }
}

extension ServiceGraph.Edge {
    fileprivate var line: String {
        let served = serverDurations.total / 1_000_000
        let seen = clientDurations.total / 1_000_000
        return
            "\(client) -> \(server) \(connection.rawValue) \(calls) calls \(errors) errors, served \(served) ms, seen \(seen) ms"
    }
}

extension ServiceGraph.Node {
    fileprivate var line: String { "\(name) \(connection.rawValue) \(spans) spans \(errors) errors \(entries) entries" }
}
