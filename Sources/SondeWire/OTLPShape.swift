// SPDX-License-Identifier: Apache-2.0
// Checks messages that the index keeps only as places: that they follow the wire format, that known fields have their
// wire types, and that values do not nest too deep. Afterwards reading them cannot fail.

internal import SondeModel

/// The fields of a message that holds attributes.
struct OTLPShape {
    /// Number of the field that holds attributes.
    let attributes: Int
    /// Wire types of fields 1, 2, …: four bits each, lowest first; 15 for a number that is not in use.
    let wireTypes: UInt64

    /// `Resource { 1 attributes, 2 uint32 }`.
    static let resource = OTLPShape(attributes: 1, wireTypes: 0xFFFF_FFFF_FFFF_FF02)
    /// `InstrumentationScope { 1 string, 2 string, 3 attributes, 4 uint32 }`.
    static let scope = OTLPShape(attributes: 3, wireTypes: 0xFFFF_FFFF_FFFF_0222)
    /// `Span.Event { 1 fixed64, 2 string, 3 attributes, 4 uint32 }`.
    static let event = OTLPShape(attributes: 3, wireTypes: 0xFFFF_FFFF_FFFF_0221)
    /// `Span.Link { 1 bytes, 2 bytes, 3 string, 4 attributes, 5 uint32, 6 fixed32 }`.
    static let link = OTLPShape(attributes: 4, wireTypes: 0xFFFF_FFFF_FF50_2222)

    /// Whether the message at `range` nests no deeper than the limit; errors of format are thrown.
    func holds(base: UnsafePointer<UInt8>, range: ByteRange) throws(MalformedProtobuf) -> Bool {
        var reader = ProtobufReader(base: base, range: range)
        while try reader.next() {
            try reader.check(wireTypes)
            guard reader.field == attributes else { continue }
            guard try Self.keyValue(base: base, range: reader.readRange(), depth: 0) else { return false }
        }
        return true
    }

    /// `KeyValue { 1 string, 2 AnyValue }`.
    @inline(__always)
    static func keyValue(base: UnsafePointer<UInt8>, range: ByteRange, depth: Int) throws(MalformedProtobuf) -> Bool {
        if isPlain(base + range.lowerBound, count: Int(range.count)) { return true }
        return try anyKeyValue(base: base, range: range, depth: depth)
    }

    /// Whether a `KeyValue` is laid out as nearly all are: key, then value, lengths of one byte, one scalar inside.
    /// Where it says no, the long way decides. It halves the time of indexing a span.
    ///
    ///     0A n key…  12 m { 0A s text… | 10 bool | 18 varint | 21 double | nothing }
    @inline(__always)
    private static func isPlain(_ pair: UnsafePointer<UInt8>, count: Int) -> Bool {
        guard count >= 4, pair[0] == 0x0A, pair[1] < 0x80 else { return false }
        let tag = 2 + Int(pair[1])
        guard tag + 2 <= count, pair[tag] == 0x12, pair[tag + 1] < 0x80 else { return false }
        let value = pair + (tag + 2)
        let size = Int(pair[tag + 1])
        guard tag + 2 + size == count, size >= 2 else { return false }
        switch value[0] {
        case 0x0A: return value[1] < 0x80 && Int(value[1]) + 2 == size
        case 0x10: return size == 2 && value[1] < 0x80
        // Nine bytes hold 63 bits; a tenth may overflow.
        case 0x18: return size <= 10 && value[size - 1] < 0x80 && (1..<size - 1).allSatisfy { value[$0] >= 0x80 }
        case 0x21: return size == 9
        default: return false
        }
    }

    @inline(never)
    private static func anyKeyValue(
        base: UnsafePointer<UInt8>, range: ByteRange, depth: Int
    ) throws(MalformedProtobuf) -> Bool {
        var reader = ProtobufReader(base: base, range: range)
        while try reader.next() {
            try reader.check(0xFFFF_FFFF_FFFF_FF22)
            guard reader.field == 2 else { continue }
            guard try anyValue(base: base, range: reader.readRange(), depth: depth) else { return false }
        }
        return true
    }

    /// `AnyValue { 1 string, 2 bool, 3 int64, 4 double, 5 ArrayValue, 6 KeyValueList, 7 bytes }`. Containers count
    /// their depth as `ProtobufReader.value` does; recursion ends at that limit.
    static func anyValue(base: UnsafePointer<UInt8>, range: ByteRange, depth: Int) throws(MalformedProtobuf) -> Bool {
        var reader = ProtobufReader(base: base, range: range)
        while try reader.next() {
            try reader.check(0xFFFF_FFFF_F222_1002)
            guard reader.field == 5 || reader.field == 6 else { continue }
            guard depth < ProtobufReader.maxValueDepth else { return false }
            let isMap = reader.field == 6
            guard try elements(base: base, range: reader.readRange(), ofMap: isMap, depth: depth + 1) else {
                return false
            }
        }
        return true
    }

    /// `ArrayValue { 1 AnyValue }` or `KeyValueList { 1 KeyValue }`.
    private static func elements(
        base: UnsafePointer<UInt8>, range: ByteRange, ofMap isMap: Bool, depth: Int
    ) throws(MalformedProtobuf) -> Bool {
        var reader = ProtobufReader(base: base, range: range)
        while try reader.next() {
            guard reader.field == 1 else { continue }
            let element = try reader.readRange()
            let holds =
                isMap
                ? try keyValue(base: base, range: element, depth: depth)
                : try anyValue(base: base, range: element, depth: depth)
            guard holds else { return false }
        }
        return true
    }
}

extension ProtobufReader {
    /// Throws if the current field has another wire type than `wireTypes` says; see ``OTLPShape/wireTypes``.
    @inline(__always)
    func check(_ wireTypes: UInt64) throws(MalformedProtobuf) {
        guard field <= 16 else { return }
        let expected = UInt8(truncatingIfNeeded: wireTypes >> (UInt64(field - 1) * 4)) & 15
        guard expected == wireType || expected == 15 else {
            throw malformed("has wire type \(wireType), expected \(expected)")
        }
    }
}
