// SPDX-License-Identifier: Apache-2.0
// Promises about attribute keys and values.

import SondeModel
import SondeStorage

extension StoreContract {
    /// Three spans: two of the gateway, one with an event and a link; one of payments, a second later.
    private func storeThree() async throws {
        var rich = SpanRecord.sample(
            trace: 1, 2, parent: 1, service: "gateway", name: "call", kind: .client, start: 1,
            attributes: [Attribute("http/path", .string("/a")), Attribute("n", .int(7)), Attribute("n", .int(8))])
        rich.events = [SpanEvent(time: rich.start, name: "e", attributes: [Attribute("n", .string("event"))])]
        rich.links = [
            SpanLink(traceID: .sample(9), spanID: SpanID(9), attributes: [Attribute("peer", .bool(true))])
        ]
        rich.scope = InstrumentationScope(name: "s", attributes: [Attribute("n", .double(0.5))])
        try await store(
            .sample(trace: 1, 1, service: "gateway", attributes: [Attribute("n", .int(7))]), rich,
            .sample(
                trace: 2, 1, service: "payments", start: 1_000, status: SpanStatus(code: .error),
                attributes: [Attribute("n", .string("gold")), Attribute("name", .string("charge it"))]))
    }

    private func keys(_ change: (inout AttributeQuery) -> Void) async throws -> [String] {
        var query = AttributeQuery()
        change(&query)
        return try await traceReader.attributeKeys(query).elements.map {
            "\($0.scope) \($0.key) \($0.types.map(\.rawValue).joined(separator: "|")) \($0.spanCount)"
        }
    }

    private func values(_ key: String, _ change: (inout AttributeQuery) -> Void = { _ in }) async throws -> [String] {
        var query = AttributeQuery()
        change(&query)
        return try await traceReader.attributeValues(of: key, query).elements.map {
            "\($0.text) \($0.type) \($0.count)"
        }
    }

    static let attributeClaims: [Claim] = [
        Claim("an empty store has neither keys nor values") { contract in
            try expectEqual(await contract.keys { _ in }, [], "keys")
            try expectEqual(await contract.values("service"), [], "values")
            let list = try await contract.traceReader.attributeValues(of: "n", AttributeQuery())
            try expectEqual(list.total, Total(0, isExact: true), "total")
        },
        Claim("keys come with scope, kinds of values and spans, by key") { contract in
            try await contract.storeThree()
            try expectEqual(
                await contract.keys { _ in },
                [
                    "span http/path string 1", "intrinsic kind keyword 3",
                    "span n string|int 3", "instrumentation n double 1",
                    "event n string 1", "intrinsic name string 3",
                    "span name string 1", "link peer bool 1",
                    "intrinsic service string 3", "resource service.name string 3",
                    "intrinsic status keyword 3",
                ], "keys")
        },
        Claim("keys are those of a service, of a time, of a scope, with a prefix") { contract in
            try await contract.storeThree()
            let ofService = try await contract.keys {
                $0.service = "payments"
                $0.scope = .span
            }
            // Kinds that only other spans have may be named too.
            try expectEqual(ofService.map { $0.prefix(9) }, ["span n st", "span name"], "service")
            let late = try await contract.keys {
                $0.start = .sample(ms: 1)
                $0.end = .sample(ms: 1_000)
                $0.prefix = "n"
            }
            try expectEqual(late.count, 4, "those of the second span")
            try expectEqual(late.map { $0.suffix(2) }, [" 1", " 1", " 1", " 1"], "counts")
            try expectEqual(await contract.keys { $0.service = "nobody" }, [], "unknown service")
            try expectEqual(await contract.keys { $0.end = .sample(ms: 0) }, [], "before all")
        },
        Claim("values come the most frequent first, from every scope") { contract in
            try await contract.storeThree()
            try expectEqual(
                await contract.values("n"), ["7 int 2", "0.5 double 1", "8 int 1", "event string 1", "gold string 1"],
                "n")
            try expectEqual(await contract.values("http/path"), ["/a string 1"], "a slash in the key")
            try expectEqual(await contract.values("peer"), ["true bool 1"], "of a link")
            try expectEqual(await contract.values("none"), [], "unknown key")
            try expectEqual(
                await contract.values("service.name"), ["gateway string 2", "payments string 1"], "of a resource")
        },
        Claim("values are those of a service, of a time, of a scope, with a prefix") { contract in
            try await contract.storeThree()
            try expectEqual(await contract.values("n") { $0.service = "payments" }, ["gold string 1"], "service")
            try expectEqual(await contract.values("n") { $0.scope = .event }, ["event string 1"], "scope")
            try expectEqual(await contract.values("n") { $0.prefix = "g" }, ["gold string 1"], "prefix")
            try expectEqual(await contract.values("n") { $0.end = .sample(ms: 1) }, ["7 int 1"], "time")
            try expectEqual(
                await contract.values("service.name") { $0.start = .sample(ms: 1) },
                ["gateway string 1", "payments string 1"], "time, of a resource")
        },
        Claim("intrinsics have values, beside attributes of their name") { contract in
            try await contract.storeThree()
            try expectEqual(await contract.values("service"), ["gateway string 2", "payments string 1"], "service")
            try expectEqual(await contract.values("kind"), ["server keyword 2", "client keyword 1"], "kind")
            try expectEqual(await contract.values("status"), ["unset keyword 2", "error keyword 1"], "status")
            try expectEqual(
                await contract.values("name"), ["GET /orders string 2", "call string 1", "charge it string 1"], "name")
            try expectEqual(
                await contract.values("name") {
                    $0.scope = .intrinsic
                    $0.service = "payments"
                }, ["GET /orders string 1"], "name of a service")
            try expectEqual(
                await contract.values("status") { $0.end = .sample(ms: 1_000) }, ["unset keyword 2"], "status in time")
        },
        Claim("a limit cuts the list, its total counts what there is") { contract in
            try await contract.storeThree()
            var query = AttributeQuery()
            query.limit = 1
            let values = try await contract.traceReader.attributeValues(of: "n", query)
            try expectEqual(values.elements.map(\.text), ["7"], "values")
            try expectEqual(values.total, Total(5, isExact: true), "total of values")
            let keys = try await contract.traceReader.attributeKeys(query)
            try expectEqual(keys.elements.map(\.key), ["http/path"], "keys")
            try expectEqual(keys.total, Total(11, isExact: true), "total of keys")
        },
    ]
}
