// SPDX-License-Identifier: Apache-2.0
// Cuts blocks anew from some of their records: without those that retention lets go of, without copies of spans that
// came again later.
//
// Among merged blocks every span (trace id, span id, kind) occurs once. A merge of fresh blocks therefore looks for
// copies in those that were merged before: fingerprints name the few blocks that may hold one, and these are cut anew in
// the same transaction, with whichever copy wins in the place of the first. So counts are exact as soon as nothing is
// fresh.

import SondeModel
import SondeStorage

/// One block, cut anew from some of its spans.
struct RewrittenSpans {
    var original: SpanBlockInfo
    /// What stays where it is; nil if nothing does.
    var staying: EncodedSpanBlock?
    /// What a pin keeps of the rest.
    var pinned: EncodedSpanBlock?
    /// Spans let go.
    var gone: Int
}

struct RewrittenLogs {
    var original: LogBlockInfo
    var staying: EncodedLogBlock?
    var gone: Int
}

/// Merged blocks that hold copies of spans that are merged now.
struct MergeRivals {
    var blocks: [SpanBlockInfo] = []
    /// Whether these are all.
    var areAll = true
}

extension BlockMerger {
    /// The merged blocks, other than `inputs`, that hold copies of the session's spans, in order of arrival: as many as
    /// one merge takes apart.
    func rivals(of inputs: [SpanBlockInfo], in file: BlockFile, damaged: Set<Int64>) -> MergeRivals {
        var rivals = MergeRivals()
        // What comes out of merges has no copies elsewhere: only fresh blocks can bring some.
        guard inputs.contains(where: { $0.level == 0 }) else { return rivals }
        let own = Set(inputs.map(\.id))
        let sieve = spans.fingerprintSieve()
        let rows = RowsByTrace(spans)
        var records = 0
        var bytes = 0
        for block in file.catalog.blocks where block.level > 0 && !own.contains(block.id) {
            let common = sieve.common(with: block.fingerprints)
            // A block that cannot be read keeps its copies, as it keeps all else.
            guard !common.isEmpty, !damaged.contains(block.id), (try? holdsCopies(block, common, rows, file)) ?? false
            else {
                continue
            }
            records += block.count
            bytes += block.bytes
            guard records <= rivalRecords && bytes <= Limits.mergeBytes || rivals.blocks.isEmpty else {
                rivals.areAll = false
                break
            }
            rivals.blocks.append(block)
        }
        return rivals
    }

    private func holdsCopies(
        _ block: SpanBlockInfo, _ fingerprints: Set<UInt32>, _ rows: borrowing RowsByTrace, _ file: BlockFile
    ) throws(ReadError) -> Bool {
        let head = try file.head(block)
        // Fragments follow one another: most share the slice of the last.
        var slice: (number: Int, ids: [UInt64])?
        for fragment in head.traces where fingerprints.contains(fragment.id.fingerprint) {
            guard let trace = spans.knownTrace(fragment.id), !rows[trace].isEmpty else { continue }
            let keys = rows[trace].count > Self.fewRows ? spans.keys(of: trace, in: rows) : nil
            var number = head.slice(of: fragment.rows.lowerBound)
            while number < head.slices.count, head.slices[number].lowerBound < fragment.rows.upperBound {
                let ids = slice?.number == number ? slice?.ids ?? [] : try file.spanIDs(block, number, head).ids
                slice = (number, ids)
                for row in fragment.rows.clamped(to: head.slices[number]) {
                    let index = row - head.slices[number].lowerBound
                    guard keys != nil || holds(ids[index], rows[trace]) else { continue }
                    let kind = try kind(index, number, head, block, file)
                    let isCopy =
                        keys?.contains(SpanKey(trace: fragment.id, span: ids[index], kind: kind))
                        ?? holds(ids[index], rows[trace], kind: kind)
                    if isCopy { return true }
                }
                number += 1
            }
        }
        return false
    }

    /// Rows of a trace that are looked through one by one.
    private static var fewRows: Int { 32 }

    /// Whether one of the session's rows is a span with this id, and of this kind where one is given.
    private func holds(_ id: UInt64, _ rows: UnsafeBufferPointer<UInt32>, kind: UInt8? = nil) -> Bool {
        for number in rows {
            let row = spans.rows.base + Int(number)
            if row.pointee.spanID == id, kind == nil || row.pointee.kind == kind { return true }
        }
        return false
    }

    private func kind(
        _ index: Int, _ slice: Int, _ head: SpanHead, _ block: SpanBlockInfo, _ file: BlockFile
    ) throws(ReadError) -> UInt8 {
        let operation = head.operations[Int(try file.scan(block, slice, head).operations[index])]
        return (file.catalog.names.operation(operation)?.kind ?? .unspecified).rawValue
    }

    /// Merges the inputs together with blocks that hold copies of their spans. The winner of two copies takes the place
    /// of the first, so that blocks that were merged before only change what they hold of that span; all else stays
    /// where it was, with the time of its arrival.
    ///
    /// Where these are not all that hold copies, what is left of the inputs stays fresh: it is merged with the others next
    /// time, and counts as not merged until then. It stays in its place too, before all that arrived later, so that the
    /// later copy of a span still wins.
    mutating func merge(
        _ inputs: [SpanBlockInfo], besides rivals: MergeRivals, in file: BlockFile
    ) throws(ReadError) -> MergedSpans {
        spans.removeAll()
        var parts: [(block: SpanBlockInfo, rows: Range<Int>)] = []
        var areAll = rivals.areAll
        for block in rivals.blocks {
            // In memory they may be many times as large as in the file.
            guard parts.isEmpty || spans.columns.byteCount < sessionBytes else {
                areAll = false
                break
            }
            let first = spans.count
            do throws(ReadError) { try add(block, file) } catch {
                // What was added of it would be in the way.
                var others = rivals
                others.blocks.removeAll { $0 === block }
                var merged = try merge(inputs, besides: others, in: file)
                merged.unreadable.append(block.id)
                return merged
            }
            parts.append((block, first..<spans.count))
        }
        let own = spans.count
        for block in inputs { try add(block, file) }
        var merged = MergedSpans(blocks: [], duplicates: spans.dropDuplicates(), isComplete: areAll)
        merged.taken = inputs.count
        for (block, rows) in parts {
            let staying = encode(rows, blockRecords: .max / 2, file).first
            merged.rewritten.append(RewrittenSpans(original: block, staying: staying, pinned: nil, gone: 0))
        }
        merged.blocks = encode(
            own..<spans.count, blockRecords: Limits.blockRecords, withFilter: merged.isComplete, file)
        return merged
    }

    /// Blocks of some rows of the session.
    private mutating func encode(
        _ rows: Range<Int>, blockRecords: Int, withFilter: Bool = true, _ file: BlockFile
    ) -> [EncodedSpanBlock] {
        let hidden = spans.hide(allBut: rows)
        defer { spans.reveal(hidden) }
        return encode(spans.plan(blockRecords: blockRecords), withFilter: withFilter, file)
    }

    /// Whether a block can be taken apart.
    mutating func canRead(_ block: SpanBlockInfo, in file: BlockFile) -> Bool {
        spans.removeAll()
        do throws(ReadError) { try add(block, file) } catch { return false }
        return true
    }

    /// Parts a block of which retention lets go: the spans of services that `stays` names stay; of the others a pin keeps
    /// those of its traces.
    mutating func sift(
        _ block: SpanBlockInfo, in file: BlockFile, pinned: Set<TraceWords>, stays: (Int) -> Bool
    ) throws(ReadError) -> RewrittenSpans {
        let names = file.catalog.names
        func isStaying(_ row: SpanRow) -> Bool { stays(names.operation(Int(row.operation))?.service ?? 0) }
        var rewritten = RewrittenSpans(original: block, staying: nil, pinned: nil, gone: block.count)
        if block.zones.contains(where: { stays($0.service) }) {
            spans.removeAll()
            try add(block, file)
            rewritten.gone = spans.drop { row, _ in !isStaying(row) }
            rewritten.staying = encodeWhole(block, file)
        }
        guard try file.holds(block, anyOf: pinned) else { return rewritten }
        spans.removeAll()
        try add(block, file)
        let others = spans.drop { row, trace in isStaying(row) || !pinned.contains(trace) }
        rewritten.pinned = encodeWhole(block, file)
        rewritten.gone -= block.count - others
        return rewritten
    }

    /// The session as one block; nil if nothing is left in it.
    private mutating func encodeWhole(_ block: SpanBlockInfo, _ file: BlockFile) -> EncodedSpanBlock? {
        // A block that no merge has seen stays one, so that the next merge looks for copies of its spans.
        encode(spans.plan(blockRecords: .max / 2), withFilter: block.level > 0, file).first
    }

    /// A block of logs without the records of services that go.
    mutating func sift(
        _ block: LogBlockInfo, in file: BlockFile, stays: (Int) -> Bool
    ) throws(ReadError) -> RewrittenLogs {
        guard block.zones.contains(where: { stays($0.service) }) else {
            return RewrittenLogs(original: block, staying: nil, gone: block.count)
        }
        logs.removeAll()
        try add(block, file)
        let gone = logs.drop(unless: stays)
        let staying =
            logs.count == 0 ? nil : logWriter.encode(0..<logs.count, of: logs, withFilter: block.level > 0)
        return RewrittenLogs(original: block, staying: staying, gone: gone)
    }
}

extension BlockFile {
    /// Whether the block holds spans of one of the traces.
    func holds(_ block: SpanBlockInfo, anyOf traces: Set<TraceWords>) throws(ReadError) -> Bool {
        for trace in traces where block.mayContain(trace.fingerprint) {
            if try head(block).fragment(of: trace) != nil { return true }
        }
        return false
    }
}
