// SPDX-License-Identifier: Apache-2.0
// What a search looks at first in a slice of spans: operations and states, which lie before all else in their chunk, and
// durations. Most slices are put aside after that, so nothing more is inflated or decoded.

import SondeModel
import SondeStorage

/// The operation and the state of each span of a slice.
final class SpanGlance: CachedPart {
    let operations: [UInt32]
    let states: [UInt32]

    init(operations: [UInt32], states: [UInt32]) {
        self.operations = operations
        self.states = states
    }

    init(_ bytes: UnsafeBufferPointer<UInt8>, count: Int, operations limit: Int) throws(Damage) {
        var reader = ByteReader(bytes)
        operations = try reader.numbers(count, below: limit, "a span names an operation")
        states = try reader.numbers(count, below: .max, "a span is in a state")
    }

    var cost: Int { operations.count * 8 + 64 }

    /// The status of the span at `index` of the slice.
    func status(_ index: Int) -> StatusCode {
        StatusCode(rawValue: UInt8(truncatingIfNeeded: states[index]) & SpanState.statusMask) ?? .unset
    }
}

/// How long each span of a slice took, in nanoseconds.
final class SpanDurations: CachedPart {
    let durations: [UInt64]

    init(_ durations: [UInt64]) { self.durations = durations }

    /// Reads the differences between ends and starts and steps over the starts. Only for blocks whose starts and
    /// durations are far below the end of time, where a difference below zero means an end before the start.
    init(times: UnsafeBufferPointer<UInt8>, count: Int) throws(Damage) {
        guard count <= times.count / 2 else { throw Damage("a slice has fewer times than spans") }
        var reader = ByteReader(times)
        try reader.skipVarints(count)
        var damage: Damage?
        durations = [UInt64](unsafeUninitializedCapacity: count) { durations, written in
            do throws(Damage) {
                for index in 0..<count { durations[index] = UInt64(max(0, try reader.zigzag())) }
                written = count
            } catch { damage = error }
        }
        if let damage { throw damage }
    }

    var cost: Int { durations.count * 8 + 64 }
}

extension ByteReader {
    /// Steps over so many varints, up to eight bytes at a time: each ends with the byte that lacks the upper bit.
    mutating func skipVarints(_ count: Int) throws(Damage) {
        var left = count
        while left >= 8, let word = peekWord() {
            left -= (~word & 0x8080_8080_8080_8080).nonzeroBitCount
            try skip(bytes: 8)
        }
        while left > 0 {
            if try byte() < 0x80 { left -= 1 }
        }
    }
}

extension BlockFile {
    func glance(_ block: SpanBlockInfo, _ slice: Int, _ head: SpanHead) throws(ReadError) -> SpanGlance {
        try goOn()
        let chunkNumber = 2 + 3 * slice
        let key = BlockCache.Key(table: .hot, block: block.id, part: Self.glanceParts - chunkNumber)
        if let known = cache.part(key, as: SpanGlance.self) { return known }
        if let scan = cache.part(.init(table: .hot, block: block.id, part: chunkNumber), as: SpanScan.self) {
            return SpanGlance(operations: scan.operations, states: scan.states)
        }
        let count = head.slices[slice].count
        let width = head.operations.count <= 0x100 ? 1 : head.operations.count <= 0x1_0000 ? 2 : 4
        // States take a byte, and each of the two columns a byte or a number in front.
        let content = try chunk(.hot, block.id, chunkNumber, first: (width + 1) * count + 16)
        let glance = try Self.decode(.hot, block.id, content) { bytes throws(Damage) in
            try SpanGlance(bytes, count: count, operations: head.operations.count)
        }
        cache.insert(glance, for: key)
        return glance
    }

    func durations(_ block: SpanBlockInfo, _ slice: Int, _ head: SpanHead) throws(ReadError) -> SpanDurations {
        try goOn()
        let chunkNumber = 2 + 3 * slice
        let key = BlockCache.Key(table: .hot, block: block.id, part: Self.durationParts - chunkNumber)
        if let known = cache.part(key, as: SpanDurations.self) { return known }
        let isNear = block.lastStart < Self.farTime && block.zones.allSatisfy { $0.maxDuration < Self.farTime }
        let durations: SpanDurations
        if let scan = cache.part(.init(table: .hot, block: block.id, part: chunkNumber), as: SpanScan.self) {
            durations = SpanDurations(scan.operations.indices.map(scan.duration))
        } else if isNear {
            let times = try chunk(.hot, block.id, chunkNumber + 1)
            durations = try Self.decode(.hot, block.id, times) { times throws(Damage) in
                try SpanDurations(times: times, count: head.slices[slice].count)
            }
        } else {
            let scan = try scan(block, slice, head)
            durations = SpanDurations(scan.operations.indices.map(scan.duration))
        }
        cache.insert(durations, for: key)
        return durations
    }

    /// Parts of the cache, below those that have the numbers of chunks.
    private static let glanceParts = -1_000
    private static let durationParts = -1_000_000_000
    /// A time in 2116, or a duration of as many years.
    private static let farTime: UInt64 = 1 << 62
}
