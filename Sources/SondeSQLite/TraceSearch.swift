// SPDX-License-Identifier: Apache-2.0
// Searches traces, best first: blocks, slices, fragments and whole traces wait in one queue under the latest start that
// they could still yield. What comes out as a whole trace is the next row of the answer, so only as much is read as the
// page needs, and the order is that of whole traces although they lie in pieces.

import SondeModel
import SondeStorage

struct TraceSearch {
    /// Something that may yield traces no later than `start`. Small and plain: thousands wait in the queue.
    private struct Item: BitwiseCopyable {
        /// At equal places, what must be looked into comes before what is done.
        enum Content: UInt8 {
            case trace, fragment, slice, block
        }

        var start: UInt64
        var high: UInt64
        var low: UInt64
        var content: Content
        /// Number of the block in the catalog; for a trace its number among those found.
        var block: Int32
        /// Number of the slice, or of the trace in its block.
        var part: Int32 = 0

        static func precedes(_ a: Item, _ b: Item) -> Bool {
            if a.start != b.start { return a.start > b.start }
            if a.high != b.high { return a.high > b.high }
            if a.low != b.low { return a.low > b.low }
            return a.content.rawValue > b.content.rawValue
        }
    }

    /// Traces resolved one by one before it pays to find out which lie in one block only.
    private static let resolvedOneByOne = 200

    /// Blocks whose conditions are kept while their slices wait, at some 10 kB each; blocks are scanned in order of time,
    /// so that few are looked into side by side.
    private static let matchersKept = 64

    private let file: BlockFile
    private let query: TraceQuery
    private let limit: Int
    /// By global operation id: whether spans of it can match; nil if the query does not ask.
    private let operations: [Bool]?
    private let services: [Int]?
    private let filterHashes: [UInt64]
    private var queue = Heap(Item.precedes)
    private var seen: Set<TraceWords> = []
    private var found: [TraceOutline] = []
    private var matchers: [Int64: AttributeMatcher] = [:]
    /// Fingerprints that occur in more than one place, once they are asked for.
    private var repeated: Set<UInt32>?

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
        return [false]
            + names.operations.map { operation in
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
        for (number, block) in file.catalog.blocks.enumerated() where mayMatch(block) {
            push(start: block.newestTrace, .block, block: number)
        }
        var page: [TraceOutline] = []
        var isDone = false
        while page.count <= limit, let item = queue.pop() {
            // Items come newest first, and none holds anything newer than itself.
            if let start = query.start, item.start < start.nanoseconds {
                isDone = true
                break
            }
            let number = Int(item.block)
            switch item.content {
            case .block: try open(number)
            case .slice: try scan(number, Int(item.part))
            case .fragment: try resolve(number, Int(item.part))
            case .trace:
                let outline = found[number]
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
        return TracePage(
            traces: summaries, next: next, total: Total(found.count, isExact: isDone || queue.first == nil))
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

    private mutating func push(start: UInt64, _ content: Item.Content, block: Int, part: Int = 0, id: TraceWords? = nil)
    {
        queue.push(
            Item(
                start: start, high: id?.high ?? .max, low: id?.low ?? .max, content: content, block: Int32(block),
                part: Int32(part)))
    }

    private mutating func open(_ number: Int) throws(ReadError) {
        let block = file.catalog.blocks[number]
        let candidates = try candidateSlices(block)
        guard candidates?.isEmpty != true else { return }
        let head = try file.head(block)
        guard query.hasSpanConditions else {
            for trace in head.traces.indices { pushFragment(number, trace, head) }
            return
        }
        if let operations, !head.operations.contains(where: { $0 < operations.count && operations[$0] }) { return }
        if !query.attributes.isEmpty, try !matcher(block).canMatch {
            matchers[block.id] = nil
            return
        }
        if let last = candidates?.last, last >= head.slices.count {
            throw BlockFile.damaged(.filter, block.id, Damage("it has more filters than the block has slices"))
        }
        for slice in candidates ?? Array(head.slices.indices) {
            let rows = head.slices[slice]
            let traces = head.trace(of: rows.lowerBound)...head.trace(of: rows.upperBound - 1)
            push(start: head.traces[traces].reduce(UInt64(0)) { max($0, $1.start) }, .slice, block: number, part: slice)
        }
    }

    /// The slices that the filter of a block leaves; nil without one.
    private func candidateSlices(_ block: SpanBlockInfo) throws(ReadError) -> [Int]? {
        guard !filterHashes.isEmpty, block.level > 0 else { return nil }
        let filters = try file.filters(block)
        return filters.indices.filter { slice in filterHashes.allSatisfy(filters[slice].mayContain) }
    }

    private mutating func pushFragment(_ block: Int, _ trace: Int, _ head: SpanHead) {
        let fragment = head.traces[trace]
        guard !seen.contains(fragment.id) else { return }
        push(start: fragment.start, .fragment, block: block, part: trace, id: fragment.id)
    }

    /// Finds the spans of a slice that match and queues their traces.
    private mutating func scan(_ number: Int, _ slice: Int) throws(ReadError) {
        let block = file.catalog.blocks[number]
        let head = try file.head(block)
        let scan = try file.scan(block, slice, head)
        let allowed = head.operations.map { operation in
            operations.map { operation < $0.count && $0[operation] } ?? true
        }
        let first = head.slices[slice].lowerBound
        var trace = head.trace(of: first)
        var foundTrace = -1
        var cold: [Bool]?
        for index in 0..<scan.operations.count {
            while head.traces[trace].rows.upperBound <= first + index { trace += 1 }
            guard trace != foundTrace, allowed[Int(scan.operations[index])],
                matchesHot(status: scan.status(index), duration: scan.duration(index))
            else { continue }
            if !query.attributes.isEmpty {
                if cold == nil { cold = try file.matches(matcher(block), block, slice, head) }
                guard cold?[index] == true else { continue }
            }
            if try !matchesName(block, slice, index, operation: head.operations[Int(scan.operations[index])]) {
                continue
            }
            foundTrace = trace
            pushFragment(number, trace, head)
        }
    }

    private func matchesHot(status: StatusCode, duration: UInt64) -> Bool {
        if let wanted = query.status, wanted != status { return false }
        if let minimum = query.minDuration, duration < minimum { return false }
        if let maximum = query.maxDuration, duration > maximum { return false }
        return true
    }

    /// Names past the dictionary's bound lie with their spans.
    private func matchesName(
        _ block: SpanBlockInfo, _ slice: Int, _ index: Int, operation: Int
    ) throws(ReadError) -> Bool {
        guard let wanted = query.operation, file.catalog.names.operation(operation)?.name.isEmpty ?? false else {
            return true
        }
        return try file.longName(block, slice, index, file.head(block)) == wanted
    }

    private mutating func matcher(_ block: SpanBlockInfo) throws(ReadError) -> AttributeMatcher {
        if let known = matchers[block.id] { return known }
        let matcher = try file.matcher(query.attributes, block)
        if matchers.count >= Self.matchersKept { matchers.removeAll() }
        matchers[block.id] = matcher
        return matcher
    }

    /// Puts the pieces of a trace together and queues it under its true start if the whole trace matches.
    private mutating func resolve(_ number: Int, _ trace: Int) throws(ReadError) {
        let block = file.catalog.blocks[number]
        let fragment = try file.head(block).traces[trace]
        guard seen.insert(fragment.id).inserted, let outline = try outline(fragment, in: block) else { return }
        if let minimum = query.minTraceDuration, outline.duration < minimum { return }
        if let maximum = query.maxTraceDuration, outline.duration > maximum { return }
        if let start = query.start, outline.start < start.nanoseconds { return }
        if let end = query.end, outline.start >= end.nanoseconds { return }
        if query.hasSpanConditions, outline.hasDuplicates, try !hasMatch(outline) { return }
        push(start: outline.start, .trace, block: found.count, id: fragment.id)
        found.append(outline)
    }

    private mutating func outline(
        _ fragment: TraceFragment, in block: SpanBlockInfo
    ) throws(ReadError) -> TraceOutline? {
        if repeated == nil, seen.count > Self.resolvedOneByOne { repeated = file.catalog.countFingerprints().repeated }
        if let repeated, !repeated.contains(fragment.id.fingerprint) {
            return try file.outline(fragment.id, [(block, fragment)])
        }
        return try file.outline(fragment.id)
    }

    /// Whether a span that is shown matches, and not only one that a later copy has replaced.
    private mutating func hasMatch(_ outline: TraceOutline) throws(ReadError) -> Bool {
        for span in outline.spans ?? [] {
            if let operations, span.operation >= operations.count || !operations[span.operation] { continue }
            guard matchesHot(status: span.status, duration: span.duration) else { continue }
            let head = try file.head(span.block)
            let slice = head.slice(of: span.row)
            let index = span.row - head.slices[slice].lowerBound
            if !query.attributes.isEmpty {
                guard try file.matches(matcher(span.block), span.block, slice, head)[index] else { continue }
            }
            if try matchesName(span.block, slice, index, operation: span.operation) { return true }
        }
        return false
    }
}

extension BlockFile {
    /// The name of a span whose operation has none: past the dictionary's bound names lie with their spans.
    func longName(_ block: SpanBlockInfo, _ slice: Int, _ index: Int, _ head: SpanHead) throws(ReadError) -> String {
        let columns = try columns(block, slice, head)
        var name = ""
        for (place, key) in columns.keys(index).enumerated() where columns.meta.keys[key].pseudo == PseudoKey.name {
            name = columns.withValue(index, place) { $0.plainText }
        }
        return name
    }
}
