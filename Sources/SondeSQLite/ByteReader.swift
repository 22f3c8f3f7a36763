// SPDX-License-Identifier: Apache-2.0
// Reads what ByteBuffer wrote, with every bound checked: files may be damaged, and a checksum is no proof.

/// Bytes of the file that are not what this room writes; `what` ends a sentence: "chunk 3 ends in mid-number".
struct Damage: Error, Hashable {
    var what: String

    init(_ what: String) { self.what = what }
}

/// Walks bytes that stay valid while the reader lives.
struct ByteReader {
    private let base: UnsafePointer<UInt8>?
    private(set) var position: Int
    let end: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>) {
        base = bytes.baseAddress
        position = 0
        end = bytes.count
    }

    init(_ bytes: UnsafeBufferPointer<UInt8>, range: Range<Int>) throws(Damage) {
        guard range.lowerBound >= 0, range.upperBound <= bytes.count else {
            throw Damage("a chunk's part lies outside it")
        }
        base = bytes.baseAddress
        position = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { position == end }

    @inline(__always)
    mutating func varint() throws(Damage) -> UInt64 {
        guard let base else { throw Self.short }
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end, shift < 64 {
            let byte = base[position]
            position &+= 1
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift &+= 7
        }
        throw Self.short
    }

    /// A varint that counts or measures something in memory.
    mutating func count() throws(Damage) -> Int {
        let value = try varint()
        guard value <= UInt64(Limits.chunkBytes) else { throw Damage("a count of \(value) is beyond every bound") }
        return Int(value)
    }

    @inline(__always)
    mutating func zigzag() throws(Damage) -> Int64 {
        let value = try varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    mutating func byte() throws(Damage) -> UInt8 {
        guard position < end, let base else { throw Self.short }
        position += 1
        return base[position - 1]
    }

    mutating func fixed32() throws(Damage) -> UInt32 {
        let range = try take(4)
        return UInt32(littleEndian: load(range.lowerBound))
    }

    @inline(__always)
    mutating func fixed64() throws(Damage) -> UInt64 {
        let range = try take(8)
        return UInt64(littleEndian: load(range.lowerBound))
    }

    /// The place of the next `size` bytes, which are stepped over.
    @inline(__always)
    mutating func take(_ size: Int) throws(Damage) -> Range<Int> {
        guard size >= 0, end - position >= size else { throw Self.short }
        position += size
        return (position - size)..<position
    }

    /// Calls `body` with the address of bytes that were taken.
    func withBytes(_ range: Range<Int>, _ body: (UnsafePointer<UInt8>) -> Void) {
        guard let base else { return }
        body(base + range.lowerBound)
    }

    mutating func bytes(_ size: Int) throws(Damage) -> [UInt8] {
        let range = try take(size)
        return Array(UnsafeBufferPointer(start: base.map { $0 + range.lowerBound }, count: size))
    }

    /// `count` numbers as ``ByteBuffer/appendNumbers(_:)`` writes them.
    mutating func numbers(_ count: Int) throws(Damage) -> [UInt32] {
        let width = Int(try byte())
        if width == 0 {
            let value = UInt32(truncatingIfNeeded: try varint())
            return Array(repeating: value, count: count)
        }
        guard width == 1 || width == 2 || width == 4 else { throw Damage("a column is \(width) bytes wide") }
        let place = try take(count * width).lowerBound
        guard let base else { throw Self.short }
        return [UInt32](unsafeUninitializedCapacity: count) { numbers, written in
            for index in 0..<count {
                switch width {
                case 1: numbers[index] = UInt32(base[place + index])
                case 2: numbers[index] = UInt32(UInt16(littleEndian: load(place + index * 2)))
                default: numbers[index] = UInt32(littleEndian: load(place + index * 4))
                }
            }
            written = count
        }
    }

    @inline(__always)
    private func load<T: BitwiseCopyable>(_ offset: Int) -> T {
        guard let base else { preconditionFailure("bytes were taken from an empty reader") }
        return UnsafeRawPointer(base).loadUnaligned(fromByteOffset: offset, as: T.self)
    }

    private static var short: Damage { Damage("a chunk ends before its content does") }
}
