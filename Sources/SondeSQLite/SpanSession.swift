// SPDX-License-Identifier: Apache-2.0
// Gathers spans, of batches on their way in or of blocks that are merged, and puts them in the order of a block: traces
// by their first start, the spans of a trace side by side in order of arrival.

import SondeModel

/// One span of a session.
struct SpanRow: BitwiseCopyable {
    /// Number of its trace in the session; ``SpanSession/dropped`` for a duplicate.
    var trace: UInt32
    var operation: UInt32
    var start: UInt64
    var end: UInt64
    var spanID: UInt64
    var parent: UInt64
    var columns: ColumnRow
    /// As in the file: bits 0 and 1 status, bit 2 unfinished.
    var state: UInt8
    var kind: UInt8
}

enum SpanState {
    static let statusMask: UInt8 = 3
    static let unfinished: UInt8 = 4
}

/// A trace id as plain bytes in memory.
struct TraceWords: BitwiseCopyable, Hashable {
    var high: UInt64
    var low: UInt64

    init(_ id: TraceID) {
        high = id.high
        low = id.low
    }

    /// The hash by which traces are looked up in blocks.
    var fingerprint: UInt32 { UInt32(truncatingIfNeeded: Hash64.hash(high, low) >> 32) }
    var id: TraceID { TraceID(high: high, low: low) }
}

struct SpanSession: ~Copyable {
    static let dropped = UInt32.max

    struct TraceState: BitwiseCopyable {
        var id: TraceWords
        var count: UInt32 = 0
        var start: UInt64 = .max
    }

    var columns = RecordColumns()
    private(set) var rows = Buffer<SpanRow>(capacity: 1_024)
    private(set) var traces = Buffer<TraceState>(capacity: 256)
    private var traceSlots = Buffer<UInt32>()
    private var latestTrace = 0
    /// The last span of each operation, by operation id.
    private var latest = Buffer<RecordLikeness>()
    /// The number of the batch at hand; 0 stands for none.
    private var batchNumber: UInt32 = 0
    private var extras = ByteBuffer()
    private var resourceIDs = Buffer<UInt32>()
    private var resourceServices = Buffer<UInt32>()
    private var scopeIDs = Buffer<UInt32>()

    init() { traceSlots.fill(0, count: 1_024) }

    var count: Int { rows.count }

    mutating func removeAll() {
        columns.removeAll()
        rows.removeAll()
        if traces.count > 0 { traceSlots.fill(0, count: traceSlots.count) }
        traces.removeAll()
        latest.removeAll()
    }

    /// Takes a batch whole; on an error nothing of it is kept.
    mutating func add(_ batch: SpanBatch, names: inout NameTables) throws(MalformedProtobuf) {
        batchNumber = batchNumber == .max ? 1 : batchNumber + 1
        let rowCount = rows.count
        let valueCount = columns.valueIDs.count
        let result: Result<Void, MalformedProtobuf> = batch.bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return .success(()) }
            do throws(MalformedProtobuf) {
                addEnvelopes(batch, base, &names)
                for index in batch.entries.indices { try add(batch.entries[index], base, &names) }
                return .success(())
            } catch { return .failure(error) }
        }
        do throws(MalformedProtobuf) { try result.get() } catch {
            for row in rowCount..<rows.count { traces.base[Int(rows[row].trace)].count -= 1 }
            rows.truncate(to: rowCount)
            columns.valueIDs.truncate(to: valueCount)
            latest.removeAll()
            // A trace that lives on must not begin with a span that is gone.
            recomputeStarts()
            throw error
        }
    }

    private mutating func addEnvelopes(_ batch: SpanBatch, _ base: UnsafePointer<UInt8>, _ names: inout NameTables) {
        resourceIDs.removeAll()
        resourceServices.removeAll()
        scopeIDs.removeAll()
        for resource in batch.resources {
            let service = names.service(resource.serviceName.bytes(base))
            resourceServices.append(UInt32(service))
            resourceIDs.append(UInt32(columns.resource(resource, service: service, base: base)))
        }
        for scope in batch.scopes { scopeIDs.append(UInt32(columns.scope(scope, base: base))) }
    }

    @inline(__always)
    private mutating func add(
        _ entry: SpanEntry, _ base: UnsafePointer<UInt8>, _ names: inout NameTables
    ) throws(MalformedProtobuf) {
        let service = Int(resourceServices[Int(entry.resource)])
        let name = base + entry.name.lowerBound
        let known = names.operation(service: service, kind: entry.kind, name: name, count: Int(entry.name.count))
        let operation = known ?? names.namelessOperation(service: service, kind: entry.kind)
        while latest.count <= operation { latest.append(RecordLikeness()) }
        let context = columns.contextID(
            RecordContext(
                resource: resourceIDs[Int(entry.resource)], scope: scopeIDs[Int(entry.scope)], flags: entry.flags,
                droppedAttributes: entry.droppedAttributesCount, first: entry.droppedEventsCount,
                second: entry.droppedLinksCount))
        let firstValue = columns.begin(like: latest.base[operation])
        columns.add(.init(key: PseudoKey.text, entry.statusMessage), base)
        columns.add(.init(key: PseudoKey.state, entry.traceState), base)
        if entry.eventCount > 0 || entry.linkCount > 0 || entry.hasUnknownFields { try addExtras(entry, base) }
        if known == nil { columns.add(.init(key: PseudoKey.name, entry.name), base) }
        try columns.addAttributes(entry.attributes, field: 9, base: base, like: knownAttributes(operation))
        let shape = columns.end()
        let row = ColumnRow(
            context: UInt32(truncatingIfNeeded: context), shape: UInt32(truncatingIfNeeded: shape),
            firstValue: UInt32(truncatingIfNeeded: firstValue))
        latest.base[operation] = RecordLikeness(
            shape: row.shape, firstValue: row.firstValue,
            attributes: UInt32(truncatingIfNeeded: entry.attributes.lowerBound),
            attributeBytes: UInt32(truncatingIfNeeded: entry.attributes.count), batch: batchNumber)
        var state = entry.status.rawValue
        if entry.end == .zero, try Self.isUnfinished(entry, base) { state |= SpanState.unfinished }
        append(
            SpanRow(
                trace: 0, operation: UInt32(truncatingIfNeeded: operation), start: entry.start.nanoseconds,
                end: entry.end.nanoseconds, spanID: entry.spanID.value, parent: entry.parentSpanID.value,
                columns: row, state: state, kind: entry.kind.rawValue),
            trace: TraceWords(entry.traceID))
    }

    /// Where the attributes of the operation's last span lie, if it came in the same batch.
    @inline(__always)
    private func knownAttributes(_ operation: Int) -> ByteRange {
        let known = latest.base[operation]
        guard known.batch == batchNumber else { return .empty }
        return ByteRange(offset: Int(known.attributes), count: Int(known.attributeBytes))
    }

    /// Adds a row whose columns are in the session already.
    @inline(__always)
    mutating func append(_ row: SpanRow, trace: TraceWords) {
        let number = traceNumber(trace)
        let state = traces.base + number
        state.pointee.count &+= 1
        if row.start < state.pointee.start { state.pointee.start = row.start }
        var row = row
        row.trace = UInt32(truncatingIfNeeded: number)
        rows.append(row)
    }

    @inline(__always)
    private mutating func traceNumber(_ id: TraceWords) -> Int {
        // Neighbours are often of one trace.
        if latestTrace < traces.count, traces.base[latestTrace].id == id { return latestTrace }
        let mask = traceSlots.count &- 1
        var place = Int(truncatingIfNeeded: Hash64.hash(id.high, id.low)) & mask
        while traceSlots.base[place] != 0 {
            let number = Int(traceSlots.base[place]) &- 1
            if traces.base[number].id == id {
                latestTrace = number
                return number
            }
            place = (place &+ 1) & mask
        }
        traces.append(TraceState(id: id))
        traceSlots.base[place] = UInt32(traces.count)
        if traces.count * 2 > traceSlots.count { growTraceSlots() }
        latestTrace = traces.count &- 1
        return latestTrace
    }

    /// The number of a trace; nil if the session has no span of it.
    func knownTrace(_ id: TraceWords) -> Int? {
        let mask = traceSlots.count &- 1
        var place = Int(truncatingIfNeeded: Hash64.hash(id.high, id.low)) & mask
        while traceSlots.base[place] != 0 {
            let number = Int(traceSlots.base[place]) &- 1
            if traces.base[number].id == id { return number }
            place = (place &+ 1) & mask
        }
        return nil
    }

    @inline(never)
    private mutating func growTraceSlots() {
        let size = traceSlots.count * 4
        traceSlots.fill(0, count: size)
        for number in 0..<traces.count {
            let id = traces[number].id
            var place = Int(truncatingIfNeeded: Hash64.hash(id.high, id.low)) & (size - 1)
            while traceSlots.base[place] != 0 { place = (place + 1) & (size - 1) }
            traceSlots.base[place] = UInt32(number + 1)
        }
    }

    /// Events, links and unknown fields of a span as they came, tags included.
    private mutating func addExtras(_ entry: SpanEntry, _ base: UnsafePointer<UInt8>) throws(MalformedProtobuf) {
        extras.removeAll()
        var reader = ProtobufReader(base: base, range: entry.body)
        while try reader.next() {
            try reader.skipPayload()
            switch (reader.field, reader.wireType) {
            case (11, 2), (13, 2): break
            case (1...16, _): continue
            default: break
            }
            extras.append(base + reader.fieldRange.lowerBound, count: reader.fieldRange.count)
        }
        guard !extras.isEmpty else { return }
        columns.add(key: PseudoKey.extras, value: extras.base, count: extras.count)
    }

    private static func isUnfinished(
        _ entry: SpanEntry, _ base: UnsafePointer<UInt8>
    ) throws(MalformedProtobuf) -> Bool {
        let attributes = try ProtobufReader.attributes(base: base, range: entry.attributes, field: 9)
        return attributes[SpanRecord.unfinishedKey] == .bool(true)
    }
}

extension SpanSession {
    /// Drops spans whose key (trace, span id, kind) comes again: an ended span beats an unfinished one, else the later
    /// wins. Returns how many were dropped.
    mutating func dropDuplicates() -> Int {
        var size = 64
        while size < rows.count * 2 { size *= 2 }
        var slots = Buffer<UInt32>()
        slots.fill(0, count: size)
        var dropped = 0
        for index in 0..<rows.count {
            let row = rows[index]
            var place =
                Int(truncatingIfNeeded: Hash64.hash(row.spanID, UInt64(row.trace) << 3 | UInt64(row.kind))) & (size - 1)
            while slots.base[place] != 0 {
                let known = rows[Int(slots.base[place]) - 1]
                if known.spanID == row.spanID, known.trace == row.trace, known.kind == row.kind { break }
                place = (place + 1) & (size - 1)
            }
            guard slots.base[place] != 0 else {
                slots.base[place] = UInt32(index + 1)
                continue
            }
            // The winner takes the place of the first: among twins the order of arrival decides who is whose child.
            let known = Int(slots.base[place]) - 1
            let isWorse = row.state & SpanState.unfinished != 0 && rows[known].state & SpanState.unfinished == 0
            if !isWorse { rows[known] = row }
            traces.base[Int(row.trace)].count -= 1
            rows.base[index].trace = Self.dropped
            dropped += 1
        }
        if dropped > 0 { recomputeStarts() }
        return dropped
    }

    mutating func recomputeStarts() {
        for trace in 0..<traces.count { traces.base[trace].start = .max }
        for row in rows.elements where row.trace != Self.dropped {
            let state = traces.base + Int(row.trace)
            state.pointee.start = min(state.pointee.start, row.start)
        }
    }

    /// The rows in block order, cut into blocks at trace boundaries: for each block its traces and its rows, as
    /// numbers.
    func plan(blockRecords: Int) -> [SpanBlockPlan] {
        var live = 0
        var order: [(start: UInt64, number: UInt32)] = []
        order.reserveCapacity(traces.count)
        for number in 0..<traces.count where traces[number].count > 0 {
            live += Int(traces[number].count)
            order.append((traces[number].start, UInt32(number)))
        }
        order.sort { ($0.start, $0.number) < ($1.start, $1.number) }
        let sorted = sortedRows(order.map(\.number), live: live)
        let blocks = max(1, (live + blockRecords / 2) / blockRecords)
        let target = (live + blocks - 1) / max(1, blocks)
        var plans: [SpanBlockPlan] = []
        var plan = SpanBlockPlan()
        var next = 0
        for (_, number) in order {
            let count = Int(traces[Int(number)].count)
            plan.traces.append(number)
            plan.rows.append(contentsOf: sorted[next..<(next + count)])
            next += count
            if plan.rows.count >= target {
                plans.append(plan)
                plan = SpanBlockPlan()
            }
        }
        if !plan.rows.isEmpty { plans.append(plan) }
        return plans
    }

    private func sortedRows(_ order: [UInt32], live: Int) -> [UInt32] {
        var cursors = Buffer<UInt32>()
        cursors.fill(0, count: traces.count)
        var next: UInt32 = 0
        for number in order {
            cursors[Int(number)] = next
            next += traces[Int(number)].count
        }
        return [UInt32](unsafeUninitializedCapacity: live) { sorted, written in
            for index in 0..<rows.count {
                let trace = rows.base[index].trace
                guard trace != Self.dropped else { continue }
                sorted[Int(cursors.base[Int(trace)])] = UInt32(truncatingIfNeeded: index)
                cursors.base[Int(trace)] &+= 1
            }
            written = live
        }
    }
}

/// One block to be cut from a session.
struct SpanBlockPlan {
    var traces: [UInt32] = []
    var rows: [UInt32] = []
}
