// SPDX-License-Identifier: Apache-2.0
// Traces of any size in the three shapes that are hard on a viewer: a service's day of calls, everything below one span,
// and one long chain.

import BenchmarkCorpus
import SondeModel

enum Shape: String, CaseIterable {
    case calls, flat, chain

    func trace(spans count: Int) -> Trace {
        var generator = SeededGenerator(state: 20_260_101)
        let id = TraceID(high: 1, low: UInt64(count))
        var spans: [SpanRecord] = []
        spans.reserveCapacity(count)
        for index in 0..<count {
            spans.append(span(index, of: count, id, parent: parent(of: index), &generator))
        }
        return Trace(id: id, assembling: spans)
    }

    private func parent(of index: Int) -> Int? {
        guard index > 0 else { return nil }
        return switch self {
        // Eight calls below each, one of eight of which calls on: repetitions, leaves and depth.
        case .calls: (index - 1) / 8
        case .flat: 0
        case .chain: index - 1
        }
    }

    private func span(
        _ index: Int, of count: Int, _ trace: TraceID, parent: Int?, _ generator: inout SeededGenerator
    ) -> SpanRecord {
        let origin: UInt64 = 1_767_323_045_000_000_000
        let whole: UInt64 = 60_000_000_000
        let start = index == 0 ? 0 : UInt64(index) * (whole / UInt64(count))
        let duration =
            self == .chain || index == 0 ? whole - start : UInt64.random(in: 1_000...200_000_000, using: &generator)
        let service = Self.resources[(self == .chain ? index : index / 8) % Self.resources.count]
        let isError = UInt64.random(in: 0..<500, using: &generator) == 0
        let statement = "SELECT * FROM items WHERE id = \(index) AND tenant = 'shop'"
        var span = SpanRecord(
            traceID: trace, spanID: SpanID(UInt64(index) + 1), parentSpanID: SpanID(parent.map { UInt64($0) + 1 } ?? 0),
            name: Self.names[index % Self.names.count], kind: index % 3 == 0 ? .client : .server,
            start: Timestamp(nanoseconds: origin + start),
            end: Timestamp(nanoseconds: origin + min(start + duration, whole)),
            status: isError ? SpanStatus(code: .error, message: "upstream refused") : SpanStatus())
        span.attributes = [
            Attribute("http.request.method", .string("GET")), Attribute("http.route", .string("/v1/items/{id}")),
            Attribute("http.response.status_code", .int(isError ? 500 : 200)),
            Attribute("db.query.text", .string(statement)),
            Attribute("thread.id", .int(Int64(index % 64))),
        ]
        span.resource = service
        if index % 50 == 0 { span.events = [SpanEvent(time: span.start, name: "exception")] }
        return span
    }

    private static let names = [
        "GET /v1/items/{id}", "SELECT items", "POST /v1/orders", "publish order.created", "auth",
    ]
    private static let resources = (0..<12).map { number in
        Resource(attributes: [
            Attribute("service.name", .string("service-\(number)")),
            Attribute("host.name", .string("host-\(number % 3)")),
            Attribute("service.instance.id", .string("instance-\(number)")),
        ])
    }
}
