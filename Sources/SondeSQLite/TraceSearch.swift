// SPDX-License-Identifier: Apache-2.0
// Searches traces, best first: blocks, slices, fragments and whole traces wait in one queue under the latest start that
// they could still yield. What comes out as a whole trace is the next row of the answer, so only as much is read as the
// page needs, and the order is that of whole traces although they lie in pieces.

import SondeModel
import SondeStorage

struct TraceSearch {
    /// Something that may yield traces no later than `start`.
    private struct Item {
        enum Content {
            case block(SpanBlockInfo)
            case slice(SpanBlockInfo, Int)
            case fragment(TraceWords)
            case trace(TraceOutline)

            /// At equal places, what must be looked into comes before what is done.
            var rank: Int {
                switch self {
                case .block: 3
                case .slice: 2
                case .fragment: 1
                case .trace: 0
                }
            }
        }

        var start: UInt64
        var id: TraceID
        var content: Content

        static func precedes(_ a: Item, _ b: Item) -> Bool {
            if a.start != b.start { return a.start > b.start }
            if a.id != b.id { return a.id > b.id }
            return a.content.rank > b.content.rank
        }
    }

    private static let lastID = TraceID(high: .max, low: .max)

    private let file: BlockFile
    private let query: TraceQuery
    private let limit: Int
    /// By global operation id: whether spans of it can match; nil if the query does not ask.
    private let operations: [Bool]?
    private let services: [Int]?
    private let filterHashes: [UInt64]
    private var queue = Heap(Item.precedes)
    private var seen: Set<TraceWords> = []
    private var matchers: [Int64: AttributeMatcher] = [:]
    private var matched = 0

    private init(_ file: BlockFile, _ query: TraceQuery) {
        self.file = file
        self.query = query
        limit = min(max(1, query.limit), TraceQuery.maxLimit)
        let names = file.catalog.names
        services = query.service.map { names.serviceIDs($0) }
        filterHashes = query.attributes.map { AttributeFilter.hash(key: $0.key, text: $0.value) }
        operations = Self.operations(query, names, services)
    }

    private static func operations(_ query: TraceQuery, _ names: StoredNames, _ services: [Int]?) -> [Bool]? {
        guard query.service != nil || query.operation != nil || query.kind != nil else { return nil }
        let wanted = services.map(Set.init)
        return [false] + names.operations.map { operation in
            if let wanted, !wanted.contains(operation.service) { return false }
            if let kind = query.kind, operation.kind != kind { return false }
            // A nameless operation may stand for names past the dictionary's bound.
            if let name = query.operation, operation.name != name, !operation.name.isEmpty { return false }
            return true
        }
    }

    static func run(_ query: TraceQuery, in file: BlockFile) throws(ReadError) -> TracePage {
        var search = TraceSearch(file, query)
        return try search.run()
    }

    private mutating func run() throws(ReadError) -> TracePage {
        for block in file.catalog.blocks where mayMatch(block) {
            queue.push(Item(start: block.newestTrace, id: Self.lastID, content: .block(block)))
        }
        var page: [TraceOutline] = []
        while page.count <= limit, let item = queue.pop() {
            switch item.content {
            case .block(let block): try open(block)
            case .slice(let block, let slice): try scan(block, slice)
            case .fragment(let id): try resolve(id)
            case .trace(let outline):
                let start = Timestamp(nanoseconds: outline.start)
                if query.cursor?.precedes(start: start, traceID: outline.id.id) ?? true { page.append(outline) }
            }
        }
        page.sort { ($0.start, $0.id.id) > ($1.start, $1.id.id) }
        let hasMore = page.count > limit
        var summaries: [TraceSummary] = []
        for outline in page.prefix(limit) {
            if let summary = try file.summary(outline) { summaries.append(summary) }
        }
        let next = hasMore ? summaries.last.map { TraceCursor(start: $0.start, traceID: $0.traceID) } : nil
        return TracePage(traces: summaries, next: next, total: Total(matched, isExact: queue.first == nil))
    }

    // What can be told of a block without opening it.
    private func mayMatch(_ block: SpanBlockInfo) -> Bool {
        if let end = query.end, block.start >= end.nanoseconds, !query.hasSpanConditions, query.minTraceDuration == nil,
            query.maxTraceDuration == nil, query.start == nil
        {
            // Its traces may begin earlier elsewhere, and are then found there.
            return false
        }
        let zones = services.map { services in block.zones.filter { services.contains($0.service) } } ?? block.zones
        return zones.contains { zone in
            if query.status == .error, zone.errors == 0 { return false }
            if let minimum = query.minDuration, zone.maxDuration < minimum { return false }
            return true
        }
    }

    private mutating func open(_ block: SpanBlockInfo) throws(ReadError) {
        if !filterHashes.isEmpty, block.level > 0 {
            let filter = try file.part(.filter, block.id, 0) { bytes throws(Damage) in try Filter(bytes) }
            guard filterHashes.allSatisfy({ filter.mayContain($0) }) else { return }
        }
        let head = try file.head(block)
        guard query.hasSpanConditions else {
            for trace in head.traces { push(trace) }
            return
        }
        if let operations, !head.operations.contains(where: { $0 < operations.count && operations[$0] }) { return }
        if !query.attributes.isEmpty, try !matcher(block).canMatch { return }
        for slice in head.slices.indices {
            let rows = head.slices[slice]
            let traces = head.trace(of: rows.lowerBound)...head.trace(of: rows.upperBound - 1)
            let latest = head.traces[traces].reduce(UInt64(0)) { max($0, $1.start) }
            queue.push(Item(start: latest, id: Self.lastID, content: .slice(block, slice)))
        }
    }

    private mutating func push(_ trace: TraceFragment) {
        guard !seen.contains(trace.id) else { return }
        queue.push(Item(start: trace.start, id: trace.id.id, content: .fragment(trace.id)))
    }

    /// Finds the spans of a slice that match and queues their traces.
    private mutating func scan(_ block: SpanBlockInfo, _ slice: Int) throws(ReadError) {
        let head = try file.head(block)
        let scan = try file.scan(block, slice, head)
        let allowed = operations.map { operations in head.operations.map { $0 < operations.count && operations[$0] } }
        let first = head.slices[slice].lowerBound
        var trace = head.trace(of: first)
        var foundTrace = -1
        for index in 0..<scan.operations.count {
            while head.traces[trace].rows.upperBound <= first + index { trace += 1 }
            guard trace != foundTrace else { continue }
            if let allowed, !allowed[Int(scan.operations[index])] { continue }
            guard matchesHot(status: scan.status(index), duration: scan.duration(index)) else { continue }
            if try !matchesCold(block, slice, index, operation: head.operations[Int(scan.operations[index])]) { continue }
            foundTrace = trace
            push(head.traces[trace])
        }
    }

    private func matchesHot(status: StatusCode, duration: UInt64) -> Bool {
        if let wanted = query.status, wanted != status { return false }
        if let minimum = query.minDuration, duration < minimum { return false }
        if let maximum = query.maxDuration, duration > maximum { return false }
        return true
    }

    private mutating func matchesCold(
        _ block: SpanBlockInfo, _ slice: Int, _ index: Int, operation: Int
    ) throws(ReadError) -> Bool {
        let isNameless = query.operation != nil && file.catalog.names.operation(operation)?.name.isEmpty ?? false
        guard isNameless || !query.attributes.isEmpty else { return true }
        let columns = try file.columns(block, slice, file.head(block))
        if isNameless {
            var name = ""
            for (place, key) in columns.keys(index).enumerated() where columns.meta.keys[key].pseudo == PseudoKey.name {
                name = columns.withValue(index, place) { $0.plainText }
            }
            guard name == query.operation else { return false }
        }
        if query.attributes.isEmpty { return true }
        return try matcher(block).matches(columns, index)
    }

    private mutating func matcher(_ block: SpanBlockInfo) throws(ReadError) -> AttributeMatcher {
        if let known = matchers[block.id] { return known }
        let matcher = AttributeMatcher(query.attributes, meta: try file.meta(.cold, block.id))
        matchers[block.id] = matcher
        return matcher
    }

    /// Puts the pieces of a trace together and queues it under its true start if the whole trace matches.
    private mutating func resolve(_ id: TraceWords) throws(ReadError) {
        guard seen.insert(id).inserted, let outline = try file.outline(id) else { return }
        if let minimum = query.minTraceDuration, outline.duration < minimum { return }
        if let maximum = query.maxTraceDuration, outline.duration > maximum { return }
        if let start = query.start, outline.start < start.nanoseconds { return }
        if let end = query.end, outline.start >= end.nanoseconds { return }
        if query.hasSpanConditions, outline.hasDuplicates, try !hasMatch(outline) { return }
        matched += 1
        queue.push(Item(start: outline.start, id: id.id, content: .trace(outline)))
    }

    /// Whether a span that is shown matches, and not only one that a later copy has replaced.
    private mutating func hasMatch(_ outline: TraceOutline) throws(ReadError) -> Bool {
        for span in outline.spans ?? [] {
            if let operations, span.operation >= operations.count || !operations[span.operation] { continue }
            guard matchesHot(status: span.status, duration: span.duration) else { continue }
            let head = try file.head(span.block)
            let slice = head.slice(of: span.row)
            let index = span.row - head.slices[slice].lowerBound
            if try matchesCold(span.block, slice, index, operation: span.operation) { return true }
        }
        return false
    }
}
