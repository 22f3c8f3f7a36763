// SPDX-License-Identifier: Apache-2.0
// Attribute values as OTLP's AnyValue defines them: seven kinds, nested, exact.

/// One value of OTLP's `AnyValue` (opentelemetry/proto/common/v1/common.proto).
package enum AttributeValue: Hashable, Sendable {
    /// An `AnyValue` with no field set: OTLP's "empty".
    case empty
    case string(String)
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case bytes([UInt8])
    case array([AttributeValue])
    case map([Attribute])
}

/// A key and its value. Lists keep the order in which they arrived, duplicates included.
package struct Attribute: Hashable, Sendable {
    package var key: String
    package var value: AttributeValue

    package init(key: String, value: AttributeValue) {
        self.key = key
        self.value = value
    }

    package init(_ key: String, _ value: AttributeValue) {
        self.init(key: key, value: value)
    }
}

extension [Attribute] {
    /// The value of the first attribute with this key.
    package subscript(key: String) -> AttributeValue? {
        first { $0.key == key }?.value
    }
}

extension AttributeValue {
    /// The value as text, the form in which searches compare it: strings as they are, numbers in decimal, booleans as
    /// `true` and `false`, bytes as lower-case hex, arrays and maps in JSON's notation, empty as nothing.
    package var text: String {
        switch self {
        case .empty: ""
        case .string(let value): value
        case .bool(let value): value ? "true" : "false"
        case .int(let value): String(value)
        case .double(let value): Self.text(of: value)
        case .bytes(let value): Self.hex(value)
        case .array(let values): "[" + values.map(\.nestedText).joined(separator: ",") + "]"
        case .map(let entries):
            "{" + entries.map { Self.quoted($0.key) + ":" + $0.value.nestedText }.joined(separator: ",") + "}"
        }
    }

    private var nestedText: String {
        switch self {
        case .string(let value): Self.quoted(value)
        case .empty: "null"
        case .bytes: Self.quoted(text)
        default: text
        }
    }

    /// Whole numbers without `.0`, so that `8` finds the double 8; exponents only where Swift prints them.
    private static func text(of value: Double) -> String {
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return String(whole) }
        return "\(value)"
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        var digits: [UInt8] = []
        digits.reserveCapacity(bytes.count * 2)
        for byte in bytes {
            digits.append(Hex.digits[Int(byte >> 4)])
            digits.append(Hex.digits[Int(byte & 15)])
        }
        return String(decoding: digits, as: UTF8.self)
    }

    private static func quoted(_ text: String) -> String {
        // Most texts need no escape.
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5C }) { return "\"" + text + "\"" }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
