// SPDX-License-Identifier: Apache-2.0
// Questions as query strings.

import SondeModel
import SondeStorage
import SondeWire

/// `?name=value&…`, escaped; empty without items.
struct QueryText: Hashable, Sendable {
    private(set) var text = ""

    init() {}

    mutating func add(_ name: String, _ value: String?) {
        guard let value else { return }
        text += (text.isEmpty ? "?" : "&") + Self.escape(name) + "=" + Self.escape(value)
    }

    /// The value of a name, which the API can't tell from an absent one if it is empty.
    mutating func addName(_ name: String, _ value: String?) throws(ReadError) {
        guard value != "" else { throw .unsupported("cannot ask a collector for an empty \(name)") }
        add(name, value)
    }

    init(_ query: TraceQuery) throws(ReadError) {
        try addName("service", query.service)
        try addName("operation", query.operation)
        add("kind", query.kind?.name)
        add("status", query.status?.name)
        add("minDuration", query.minDuration.map(Self.duration))
        add("maxDuration", query.maxDuration.map(Self.duration))
        add("minTraceDuration", query.minTraceDuration.map(Self.duration))
        add("maxTraceDuration", query.maxTraceDuration.map(Self.duration))
        for condition in query.attributes {
            guard !condition.key.isEmpty else {
                throw .unsupported("cannot ask a collector for an empty attribute key")
            }
            add("attr." + condition.key, condition.value)
        }
        if let expression = query.expression {
            add("q", expression.text)
            add("spss", String(query.spansPerSet))
        }
        add("start", query.start.map(RFC3339.text))
        add("end", query.end.map(RFC3339.text))
        add("limit", String(query.limit))
        add("cursor", query.cursor?.text)
    }

    init(_ query: LogQuery) throws(ReadError) {
        add("traceId", query.traceID?.hex)
        add("spanId", query.spanID?.hex)
        try addName("service", query.service)
        add("level", query.minLevel?.name)
        // No text at all and the empty text find the same records.
        add("text", query.text)
        add("start", query.start.map(RFC3339.text))
        add("end", query.end.map(RFC3339.text))
        add("limit", String(query.limit))
        add("cursor", query.cursor?.text)
    }

    init(_ query: AttributeQuery) throws(ReadError) {
        try addName("service", query.service)
        add("start", query.start.map(RFC3339.text))
        add("end", query.end.map(RFC3339.text))
        add("scope", query.scope?.rawValue)
        // No prefix at all and the empty prefix find the same.
        add("prefix", query.prefix)
        add("limit", String(query.limit))
    }

    private static func duration(_ nanoseconds: UInt64) -> String { "\(nanoseconds)ns" }

    /// Percent-encodes everything but what RFC 3986 calls unreserved.
    static func escape(_ text: String) -> String {
        var escaped: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                escaped.append(byte)
            default:
                escaped += [UInt8(ascii: "%"), Hex.digits[Int(byte >> 4)], Hex.digits[Int(byte & 15)]]
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}
