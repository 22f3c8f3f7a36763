// SPDX-License-Identifier: Apache-2.0
// Chooses what to merge next: always a run of neighbours in the order of arrival, so that "later" keeps its meaning.

/// What the choice needs to know of a block.
struct MergeCandidate: Hashable {
    var level: Int
    var count: Int
    /// As stored.
    var bytes = 0
    /// Whether it could not be read, or is to wait.
    var isExcluded = false
    /// Whether it holds pinned traces only: such are merged among themselves.
    var isPinned = false
}

extension MergeCandidate {
    init(_ block: some CatalogBlock, isExcluded: Bool, isPinned: Bool = false) {
        self.init(
            level: block.level, count: block.count, bytes: block.bytes, isExcluded: isExcluded, isPinned: isPinned)
    }
}

enum MergeChoice {
    /// The blocks to merge, as a range of places; nil if all is well.
    ///
    /// First the fresh ones, as many as one merge takes. Then runs of small blocks of about one level: each record is
    /// rewritten a logarithmic number of times, however slowly it trickles in.
    static func choose(_ blocks: [MergeCandidate]) -> Range<Int>? {
        if let fresh = firstRun(of: blocks, where: { $0.level == 0 && !$0.isExcluded }) { return fresh }
        var start = 0
        while start < blocks.count {
            let first = blocks[start]
            let isSmall = { (block: MergeCandidate) in
                !block.isExcluded && block.count < Limits.blockRecords / 2 && block.bytes < Limits.smallBlockBytes
                    && block.level == first.level && block.isPinned == first.isPinned
            }
            guard isSmall(blocks[start]) else {
                start += 1
                continue
            }
            var end = start
            while end < blocks.count, isSmall(blocks[end]) { end += 1 }
            if end - start >= Limits.smallBlocksToMerge { return start..<(start + Limits.smallBlocksToMerge) }
            start = end
        }
        return nil
    }

    private static func firstRun(of blocks: [MergeCandidate], where isWanted: (MergeCandidate) -> Bool) -> Range<Int>? {
        guard let start = blocks.firstIndex(where: isWanted) else { return nil }
        var end = start
        var records = 0
        var bytes = 0
        while end < blocks.count, isWanted(blocks[end]), blocks[end].isPinned == blocks[start].isPinned {
            records += blocks[end].count
            bytes += blocks[end].bytes
            if end > start, records > Limits.mergeRecords || bytes > Limits.mergeBytes { break }
            end += 1
        }
        return start..<end
    }
}
