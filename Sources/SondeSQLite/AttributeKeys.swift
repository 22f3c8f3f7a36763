// SPDX-License-Identifier: Apache-2.0
// The attribute keys in a file: counted by shape and by context, so that no column is read but to learn of kinds that
// nothing else tells.

import SondeModel
import SondeStorage

struct AttributeKeys {
    private var census: AttributeCensus
    private var count: AttributeKeyCount

    static func run(
        _ query: AttributeQuery, in file: BlockFile
    ) throws(ReadError) -> AttributeList<AttributeKeySummary> {
        var keys = AttributeKeys(census: AttributeCensus(query, in: file), count: AttributeKeyCount(query))
        let isExact = try keys.census.visitBlocks { census, block throws(ReadError) in
            try Self.add(block, &census, &keys.count)
        }
        return keys.count.list(isExact: isExact)
    }

    private static func add(
        _ block: SpanBlockInfo, _ census: inout AttributeCensus, _ count: inout AttributeKeyCount
    ) throws(ReadError) {
        let head = try census.file.head(block)
        let meta = try census.file.meta(.cold, block.id)
        let isAnyInColumns = count.wants(.span) || count.wants(.event) || count.wants(.link)
        let wanted = isAnyInColumns ? Self.columns(meta, count) : []
        let values = try census.file.values(block, keys: count.wants(.span) ? Self.dictionaries(meta, count) : [])
        var spans = 0
        var byShape = Array(repeating: 0, count: meta.shapes.count)
        var byContext = Array(repeating: 0, count: meta.contexts.count)
        for number in head.slices.indices {
            let slice = try census.slice(block, number, head, meta)
            for (shape, more) in slice.counts(slice.shapes, below: meta.shapes.count).enumerated() {
                byShape[shape] += more
                spans += more
            }
            for (context, more) in slice.counts(slice.contexts, below: meta.contexts.count).enumerated() {
                byContext[context] += more
            }
            census.spend(slice.shapes.count * (wanted.isEmpty ? 1 : Limits.censusColumnsCost))
            if !wanted.isEmpty { try addColumns(wanted, slice, values, census, &count) }
        }
        for intrinsic in ListedIntrinsic.allCases {
            count.add(intrinsic.rawValue, .intrinsic, types: [intrinsic.type], spans: spans)
        }
        addSpanKeys(meta, values, byShape, &count)
        for scope in [ListedScope.resource, .instrumentation] where count.wants(scope) {
            for (context, attributes) in census.attributes(scope, meta).enumerated() {
                count.add(attributes, scope, spans: byContext[context])
            }
        }
    }

    /// Local keys whose columns have to be looked at: events and links, and values of any kind.
    private static func columns(_ meta: ColumnMeta, _ count: AttributeKeyCount) -> Set<Int> {
        Set(
            meta.keys.indices.filter { number in
                let key = meta.keys[number]
                if key.pseudo == PseudoKey.extras { return count.wants(.event) || count.wants(.link) }
                return key.pseudo == nil && key.mode == .raw && count.wants(.span) && count.wants(key.name)
            })
    }

    private static func dictionaries(_ meta: ColumnMeta, _ count: AttributeKeyCount) -> Set<Int> {
        Set(
            meta.keys.indices.filter {
                meta.keys[$0].pseudo == nil && meta.keys[$0].mode == .dictionary && count.wants(meta.keys[$0].name)
            })
    }

    private static func addColumns(
        _ wanted: Set<Int>, _ slice: CensusSlice, _ values: ColumnValues, _ census: AttributeCensus,
        _ count: inout AttributeKeyCount
    ) throws(ReadError) {
        let needsValues = wanted.contains { slice.meta.keys[$0].mode == .dictionary }
        let values = needsValues ? try census.file.values(slice.block, keys: wanted) : values
        let columns = try census.file.columns(slice.block, slice.number, slice.head, keys: wanted, values: values)
        for key in wanted where slice.meta.keys[key].pseudo == nil {
            var types: Set<AttributeType> = []
            census.visitValues(slice, columns, key) { types.insert($0.type) }
            // Its spans are counted with their shapes.
            count.note(slice.meta.keys[key].name, .span, types: types)
        }
        census.visitExtras(slice, columns) { extras in
            count.add(extras.events.flatMap(\.attributes), .event, spans: 1)
            count.add(extras.links.flatMap(\.attributes), .link, spans: 1)
        }
    }

    private static func addSpanKeys(
        _ meta: ColumnMeta, _ values: ColumnValues, _ byShape: [Int], _ count: inout AttributeKeyCount
    ) {
        guard count.wants(.span) else { return }
        for (shape, spans) in byShape.enumerated() where spans > 0 {
            var names: Set<String> = []
            for key in meta.shapes[shape] where meta.keys[key].pseudo == nil {
                let name = meta.keys[key].name
                if names.insert(name).inserted { count.add(name, .span, types: [], spans: spans) }
            }
        }
        for (number, key) in meta.keys.enumerated() where key.pseudo == nil && count.wants(key.name) {
            switch key.mode {
            case .dictionary: count.note(key.name, .span, types: values.types(key: number))
            case .strings, .hex: count.note(key.name, .span, types: [.string])
            case .integers: count.note(key.name, .span, types: [.int])
            case .raw: continue
            }
        }
    }
}

extension AttributeKeyCount {
    /// Adds the keys of a list, each once.
    fileprivate mutating func add(_ attributes: [Attribute], _ scope: ListedScope, spans: Int) {
        var types: [String: Set<AttributeType>] = [:]
        for attribute in attributes { types[attribute.key, default: []].insert(attribute.value.type) }
        for (key, types) in types { add(key, scope, types: types, spans: spans) }
    }
}

extension ColumnValues {
    /// The kinds of the values in a key's dictionary.
    fileprivate func types(key: Int) -> Set<AttributeType> {
        let places = offsets[key]
        guard places.count > 1 else { return [] }
        return bytes.withUnsafeBufferPointer { bytes in
            Set(
                (1..<places.count).map { next in
                    let value = bytes[Int(places[next - 1])..<Int(places[next])]
                    return ColumnSlice.Value.anyValue(UnsafeBufferPointer(rebasing: value)).type
                })
        }
    }
}
