// SPDX-License-Identifier: Apache-2.0
// Bodies that senders should not send, and what each door that takes them has to answer: one table for all doors.

import SondeModel
import SondeTestKit
import SondeWire
import Testing

/// A body, and what becomes of it.
struct HostileBody: CustomTestStringConvertible, Sendable {
    /// What a collector makes of it.
    enum Fate: Sendable {
        /// All of it that is a span is stored: so many.
        case stored(Int)
        case undecodable, tooLarge

        /// Over OTLP/HTTP; Zipkin says 202 where this says 200.
        var status: Int {
            switch self {
            case .stored: 200
            case .undecodable: 400
            case .tooLarge: 413
            }
        }

        /// Over gRPC.
        var code: Int {
            switch self {
            case .stored: 0
            case .undecodable: 3
            case .tooLarge: 8
            }
        }

        var spans: Int { if case .stored(let count) = self { count } else { 0 } }
    }

    var testDescription: String
    var bytes: [UInt8]
    var isGzip = false
    var fate: Fate

    init(_ name: String, _ bytes: [UInt8], isGzip: Bool = false, _ fate: Fate) {
        testDescription = name
        self.bytes = bytes
        self.isGzip = isGzip
        self.fate = fate
    }

    /// What these tests allow a body to hold.
    static let limit = 4 << 20

    private static let zeros = [UInt8](repeating: 0, count: limit + 1)
    /// NUL, and four ways of not being UTF-8.
    private static let odd: [UInt8] = [0x61, 0x00, 0x62, 0xFF, 0xC0, 0x80, 0xED, 0xA0, 0x80]
    private static let huge = String(repeating: "ü\n", count: 100_000)

    /// A span of trace 1 beside the one that is told in `write`, each in envelopes of its own.
    private static func beside(_ write: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.message(field: 1) { writer in
            writer.message(field: 2) { writer in
                writer.message(field: 2) { writer in
                    writer.traceID(.sample(1), field: 1)
                    writer.spanID(SpanID(77), field: 2)
                    write(&writer)
                }
            }
        }
        return writer.bytes + OTLPEncoder.traces([.sample(1)])
    }

    private static func spans(_ spans: SpanRecord...) -> [UInt8] { OTLPEncoder.traces(spans) }

    private static func times(_ start: UInt64, _ end: UInt64) -> SpanRecord {
        var span = SpanRecord.sample(9)
        (span.start, span.end) = (Timestamp(nanoseconds: start), Timestamp(nanoseconds: end))
        return span
    }

    /// `AnyValue` in `AnyValue`, as an array of one each.
    private static func nested(_ levels: Int) -> [UInt8] {
        var value: [UInt8] = []
        for _ in 0..<levels {
            var outer = ProtobufWriter()
            outer.message(field: 5) { $0.bytes(value, field: 1) }
            value = outer.bytes
        }
        return value
    }

    // MARK: The tables

    static let compressed: [HostileBody] = [
        HostileBody("a bomb", Gzip.compress([UInt8](repeating: 0, count: 64 << 20), level: 9), isGzip: true, .tooLarge),
        HostileBody(
            "a bomb in a bomb", Gzip.compress(Gzip.compress(zeros, level: 9), level: 9), isGzip: true, .undecodable),
        HostileBody("members after members", (0..<9).flatMap { _ in Gzip.compress(zeros) }, isGzip: true, .tooLarge),
        HostileBody("cut short", Gzip.compress(spans(.sample(1))).dropLast(9), isGzip: true, .undecodable),
        HostileBody("bytes behind the end", Gzip.compress(spans(.sample(1))) + [1, 2, 3], isGzip: true, .undecodable),
        HostileBody("no gzip", spans(.sample(1)), isGzip: true, .undecodable),
        HostileBody("larger than allowed", zeros, .tooLarge),
    ]

    static let protobuf: [HostileBody] = [
        HostileBody("cut short", spans(.sample(1)).dropLast(3), .undecodable),
        HostileBody("an id of another wire type", beside { $0.varint(1, field: 1) }, .undecodable),
        HostileBody("a time of another wire type", beside { $0.string("soon", field: 7) }, .undecodable),
        HostileBody("a group that never ends", spans(.sample(1)) + [0x0B], .undecodable),
        HostileBody("field 0", spans(.sample(1)) + [0x00, 0x00], .undecodable),
        HostileBody(
            "a length beyond everything", [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], .undecodable),
        HostileBody(
            "10 000 levels of values",
            beside { span in
                span.message(field: 9) { attribute in
                    attribute.string("deep", field: 1)
                    attribute.bytes(nested(10_000), field: 2)
                }
            }, .stored(1)),
        HostileBody(
            "NUL and no UTF-8 in every text",
            beside { span in
                span.bytes(odd, field: 3)
                span.bytes(odd, field: 5)
                span.message(field: 9) { attribute in
                    attribute.bytes(odd, field: 1)
                    attribute.message(field: 2) { $0.bytes(odd, field: 1) }
                }
                span.message(field: 15) { $0.bytes(odd, field: 2) }
            }, .stored(2)),
        HostileBody(
            "20 000 attributes",
            spans(.sample(9, attributes: (0..<20_000).map { Attribute("key.\($0)", .int($0)) }), .sample(1)),
            .stored(2)),
        HostileBody(
            "names of 300 kB",
            spans(.sample(9, service: huge, name: huge, attributes: [Attribute(huge, .string(huge))])),
            .stored(1)),
        HostileBody("no trace id", beside { $0.bytes([], field: 1) }, .stored(1)),
        HostileBody("a trace id of zeros", beside { $0.bytes([UInt8](repeating: 0, count: 16), field: 1) }, .stored(1)),
        HostileBody(
            "a trace id of 15 bytes", beside { $0.bytes([UInt8](repeating: 1, count: 15), field: 1) }, .stored(1)),
        HostileBody(
            "a trace id of 17 bytes", beside { $0.bytes([UInt8](repeating: 1, count: 17), field: 1) }, .stored(1)),
        HostileBody("a span id of zeros", beside { $0.bytes([UInt8](repeating: 0, count: 8), field: 2) }, .stored(1)),
        HostileBody("a span id of 9 bytes", beside { $0.bytes([UInt8](repeating: 1, count: 9), field: 2) }, .stored(1)),
        HostileBody("its own parent", spans(.sample(9, parent: 9)), .stored(1)),
        HostileBody(
            "a circle", spans(.sample(7, parent: 9), .sample(8, parent: 7), .sample(9, parent: 8)), .stored(3)),
        HostileBody("one span three times", spans(.sample(9), .sample(9), .sample(9)), .stored(1)),
        HostileBody("an end before the start", spans(times(5, 4)), .stored(1)),
        HostileBody("times of 0", spans(times(0, 0)), .stored(1)),
        HostileBody("times of 2^63", spans(times(1 << 63, 1 << 63)), .stored(1)),
        HostileBody("from the beginning to the end of time", spans(times(0, .max)), .stored(1)),
        HostileBody(
            "quotes, newlines, SQL and paths for names",
            spans(
                .sample(
                    9, service: "a\"b\\c\nd'; DROP TABLE block; --", name: "../../etc/passwd\r\n%00{}",
                    attributes: [Attribute("\" OR 1=1 --", .string("$(reboot) ${x} `id`"))])), .stored(1)),
    ]

    /// The same as Zipkin's JSON, where that can say it.
    static let zipkin: [HostileBody] = [
        text("cut short", "[{\(ids),", .undecodable),
        text("members of another type", "[{\(ids),\"tags\":7},\(good)]", .stored(1)),
        text("not a list", "{\(ids)}", .undecodable),
        text(
            "10 000 levels of values", "[{\(ids),\"tags\":{\"a\":\(deep("[", "]"))}},\(good)]", .stored(1)),
        text("10 000 levels of lists", deep("[", "]"), .undecodable),
        text("10 000 levels of what nobody knows", "[{\(ids),\"x\":\(deep("{\"a\":", "}"))}]", .stored(1)),
        text("NUL in every text", "[{\(ids),\"name\":\"a\\u0000b\",\"tags\":{\"a\\u0000\":\"\\u0000\"}}]", .stored(1)),
        HostileBody("no UTF-8", Array("[{\(ids),\"name\":\"".utf8) + odd + Array("\"}]".utf8), .undecodable),
        text("half of a surrogate pair", "[{\(ids),\"name\":\"\\ud800\"},\(good)]", .stored(2)),
        text("names of 300 kB", "[{\(ids),\"name\":\"\(huge.replacing("\n", with: ""))\"}]", .stored(1)),
        text(
            "20 000 tags", "[{\(ids),\"tags\":{\((0..<20_000).map { "\"k\($0)\":\"v\"" }.joined(separator: ","))}}]",
            .stored(1)),
        text("no trace id", "[{\"id\":\"1\"},\(good)]", .stored(1)),
        text("ids of zeros", "[{\"traceId\":\"0\",\"id\":\"0\"},\(good)]", .stored(1)),
        text(
            "ids that are too long", "[{\"traceId\":\"\(String(repeating: "1", count: 33))\",\"id\":\"1\"},\(good)]",
            .stored(1)),
        text("its own parent", "[{\(ids),\"parentId\":\"4d\"}]", .stored(1)),
        text("one span three times", "[{\(ids)},{\(ids)},{\(ids)}]", .stored(1)),
        text("times of 2^63", "[{\(ids),\"timestamp\":9223372036854775808},\(good)]", .stored(1)),
        text("a duration below 0", "[{\(ids),\"timestamp\":1,\"duration\":-1},\(good)]", .stored(1)),
        text("numbers beyond all", "[{\(ids),\"timestamp\":1e999},\(good)]", .undecodable),
    ]

    private static let ids = "\"traceId\":\"\(TraceID.sample(1).hex)\",\"id\":\"4d\""
    private static let good = "{\"traceId\":\"\(TraceID.sample(1).hex)\",\"id\":\"4e\"}"

    private static func text(_ name: String, _ text: String, _ fate: Fate) -> HostileBody {
        HostileBody(name, Array(text.utf8), fate)
    }

    private static func deep(_ open: String, _ close: String) -> String {
        String(repeating: open, count: 10_000) + "1" + String(repeating: close, count: 10_000)
    }
}
