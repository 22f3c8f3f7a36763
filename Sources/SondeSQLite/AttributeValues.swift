// SPDX-License-Identifier: Apache-2.0
// The values of one attribute key in a file: the key's columns, the resources and scopes of contexts, events and links.
// Blocks that know no such key are passed over after their tables.

import SondeModel
import SondeStorage

struct AttributeValues {
    private let key: String
    private let intrinsic: ListedIntrinsic?
    private var count: AttributeValueCount

    static func run(
        _ key: String, _ query: AttributeQuery, in file: BlockFile
    ) throws(ReadError) -> AttributeList<AttributeValueSummary> {
        var census = AttributeCensus(query, in: file)
        let count = AttributeValueCount(query)
        let intrinsic = count.wants(.intrinsic) ? ListedIntrinsic(rawValue: key) : nil
        var values = AttributeValues(key: key, intrinsic: intrinsic, count: count)
        let isExact = try census.visitBlocks { census, block throws(ReadError) in try values.add(block, &census) }
        return values.count.list(isExact: isExact)
    }

    private mutating func add(_ block: SpanBlockInfo, _ census: inout AttributeCensus) throws(ReadError) {
        if let intrinsic { try add(intrinsic, block, &census) }
        guard query(wants: [.span, .resource, .instrumentation, .event, .link]) else { return }
        let meta = try census.file.meta(.cold, block.id)
        let keys = Set(meta.keys.indices.filter { isWanted(meta.keys[$0]) })
        let contexts = contextValues(census, meta)
        guard !keys.isEmpty || contexts.contains(where: { !$0.isEmpty }) else { return }
        let head = try census.file.head(block)
        if keys.isEmpty, let only = contexts.first, contexts.allSatisfy({ $0 == only }), census.services == nil,
            census.liesWithin(block)
        {
            add(only, count: block.count)
            return
        }
        let values = try census.file.values(block, keys: keys)
        for number in head.slices.indices {
            let slice = try census.slice(block, number, head, meta)
            census.spend(slice.shapes.count * (keys.isEmpty ? 1 : Limits.censusColumnsCost))
            for (context, spans) in slice.counts(slice.contexts, below: meta.contexts.count).enumerated() {
                add(contexts[context], count: spans)
            }
            guard !keys.isEmpty else { continue }
            let columns = try census.file.columns(block, number, head, keys: keys, values: values)
            for key in keys where meta.keys[key].pseudo == nil { add(slice, columns, key, census) }
            guard query(wants: [.event, .link]) else { continue }
            census.visitExtras(slice, columns) { extras in
                if count.wants(.event) { add(extras.events.flatMap(\.attributes).filter { $0.key == key }, count: 1) }
                if count.wants(.link) { add(extras.links.flatMap(\.attributes).filter { $0.key == key }, count: 1) }
            }
        }
    }

    private func query(wants scopes: [ListedScope]) -> Bool { scopes.contains(where: count.wants) }

    private func isWanted(_ key: ColumnMeta.Key) -> Bool {
        if key.pseudo == PseudoKey.extras { return query(wants: [.event, .link]) }
        return key.pseudo == nil && key.name == self.key && count.wants(.span)
    }

    /// For each context what its resource and scope say of the key.
    private func contextValues(_ census: AttributeCensus, _ meta: ColumnMeta) -> [[Attribute]] {
        var values: [[Attribute]] = Array(repeating: [], count: meta.contexts.count)
        for scope in [ListedScope.resource, .instrumentation] where count.wants(scope) {
            for (context, attributes) in census.attributes(scope, meta).enumerated() {
                values[context] += attributes.filter { $0.key == key }
            }
        }
        return values
    }

    private mutating func add(_ attributes: [Attribute], count spans: Int) {
        for attribute in attributes { count.add(attribute.value.text, attribute.value.type, count: spans) }
    }

    /// Adds a column of a slice; the values of a dictionary are counted before they become text.
    private mutating func add(_ slice: CensusSlice, _ columns: ColumnSlice, _ key: Int, _ census: AttributeCensus) {
        guard let column = columns.columns[key], column.mode == .dictionary else {
            census.visitValues(slice, columns, key) { count.add($0.attributeValue.text, $0.type) }
            return
        }
        var first: [UInt32: (place: Int, count: Int)] = [:]
        census.forEachPlace(slice, key) { place in
            first[column.numbers[place], default: (place, 0)].count += 1
        }
        for (place, spans) in first.values {
            columns.withValue(key: key, column, place) { count.add($0.attributeValue.text, $0.type, count: spans) }
        }
    }
}

// Intrinsics: what the hot columns say.

extension AttributeValues {
    private mutating func add(
        _ intrinsic: ListedIntrinsic, _ block: SpanBlockInfo, _ census: inout AttributeCensus
    ) throws(ReadError) {
        let names = census.file.catalog.names
        if intrinsic == .service, census.liesWithin(block) {
            for zone in block.zones where census.services?.contains(zone.service) ?? true {
                count.add(names.service(zone.service), intrinsic.type, count: zone.count)
            }
            return
        }
        let head = try census.file.head(block)
        for number in head.slices.indices {
            census.spend(head.slices[number].count)
            try add(intrinsic, block, number, head, census)
        }
    }

    private mutating func add(
        _ intrinsic: ListedIntrinsic, _ block: SpanBlockInfo, _ slice: Int, _ head: SpanHead, _ census: AttributeCensus
    ) throws(ReadError) {
        let scan = try census.file.scan(block, slice, head)
        var byOperation = Array(repeating: 0, count: head.operations.count)
        var byStatus = Array(repeating: 0, count: StatusCode.allCases.count)
        let isAsked = head.operations.map { operation in
            census.services?.contains(census.file.catalog.names.operation(operation)?.service ?? 0) ?? true
        }
        for index in scan.operations.indices where isAsked[Int(scan.operations[index])] {
            let start = Timestamp(nanoseconds: scan.starts[index])
            if let first = census.query.start, start < first { continue }
            if let end = census.query.end, start >= end { continue }
            byStatus[Int(scan.status(index).rawValue)] += 1
            let operation = census.file.catalog.names.operation(head.operations[Int(scan.operations[index])])
            if intrinsic == .name, operation?.name.isEmpty ?? true {
                let name = try census.file.longName(block, slice, index, head)
                count.add(name, intrinsic.type)
            } else {
                byOperation[Int(scan.operations[index])] += 1
            }
        }
        if intrinsic == .status {
            for status in StatusCode.allCases {
                count.add(status.name, intrinsic.type, count: byStatus[Int(status.rawValue)])
            }
            return
        }
        for (local, spans) in byOperation.enumerated() where spans > 0 {
            guard let operation = census.file.catalog.names.operation(head.operations[local]) else { continue }
            let text =
                switch intrinsic {
                case .kind: operation.kind.name
                case .service: census.file.catalog.names.service(operation.service)
                default: operation.name
                }
            count.add(text, intrinsic.type, count: spans)
        }
    }
}
