// SPDX-License-Identifier: Apache-2.0
// Random spans and logs in which everything that stores must handle occurs often: resent spans, pieces of traces in
// many batches, unfinished spans, missing parents, equal starts.

import SondeModel
import SondeTestKit

enum RandomTelemetry {
    static let services = ["gateway", "orders", "payments", "", "users"]
    static let names = ["GET /", "POST /orders", "charge", "SELECT", ""]
    static let values: [AttributeValue] = [
        .string("gold"), .string("silver"), .int(7), .int(-1), .bool(true), .double(1.5), .double(8), .empty,
        .array([.int(1), .string("x")]), .bytes([1, 2]), .string("ünï"), .string(""),
    ]
    static let keys = ["tier", "n", "user", "flag"]

    static func spans(_ count: Int, traces: UInt64, _ dice: inout Dice) -> [SpanRecord] {
        (0..<count).map { _ in span(traces: traces, &dice) }
    }

    static func span(traces: UInt64, _ dice: inout Dice) -> SpanRecord {
        let trace = UInt64.random(in: 1...traces, using: &dice)
        let id = UInt64.random(in: 1...12, using: &dice)
        // Traces lie apart by their number, with equal starts now and then.
        let start = Int64(trace / 2) * 40 + Int64(id)
        var span = SpanRecord.sample(
            trace: trace, id, parent: dice.chance(20) ? 0 : UInt64.random(in: 1...14, using: &dice),
            service: dice.pick(services), name: dice.pick(names), kind: dice.pick(SpanKind.allCases), start: start,
            duration: dice.pick([0, 1, 5, 30, 100]),
            status: SpanStatus(code: dice.pick(StatusCode.allCases), message: dice.chance(10) ? "why" : ""))
        for _ in 0..<Int.random(in: 0...4, using: &dice) {
            span.attributes.append(Attribute(dice.pick(keys), dice.pick(values)))
        }
        if dice.chance(5) {
            span.end = .zero
            span.attributes.append(Attribute(SpanRecord.unfinishedKey, .bool(true)))
        }
        if dice.chance(10) {
            span.events = [
                SpanEvent(time: span.start, name: "e", attributes: [Attribute(dice.pick(keys), dice.pick(values))])
            ]
        }
        if dice.chance(10) {
            span.links = [
                SpanLink(
                    traceID: .sample(9), spanID: SpanID(9), attributes: [Attribute(dice.pick(keys), dice.pick(values))])
            ]
        }
        if dice.chance(10) {
            span.scope = InstrumentationScope(name: "s", attributes: [Attribute("tier", .string("gold"))])
        }
        if dice.chance(5) { span.unknownFields = [0xC0, 0x3E, 0x05] }
        if dice.chance(5) { span.traceState = "a=\(id)" }
        if dice.chance(5) { span.flags = 0x301 }
        return span
    }

    static func logs(_ count: Int, _ dice: inout Dice) -> [LogRecord] {
        (0..<count).map { n in
            var log = LogRecord.sample(
                dice.pick(["order received", "Payment DECLINED \(n)", "stock low \(n % 5)", "x", ""]),
                ms: Int64.random(in: 0...500, using: &dice), service: dice.pick(services),
                level: dice.pick(LogLevel.allCases), trace: UInt64.random(in: 0...20, using: &dice),
                span: UInt64.random(in: 0...3, using: &dice))
            for _ in 0..<Int.random(in: 0...3, using: &dice) {
                log.attributes.append(Attribute(dice.pick(keys), dice.pick(values)))
            }
            if dice.chance(10) { log.time = .zero }
            if dice.chance(10) { log.body = .map([Attribute("message", .string("declined \(n)"))]) }
            if dice.chance(5) { log.severityNumber = 0 }
            return log
        }
    }
}
