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
    /// For each of ``filterHashes`` the blocks that may have it, on spans of the service asked for.
    private var sieves: [PairSieve]
    private var queue = Heap(Item.precedes)
    private var seen: Set<TraceWords> = []
    private var found: [TraceOutline] = []
    /// Those of `found` that surely match, by number.
    private var decided: Set<Int> = []
    /// Traces of which a span surely meets what leads the search.
    private var led: Set<TraceWords> = []
    /// The traces that are known to match.
    private var matching = 0
    /// Whether traces before the cursor were passed over, which would count.
    private var hasPassedOver = false
    private var matchers: [Int64: AttributeMatcher] = [:]
    private var expression: ExpressionSearch?
    private var hot: HotColumns?
    /// Fingerprints that occur in more than one place, once they are asked for.
    private var repeated: Set<UInt32>?

    private init(_ file: BlockFile, _ query: TraceQuery) {
        self.file = file
        self.query = query
        limit = min(max(1, query.limit), TraceQuery.maxLimit)
        let names = file.catalog.names
        services = query.service.map { names.serviceIDs($0) }
        filterHashes = query.attributes.map { AttributeFilter.hash(key: $0.key, text: $0.value) }
        sieves = filterHashes.map { [services] in PairSieve($0, services: services) }
        operations = Self.operations(query, names, services)
        expression = query.expression.map { ExpressionSearch($0, query, in: file) }
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
        return try collect()
    }

    private mutating func collect() throws(ReadError) -> TracePage {
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
            case .trace: if try belongs(number) { page.append(found[number]) }
            }
        }
        page.sort { ($0.start, $0.id.id) > ($1.start, $1.id.id) }
        let hasMore = page.count > limit
        var summaries: [TraceSummary] = []
        for outline in page.prefix(limit) {
            guard var summary = try file.summary(outline) else { continue }
            try expression?.show(outline, in: &summary)
            summaries.append(summary)
        }
        let next = hasMore ? summaries.last.map { TraceCursor(start: $0.start, traceID: $0.traceID) } : nil
        let isExact = (isDone || queue.first == nil) && !hasPassedOver
        return TracePage(traces: summaries, next: next, total: Total(matching, isExact: isExact))
    }

    /// Whether a trace that was found belongs on the page. A query in TraceQL is decided here and not earlier, so that only
    /// those are decided that the page needs.
    private mutating func belongs(_ number: Int) throws(ReadError) -> Bool {
        let outline = found[number]
        let start = Timestamp(nanoseconds: outline.start)
        let isAfterCursor = query.cursor?.precedes(start: start, traceID: outline.id.id) ?? true
        guard let expression, !decided.contains(number) else { return isAfterCursor }
        guard isAfterCursor else {
            hasPassedOver = true
            return false
        }
        guard try expression.matches(outline) else {
            found[number].spans = nil
            return false
        }
        matching += 1
        return true
    }

    // What can be told of a block without opening it.
    private func mayMatch(_ block: SpanBlockInfo) -> Bool {
        if let end = query.end, block.start >= end.nanoseconds, !query.hasSpanConditions, query.minTraceDuration == nil,
            query.maxTraceDuration == nil, query.start == nil, query.expression == nil
        {
            // Its traces may begin earlier elsewhere, and are then found there.
            return false
        }
        if let expression, !expression.mayHold(block) { return false }
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
        guard query.hasSpanConditions else {
            try openWithoutConditions(number, block)
            return
        }
        for index in sieves.indices where try !sieves[index].mayHold(block, file) { return }
        let candidates = try candidateSlices(block)
        guard candidates?.isEmpty != true else { return }
        let head = try file.head(block)
        if let operations, !head.operations.contains(where: { $0 < operations.count && operations[$0] }) { return }
        if !query.attributes.isEmpty, try !matcher(block).canMatch {
            matchers[block.id] = nil
            return
        }
        if let last = candidates?.last, last >= head.slices.count {
            throw BlockFile.damaged(.filter, block.id, Damage("it has more filters than the block has slices"))
        }
        var slices = candidates ?? Array(head.slices.indices)
        if expression?.driver != nil {
            let led = Set(try expression?.slices(of: block) ?? [])
            slices.removeAll { !led.contains($0) }
        }
        for slice in slices
        where head.traces(of: slice).contains(where: { mayMatch(head.traces[$0]) }) {
            pushSlice(number, slice, head)
        }
    }

    /// Queues what a block holds if no condition on spans leads the search, or one in TraceQL.
    private mutating func openWithoutConditions(_ number: Int, _ block: SpanBlockInfo) throws(ReadError) {
        guard expression?.driver != nil else {
            let head = try file.head(block)
            for trace in head.traces.indices { pushFragment(number, trace, head) }
            return
        }
        let slices = try expression?.slices(of: block) ?? []
        guard !slices.isEmpty else { return }
        let head = try file.head(block)
        for slice in slices { pushSlice(number, slice, head) }
    }

    private mutating func pushSlice(_ block: Int, _ slice: Int, _ head: SpanHead) {
        let newest = head.traces(of: slice).reduce(UInt64(0)) { max($0, head.traces[$1].start) }
        push(start: newest, .slice, block: block, part: slice)
    }

    /// What the trace table tells: whether a span of the trace may be in error, or take so long.
    private func mayMatch(_ fragment: TraceFragment) -> Bool {
        if query.status == .error, fragment.errors == 0 { return false }
        if let minimum = query.minDuration, fragment.end - fragment.start < minimum { return false }
        return true
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
        if query.hasSpanConditions {
            for trace in head.traces(of: slice) where mayMatch(head.traces[trace]) {
                let truth = try matches(trace, block, slice, head)
                if truth == .yes, expression != nil { led.insert(head.traces[trace].id) }
                if truth != .no { pushFragment(number, trace, head) }
            }
            return
        }
        let truths = try expression?.truths(block, slice) ?? .same(.open)
        guard !truths.isNowhere else { return }
        let rows = head.slices[slice]
        for trace in head.traces(of: slice) {
            let fragment = head.traces[trace]
            let most = fragment.rows.clamped(to: rows).reduce(UInt8(0)) { max($0, truths[$1 - rows.lowerBound]) }
            guard most > 0 else { continue }
            if most == Truth.yes.rawValue, expression?.isDecidedBySpans == true { led.insert(fragment.id) }
            pushFragment(number, trace, head)
        }
    }

    /// Whether a span of a trace, as far as it lies in a slice, meets the conditions, those in TraceQL included if they
    /// are about the same span.
    private mutating func matches(
        _ trace: Int, _ block: SpanBlockInfo, _ slice: Int, _ head: SpanHead
    ) throws(ReadError) -> Truth {
        let columns = try hotColumns(block, slice, head)
        var most = Truth.no
        let first = head.slices[slice].lowerBound
        for row in head.traces[trace].rows.clamped(to: head.slices[slice]) {
            let index = row - first
            let operation = Int(columns.glance.operations[index])
            guard columns.isAllowed[operation] else { continue }
            if let wanted = query.status, columns.glance.status(index) != wanted { continue }
            if let durations = columns.durations?.durations, !matches(duration: durations[index]) { continue }
            if !query.attributes.isEmpty {
                guard try attributeMatches(block, slice, head)[index] else { continue }
            }
            guard try matchesName(block, slice, index, operation: head.operations[operation]) else { continue }
            guard expression != nil else { return .yes }
            guard expression?.driver != nil else { return .open }
            most = max(most, Truth(rawValue: try expression?.truths(block, slice)[index] ?? 0) ?? .open)
            if most == .yes { return .yes }
        }
        return most
    }

    /// The hot columns of the slice last looked at, as far as the conditions need them.
    private struct HotColumns {
        var block: Int64
        var slice: Int
        var glance: SpanGlance
        var durations: SpanDurations?
        /// By local operation.
        var isAllowed: [Bool]
        /// Whether each span meets the conditions on attributes, once that is asked for.
        var attributes: [Bool]?
    }

    private mutating func hotColumns(
        _ block: SpanBlockInfo, _ slice: Int, _ head: SpanHead
    ) throws(ReadError) -> HotColumns {
        if let hot, hot.block == block.id, hot.slice == slice { return hot }
        let asksDuration = query.minDuration != nil || query.maxDuration != nil
        let columns = HotColumns(
            block: block.id, slice: slice, glance: try file.glance(block, slice, head),
            durations: asksDuration ? try file.durations(block, slice, head) : nil,
            isAllowed: head.operations.map { operation in
                operations.map { operation < $0.count && $0[operation] } ?? true
            })
        hot = columns
        return columns
    }

    private mutating func attributeMatches(
        _ block: SpanBlockInfo, _ slice: Int, _ head: SpanHead
    ) throws(ReadError) -> [Bool] {
        if let known = hot?.attributes { return known }
        let matches = try file.matches(matcher(block), block, slice, head)
        hot?.attributes = matches
        return matches
    }

    private func matchesHot(status: StatusCode, duration: UInt64) -> Bool {
        if let wanted = query.status, wanted != status { return false }
        return matches(duration: duration)
    }

    private func matches(duration: UInt64) -> Bool {
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
        if expression != nil {
            guard try expression?.mayMatch(outline) ?? true else { return }
            if !outline.hasDuplicates, led.contains(fragment.id) { decided.insert(found.count) }
        }
        if expression == nil || decided.contains(found.count) { matching += 1 }
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
