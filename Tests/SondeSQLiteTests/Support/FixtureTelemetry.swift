// SPDX-License-Identifier: Apache-2.0
// What the files of earlier formats hold. It must never change: the files were written with it.

import SondeModel

enum FixtureTelemetry {
    static let traces = 1_000 as UInt64
    static let spansPerTrace = 10 as UInt64
    static let logs = 1_000

    private static let services = ["gateway", "orders", "payments", "inventory", "users"]
    private static let start = 1_767_323_045_000_000_000 as UInt64

    static func traceID(_ trace: UInt64) -> TraceID {
        TraceID(high: trace &* 0x9E37_79B9_7F4A_7C15, low: trace &* 0xD6E8_FEB8_6659_FD93 | 1)
    }

    /// The spans of one trace. A duration, a name and a value differ from trace to trace; every tenth trace fails,
    /// every hundredth has a span of everything.
    static func spans(_ trace: UInt64) -> [SpanRecord] {
        (0..<spansPerTrace).map { number in
            let begin = start + trace * 50_000_000 + number * 1_234_567
            let service = services[Int(number) % services.count]
            let isFailed = trace % 10 == 0 && number == 7
            var span = SpanRecord(
                traceID: traceID(trace), spanID: SpanID(trace << 8 | (number + 1)),
                parentSpanID: number == 0 ? .zero : SpanID(trace << 8 | ((number + 1) / 2)),
                name: number == 0 ? "POST /checkout" : "step \(number)", kind: number == 0 ? .server : .internal,
                start: Timestamp(nanoseconds: begin),
                end: Timestamp(nanoseconds: begin + 40_000_000 / (number + 1) + trace * 1_001),
                status: isFailed ? SpanStatus(code: .error, message: "declined \(trace)") : SpanStatus(),
                attributes: [
                    Attribute("http.request.method", .string("POST")), Attribute("retry", .bool(trace % 3 == 0)),
                    Attribute("order.id", .string("ord-\(trace * 7_919 % 100_003)")),
                    Attribute("size", .int(Int64(trace * number))),
                    Attribute("request.id", .string(SpanID(trace &* 0xA076_1D64_78BD_642F &+ number).hex)),
                ], flags: 0x101,
                resource: Resource(
                    attributes: [
                        Attribute("service.name", .string(service)),
                        Attribute("host.name", .string("node-\(trace % 3)")),
                    ],
                    schemaURL: "https://opentelemetry.io/schemas/1.34.0"),
                scope: InstrumentationScope(name: "fixture", version: "1.0.0"))
            if isFailed {
                span.events = [
                    SpanEvent(
                        time: span.end, name: "exception",
                        attributes: [Attribute("exception.type", .string("Declined"))])
                ]
            }
            if trace % 100 == 0, number == 9 {
                span.attributes += [
                    Attribute("double", .double(0.1)), Attribute("bytes", .bytes([0, 255])), Attribute("empty", .empty),
                    Attribute("array", .array([.int(1), .string("zwei")])),
                    Attribute("map", .map([Attribute("k", .bool(true))])),
                ]
                span.links = [SpanLink(traceID: traceID(trace - 1), spanID: SpanID(9), traceState: "a=1", flags: 1)]
                span.traceState = "vendor=\(trace)"
                span.droppedAttributesCount = 1
                span.unknownFields = [0xC0, 0x3E, 0x05]
            }
            return span
        }
    }

    static func log(_ number: Int) -> LogRecord {
        let trace = UInt64(number) + 1
        return LogRecord(
            time: Timestamp(nanoseconds: start + trace * 50_000_000),
            observedTime: Timestamp(nanoseconds: start + trace * 50_000_001),
            severityNumber: number % 10 == 0 ? 17 : 9, severityText: number % 10 == 0 ? "ERROR" : "INFO",
            body: .string(
                number % 10 == 0
                    ? "payment declined for ord-\(trace * 7_919 % 100_003)" : "checkout took \(number) ms"),
            attributes: [Attribute("attempt", .int(Int64(number % 4)))], flags: 1, traceID: traceID(trace),
            spanID: SpanID(trace << 8 | 1),
            resource: Resource(attributes: [Attribute("service.name", .string(services[number % services.count]))]),
            scope: InstrumentationScope(name: "fixture.logger"))
    }
}
