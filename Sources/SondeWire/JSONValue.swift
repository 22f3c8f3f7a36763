// SPDX-License-Identifier: Apache-2.0
// JSON as a tree, for files and answers that are small or read once. What arrives by the megabyte is pulled from a
// JSONReader instead.

/// One JSON value. Numbers are kept exact where 64 bits can hold them.
package enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    /// A whole number above `Int64.max`.
    case unsigned(UInt64)
    /// A number with a fraction or an exponent, or a whole one beyond 64 bits.
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object(Members)

    /// An object's members in order, duplicates included.
    package struct Members: Hashable, Sendable {
        package struct Member: Hashable, Sendable {
            package var key: String
            package var value: JSONValue

            package init(key: String, value: JSONValue) {
                self.key = key
                self.value = value
            }
        }

        package var list: [Member]

        package init(_ list: [Member] = []) { self.list = list }

        /// The value of that name; of several the last.
        package subscript(key: String) -> JSONValue? { list.last { $0.key == key }?.value }
    }
}

extension JSONValue {
    /// Reads a whole JSON text, strictly as RFC 8259 has it.
    ///
    /// - `what` names the text in errors: `cannot decode Jaeger JSON: expected ',' or '}' at byte 812 (line 3)`.
    /// - More than 512 levels, and more than `maxValues` values, are refused: a value takes more room than its text.
    package static func parse(
        _ bytes: [UInt8], as what: String = "JSON", maxValues: Int = Limits.maxJSONValues
    ) throws(DecodeError) -> JSONValue {
        var builder = TreeBuilder(valuesLeft: maxValues, maxValues: maxValues)
        return try JSONReader.read(bytes, as: what) { json throws(MalformedJSON) in try builder.value(&json) }
    }

    /// The member of that name, of several the last; nil if this is no object or has none.
    package subscript(key: String) -> JSONValue? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    package var string: String? { if case .string(let text) = self { text } else { nil } }
    package var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    package var array: [JSONValue]? { if case .array(let values) = self { values } else { nil } }
    package var object: Members? { if case .object(let members) = self { members } else { nil } }
    package var isNull: Bool { self == .null }

    /// The number, if it is whole and fits exactly; `1e9` is whole too.
    package func integer<Integer: FixedWidthInteger>(_ type: Integer.Type = Integer.self) -> Integer? {
        switch self {
        case .int(let value): Integer(exactly: value)
        case .unsigned(let value): Integer(exactly: value)
        case .double(let value): Integer(exactly: value)
        default: nil
        }
    }

    /// The number as a double, rounded if it must be.
    package var double: Double? {
        switch self {
        case .int(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }
}

/// Recursion goes as deep as the reader's limit.
private struct TreeBuilder {
    var valuesLeft: Int
    let maxValues: Int

    mutating func value(_ json: inout JSONReader) throws(MalformedJSON) -> JSONValue {
        let kind = try json.peek()
        valuesLeft -= 1
        guard valuesLeft >= 0 else { throw json.malformed("there are more than \(maxValues) values") }
        switch kind {
        case .null:
            _ = try json.takeNull()
            return .null
        case .bool: return .bool(try json.readBool())
        case .string: return .string(try json.readString())
        case .number: return JSONValue(try json.readNumber())
        case .array: return .array(try array(&json))
        case .object: return .object(try object(&json))
        }
    }

    private mutating func array(_ json: inout JSONReader) throws(MalformedJSON) -> [JSONValue] {
        var values: [JSONValue] = []
        var list = try json.beginArray()
        while try json.nextElement(&list) { values.append(try value(&json)) }
        return values
    }

    private mutating func object(_ json: inout JSONReader) throws(MalformedJSON) -> JSONValue.Members {
        var members = JSONValue.Members()
        var list = try json.beginObject()
        while let key = try json.nextKey(&list) {
            let name = json.string(key)
            members.list.append(JSONValue.Members.Member(key: name, value: try value(&json)))
        }
        return members
    }
}

extension JSONValue {
    fileprivate init(_ number: JSONNumber) {
        switch number {
        case .int(let value): self = .int(value)
        case .unsigned(let value): self = .unsigned(value)
        case .large(let value), .double(let value): self = .double(value)
        }
    }
}
