// SPDX-License-Identifier: Apache-2.0
// Puts the spans of a trace in their places. Works on numbers alone: records are large, and a trace may have 100 000.
//
//   records ─▸ each span once ─▸ who hangs below whom ─▸ siblings in order ─▸ depth first

struct TraceAssembly {
    /// For each span the record that shows it.
    private(set) var records: [Int] = []
    /// Spans depth first.
    private(set) var order: [Int] = []
    /// Parent ids that spans name and that have not arrived, sorted.
    private(set) var missingParents: [SpanID] = []

    /// For each span its parent, without cycles.
    private var parents: [Int?] = []
    /// The first span with an id, and for each span the next with the same: a client and its server may share one.
    private var first: [SpanID: Int] = [:]
    private var next: [Int?] = []

    init(of all: [SpanRecord]) {
        findSpans(all)
        findParents(all)
        breakCycles()
        putInOrder(all)
    }

    /// Parents, depths and sizes of subtrees by place in ``order``.
    func shape() -> (parents: [Int?], depths: [Int], subtreeCounts: [Int]) {
        var places = Array(repeating: 0, count: order.count)
        for (place, span) in order.enumerated() { places[span] = place }
        let parents = order.map { span in self.parents[span].map { places[$0] } }
        var depths = Array(repeating: 0, count: order.count)
        var subtreeCounts = Array(repeating: 1, count: order.count)
        for place in parents.indices {
            if let parent = parents[place] { depths[place] = depths[parent] + 1 }
        }
        for place in parents.indices.reversed() {
            if let parent = parents[place] { subtreeCounts[parent] += subtreeCounts[place] }
        }
        return (parents, depths, subtreeCounts)
    }

    // MARK: Each span once

    private mutating func findSpans(_ all: [SpanRecord]) {
        records.reserveCapacity(all.count)
        next.reserveCapacity(all.count)
        first.reserveCapacity(all.count)
        for record in all.indices {
            guard let holder = first[all[record].spanID] else {
                first[all[record].spanID] = records.count
                append(record)
                continue
            }
            findPlace(for: record, among: holder, all)
        }
    }

    private mutating func append(_ record: Int) {
        records.append(record)
        next.append(nil)
    }

    private mutating func findPlace(for record: Int, among holder: Int, _ all: [SpanRecord]) {
        var holder = holder
        while true {
            if all[records[holder]].key == all[record].key {
                let isWorse = all[record].isUnfinished && !all[records[holder]].isUnfinished
                if !isWorse { records[holder] = record }
                return
            }
            guard let other = next[holder] else { break }
            holder = other
        }
        next[holder] = records.count
        append(record)
    }

    // MARK: Parents

    private mutating func findParents(_ all: [SpanRecord]) {
        var missing: Set<SpanID> = []
        parents = records.indices.map { span in
            let record = records[span]
            let id = all[record].spanID
            let parentID = all[record].parentSpanID
            let candidate = parentID.isValid ? first[parentID] : nil
            if parentID.isValid, candidate == nil { missing.insert(parentID) }
            if let client = client(of: span, all) { return client }
            guard let candidate, parentID != id else { return nil }
            return next[candidate] == nil ? candidate : half(of: candidate, for: record, all)
        }
        missingParents = missing.sorted()
    }

    /// The client that a span shares its id with.
    private func client(of span: Int, _ all: [SpanRecord]) -> Int? {
        guard all[records[span]].kind != .client, let holder = first[all[records[span]].spanID], next[holder] != nil
        else { return nil }
        return twins(holder).first { all[records[$0]].kind == .client }
    }

    private func twins(_ holder: Int) -> some Sequence<Int> { sequence(first: holder) { next[$0] } }

    /// Which of the spans that share an id has `child` below it: the half of the child's own service, and of two such
    /// the one that did the work rather than the one that asked; if neither is, the one that did the work.
    private func half(of holder: Int, for child: Int, _ all: [SpanRecord]) -> Int? {
        let candidates = Array(twins(holder))
        let service = all[child].resource.serviceName
        let own = candidates.filter { all[records[$0]].resource.serviceName == service }
        return own.first { all[records[$0]].kind != .client } ?? own.first
            ?? candidates.first { all[records[$0]].kind != .client } ?? candidates.first
    }

    /// Cuts one edge of every cycle, the one at which a walk from the first span in it comes back.
    private mutating func breakCycles() {
        var walk = Array(repeating: 0, count: parents.count)
        for start in parents.indices where walk[start] == 0 {
            var index = start
            walk[index] = start + 1
            while let parent = parents[index] {
                if walk[parent] == start + 1 {
                    parents[index] = nil
                    break
                }
                guard walk[parent] == 0 else { break }
                walk[parent] = start + 1
                index = parent
            }
        }
    }

    // MARK: Order

    private struct SortKey: Comparable {
        var start: UInt64
        var id: SpanID
        var kind: UInt8
        var span: Int

        static func < (a: SortKey, b: SortKey) -> Bool {
            if a.start != b.start { return a.start < b.start }
            if a.id != b.id { return a.id < b.id }
            return a.kind < b.kind
        }
    }

    /// Iterative: a chain may be as long as the trace.
    private mutating func putInOrder(_ all: [SpanRecord]) {
        var keys = records.enumerated().map { span, record in
            SortKey(
                start: all[record].start.nanoseconds, id: all[record].spanID, kind: all[record].kind.rawValue,
                span: span)
        }
        keys.sort()
        // All children in one list, those of a span in a row; the last row is that of the roots.
        let count = records.count
        var ends = Array(repeating: 0, count: count + 2)
        for parent in parents { ends[(parent ?? count) + 1] += 1 }
        for place in 1..<ends.count { ends[place] += ends[place - 1] }
        var starts = ends
        var children = Array(repeating: 0, count: count)
        for key in keys {
            let parent = parents[key.span] ?? count
            children[starts[parent]] = key.span
            starts[parent] += 1
        }
        order.reserveCapacity(count)
        var stack = Array(children[ends[count]...].reversed())
        while let span = stack.popLast() {
            order.append(span)
            for child in children[ends[span]..<ends[span + 1]].reversed() { stack.append(child) }
        }
    }
}
