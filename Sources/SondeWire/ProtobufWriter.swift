// SPDX-License-Identifier: Apache-2.0
// Protocol Buffers' wire format, written: append-only over a byte array, the counterpart of Model's ProtobufReader.
// Nothing here knows a message type.
//
// https://protobuf.dev/programming-guides/encoding/

package import SondeModel

/// Appends fields to one buffer.
///
/// Methods write what they are told, zero included: whoever encodes a message decides which defaults to leave out
/// (members of a `oneof` must be written even when they are zero).
package struct ProtobufWriter: Sendable {
    /// What has been written.
    package var bytes: [UInt8]

    @inlinable
    package init(reservingCapacity capacity: Int = 0) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Wire type 0: integers, booleans, enumerations.
    @inlinable
    package mutating func varint(_ value: UInt64, field: Int) {
        tag(field: field, wireType: 0)
        rawVarint(value)
    }

    /// Wire type 1: eight little-endian bytes.
    @inlinable
    package mutating func fixed64(_ value: UInt64, field: Int) {
        tag(field: field, wireType: 1)
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// Wire type 5: four little-endian bytes.
    @inlinable
    package mutating func fixed32(_ value: UInt32, field: Int) {
        tag(field: field, wireType: 5)
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    /// Wire type 2 with text.
    @inlinable
    package mutating func string(_ text: String, field: Int) {
        tag(field: field, wireType: 2)
        rawVarint(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    /// Wire type 2 with bytes.
    @inlinable
    package mutating func bytes(_ payload: some Collection<UInt8>, field: Int) {
        tag(field: field, wireType: 2)
        rawVarint(UInt64(payload.count))
        bytes.append(contentsOf: payload)
    }

    /// 16 bytes in network order, as OTLP carries trace ids.
    @inlinable
    package mutating func traceID(_ id: TraceID, field: Int) {
        tag(field: field, wireType: 2)
        bytes.append(16)
        withUnsafeBytes(of: id.high.bigEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: id.low.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// 8 bytes in network order, as OTLP carries span ids.
    @inlinable
    package mutating func spanID(_ id: SpanID, field: Int) {
        tag(field: field, wireType: 2)
        bytes.append(8)
        withUnsafeBytes(of: id.value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    /// Wire type 2 with a message that `body` writes.
    ///
    /// One byte is kept free for the length. A message of 128 bytes and more moves up by the bytes its length needs
    /// beyond that: one copy per level, cheaper than measuring every message before writing it.
    @inlinable
    package mutating func message(field: Int, _ body: (inout ProtobufWriter) -> Void) {
        tag(field: field, wireType: 2)
        bytes.append(0)
        let start = bytes.count
        body(&self)
        setLength(before: start)
    }

    /// Tag and length of a message of `size` bytes, which the caller appends.
    package mutating func head(ofMessage field: Int, size: Int) {
        tag(field: field, wireType: 2)
        rawVarint(UInt64(size))
    }

    /// Bytes that `value` takes as a varint.
    package static func size(ofVarint value: Int) -> Int {
        (70 - (UInt64(max(value, 0)) | 1).leadingZeroBitCount) / 7
    }

    @inlinable
    mutating func setLength(before start: Int) {
        var rest = UInt64(bytes.count - start)
        if rest < 0x80 {
            bytes[start - 1] = UInt8(truncatingIfNeeded: rest)
            return
        }
        bytes[start - 1] = UInt8(truncatingIfNeeded: rest) | 0x80
        rest >>= 7
        var more: [UInt8] = []
        while rest >= 0x80 {
            more.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        more.append(UInt8(truncatingIfNeeded: rest))
        bytes.insert(contentsOf: more, at: start)
    }

    @inlinable
    mutating func tag(field: Int, wireType: UInt64) {
        rawVarint(UInt64(field) << 3 | wireType)
    }

    @inlinable
    mutating func rawVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
