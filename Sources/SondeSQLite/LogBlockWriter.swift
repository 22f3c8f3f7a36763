// SPDX-License-Identifier: Apache-2.0
// Encodes one block of log records from a session.
//
//   log_hot    chunk 0 head: slices, their time ranges, trace ids · then a chunk a slice: times, contexts, trace, span
//   log_cold   chunk 0 and 1 as for spans, then two chunks a slice: the bodies, and everything else
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
    private var columns = ColumnWriter()
    private var chunks = ChunkWriter()
    private var traces = ByteTable()
    private var chunk = ByteBuffer(capacity: 1 << 16)
    private var side = ByteBuffer()
    private var columnRows = Buffer<ColumnRow>()
    private var numbers = Buffer<UInt32>()

    init(compressionLevel: Int32?) {
        compressor = compressionLevel.map { Compressor(level: $0) }
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
        var previous: UInt64 = 0
        for row in slice {
            side.appendZigZag(Int64(bitPattern: session.rows[row].time &- previous))
            previous = session.rows[row].time
        }
        addPart()
        for row in slice {
            side.appendZigZag(Int64(bitPattern: session.rows[row].observed &- session.rows[row].time))
        }
        addPart()
        let rows = UnsafeBufferPointer(start: columnRows.base + (slice.lowerBound - first), count: slice.count)
        columns.writeContexts(rows, into: &chunk)
        numbers.removeAll()
        for row in slice { numbers.append(traceNumbers[row - first]) }
        chunk.appendNumbers(numbers.elements)
        writeSpans(slice, session)
        chunks.add(chunk, compressor: &compressor)
    }

    /// A byte a record: 0 no span, 1 that of the record before, 2 the next of the ids that follow.
    private mutating func writeSpans(_ slice: Range<Int>, _ session: borrowing LogSession) {
        var previous: UInt64 = 0
        for row in slice {
            let span = session.rows[row].span
            if span == 0 {
                chunk.append(0)
            } else if span == previous {
                chunk.append(1)
            } else {
                chunk.append(2)
                side.appendFixed(span)
            }
            previous = span
        }
        addPart()
    }

    private mutating func addPart() {
        chunk.appendVarint(side.count)
        chunk.append(side.base, count: side.count)
        side.removeAll()
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
            side.removeAll()
            let rows = UnsafeBufferPointer(start: columnRows.base + (slice.lowerBound - first), count: slice.count)
            columns.writeSlice(rows, of: session.columns, into: &chunk, apart: PseudoKey.text, into: &side)
            chunks.add(side, compressor: &compressor)
            chunks.add(chunk, compressor: &compressor)
            side.removeAll()
        }
        return chunks.finish()
    }

    private func zones(_ session: borrowing LogSession) -> [LogBlockInfo.Zone] {
        var zones: [Int: LogBlockInfo.Zone] = [:]
        for row in columnRows.elements {
            let context = session.columns.context(Int(row.context))
            let service =
                Envelope(session.columns.resources.bytes(Int(context.resource)), hasService: true)?.service ?? 0
            var zone = zones[service] ?? .init(service: service, count: 0, maxSeverity: 0)
            zone.count += 1
            zone.maxSeverity = max(zone.maxSeverity, Int(context.first))
            zones[service] = zone
        }
        return zones.values.sorted { $0.service < $1.service }
    }
}
