// SPDX-License-Identifier: Apache-2.0
// Blocks of spans: everything is decoded, and what other tables say of a block is told anew from it and compared.

import SondeModel

extension StoreCheck {
    mutating func checkSpanBlocks() throws(SQLiteError) {
        let ids = try integers("SELECT id FROM block NOT INDEXED ORDER BY id")
        for (done, id) in ids.enumerated() {
            progress(Progress(stage: .blocks, done: done, total: ids.count))
            attempt("block", row: id) { check throws(SQLiteError) in try check.checkSpanBlock(id) }
        }
        progress(Progress(stage: .blocks, done: ids.count, total: ids.count))
        report.blocks = ids.count
    }

    /// The row of a block as it stands, with the sum that it should have.
    private struct Row {
        var id: Int64
        var level: Int
        var count: Int
        var times: [UInt64]
        var bytes: Int64
        var fingerprints: [UInt32]
        var hasRightSum: Bool
        var zones: [ServiceZone]
    }

    private mutating func readRow(_ id: Int64) throws(SQLiteError) -> Row? {
        let sum = hasSums ? "sum" : "0"
        let row = try connection.prepare(
            "SELECT seq, level, n, received, t_min, t_max, newest, bytes, fp, \(sum) FROM block WHERE id = ?")
        defer { row.reset() }
        row.bind(id, at: 1)
        guard try row.step() else {
            add(StoreFinding("block", row: id, "is listed and cannot be found by its id", .copyFile))
            return nil
        }
        var told = RowSum()
        for column in 0..<8 as Range<Int32> { told.add(row.integer(column)) }
        let packed = row.bytes(8)
        told.add(packed)
        var fingerprints: [UInt32] = []
        for place in stride(from: 0, to: packed.count & ~3, by: 4) {
            let raw = UnsafeRawBufferPointer(packed)
            fingerprints.append(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: place, as: UInt32.self)))
        }
        return Row(
            id: id, level: row.int(1), count: row.int(2),
            times: [row.unsigned(4), row.unsigned(5), row.unsigned(6)], bytes: row.integer(7),
            fingerprints: fingerprints,
            hasRightSum: !hasSums || told.value == row.integer(9) && packed.count % 4 == 0, zones: try zones(id))
    }

    private func zones(_ id: Int64) throws(SQLiteError) -> [ServiceZone] {
        let zone = try connection.prepare(
            "SELECT service, n, errors, max_duration, t_min, t_max FROM zone WHERE block = ? ORDER BY service")
        defer { zone.reset() }
        zone.bind(id, at: 1)
        var zones: [ServiceZone] = []
        while try zone.step() {
            zones.append(
                ServiceZone(
                    service: zone.int(0), count: zone.int(1), errors: zone.int(2), maxDuration: zone.unsigned(3),
                    start: zone.unsigned(4), lastStart: zone.unsigned(5)))
        }
        return zones
    }

    private mutating func checkSpanBlock(_ id: Int64) throws(SQLiteError) {
        guard let row = try readRow(id) else { return }
        let before = report.findingCount
        let hot = contents(.hot, id)
        let cold = contents(.cold, id)
        let filter = row.level > 0 ? contents(.filter, id) : nil
        if let hot, let told = tell(hot, id) {
            compare(row, told, bytes: [hot.size, cold?.size, row.level > 0 ? filter?.size : 0])
            report.spans += told.block.count
            if let cold { checkColumns(cold, filter, told.head, services: told.services, id) }
        }
        // Of a block that is wrong elsewhere too, the row is told only by what differs.
        guard !row.hasRightSum else { return }
        let isKnown = report.findingCount > before
        add(
            StoreFinding(
                "block", row: id,
                isKnown
                    ? "its row does not match its checksum"
                    : "its row does not match its checksum: its place in the order of arrival, or when it arrived, is wrong",
                .rebuildIndex))
    }

    private struct Told {
        var head: SpanHead
        var block: EncodedSpanBlock
        /// The service of each span.
        var services: [Int] = []
    }

    /// What the hot part says of its block: the values that the block's row and zones should have.
    private mutating func tell(_ hot: BlobContents, _ id: Int64) -> Told? {
        guard let ids = Self.chunk(hot, 1),
            let head = part(
                .hot, id, chunk: 0, Self.chunk(hot, 0),
                { bytes throws(Damage) in
                    try Self.decode(ids) { ids throws(Damage) in try SpanHead(bytes, ids: ids) }
                })
        else { return nil }
        guard hot.chunks.count == 2 + 3 * head.slices.count else {
            add(
                StoreFinding(
                    "hot", row: id, "it has \(hot.chunks.count) chunks for \(head.slices.count) slices", .dropBlock))
            return nil
        }
        if head.operations.contains(where: { names.operation($0)?.isSpare ?? true }) {
            add(StoreFinding("hot", row: id, chunk: 0, "a span names an operation that there is not", .dropBlock))
        }
        var told = Told(head: head, block: EncodedSpanBlock())
        var zones: [Int: ServiceZone] = [:]
        var traces = TraceTable(head)
        var spanIDs: [UInt64] = []
        var scans: [SpanScan] = []
        for (number, slice) in head.slices.enumerated() {
            let times = Self.chunk(hot, 3 + 3 * number)
            let scan = part(.hot, id, chunk: 2 + 3 * number, Self.chunk(hot, 2 + 3 * number)) { bytes throws(Damage) in
                guard let times else { throw Damage("its times cannot be read") }
                return try Self.decode(times) { times throws(Damage) in
                    try SpanScan(bytes, times: times, slice: slice, head: head)
                }
            }
            let ids = part(.hot, id, chunk: 4 + 3 * number, Self.chunk(hot, 4 + 3 * number)) { bytes throws(Damage) in
                try SpanIDs(bytes, count: slice.count)
            }
            guard let scan, let ids else { return nil }
            for index in 0..<slice.count {
                let operation = Int(scan.operations[index])
                let service = names.operation(head.operations[operation])?.service ?? 0
                var zone = zones[service] ?? ServiceZone(service: service)
                let isError = scan.status(index) == .error
                zone.join(
                    ServiceZone(
                        service: service, count: 1, errors: isError ? 1 : 0, maxDuration: scan.duration(index),
                        start: scan.starts[index], lastStart: scan.starts[index]))
                zones[service] = zone
                told.services.append(service)
                traces.add(scan, index, operation: operation, isError: isError)
            }
            spanIDs += ids.ids
            scans.append(scan)
        }
        checkParents(scans, spanIDs, head, id)
        if let what = traces.difference { add(StoreFinding("hot", row: id, chunk: 0, what, .dropBlock)) }
        told.block.count = spanIDs.count
        told.block.zones = zones.values.sorted { $0.service < $1.service }
        told.block.start = told.block.zones.reduce(.max) { min($0, $1.start) }
        told.block.lastStart = told.block.zones.reduce(0) { max($0, $1.lastStart) }
        told.block.newestTrace = head.traces.reduce(0) { max($0, $1.start) }
        told.block.fingerprints = head.traces.map(\.id.fingerprint).sorted()
        return told
    }

    /// A parent that lies in the block lies in the same trace.
    private mutating func checkParents(_ scans: [SpanScan], _ ids: [UInt64], _ head: SpanHead, _ id: Int64) {
        for (number, (scan, slice)) in zip(scans, head.slices).enumerated() {
            for (index, code) in scan.parents.enumerated() where code > 1 {
                let distance = Int64(bitPattern: (code - 2) >> 1) ^ -Int64(bitPattern: (code - 2) & 1)
                let row = slice.lowerBound + index
                let (place, overflow) = Int64(row).subtractingReportingOverflow(distance)
                let trace = head.traces[head.trace(of: row)]
                if !overflow, trace.rows.contains(Int(place)) { continue }
                add(
                    StoreFinding(
                        "hot", row: id, chunk: 2 + 3 * number, "a span's parent lies outside its trace", .dropBlock))
                return
            }
        }
    }

    private mutating func compare(_ row: Row, _ told: Told, bytes: [Int?]) {
        let block = told.block
        if row.count != block.count {
            add(
                StoreFinding(
                    "block", row: row.id, "its row counts \(row.count) spans, it has \(block.count)", .rebuildIndex))
        }
        for (column, (says, holds)) in zip(
            ["t_min", "t_max", "newest"], zip(row.times, [block.start, block.lastStart, block.newestTrace]))
        where says != holds {
            add(
                StoreFinding(
                    "block", row: row.id, "its row has \(column) \(says), it should be \(holds)", .rebuildIndex))
        }
        if row.fingerprints != block.fingerprints {
            add(StoreFinding("block", row: row.id, "its fingerprints are not those of its traces", .rebuildIndex))
        }
        let sizes = bytes.compactMap(\.self)
        if sizes.count == bytes.count, row.bytes != Int64(sizes.reduce(0, +) + block.fingerprints.count * 4) {
            add(StoreFinding("block", row: row.id, "its row counts \(row.bytes) bytes, it has others", .rebuildIndex))
        }
        if row.zones != block.zones {
            let wrong = Set(row.zones).symmetricDifference(block.zones).map(\.service)
            add(
                StoreFinding(
                    "zone", row: row.id, "what it says of \(serviceList(wrong)) is not what the block holds",
                    .rebuildIndex))
        }
    }

    func serviceList(_ ids: [Int]) -> String {
        Set(ids).sorted().prefix(3).map {
            "service \($0)" + (names.service($0).isEmpty ? "" : " (\(names.service($0)))")
        }
        .joined(separator: ", ")
    }
}

/// The trace table of a block, told anew from its spans.
private struct TraceTable {
    private let head: SpanHead
    private var number = 0
    private var row = 0
    private var start = UInt64.max
    private var end: UInt64 = 0
    private var errors = 0
    private var root: (start: UInt64, operation: Int)?
    /// What is wrong first.
    private(set) var difference: String?

    init(_ head: SpanHead) { self.head = head }

    /// Takes the next span of the block.
    mutating func add(_ scan: SpanScan, _ index: Int, operation: Int, isError: Bool) {
        start = min(start, scan.starts[index])
        end = max(end, scan.ends[index])
        if isError { errors += 1 }
        if scan.parents[index] == 0, scan.starts[index] < root?.start ?? .max {
            root = (scan.starts[index], operation)
        }
        row += 1
        if row == head.traces[number].rows.upperBound { finishTrace() }
    }

    private mutating func finishTrace() {
        let trace = head.traces[number]
        if difference == nil,
            trace.start != start || trace.end != max(start, end) || trace.errors != errors
                || trace.rootOperation != root?.operation
        {
            difference = "what it says of trace \(trace.id.id.hex) is not what its spans say"
        }
        if difference == nil, number > 0, head.traces[number - 1].start > trace.start {
            difference = "its traces are not in order"
        }
        number += 1
        (start, end, errors, root) = (.max, 0, 0, nil)
    }
}
