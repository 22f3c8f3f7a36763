// SPDX-License-Identifier: Apache-2.0
// In which blocks a trace may lie that may lie in several: found once for all traces, where a pass over every trace would
// otherwise look into every block for each.

struct RepeatedFingerprints {
    /// Fingerprint in the upper half, place of the block in the catalog in the lower; sorted, none that occurs once.
    private(set) var entries: [UInt64] = []

    init(_ blocks: [SpanBlockInfo]) {
        var all: [UInt64] = []
        all.reserveCapacity(blocks.reduce(0) { $0 + $1.fingerprints.count })
        for (place, block) in blocks.enumerated() {
            for fingerprint in block.fingerprints { all.append(Self.entry(fingerprint, place)) }
        }
        all.sort()
        self.init(sorted: all)
    }

    /// Keeps those of some entries whose fingerprint occurs again.
    init(sorted all: [UInt64]) {
        var index = 0
        while index < all.count {
            var next = index + 1
            while next < all.count, all[next] >> 32 == all[index] >> 32 { next += 1 }
            if next > index + 1 { entries += all[index..<next] }
            index = next
        }
    }

    static func entry(_ fingerprint: UInt32, _ place: Int) -> UInt64 { UInt64(fingerprint) << 32 | UInt64(place) }

    /// The place of an entry's block.
    static func place(_ entry: UInt64) -> Int { Int(entry & 0xFFFF_FFFF) }

    func contains(_ fingerprint: UInt32) -> Bool {
        let first = start(of: fingerprint)
        return first < entries.count && entries[first] >> 32 == UInt64(fingerprint)
    }

    /// The blocks, in order of arrival; none for a fingerprint that occurs once.
    func places(of fingerprint: UInt32) -> [Int] {
        var places: [Int] = []
        for entry in entries[start(of: fingerprint)...] {
            guard entry >> 32 == UInt64(fingerprint) else { break }
            let place = Self.place(entry)
            // Two traces of a block may share one.
            if places.last != place { places.append(place) }
        }
        return places
    }

    private func start(of fingerprint: UInt32) -> Int { entries.partitionIndex { $0 >> 32 >= UInt64(fingerprint) } }
}
