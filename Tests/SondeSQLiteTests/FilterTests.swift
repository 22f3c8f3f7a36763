// SPDX-License-Identifier: Apache-2.0
// Filters never miss, and seldom cry wolf.

import Testing

@testable import SondeSQLite

@Suite("Filters")
struct FilterTests {
    private func filter(_ hashes: [UInt64]) throws -> Filter {
        var builder = FilterBuilder()
        for hash in hashes { builder.insert(hash) }
        var chunk = ByteBuffer()
        builder.finish(into: &chunk)
        return try Filter(chunk.elements)
    }

    @Test(arguments: [0, 1, 1_000])
    func containEverythingPutIn(count: Int) throws {
        let hashes = (0..<count).map { AttributeFilter.hash(key: "k", text: "\($0)") }
        let filter = try filter(hashes)
        #expect(hashes.allSatisfy(filter.mayContain))
    }

    @Test func containLittleElse() throws {
        let filter = try filter((0..<1_000).map { AttributeFilter.hash(key: "k", text: "\($0)") })
        let wrong = (0..<10_000).count { filter.mayContain(AttributeFilter.hash(key: "k", text: "no \($0)")) }
        #expect(wrong < 200)
    }

    @Test func aCutFilterIsRefused() throws {
        var builder = FilterBuilder()
        builder.insert(1)
        var chunk = ByteBuffer()
        builder.finish(into: &chunk)
        let bytes = chunk.array.dropLast()
        #expect(throws: Damage.self) { try Array(bytes).withUnsafeBufferPointer { try Filter($0) } }
    }

    @Test func aNeedleAsksForGroupsOfItsWordsOnly() {
        #expect(LogFilter.hashes(of: "a b").isEmpty)
        #expect(LogFilter.hashes(of: "abc").count == 1)
        #expect(LogFilter.hashes(of: "abcdefg").count == 2)
        #expect(LogFilter.hashes(of: "ABC") == LogFilter.hashes(of: "abc"))
        #expect(LogFilter.hashes(of: "abc def") == LogFilter.hashes(of: "abc") + LogFilter.hashes(of: "def"))
    }
}
