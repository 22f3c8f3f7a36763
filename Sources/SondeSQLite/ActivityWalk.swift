// SPDX-License-Identifier: Apache-2.0
// Goes through all traces with a span in a time range, each once and whole. Blocks are read one after the other, each
// slice once; what a trace has in several blocks waits until the last of them has been read.

import SondeModel
import SondeStorage

struct ActivityWalk {
    private let file: BlockFile
    private let operations: ActivityOperations
    /// Places in the catalog of the blocks to go through.
    private let blocks: [Int]
    private let places: ActivityPlaces
    private let wantsParents: Bool
    private let limit: Int

    /// Pieces of traces that lie in several blocks.
    private var waiting: [TraceWords: [ActivityRow]] = [:]
    private var waitingRows = 0
    /// Which traces wait for a block, by its place.
    private var due: [Int: [TraceWords]] = [:]
    /// Traces that were put together before all their blocks were read.
    private var done: Set<TraceWords> = []
    private var trace = ActivityTrace()

    /// - Parameters:
    ///   - blocks: places in the catalog, in order; all blocks that hold a span to be counted.
    ///   - wantsParents: whether parents will be looked at; without them less is read.
    ///   - limit: spans of traces in several blocks that are kept at most.
    init(
        _ file: BlockFile, _ operations: ActivityOperations, blocks: [Int], wantsParents: Bool,
        keeping limit: Int = Limits.activityRowsWaiting
    ) {
        self.file = file
        self.operations = operations
        self.blocks = blocks
        self.wantsParents = wantsParents
        self.limit = limit
        places = ActivityPlaces(file.catalog.blocks, asked: blocks)
    }

    /// Calls `body` for each trace. What is not in one of the blocks is there only if a trace has other spans that are.
    mutating func run(_ body: (inout ActivityTrace) throws(ReadError) -> Void) throws(ReadError) {
        for place in blocks {
            try read(place, body)
            for id in due.removeValue(forKey: place) ?? [] { try complete(id, readUpTo: place, body) }
        }
    }

    private mutating func read(
        _ place: Int, _ body: (inout ActivityTrace) throws(ReadError) -> Void
    ) throws(ReadError) {
        let block = file.catalog.blocks[place]
        let head = try file.head(block)
        let wantsIDs = wantsParents || block.level == 0 || places.isShared[place]
        var number = 0
        for slice in head.slices.indices {
            let scan = try file.scan(block, slice, head)
            let ids = wantsIDs ? try file.spanIDs(block, slice, head).ids : []
            let rows = head.slices[slice]
            var row = rows.lowerBound
            var others = 0
            while row < rows.upperBound {
                let fragment = head.traces[number]
                if row == fragment.rows.lowerBound { trace.begin() }
                let end = min(fragment.rows.upperBound, rows.upperBound)
                let part = Part(place: place, rows: row..<end, slice: rows, fragment: fragment)
                guard trace.add(part, scan, ids, head.operations, &others) else {
                    throw BlockFile.damaged(.hot, block.id, Damage("a span's parent lies outside its trace"))
                }
                row = end
                guard end == fragment.rows.upperBound else { break }
                try finish(fragment, place, hasIDs: wantsIDs, body)
                number += 1
            }
        }
    }

    /// Some rows of a fragment that lie in one slice.
    fileprivate struct Part {
        var place: Int
        var rows: Range<Int>
        var slice: Range<Int>
        var fragment: TraceFragment
    }

    /// A fragment has been read.
    private mutating func finish(
        _ fragment: TraceFragment, _ place: Int, hasIDs: Bool,
        _ body: (inout ActivityTrace) throws(ReadError) -> Void
    ) throws(ReadError) {
        trace.id = fragment.id
        guard !places.isShared[place] || !places.isRepeated(fragment.id.fingerprint) else {
            return try wait(fragment, place, body)
        }
        if hasIDs, trace.hasEqualIDs() {
            trace.notePlacesAsIDs()
            trace.assemble(operations)
        }
        try deliver(body)
    }

    private mutating func deliver(_ body: (inout ActivityTrace) throws(ReadError) -> Void) throws(ReadError) {
        if wantsParents { trace.breakCycles() }
        try body(&trace)
    }

    // MARK: Traces in several blocks

    /// Keeps a piece until the others have been read.
    private mutating func wait(
        _ fragment: TraceFragment, _ place: Int, _ body: (inout ActivityTrace) throws(ReadError) -> Void
    ) throws(ReadError) {
        guard !done.contains(fragment.id) else { return }
        trace.notePlacesAsIDs()
        if waiting[fragment.id] == nil {
            let last = places.places(of: fragment.id.fingerprint).last { places.isAsked[$0] }
            due[last ?? place, default: []].append(fragment.id)
        }
        waiting[fragment.id, default: []] += trace.rows
        waitingRows += trace.rows.count
        guard waitingRows > limit else { return }
        for id in Array(waiting.keys) {
            done.insert(id)
            try complete(id, readUpTo: place, body)
        }
    }

    /// Puts a trace together; the pieces that were not read, or won't be, are looked up. The block at hand may have
    /// been read in part only.
    private mutating func complete(
        _ id: TraceWords, readUpTo place: Int, _ body: (inout ActivityTrace) throws(ReadError) -> Void
    ) throws(ReadError) {
        guard let known = waiting.removeValue(forKey: id) else { return }
        waitingRows -= known.count
        trace.begin()
        trace.id = id
        var next = known.startIndex
        for other in places.places(of: id.fingerprint) {
            let end = known[next...].firstIndex { $0.place != other } ?? known.endIndex
            if end > next {
                trace.rows += known[next..<end]
                next = end
            } else if !places.isAsked[other] || other >= place {
                try addRows(of: id, at: other)
            }
        }
        trace.assemble(operations)
        try deliver(body)
    }

    private mutating func addRows(of id: TraceWords, at place: Int) throws(ReadError) {
        let block = file.catalog.blocks[place]
        guard let fragment = try file.head(block).fragment(of: id) else { return }
        for span in try file.outlines(fragment, in: block) {
            trace.rows.append(
                ActivityRow(
                    start: span.start, end: span.end, spanID: span.spanID, parentID: span.parent,
                    operation: Int32(truncatingIfNeeded: span.operation), place: Int32(truncatingIfNeeded: place),
                    row: Int32(truncatingIfNeeded: span.row), state: span.state))
        }
    }
}

extension ActivityTrace {
    /// Adds rows as they lie in a slice; false if a parent lies outside its fragment.
    ///
    /// - Parameters:
    ///   - ids: the span ids of the slice; empty if nobody asks.
    ///   - operations: global ids by local number.
    ///   - others: how many parents elsewhere the slice had so far.
    fileprivate mutating func add(
        _ part: ActivityWalk.Part, _ scan: SpanScan, _ ids: [UInt64], _ operations: [Int], _ others: inout Int
    ) -> Bool {
        let spans = part.fragment.rows
        for row in part.rows {
            let index = row - part.slice.lowerBound
            var parentID: UInt64 = 0
            var parent: Int32 = -1
            switch scan.parents[index] {
            case 0: break
            case 1:
                parentID = scan.otherParents[others]
                others += 1
            case let code:
                let packed = code - 2
                let distance = Int64(bitPattern: packed >> 1) ^ -Int64(bitPattern: packed & 1)
                let (place, overflow) = Int64(row - spans.lowerBound).subtractingReportingOverflow(distance)
                guard !overflow, place >= 0, place < Int64(spans.count) else { return false }
                parent = Int32(truncatingIfNeeded: place)
            }
            rows.append(
                ActivityRow(
                    start: scan.starts[index], end: scan.ends[index], spanID: ids.isEmpty ? 0 : ids[index],
                    parentID: parentID, operation: Int32(truncatingIfNeeded: operations[Int(scan.operations[index])]),
                    place: Int32(truncatingIfNeeded: part.place), row: Int32(truncatingIfNeeded: row),
                    state: UInt8(truncatingIfNeeded: scan.states[index])))
            parents.append(parent)
        }
        return true
    }
}
