// SPDX-License-Identifier: Apache-2.0
// The hot part of a block of spans, read back: the head with its trace table, and the slices.

import SondeModel
import SondeStorage

/// A trace as far as one block holds it.
struct TraceFragment: Sendable {
    var id: TraceWords
    /// Places of its spans in the block.
    var rows: Range<Int>
    var start: UInt64
    var end: UInt64
    var errors: Int
    /// Local number of the main root's operation, if that is here.
    var rootOperation: Int?
}

/// Chunks 0 and 1 of `hot`.
final class SpanHead: CachedPart {
    let slices: [Range<Int>]
    /// Global ids by local number.
    let operations: [Int]
    /// By first start.
    let traces: [TraceFragment]
    /// Fingerprint and number of each trace in one word, sorted.
    private let places: [UInt64]

    init(_ bytes: UnsafeBufferPointer<UInt8>, ids: UnsafeBufferPointer<UInt8>) throws(Damage) {
        var reader = ByteReader(bytes)
        let count = try reader.count()
        slices = try Self.ranges(&reader, total: count)
        var operations: [Int] = []
        for _ in 0..<(try reader.count()) { operations.append(try reader.count()) }
        self.operations = operations
        let rows = try Self.ranges(&reader, total: count)
        var idReader = ByteReader(ids)
        var traces: [TraceFragment] = []
        traces.reserveCapacity(rows.count)
        var start: UInt64 = 0
        for rows in rows {
            start &+= UInt64(bitPattern: try reader.zigzag())
            let (end, overflow) = start.addingReportingOverflow(try reader.varint())
            guard !overflow else { throw Damage("a trace ends before it starts") }
            let errors = try reader.count()
            let root = try reader.count()
            guard root <= operations.count else { throw Damage("a trace names an operation that the block lacks") }
            let id = TraceWords(
                TraceID(high: try idReader.fixed64().byteSwapped, low: try idReader.fixed64().byteSwapped))
            traces.append(
                TraceFragment(
                    id: id, rows: rows, start: start, end: end, errors: errors,
                    rootOperation: root == 0 ? nil : root - 1))
        }
        self.traces = traces
        var places: [UInt64] = []
        places.reserveCapacity(traces.count)
        for (number, trace) in traces.enumerated() {
            places.append(UInt64(trace.id.fingerprint) << 32 | UInt64(number))
        }
        places.sort()
        self.places = places
    }

    /// The fragment of a trace, if the block has one.
    func fragment(of id: TraceWords) -> TraceFragment? {
        let fingerprint = UInt64(id.fingerprint)
        var place = places.partitionIndex { $0 >> 32 >= fingerprint }
        while place < places.count, places[place] >> 32 == fingerprint {
            let trace = traces[Int(truncatingIfNeeded: places[place] & 0xFFFF_FFFF)]
            if trace.id == id { return trace }
            place += 1
        }
        return nil
    }

    /// `varint how many · varint length of each`, which add up to `total`.
    private static func ranges(_ reader: inout ByteReader, total: Int) throws(Damage) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var next = 0
        for _ in 0..<(try reader.count()) {
            let length = try reader.count()
            guard length > 0 else { throw Damage("a slice or a trace has no spans") }
            ranges.append(next..<(next + length))
            next += length
        }
        guard next == total else { throw Damage("its parts have \(next) records, it should have \(total)") }
        return ranges
    }

    /// How many spans the block has.
    var count: Int { slices.last?.upperBound ?? 0 }

    var cost: Int { traces.count * (MemoryLayout<TraceFragment>.stride + 8) + (slices.count + operations.count) * 16 }

    /// The number of the first slice that reaches beyond `row`.
    func slice(of row: Int) -> Int {
        slices.partitionIndex { $0.upperBound > row }
    }

    /// The numbers of the traces of which a slice has spans.
    func traces(of slice: Int) -> ClosedRange<Int> {
        trace(of: slices[slice].lowerBound)...trace(of: slices[slice].upperBound - 1)
    }

    /// The number of the trace that `row` belongs to.
    func trace(of row: Int) -> Int {
        traces.partitionIndex { $0.rows.upperBound > row }
    }
}

extension RandomAccessCollection where Index == Int {
    /// The first index whose element satisfies a predicate that holds for a tail of the collection.
    func partitionIndex(where isInTail: (Element) -> Bool) -> Int {
        var low = startIndex
        var high = endIndex
        while low < high {
            let middle = (low + high) / 2
            if isInTail(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// The scan and the times chunk of one slice.
final class SpanScan: CachedPart {
    let operations: [UInt32]
    let states: [UInt32]
    let starts: [UInt64]
    let ends: [UInt64]
    /// As written: 0 none, 1 elsewhere, else a distance.
    let parents: [UInt64]
    /// The ids of parents elsewhere, in order.
    let otherParents: [UInt64]

    init(
        _ bytes: UnsafeBufferPointer<UInt8>, times: UnsafeBufferPointer<UInt8>, slice: Range<Int>, head: SpanHead
    ) throws(Damage) {
        let count = slice.count
        // Each span has two varints there: a wrong head must not make us ask for memory without bound.
        guard count <= times.count / 2 else { throw Damage("a slice has fewer times than spans") }
        var reader = ByteReader(bytes)
        operations = try reader.numbers(count, below: head.operations.count, "a span names an operation")
        states = try reader.numbers(count, below: .max, "a span is in a state")
        var parents: [UInt64] = []
        parents.reserveCapacity(count)
        var others = 0
        for _ in 0..<count {
            let code = try reader.varint()
            if code == 1 { others += 1 }
            parents.append(code)
        }
        self.parents = parents
        var timeReader = ByteReader(times)
        let starts = try Self.starts(&timeReader, slice, head)
        var ends: [UInt64] = []
        ends.reserveCapacity(count)
        for start in starts { ends.append(start &+ UInt64(bitPattern: try timeReader.zigzag())) }
        self.starts = starts
        self.ends = ends
        var otherParents: [UInt64] = []
        for _ in 0..<others { otherParents.append(try timeReader.fixed64()) }
        self.otherParents = otherParents
    }

    private static func starts(
        _ reader: inout ByteReader, _ slice: Range<Int>, _ head: SpanHead
    ) throws(Damage) -> [UInt64] {
        var starts: [UInt64] = []
        starts.reserveCapacity(slice.count)
        var trace = head.trace(of: slice.lowerBound) - 1
        var next = slice.lowerBound
        var previous: UInt64 = 0
        for row in slice {
            if row == next {
                trace += 1
                previous = head.traces[trace].start
                next = head.traces[trace].rows.upperBound
            }
            previous &+= UInt64(bitPattern: try reader.zigzag())
            starts.append(previous)
        }
        return starts
    }

    var cost: Int { operations.count * 32 + otherParents.count * 8 }

    /// The status of the span at `index` of the slice.
    func status(_ index: Int) -> StatusCode {
        StatusCode(rawValue: UInt8(truncatingIfNeeded: states[index]) & SpanState.statusMask) ?? .unset
    }

    /// The parent of the span at `index`, which is `row` in the block; `ids` are those of the block. Called in order of
    /// `index`, with `other` counting the parents elsewhere.
    @inline(__always)
    func parent(
        _ index: Int, row: Int, ids: UnsafeBufferPointer<UInt64>, other: inout Int, _ block: SpanBlockInfo
    ) throws(ReadError) -> UInt64 {
        let code = parents[index]
        if code == 0 { return 0 }
        if code == 1 {
            other += 1
            return otherParents[other - 1]
        }
        let packed = code - 2
        let distance = Int64(bitPattern: packed >> 1) ^ -Int64(bitPattern: packed & 1)
        let (place, overflow) = Int64(row).subtractingReportingOverflow(distance)
        guard !overflow, place >= 0, place < Int64(ids.count) else {
            throw BlockFile.damaged(.hot, block.id, Damage("a span's parent lies outside its block"))
        }
        return ids[Int(place)]
    }

    func duration(_ index: Int) -> UInt64 { ends[index] > starts[index] ? ends[index] - starts[index] : 0 }
}

/// The span ids of one slice.
final class SpanIDs: CachedPart {
    let ids: [UInt64]

    init(_ bytes: UnsafeBufferPointer<UInt8>, count: Int) throws(Damage) {
        // A wrong head must not make us ask for memory without bound.
        guard bytes.count / 8 == count else { throw Damage("it has \(bytes.count / 8) span ids for \(count) spans") }
        var reader = ByteReader(bytes)
        var ids: [UInt64] = []
        ids.reserveCapacity(count)
        for _ in 0..<count { ids.append(try reader.fixed64()) }
        self.ids = ids
    }

    var cost: Int { ids.count * 8 + 32 }
}

/// The hot columns of one span.
struct SpanOutline {
    var block: SpanBlockInfo
    var row: Int
    /// Global id.
    var operation: Int
    var spanID: UInt64
    var parent: UInt64
    var start: UInt64
    var end: UInt64
    var state: UInt8

    var isUnfinished: Bool { state & SpanState.unfinished != 0 }
    var status: StatusCode { StatusCode(rawValue: state & SpanState.statusMask) ?? .unset }
    var duration: UInt64 { end > start ? end - start : 0 }
}

extension BlockFile {
    func head(_ block: SpanBlockInfo) throws(ReadError) -> SpanHead {
        let key = BlockCache.Key(table: .hot, block: block.id, part: 0)
        try goOn()
        if let known = cache.part(key, as: SpanHead.self) { return known }
        let head = try chunk(.hot, block.id, 0)
        let ids = try chunk(.hot, block.id, 1)
        let part = try Self.decode(.hot, block.id, head) { head throws(Damage) in
            let result: Result<SpanHead, Damage> = ids.withUnsafeBufferPointer { ids in
                do throws(Damage) { return .success(try SpanHead(head, ids: ids)) } catch { return .failure(error) }
            }
            let head = try result.get()
            guard head.count == block.count else {
                throw Damage("it has \(head.count) spans, its row says \(block.count)")
            }
            guard head.operations.allSatisfy({ catalog.names.operation($0) != nil }) else {
                throw Damage("a span names an operation that there is not")
            }
            return head
        }
        cache.insert(part, for: key)
        return part
    }

    func scan(_ block: SpanBlockInfo, _ slice: Int, _ head: SpanHead) throws(ReadError) -> SpanScan {
        let key = BlockCache.Key(table: .hot, block: block.id, part: 2 + 3 * slice)
        try goOn()
        if let known = cache.part(key, as: SpanScan.self) { return known }
        let times = try chunk(.hot, block.id, 3 + 3 * slice)
        return try part(.hot, block.id, 2 + 3 * slice) { bytes throws(Damage) in
            let result: Result<SpanScan, Damage> = times.withUnsafeBufferPointer { times in
                do throws(Damage) {
                    return .success(try SpanScan(bytes, times: times, slice: head.slices[slice], head: head))
                } catch { return .failure(error) }
            }
            return try result.get()
        }
    }

    func spanIDs(_ block: SpanBlockInfo, _ slice: Int, _ head: SpanHead) throws(ReadError) -> SpanIDs {
        try part(.hot, block.id, 4 + 3 * slice) { bytes throws(Damage) in
            try SpanIDs(bytes, count: head.slices[slice].count)
        }
    }

    /// The spans of a fragment, in order of arrival.
    func outlines(_ fragment: TraceFragment, in block: SpanBlockInfo) throws(ReadError) -> [SpanOutline] {
        let head = try head(block)
        var outlines: [SpanOutline] = []
        outlines.reserveCapacity(fragment.rows.count)
        var parents: [(code: UInt64, id: UInt64)] = []
        var slice = head.slice(of: fragment.rows.lowerBound)
        while outlines.count < fragment.rows.count {
            let scan = try scan(block, slice, head)
            let ids = try spanIDs(block, slice, head).ids
            let place = head.slices[slice]
            let rows = fragment.rows.clamped(to: place)
            var others = scan.parents[..<(rows.lowerBound - place.lowerBound)].count { $0 == 1 }
            for row in rows {
                let index = row - place.lowerBound
                let isOther = scan.parents[index] == 1
                parents.append((scan.parents[index], isOther ? scan.otherParents[others] : 0))
                if isOther { others += 1 }
                outlines.append(
                    SpanOutline(
                        block: block, row: row, operation: head.operations[Int(scan.operations[index])],
                        spanID: ids[index], parent: 0, start: scan.starts[index], end: scan.ends[index],
                        state: UInt8(truncatingIfNeeded: scan.states[index])))
            }
            slice += 1
        }
        for (index, parent) in parents.enumerated() {
            outlines[index].parent = try Self.parent(parent, of: index, outlines, block)
        }
        return outlines
    }

    private static func parent(
        _ parent: (code: UInt64, id: UInt64), of index: Int, _ outlines: [SpanOutline], _ block: SpanBlockInfo
    ) throws(ReadError) -> UInt64 {
        if parent.code < 2 { return parent.id }
        let packed = parent.code - 2
        let distance = Int64(bitPattern: packed >> 1) ^ -Int64(bitPattern: packed & 1)
        let (place, overflow) = Int64(index).subtractingReportingOverflow(distance)
        guard !overflow, place >= 0, place < Int64(outlines.count) else {
            throw damaged(.hot, block.id, Damage("a span's parent lies outside its trace"))
        }
        return outlines[Int(place)].spanID
    }
}
