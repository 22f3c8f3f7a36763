// SPDX-License-Identifier: Apache-2.0
// The filter over the blocks of a merge never misses a pair or a service that has it, and seldom cries wolf.

import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("Filters over merges") struct PairFilterTests {
    private func pair(_ text: String) -> UInt64 { AttributeFilter.hash(key: "k", text: text) }

    /// The blocks of a filter that may have a pair.
    private func blocks(_ filter: [UInt8], having pair: UInt64, services: [Int]?) throws -> [Bool] {
        let chunks = try filter.withUnsafeBufferPointer { all in
            let size = try ChunkDirectory.size(header: all)
            let directory = try ChunkDirectory(UnsafeBufferPointer(rebasing: all[..<size]), blobCount: all.count)
            return try directory.entries.indices.map {
                try directory.content($0, stored: UnsafeBufferPointer(rebasing: all[directory.entries[$0].range]))
            }
        }
        let head = try chunks[0].withUnsafeBufferPointer { bytes throws(Damage) in try PairFilterHead(bytes) }
        let chunk = chunks[head.chunk(of: pair)]
        return try head.blocks.indices.map {
            try head.mayHold(pair, services: services, block: $0, chunk: chunk)
        }
    }

    private func block(_ name: String, _ count: Int, service: UInt64) -> BlockPairs {
        let pairs = (0..<count).map { pair("\(name) \($0)") }
        return BlockPairs(pairs: pairs, owned: pairs.map { .init(pair: $0, service: service) })
    }

    @Test func withoutPairsThereIsNone() {
        #expect(PairFilter.encode([]) == nil)
        #expect(PairFilter.encode([BlockPairs(), BlockPairs()]) == nil)
    }

    @Test(arguments: [1, 40, 5_000]) func findsEverythingPutIn(count: Int) throws {
        let filter = try #require(
            PairFilter.encode([block("a", 5_000, service: 1), block("b", count, service: 2), BlockPairs()]))
        for number in 0..<count {
            #expect(try blocks(filter, having: pair("b \(number)"), services: [2])[1])
            #expect(try blocks(filter, having: pair("b \(number)"), services: nil)[1])
            #expect(try blocks(filter, having: pair("a \(number)"), services: [7, 1])[0])
        }
    }

    @Test func findsLittleElse() throws {
        let filter = try #require(PairFilter.encode([block("a", 4_000, service: 1), block("b", 2_000, service: 2)]))
        var nowhere = 0
        var elsewhere = 0
        for number in 0..<2_000 {
            nowhere += try blocks(filter, having: pair("c \(number)"), services: nil).count { $0 }
            elsewhere += try blocks(filter, having: pair("a \(number)"), services: [2])[0] ? 1 : 0
        }
        #expect(nowhere < 400, "of 4 000")
        #expect(elsewhere < 200, "of 2 000")
    }

    @Test func aBlockWithServicesThatAreNotToldApartMayHaveThemAll() throws {
        var all = block("a", 100, service: 0)
        all.hasOthers = true
        let filter = try #require(PairFilter.encode([all]))
        #expect(try (0..<100).allSatisfy { try blocks(filter, having: pair("a \($0)"), services: [900])[0] })
    }

    @Test func damageIsTold() throws {
        for bytes in [[], [2, 5, 5, 0], [1, 5, 5, 0, 1, 1, 1, 200, 1, 0], [1, 5, 5, 0, 0, 1, 1, 8, 0]] as [[UInt8]] {
            #expect(throws: Damage.self) { try bytes.withUnsafeBufferPointer { try PairFilterHead($0) } }
        }
        let head = try ([1, 5, 5, 0, 4, 4, 1, 8, 0] as [UInt8]).withUnsafeBufferPointer { try PairFilterHead($0) }
        #expect(throws: Damage.self) { try head.mayHold(.max, services: nil, block: 0, chunk: [1, 2]) }
    }

    /// Spans of seventy services, more than a block tells apart, each with a user of its own and one that all share.
    private func spans() -> [SpanRecord] {
        (0..<140).map { number in
            SpanRecord.sample(
                trace: number / 2 + 1, number + 1, service: "service-\(number / 2)",
                attributes: [
                    Attribute("user.id", .string("u-\(number / 2)")), Attribute("tenant", .string("shared")),
                    Attribute("tags", .array([.string("t-\(number)"), .string("both")])),
                ])
        }
    }

    @Test func aSearchByServiceAndValueFindsWhatEachServiceHas() async throws {
        try await withStore { store async throws in
            try await store.accept(codec.spanBatch(spans()))
            await store.settle()
            for number in 0..<70 {
                for (key, value, count) in [
                    ("user.id", "u-\(number)", 1), ("tenant", "shared", 1), ("user.id", "u-x", 0),
                ] {
                    var query = TraceQuery()
                    query.service = "service-\(number)"
                    query.attributes = [AttributeCondition(key: key, value: value)]
                    #expect(try await store.search(query).traces.count == count, "\(key)=\(value) of \(number)")
                }
            }
        }
    }

    @Test func valuesThatOnlyOtherServicesHaveLeaveABlockOut() async throws {
        try await withStore { store async throws in
            try await store.accept(codec.spanBatch(spans().filter { $0.traceID.low <= 40 }))
            await store.settle()
            let passed = try await store.reader.pool.read { file throws(ReadError) in
                var passed = 0
                for number in 0..<40 {
                    let pair = AttributeFilter.hash(key: "user.id", text: "u-\(number)")
                    let own = file.catalog.names.serviceIDs("service-\(number)")
                    let other = file.catalog.names.serviceIDs("service-\((number + 1) % 40)")
                    for block in file.catalog.blocks {
                        var (mine, others) = (PairSieve(pair, services: own), PairSieve(pair, services: other))
                        #expect(try mine.mayHold(block, file))
                        if try others.mayHold(block, file) { passed += 1 }
                    }
                }
                return passed
            }
            #expect(passed < 12)
        }
    }

    @Test func blocksThatOutliveTheFilterOfTheirMergeAreStillSearched() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder) { store async throws in
            try await store.accept(codec.spanBatch(spans()))
            await store.settle()
        }
        let connection = try Connection(path: folder.file("sonde.db"), mode: .readWrite)
        #expect(try connection.integer("SELECT count(*) FROM pairs") == 1)
        try connection.execute("DELETE FROM pairs")
        try await withStore(folder) { store async throws in
            var query = TraceQuery()
            query.service = "service-7"
            query.attributes = [AttributeCondition(key: "user.id", value: "u-7")]
            #expect(try await store.search(query).traces.count == 1)
        }
        #expect(try StoreCheck.run(path: folder.path).findings == [])
    }

    @Test func aFilterThatLacksAServiceIsFoundByACheck() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder) { store async throws in
            try await store.accept(codec.spanBatch(spans().filter { $0.traceID.low <= 40 }))
            await store.settle()
        }
        #expect(try StoreCheck.run(path: folder.path).findings == [])
        let connection = try Connection(path: folder.file("sonde.db"), mode: .readWrite)
        let empty = try #require(PairFilter.encode([block("other", 200, service: 1)]))
        let row = try connection.prepare("UPDATE pairs SET blob = ?")
        try empty.withUnsafeBytes { bytes in
            row.bind(bytes, at: 1)
            try row.run()
        }
        let findings = try StoreCheck.run(path: folder.path).findings
        #expect(findings.contains { $0.table == "pairs" && $0.remedy == .rebuildIndex })
    }
}
