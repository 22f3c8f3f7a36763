// SPDX-License-Identifier: Apache-2.0
// The cold parts and the filters: every value is decoded, every filter asked for all that it should hold.

import SondeModel

extension StoreCheck {
    /// Meta and values of a block, and whether they agree with the dictionaries.
    mutating func columnTables(
        _ table: BlobTable, _ cold: BlobContents, _ id: Int64
    ) -> (meta: ColumnMeta, values: ColumnValues)? {
        guard
            let meta = part(
                table, id, chunk: 0, Self.chunk(cold, 0), { bytes throws(Damage) in try ColumnMeta(bytes) }),
            let values = part(
                table, id, chunk: 1, Self.chunk(cold, 1),
                { bytes throws(Damage) in try ColumnValues(bytes, meta: meta) })
        else { return nil }
        for (number, bytes) in meta.resources.enumerated() {
            let resource = bytes.withUnsafeBufferPointer { (try? Envelope($0, hasService: true)?.resource()) }
            if resource == nil {
                add(StoreFinding(table.rawValue, row: id, chunk: 0, "resource \(number) cannot be read", .dropBlock))
            } else if names.service(meta.services[number]).isEmpty {
                add(StoreFinding(table.rawValue, row: id, chunk: 0, "it names a service that there is not", .dropBlock))
            }
        }
        for (number, bytes) in meta.scopes.enumerated()
        where bytes.withUnsafeBufferPointer({ try? Envelope($0, hasService: false)?.scope() }) == nil {
            add(StoreFinding(table.rawValue, row: id, chunk: 0, "scope \(number) cannot be read", .dropBlock))
        }
        return (meta, values)
    }

    mutating func checkColumns(
        _ cold: BlobContents, _ filter: BlobContents?, _ head: SpanHead, services: [Int], _ id: Int64
    ) {
        guard let (meta, values) = columnTables(.cold, cold, id) else { return }
        guard cold.chunks.count == 2 + 2 * head.slices.count else {
            add(
                StoreFinding(
                    "cold", row: id, "it has \(cold.chunks.count) chunks for \(head.slices.count) slices", .dropBlock))
            return
        }
        if let filter, filter.chunks.count != head.slices.count {
            add(
                StoreFinding(
                    "kvf", row: id, "it has \(filter.chunks.count) filters for \(head.slices.count) slices",
                    .rebuildIndex))
        }
        let envelopes = EnvelopeHashes(meta)
        let pairFilter = pairFilter(over: id)
        for (number, slice) in head.slices.enumerated() {
            guard let plain = Self.chunk(cold, 3 + 2 * number),
                let columns = part(
                    .cold, id, chunk: 2 + 2 * number, Self.chunk(cold, 2 + 2 * number),
                    { bytes throws(Damage) in
                        try ColumnSlice(
                            bytes, count: slice.count, meta: meta, values: values, hasContexts: true, others: [plain])
                    })
            else { continue }
            if let what = Self.valueDamage(columns) {
                add(StoreFinding("cold", row: id, chunk: 2 + 2 * number, what, .dropBlock))
            }
            if let pairFilter {
                checkPairs(
                    pairFilter, columns, contexts: { Array(envelopes.of([UInt32($0)], meta)) },
                    services: services[slice], id)
            }
            guard let filter,
                let filter = part(.filter, id, chunk: number, Self.chunk(filter, number), Filter.init)
            else { continue }
            let wanted = Self.pairs(columns).union(envelopes.of(columns.contexts, meta))
            if !wanted.allSatisfy({ filter.mayContain($0) }) {
                add(
                    StoreFinding(
                        "kvf", row: id, chunk: number, "it lacks an attribute that spans of the block have",
                        .rebuildIndex))
            }
        }
    }

    /// What is wrong with the first value that cannot be read; nil if all can.
    static func valueDamage(_ slice: ColumnSlice) -> String? {
        for index in slice.shapes.indices {
            for (place, key) in slice.keys(index).enumerated() where slice.meta.keys[key].pseudo == nil {
                let isWhole = slice.withValue(index, place) { value -> Bool in
                    guard case .anyValue(let bytes) = value, let base = bytes.baseAddress else { return true }
                    let range = ByteRange(offset: 0, count: bytes.count)
                    return (try? ProtobufReader.value(base: base, range: range)) != nil
                }
                if !isWhole { return "a value of \(slice.meta.keys[key].name) cannot be read" }
            }
        }
        return nil
    }

    /// The hashes of all pairs that spans of a slice have by themselves, or in their events and links.
    private static func pairs(_ slice: ColumnSlice) -> Set<UInt64> {
        var hashes: Set<UInt64> = []
        var scratch = ByteBuffer()
        for (key, column) in slice.columns.enumerated() {
            guard let column else { continue }
            for place in 0..<column.count {
                slice.withValue(key: key, column, place) { value in
                    value.withAnyValue(&scratch) { base, count in
                        let bytes = UnsafeBufferPointer(start: base, count: count)
                        switch slice.meta.keys[key].pseudo {
                        case nil:
                            let hash = slice.meta.keys[key].bytes.withUnsafeBufferPointer {
                                AttributeFilter.hash(key: $0, value: bytes)
                            }
                            hashes.insert(hash)
                        case PseudoKey.extras:
                            for attribute in SpanExtras(bytes).attributes {
                                hashes.insert(AttributeFilter.hash(key: attribute.key, text: attribute.value.text))
                            }
                        default: break
                        }
                    }
                }
            }
        }
        return hashes
    }
}

/// The hashes of the attributes of resources and scopes, by their number in the block.
private struct EnvelopeHashes {
    private let resources: [[UInt64]]
    private let scopes: [[UInt64]]

    init(_ meta: ColumnMeta) {
        resources = meta.resources.map { bytes in
            bytes.withUnsafeBufferPointer { AttributeFilter.hashes(Envelope($0, hasService: true), field: 1) }
        }
        scopes = meta.scopes.map { bytes in
            bytes.withUnsafeBufferPointer { AttributeFilter.hashes(Envelope($0, hasService: false), field: 3) }
        }
    }

    func of(_ contexts: [UInt32], _ meta: ColumnMeta) -> Set<UInt64> {
        var hashes: Set<UInt64> = []
        for number in Set(contexts) {
            let context = meta.contexts[Int(number)]
            hashes.formUnion(resources[Int(context.resource)])
            hashes.formUnion(scopes[Int(context.scope)])
        }
        return hashes
    }
}
