// SPDX-License-Identifier: Apache-2.0
// An attribute's value, made to be compared with literals.

import SondeModel

/// The value of an attribute of a span or log record: `span.attributes["http.response.status_code"] == 200`.
public enum TestValue: Hashable, Sendable {
    /// Nothing: a value that was lost on the way to text.
    case empty
    /// Text, and everything that was described as text.
    case string(String)
    /// A whole number.
    case int(Int)
    /// A number with a fraction.
    case double(Double)
    /// True or false.
    case bool(Bool)
    /// Raw bytes.
    case bytes([UInt8])
    /// Values in order.
    case array([TestValue])
    /// Values by name.
    case map([String: TestValue])
}

extension TestValue: ExpressibleByStringInterpolation, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A ``string(_:)``.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An ``int(_:)``.
    public init(integerLiteral value: Int) { self = .int(value) }
    /// A ``double(_:)``.
    public init(floatLiteral value: Double) { self = .double(value) }
    /// A ``bool(_:)``.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An ``array(_:)``.
    public init(arrayLiteral elements: TestValue...) { self = .array(elements) }
    /// A ``map(_:)``; of equal names the last holds.
    public init(dictionaryLiteral elements: (String, TestValue)...) {
        self = .map(Dictionary(elements) { _, last in last })
    }
}

extension TestValue: CustomStringConvertible {
    /// The value as a literal would be written.
    public var description: String {
        switch self {
        case .empty: "nil"
        case .string(let text): text.debugDescription
        case .int(let number): "\(number)"
        case .double(let number): "\(number)"
        case .bool(let flag): "\(flag)"
        case .bytes(let bytes): "\(bytes)"
        case .array(let values): "\(values)"
        case .map(let values):
            "["
                + values.sorted { $0.key < $1.key }.map { "\($0.key.debugDescription): \($0.value)" }
                .joined(separator: ", ") + "]"
        }
    }
}

extension TestValue {
    init(_ value: AttributeValue) {
        switch value {
        case .empty: self = .empty
        case .string(let text): self = .string(text)
        case .bool(let flag): self = .bool(flag)
        case .int(let number): self = .int(Int(number))
        case .double(let number): self = .double(number)
        case .bytes(let bytes): self = .bytes(bytes)
        case .array(let values): self = .array(values.map(TestValue.init))
        case .map(let entries): self = .map(Self.dictionary(entries))
        }
    }

    static func dictionary(_ attributes: [Attribute]) -> [String: TestValue] {
        Dictionary(attributes.map { ($0.key, TestValue($0.value)) }) { _, last in last }
    }
}
