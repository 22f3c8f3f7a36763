// SPDX-License-Identifier: Apache-2.0
// Blobs of chunks: they come back, and every damaged byte is noticed.

import Testing

@testable import SondeSQLite

@Suite("Chunks")
struct ChunksTests {
    private func blob(isCompressed: Bool) -> [UInt8] {
        var writer = ChunkWriter()
        var compressor = isCompressed ? Compressor() : nil
        for content in Self.contents {
            var chunk = ByteBuffer()
            chunk.append(content)
            writer.add(chunk, compressor: &compressor)
        }
        return writer.finish()
    }

    private static let contents: [[UInt8]] = [
        [], [1, 2, 3], Array(repeating: 7, count: 5_000), (0..<5_000).map { UInt8(truncatingIfNeeded: $0 &* $0) },
    ]

    private func read(_ blob: [UInt8]) throws -> [[UInt8]] {
        try blob.withUnsafeBufferPointer { bytes in
            guard bytes.count >= ChunkLayout.headerBytes else { throw Damage("short") }
            let size = try ChunkDirectory.size(header: bytes)
            guard size <= bytes.count else { throw Damage("short") }
            let directory = try ChunkDirectory(UnsafeBufferPointer(rebasing: bytes[..<size]), blobCount: bytes.count)
            return try directory.entries.indices.map {
                try directory.content($0, stored: UnsafeBufferPointer(rebasing: bytes[directory.entries[$0].range]))
            }
        }
    }

    @Test(arguments: [false, true])
    func comeBackAsTheyWere(isCompressed: Bool) throws {
        #expect(try read(blob(isCompressed: isCompressed)) == Self.contents)
    }

    @Test func areSmallerWhenCompressed() {
        #expect(blob(isCompressed: true).count < blob(isCompressed: false).count - 4_000)
    }

    @Test func anyChangedByteIsNoticed() {
        let whole = blob(isCompressed: true)
        for place in stride(from: 0, to: whole.count, by: 7) {
            var damaged = whole
            damaged[place] ^= 0x10
            #expect(throws: Damage.self) { try read(damaged) }
        }
    }

    @Test func anyCutIsNoticed() {
        let whole = blob(isCompressed: true)
        for count in stride(from: 0, to: whole.count, by: 11) {
            #expect(throws: Damage.self) { try read(Array(whole.prefix(count))) }
        }
    }

    @Test func aLaterLayoutIsRefusedWithASentence() {
        var later = blob(isCompressed: false)
        later[4] = 9
        #expect(throws: Damage("it has layout 9, this version of sonde knows up to 2")) { try read(later) }
    }
}
