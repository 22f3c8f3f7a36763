// SPDX-License-Identifier: Apache-2.0
// Wrong bytes whose checksums match, as a fault in memory or in a version of ours could leave them: readers, merges and
// the check say so, and never trap.

import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("Wrong bytes with right checksums") struct WrongBytesTests {
    private static let tables: [BlobTable] = [.hot, .cold, .filter, .pairs, .logHot, .logCold, .logFilter]

    private func fill(_ folder: TemporaryFolder) async throws {
        var dice = Dice(state: 3)
        try await withStore(folder) { store async throws in
            try await store.accept(codec.spanBatch(RandomTelemetry.spans(300, traces: 40, &dice)))
            try await store.accept(codec.logBatch(RandomTelemetry.logs(200, &dice)))
            await store.settle()
            try await store.accept(codec.spanBatch(RandomTelemetry.spans(100, traces: 40, &dice)))
            try await store.accept(codec.logBatch(RandomTelemetry.logs(50, &dice)))
        }
    }

    /// The contents of a blob's chunks.
    private func chunks(_ connection: Connection, _ table: BlobTable, _ id: Int64) throws -> [[UInt8]] {
        guard let (blob, count) = try connection.openBlob(table, row: id) else { return [] }
        let bytes = try connection.read(blob, 0..<count)
        connection.closeBlobs()
        return try bytes.withUnsafeBufferPointer { all in
            let size = try ChunkDirectory.size(header: all)
            let directory = try ChunkDirectory(UnsafeBufferPointer(rebasing: all[..<size]), blobCount: all.count)
            return try directory.entries.indices.map {
                try directory.content($0, stored: UnsafeBufferPointer(rebasing: all[directory.entries[$0].range]))
            }
        }
    }

    private func ids(_ connection: Connection, _ table: BlobTable) throws -> [Int64] {
        let rows = try connection.prepare("SELECT id FROM \(table.rawValue) ORDER BY id")
        defer { rows.reset() }
        var ids: [Int64] = []
        while try rows.step() { ids.append(rows.integer(0)) }
        return ids
    }

    private func store(_ chunks: [[UInt8]], _ connection: Connection, _ table: BlobTable, _ id: Int64) throws {
        var writer = ChunkWriter()
        var none: Compressor?
        for chunk in chunks {
            var buffer = ByteBuffer()
            buffer.append(chunk)
            writer.add(buffer, compressor: &none)
        }
        let row = try connection.prepare("UPDATE \(table.rawValue) SET blob = ? WHERE id = ?")
        try writer.finish().withUnsafeBytes { bytes in
            row.bind(bytes, at: 1)
            row.bind(id, at: 2)
            try row.run()
        }
    }

    private func mutate(_ chunks: inout [[UInt8]], _ dice: inout Dice) {
        let number = Int.random(in: 0..<chunks.count, using: &dice)
        switch Int.random(in: 0..<10, using: &dice) {
        case 0: chunks.remove(at: number)
        case 1: chunks.append(chunks[number])
        case 2: chunks[number].removeLast(min(chunks[number].count, Int.random(in: 1...40, using: &dice)))
        case 3: chunks[number] += [UInt8](repeating: 0xFF, count: Int.random(in: 1...40, using: &dice))
        default:
            for _ in 0..<Int.random(in: 1...3, using: &dice) where !chunks[number].isEmpty {
                // The heads of chunks, where counts stand, are hit as often as all the rest.
                let end = dice.chance(50) ? min(24, chunks[number].count) : chunks[number].count
                let place = Int.random(in: 0..<end, using: &dice)
                chunks[number][place] = dice.pick([0, 1, 2, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &dice)])
            }
        }
    }

    /// Asks everything; answers may be wrong, and errors are welcome.
    private func ask(_ path: String) async throws {
        let reader = try await SQLiteReader.open(path: path)
        var queries: [TraceQuery] = []
        for change in [
            { _ in }, { $0.attributes = [AttributeCondition(key: "tier", value: "gold")] }, { $0.service = "orders" },
            { $0.status = .error }, { $0.operation = "charge" },
        ] as [(inout TraceQuery) -> Void] {
            var query = TraceQuery()
            change(&query)
            queries.append(query)
        }
        for query in queries {
            _ = try? await reader.search(query)
        }
        for trace in 1...40 as ClosedRange<UInt64> { _ = try? await reader.trace(.sample(trace)) }
        for text in ["declined", nil] {
            var query = LogQuery()
            query.text = text
            _ = try? await reader.logs(query)
        }
        _ = try? await reader.statistics()
        await reader.close()
        _ = try? StoreCheck.run(path: path)
        try merge(path)
    }

    private func merge(_ path: String) throws {
        let connection = try Connection(path: path, mode: .readOnly)
        try connection.execute("BEGIN")
        let catalog = try Catalog.read(connection, known: .empty)
        var merger = BlockMerger()
        let file = BlockFile(connection: connection, cache: BlockCache(capacity: 1 << 20), catalog: catalog)
        _ = try? merger.merge(catalog.blocks, in: file)
        _ = try? merger.merge(catalog.logBlocks, in: file)
        connection.closeBlobs()
    }

    @Test(arguments: 0..<4) func areErrorsAndNoTraps(round: Int) async throws {
        let folder = try TemporaryFolder()
        try await fill(folder)
        let path = folder.file("sonde.db")
        var dice = Dice(state: UInt64(round) &* 0xD6E8_FEB8 &+ 11)
        let connection = try Connection(path: path, mode: .readWrite)
        for _ in 0..<40 {
            let table = dice.pick(Self.tables)
            let id = dice.pick(try ids(connection, table))
            let whole = try chunks(connection, table, id)
            var wrong = whole
            mutate(&wrong, &dice)
            try store(wrong, connection, table, id)
            try await ask(path)
            try store(whole, connection, table, id)
        }
        #expect(try StoreCheck.run(path: path).findings.allSatisfy { $0.what.contains("bytes, it has others") })
    }
}
