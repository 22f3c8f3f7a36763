// SPDX-License-Identifier: Apache-2.0
// Reads blocks chunk by chunk inside one read transaction, through the shared cache. Every failure names the block.

import SondeModel
import SondeStorage

/// The file as one transaction sees it. Not to be kept beyond it.
struct BlockFile {
    let connection: Connection
    let cache: BlockCache
    let catalog: Catalog
    /// Whether reading ends when the task is cancelled that asks. Upkeep is not cut off in the middle.
    var endsWithTask = false

    /// Throws once nobody waits for the answer any more. Asked before every part of a block, which is little work, so that
    /// a question that is given up frees its connection at once.
    func goOn() throws(ReadError) {
        if endsWithTask, Task.isCancelled { throw .failed("the question was given up before its answer was found") }
    }

    /// The content of one chunk; not cached.
    func chunk(_ table: BlobTable, _ block: Int64, _ index: Int) throws(ReadError) -> [UInt8] {
        try withBlob(table, block) { blob, directory in
            guard index < directory.entries.count else { throw Damage("chunk \(index) is missing") }
            return try content(index, blob, directory)
        }
    }

    /// The first bytes of one chunk, at least `count` of them unless it is shorter; not cached.
    func chunk(_ table: BlobTable, _ block: Int64, _ index: Int, first count: Int) throws(ReadError) -> [UInt8] {
        try withBlob(table, block) { blob, directory in
            guard index < directory.entries.count else { throw Damage("chunk \(index) is missing") }
            return try connection.read(blob, directory.entries[index].range).withUnsafeBufferPointer {
                try directory.content(index, stored: $0, first: count)
            }
        }
    }

    /// The contents of all chunks.
    func allChunks(_ table: BlobTable, _ block: Int64) throws(ReadError) -> [[UInt8]] {
        try withBlob(table, block) { blob, directory in
            try directory.entries.indices.map { try content($0, blob, directory) }
        }
    }

    private func content(_ index: Int, _ blob: OpaquePointer, _ directory: ChunkDirectory) throws -> [UInt8] {
        try connection.read(blob, directory.entries[index].range).withUnsafeBufferPointer {
            try directory.content(index, stored: $0)
        }
    }

    /// Opens the blob of a block; every error becomes one that names the block.
    private func withBlob<R>(
        _ table: BlobTable, _ block: Int64, _ body: (OpaquePointer, ChunkDirectory) throws -> R
    ) throws(ReadError) -> R {
        try goOn()
        do {
            guard let (blob, count) = try connection.openBlob(table, row: block) else {
                throw Damage("its row is missing")
            }
            return try body(blob, try directory(table, block, blob, count))
        } catch let error as Damage {
            throw Self.damaged(table, block, error)
        } catch let error as ReadError {
            throw error
        } catch let error as SQLiteError {
            throw Self.failed(error)
        } catch {
            preconditionFailure("reading a chunk throws damage or an error of SQLite's")
        }
    }

    /// A decoded part, from the cache or made by `decode`.
    func part<Part: CachedPart>(
        _ table: BlobTable, _ block: Int64, _ index: Int,
        _ decode: (UnsafeBufferPointer<UInt8>) throws(Damage) -> Part
    ) throws(ReadError) -> Part {
        try goOn()
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

    /// The filters of a block of spans, one a slice.
    func filters(_ block: SpanBlockInfo) throws(ReadError) -> [Filter] {
        try goOn()
        let key = BlockCache.Key(table: .filter, block: block.id, part: 0)
        if let known = cache.part(key, as: CachedFilters.self) { return known.filters }
        var filters: [Filter] = []
        for content in try allChunks(.filter, block.id) {
            filters.append(try Self.decode(.filter, block.id, content, Filter.init))
        }
        cache.insert(CachedFilters(filters), for: key)
        return filters
    }

    private func directory(
        _ table: BlobTable, _ block: Int64, _ blob: OpaquePointer, _ count: Int
    ) throws -> ChunkDirectory {
        let key = BlockCache.Key(table: table, block: block, part: -1)
        if let known = cache.part(key, as: CachedDirectory.self) { return known.directory }
        guard count >= ChunkLayout.headerBytes else { throw Damage("it is cut short") }
        var bytes = try connection.read(blob, 0..<min(count, Limits.headerReadAhead))
        let size = try Self.decode(table, block, bytes) { bytes throws(Damage) in try ChunkDirectory.size(header: bytes)
        }
        guard size <= count else { throw Damage("it is cut short") }
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

private final class CachedFilters: CachedPart {
    let filters: [Filter]
    var cost: Int { filters.reduce(64) { $0 + $1.cost } }

    init(_ filters: [Filter]) { self.filters = filters }
}
