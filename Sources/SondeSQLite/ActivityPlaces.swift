// SPDX-License-Identifier: Apache-2.0
// Which traces of some blocks may lie in other blocks too, and in which: found once for all traces.

struct ActivityPlaces {
    private let repeated: RepeatedFingerprints
    /// By place in the catalog whether a block is one of those asked for.
    let isAsked: [Bool]
    /// By place in the catalog whether a block has such a trace.
    let isShared: [Bool]

    /// - Parameter asked: places in the catalog of the blocks whose traces are asked for, in order.
    init(_ blocks: [SpanBlockInfo], asked: [Int]) {
        var isAsked = Array(repeating: false, count: blocks.count)
        for place in asked { isAsked[place] = true }
        self.isAsked = isAsked
        var all: [UInt64] = []
        all.reserveCapacity(asked.reduce(0) { $0 + blocks[$1].fingerprints.count })
        for place in asked {
            for fingerprint in blocks[place].fingerprints { all.append(RepeatedFingerprints.entry(fingerprint, place)) }
        }
        all.sort()
        if asked.count < blocks.count {
            var others: [UInt64] = []
            for (place, block) in blocks.enumerated() where !isAsked[place] {
                for fingerprint in block.fingerprints where Self.contains(all, fingerprint) {
                    others.append(RepeatedFingerprints.entry(fingerprint, place))
                }
            }
            if !others.isEmpty {
                all += others
                all.sort()
            }
        }
        repeated = RepeatedFingerprints(sorted: all)
        var isShared = Array(repeating: false, count: blocks.count)
        for entry in repeated.entries { isShared[RepeatedFingerprints.place(entry)] = true }
        self.isShared = isShared
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
    func isRepeated(_ fingerprint: UInt32) -> Bool { repeated.contains(fingerprint) }

    /// The places of the blocks, in order of arrival; none for a fingerprint that occurs once.
    func places(of fingerprint: UInt32) -> [Int] { repeated.places(of: fingerprint) }
}
