// SPDX-License-Identifier: Apache-2.0
// Reads OTLP's KeyValue and AnyValue out of a batch's bytes.
//
//   KeyValue { 1 key string, 2 value AnyValue }
//   AnyValue { oneof: 1 string, 2 bool, 3 int64, 4 double, 5 ArrayValue { 1 repeated AnyValue },
//                     6 KeyValueList { 1 repeated KeyValue }, 7 bytes }

/// Walks the `KeyValue` fields of one number in a message, yielding places; nothing is copied.
@usableFromInline
package struct AttributeCursor {
    @usableFromInline var reader: ProtobufReader
    @usableFromInline let field: Int
    /// The current key's text.
    @usableFromInline package var key = ByteRange.empty
    /// The current value's `AnyValue` message; empty for "no value".
    @usableFromInline package var value = ByteRange.empty

    /// Reads the fields numbered `field` in `range`, which must begin and end at field boundaries.
    @inlinable
    package init(base: UnsafePointer<UInt8>, range: ByteRange, field: Int) {
        self.reader = ProtobufReader(base: base, range: range)
        self.field = field
    }

    /// Moves to the next attribute; false after the last.
    @inlinable
    package mutating func next() throws(MalformedProtobuf) -> Bool {
        while try reader.next() {
            guard reader.field == field, reader.wireType == 2 else { continue }
            try read(reader.readRange())
            return true
        }
        return false
    }

    @inlinable @inline(__always)
    mutating func read(_ keyValue: ByteRange) throws(MalformedProtobuf) {
        if !readUsual(keyValue) { try readAny(keyValue) }
    }

    /// As every SDK writes it: the key, then the value, both shorter than 128 bytes, and nothing else.
    @inlinable @inline(__always)
    mutating func readUsual(_ keyValue: ByteRange) -> Bool {
        let count = Int(keyValue.count)
        guard count >= 4 else { return false }
        let bytes = reader.base + keyValue.lowerBound
        let keyCount = Int(bytes[1])
        guard bytes[0] == 0x0A, keyCount < 0x80, keyCount &+ 4 <= count else { return false }
        let valueCount = Int(bytes[keyCount &+ 3])
        guard bytes[keyCount &+ 2] == 0x12, valueCount < 0x80, keyCount &+ 4 &+ valueCount == count else {
            return false
        }
        key = ByteRange(offset: keyValue.lowerBound &+ 2, count: keyCount)
        value = ByteRange(offset: keyValue.lowerBound &+ keyCount &+ 4, count: valueCount)
        return true
    }

    @inlinable @inline(never)
    mutating func readAny(_ keyValue: ByteRange) throws(MalformedProtobuf) {
        var pair = reader.nested(keyValue)
        key = .empty
        value = .empty
        while try pair.next() {
            switch (pair.field, pair.wireType) {
            case (1, 2): key = try pair.readRange()
            case (2, 2): value = try pair.readRange()
            default: continue
            }
        }
    }
}

extension ProtobufReader {
    /// How deep arrays and maps may nest. Protobuf's own parsers stop at 100; ours count a level for each container.
    package static var maxValueDepth: Int { 100 }

    /// The attributes in the fields numbered `field` of `range`.
    package static func attributes(
        base: UnsafePointer<UInt8>, range: ByteRange, field: Int, depth: Int = 0
    ) throws(MalformedProtobuf) -> [Attribute] {
        var attributes: [Attribute] = []
        var cursor = AttributeCursor(base: base, range: range, field: field)
        while try cursor.next() {
            let value = try value(base: base, range: cursor.value, depth: depth)
            attributes.append(Attribute(key: cursor.reader.text(cursor.key), value: value))
        }
        return attributes
    }

    /// The `AnyValue` message at `range`. As in every protobuf parser the last field of the oneof wins.
    package static func value(
        base: UnsafePointer<UInt8>, range: ByteRange, depth: Int = 0
    ) throws(MalformedProtobuf) -> AttributeValue {
        var reader = ProtobufReader(base: base, range: range)
        var value = AttributeValue.empty
        while try reader.next() {
            switch (reader.field, reader.wireType) {
            case (1, 2): value = .string(try reader.readString())
            case (2, 0): value = .bool(try reader.readVarint() != 0)
            case (3, 0): value = .int(Int64(bitPattern: try reader.readVarint()))
            case (4, 1): value = .double(Double(bitPattern: try reader.readFixed64()))
            case (5, 2):
                try reader.checkDepth(depth)
                value = .array(try array(base: base, range: reader.readRange(), depth: depth + 1))
            case (6, 2):
                try reader.checkDepth(depth)
                value = .map(try attributes(base: base, range: reader.readRange(), field: 1, depth: depth + 1))
            case (7, 2):
                let range = try reader.readRange()
                value = .bytes(Array(UnsafeBufferPointer(start: base + range.lowerBound, count: Int(range.count))))
            default: continue
            }
        }
        return value
    }

    private static func array(
        base: UnsafePointer<UInt8>, range: ByteRange, depth: Int
    ) throws(MalformedProtobuf) -> [AttributeValue] {
        var reader = ProtobufReader(base: base, range: range)
        var values: [AttributeValue] = []
        while try reader.next() {
            guard reader.field == 1, reader.wireType == 2 else { continue }
            values.append(try value(base: base, range: reader.readRange(), depth: depth))
        }
        return values
    }

    private func checkDepth(_ depth: Int) throws(MalformedProtobuf) {
        guard depth < Self.maxValueDepth else { throw malformed("nests deeper than \(Self.maxValueDepth) levels") }
    }
}
