// SPDX-License-Identifier: Apache-2.0
// Blocks of log records, and the numbers that records have.

import SondeModel

extension StoreCheck {
    mutating func checkLogBlocks() throws(SQLiteError) {
        let ids = try integers("SELECT id FROM log_block NOT INDEXED ORDER BY id")
        var numbers: [(range: Range<Int64>, id: Int64)] = []
        for (done, id) in ids.enumerated() {
            progress(Progress(stage: .logBlocks, done: done, total: ids.count))
            attempt("log_block", row: id) { check throws(SQLiteError) in
                guard let row = try check.readLogRow(id) else { return }
                check.checkLogBlock(row)
                let (end, overflow) = row.sequence.addingReportingOverflow(max(0, Int64(row.count)))
                if !overflow { numbers.append((row.sequence..<end, id)) }
            }
        }
        progress(Progress(stage: .logBlocks, done: ids.count, total: ids.count))
        report.logBlocks = ids.count
        numbers.sort { $0.range.lowerBound < $1.range.lowerBound }
        for (block, next) in zip(numbers, numbers.dropFirst()) where block.range.upperBound > next.range.lowerBound {
            add(
                StoreFinding(
                    "log_block", row: next.id,
                    "its records are numbered from \(next.range.lowerBound), as those of \(block.id)",
                    .rebuildIndex))
        }
    }

    private struct LogRow {
        var id: Int64
        var sequence: Int64
        var level: Int
        var count: Int
        var start: UInt64
        var end: UInt64
        var bytes: Int64
        var hasRightSum: Bool
        var zones: [LogBlockInfo.Zone]
    }

    private mutating func readLogRow(_ id: Int64) throws(SQLiteError) -> LogRow? {
        let sum = hasSums ? "sum" : "0"
        let row = try connection.prepare(
            "SELECT seq, level, n, received, t_min, t_max, bytes, \(sum) FROM log_block WHERE id = ?")
        defer { row.reset() }
        row.bind(id, at: 1)
        guard try row.step() else {
            add(StoreFinding("log_block", row: id, "is listed and cannot be found by its id", .copyFile))
            return nil
        }
        var told = RowSum()
        for column in 0..<7 as Range<Int32> { told.add(row.integer(column)) }
        let zone = try connection.prepare(
            "SELECT service, n, max_severity FROM log_zone WHERE block = ? ORDER BY service")
        defer { zone.reset() }
        zone.bind(id, at: 1)
        var zones: [LogBlockInfo.Zone] = []
        while try zone.step() {
            zones.append(.init(service: zone.int(0), count: zone.int(1), maxSeverity: zone.int(2)))
        }
        return LogRow(
            id: id, sequence: row.integer(0), level: row.int(1), count: row.int(2), start: row.unsigned(4),
            end: row.unsigned(5), bytes: row.integer(6), hasRightSum: !hasSums || told.value == row.integer(7),
            zones: zones)
    }

    private mutating func checkLogBlock(_ row: LogRow) {
        let before = report.findingCount
        let hot = contents(.logHot, row.id)
        let cold = contents(.logCold, row.id)
        let filter = row.level > 0 ? contents(.logFilter, row.id) : nil
        let sizes = [hot?.size, cold?.size, row.level > 0 ? filter?.size : 0].compactMap(\.self)
        if sizes.count == 3, row.bytes != Int64(sizes.reduce(0, +)) {
            add(
                StoreFinding(
                    "log_block", row: row.id, "its row counts \(row.bytes) bytes, it has others", .rebuildIndex))
        }
        if let hot, let cold { checkRecords(row, hot, cold, filter) }
        guard !row.hasRightSum else { return }
        let isKnown = report.findingCount > before
        add(
            StoreFinding(
                "log_block", row: row.id,
                isKnown
                    ? "its row does not match its checksum"
                    : "its row does not match its checksum: the numbers of its records, or when they arrived, are wrong",
                .rebuildIndex))
    }

    private mutating func checkRecords(
        _ row: LogRow, _ hot: BlobContents, _ cold: BlobContents, _ filterBlob: BlobContents?
    ) {
        let id = row.id
        guard
            let head = part(.logHot, id, chunk: 0, Self.chunk(hot, 0), { bytes throws(Damage) in try LogHead(bytes) }),
            let (meta, values) = columnTables(.logCold, cold, id)
        else { return }
        guard hot.chunks.count == 1 + head.slices.count, cold.chunks.count == 2 + 3 * head.slices.count else {
            add(StoreFinding("log_hot", row: id, "it has too many or too few chunks for its slices", .dropBlock))
            return
        }
        var filter: Filter?
        if let filterBlob { filter = part(.logFilter, id, chunk: 0, Self.chunk(filterBlob, 0), Filter.init) }
        var told = LogTotals()
        for (number, slice) in head.slices.enumerated() {
            guard
                let scan = part(
                    .logHot, id, chunk: 1 + number, Self.chunk(hot, 1 + number),
                    { bytes throws(Damage) in try LogScan(bytes, count: slice.rows.count, head: head, meta: meta) })
            else { return }
            let times = (0..<slice.rows.count).map { scan.effectiveTime($0) }
            if times.min() != slice.start || times.max() != slice.end {
                add(
                    StoreFinding(
                        "log_hot", row: id, chunk: 0, "the times of slice \(number) are not those of its records",
                        .dropBlock))
            }
            told.add(scan, times, meta)
            checkBodies(cold, number, slice.rows.count, meta, values, filter, id)
        }
        report.logs += told.count
        compare(row, told)
        if let filter, !head.traces.allSatisfy({ filter.mayContain(LogFilter.hash(trace: $0)) }) {
            add(
                StoreFinding(
                    "log_filter", row: id, chunk: 0, "it lacks a trace that records of the block name", .rebuildIndex))
        }
    }

    private mutating func checkBodies(
        _ cold: BlobContents, _ slice: Int, _ count: Int, _ meta: ColumnMeta, _ values: ColumnValues, _ filter: Filter?,
        _ id: Int64
    ) {
        let number = 3 + 3 * slice
        guard let bodies = Self.chunk(cold, number - 1), let plain = Self.chunk(cold, number + 1),
            let columns = part(
                .logCold, id, chunk: number, Self.chunk(cold, number),
                { bytes throws(Damage) in
                    try ColumnSlice(
                        bytes, count: count, meta: meta, values: values, hasContexts: false, others: [bodies, plain])
                })
        else { return }
        if let what = Self.valueDamage(columns) {
            add(StoreFinding("log_cold", row: id, chunk: number, what, .dropBlock))
        }
        guard let filter else { return }
        var wanted: Set<UInt64> = []
        for (key, column) in columns.columns.enumerated() where meta.keys[key].pseudo == PseudoKey.text {
            guard let column else { continue }
            for place in 0..<column.count {
                let text = columns.withValue(key: key, column, place) { $0.attributeValue.text }
                wanted.formUnion(LogFilter.hashes(of: text))
            }
        }
        if !wanted.allSatisfy({ filter.mayContain($0) }) {
            add(
                StoreFinding(
                    "log_filter", row: id, chunk: 0, "it lacks words that bodies of the block have", .rebuildIndex))
        }
    }

    private mutating func compare(_ row: LogRow, _ told: LogTotals) {
        if row.count != told.count {
            add(
                StoreFinding(
                    "log_block", row: row.id, "its row counts \(row.count) records, it has \(told.count)", .rebuildIndex
                ))
        }
        if row.start != told.start || row.end != told.end {
            add(
                StoreFinding(
                    "log_block", row: row.id, "the times in its row are not those of its records", .rebuildIndex))
        }
        if row.zones != told.zones.values.sorted(by: { $0.service < $1.service }) {
            let wrong = Set(row.zones).symmetricDifference(told.zones.values).map(\.service)
            add(
                StoreFinding(
                    "log_zone", row: row.id, "what it says of \(serviceList(wrong)) is not what the block holds",
                    .rebuildIndex))
        }
    }
}

/// What the row and the zones of a block of logs should say.
private struct LogTotals {
    var count = 0
    var start = UInt64.max
    var end: UInt64 = 0
    var zones: [Int: LogBlockInfo.Zone] = [:]

    mutating func add(_ scan: LogScan, _ times: [UInt64], _ meta: ColumnMeta) {
        count += times.count
        start = min(start, times.min() ?? .max)
        end = max(end, times.max() ?? 0)
        for number in scan.contexts {
            let context = meta.contexts[Int(number)]
            let service = meta.services[Int(context.resource)]
            var zone = zones[service] ?? .init(service: service, count: 0, maxSeverity: 0)
            zone.count += 1
            zone.maxSeverity = max(zone.maxSeverity, Int(context.first))
            zones[service] = zone
        }
    }
}
