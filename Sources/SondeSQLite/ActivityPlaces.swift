// SPDX-License-Identifier: Apache-2.0
// Which traces of some blocks may lie in other blocks too, and in which: found once for all traces.

struct ActivityPlaces {
    /// Fingerprint in the upper half, place of the block in the catalog in the lower; sorted, none that occurs once.
    private var entries: [UInt64] = []
    /// By place in the catalog whether a block is one of those asked for.
    let isAsked: [Bool]
    /// By place in the catalog whether a block has such a trace.
    private(set) var isShared: [Bool]

    /// - Parameter asked: places in the catalog of the blocks whose traces are asked for, in order.
    init(_ blocks: [SpanBlockInfo], asked: [Int]) {
        var isAsked = Array(repeating: false, count: blocks.count)
        for place in asked { isAsked[place] = true }
        self.isAsked = isAsked
        isShared = Array(repeating: false, count: blocks.count)
        var all: [UInt64] = []
        all.reserveCapacity(asked.reduce(0) { $0 + blocks[$1].fingerprints.count })
        for place in asked {
            for fingerprint in blocks[place].fingerprints { all.append(UInt64(fingerprint) << 32 | UInt64(place)) }
        }
        all.sort()
        if asked.count < blocks.count {
            var others: [UInt64] = []
            for (place, block) in blocks.enumerated() where !isAsked[place] {
                for fingerprint in block.fingerprints where Self.contains(all, fingerprint) {
                    others.append(UInt64(fingerprint) << 32 | UInt64(place))
                }
            }
            if !others.isEmpty {
                all += others
                all.sort()
            }
        }
        keepRepeated(all)
    }

    private mutating func keepRepeated(_ all: [UInt64]) {
        var index = 0
        while index < all.count {
            var next = index + 1
            while next < all.count, all[next] >> 32 == all[index] >> 32 { next += 1 }
            if next > index + 1 {
                entries += all[index..<next]
                for entry in all[index..<next] { isShared[Int(entry & 0xFFFF_FFFF)] = true }
            }
            index = next
        }
    }

    /// Fingerprints are evenly spread, so that a guess by proportion lands near the right place.
    private static func contains(_ sorted: [UInt64], _ fingerprint: UInt32) -> Bool {
        sorted.withUnsafeBufferPointer { sorted in
            guard !sorted.isEmpty else { return false }
            let wanted = UInt64(fingerprint)
            var place = Int(wanted * UInt64(sorted.count) >> 32)
            while place > 0, sorted[place] >> 32 >= wanted { place -= 1 }
            while place < sorted.count, sorted[place] >> 32 < wanted { place += 1 }
            return place < sorted.count && sorted[place] >> 32 == wanted
        }
    }

    /// Whether a trace with this fingerprint may lie in more than one block.
    func isRepeated(_ fingerprint: UInt32) -> Bool {
        let first = start(of: fingerprint)
        return first < entries.count && entries[first] >> 32 == UInt64(fingerprint)
    }

    /// The places of the blocks, in order of arrival; none for a fingerprint that occurs once.
    func places(of fingerprint: UInt32) -> [Int] {
        var places: [Int] = []
        for entry in entries[start(of: fingerprint)...] {
            guard entry >> 32 == UInt64(fingerprint) else { break }
            let place = Int(entry & 0xFFFF_FFFF)
            // Two traces of a block may share one.
            if places.last != place { places.append(place) }
        }
        return places
    }

    private func start(of fingerprint: UInt32) -> Int { entries.partitionIndex { $0 >> 32 >= UInt64(fingerprint) } }
}
