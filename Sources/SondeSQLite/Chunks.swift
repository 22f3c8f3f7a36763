// SPDX-License-Identifier: Apache-2.0
// A blob of chunks behind a directory: how `hot` and `cold` lie in the file. A reader takes the directory, then only
// the chunks it needs; each is compressed and checked by itself.
//
//   header      u32 checksum of what follows up to the first chunk · u8 layout version · u8 0 · u16 number of chunks
//   directory   a chunk each: u8 codec (0 raw, 1 zlib) · 3 × u8 0 · u32 stored bytes · u32 raw bytes · u32 checksum
//   chunks      one after the other
//
// All numbers are little-endian.

import SondeModel

/// What a chunk's bytes are in the file. Values not named here belong to later versions.
enum Codec: UInt8 {
    case raw = 0
    case zlib = 1
}

enum ChunkLayout {
    /// Layout of the columns inside the chunks. Raise it with every change that an older reader cannot read.
    static let version: UInt8 = 2
    static let headerBytes = 8
    static let entryBytes = 16
}

/// Puts chunks together.
struct ChunkWriter: ~Copyable {
    struct Entry: BitwiseCopyable {
        var codec: UInt8
        var stored: UInt32
        var raw: UInt32
        var checksum: UInt32
    }

    private var entries = Buffer<Entry>()
    private var content = ByteBuffer(capacity: 1 << 16)

    /// Adds `chunk`, compressed if that makes it smaller and a compressor is given.
    mutating func add(_ chunk: borrowing ByteBuffer, compressor: inout Compressor?) {
        let start = content.count
        var codec = Codec.raw
        if compressor?.compress(chunk.elements, into: &content) == true { codec = .zlib }
        if codec == .raw { content.append(chunk.base, count: chunk.count) }
        let stored = UnsafeBufferPointer(start: content.base + start, count: content.count - start)
        entries.append(
            Entry(
                codec: codec.rawValue, stored: UInt32(stored.count), raw: UInt32(chunk.count),
                checksum: Hash64.checksum(stored)))
    }

    /// The blob; the writer is empty again.
    mutating func finish() -> [UInt8] {
        var directory = ByteBuffer()
        directory.append(ChunkLayout.version)
        directory.append(0)
        withUnsafeBytes(of: UInt16(entries.count).littleEndian) { directory.append($0) }
        for entry in entries.elements {
            directory.appendFixed(UInt32(entry.codec))
            directory.appendFixed(entry.stored)
            directory.appendFixed(entry.raw)
            directory.appendFixed(entry.checksum)
        }
        var head = ByteBuffer()
        head.appendFixed(Hash64.checksum(directory.elements))
        head.append(directory.base, count: directory.count)
        let size = head.count + content.count
        let blob = [UInt8](unsafeUninitializedCapacity: size) { bytes, written in
            guard let start = bytes.baseAddress else { return }
            start.update(from: head.base, count: head.count)
            (start + head.count).update(from: content.base, count: content.count)
            written = size
        }
        entries.removeAll()
        content.removeAll()
        return blob
    }
}

/// The directory of a blob.
struct ChunkDirectory: Sendable {
    struct Entry: Sendable {
        var codec: UInt8
        var range: Range<Int>
        var rawCount: Int
        var checksum: UInt32
    }

    let entries: [Entry]

    /// How long the directory is, told by the first eight bytes of the blob.
    static func size(header: UnsafeBufferPointer<UInt8>) throws(Damage) -> Int {
        var reader = ByteReader(header)
        _ = try reader.fixed32()
        let version = try reader.byte()
        guard version <= ChunkLayout.version else {
            throw Damage("it has layout \(version), this version of sonde knows up to \(ChunkLayout.version)")
        }
        _ = try reader.byte()
        let count = Int(try reader.byte()) | Int(try reader.byte()) << 8
        return ChunkLayout.headerBytes + count * ChunkLayout.entryBytes
    }

    /// Reads the directory, header included; `blobCount` is the size of the whole blob.
    init(_ bytes: UnsafeBufferPointer<UInt8>, blobCount: Int) throws(Damage) {
        var reader = ByteReader(bytes)
        let checksum = try reader.fixed32()
        guard checksum == Hash64.checksum(UnsafeBufferPointer(rebasing: bytes[4...])) else {
            throw Damage("its directory does not match its checksum")
        }
        _ = try reader.fixed32()
        var entries: [Entry] = []
        var offset = bytes.count
        while !reader.isAtEnd {
            let codec = UInt8(truncatingIfNeeded: try reader.fixed32())
            let stored = Int(try reader.fixed32())
            let raw = Int(try reader.fixed32())
            guard stored <= blobCount - offset, raw <= Limits.chunkBytes else { throw Damage("it is cut short") }
            guard codec != Codec.zlib.rawValue || raw <= stored * Limits.inflation else {
                throw Damage("a chunk of \(stored) bytes cannot hold \(raw)")
            }
            entries.append(
                Entry(codec: codec, range: offset..<(offset + stored), rawCount: raw, checksum: try reader.fixed32()))
            offset += stored
        }
        self.entries = entries
    }

    /// The content of chunk `index`, whose stored bytes are given.
    func content(_ index: Int, stored: UnsafeBufferPointer<UInt8>) throws(Damage) -> [UInt8] {
        let entry = entries[index]
        guard Hash64.checksum(stored) == entry.checksum else {
            throw Damage("chunk \(index) does not match its checksum")
        }
        switch Codec(rawValue: entry.codec) {
        case .raw: return Array(stored)
        case .zlib: return try Inflate.bytes(of: stored, size: entry.rawCount)
        case nil: throw Damage("chunk \(index) is packed with codec \(entry.codec), which this version of sonde lacks")
        }
    }
}
