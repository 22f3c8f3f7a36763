// SPDX-License-Identifier: Apache-2.0
// Which spans of a block are shown: each once, the copy that wins over the others. What has been found out serves every
// cursor of a session, and every pass of a join.

import SondeModel
import SondeStorage

final class SpanDuplicates {
    /// Traces that lie in several places and have been put together.
    private var resolved: Set<TraceWords> = []
    /// Blocks whose traces have all been looked at.
    private var done: Set<Int64> = []
    /// Spans that another copy has replaced, by block.
    private var dropped: [Int64: Set<Int>] = [:]

    /// The rows of a block that are shown.
    func uniqueRows(_ block: SpanBlockInfo, _ source: TableSource) throws(ReadError) -> [Range<Int>] {
        if source.hasNoCopies(block) { return [0..<block.count] }
        let head = try source.file.head(block)
        if !done.contains(block.id) {
            for fragment in head.traces {
                if block.level > 0, !source.isFresh(fragment.id.fingerprint) { continue }
                if source.isRepeated(fragment.id.fingerprint), !resolved.insert(fragment.id).inserted { continue }
                try resolve(fragment, block, source)
            }
            done.insert(block.id)
        }
        return Self.ranges(head.count, without: dropped[block.id] ?? [])
    }

    private func resolve(
        _ fragment: TraceFragment, _ block: SpanBlockInfo, _ source: TableSource
    ) throws(ReadError) {
        guard let outline = try source.outline(fragment, in: block), outline.hasDuplicates else { return }
        for (block, fragment) in outline.fragments { dropped[block.id, default: []].formUnion(fragment.rows) }
        for span in outline.spans ?? [] { dropped[span.block.id]?.remove(span.row) }
    }

    private static func ranges(_ count: Int, without dropped: Set<Int>) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var next = 0
        for row in dropped.sorted() {
            if row > next { ranges.append(next..<row) }
            next = row + 1
        }
        if next < count { ranges.append(next..<count) }
        return ranges
    }
}
