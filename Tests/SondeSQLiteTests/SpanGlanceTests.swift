// SPDX-License-Identifier: Apache-2.0
// What a search looks at first says the same as the whole slice.

import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("A glance at a slice")
struct SpanGlanceTests {
    @Test(arguments: [false, true])
    func saysWhatTheWholeSliceSays(isMerged: Bool) async throws {
        var dice = Dice(state: 3)
        try await withStore { store in
            try await store.accept(codec.spanBatch(RandomTelemetry.spans(300, traces: 50, &dice)))
            if isMerged { await store.settle() }
            try await Self.compare(store)
        }
    }

    /// Ends before starts, and times that wrap around: a difference alone does not tell which.
    @Test func durationsHoldAtTheEndsOfTime() async throws {
        let times: [(UInt64, UInt64)] = [
            (5, 3), (3, 5), (.max, 0), (0, .max), (.max, 5), (1 << 63, 1), (1, 1 << 63 + 5), (.max - 1, .max),
        ]
        for (number, (start, end)) in times.enumerated() {
            try await withStore { store in
                var span = SpanRecord.sample(UInt64(number) + 1)
                span.start = Timestamp(nanoseconds: start)
                span.end = Timestamp(nanoseconds: end)
                try await store.accept(codec.spanBatch([span]))
                try await Self.compare(store)
                var query = TraceQuery()
                query.minDuration = span.durationNanoseconds
                query.maxDuration = span.durationNanoseconds
                #expect(try await store.search(query).traces.count == 1, "\(start) to \(end)")
            }
        }
    }

    private static func compare(_ store: SQLiteStore) async throws {
        try await store.reader.pool.read { file throws(ReadError) in
            for block in file.catalog.blocks {
                let head = try file.head(block)
                for slice in head.slices.indices {
                    // The glance first: what is known already would answer for it.
                    let glance = try file.glance(block, slice, head)
                    let durations = try file.durations(block, slice, head).durations
                    let scan = try file.scan(block, slice, head)
                    #expect(glance.operations == scan.operations)
                    #expect(glance.states == scan.states)
                    #expect(durations == scan.operations.indices.map(scan.duration))
                }
            }
        }
    }

    @Test func theFirstBytesOfAChunkAreThoseOfTheWhole() throws {
        var compressor: Compressor? = Compressor()
        var chunk = ByteBuffer()
        for number in 0..<5_000 { chunk.appendVarint(number * number) }
        var packed = ByteBuffer()
        #expect(compressor?.compress(chunk.elements, into: &packed) == true)
        for count in [0, 1, 100, chunk.count] {
            #expect(try Inflate.bytes(of: packed.elements, first: count) == Array(chunk.array.prefix(count)))
        }
        #expect(throws: Damage.self) { try Inflate.bytes(of: packed.elements, first: chunk.count + 1) }
    }

    @Test func aFilterHoldsTheElementsOfArrays() {
        let value = AttributeValue.array([.int(1), .string("x")])
        let hashes = AttributeFilter.hashes(key: "k", value)
        #expect(hashes.contains(AttributeFilter.hash(key: "k", text: "x")))
        #expect(hashes.contains(AttributeFilter.hash(key: "k", text: "1")))
        #expect(hashes.contains(AttributeFilter.hash(key: "k", text: value.text)))
    }
}
