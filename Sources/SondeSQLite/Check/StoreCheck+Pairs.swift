// SPDX-License-Identifier: Apache-2.0
// The filters over all blocks of a merge: each is asked for every pair of its blocks, and for the services that have it.

import SondeModel

extension StoreCheck {
    /// A filter, read whole.
    struct PairFilterContents {
        var first: Int64
        var head: PairFilterHead
        var chunks: [[UInt8]?]
    }

    /// The filter over a block; nil where there is none or where it cannot be had, which is told with its first block.
    mutating func pairFilter(over id: Int64) -> PairFilterContents? {
        guard report.formatVersion >= Int(Schema.formatWithPairs) else { return nil }
        if let known = pairs, known.first <= id, id - known.first < Int64(known.head.blocks.count) { return known }
        pairs = nil
        var first: Int64 = -1
        attempt("pairs", row: id) { check throws(SQLiteError) in
            let row = try check.connection.prepare("SELECT id FROM pairs WHERE id <= ? ORDER BY id DESC LIMIT 1")
            defer { row.reset() }
            row.bind(id, at: 1)
            if try row.step() { first = row.integer(0) }
        }
        // What is wrong with one was told with its first block, or the row has none.
        guard first == id else { return nil }
        guard let contents = contents(.pairs, first),
            let head = part(
                .pairs, first, chunk: 0, Self.chunk(contents, 0), { bytes throws(Damage) in try PairFilterHead(bytes) })
        else { return nil }
        let wanted = 1 + (head.lines + head.linesPerChunk - 1) / head.linesPerChunk
        guard contents.chunks.count == wanted else {
            add(
                StoreFinding(
                    "pairs", row: first, "it has \(contents.chunks.count) chunks, it should have \(wanted)",
                    .rebuildIndex))
            return nil
        }
        pairs = PairFilterContents(first: first, head: head, chunks: contents.chunks)
        return pairs
    }

    /// Asks the filter over a block for all that a slice of it holds; `services` are those of its spans.
    mutating func checkPairs(
        _ filter: PairFilterContents, _ columns: ColumnSlice, contexts: (Int) -> [UInt64], services: ArraySlice<Int>,
        _ id: Int64
    ) {
        for (service, hashes) in Self.pairsByService(columns, contexts, services) {
            for hash in hashes {
                let number = filter.head.chunk(of: hash)
                guard filter.chunks.indices.contains(number), let chunk = filter.chunks[number] else { continue }
                let block = Int(id - filter.first)
                let has =
                    (try? filter.head.mayHold(
                        hash, services: service == 0 ? nil : [service], block: block, chunk: chunk))
                guard has != true else { continue }
                add(
                    StoreFinding(
                        "pairs", row: filter.first, chunk: number,
                        "it lacks an attribute that spans of block \(id) have",
                        .rebuildIndex))
                return
            }
        }
    }

    private static func pairsByService(
        _ columns: ColumnSlice, _ contexts: (Int) -> [UInt64], _ services: ArraySlice<Int>
    ) -> [Int: Set<UInt64>] {
        var found: [Int: Set<UInt64>] = [:]
        var seen: Set<[Int]> = []
        for (index, service) in services.enumerated() {
            var hashes: [UInt64] = []
            for (place, key) in columns.keys(index).enumerated() where columns.meta.keys[key].pseudo == nil {
                let name = columns.meta.keys[key].name
                hashes.append(
                    columns.withValue(index, place) { AttributeFilter.hash(key: name, text: $0.attributeValue.text) })
            }
            let context = Int(columns.contexts[index])
            if seen.insert([context, service]).inserted { hashes += contexts(context) }
            found[service, default: []].formUnion(hashes)
        }
        return found
    }
}
