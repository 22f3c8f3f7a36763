// SPDX-License-Identifier: Apache-2.0
// One filter for all blocks that a merge has written: tells which of them have a key=value pair, and which have it on a
// span of a service, by one look into a few kilobytes. Without it a value that is nowhere costs a look into every block.
//
// Each block has a line of bits for every part of the range of hashes, and the lines of all blocks for one part lie side
// by side. A pair sets bits of its line, and further ones for each service whose spans have it.
//
//   chunk 0    u8 version 1 · u8 probes of a pair · u8 probes of a service · u8 0 · varint lines · varint lines a chunk ·
//              varint blocks · for each: varint bytes of its lines · u8 flags
//   chunk 1…   lines: for each the bytes of the first block, of the second, and so on
//
// Flag 1: some services of the block are not told apart; their pairs lie under service 0. The row has the id of the first
// block; the others have the ids that follow.

import SondeModel
import SondeStorage

/// What one block brings to the filter.
struct BlockPairs: Sendable {
    struct Owned: BitwiseCopyable, Sendable {
        var pair: UInt64
        var service: UInt64
    }

    /// The hashes of its pairs, values of arrays by themselves included.
    var pairs: [UInt64] = []
    /// The services whose spans have them.
    var owned: [Owned] = []
    /// Whether some are under service 0 for want of room.
    var hasOthers = false

    var bits: Int { pairs.count * PairFilter.pairProbes + owned.count * PairFilter.serviceProbes }
}

enum PairFilter {
    static let version: UInt8 = 1
    static let othersFlag: UInt8 = 1
    /// Bits that a pair sets: one block in 25 is looked into in vain for a value that is nowhere.
    static let pairProbes = 5
    /// Bits that a service sets besides: the same for a value that only others have.
    static let serviceProbes = 5
    /// Bytes of the widest line: one of the processor's.
    static let lineBytes = 64
    /// Bytes of a chunk of lines, about: what one look reads.
    static let chunkBytes = 4_096
    /// Tenths of a bit of line for each bit set: half of them are.
    static let tenthsPerBit = 15

    /// The line of a pair among so many.
    static func line(_ pair: UInt64, of lines: Int) -> Int { Int(((pair >> 32) &* UInt64(lines)) >> 32) }

    static func pairWord(_ pair: UInt64) -> UInt64 { Hash64.hash(pair, 0) }
    static func serviceWord(_ pair: UInt64, _ service: UInt64) -> UInt64 { Hash64.hash(pair, service &+ 1) }

    /// The place of a probe in a line of so many bits: twelve bits of the word for each.
    @inline(__always)
    static func bit(_ word: UInt64, _ probe: Int, _ bits: Int) -> Int {
        Int(truncatingIfNeeded: ((word &>> UInt64(probe &* 12) & 0xFFF) &* UInt64(bits)) &>> 12)
    }

    /// The filter of the blocks of one merge; nil if they have no pairs.
    static func encode(_ blocks: [BlockPairs]) -> [UInt8]? {
        guard let most = blocks.map(\.bits).max(), most > 0 else { return nil }
        let lines = max(1, (most * tenthsPerBit / 10 + lineBytes * 8 - 1) / (lineBytes * 8))
        let widths = blocks.map { block in
            min(lineBytes, max(8, (lineBytes * block.bits / most + 7) / 8 * 8))
        }
        let stride = widths.reduce(0, +)
        var content = [UInt8](repeating: 0, count: lines * stride)
        content.withUnsafeMutableBufferPointer { content in
            var offset = 0
            for (block, width) in zip(blocks, widths) {
                set(block, in: content, lines: lines, stride: stride, offset: offset, width: width)
                offset += width
            }
        }
        return chunks(content, blocks, widths, lines: lines, stride: stride)
    }

    private static func set(
        _ block: BlockPairs, in content: UnsafeMutableBufferPointer<UInt8>, lines: Int, stride: Int, offset: Int,
        width: Int
    ) {
        @inline(__always)
        func set(_ word: UInt64, _ probes: Int, line: Int) {
            let start = line &* stride &+ offset
            for probe in 0..<probes {
                let bit = bit(word, probe, width &* 8)
                content[start &+ bit &>> 3] |= 1 &<< UInt8(truncatingIfNeeded: bit & 7)
            }
        }
        for pair in block.pairs { set(pairWord(pair), pairProbes, line: line(pair, of: lines)) }
        for owned in block.owned {
            set(serviceWord(owned.pair, owned.service), serviceProbes, line: line(owned.pair, of: lines))
        }
    }

    private static func chunks(
        _ content: [UInt8], _ blocks: [BlockPairs], _ widths: [Int], lines: Int, stride: Int
    ) -> [UInt8] {
        let linesPerChunk = max(1, chunkBytes / stride)
        var writer = ChunkWriter()
        var none: Compressor?
        var chunk = ByteBuffer()
        for byte in [version, UInt8(pairProbes), UInt8(serviceProbes), 0] { chunk.append(byte) }
        chunk.appendVarint(lines)
        chunk.appendVarint(linesPerChunk)
        chunk.appendVarint(blocks.count)
        for (block, width) in zip(blocks, widths) {
            chunk.appendVarint(width)
            chunk.append(block.hasOthers ? othersFlag : 0)
        }
        writer.add(chunk, compressor: &none)
        for first in Swift.stride(from: 0, to: lines, by: linesPerChunk) {
            chunk.removeAll()
            content[(first * stride)..<(min(lines, first + linesPerChunk) * stride)].withUnsafeBytes {
                chunk.append($0)
            }
            writer.add(chunk, compressor: &none)
        }
        return writer.finish()
    }
}

/// Chunk 0, read back.
final class PairFilterHead: CachedPart {
    struct Block {
        /// Where its part of a line begins, and how long it is, in bytes.
        var offset: Int
        var width: Int
        var hasOthers: Bool
    }

    let lines: Int
    let linesPerChunk: Int
    let blocks: [Block]
    let stride: Int
    private let pairProbes: Int
    private let serviceProbes: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>) throws(Damage) {
        var reader = ByteReader(bytes)
        guard try reader.byte() == PairFilter.version else { throw Damage("its filter has an unknown version") }
        pairProbes = Int(try reader.byte())
        serviceProbes = Int(try reader.byte())
        _ = try reader.byte()
        lines = try reader.count()
        linesPerChunk = try reader.count()
        var blocks: [Block] = []
        var offset = 0
        for _ in 0..<(try reader.count()) {
            let width = try reader.count()
            guard width > 0, width <= PairFilter.lineBytes else { throw Damage("its filter has a line of no use") }
            let flags = try reader.byte()
            blocks.append(Block(offset: offset, width: width, hasOthers: flags & PairFilter.othersFlag != 0))
            offset += width
        }
        self.blocks = blocks
        stride = offset
        guard lines > 0, linesPerChunk > 0, !blocks.isEmpty, pairProbes <= 5, serviceProbes <= 5 else {
            throw Damage("its filter is of no use")
        }
    }

    var cost: Int { blocks.count * MemoryLayout<Block>.stride + 64 }

    /// The number of the chunk that has the line of a pair.
    func chunk(of pair: UInt64) -> Int { 1 + PairFilter.line(pair, of: lines) / linesPerChunk }

    /// Whether a block may have the pair, on a span of one of the services; `chunk` is the content of the pair's chunk.
    func mayHold(_ pair: UInt64, services: [Int]?, block: Int, chunk: [UInt8]) throws(Damage) -> Bool {
        let start = PairFilter.line(pair, of: lines) % linesPerChunk * stride
        guard start + stride <= chunk.count else { throw Damage("its filter is cut short") }
        let block = blocks[block]
        func has(_ word: UInt64, _ probes: Int) -> Bool {
            (0..<probes).allSatisfy { probe in
                let bit = PairFilter.bit(word, probe, block.width * 8)
                return chunk[start + block.offset + bit / 8] & 1 << UInt8(bit % 8) != 0
            }
        }
        guard has(PairFilter.pairWord(pair), pairProbes) else { return false }
        guard let services else { return true }
        if block.hasOthers, has(PairFilter.serviceWord(pair, 0), serviceProbes) { return true }
        return services.contains { has(PairFilter.serviceWord(pair, UInt64($0)), serviceProbes) }
    }
}

/// Tells for one pair which blocks may have it, merge by merge.
struct PairSieve {
    private let pair: UInt64
    /// The services of which one must have it; nil for any.
    private let services: [Int]?
    private var known: [Int64: Bool] = [:]

    init(_ pair: UInt64, services: [Int]?) {
        self.pair = pair
        self.services = services
    }

    mutating func mayHold(_ block: SpanBlockInfo, _ file: BlockFile) throws(ReadError) -> Bool {
        guard block.level > 0, file.catalog.hasPairFilters else { return true }
        if let known = known[block.id] { return known }
        guard let (first, head) = try file.pairFilter(over: block.id) else {
            known[block.id] = true
            return true
        }
        let chunk = try file.chunk(.pairs, first, head.chunk(of: pair))
        for number in head.blocks.indices {
            do throws(Damage) {
                known[first + Int64(number)] = try head.mayHold(pair, services: services, block: number, chunk: chunk)
            } catch { throw BlockFile.damaged(.pairs, first, error) }
        }
        return known[block.id] ?? true
    }
}

extension BlockFile {
    /// The filter of the merge that has written a block, and the id of the first block of it; nil where there is none: in
    /// files of earlier versions, for blocks that retention has cut anew, and for those that outlive the first.
    func pairFilter(over block: Int64) throws(ReadError) -> (first: Int64, head: PairFilterHead)? {
        let first: Int64
        do throws(SQLiteError) {
            let row = try connection.prepare("SELECT id FROM pairs WHERE id <= ? ORDER BY id DESC LIMIT 1")
            defer { row.reset() }
            row.bind(block, at: 1)
            guard try row.step() else { return nil }
            first = row.integer(0)
        } catch { throw Self.failed(error) }
        let head = try part(.pairs, first, 0) { bytes throws(Damage) in try PairFilterHead(bytes) }
        return block - first < Int64(head.blocks.count) ? (first, head) : nil
    }
}
