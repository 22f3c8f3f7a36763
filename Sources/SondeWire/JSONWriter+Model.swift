// SPDX-License-Identifier: Apache-2.0
// The nouns of the house as JSON values: ids, moments, bytes, attributes. Every JSON dialect that keeps types uses it.

package import SondeModel

extension JSONWriter {
    /// 32 lower-case hex digits.
    package mutating func id(_ value: TraceID) {
        quoted { json in
            json.hex(value.high)
            json.hex(value.low)
        }
    }

    /// 16 lower-case hex digits.
    package mutating func id(_ value: SpanID) {
        quoted { $0.hex(value.value) }
    }

    /// RFC 3339 in UTC with nanoseconds.
    package mutating func moment(_ value: Timestamp) {
        quoted { json in
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: RFC3339.textSize) { buffer in
                RFC3339.write(value, into: buffer)
                json.bytes.append(contentsOf: buffer)
            }
        }
    }

    /// Bytes as a string in base64 with padding.
    ///
    /// https://www.rfc-editor.org/rfc/rfc4648#section-4
    package mutating func base64(_ value: some Sequence<UInt8>) {
        quoted { json in
            var group: UInt32 = 0
            var count = 0
            for byte in value {
                group = group << 8 | UInt32(byte)
                count += 1
                guard count == 3 else { continue }
                json.base64(group, digits: 4)
                (group, count) = (0, 0)
            }
            guard count > 0 else { return }
            json.base64(group << UInt32(8 * (3 - count)), digits: count + 1)
            for _ in count..<3 { json.bytes.append(UInt8(ascii: "=")) }
        }
    }

    /// An attribute's value with its type kept as far as JSON has types:
    ///
    /// | OTLP | JSON |
    /// |---|---|
    /// | string, bool | the same |
    /// | int | a number without a fraction; beyond ±(2^53 − 1), where readers that count in doubles err, a string |
    /// | double | a number with a fraction or an exponent; `"NaN"`, `"Infinity"`, `"-Infinity"` |
    /// | bytes | `{"bytes":"…"}`, base64 |
    /// | array | an array |
    /// | map | as ``attributes(_:)`` |
    /// | empty | null |
    ///
    /// Recursion goes as deep as the value; decoders refuse more than ``ProtobufReader/maxValueDepth`` levels.
    package mutating func value(_ value: AttributeValue) {
        switch value {
        case .empty: null()
        case .string(let text): string(text)
        case .bool(let flag): bool(flag)
        case .int(let number): exact(number)
        case .double(let number): double(number)
        case .bytes(let bytes):
            beginObject()
            key("bytes")
            base64(bytes)
            endObject()
        case .array(let elements):
            beginArray()
            for element in elements { self.value(element) }
            endArray()
        case .map(let entries): attributes(entries)
        }
    }

    /// Attributes as an object from key to value. If a key occurs twice, no object can hold them and they become a
    /// list, `[{"key":…,"value":…},…]`, so that nothing is lost.
    package mutating func attributes(_ attributes: [Attribute]) {
        guard !attributes.hasDuplicateKeys else { return list(attributes) }
        beginObject()
        for attribute in attributes {
            key(attribute.key)
            value(attribute.value)
        }
        endObject()
    }

    private mutating func list(_ attributes: [Attribute]) {
        beginArray()
        for attribute in attributes {
            beginObject()
            key("key")
            string(attribute.key)
            key("value")
            value(attribute.value)
            endObject()
        }
        endArray()
    }

    /// A number; as a string beyond ±(2^53 − 1), where readers that count in doubles err.
    mutating func exact(_ number: Int64) {
        guard number.magnitude >= 1 << 53 else { return int(number) }
        quoted { $0.appendDecimal(number) }
    }

    /// A string whose content needs no escapes.
    mutating func quoted(_ content: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        content(&self)
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func hex(_ value: UInt64) {
        for place in stride(from: UInt64(60), through: 0, by: -4) {
            bytes.append(hexDigit(UInt8(truncatingIfNeeded: value >> place) & 15))
        }
    }

    /// The first `digits` of the four that 24 bits make.
    private mutating func base64(_ group: UInt32, digits: Int) {
        for place in 0..<digits {
            bytes.append(base64Digit(UInt8(truncatingIfNeeded: group >> UInt32(18 - 6 * place)) & 63))
        }
    }

    private func base64Digit(_ value: UInt8) -> UInt8 {
        switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + (value - 26)
        case 52..<62: UInt8(ascii: "0") + (value - 52)
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }
}

extension [Attribute] {
    /// Short lists, which are nearly all, are compared pair by pair; long ones by a set.
    fileprivate var hasDuplicateKeys: Bool {
        guard count <= Limits.maxPairwiseKeys else { return Set(lazy.map(\.key)).count < count }
        for index in indices.dropFirst() {
            for earlier in 0..<index where self[earlier].key == self[index].key { return true }
        }
        return false
    }
}
