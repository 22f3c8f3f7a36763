// SPDX-License-Identifier: Apache-2.0
// Protocol Buffers' wire format, read in place: a struct over a pointer that walks the fields of one message.
// Decoders in other rooms are built on it; nothing here knows a message type.
//
// A `package` member is inlined into other rooms only if its type and everything it touches are `@usableFromInline`;
// `@inlinable` alone compiles and calls. Here that is a factor of two in decoding.
//
//   message = { tag varint = field number << 3 | wire type, then
//               type 0: varint · type 1: 8 bytes LE · type 2: length varint + bytes · type 5: 4 bytes LE }
//
// https://protobuf.dev/programming-guides/encoding/

/// Bytes that do not follow the wire format, and where.
@usableFromInline
package struct MalformedProtobuf: Error, Hashable, Sendable {
    /// What is wrong, as the end of a sentence: `field 2 at byte 812 runs past the end`.
    @usableFromInline package var reason: String
    /// Offset from the start of the outermost message.
    @usableFromInline package var offset: Int

    package init(reason: String, offset: Int) {
        self.reason = reason
        self.offset = offset
    }
}

/// A stretch of a batch's bytes. Bodies are bounded to far less than 4 GiB, so 32 bits are enough.
@usableFromInline
package struct ByteRange: Hashable, Sendable {
    @usableFromInline package var offset: UInt32
    @usableFromInline package var count: UInt32

    @inlinable
    package init(offset: Int, count: Int) {
        self.offset = UInt32(truncatingIfNeeded: offset)
        self.count = UInt32(truncatingIfNeeded: count)
    }

    @inlinable package static var empty: ByteRange { ByteRange(offset: 0, count: 0) }

    @inlinable package var isEmpty: Bool { count == 0 }
    @inlinable package var lowerBound: Int { Int(offset) }
    @inlinable package var upperBound: Int { Int(offset) + Int(count) }
}

/// Walks the fields of one message: `while try reader.next() { switch reader.field { … } }`.
///
/// A field's payload is taken by one of the `read…` methods or left; what is left is skipped by the next call of
/// ``next()``. Offsets are from `base`, the start of the outermost message, so that nested readers report true places.
@usableFromInline
package struct ProtobufReader {
    @usableFromInline package let base: UnsafePointer<UInt8>
    /// Offset of the next unread byte.
    @usableFromInline package var position: Int
    @usableFromInline package let end: Int
    /// Number of the field last found by ``next()``.
    @usableFromInline package var field: Int = 0
    /// Wire type of that field.
    @usableFromInline package var wireType: UInt8 = 0
    /// Offset of that field's tag.
    @usableFromInline package var fieldStart: Int = 0
    @usableFromInline var payloadPending = false

    /// Reads `range` of the bytes at `base`, which must stay valid while the reader lives.
    @inlinable
    package init(base: UnsafePointer<UInt8>, range: Range<Int>) {
        self.base = base
        self.position = range.lowerBound
        self.end = range.upperBound
    }

    @inlinable
    package init(base: UnsafePointer<UInt8>, range: ByteRange) {
        self.init(base: base, range: range.lowerBound..<range.upperBound)
    }

    /// Moves to the next field; false at the end of the message.
    @inlinable @inline(__always)
    package mutating func next() throws(MalformedProtobuf) -> Bool {
        if payloadPending { try skipPayload() }
        guard position < end else { return false }
        fieldStart = position
        let tag = try readRawVarint()
        field = Int(truncatingIfNeeded: tag >> 3)
        wireType = UInt8(truncatingIfNeeded: tag & 7)
        guard field != 0, tag >> 3 <= 0x1FFF_FFFF else { throw malformed("has field number \(tag >> 3)") }
        payloadPending = true
        return true
    }

    /// The payload as a varint; the field must have wire type 0.
    @inlinable @inline(__always)
    package mutating func readVarint() throws(MalformedProtobuf) -> UInt64 {
        try expect(wireType: 0)
        return try readRawVarint()
    }

    /// The payload as eight little-endian bytes; the field must have wire type 1.
    @inlinable @inline(__always)
    package mutating func readFixed64() throws(MalformedProtobuf) -> UInt64 {
        try expect(wireType: 1)
        guard end - position >= 8 else { throw runsPastTheEnd() }
        let value = UnsafeRawPointer(base + position).loadUnaligned(as: UInt64.self)
        position += 8
        return UInt64(littleEndian: value)
    }

    /// The payload as four little-endian bytes; the field must have wire type 5.
    @inlinable
    package mutating func readFixed32() throws(MalformedProtobuf) -> UInt32 {
        try expect(wireType: 5)
        guard end - position >= 4 else { throw runsPastTheEnd() }
        let value = UnsafeRawPointer(base + position).loadUnaligned(as: UInt32.self)
        position += 4
        return UInt32(littleEndian: value)
    }

    /// The payload's place; the field must have wire type 2.
    @inlinable @inline(__always)
    package mutating func readRange() throws(MalformedProtobuf) -> ByteRange {
        try expect(wireType: 2)
        let count = try readRawVarint()
        guard count <= UInt64(end - position) else { throw runsPastTheEnd() }
        let range = ByteRange(offset: position, count: Int(truncatingIfNeeded: count))
        position += Int(truncatingIfNeeded: count)
        return range
    }

    /// The payload as text; invalid UTF-8 is repaired with U+FFFD.
    package mutating func readString() throws(MalformedProtobuf) -> String {
        let range = try readRange()
        return text(range)
    }

    /// `range` as text; invalid UTF-8 is repaired with U+FFFD.
    package func text(_ range: ByteRange) -> String {
        String(decoding: UnsafeBufferPointer(start: base + range.lowerBound, count: Int(range.count)), as: UTF8.self)
    }

    /// A reader of the message at `range`.
    @inlinable
    package func nested(_ range: ByteRange) -> ProtobufReader {
        ProtobufReader(base: base, range: range)
    }

    /// The bytes of the current field, tag included. Only valid once the payload has been taken or skipped.
    @inlinable @inline(__always)
    package var fieldRange: Range<Int> { fieldStart..<position }

    /// Steps over the payload of the current field if nothing has taken it.
    @inlinable @inline(__always)
    package mutating func skipPayload() throws(MalformedProtobuf) {
        guard payloadPending else { return }
        switch wireType {
        case 0: _ = try readVarint()
        case 1: _ = try readFixed64()
        case 2: _ = try readRange()
        case 5: _ = try readFixed32()
        default: throw malformed("has wire type \(wireType)")
        }
    }

    @inlinable @inline(__always)
    mutating func expect(wireType expected: UInt8) throws(MalformedProtobuf) {
        guard wireType == expected else { throw malformed("has wire type \(wireType), expected \(expected)") }
        payloadPending = false
    }

    /// Most varints are one byte; the others are worth a call.
    @inlinable @inline(__always)
    mutating func readRawVarint() throws(MalformedProtobuf) -> UInt64 {
        guard position < end else { throw runsPastTheEnd() }
        let first = base[position]
        position += 1
        return first < 0x80 ? UInt64(first) : try readLongVarint(first)
    }

    @inlinable @inline(never)
    mutating func readLongVarint(_ first: UInt8) throws(MalformedProtobuf) -> UInt64 {
        var value = UInt64(first & 0x7F)
        var shift: UInt64 = 7
        while position < end {
            let byte = base[position]
            position += 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 {
                guard shift < 63 || byte <= 1 else { throw malformed("holds a varint beyond 64 bits") }
                return value
            }
            shift += 7
            guard shift <= 63 else { throw malformed("holds a varint beyond 64 bits") }
        }
        throw runsPastTheEnd()
    }

    /// An error about the current field.
    @usableFromInline package func malformed(_ what: String) -> MalformedProtobuf {
        MalformedProtobuf(reason: "field \(field) at byte \(fieldStart) \(what)", offset: fieldStart)
    }

    @usableFromInline @inline(never)
    func runsPastTheEnd() -> MalformedProtobuf { malformed("runs past the end") }
}
