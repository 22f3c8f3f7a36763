// SPDX-License-Identifier: Apache-2.0
// The fixed corpus: checkouts of a small shop as OTLP bodies of about 500 spans and 500 bytes a span, the same bytes in
// every run. Its shape (names, attributes, a few errors, an event here and there) is what SDKs of web services send.

import SondeModel
import SondeWire

/// SplitMix64: small, seeded, the same everywhere.
package struct SeededGenerator: RandomNumberGenerator {
    package var state: UInt64

    package init(state: UInt64) { self.state = state }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

package enum Corpus {
    /// Spans in one body, as an SDK's batch processor cuts them.
    package static let spansPerBody = 512
    static let services = ["gateway", "users", "orders", "inventory", "payments", "cart", "catalog", "shipping"]

    /// `count` spans as export bodies, one service instance each.
    package static func bodies(spans count: Int, seed: UInt64 = 20_260_101) -> [[UInt8]] {
        var generator = SeededGenerator(state: seed)
        var waiting: [String: [SpanRecord]] = [:]
        var bodies: [[UInt8]] = []
        var made = 0
        var clock: UInt64 = 1_767_323_045_000_000_000
        while made < count {
            clock += UInt64.random(in: 100_000...3_000_000, using: &generator)
            for span in checkout(at: clock, using: &generator) {
                waiting[span.resource.serviceName, default: []].append(span)
                made += 1
            }
            for service in services where waiting[service, default: []].count >= spansPerBody {
                bodies.append(OTLPEncoder.traces(waiting.removeValue(forKey: service) ?? []))
            }
        }
        for service in services {
            if let rest = waiting[service] { bodies.append(OTLPEncoder.traces(rest)) }
        }
        return bodies
    }

    /// One trace: a root and a few levels of calls below it.
    private static func checkout(at start: UInt64, using generator: inout SeededGenerator) -> [SpanRecord] {
        let trace = TraceID(high: generator.next(), low: generator.next())
        var spans: [SpanRecord] = []
        var open: [(id: SpanID, depth: Int)] = [(.zero, 0)]
        let size = Int.random(in: 4...28, using: &generator)
        while spans.count < size {
            let parent = open[Int.random(in: max(0, open.count - 4)..<open.count, using: &generator)]
            let service = services[(parent.depth + Int.random(in: 0...1, using: &generator)) % services.count]
            let id = SpanID(generator.next() | 1)
            spans.append(
                span(
                    trace, id, parent: parent.id, service: service, start: start + UInt64(spans.count) * 70_000,
                    &generator))
            open.append((id, parent.depth + 1))
        }
        return spans
    }

    private static func span(
        _ trace: TraceID, _ id: SpanID, parent: SpanID, service: String, start: UInt64,
        _ generator: inout SeededGenerator
    ) -> SpanRecord {
        let failed = Int.random(in: 0..<40, using: &generator) == 0
        let route =
            ["/v1/orders", "/v1/items/{id}", "/v1/pay", "/v1/users/{id}"].randomElement(using: &generator) ?? "/"
        let duration = UInt64.random(in: 50_000...90_000_000, using: &generator)
        return SpanRecord(
            traceID: trace, spanID: id, parentSpanID: parent, name: "GET \(route)",
            kind: Bool.random(using: &generator) ? .server : .client,
            start: Timestamp(nanoseconds: start), end: Timestamp(nanoseconds: start + duration),
            status: SpanStatus(code: failed ? .error : .unset, message: failed ? "upstream timed out" : ""),
            attributes: [
                Attribute("http.request.method", .string("GET")), Attribute("http.route", .string(route)),
                Attribute("url.path", .string("/v1/items/\(Int.random(in: 0..<20_000, using: &generator))")),
                Attribute("http.response.status_code", .int(failed ? 504 : 200)),
                Attribute("server.address", .string("\(service).internal")), Attribute("server.port", .int(8080)),
                Attribute("user.id", .string("u-\(Int.random(in: 0..<50_000, using: &generator))")),
                Attribute("network.protocol.version", .string("1.1")),
                Attribute("thread.id", .int(Int64.random(in: 1...64, using: &generator))),
            ],
            events: failed
                ? [
                    SpanEvent(
                        time: Timestamp(nanoseconds: start + duration / 2), name: "exception",
                        attributes: [Attribute("exception.type", .string("TimeoutError"))])
                ] : [],
            flags: 0x101,
            resource: Resource(attributes: [
                Attribute("service.name", .string(service)), Attribute("service.version", .string("1.4.2")),
                Attribute("service.instance.id", .string("\(service)-0")), Attribute("host.name", .string("node-1")),
            ]),
            scope: InstrumentationScope(name: "shop.http", version: "2.0.0"))
    }
}
