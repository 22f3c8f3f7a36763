// SPDX-License-Identifier: Apache-2.0
// Answers in the JSON of Jaeger's first query API, which Grafana and older viewers read. Every answer is one envelope:
//
//   {"data": …, "total": n, "limit": 0, "offset": 0, "errors": null | [{"code", "msg", "traceID"}]}
//
// https://www.jaegertracing.io/docs/2.0/apis/#http-json

package import SondeModel

package enum JaegerJSON {
    /// Something that went wrong, whole or in part, as the envelope tells it.
    package struct Problem: Hashable, Sendable {
        /// An HTTP status.
        package var code: Int
        package var message: String
        package var traceID: TraceID?

        package init(code: Int, message: String, traceID: TraceID? = nil) {
            self.code = code
            self.message = message
            self.traceID = traceID
        }
    }

    /// Names of services or operations; both lists count themselves in `total`.
    package static func names(_ names: [String]) -> [UInt8] {
        envelope(total: names.count) { json in json.array(names) { $0.string($1) } }
    }

    /// Operations with their kinds; a span of no kind has none.
    package static func operations(_ operations: [OperationSummary]) -> [UInt8] {
        envelope(total: operations.count) { json in
            json.array(operations) { json, operation in
                json.beginObject()
                json.member("name", JaegerNames.operation(operation.name))
                json.member("spanKind", operation.kind == .unspecified ? "" : operation.kind.name)
                json.endObject()
            }
        }
    }

    /// The body of every refusal.
    package static func error(_ problem: Problem) -> [UInt8] {
        envelope(total: 0, problems: [problem]) { $0.null() }
    }

    static func envelope(
        total: Int, problems: [Problem] = [], data: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        NativeJSON.object { json in
            json.key("data")
            data(&json)
            json.envelopeEnd(total: total, problems)
        }
    }
}

extension JaegerJSON {
    /// A list of traces, written one by one so that only one of them need be in memory beside the text.
    package struct TraceList: Sendable {
        private var json: JSONWriter

        package init() {
            json = JSONWriter(reservingCapacity: 4096)
            json.beginObject()
            json.key("data")
            json.beginArray()
        }

        /// The length of the answer so far.
        package var byteCount: Int { json.bytes.count }

        /// - Parameter adjustments: nanoseconds by which each span is shown later than its sender said; none if empty.
        package mutating func append(_ trace: Trace, adjustments: [Int64] = []) {
            json.jaeger(trace, adjustments: adjustments)
        }

        /// The whole answer; `total` stays 0 for traces, as Jaeger has it.
        package consuming func finished(problems: [Problem] = []) -> [UInt8] {
            json.endArray()
            json.envelopeEnd(total: 0, problems)
            json.endObject()
            return json.bytes
        }
    }

    /// The same text with line breaks, every level indented by four spaces: for people.
    package static func indented(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count * 2)
        var depth = 0
        var isInString = false
        var isEscaped = false
        func breakLine() {
            result.append(UInt8(ascii: "\n"))
            result.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 4 * depth))
        }
        for (index, byte) in text.enumerated() {
            if isInString {
                result.append(byte)
                isInString = isEscaped || byte != UInt8(ascii: "\"")
                isEscaped = !isEscaped && byte == UInt8(ascii: "\\")
                continue
            }
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                result.append(byte)
                depth += 1
                // An empty pair of brackets stays on its line; in JSON the closing one is the opening one and two.
                if index + 1 < text.count, text[index + 1] != byte + 2 { breakLine() }
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if index > 0, text[index - 1] != byte - 2 { breakLine() }
                result.append(byte)
            case UInt8(ascii: ","):
                result.append(byte)
                breakLine()
            case UInt8(ascii: ":"):
                result.append(byte)
                result.append(UInt8(ascii: " "))
            default:
                result.append(byte)
                isInString = byte == UInt8(ascii: "\"")
            }
        }
        return result
    }
}

extension JSONWriter {
    fileprivate mutating func envelopeEnd(total: Int, _ problems: [JaegerJSON.Problem]) {
        member("total", total)
        member("limit", 0)
        member("offset", 0)
        key("errors")
        guard !problems.isEmpty else { return null() }
        array(problems) { json, problem in
            json.beginObject()
            json.member("code", problem.code)
            json.member("msg", problem.message)
            if let id = problem.traceID {
                json.key("traceID")
                json.id(id)
            }
            json.endObject()
        }
    }
}
