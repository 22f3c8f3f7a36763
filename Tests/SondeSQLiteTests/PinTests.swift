// SPDX-License-Identifier: Apache-2.0
// Pinned traces outlive retention, and nothing else does for their sake.

import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("Pins")
struct PinTests {
    private func spans(_ trace: UInt64, from first: UInt64 = 1, count: UInt64 = 5) -> [SpanRecord] {
        (first..<(first + count)).map { .sample(trace: trace, $0, parent: $0 - 1, start: Int64($0)) }
    }

    // Refusals.

    @Test func refusesMorePinsThanItsBoundInASentence() async throws {
        try await withStore { store async throws in
            let traces = UInt64(Limits.pins) + 1
            try await store.accept(codec.spanBatch((1...traces).map { .sample(trace: $0, 1) }))
            for trace in 1..<traces { _ = try await store.pin(.sample(trace), note: "") }
            let error = await #expect(throws: ReadError.self) { try await store.pin(.sample(traces), note: "") }
            #expect(error == .invalid("1000 traces are pinned, the most there can be; unpin one first"))
            // A pin that is there already only changes its note.
            #expect(try await store.pin(.sample(1), note: "again")?.note == "again")
        }
    }

    @Test func refusesATraceThatWouldTakeMoreThanItsShareOfTheDisk() async throws {
        try await withStore(nil, { $0.retention.maxBytes = 400_000 }) { store async throws in
            var dice = Dice(state: 1)
            let noisy = (1...400 as ClosedRange<UInt64>).map { id in
                SpanRecord.sample(
                    trace: 1, id,
                    attributes: [Attribute("n", .bytes((0..<300).map { _ in UInt8(truncatingIfNeeded: dice.next()) }))])
            }
            try await store.accept(codec.spanBatch(noisy))
            let error = await #expect(throws: ReadError.self) { try await store.pin(.sample(1), note: "") }
            #expect(error?.reason.contains("unpin some first") == true)
            #expect(try await store.pins().isEmpty)
        }
    }

    @Test func aFileOpenForReadingSaysThatItsPinsCannotChange() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder) { store async throws in
            try await store.accept(codec.spanBatch(spans(1)))
            _ = try await store.pin(.sample(1), note: "kept")
        }
        let reader = try await SQLiteReader.open(path: folder.path)
        #expect(try await reader.pins().map(\.note) == ["kept"])
        await #expect(throws: ReadError.self) { try await reader.pin(.sample(1), note: "") }
        await #expect(throws: ReadError.self) { try await reader.unpin(.sample(1)) }
        await reader.close()
    }

    // What a pin keeps.

    @Test(arguments: [true, false])
    func aPinnedTraceOutlivesItsAgeAndItsNeighboursDoNot(isMerged: Bool) async throws {
        let clock = ManualTime(.sample(ms: 0))
        let folder = try TemporaryFolder()
        let change = { (configuration: inout SQLiteStoreConfiguration) in
            configuration.now = { clock.now }
            configuration.retention.maxAge = .seconds(60)
        }
        try await withStore(folder, change) { store async throws in
            try await store.accept(codec.spanBatch(spans(1) + spans(2) + spans(3)))
            if isMerged { await store.settle() }
            _ = try await store.pin(.sample(2), note: "")
            clock.now = .sample(ms: 61_000)
            await store.settle()
            #expect(try await store.trace(.sample(2))?.spans == spans(2))
            #expect(try await store.trace(.sample(1)) == nil)
            let statistics = try await store.statistics()
            #expect(statistics.spans == 5 && statistics.traces == 1 && statistics.pinnedBytes > 0)
            #expect(try StoreCheck.run(path: folder.path).findings == [])
        }
        clock.now = .sample(ms: 1_000_000)
        try await withStore(folder, change) { store async throws in
            await store.settle()
            #expect(try await store.trace(.sample(2))?.spans == spans(2))
            #expect(try await store.unpin(.sample(2)))
            await store.settle()
            #expect(try await store.trace(.sample(2)) == nil)
            #expect(try await store.statistics().pinnedBytes == 0)
        }
    }

    @Test func spansThatArriveAfterThePinAreKeptAsWell() async throws {
        let clock = ManualTime(.sample(ms: 0))
        try await withStore(
            nil,
            {
                $0.now = { clock.now }
                $0.retention.maxAge = .seconds(60)
            }
        ) { store async throws in
            try await store.accept(codec.spanBatch(spans(1)))
            _ = try await store.pin(.sample(1), note: "")
            for round in 1...12 as ClosedRange<UInt64> {
                clock.now = .sample(ms: Int64(round) * 61_000)
                await store.settle()
                try await store.accept(codec.spanBatch(spans(1, from: 1 + round * 5) + spans(100 + round)))
                await store.settle()
            }
            clock.now = .sample(ms: 9_000_000)
            await store.settle()
            #expect(try await store.trace(.sample(1))?.spans.count == 65)
            #expect(try await store.statistics().traces == 1)
            // Small pinned blocks are merged among themselves, or each would be read for every question.
            #expect(try await store.statistics().blocks <= Limits.smallBlocksToMerge)
            // A copy of a span that was moved long ago is still the same span.
            try await store.accept(codec.spanBatch(spans(1)))
            await store.settle()
            #expect(try await store.statistics().spans == 65)
        }
    }

    @Test func aPinnedTraceOutlivesAFullDisk() async throws {
        let bound = 512 << 10
        var dice = Dice(state: 1)
        try await withStore(nil, { $0.retention.maxBytes = bound }) { store async throws in
            for trace in 1...120 as ClosedRange<UInt64> {
                let batch = (1...20 as ClosedRange<UInt64>).map { id in
                    let noise = (0..<500).map { _ in UInt8(truncatingIfNeeded: dice.next()) }
                    return SpanRecord.sample(trace: trace, id, attributes: [Attribute("noise", .bytes(noise))])
                }
                try await store.accept(codec.spanBatch(batch))
                if trace == 3 { _ = try await store.pin(.sample(3), note: "") }
                if trace % 20 == 0 { await store.settle() }
            }
            await store.settle()
            #expect(try await store.trace(.sample(3))?.spans.count == 20)
            #expect(try await store.trace(.sample(2)) == nil)
            #expect(try await store.trace(.sample(120))?.spans.count == 20)
        }
    }
}
