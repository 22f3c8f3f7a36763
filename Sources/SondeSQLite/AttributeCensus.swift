// SPDX-License-Identifier: Apache-2.0
// Which spans a question about attributes is about, block by block, newest first, and how much of them may be read. What
// is counted in them: AttributeKeys.swift, AttributeValues.swift.

import SondeModel
import SondeStorage

/// One slice of a block, as far as counting needs it.
struct CensusSlice {
    let block: SpanBlockInfo
    let number: Int
    let head: SpanHead
    let meta: ColumnMeta
    let contexts: [UInt32]
    let shapes: [UInt32]
    /// For each span whether it is counted; nil if all are.
    let selected: [Bool]?

    /// How many counted spans have each number of `column`, which are below `limit`.
    func counts(_ column: [UInt32], below limit: Int) -> [Int] {
        var counts = Array(repeating: 0, count: limit)
        if let selected {
            for (index, number) in column.enumerated() where selected[index] { counts[Int(number)] += 1 }
        } else {
            for number in column { counts[Int(number)] += 1 }
        }
        return counts
    }
}

/// Goes through the spans that a question is about until what may be read is used up.
struct AttributeCensus {
    let file: BlockFile
    let query: AttributeQuery
    /// Ids of the service asked for; nil if none is.
    let services: Set<Int>?
    private var recordsLeft = Limits.censusRecords

    init(_ query: AttributeQuery, in file: BlockFile) {
        self.file = file
        self.query = query
        services = query.service.map { Set(file.catalog.names.serviceIDs($0)) }
    }

    /// Calls `visit` with each block that has spans in question, newest first, until the budget is used up. False if it
    /// was: blocks are left.
    mutating func visitBlocks(
        _ visit: (inout AttributeCensus, SpanBlockInfo) throws(ReadError) -> Void
    ) throws(ReadError) -> Bool {
        let blocks = file.catalog.blocks.filter(mayHold).sorted { $0.lastStart > $1.lastStart }
        for block in blocks {
            guard recordsLeft > 0 else { return false }
            try file.goOn()
            try visit(&self, block)
        }
        return true
    }

    private func mayHold(_ block: SpanBlockInfo) -> Bool {
        block.zones.contains { zone in
            if let services, !services.contains(zone.service) { return false }
            if let start = query.start, zone.lastStart < start.nanoseconds { return false }
            if let end = query.end, zone.start >= end.nanoseconds { return false }
            return true
        }
    }

    /// Whether no span of the block lies outside the time asked for.
    func liesWithin(_ block: SpanBlockInfo) -> Bool {
        if let start = query.start, block.start < start.nanoseconds { return false }
        if let end = query.end, block.lastStart >= end.nanoseconds { return false }
        return true
    }

    /// Notes that so many spans were read.
    mutating func spend(_ records: Int) { recordsLeft -= records }

    /// What is known of each slice without its columns.
    func slice(
        _ block: SpanBlockInfo, _ number: Int, _ head: SpanHead, _ meta: ColumnMeta
    ) throws(ReadError) -> CensusSlice {
        let (contexts, shapes) = try file.outline(ofSlice: number, block, head, meta)
        return CensusSlice(
            block: block, number: number, head: head, meta: meta, contexts: contexts, shapes: shapes,
            selected: try selection(block, number, head, meta, contexts))
    }

    private func selection(
        _ block: SpanBlockInfo, _ slice: Int, _ head: SpanHead, _ meta: ColumnMeta, _ contexts: [UInt32]
    ) throws(ReadError) -> [Bool]? {
        var selected: [Bool]?
        if let services {
            let isAsked = meta.contexts.map { services.contains(meta.services[Int($0.resource)]) }
            if isAsked.contains(false) { selected = contexts.map { isAsked[Int($0)] } }
        }
        guard !liesWithin(block) else { return selected }
        let starts = try file.scan(block, slice, head).starts
        var inTime = selected ?? Array(repeating: true, count: starts.count)
        for (index, start) in starts.enumerated() {
            if let first = query.start, start < first.nanoseconds { inTime[index] = false }
            if let end = query.end, start >= end.nanoseconds { inTime[index] = false }
        }
        return inTime
    }

    /// The attributes of each context's resource, or scope.
    func attributes(_ scope: ListedScope, _ meta: ColumnMeta) -> [[Attribute]] {
        if scope == .resource {
            let resources = meta.resources.map { bytes in
                bytes.withUnsafeBufferPointer { (try? Envelope($0, hasService: true)?.resource().attributes) ?? [] }
            }
            return meta.contexts.map { resources[Int($0.resource)] }
        }
        let scopes = meta.scopes.map { bytes in
            bytes.withUnsafeBufferPointer { (try? Envelope($0, hasService: false)?.scope().attributes) ?? [] }
        }
        return meta.contexts.map { scopes[Int($0.scope)] }
    }

    /// Calls `visit` with the events and links of each counted span that has any.
    func visitExtras(
        _ slice: CensusSlice, _ columns: ColumnSlice, _ visit: (SpanExtras) -> Void
    ) {
        guard let key = slice.meta.keys.firstIndex(where: { $0.pseudo == PseudoKey.extras }) else { return }
        visitValues(slice, columns, key) { visit($0.extras) }
    }

    /// Calls `visit` with each counted value of a local key.
    func visitValues(
        _ slice: CensusSlice, _ columns: ColumnSlice, _ key: Int, _ visit: (ColumnSlice.Value) -> Void
    ) {
        guard let column = columns.columns[key] else { return }
        forEachPlace(slice, key) { place in columns.withValue(key: key, column, place, visit) }
    }

    /// Calls `visit` with the place in its column of each counted value of a local key.
    func forEachPlace(_ slice: CensusSlice, _ key: Int, _ visit: (Int) -> Void) {
        let repeats = slice.meta.shapes.map { shape in shape.count { $0 == key } }
        var place = 0
        for (index, shape) in slice.shapes.enumerated() where repeats[Int(shape)] > 0 {
            let next = place + repeats[Int(shape)]
            if slice.selected?[index] ?? true {
                for place in place..<next { visit(place) }
            }
            place = next
        }
    }
}

extension ColumnSlice.Value {
    var type: AttributeType {
        switch self {
        case .string: .string
        case .integer: .int
        case .anyValue(let bytes):
            if AnyValueBytes.string(bytes) != nil {
                .string
            } else if AnyValueBytes.integer(bytes) != nil {
                .int
            } else {
                AnyValueBytes.value(bytes).type
            }
        }
    }
}

extension BlockFile {
    /// The contexts and shapes of a slice, which lie before its columns: no more than they is inflated.
    func outline(
        ofSlice slice: Int, _ block: SpanBlockInfo, _ head: SpanHead, _ meta: ColumnMeta
    ) throws(ReadError) -> (contexts: [UInt32], shapes: [UInt32]) {
        let number = 2 + 2 * slice
        if let known = cache.part(.init(table: .cold, block: block.id, part: number), as: ColumnSlice.self) {
            return (known.contexts, known.shapes)
        }
        let count = head.slices[slice].count
        // A byte each is what they take, but for blocks with hundreds of contexts or shapes.
        let width = max(meta.contexts.count, meta.shapes.count) <= 0x100 ? 1 : 4
        let content = try chunk(.cold, block.id, number, first: 2 * (width * count + 8))
        return try Self.decode(.cold, block.id, content) { bytes throws(Damage) in
            var reader = ByteReader(bytes)
            return (
                try reader.numbers(count, below: meta.contexts.count, "a record names a context"),
                try reader.numbers(count, below: meta.shapes.count, "a record names a shape")
            )
        }
    }
}
