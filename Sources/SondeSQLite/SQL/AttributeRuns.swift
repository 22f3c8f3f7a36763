// SPDX-License-Identifier: Apache-2.0
// `attributes MATCH 'key=value'` on the table `spans`: the filter of a block leaves slices, its columns decide.

import SondeModel
import SondeStorage

struct AttributeRuns {
    private let conditions: [AttributeCondition]
    private let hashes: [UInt64]

    /// Nil without conditions.
    init?(_ conditions: [AttributeCondition]) {
        guard !conditions.isEmpty else { return nil }
        self.conditions = conditions
        hashes = conditions.map { AttributeFilter.hash(key: $0.key, text: $0.value) }
    }

    /// Of the runs of a block, given in order, the rows whose spans meet every condition.
    func narrow(
        _ runs: [Range<Int>], _ block: SpanBlockInfo, in file: BlockFile
    ) throws(ReadError) -> [Range<Int>] {
        let filters = block.level > 0 ? try file.filters(block) : nil
        func mayMatch(_ slice: Int) -> Bool {
            // A slice without a filter is looked at.
            guard let filters, filters.indices.contains(slice) else { return true }
            return hashes.allSatisfy(filters[slice].mayContain)
        }
        if let filters, !filters.indices.contains(where: mayMatch) { return [] }
        let head = try file.head(block)
        let matcher = try file.matcher(conditions, block)
        guard matcher.canMatch else { return [] }
        var left: [Range<Int>] = []
        for (slice, rows) in head.slices.enumerated() where mayMatch(slice) {
            guard runs.contains(where: { $0.overlaps(rows) }) else { continue }
            let matches = try file.matches(matcher, block, slice, head)
            for run in runs where run.overlaps(rows) {
                for row in run.clamped(to: rows) where matches[row - rows.lowerBound] { left.append(adding: row) }
            }
        }
        return left
    }
}

extension [Range<Int>] {
    /// Adds a row behind all others: to the last run where it follows it.
    mutating func append(adding row: Int) {
        if let last, last.upperBound == row {
            self[count - 1] = last.lowerBound..<(row + 1)
        } else {
            append(row..<(row + 1))
        }
    }
}
