// SPDX-License-Identifier: Apache-2.0
// What is sent: batch after batch, each known by its number alone, so that whoever looks later needs no list.

import SondeModel
import SondeWire
import Synchronization

/// Hands out batch numbers.
final class BatchNumbers: Sendable {
    private let next: Mutex<Int>

    init(from first: Int) { next = Mutex(first) }

    func take() -> Int {
        next.withLock { next in
            defer { next += 1 }
            return next
        }
    }
}

enum TortureLoad {
    static let tracesPerBatch = 3
    static let spansPerTrace = 5
    /// Every so many batches, the last one is sent once more, as a sender does that has not heard the answer.
    static let resendEvery = 7
    /// Every so many, one of long ago is: its twin lies in a block that was merged before.
    static let echoEvery = 11
    /// Every so many acknowledged batches a trace of it is pinned.
    static let pinEvery = 40
    /// Log records that come with a batch, in a request of their own.
    static let logsPerBatch = 4

    private static let start: UInt64 = 1_767_323_045_000_000_000
    private static let services = ["gateway", "orders", "payments"]

    static func traceID(_ batch: Int, _ trace: Int) -> TraceID {
        let number = UInt64(batch * tracesPerBatch + trace + 1)
        return TraceID(high: number &* 0x9E37_79B9_7F4A_7C15, low: number &* 0xD6E8_FEB8_6659_FD93 | 1)
    }

    /// Names come and go with their batches, so that pruning leaves some that nothing bears any longer.
    static func name(_ batch: Int, _ span: UInt64) -> String { "step \(span) of \(batch / 20)" }

    /// Later batches begin later, whoever sends them.
    static func spans(_ batch: Int) -> [SpanRecord] {
        var dice = Dice(state: UInt64(batch))
        return (0..<tracesPerBatch).flatMap { trace in
            (1...UInt64(spansPerTrace)).map { span in
                let begin = start + UInt64(batch) * 1_000_000 + UInt64(trace) * 1_000 + span
                let noise = (0..<120).map { _ in UInt8.random(in: 0...255, using: &dice) }
                return SpanRecord(
                    traceID: traceID(batch, trace), spanID: SpanID(UInt64(batch) << 8 | span),
                    parentSpanID: span == 1 ? .zero : SpanID(UInt64(batch) << 8 | (span - 1)), name: name(batch, span),
                    kind: span % 2 == 0 ? .client : .server, start: Timestamp(nanoseconds: begin),
                    end: Timestamp(nanoseconds: begin + 5_000), attributes: [Attribute("noise", .bytes(noise))],
                    resource: Resource(
                        attributes: [Attribute("service.name", .string(services[Int(span) % services.count]))]))
            }
        }
    }

    /// Records of a batch tell in their bodies which they are.
    static func logs(_ batch: Int) -> [LogRecord] {
        (0..<logsPerBatch).map { place in
            LogRecord(
                time: Timestamp(nanoseconds: start + UInt64(batch) * 1_000_000 + UInt64(place)),
                severityNumber: UInt8(5 + 4 * (place % 4)),
                body: .string("batch \(batch) record \(place) took a while"),
                attributes: [Attribute("batch", .int(Int64(batch)))], traceID: traceID(batch, place % tracesPerBatch),
                resource: Resource(attributes: [Attribute("service.name", .string(services[place % services.count]))]))
        }
    }

    /// Which record of which batch a body is of.
    static func place(ofLog body: AttributeValue) -> (batch: Int, record: Int)? {
        guard case .string(let text) = body else { return nil }
        let words = text.split(separator: " ")
        guard words.count > 3, let batch = Int(words[1]), let record = Int(words[3]) else { return nil }
        return (batch, record)
    }

    static func body(_ batch: Int) -> [UInt8] { OTLPEncoder.traces(spans(batch)) }
    static func logBody(_ batch: Int) -> [UInt8] { OTLPEncoder.logs(logs(batch)) }
}
