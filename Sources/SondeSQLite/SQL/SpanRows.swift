// SPDX-License-Identifier: Apache-2.0
// The values of the spans of one block, read part by part as they are asked for.

import SondeModel
import SondeStorage

final class SpanRows {
    let block: SpanBlockInfo
    private let source: TableSource
    private var file: BlockFile { source.file }
    private var head: SpanHead?
    // The slice at hand.
    private var rows = 0..<0
    private var slice = 0
    private var scan: SpanScan?
    private var ids: SpanIDs?
    private var columns: ColumnSlice?
    /// For each span of the slice how many before it have a parent elsewhere.
    private var otherParents: [Int] = []
    // The trace at hand.
    private var trace: TraceFragment?
    private var text: ColumnText?

    init(_ block: SpanBlockInfo, _ source: TableSource) {
        self.block = block
        self.source = source
    }

    private func knownHead() throws(ReadError) -> SpanHead {
        if let head { return head }
        let known = try file.head(block)
        head = known
        return known
    }

    /// Moves to the slice that a row lies in; returns its place there.
    private func enter(_ row: Int) throws(ReadError) -> Int {
        if !rows.contains(row) {
            let head = try knownHead()
            slice = head.slice(of: row)
            rows = head.slices[slice]
            (scan, ids, columns, otherParents) = (nil, nil, nil, [])
        }
        return row - rows.lowerBound
    }

    private func knownScan() throws(ReadError) -> SpanScan {
        if let scan { return scan }
        let known = try file.scan(block, slice, try knownHead())
        scan = known
        return known
    }

    private func knownColumns() throws(ReadError) -> ColumnSlice {
        if let columns { return columns }
        let known = try file.columns(block, slice, try knownHead())
        columns = known
        if text == nil { text = ColumnText(known.meta, file.catalog.names) }
        return known
    }

    func give(_ column: Int32, _ row: Int, _ result: SQLResult) throws(ReadError) {
        let index = try enter(row)
        switch column {
        case 0: try giveTrace(row, result)
        case 1:
            if ids == nil { ids = try file.spanIDs(block, slice, try knownHead()) }
            result.set(hex: (ids?.ids[index] ?? 0, nil))
        case 2: try giveParent(row, index, result)
        case 3...10, 18: try giveScan(column, index, try knownScan(), result)
        default: try giveCold(column, index, try knownColumns(), result)
        }
    }

    private func giveTrace(_ row: Int, _ result: SQLResult) throws(ReadError) {
        if trace?.rows.contains(row) != true {
            let head = try knownHead()
            trace = head.traces[head.trace(of: row)]
        }
        result.set(hex: (trace?.id.high ?? 0, trace?.id.low))
    }

    private func giveParent(_ row: Int, _ index: Int, _ result: SQLResult) throws(ReadError) {
        let scan = try knownScan()
        let code = scan.parents[index]
        switch code {
        case 0: result.null()
        case 1:
            if otherParents.isEmpty {
                var count = 0
                for code in scan.parents {
                    otherParents.append(count)
                    if code == 1 { count += 1 }
                }
            }
            result.set(hex: (scan.otherParents[otherParents[index]], nil))
        default:
            let head = try knownHead()
            let distance = Int64(bitPattern: (code - 2) >> 1) ^ -Int64(bitPattern: (code - 2) & 1)
            let (place, overflow) = Int64(row).subtractingReportingOverflow(distance)
            guard !overflow, place >= 0, place < Int64(head.count) else {
                throw BlockFile.damaged(.hot, block.id, Damage("a span's parent lies outside its block"))
            }
            let other = head.slice(of: Int(place))
            let ids = try file.spanIDs(block, other, head).ids
            result.set(hex: (ids[Int(place) - head.slices[other].lowerBound], nil))
        }
    }

    private func giveScan(_ column: Int32, _ index: Int, _ scan: SpanScan, _ result: SQLResult) throws(ReadError) {
        let isUnfinished = scan.states[index] & UInt32(SpanState.unfinished) != 0
        switch column {
        case 3, 4, 5:
            let id = try knownHead().operations[Int(scan.operations[index])]
            let operation = file.catalog.names.operations[id - 1]
            switch column {
            case 3: result.set(kept: source.service(operation.service))
            case 5: result.set(kept: source.kind(operation.kind))
            default:
                let name = source.operation(id)
                // Names past the bound of the dictionary lie with their spans.
                if !name.isEmpty { return result.set(kept: name) }
                result.set(try knownColumns().pseudo(PseudoKey.name, index) { $0.plainText } ?? "")
            }
        case 6: result.set(kept: source.status(scan.status(index)))
        case 7:
            let message = try knownColumns().pseudo(PseudoKey.text, index) { $0.plainText }
            if let message { result.set(message) } else { result.null() }
        case 8: result.set(nanoseconds: scan.starts[index])
        case 9: if isUnfinished { result.null() } else { result.set(nanoseconds: scan.ends[index]) }
        case 10: if isUnfinished { result.null() } else { result.set(nanoseconds: scan.duration(index)) }
        default: result.set(isUnfinished)
        }
    }

    private func giveCold(_ column: Int32, _ index: Int, _ columns: ColumnSlice, _ result: SQLResult) throws(ReadError)
    {
        let context = columns.meta.contexts[Int(columns.contexts[index])]
        switch column {
        case 11:
            text?.writeAttributes(columns, index)
            text?.text.bytes.withUnsafeBufferPointer { result.set(utf8: $0) }
        case 12: text?.resource(Int(context.resource)).withUnsafeBufferPointer { result.set(utf8: $0) }
        case 13: text?.scope(Int(context.scope)).withUnsafeBufferPointer { result.set(utf8: $0) }
        case 14, 15:
            var text = JSONText()
            let extras = columns.pseudo(PseudoKey.extras, index) { $0.extras }
            column == 14 ? text.append(extras?.events ?? []) : text.append(extras?.links ?? [])
            text.bytes.withUnsafeBufferPointer { result.set(utf8: $0) }
        case 16:
            let state = columns.pseudo(PseudoKey.state, index) { $0.plainText }
            if let state { result.set(state) } else { result.null() }
        case 17: result.set(context.flags)
        case 19: result.set(context.droppedAttributes)
        case 20: result.set(context.first)
        case 21: result.set(context.second)
        default: result.null()
        }
    }
}
