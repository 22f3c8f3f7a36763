// SPDX-License-Identifier: Apache-2.0
// Attributes, events and the like as JSON, into one buffer. Numbers that JSON has no word for (NaN, infinities) become
// strings, bytes lower-case hex, an empty value null. Keys stay in the order in which they came, duplicates included.

import SondeModel

struct JSONText {
    private(set) var bytes: [UInt8] = []

    mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    mutating func append(_ byte: UInt8) { bytes.append(byte) }
    mutating func append(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
    mutating func append(raw text: [UInt8]) { bytes.append(contentsOf: text) }
    mutating func append(_ number: Int64) { bytes.append(contentsOf: String(number).utf8) }

    mutating func append(quoted text: UnsafeBufferPointer<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        if text.allSatisfy({ $0 >= 0x20 && $0 < 0x80 && $0 != 0x22 && $0 != 0x5C }) {
            bytes.append(contentsOf: text)
        } else {
            // Bytes that are no UTF-8 are repaired: JSON has no other.
            for byte in String(decoding: text, as: UTF8.self).utf8 { append(escaped: byte) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func append(quoted text: String) {
        var text = text
        text.withUTF8 { append(quoted: $0) }
    }

    private mutating func append(escaped byte: UInt8) {
        switch byte {
        case 0x22: append("\\\"")
        case 0x5C: append("\\\\")
        case 0x0A: append("\\n")
        case 0x0D: append("\\r")
        case 0x09: append("\\t")
        case 0..<0x20:
            append("\\u00")
            bytes.append(0x30 + byte >> 4)
            bytes.append(byte & 15 < 10 ? 0x30 + byte & 15 : 0x57 + byte & 15)
        default: bytes.append(byte)
        }
    }

    mutating func append(_ value: AttributeValue) {
        switch value {
        case .empty: append("null")
        case .string(let text): append(quoted: text)
        case .bool(let value): value ? append("true") : append("false")
        case .int(let value): append(value)
        // The digits of a double never lose their point: `attr` tells by it what the number was.
        case .double(let value): value.isFinite ? bytes.append(contentsOf: "\(value)".utf8) : append(quoted: "\(value)")
        case .bytes: append(quoted: value.text)
        case .array(let values): appendList(values) { text, value in text.append(value) }
        case .map(let attributes): append(attributes)
        }
    }

    mutating func append(_ attributes: [Attribute]) {
        append(UInt8(ascii: "{"))
        for (place, attribute) in attributes.enumerated() {
            if place > 0 { append(UInt8(ascii: ",")) }
            append(quoted: attribute.key)
            append(UInt8(ascii: ":"))
            append(attribute.value)
        }
        append(UInt8(ascii: "}"))
    }

    mutating func appendList<Item>(_ items: [Item], _ body: (inout JSONText, Item) -> Void) {
        append(UInt8(ascii: "["))
        for (place, item) in items.enumerated() {
            if place > 0 { append(UInt8(ascii: ",")) }
            body(&self, item)
        }
        append(UInt8(ascii: "]"))
    }

    mutating func append(_ scope: InstrumentationScope) {
        append("{\"name\":")
        append(quoted: scope.name)
        append(",\"version\":")
        append(quoted: scope.version)
        append(",\"attributes\":")
        append(scope.attributes)
        append("}")
    }

    mutating func append(_ events: [SpanEvent]) {
        appendList(events) { text, event in
            text.append("{\"time\":")
            text.append(SQLResult.time(event.time.nanoseconds))
            text.append(",\"name\":")
            text.append(quoted: event.name)
            text.append(",\"attributes\":")
            text.append(event.attributes)
            text.append("}")
        }
    }

    mutating func append(_ links: [SpanLink]) {
        appendList(links) { text, link in
            text.append("{\"trace_id\":")
            text.append(quoted: link.traceID.hex)
            text.append(",\"span_id\":")
            text.append(quoted: link.spanID.hex)
            text.append(",\"trace_state\":")
            text.append(quoted: link.traceState)
            text.append(",\"attributes\":")
            text.append(link.attributes)
            text.append("}")
        }
    }
}
