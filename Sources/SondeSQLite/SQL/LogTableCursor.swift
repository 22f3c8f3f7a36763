// SPDX-License-Identifier: Apache-2.0
// The table `logs`: every log record, in order of arrival.

import SondeModel
import SondeStorage

final class LogTableCursor: TableCursor {
    static let description = TableDescription(
        name: "logs",
        schema: """
            CREATE TABLE logs (
                time INTEGER, observed_time INTEGER, severity_number INTEGER, severity_text TEXT, level TEXT, body TEXT,
                service TEXT, trace_id TEXT, span_id TEXT, attributes TEXT, resource TEXT, scope TEXT, event_name TEXT,
                flags INTEGER, dropped_attributes INTEGER
            )
            """,
        traceColumn: 7, serviceColumn: 6, timeColumn: 0, attributesColumn: nil, isExact: false
    ) { LogTableCursor($0) }

    private let source: TableSource
    private var filter = TableFilter()
    private var services: Set<Int>?
    private var traceID: TraceWords?
    private var nextBlock = 0
    private var block: LogBlockInfo?
    private var runs: [Range<Int>] = []
    // The block and the slice at hand.
    private var head: LogHead?
    private var rows = 0..<0
    private var slice = 0
    private var scan: LogScan?
    private var columns: ColumnSlice?
    private var meta: ColumnMeta?
    private var text: ColumnText?

    init(_ source: TableSource) { self.source = source }

    override func begin(_ filter: TableFilter) throws(ReadError) {
        self.filter = filter
        services = filter.service.map(source.serviceIDs)
        traceID = filter.traceID.flatMap(TableSource.traceWords)
        nextBlock = filter.traceID != nil && traceID == nil ? source.file.catalog.logBlocks.count : 0
        runs = []
    }

    override func nextRun() throws(ReadError) -> Range<Int> {
        while runs.isEmpty {
            guard nextBlock < source.file.catalog.logBlocks.count else { return 0..<0 }
            let next = source.file.catalog.logBlocks[nextBlock]
            nextBlock += 1
            guard try mayHave(next) else { continue }
            try source.look()
            (block, head, rows, meta, text) = (next, nil, 0..<0, nil, nil)
            runs = try runs(of: next)
        }
        return runs.popLast() ?? 0..<0
    }

    private func mayHave(_ block: LogBlockInfo) throws(ReadError) -> Bool {
        guard filter.admits(from: block.start, to: block.end) else { return false }
        if let services, !block.zones.contains(where: { services.contains($0.service) }) { return false }
        guard let traceID else { return true }
        if block.level > 0 {
            let filter = try source.file.part(.logFilter, block.id, 0) { bytes throws(Damage) in try Filter(bytes) }
            if !filter.mayContain(LogFilter.hash(trace: traceID)) { return false }
        }
        return try source.file.head(block).traces.contains(traceID)
    }

    /// The slices that may have rows, last first; the block as one where nothing is asked of its times.
    private func runs(of block: LogBlockInfo) throws(ReadError) -> [Range<Int>] {
        guard filter.earliest != nil || filter.latest != nil else { return [0..<block.count] }
        return try source.file.head(block).slices.filter { filter.admits(from: $0.start, to: $0.end) }.map(\.rows)
            .reversed()
    }

    /// A record's number among all that ever arrived.
    override func number(_ row: Int) -> Int64 { (block?.sequence ?? 0) + Int64(row) }

    override func column(_ column: Int32, row: Int, _ result: SQLResult) throws(ReadError) {
        guard let block else { return result.null() }
        let file = source.file
        if !rows.contains(row) {
            if head == nil { head = try file.head(block) }
            guard let known = head else { return result.null() }
            slice = known.slices.partitionIndex { $0.rows.upperBound > row }
            rows = known.slices[slice].rows
            (scan, columns) = (nil, nil)
        }
        guard let head else { return result.null() }
        let index = row - rows.lowerBound
        switch column {
        case 3, 5, 9, 12:
            if columns == nil { columns = try file.columns(block, slice, head) }
            if let columns { giveColumn(column, columns, index, result) }
        default:
            if scan == nil { scan = try file.scan(block, slice, head) }
            if meta == nil { meta = try file.meta(.logCold, block.id) }
            if let scan, let meta { giveScan(column, scan, meta, index, head, result) }
        }
    }

    private func giveColumn(_ column: Int32, _ columns: ColumnSlice, _ index: Int, _ result: SQLResult) {
        switch column {
        case 9:
            if text == nil { text = ColumnText(columns.meta, source.file.catalog.names) }
            text?.writeAttributes(columns, index)
            text?.text.bytes.withUnsafeBufferPointer { result.set(utf8: $0) }
        case 5:
            let body = columns.pseudo(PseudoKey.text, index) { $0.attributeValue.text }
            if let body { result.set(body) } else { result.null() }
        default:
            let value = columns.pseudo(column == 3 ? PseudoKey.state : PseudoKey.extras, index) { $0.plainText }
            if let value { result.set(value) } else { result.null() }
        }
    }

    private func giveScan(
        _ column: Int32, _ scan: LogScan, _ meta: ColumnMeta, _ index: Int, _ head: LogHead, _ result: SQLResult
    ) {
        let context = meta.contexts[Int(scan.contexts[index])]
        switch column {
        case 0: result.set(nanoseconds: scan.effectiveTime(index))
        case 1: if scan.observed[index] == 0 { result.null() } else { result.set(nanoseconds: scan.observed[index]) }
        case 2: if context.first == 0 { result.null() } else { result.set(context.first) }
        case 4:
            let level = UInt8(exactly: context.first).flatMap(LogLevel.init(severityNumber:))
            if let level { result.set(level.name) } else { result.null() }
        case 6: result.set(kept: source.service(meta.services[Int(context.resource)]))
        case 7:
            let number = Int(scan.traces[index])
            if number == 0 { return result.null() }
            result.set(hex: (head.traces[number - 1].high, head.traces[number - 1].low))
        case 8: if scan.spans[index] == 0 { result.null() } else { result.set(hex: (scan.spans[index], nil)) }
        case 10, 11:
            if text == nil { text = ColumnText(meta, source.file.catalog.names) }
            let json = column == 10 ? text?.resource(Int(context.resource)) : text?.scope(Int(context.scope))
            json?.withUnsafeBufferPointer { result.set(utf8: $0) }
        case 13: result.set(context.flags)
        default: result.set(context.droppedAttributes)
        }
    }
}
