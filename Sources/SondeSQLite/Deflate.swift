// SPDX-License-Identifier: Apache-2.0
// zlib streams of chunks. They are read by zlib and written here, with half the instructions that zlib takes at its
// fastest: chunks are columns of small numbers and texts, for which one look at where four bytes were last met finds
// nearly what a search finds.
//
//   stream   2 bytes of header · blocks · u32 checksum of the content (RFC 1950)
//   block    u1 last · u2 kind: 2, with codes of its own · the lengths of these codes · tokens · the end (RFC 1951)
//   token    a byte · or a match: so many bytes that came so far back

import CZlib

/// Compresses chunks, one after the other.
struct Compressor: ~Copyable {
    /// By the hash of four bytes: where they were last met, counted on from chunk to chunk, so that nothing need be
    /// cleared.
    private var places = Buffer<UInt32>()
    /// The number of the first byte of the chunk at hand.
    private var origin: UInt32 = 1
    /// Of the block at hand: a byte, `byte << 16`, or a match, `length << 16 | distance`.
    private var tokens = Buffer<UInt32>()
    private var tokenCount = 0
    /// Bits of lengths and distances beside their symbols.
    private var extraBits = 0
    private var literals = PrefixCode(symbols: 286, longest: 15)
    private var distances = PrefixCode(symbols: 30, longest: 15)
    private var codeLengths = CodeLengths()

    private static let hashBits: UInt32 = 13
    private static let leastMatch = 4
    private static let mostMatch = 258
    private static let window = 32_768
    /// Tokens that share codes: enough to pay for them, and few enough to follow what changes from column to column.
    private static let blockTokens = 16_384
    private static let endOfBlock = 256

    init() {
        places.fill(0, count: 1 << Int(Self.hashBits))
        tokens.fill(0, count: Self.blockTokens)
    }

    /// Appends the compressed form of `bytes`; false, with nothing appended, if that would not be smaller.
    mutating func compress(_ bytes: UnsafeBufferPointer<UInt8>, into output: inout ByteBuffer) -> Bool {
        guard let source = bytes.baseAddress, bytes.count > 32 else { return false }
        var isSmaller = true
        output.appendUninitialized(bytes.count + BitWriter.slack) { place in
            var writer = BitWriter(place, room: bytes.count - 7)
            // Deflate with a window of 32 KiB.
            writer.write(0x0178, bits: 16)
            isSmaller = writeBlocks(source, bytes.count, &writer)
            guard isSmaller else { return 0 }
            let checksum = UInt32(truncatingIfNeeded: adler32(1, source, UInt32(bytes.count)))
            return writer.finish(checksum: checksum) - place
        }
        return isSmaller
    }

    /// Writes all blocks; false as soon as they do not fit.
    private mutating func writeBlocks(
        _ source: UnsafePointer<UInt8>, _ count: Int, _ writer: inout BitWriter
    ) -> Bool {
        if UInt32.max - origin <= UInt32(count) {
            places.fill(0, count: places.count)
            origin = 1
        }
        defer { origin += UInt32(count) }
        var place = 0
        repeat {
            place = gather(source, from: place, count)
            literals.build()
            distances.build()
            codeLengths.build(literals, distances)
            let bits = 3 + codeLengths.bitCount + literals.bitCount + distances.bitCount + extraBits
            guard writer.hasRoom(for: bits) else { return false }
            writer.write(place == count ? 5 : 4, bits: 3)
            codeLengths.write(into: &writer)
            writeTokens(into: &writer)
        } while place < count
        return true
    }

    // MARK: Tokens

    /// Gathers and counts the tokens of a block from `start` on; returns where they end.
    private mutating func gather(_ source: UnsafePointer<UInt8>, from start: Int, _ count: Int) -> Int {
        literals.begin()
        distances.begin()
        literals.counts[Self.endOfBlock] = 1
        extraBits = 0
        var place = start
        let last = count &- Self.leastMatch
        let raw = UnsafeRawPointer(source)
        let places = places.base
        let origin = origin
        let counts = literals.counts.base
        let tokens = self.tokens.base
        var next = 0
        while place <= last, next < Self.blockTokens {
            let word = raw.loadUnaligned(fromByteOffset: place, as: UInt32.self)
            let slot = places + Int((word &* 0x9E37_79B1) &>> (32 &- Self.hashBits))
            let known = slot.pointee
            let number = origin &+ UInt32(truncatingIfNeeded: place)
            slot.pointee = number
            let distance = Int(number &- known)
            if known >= origin, distance <= Self.window,
                raw.loadUnaligned(fromByteOffset: place &- distance, as: UInt32.self) == word
            {
                let length = Self.matchLength(raw + place, distance, room: min(Self.mostMatch, count &- place))
                countMatch(length: length, distance: distance)
                tokens[next] = UInt32(truncatingIfNeeded: length &<< 16 | distance)
                place &+= length
            } else {
                let byte = Int(source[place])
                counts[byte] &+= 1
                tokens[next] = UInt32(truncatingIfNeeded: byte &<< 16)
                place &+= 1
            }
            next &+= 1
        }
        while place > last, place < count, next < Self.blockTokens {
            counts[Int(source[place])] &+= 1
            tokens[next] = UInt32(source[place]) << 16
            place &+= 1
            next &+= 1
        }
        tokenCount = next
        return place
    }

    @inline(__always)
    private static func matchLength(_ bytes: UnsafeRawPointer, _ distance: Int, room: Int) -> Int {
        let model = bytes - distance
        var length = leastMatch
        while length &+ 8 <= room {
            let difference =
                bytes.loadUnaligned(fromByteOffset: length, as: UInt64.self).littleEndian
                ^ model.loadUnaligned(fromByteOffset: length, as: UInt64.self).littleEndian
            if difference != 0 { return length &+ difference.trailingZeroBitCount &>> 3 }
            length &+= 8
        }
        while length < room,
            bytes.load(fromByteOffset: length, as: UInt8.self)
                == model.load(fromByteOffset: length, as: UInt8.self)
        { length &+= 1 }
        return length
    }

    @inline(__always)
    private mutating func countMatch(length: Int, distance: Int) {
        let first = Self.symbol(length: length)
        let second = Self.symbol(distance: distance)
        literals.counts.base[first.symbol] &+= 1
        distances.counts.base[second.symbol] &+= 1
        extraBits &+= first.bits &+ second.bits
    }

    /// The symbol for a length, and the bits that follow it: four symbols for each power of two from 8 on.
    @inline(__always)
    private static func symbol(length: Int) -> (symbol: Int, bits: Int, extra: Int) {
        let rest = length &- 3
        if rest < 8 { return (257 &+ rest, 0, 0) }
        if length == mostMatch { return (285, 0, 0) }
        let bits = 61 &- rest.leadingZeroBitCount
        return (261 &+ bits &* 4 &+ (rest &>> bits) & 3, bits, rest & (1 &<< bits &- 1))
    }

    /// The symbol for a distance, and the bits that follow it: two symbols for each power of two from 4 on.
    @inline(__always)
    private static func symbol(distance: Int) -> (symbol: Int, bits: Int, extra: Int) {
        let rest = distance &- 1
        if rest < 4 { return (rest, 0, 0) }
        let bits = 62 &- rest.leadingZeroBitCount
        return (2 &+ bits &* 2 &+ (rest &>> bits) & 1, bits, rest & (1 &<< bits &- 1))
    }

    private borrowing func writeTokens(into output: inout BitWriter) {
        var writer = output
        let literals = literals.words.base
        let distances = distances.words.base
        for index in 0..<tokenCount {
            let token = tokens.base[index]
            let length = Int(token &>> 16)
            let distance = Int(token & 0xFFFF)
            guard distance > 0 else {
                writer.write(literals[length])
                continue
            }
            let first = Self.symbol(length: length)
            writer.write(literals[first.symbol])
            writer.write(UInt64(truncatingIfNeeded: first.extra), bits: first.bits)
            let second = Self.symbol(distance: distance)
            writer.write(distances[second.symbol])
            writer.write(UInt64(truncatingIfNeeded: second.extra), bits: second.bits)
        }
        writer.write(literals[Self.endOfBlock])
        output = writer
    }
}

enum Inflate {
    /// The `size` bytes that `compressed` stands for.
    static func bytes(of compressed: UnsafeBufferPointer<UInt8>, size: Int) throws(Damage) -> [UInt8] {
        var code = Z_OK
        var length = UInt(size)
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { output, written in
            code = uncompress(output.baseAddress, &length, compressed.baseAddress, UInt(compressed.count))
            written = code == Z_OK ? Int(length) : 0
        }
        guard code == Z_OK, bytes.count == size else { throw Damage("zlib cannot inflate it (\(code))") }
        return bytes
    }
}
