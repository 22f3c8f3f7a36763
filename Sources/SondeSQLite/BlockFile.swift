// SPDX-License-Identifier: Apache-2.0
// Reads blocks chunk by chunk inside one read transaction, through the shared cache. Every failure names the block.

import SondeModel
import SondeStorage

/// The file as one transaction sees it. Not to be kept beyond it.
struct BlockFile {
    let connection: Connection
    let cache: BlockCache
    let catalog: Catalog

    /// The content of one chunk; not cached.
    func chunk(_ table: BlobTable, _ block: Int64, _ index: Int) throws(ReadError) -> [UInt8] {
        do {
            guard let (blob, count) = try connection.openBlob(table, row: block) else {
                throw Self.damaged(table, block, Damage("its row is missing"))
            }
            let directory = try directory(table, block, blob, count)
            guard index < directory.entries.count else {
                throw Self.damaged(table, block, Damage("chunk \(index) is missing"))
            }
            let stored = try connection.read(blob, directory.entries[index].range)
            let content: Result<[UInt8], Damage> = stored.withUnsafeBufferPointer { stored in
                do throws(Damage) { return .success(try directory.content(index, stored: stored)) } catch {
                    return .failure(error)
                }
            }
            do { return try content.get() } catch { throw Self.damaged(table, block, error) }
        } catch let error as ReadError {
            throw error
        } catch let error as SQLiteError {
            throw Self.failed(error)
        } catch {
            preconditionFailure("reading a chunk throws what it declares")
        }
    }

    /// A decoded part, from the cache or made by `decode`.
    func part<Part: CachedPart>(
        _ table: BlobTable, _ block: Int64, _ index: Int,
        _ decode: (UnsafeBufferPointer<UInt8>) throws(Damage) -> Part
    ) throws(ReadError) -> Part {
        let key = BlockCache.Key(table: table, block: block, part: index)
        if let known = cache.part(key, as: Part.self) { return known }
        let content = try chunk(table, block, index)
        let part = try Self.decode(table, block, content, decode)
        cache.insert(part, for: key)
        return part
    }

    static func decode<Part>(
        _ table: BlobTable, _ block: Int64, _ content: [UInt8],
        _ decode: (UnsafeBufferPointer<UInt8>) throws(Damage) -> Part
    ) throws(ReadError) -> Part {
        let result: Result<Part, Damage> = content.withUnsafeBufferPointer { bytes in
            do throws(Damage) { return .success(try decode(bytes)) } catch { return .failure(error) }
        }
        do throws(Damage) { return try result.get() } catch { throw damaged(table, block, error) }
    }

    /// How many chunks a blob has.
    func chunkCount(_ table: BlobTable, _ block: Int64) throws(ReadError) -> Int {
        do {
            guard let (blob, count) = try connection.openBlob(table, row: block) else {
                throw Self.damaged(table, block, Damage("its row is missing"))
            }
            return try directory(table, block, blob, count).entries.count
        } catch let error as ReadError {
            throw error
        } catch let error as SQLiteError {
            throw Self.failed(error)
        } catch {
            preconditionFailure("reading a directory throws what it declares")
        }
    }

    private func directory(
        _ table: BlobTable, _ block: Int64, _ blob: OpaquePointer, _ count: Int
    ) throws -> ChunkDirectory {
        let key = BlockCache.Key(table: table, block: block, part: -1)
        if let known = cache.part(key, as: CachedDirectory.self) { return known.directory }
        guard count >= ChunkLayout.headerBytes else { throw Self.damaged(table, block, Damage("it is cut short")) }
        var bytes = try connection.read(blob, 0..<min(count, Limits.headerReadAhead))
        let size = try Self.decode(table, block, bytes) { bytes throws(Damage) in try ChunkDirectory.size(header: bytes)
        }
        guard size <= count else { throw Self.damaged(table, block, Damage("it is cut short")) }
        if size > bytes.count { bytes = try connection.read(blob, 0..<size) }
        let directory = try Self.decode(table, block, bytes) { bytes throws(Damage) in
            try ChunkDirectory(UnsafeBufferPointer(rebasing: bytes[..<size]), blobCount: count)
        }
        cache.insert(CachedDirectory(directory), for: key)
        return directory
    }

    static func damaged(_ table: BlobTable, _ block: Int64, _ damage: Damage) -> ReadError {
        .failed(
            "cannot read block \(block) (\(table.rawValue)): \(damage.what); the file is damaged, the other blocks are "
                + "still readable")
    }

    static func failed(_ error: SQLiteError) -> ReadError { .failed("cannot read the database: \(error.message)") }
}

private final class CachedDirectory: CachedPart {
    let directory: ChunkDirectory
    var cost: Int { directory.entries.count * MemoryLayout<ChunkDirectory.Entry>.stride + 64 }

    init(_ directory: ChunkDirectory) { self.directory = directory }
}
