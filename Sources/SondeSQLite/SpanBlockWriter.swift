// SPDX-License-Identifier: Apache-2.0
// Encodes one block of spans from a session.
//
//   hot    chunk 0 head: sizes, operations, trace table · chunk 1 trace ids · then a slice each three chunks:
//          scan (operation, state, parent), times, span ids
//   cold   see ColumnWriter
//
// Ids and times are never compressed: they are random. docs/schema.md draws every chunk.

import SondeModel

/// A block ready for the file.
struct EncodedSpanBlock {
    var count = 0
    var start = UInt64.max
    /// The latest start of a span.
    var lastStart: UInt64 = 0
    /// The latest first start of a trace.
    var newestTrace: UInt64 = 0
    var fingerprints: [UInt32] = []
    var zones: [ServiceZone] = []
    var hot: [UInt8] = []
    var cold: [UInt8] = []
    var filter: [UInt8]?
    /// For the filter over all blocks of a merge.
    var pairs = BlockPairs()

    var bytes: Int { hot.count + cold.count + (filter?.count ?? 0) + fingerprints.count * 4 }
}

/// What a block holds of one service.
struct ServiceZone: Hashable, Sendable {
    var service: Int
    var count = 0
    var errors = 0
    var maxDuration: UInt64 = 0
    var start = UInt64.max
    var lastStart: UInt64 = 0

    mutating func join(_ other: ServiceZone) {
        count += other.count
        errors += other.errors
        maxDuration = max(maxDuration, other.maxDuration)
        start = min(start, other.start)
        lastStart = max(lastStart, other.lastStart)
    }
}

struct SpanBlockWriter: ~Copyable {
    private var compressor: Compressor?
    private var columns: ColumnWriter
    private var chunks = ChunkWriter()
    private var none: Compressor?
    private var chunk = ByteBuffer(capacity: 1 << 16)
    private var side = ByteBuffer()
    private var times = ByteBuffer()
    private var filter = AttributeFilterWriter()
    private var columnRows = Buffer<ColumnRow>()
    private var localOperation = Buffer<UInt32>()
    private var operations = Buffer<UInt32>()
    private var zones = Buffer<ZoneWords>()
    private var parentSlots = Buffer<UInt32>()
    private var numbers = Buffer<UInt32>()
    private var owners = SpanOwners()

    /// ``ServiceZone`` in plain words, by operation.
    struct ZoneWords: BitwiseCopyable {
        var count = 0
        var errors = 0
        var maxDuration: UInt64 = 0
        var start = UInt64.max
        var lastStart: UInt64 = 0
    }

    /// Fresh blocks are stored as they came: they are packed and compressed once, when they are merged.
    init(isFresh: Bool) {
        compressor = isFresh ? nil : Compressor()
        columns = ColumnWriter(packing: isFresh ? .none : .bySimilarity)
    }

    mutating func encode(
        _ plan: SpanBlockPlan, of session: borrowing SpanSession, withFilter: Bool, service: (Int) -> Int
    ) -> EncodedSpanBlock {
        var block = EncodedSpanBlock()
        block.count = plan.rows.count
        let slices = Self.cutSlices(plan, session)
        prepare(plan, session, &block)
        if withFilter { owners.number(plan, session, localOperation, operations, service) }
        columns.prepare(columnRows.elements, owners: withFilter ? owners.rows : nil, of: session.columns)
        writeHead(plan, slices, session, &block)
        findParents(plan, session)
        writeSlices(plan, slices, session)
        block.hot = chunks.finish()
        block.cold = writeCold(slices, session, withFilter: withFilter)
        if withFilter {
            block.filter = filter.finish()
            block.pairs = filter.finishPairs()
        }
        block.zones = serviceZones(service)
        return block
    }

    /// Slices begin at traces where that leaves them near their size; a large trace is cut.
    private static func cutSlices(_ plan: SpanBlockPlan, _ session: borrowing SpanSession) -> [Int] {
        var slices: [Int] = []
        var open = 0
        for trace in plan.traces {
            var count = Int(session.traces[Int(trace)].count)
            if open > 0, open + count > Limits.sliceRecords * 5 / 4 {
                slices.append(open)
                open = 0
            }
            while count > Limits.sliceRecords * 5 / 4 {
                slices.append(Limits.sliceRecords)
                count -= Limits.sliceRecords
            }
            open += count
        }
        if open > 0 { slices.append(open) }
        return slices
    }

    private mutating func prepare(
        _ plan: SpanBlockPlan, _ session: borrowing SpanSession, _ block: inout EncodedSpanBlock
    ) {
        columnRows.removeAll()
        columnRows.reserve(plan.rows.count)
        operations.removeAll()
        zones.removeAll()
        for index in plan.rows {
            let row = session.rows.base + Int(index)
            columnRows.append(row.pointee.columns)
            let operation = Int(row.pointee.operation)
            while localOperation.count <= operation { localOperation.append(ColumnWriter.absent) }
            if localOperation.base[operation] == ColumnWriter.absent {
                localOperation.base[operation] = UInt32(operations.count)
                operations.append(row.pointee.operation)
                zones.append(ZoneWords())
            }
            let zone = zones.base + Int(localOperation.base[operation])
            let start = row.pointee.start
            zone.pointee.count &+= 1
            if row.pointee.state & SpanState.statusMask == StatusCode.error.rawValue { zone.pointee.errors &+= 1 }
            let duration = row.pointee.end > start ? row.pointee.end &- start : 0
            zone.pointee.maxDuration = max(zone.pointee.maxDuration, duration)
            zone.pointee.start = min(zone.pointee.start, start)
            zone.pointee.lastStart = max(zone.pointee.lastStart, start)
        }
        for zone in zones.elements {
            block.start = min(block.start, zone.start)
            block.lastStart = max(block.lastStart, zone.lastStart)
        }
    }

    /// The zones of the block; `serviceOf` names the service of an operation.
    private func serviceZones(_ serviceOf: (Int) -> Int) -> [ServiceZone] {
        var byService: [Int: ServiceZone] = [:]
        for (local, operation) in operations.elements.enumerated() {
            let service = serviceOf(Int(operation))
            let zone = zones[local]
            byService[service, default: ServiceZone(service: service)].join(
                ServiceZone(
                    service: service, count: zone.count, errors: zone.errors, maxDuration: zone.maxDuration,
                    start: zone.start, lastStart: zone.lastStart))
        }
        return byService.values.sorted { $0.service < $1.service }
    }
}

extension SpanBlockWriter {
    private mutating func writeHead(
        _ plan: SpanBlockPlan, _ slices: [Int], _ session: borrowing SpanSession, _ block: inout EncodedSpanBlock
    ) {
        chunk.removeAll()
        side.removeAll()
        chunk.appendVarint(plan.rows.count)
        chunk.appendVarint(slices.count)
        for slice in slices { chunk.appendVarint(slice) }
        chunk.appendVarint(operations.count)
        for operation in operations.elements { chunk.appendVarint(UInt64(operation)) }
        chunk.appendVarint(plan.traces.count)
        for trace in plan.traces { chunk.appendVarint(UInt64(session.traces[Int(trace)].count)) }
        var previous: UInt64 = 0
        var next = 0
        block.fingerprints.reserveCapacity(plan.traces.count)
        for number in plan.traces {
            let trace = session.traces[Int(number)]
            chunk.appendZigZag(Int64(bitPattern: trace.start &- previous))
            previous = trace.start
            block.newestTrace = max(block.newestTrace, trace.start)
            writeTrace(trace, plan.rows[next..<(next + Int(trace.count))], session)
            next += Int(trace.count)
            side.appendFixed(trace.id.high.byteSwapped)
            side.appendFixed(trace.id.low.byteSwapped)
            block.fingerprints.append(trace.id.fingerprint)
        }
        block.fingerprints.sort()
        chunks.add(chunk, compressor: &compressor)
        chunks.add(side, compressor: &none)
    }

    /// `varint end - start · varint errors · varint local operation of the main root + 1, 0 without one`.
    private mutating func writeTrace(
        _ trace: SpanSession.TraceState, _ rows: ArraySlice<UInt32>, _ session: borrowing SpanSession
    ) {
        var end = trace.start
        var errors = 0
        var root: (start: UInt64, operation: UInt32)?
        for index in rows {
            let row = session.rows.base + Int(index)
            end = max(end, row.pointee.end)
            if row.pointee.state & SpanState.statusMask == StatusCode.error.rawValue { errors &+= 1 }
            guard row.pointee.parent == 0, row.pointee.start < root?.start ?? .max else { continue }
            root = (row.pointee.start, row.pointee.operation)
        }
        chunk.appendVarint(end &- trace.start)
        chunk.appendVarint(errors)
        chunk.appendVarint(root.map { UInt64(localOperation[Int($0.operation)]) + 1 } ?? 0)
    }

    /// Fills the table by which a span finds its parent's place in the block.
    private mutating func findParents(_ plan: SpanBlockPlan, _ session: borrowing SpanSession) {
        var size = 64
        while size < plan.rows.count * 2 { size *= 2 }
        parentSlots.fill(0, count: size)
        rows: for (place, index) in plan.rows.enumerated() {
            let row = session.rows.base + Int(index)
            var slot = Self.slot(row.pointee.spanID, row.pointee.trace, size)
            while parentSlots.base[slot] != 0 {
                let other = session.rows.base + Int(plan.rows[Int(parentSlots.base[slot]) &- 1])
                // The first of equal ids answers for all; a sender that repeats one id must not cost a walk each time.
                if other.pointee.spanID == row.pointee.spanID, other.pointee.trace == row.pointee.trace {
                    continue rows
                }
                slot = (slot &+ 1) & (size &- 1)
            }
            parentSlots.base[slot] = UInt32(truncatingIfNeeded: place &+ 1)
        }
    }

    @inline(__always)
    private static func slot(_ span: UInt64, _ trace: UInt32, _ size: Int) -> Int {
        Int(truncatingIfNeeded: Hash64.hash(span, UInt64(trace))) & (size &- 1)
    }

    /// 0 no parent · 1 a parent elsewhere, its id follows in the list of ids · else 2 + zig-zag distance in the block.
    @inline(__always)
    private func parentCode(
        _ row: UnsafePointer<SpanRow>, place: Int, _ plan: SpanBlockPlan, _ session: borrowing SpanSession
    ) -> UInt64 {
        guard row.pointee.parent != 0 else { return 0 }
        let size = parentSlots.count
        var slot = Self.slot(row.pointee.parent, row.pointee.trace, size)
        while parentSlots.base[slot] != 0 {
            let found = Int(parentSlots.base[slot]) &- 1
            let parent = session.rows.base + Int(plan.rows[found])
            if parent.pointee.spanID == row.pointee.parent, parent.pointee.trace == row.pointee.trace {
                let distance = Int64(place &- found)
                return 2 &+ UInt64(bitPattern: (distance << 1) ^ (distance >> 63))
            }
            slot = (slot &+ 1) & (size &- 1)
        }
        return 1
    }

    private mutating func writeSlices(_ plan: SpanBlockPlan, _ slices: [Int], _ session: borrowing SpanSession) {
        var first = 0
        for count in slices {
            let range = first..<(first + count)
            chunk.removeAll()
            writeScan(range, plan, session)
            chunks.add(chunk, compressor: &compressor)
            chunks.add(times, compressor: &none)
            chunk.removeAll()
            for place in range { chunk.appendFixed(session.rows.base[Int(plan.rows[place])].spanID) }
            chunks.add(chunk, compressor: &none)
            first += count
        }
        for operation in operations.elements { localOperation.base[Int(operation)] = ColumnWriter.absent }
    }

    private mutating func writeScan(_ range: Range<Int>, _ plan: SpanBlockPlan, _ session: borrowing SpanSession) {
        numbers.removeAll()
        for place in range {
            numbers.append(localOperation.base[Int(session.rows.base[Int(plan.rows[place])].operation)])
        }
        chunk.appendNumbers(numbers.elements)
        numbers.removeAll()
        for place in range { numbers.append(UInt32(session.rows.base[Int(plan.rows[place])].state)) }
        chunk.appendNumbers(numbers.elements)

        var others: [UInt64] = []
        for place in range {
            let row = UnsafePointer(session.rows.base + Int(plan.rows[place]))
            let code = parentCode(row, place: place, plan, session)
            chunk.appendVarint(code)
            if code == 1 { others.append(row.pointee.parent) }
        }
        times.removeAll()
        writeTimes(range, plan, session)
        for parent in others { times.appendFixed(parent) }
    }

    private mutating func writeTimes(_ range: Range<Int>, _ plan: SpanBlockPlan, _ session: borrowing SpanSession) {
        var trace = ColumnWriter.absent
        var previous: UInt64 = 0
        for place in range {
            let row = session.rows.base + Int(plan.rows[place])
            if row.pointee.trace != trace {
                trace = row.pointee.trace
                previous = session.traces[Int(trace)].start
            }
            times.appendZigZag(Int64(bitPattern: row.pointee.start &- previous))
            previous = row.pointee.start
        }
        for place in range {
            let row = session.rows.base + Int(plan.rows[place])
            times.appendZigZag(Int64(bitPattern: row.pointee.end &- row.pointee.start))
        }
    }

    private mutating func writeCold(
        _ slices: [Int], _ session: borrowing SpanSession, withFilter: Bool
    ) -> [UInt8] {
        chunk.removeAll()
        columns.writeMeta(session.columns, into: &chunk)
        chunks.add(chunk, compressor: &compressor)
        chunk.removeAll()
        columns.writeValues(session.columns, into: &chunk)
        chunks.add(chunk, compressor: &compressor)
        if withFilter {
            filter.begin(values: columns.usedValues.count, services: owners.services, session.columns)
        }
        var first = 0
        for count in slices {
            chunk.removeAll()
            let rows = UnsafeBufferPointer(start: columnRows.base + first, count: count)
            columns.writeContexts(rows, into: &chunk)
            if withFilter {
                filter.add(rows, owners: owners.rows + first, session.columns)
                columns.writeSlice(rows, of: session.columns, into: &chunk) { filter.add($0, $1) }
                filter.endSlice()
            } else {
                columns.writeSlice(rows, of: session.columns, into: &chunk)
            }
            chunks.add(chunk, compressor: &compressor)
            chunks.add(columns.plain, compressor: &none)
            first += count
        }
        return chunks.finish()
    }
}

/// Numbers the services of a block, for filters.
private struct SpanOwners: ~Copyable {
    /// By place in the block.
    private var numbers = Buffer<UInt8>()
    private var byOperation = Buffer<UInt8>()
    /// Global ids by number. The last number stands for all services past it and for none: id 0.
    private(set) var services: [Int] = []

    /// The number of each row's service.
    var rows: UnsafePointer<UInt8> { UnsafePointer(numbers.base) }

    mutating func number(
        _ plan: SpanBlockPlan, _ session: borrowing SpanSession, _ localOperation: borrowing Buffer<UInt32>,
        _ operations: borrowing Buffer<UInt32>, _ service: (Int) -> Int
    ) {
        services.removeAll(keepingCapacity: true)
        byOperation.removeAll()
        for operation in operations.elements { byOperation.append(number(service(Int(operation)))) }
        numbers.removeAll()
        numbers.reserve(plan.rows.count)
        for index in plan.rows {
            let operation = session.rows.base[Int(index)].operation
            numbers.append(byOperation.base[Int(localOperation.base[Int(operation)])])
        }
    }

    private mutating func number(_ service: Int) -> UInt8 {
        guard service != 0 else { return AttributeFilterWriter.others }
        if let known = services.firstIndex(of: service) { return UInt8(known) }
        guard services.count < Int(AttributeFilterWriter.others) else { return AttributeFilterWriter.others }
        services.append(service)
        return UInt8(services.count - 1)
    }
}
