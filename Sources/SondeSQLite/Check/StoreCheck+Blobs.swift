// SPDX-License-Identifier: Apache-2.0
// The blobs of blocks: directories, checksums, contents.

import SondeModel

extension StoreCheck {
    /// The contents of all chunks of a blob, and its size in the file. A chunk that cannot be had is nil, and told.
    struct BlobContents {
        var size: Int
        var chunks: [[UInt8]?]

        /// All chunks, if all could be had.
        var whole: [[UInt8]]? {
            let known = chunks.compactMap(\.self)
            return known.count == chunks.count ? known : nil
        }
    }

    /// Reads a blob whole; nil without a row or where its directory is damaged, which is told.
    mutating func contents(_ table: BlobTable, _ id: Int64) -> BlobContents? {
        let bytes: [UInt8]
        do throws(SQLiteError) {
            guard let (blob, count) = try connection.openBlob(table, row: id) else {
                add(StoreFinding(table.rawValue, row: id, "its row is missing", table.remedy))
                return nil
            }
            bytes = try connection.read(blob, 0..<count)
        } catch {
            add(StoreFinding(table.rawValue, row: id, "cannot be read: \(error.message)", table.remedy))
            return nil
        }
        let directory: ChunkDirectory
        do throws(Damage) { directory = try Self.directory(bytes) } catch {
            add(StoreFinding(table.rawValue, row: id, error.what, table.remedy))
            return nil
        }
        var contents = BlobContents(size: bytes.count, chunks: [])
        for (number, entry) in directory.entries.enumerated() {
            do throws(Damage) {
                contents.chunks.append(
                    try Self.decode(Array(bytes[entry.range])) { stored throws(Damage) in
                        try directory.content(number, stored: stored)
                    })
            } catch {
                contents.chunks.append(nil)
                // The sentence names the chunk itself where it is one of the directory's.
                let what = error.what.replacing("chunk \(number) ", with: "")
                add(StoreFinding(table.rawValue, row: id, chunk: number, what, table.remedy))
            }
        }
        return contents
    }

    private static func directory(_ bytes: [UInt8]) throws(Damage) -> ChunkDirectory {
        guard bytes.count >= ChunkLayout.headerBytes else { throw Damage("it is cut short") }
        let size = try decode(bytes) { bytes throws(Damage) in try ChunkDirectory.size(header: bytes) }
        guard size <= bytes.count else { throw Damage("it is cut short") }
        let directory = try decode(bytes) { whole throws(Damage) in
            try ChunkDirectory(UnsafeBufferPointer(rebasing: whole[..<size]), blobCount: bytes.count)
        }
        guard (directory.entries.last?.range.upperBound ?? size) == bytes.count else {
            throw Damage("it goes on behind its last chunk")
        }
        return directory
    }

    static func decode<Part>(
        _ content: [UInt8], _ body: (UnsafeBufferPointer<UInt8>) throws(Damage) -> Part
    ) throws(Damage) -> Part {
        let result: Result<Part, Damage> = content.withUnsafeBufferPointer { bytes in
            do throws(Damage) { return .success(try body(bytes)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    /// Decodes a part of a block; nil where it is damaged, which is told.
    mutating func part<Part>(
        _ table: BlobTable, _ id: Int64, chunk: Int, _ content: [UInt8]?,
        _ body: (UnsafeBufferPointer<UInt8>) throws(Damage) -> Part
    ) -> Part? {
        guard let content else { return nil }
        do throws(Damage) { return try Self.decode(content, body) } catch {
            add(StoreFinding(table.rawValue, row: id, chunk: chunk, error.what, table.remedy))
            return nil
        }
    }

    /// The chunk, if there is one and it could be had.
    static func chunk(_ contents: BlobContents, _ number: Int) -> [UInt8]? {
        contents.chunks.indices.contains(number) ? contents.chunks[number] : nil
    }
}

extension BlobTable {
    /// What would mend a blob that cannot be read: filters are told anew from the columns.
    fileprivate var remedy: StoreFinding.Remedy {
        self == .filter || self == .pairs || self == .logFilter ? .rebuildIndex : .dropBlock
    }
}
