// SPDX-License-Identifier: Apache-2.0
// Turns one OTLP message from JSON into protobuf as it is read, guided by the table in OTLPJSONSchema.swift. The hot
// loop of JSON ingest: nothing is allocated per field but what the output grows by.

internal import SondeModel

struct OTLPJSONTranscoder {
    var json: JSONReader
    private(set) var writer: ProtobufWriter
    /// The first id that is not hexadecimal or has another length, of those that cost their item.
    private(set) var badID: OTLPBadID?
    private let schema = OTLPJSONSchema.shared
    /// Spans or log records begun so far.
    private var itemCount = 0

    init(json: JSONReader, reservingCapacity capacity: Int) {
        self.json = json
        writer = ProtobufWriter(reservingCapacity: capacity)
    }

    /// Writes the fields of the object that comes next. `depth` counts the arrays and maps around it.
    mutating func message(_ message: OTLPJSONMessage, depth: Int) throws(MalformedJSON) {
        if message == .span || message == .logRecord { itemCount += 1 }
        var members = try json.beginObject()
        while let key = try json.nextKey(&members) {
            guard let field = find(key, in: message) else {
                try json.skipValue()
                continue
            }
            if try json.takeNull() { continue }
            try value(field, of: message, depth: depth)
        }
    }

    // MARK: Names

    @inline(__always)
    private func find(_ key: JSONText, in message: OTLPJSONMessage) -> OTLPJSONField? {
        guard !key.hasEscapes, key.count <= JSONName.maxSize, json.end - key.offset >= JSONName.maxSize else {
            return findSlowly(key, in: message)
        }
        return find(JSONName(at: json.base + key.offset, count: key.count), in: message)
            ?? findSlowly(key, in: message)
    }

    @inline(__always)
    private func find(_ name: JSONName, in message: OTLPJSONMessage) -> OTLPJSONField? {
        for index in schema.ranges[Int(message.rawValue)] where schema.fields[index].name == name {
            return schema.fields[index]
        }
        return nil
    }

    /// Names with escapes, near the end of the text, in snake_case, and unknown ones.
    @inline(never)
    private func findSlowly(_ key: JSONText, in message: OTLPJSONMessage) -> OTLPJSONField? {
        // Six bytes of escape may stand for one.
        guard key.count <= JSONName.maxSize * 6 else { return nil }
        var spelled: [UInt8] = []
        json.append(key, to: &spelled)
        var camel: [UInt8] = []
        for (index, byte) in spelled.enumerated() where byte != UInt8(ascii: "_") {
            let isCapital = index > 0 && spelled[index - 1] == UInt8(ascii: "_") && (0x61...0x7A).contains(byte)
            camel.append(isCapital ? byte - 0x20 : byte)
        }
        guard camel.count <= JSONName.maxSize else { return nil }
        return find(camel.withUnsafeBufferPointer { JSONName($0) }, in: message)
    }

    // MARK: Values

    private mutating func value(
        _ field: OTLPJSONField, of message: OTLPJSONMessage, depth: Int
    ) throws(MalformedJSON) {
        switch field.type {
        case .string: string(try text(field), field)
        case .bytes: try base64(try text(field), field)
        case .bool: writer.varint(try bool(field) ? 1 : 0, field: field.number)
        case .double: writer.fixed64(try double(field).bitPattern, field: field.number)
        case .int64: writer.varint(UInt64(bitPattern: try integer(field, Int64.self)), field: field.number)
        case .uint32: writer.varint(UInt64(try integer(field, UInt32.self)), field: field.number)
        case .fixed64: writer.fixed64(try integer(field, UInt64.self), field: field.number)
        case .fixed32: writer.fixed32(try integer(field, UInt32.self), field: field.number)
        case .kind, .statusCode, .severity:
            writer.varint(UInt64(bitPattern: Int64(try enumeration(field))), field: field.number)
        case .traceID, .spanID, .parentSpanID: id(try text(field), field, of: message)
        case .message(let inner): try nested(inner, field, depth: depth)
        case .list(let element): try list(of: element, field, depth: depth)
        }
    }

    private mutating func nested(
        _ message: OTLPJSONMessage, _ field: OTLPJSONField, depth: Int
    ) throws(MalformedJSON) {
        guard try json.peek() == .object else { throw mismatch(field, "an object") }
        let isContainer = message == .arrayValue || message == .keyValueList
        let start = writer.beginMessage(field: field.number)
        if isContainer && depth >= ProtobufReader.maxValueDepth {
            // One level too many, and empty, so that the decoder says what it says of all that nest too deep.
            try json.skipValue()
        } else {
            try self.message(message, depth: isContainer ? depth + 1 : depth)
        }
        writer.endMessage(from: start)
    }

    private mutating func list(
        of message: OTLPJSONMessage, _ field: OTLPJSONField, depth: Int
    ) throws(MalformedJSON) {
        guard try json.peek() == .array else { throw mismatch(field, "an array") }
        var elements = try json.beginArray()
        while try json.nextElement(&elements) {
            if try json.takeNull() {
                // In an array of values it holds its place.
                if message == .anyValue { writer.bytes([], field: field.number) }
                continue
            }
            try nested(message, field, depth: depth)
        }
    }

    private mutating func text(_ field: OTLPJSONField) throws(MalformedJSON) -> JSONText {
        guard try json.peek() == .string else { throw mismatch(field, "a string") }
        return try json.readText()
    }

    private mutating func string(_ text: JSONText, _ field: OTLPJSONField) {
        guard !text.hasEscapes else {
            let start = writer.beginMessage(field: field.number)
            json.append(text, to: &writer.bytes)
            return writer.endMessage(from: start)
        }
        writer.bytes(UnsafeBufferPointer(start: json.base + text.offset, count: text.count), field: field.number)
    }

    private mutating func base64(_ text: JSONText, _ field: OTLPJSONField) throws(MalformedJSON) {
        var digits: [UInt8] = []
        json.append(text, to: &digits)
        guard let bytes = Base64.decode(digits) else {
            throw json.malformed("\(field.text) is not base64", at: text.offset - 1)
        }
        writer.bytes(bytes, field: field.number)
    }

    private mutating func bool(_ field: OTLPJSONField) throws(MalformedJSON) -> Bool {
        guard try json.peek() == .bool else { throw mismatch(field, "true or false") }
        return try json.readBool()
    }

    private mutating func double(_ field: OTLPJSONField) throws(MalformedJSON) -> Double {
        switch try json.peek() {
        case .number: return try json.readNumber().double
        case .string:
            let text = try json.readText()
            if json.equals(text, "NaN") { return .nan }
            if json.equals(text, "Infinity") { return .infinity }
            if json.equals(text, "-Infinity") { return -.infinity }
            if let number = json.number(in: text) { return number.double }
            throw json.malformed("expected a number for \(field.text)", at: text.offset - 1)
        default: throw mismatch(field, "a number")
        }
    }

    private mutating func integer<Integer: FixedWidthInteger>(
        _ field: OTLPJSONField, _ type: Integer.Type
    ) throws(MalformedJSON) -> Integer {
        let start = json.position
        let number: JSONNumber?
        switch try json.peek() {
        case .number: number = try json.readNumber()
        case .string: number = json.number(in: try json.readText())
        default: throw mismatch(field, "a whole number")
        }
        guard let number else { throw json.malformed("expected a whole number for \(field.text)", at: start) }
        guard let value = number.exactly(Integer.self) else {
            throw json.malformed("\(field.text) is no whole number of \(type)", at: start)
        }
        return value
    }

    private mutating func enumeration(_ field: OTLPJSONField) throws(MalformedJSON) -> Int32 {
        guard try json.peek() == .string else { return try integer(field, Int32.self) }
        let text = try json.readText()
        if let number = json.number(in: text) { return number.exactly(Int32.self) ?? 0 }
        return field.type.number(named: json.string(text))
    }

    /// An id as bytes. One of another form is written as one byte, which no id has, so that the decoder refuses it.
    private mutating func id(_ text: JSONText, _ field: OTLPJSONField, of message: OTLPJSONMessage) {
        guard text.count > 0 else { return }
        let isTrace = if case .traceID = field.type { true } else { false }
        let digits = isTrace ? 32 : 16
        let start = json.base + text.offset
        if text.count == digits, !text.hasEscapes, writer.hex(start, digits: digits, field: field.number) { return }
        writer.bytes([0], field: field.number)
        guard message != .link, badID == nil else { return }
        let what = isTrace ? "trace id" : field.number == 4 ? "parent span id" : "span id"
        let sentence =
            text.count == digits
            ? "has a \(what) that is not hexadecimal"
            : "has a \(what) of \(text.count) characters, expected \(digits) hex digits"
        badID = OTLPBadID(item: itemCount - 1, sentence: sentence)
    }

    @inline(never)
    private func mismatch(_ field: OTLPJSONField, _ expected: StaticString) -> MalformedJSON {
        json.malformed("expected \(expected) for \(field.text)")
    }
}

extension OTLPJSONType {
    /// The number of an enumeration's member; 0, "unspecified", for names that this version does not know.
    fileprivate func number(named name: String) -> Int32 {
        let (prefix, names): (String, [String]) =
            switch self {
            case .kind: ("SPAN_KIND_", ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"])
            case .statusCode: ("STATUS_CODE_", ["UNSET", "OK", "ERROR"])
            default: ("SEVERITY_NUMBER_", ["UNSPECIFIED"] + Self.severities)
            }
        guard name.hasPrefix(prefix), let place = names.firstIndex(of: String(name.dropFirst(prefix.count))) else {
            return 0
        }
        return Int32(place)
    }

    /// `TRACE`, `TRACE2`, … `FATAL4`: 1 to 24.
    private static let severities = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"].flatMap { name in
        [name, name + "2", name + "3", name + "4"]
    }
}

extension ProtobufWriter {
    /// Begins a message whose length is not known yet: the place to give to ``endMessage(from:)``.
    mutating func beginMessage(field: Int) -> Int {
        tag(field: field, wireType: 2)
        bytes.append(0)
        return bytes.count
    }

    mutating func endMessage(from start: Int) { setLength(before: start) }

    /// The bytes that hex digits stand for; false, and nothing written, if one is none.
    fileprivate mutating func hex(_ digits: UnsafePointer<UInt8>, digits count: Int, field: Int) -> Bool {
        let rollback = bytes.count
        tag(field: field, wireType: 2)
        bytes.append(UInt8(truncatingIfNeeded: count / 2))
        for place in stride(from: 0, to: count, by: 2) {
            guard let high = Hex.nibble(digits[place]), let low = Hex.nibble(digits[place + 1]) else {
                bytes.removeSubrange(rollback...)
                return false
            }
            bytes.append(high << 4 | low)
        }
        return true
    }
}
