// SPDX-License-Identifier: Apache-2.0
// Encodes one block of log records from a session.
//
//   log_hot    chunk 0 head: slices, their time ranges, trace ids · then a chunk a slice: context, trace, span, times
//   log_cold   chunk 0 and 1 as for spans, then three chunks a slice: the bodies, everything else, and, never compressed,
//              the columns that no compressor makes smaller
//
// docs/schema.md draws every chunk.

import SondeModel

/// A block ready for the file.
struct EncodedLogBlock {
    var count = 0
    var start = UInt64.max
    var end: UInt64 = 0
    var zones: [LogBlockInfo.Zone] = []
    var hot: [UInt8] = []
    var cold: [UInt8] = []
    var filter: [UInt8]?

    var bytes: Int { hot.count + cold.count + (filter?.count ?? 0) }
}

struct LogBlockWriter: ~Copyable {
    private var compressor: Compressor?
    private var none: Compressor?
    private var columns = ColumnWriter(packing: .byContent)
    private var chunks = ChunkWriter()
    private var traces = ByteTable()
    private var chunk = ByteBuffer(capacity: 1 << 16)
    private var columnRows = Buffer<ColumnRow>()
    private var numbers = Buffer<UInt32>()

    /// Fresh blocks are compressed once, when they are merged.
    init(isFresh: Bool) {
        compressor = isFresh ? nil : Compressor()
    }

    /// Encodes the records at `range` of the session.
    mutating func encode(_ range: Range<Int>, of session: borrowing LogSession, withFilter: Bool) -> EncodedLogBlock {
        var block = EncodedLogBlock()
        block.count = range.count
        columnRows.removeAll()
        traces.removeAll()
        for row in range {
            let record = session.rows[row]
            columnRows.append(record.columns)
            block.start = min(block.start, record.effectiveTime)
            block.end = max(block.end, record.effectiveTime)
        }
        columns.prepare(columnRows.elements, of: session.columns)
        let slices = stride(from: range.lowerBound, to: range.upperBound, by: Limits.sliceRecords).map {
            $0..<min($0 + Limits.sliceRecords, range.upperBound)
        }
        let traceNumbers = numberTraces(range, session)
        writeHead(slices, session)
        for slice in slices { writeSlice(slice, traceNumbers, range.lowerBound, session) }
        block.hot = chunks.finish()
        block.cold = writeCold(slices, from: range.lowerBound, session)
        block.zones = zones(session)
        if withFilter { block.filter = LogFilter.encode(columns, traces, session.columns) }
        return block
    }

    /// For each record 0, or 1 + the number of its trace in the block.
    private mutating func numberTraces(_ range: Range<Int>, _ session: borrowing LogSession) -> [UInt32] {
        range.map { row in
            let trace = session.rows[row].trace
            guard trace.id.isValid else { return 0 }
            return withUnsafeBytes(of: (trace.high.bigEndian, trace.low.bigEndian)) { UInt32(traces.find($0)) + 1 }
        }
    }

    private mutating func writeHead(_ slices: [Range<Int>], _ session: borrowing LogSession) {
        chunk.removeAll()
        chunk.appendVarint(slices.count)
        for slice in slices {
            var (first, last) = (UInt64.max, UInt64(0))
            for row in slice {
                first = min(first, session.rows[row].effectiveTime)
                last = max(last, session.rows[row].effectiveTime)
            }
            chunk.appendVarint(slice.count)
            chunk.appendVarint(first)
            chunk.appendVarint(last &- first)
        }
        chunk.appendVarint(traces.count)
        for trace in 0..<traces.count { chunk.append(UnsafeRawBufferPointer(traces.bytes(trace))) }
        chunks.add(chunk, compressor: &none)
    }

    private mutating func writeSlice(
        _ slice: Range<Int>, _ traceNumbers: [UInt32], _ first: Int, _ session: borrowing LogSession
    ) {
        chunk.removeAll()
        let rows = UnsafeBufferPointer(start: columnRows.base + (slice.lowerBound - first), count: slice.count)
        columns.writeContexts(rows, into: &chunk)
        numbers.removeAll()
        for row in slice { numbers.append(traceNumbers[row - first]) }
        chunk.appendNumbers(numbers.elements)
        for row in slice { chunk.append(Self.spanCode(row, slice, session)) }
        for row in slice where Self.spanCode(row, slice, session) == 2 { chunk.appendFixed(session.rows[row].span) }
        var previous: UInt64 = 0
        for row in slice {
            chunk.appendZigZag(Int64(bitPattern: session.rows[row].time &- previous))
            previous = session.rows[row].time
        }
        for row in slice {
            chunk.appendZigZag(Int64(bitPattern: session.rows[row].observed &- session.rows[row].time))
        }
        chunks.add(chunk, compressor: &compressor)
    }

    /// 0 no span · 1 that of the record before · 2 the next of the ids that follow.
    private static func spanCode(_ row: Int, _ slice: Range<Int>, _ session: borrowing LogSession) -> UInt8 {
        let span = session.rows[row].span
        if span == 0 { return 0 }
        return row > slice.lowerBound && session.rows[row - 1].span == span ? 1 : 2
    }

    private mutating func writeCold(
        _ slices: [Range<Int>], from first: Int, _ session: borrowing LogSession
    ) -> [UInt8] {
        chunk.removeAll()
        columns.writeMeta(session.columns, into: &chunk)
        chunks.add(chunk, compressor: &compressor)
        chunk.removeAll()
        columns.writeValues(session.columns, into: &chunk)
        chunks.add(chunk, compressor: &compressor)
        for slice in slices {
            chunk.removeAll()
            let rows = UnsafeBufferPointer(start: columnRows.base + (slice.lowerBound - first), count: slice.count)
            columns.writeSlice(rows, of: session.columns, into: &chunk, apart: PseudoKey.text)
            chunks.add(columns.apart, compressor: &compressor)
            chunks.add(chunk, compressor: &compressor)
            chunks.add(columns.plain, compressor: &none)
        }
        return chunks.finish()
    }

    private func zones(_ session: borrowing LogSession) -> [LogBlockInfo.Zone] {
        var records: [UInt32: Int] = [:]
        for row in columnRows.elements { records[row.context, default: 0] += 1 }
        var zones: [Int: LogBlockInfo.Zone] = [:]
        for (id, count) in records {
            let context = session.columns.context(Int(id))
            let service =
                Envelope(session.columns.resources.bytes(Int(context.resource)), hasService: true)?.service ?? 0
            var zone = zones[service] ?? .init(service: service, count: 0, maxSeverity: 0)
            zone.count += count
            zone.maxSeverity = max(zone.maxSeverity, Int(context.first))
            zones[service] = zone
        }
        return zones.values.sorted { $0.service < $1.service }
    }
}
