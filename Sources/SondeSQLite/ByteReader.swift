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

    /// Numbers of up to eight bytes are taken in one step, whatever their length: a branch that depends on the data would
    /// cost more.
    @inline(__always)
    mutating func varint() throws(Damage) -> UInt64 {
        if end &- position >= 8 {
            let word: UInt64 = load(position)
            let ends = ~UInt64(littleEndian: word) & 0x8080_8080_8080_8080
            if ends != 0 {
                let bits = ends.trailingZeroBitCount
                position &+= (bits &+ 1) >> 3
                return Self.joinSevens(UInt64(littleEndian: word) & (UInt64.max >> UInt64(63 &- bits)))
            }
        }
        return try longVarint()
    }

    /// The number that the lower seven bits of each byte of `word` make.
    @inline(__always)
    private static func joinSevens(_ word: UInt64) -> UInt64 {
        var bits = word & 0x7F7F_7F7F_7F7F_7F7F
        bits = bits & 0x007F_007F_007F_007F | (bits & 0x7F00_7F00_7F00_7F00) >> 1
        bits = bits & 0x0000_3FFF_0000_3FFF | (bits & 0x3FFF_0000_3FFF_0000) >> 2
        return bits & 0x0000_0000_0FFF_FFFF | (bits & 0x0FFF_FFFF_0000_0000) >> 4
    }

    @inline(never)
    private mutating func longVarint() throws(Damage) -> UInt64 {
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
    @inline(__always)
    mutating func count() throws(Damage) -> Int {
        let value = try varint()
        guard value <= UInt64(Limits.chunkBytes) else { throw Self.tooMany(value) }
        return Int(truncatingIfNeeded: value)
    }

    @inline(never)
    private static func tooMany(_ value: UInt64) -> Damage { Damage("a count of \(value) is beyond every bound") }

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

    /// `count` numbers below `limit`, as ``ByteBuffer/appendNumbers(_:)`` writes them; `what` is what a number too large
    /// names: "a record names a shape".
    mutating func numbers(_ count: Int, below limit: Int, _ what: String) throws(Damage) -> [UInt32] {
        let width = Int(try byte())
        if width == 0 {
            let value = UInt32(truncatingIfNeeded: try varint())
            guard count == 0 || value < limit else { throw Damage("\(what) that the block lacks") }
            return Array(repeating: value, count: count)
        }
        guard width == 1 || width == 2 || width == 4 else { throw Damage("a column is \(width) bytes wide") }
        let place = try take(count * width).lowerBound
        guard let base else { throw Self.short }
        let start = UnsafeRawPointer(base + place)
        var largest: UInt32 = 0
        let numbers = [UInt32](unsafeUninitializedCapacity: count) { numbers, written in
            switch width {
            case 1:
                for index in 0..<count { numbers[index] = UInt32(start.load(fromByteOffset: index, as: UInt8.self)) }
            case 2:
                for index in 0..<count {
                    let number = start.loadUnaligned(fromByteOffset: index &* 2, as: UInt16.self)
                    numbers[index] = UInt32(UInt16(littleEndian: number))
                }
            default:
                for index in 0..<count {
                    let number = start.loadUnaligned(fromByteOffset: index &* 4, as: UInt32.self)
                    numbers[index] = UInt32(littleEndian: number)
                }
            }
            for index in 0..<count { largest = max(largest, numbers[index]) }
            written = count
        }
        guard count == 0 || largest < limit else { throw Damage("\(what) that the block lacks") }
        return numbers
    }

    /// The next eight bytes, which are not stepped over; nil if there are fewer.
    @inline(__always)
    func peekWord() -> UInt64? { end &- position >= 8 ? UInt64(littleEndian: load(position)) : nil }

    @inline(__always)
    mutating func skip(bytes: Int) throws(Damage) { _ = try take(bytes) }

    @inline(__always)
    private func load<T: BitwiseCopyable>(_ offset: Int) -> T {
        guard let base else { preconditionFailure("bytes were taken from an empty reader") }
        return UnsafeRawPointer(base).loadUnaligned(fromByteOffset: offset, as: T.self)
    }

    private static var short: Damage { Damage("a chunk ends before its content does") }
}
