// SPDX-License-Identifier: Apache-2.0
// The table `traces`: every trace once, with what its spans say together.

import SondeModel
import SondeStorage

final class TraceTableCursor: TableCursor {
    static let description = TableDescription(
        name: "traces",
        schema: """
            CREATE TABLE traces (
                trace_id TEXT, root_service TEXT, root_name TEXT, start_time INTEGER, end_time INTEGER,
                duration INTEGER, span_count INTEGER, error_count INTEGER, services TEXT, complete INTEGER
            )
            """,
        traceColumn: 0, serviceColumn: nil, timeColumn: 3, attributesColumn: nil, isExact: true
    ) { TraceTableCursor($0) }

    private let source: TableSource
    private var filter = TableFilter()
    private var nextBlock = 0
    private var block: SpanBlockInfo?
    private var head: SpanHead?
    /// Runs of traces that lie in the block as a whole, last first; the others come one by one from ``pieces``.
    private var runs: [Range<Int>] = []
    /// Traces of the block that must be put together, as numbers in it, last first.
    private var pieces: [Int] = []
    private var seen: Set<TraceWords> = []
    /// The trace at hand, if it had to be put together, else the number of its run.
    private var outline: TraceOutline?
    private var summary: (row: Int, summary: TraceSummary?)?

    init(_ source: TableSource) { self.source = source }

    override func begin(_ filter: TableFilter) throws(ReadError) {
        self.filter = filter
        (nextBlock, runs, pieces, seen, outline, summary, block, head) = (0, [], [], [], nil, nil, nil, nil)
        guard let text = filter.traceID else { return }
        nextBlock = source.file.catalog.blocks.count
        if let words = TableSource.traceWords(text) { outline = try source.file.outline(words) }
    }

    override func nextRun() throws(ReadError) -> Range<Int> {
        summary = nil
        if filter.traceID != nil {
            // The one trace, then nothing.
            defer { filter.traceID = "" }
            return outline == nil || filter.traceID == "" ? 0..<0 : 0..<1
        }
        outline = nil
        while true {
            if let run = runs.popLast() { return run }
            while let number = pieces.popLast() {
                guard let block, let head else { break }
                let fragment = head.traces[number]
                guard seen.insert(fragment.id).inserted else { continue }
                outline = try source.outline(fragment, in: block)
                if outline != nil { return 0..<1 }
            }
            guard try openNext() else { return 0..<0 }
        }
    }

    /// Opens the next block that may have a trace; false after the last.
    private func openNext() throws(ReadError) -> Bool {
        while nextBlock < source.file.catalog.blocks.count {
            let next = source.file.catalog.blocks[nextBlock]
            nextBlock += 1
            // A trace is found in the piece that holds its first span, or in any other; none of them is after the start
            // of the spans in it.
            guard filter.admits(from: next.start, to: next.lastStart) else { continue }
            try source.look()
            let head = try source.file.head(next)
            block = next
            self.head = head
            if source.isWhole(next) {
                runs = [0..<head.traces.count]
                return true
            }
            for number in head.traces.indices.reversed() {
                let isAlone = next.level > 0 && !source.isRepeated(head.traces[number].id.fingerprint)
                if isAlone { runs.append(number..<(number + 1)) } else { pieces.append(number) }
            }
            return true
        }
        return false
    }

    override func number(_ row: Int) -> Int64 {
        guard let id = outline?.id ?? head?.traces[row].id else { return 0 }
        return Int64(bitPattern: Hash64.hash(id.high, id.low))
    }

    override func column(_ column: Int32, row: Int, _ result: SQLResult) throws(ReadError) {
        switch column {
        case 1, 2, 8, 9: return try giveSummary(column, row, result)
        default: break
        }
        if let outline { return give(column, outline, result) }
        guard let fragment = head?.traces[row] else { return result.null() }
        switch column {
        case 0: result.set(hex: (fragment.id.high, fragment.id.low))
        case 3: result.set(nanoseconds: fragment.start)
        case 4: result.set(nanoseconds: fragment.end)
        case 5: result.set(nanoseconds: fragment.end - fragment.start)
        case 6: result.set(fragment.rows.count)
        default: result.set(fragment.errors)
        }
    }

    private func give(_ column: Int32, _ outline: TraceOutline, _ result: SQLResult) {
        switch column {
        case 0: result.set(hex: (outline.id.high, outline.id.low))
        case 3: result.set(nanoseconds: outline.start)
        case 4: result.set(nanoseconds: outline.end)
        case 5: result.set(nanoseconds: outline.duration)
        case 6: result.set(outline.spans?.count ?? outline.fragments.reduce(0) { $0 + $1.fragment.rows.count })
        default:
            result.set(
                outline.spans?.count { $0.status == .error } ?? outline.fragments.reduce(0) { $0 + $1.fragment.errors })
        }
    }

    private func giveSummary(_ column: Int32, _ row: Int, _ result: SQLResult) throws(ReadError) {
        if summary?.row != row { summary = (row, try makeSummary(row)) }
        guard let summary = summary?.summary else { return result.null() }
        switch column {
        case 1: result.set(summary.rootService)
        case 2: result.set(summary.rootOperation)
        case 9: result.set(summary.isComplete)
        default:
            var text = JSONText()
            text.appendList(summary.services) { $0.append(quoted: $1.name) }
            text.bytes.withUnsafeBufferPointer { result.set(utf8: $0) }
        }
    }

    private func makeSummary(_ row: Int) throws(ReadError) -> TraceSummary? {
        if let outline { return try source.file.summary(outline) }
        guard let block, let fragment = head?.traces[row],
            let outline = try source.file.outline(fragment.id, [(block, fragment)])
        else { return nil }
        return try source.file.summary(outline)
    }
}
