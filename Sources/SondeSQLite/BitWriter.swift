// SPDX-License-Identifier: Apache-2.0
// Bits of a deflate stream on their way into bytes.

/// Bits one after the other, the first lowest, into memory that has room for them.
struct BitWriter {
    /// Bytes behind the room that writing may touch.
    static let slack = 16

    private let start: UnsafeMutablePointer<UInt8>
    private var place: UnsafeMutablePointer<UInt8>
    private let room: Int
    private var bits: UInt64 = 0
    private var bitCount = 0

    init(_ start: UnsafeMutablePointer<UInt8>, room: Int) {
        self.start = start
        self.place = start
        self.room = room
    }

    func hasRoom(for more: Int) -> Bool { (place - start) * 8 + bitCount + more <= room * 8 }

    /// Up to 16 bits.
    @inline(__always)
    mutating func write(_ value: UInt64, bits count: Int) {
        bits |= value &<< UInt64(truncatingIfNeeded: bitCount)
        bitCount &+= count
        if bitCount >= 32 { flush() }
    }

    @inline(__always)
    mutating func write(_ word: UInt32) { write(UInt64(word & 0xFFFF), bits: Int(word &>> 16)) }

    @inline(__always)
    private mutating func flush() {
        UnsafeMutableRawPointer(place).storeBytes(of: UInt32(truncatingIfNeeded: bits).littleEndian, as: UInt32.self)
        place += 4
        bits &>>= 32
        bitCount &-= 32
    }

    /// The last bits, filled up to a byte, then the checksum; returns where the bytes end.
    mutating func finish(checksum: UInt32) -> UnsafeMutablePointer<UInt8> {
        while bitCount > 0 {
            place.pointee = UInt8(truncatingIfNeeded: bits)
            place += 1
            bits &>>= 8
            bitCount -= 8
        }
        UnsafeMutableRawPointer(place).storeBytes(of: checksum.bigEndian, as: UInt32.self)
        return place + 4
    }
}
