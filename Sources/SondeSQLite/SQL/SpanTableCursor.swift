// SPDX-License-Identifier: Apache-2.0
// The table `spans`: every span that is stored, once. Blocks in which nothing can have come twice are counted without
// being opened; of a row only the parts of the columns asked for are read.

import SondeModel
import SondeStorage

final class SpanTableCursor: TableCursor {
    static let description = TableDescription(
        name: "spans",
        schema: """
            CREATE TABLE spans (
                trace_id TEXT, span_id TEXT, parent_span_id TEXT, service TEXT, name TEXT, kind TEXT, status TEXT,
                status_message TEXT, start_time INTEGER, end_time INTEGER, duration INTEGER, attributes TEXT,
                resource TEXT, scope TEXT, events TEXT, links TEXT, trace_state TEXT, flags INTEGER, unfinished INTEGER,
                dropped_attributes INTEGER, dropped_events INTEGER, dropped_links INTEGER
            )
            """,
        traceColumn: 0, serviceColumn: 3, timeColumn: 8, attributesColumn: 11, isExact: true
    ) { SpanTableCursor($0) }

    private let source: TableSource
    private var filter = TableFilter()
    private var services: Set<Int>?
    private var attributes: AttributeRuns?
    /// The next block of the catalog, and the runs that wait, last first.
    private var nextBlock = 0
    private var runs: [(block: SpanBlockInfo, rows: Range<Int>)] = []
    private var rows: SpanRows?

    init(_ source: TableSource) { self.source = source }

    override func begin(_ filter: TableFilter) throws(ReadError) {
        self.filter = filter
        services = filter.service.map(source.serviceIDs)
        attributes = AttributeRuns(filter.attributes)
        runs = []
        nextBlock = 0
        if let text = filter.traceID {
            nextBlock = source.file.catalog.blocks.count
            if let words = TableSource.traceWords(text) { try addTrace(words) }
        }
    }

    /// The runs of one trace.
    private func addTrace(_ words: TraceWords) throws(ReadError) {
        guard let outline = try source.file.outline(words) else { return }
        guard let spans = outline.spans else {
            for (block, fragment) in outline.fragments {
                runs += try asked([fragment.rows], block).map { (block, $0) }
            }
            runs.reverse()
            return
        }
        for span in spans.reversed() {
            runs += try asked([span.row..<(span.row + 1)], span.block).map { (span.block, $0) }
        }
    }

    private func admits(operation: Int) -> Bool {
        services.map { $0.contains(source.file.catalog.names.operation(operation)?.service ?? 0) } ?? true
    }

    override func nextRun() throws(ReadError) -> Range<Int> {
        while runs.isEmpty {
            guard nextBlock < source.file.catalog.blocks.count else { return 0..<0 }
            let block = source.file.catalog.blocks[nextBlock]
            nextBlock += 1
            guard filter.admits(from: block.start, to: block.lastStart) else { continue }
            if let services, !block.zones.contains(where: { services.contains($0.service) }) { continue }
            try source.look()
            runs = try asked(try source.duplicates.uniqueRows(block, source), block).reversed().map { (block, $0) }
        }
        guard let (block, run) = runs.popLast() else { return 0..<0 }
        if rows?.block.id != block.id { rows = SpanRows(block, source) }
        return run
    }

    override func number(_ row: Int) -> Int64 { (rows?.block.id ?? 0) << 32 | Int64(row) }

    /// The parts of runs of a block, given in order, that a query asks for.
    private func asked(_ runs: [Range<Int>], _ block: SpanBlockInfo) throws(ReadError) -> [Range<Int>] {
        var left = runs
        if services != nil {
            left = []
            for run in runs { left += try ofServices(run, block) }
        }
        if let attributes, !left.isEmpty { left = try attributes.narrow(left, block, in: source.file) }
        return left
    }

    /// The parts of a run whose spans are of the services asked for.
    private func ofServices(_ run: Range<Int>, _ block: SpanBlockInfo) throws(ReadError) -> [Range<Int>] {
        guard let services, !block.zones.allSatisfy({ services.contains($0.service) }) else { return [run] }
        let file = source.file
        let head = try file.head(block)
        let allowed = head.operations.map(admits)
        var parts: [Range<Int>] = []
        var slice = head.slice(of: run.lowerBound)
        while slice < head.slices.count, head.slices[slice].lowerBound < run.upperBound {
            let scan = try file.scan(block, slice, head)
            let first = head.slices[slice].lowerBound
            for row in head.slices[slice].clamped(to: run) where allowed[Int(scan.operations[row - first])] {
                parts.append(adding: row)
            }
            slice += 1
        }
        return parts
    }

    override func column(_ column: Int32, row: Int, _ result: SQLResult) throws(ReadError) {
        guard let rows else { return result.null() }
        try rows.give(column, row, result)
    }
}
