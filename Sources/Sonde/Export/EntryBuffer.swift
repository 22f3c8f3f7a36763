// SPDX-License-Identifier: Apache-2.0
// Memory in which one span is encoded. Room is made once for a field, then it is stored byte by byte without further
// checks: half of what a span costs is how its bytes are written.
//
//   ┌ room for tag and length ┬ fields of the message …┬ free ┐
//   0                         8                      count    capacity
//
// https://protobuf.dev/programming-guides/encoding/

import SondeModel

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A growing piece of raw memory with the fields of one OTLP message. Whoever makes one must `free` it; copies share the
/// memory, so only one of them may be used.
struct EntryBuffer {
    private(set) var base: UnsafeMutableRawPointer
    private(set) var capacity: Int
    /// Bytes in use, ``headroom`` included.
    private(set) var count = EntryBuffer.headroom

    /// Bytes kept free at the front, so that tag and length can be written when the length is known.
    static let headroom = 8

    init(capacity: Int) {
        self.capacity = max(capacity, Self.headroom)
        base = .allocate(byteCount: self.capacity, alignment: 8)
    }

    func free() { base.deallocate() }

    mutating func clear() { count = Self.headroom }

    /// Forgets what was written after `mark`, an earlier ``count``.
    mutating func rewind(to mark: Int) { count = min(mark, count) }

    // MARK: Fields. They write what they are told, zero included.

    @inline(__always)
    mutating func varint(_ value: UInt64, field: Int) {
        reserve(12)
        tag(field, 0)
        put(varint: value)
    }

    @inline(__always)
    mutating func fixed64(_ value: UInt64, field: Int) {
        reserve(10)
        tag(field, 1)
        put(value.littleEndian)
    }

    @inline(__always)
    mutating func fixed32(_ value: UInt32, field: Int) {
        reserve(6)
        tag(field, 5)
        put(value.littleEndian)
    }

    @inline(__always)
    mutating func traceID(_ id: TraceID, field: Int) {
        reserve(19)
        tag(field, 2)
        put(UInt8(16))
        put(id.high.bigEndian)
        put(id.low.bigEndian)
    }

    @inline(__always)
    mutating func spanID(_ id: SpanID, field: Int) {
        reserve(11)
        tag(field, 2)
        put(UInt8(8))
        put(id.value.bigEndian)
    }

    @inline(__always)
    mutating func string(_ text: String, field: Int) {
        text.withBytes { string($0, field: field) }
    }

    @inline(__always)
    mutating func string(_ text: UnsafeBufferPointer<UInt8>, field: Int) {
        reserve(12 + text.count)
        tag(field, 2)
        put(varint: UInt64(text.count))
        put(text)
    }

    /// A message that `body` writes. One byte is kept for its length; a longer one moves up by what its length needs.
    @inline(__always)
    mutating func message(field: Int, _ body: (inout EntryBuffer) -> Void) {
        let start = beginMessage(field: field)
        body(&self)
        endMessage(start)
    }

    @inline(__always)
    mutating func beginMessage(field: Int) -> Int {
        reserve(3)
        tag(field, 2)
        put(UInt8(0))
        return count
    }

    @inline(__always)
    mutating func endMessage(_ start: Int) {
        let length = count - start
        if length < 0x80 {
            base.storeBytes(of: UInt8(truncatingIfNeeded: length), toByteOffset: start - 1, as: UInt8.self)
        } else {
            endLongMessage(start, length)
        }
    }

    private mutating func endLongMessage(_ start: Int, _ length: Int) {
        let more = Self.size(ofVarint: UInt64(length)) - 1
        reserve(more)
        memmove(base + start + more, base + start, length)
        count = start - 1
        put(varint: UInt64(length))
        count += length
    }

    /// Fields that are encoded already.
    mutating func fields(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        reserve(bytes.count)
        memcpy(base + count, start, bytes.count)
        count &+= bytes.count
    }

    /// The fields of the message so far. Valid until something is written.
    var writtenFields: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + Self.headroom, count: count - Self.headroom)
    }

    // MARK: Attributes

    /// A `KeyValue` whose value is text: both lengths are known before anything is written.
    @inline(__always)
    mutating func attribute(_ key: UnsafeBufferPointer<UInt8>, text: UnsafeBufferPointer<UInt8>, field: Int) {
        let value = 1 + Self.size(ofVarint: UInt64(text.count)) + text.count
        beginAttribute(key, valueSize: value, field: field)
        put(UInt8(0x0A))
        put(varint: UInt64(text.count))
        put(text)
    }

    @inline(__always)
    mutating func attribute(_ key: UnsafeBufferPointer<UInt8>, int: Int64, field: Int) {
        let bits = UInt64(bitPattern: int)
        beginAttribute(key, valueSize: 1 + Self.size(ofVarint: bits), field: field)
        put(UInt8(0x18))
        put(varint: bits)
    }

    @inline(__always)
    mutating func attribute(_ key: UnsafeBufferPointer<UInt8>, bool: Bool, field: Int) {
        beginAttribute(key, valueSize: 2, field: field)
        put(UInt8(0x10))
        put(UInt8(bool ? 1 : 0))
    }

    @inline(__always)
    mutating func attribute(_ key: UnsafeBufferPointer<UInt8>, double: Double, field: Int) {
        beginAttribute(key, valueSize: 9, field: field)
        put(UInt8(0x21))
        put(double.bitPattern.littleEndian)
    }

    /// Everything of a `KeyValue` up to the fields of its value, and room for these.
    @inline(__always)
    private mutating func beginAttribute(_ key: UnsafeBufferPointer<UInt8>, valueSize: Int, field: Int) {
        let keySize = 1 + Self.size(ofVarint: UInt64(key.count)) + key.count
        let size = keySize + 1 + Self.size(ofVarint: UInt64(valueSize)) + valueSize
        reserve(12 + size)
        tag(field, 2)
        put(varint: UInt64(size))
        put(UInt8(0x0A))
        put(varint: UInt64(key.count))
        put(key)
        put(UInt8(0x12))
        put(varint: UInt64(valueSize))
    }

    /// Takes `length` bytes out of the middle.
    mutating func remove(at offset: Int, length: Int) {
        memmove(base + offset, base + offset + length, count - offset - length)
        count -= length
    }

    // MARK: The whole

    /// The message as one entry of a repeated field, its tag and length in front.
    func framed(field: UInt8) -> UnsafeRawBufferPointer {
        let length = UInt64(count - Self.headroom)
        var place = Self.headroom - Self.size(ofVarint: length) - 1
        let start = place
        base.storeBytes(of: field << 3 | 2, toByteOffset: place, as: UInt8.self)
        var rest = length
        while rest >= 0x80 {
            place += 1
            base.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: place, as: UInt8.self)
            rest >>= 7
        }
        base.storeBytes(of: UInt8(truncatingIfNeeded: rest), toByteOffset: place + 1, as: UInt8.self)
        return UnsafeRawBufferPointer(start: base + start, count: count - start)
    }

    // MARK: Bytes. `reserve` comes first.

    @inline(__always)
    mutating func reserve(_ more: Int) {
        if count &+ more > capacity { grow(more) }
    }

    @inline(never)
    private mutating func grow(_ more: Int) {
        let larger = max(capacity * 2, count + more)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: larger, alignment: 8)
        memory.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = memory
        capacity = larger
    }

    @inline(__always)
    private mutating func tag(_ field: Int, _ wireType: UInt64) {
        put(varint: UInt64(field) << 3 | wireType)
    }

    @inline(__always)
    private mutating func put<Value: BitwiseCopyable>(_ value: Value) {
        base.storeBytes(of: value, toByteOffset: count, as: Value.self)
        count &+= MemoryLayout<Value>.size
    }

    @inline(__always)
    private mutating func put(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            put(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        put(UInt8(truncatingIfNeeded: rest))
    }

    @inline(__always)
    private mutating func put(_ text: UnsafeBufferPointer<UInt8>) {
        guard let start = text.baseAddress else { return }
        memcpy(base + count, start, text.count)
        count &+= text.count
    }

    @inline(__always)
    static func size(ofVarint value: UInt64) -> Int {
        value < 0x80 ? 1 : (70 - (value | 1).leadingZeroBitCount) / 7
    }
}

extension String {
    /// Calls `body` with the UTF-8 of the text, without a copy on the heap where the text is a native one.
    @inline(__always)
    func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        if let result = utf8.withContiguousStorageIfAvailable(body) { return result }
        return Array(utf8).withUnsafeBufferPointer(body)
    }
}
