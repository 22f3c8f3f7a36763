// SPDX-License-Identifier: Apache-2.0
// One trace as counts need it: every span once, with its parent, by the rules of SondeModel's Trace, on columns. The
// memory is used again for the next trace.

import SondeModel

/// What columns tell of a span, and where it lies.
struct ActivityRow: BitwiseCopyable {
    var start: UInt64
    var end: UInt64
    /// Zero where ids were not asked for.
    var spanID: UInt64
    var parentID: UInt64
    /// Global id.
    var operation: Int32
    /// Place of the block in the catalog, and of the span in the block.
    var place: Int32
    var row: Int32
    var state: UInt8

    var isUnfinished: Bool { state & SpanState.unfinished != 0 }
    var isError: Bool { state & SpanState.statusMask == StatusCode.error.rawValue }
    var duration: UInt64 { end > start ? end - start : 0 }
    /// Nil while it has not ended.
    var knownDuration: UInt64? { isUnfinished ? nil : duration }
}

struct ActivityTrace {
    var id = TraceWords(.zero)
    /// In order of arrival.
    var rows: [ActivityRow] = []
    /// For each row the index of its parent; -1 for none.
    var parents: [Int32] = []
    /// See ``findSelfTimes()``.
    private(set) var selfTimes: [UInt64] = []

    // Memory for finding out.
    private var slots: [UInt64] = []
    private var walked: [Int32] = []
    private var order: [Int32] = []
    private var covered: [UInt64] = []
    /// By span id the first row, and for each row the next with the same id.
    private var firsts: [UInt64: Int32] = [:]
    private var nexts: [Int32] = []

    mutating func begin() {
        rows.removeAll(keepingCapacity: true)
        parents.removeAll(keepingCapacity: true)
    }

    /// Whether two rows have the same span id: copies of a span, or the halves of one that share it.
    mutating func hasEqualIDs() -> Bool {
        let size = max(8, 1 << (Int.bitWidth - (rows.count * 2).leadingZeroBitCount))
        if slots.count < size { slots = Array(repeating: 0, count: size) }
        return rows.withUnsafeBufferPointer { rows in
            slots.withUnsafeMutableBufferPointer { slots in
                slots[..<size].update(repeating: 0)
                for row in rows {
                    // Not an id, and what marks a free slot.
                    if row.spanID == 0 { return true }
                    var slot = Int(truncatingIfNeeded: row.spanID &* 0x9E37_79B9_7F4A_7C15 >> 32) & (size - 1)
                    while slots[slot] != 0 {
                        if slots[slot] == row.spanID { return true }
                        slot = (slot + 1) & (size - 1)
                    }
                    slots[slot] = row.spanID
                }
                return false
            }
        }
    }

    /// Notes the ids of parents that are known by place: rows are about to be put together with others.
    mutating func notePlacesAsIDs() {
        for (index, parent) in parents.enumerated() where parent >= 0 {
            rows[index].parentID = rows[Int(parent)].spanID
        }
    }

    /// Drops copies and finds parents by id.
    mutating func assemble(_ operations: ActivityOperations) {
        dropCopies(operations)
        parents.removeAll(keepingCapacity: true)
        for index in rows.indices { parents.append(Int32(truncatingIfNeeded: parent(of: index, operations) ?? -1)) }
    }

    private mutating func dropCopies(_ operations: ActivityOperations) {
        firsts.removeAll(keepingCapacity: true)
        nexts.removeAll(keepingCapacity: true)
        var kept = 0
        for index in rows.indices {
            let row = rows[index]
            guard let first = firsts[row.spanID] else {
                firsts[row.spanID] = Int32(truncatingIfNeeded: kept)
                keep(row, &kept)
                continue
            }
            var last = Int(first)
            var known = -1
            while true {
                if operations.kind(rows[last].operation) == operations.kind(row.operation) { known = last }
                guard nexts[last] >= 0 else { break }
                last = Int(nexts[last])
            }
            if known >= 0 {
                if !row.isUnfinished || rows[known].isUnfinished { rows[known] = row }
            } else {
                nexts[last] = Int32(truncatingIfNeeded: kept)
                keep(row, &kept)
            }
        }
        rows.removeSubrange(kept...)
    }

    private mutating func keep(_ row: ActivityRow, _ kept: inout Int) {
        rows[kept] = row
        nexts.append(-1)
        kept += 1
    }

    /// The rows with a span id, in order of arrival.
    private func holders(of id: UInt64) -> [Int] {
        var holders: [Int] = []
        var next = firsts[id] ?? -1
        while next >= 0 {
            holders.append(Int(next))
            next = nexts[Int(next)]
        }
        return holders
    }

    private func parent(of index: Int, _ operations: ActivityOperations) -> Int? {
        let row = rows[index]
        if let first = firsts[row.spanID], nexts[Int(first)] >= 0, operations.kind(row.operation) != .client {
            let client = holders(of: row.spanID).first { operations.kind(rows[$0].operation) == .client }
            if let client { return client }
        }
        guard row.parentID != 0, row.parentID != row.spanID, let first = firsts[row.parentID] else { return nil }
        guard nexts[Int(first)] >= 0 else { return Int(first) }
        let candidates = holders(of: row.parentID)
        let service = operations.service(row.operation)
        let own = candidates.filter { operations.service(rows[$0].operation) == service }
        let isServing = { operations.kind(rows[$0].operation) != .client }
        return own.first(where: isServing) ?? own.first ?? candidates.first(where: isServing) ?? candidates.first
    }

    /// Cuts one edge of every cycle, as a trace does.
    mutating func breakCycles() {
        // Where every parent stands before its child, or every one behind, nothing can go round.
        var hasBefore = false
        var hasBehind = false
        for (index, parent) in parents.enumerated() where parent >= 0 {
            if Int(parent) < index { hasBefore = true } else { hasBehind = true }
            if Int(parent) == index { hasBefore = true }
        }
        guard hasBefore, hasBehind else { return }
        walked.removeAll(keepingCapacity: true)
        walked.append(contentsOf: repeatElement(0, count: rows.count))
        for start in rows.indices where walked[start] == 0 {
            var index = start
            let mark = Int32(truncatingIfNeeded: start + 1)
            walked[index] = mark
            while parents[index] >= 0 {
                let parent = Int(parents[index])
                if walked[parent] == mark {
                    parents[index] = -1
                    break
                }
                guard walked[parent] == 0 else { break }
                walked[parent] = mark
                index = parent
            }
        }
    }

    /// For each row the time in which it ran and none of its children did.
    mutating func findSelfTimes() {
        order.removeAll(keepingCapacity: true)
        covered.removeAll(keepingCapacity: true)
        selfTimes.removeAll(keepingCapacity: true)
        for (index, row) in rows.enumerated() {
            selfTimes.append(row.duration)
            covered.append(row.start)
            if parents[index] >= 0 { order.append(Int32(truncatingIfNeeded: index)) }
        }
        rows.withUnsafeBufferPointer { rows in
            order.sort { rows[Int($0)].start < rows[Int($1)].start }
        }
        for child in order {
            let parent = Int(parents[Int(child)])
            let start = max(rows[Int(child)].start, covered[parent])
            let end = min(rows[Int(child)].end, rows[parent].end)
            guard start < end else { continue }
            selfTimes[parent] -= end - start
            covered[parent] = end
        }
    }
}

/// What rows ask of the global dictionaries, by number.
struct ActivityOperations {
    private let services: [Int32]
    private let kinds: [SpanKind]
    let count: Int

    init(_ names: StoredNames) {
        services = [0] + names.operations.map { Int32(truncatingIfNeeded: $0.service) }
        kinds = [.unspecified] + names.operations.map(\.kind)
        count = kinds.count
    }

    @inline(__always)
    func service(_ operation: Int32) -> Int32 { services[Int(operation)] }

    @inline(__always)
    func kind(_ operation: Int32) -> SpanKind { kinds[Int(operation)] }
}
