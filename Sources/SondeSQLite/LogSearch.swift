// SPDX-License-Identifier: Apache-2.0
// Searches logs, best first, as TraceSearch does: blocks, slices and records wait in one queue by the latest time that
// they could still yield.

import SondeModel
import SondeStorage

struct LogSearch {
    private struct Item {
        enum Content {
            case block(LogBlockInfo)
            case slice(LogBlockInfo, Int)
            case record(LogBlockInfo, slice: Int, index: Int)

            var rank: Int {
                switch self {
                case .block: 2
                case .slice: 1
                case .record: 0
                }
            }
        }

        var time: UInt64
        var sequence: UInt64
        var content: Content

        static func precedes(_ a: Item, _ b: Item) -> Bool {
            if a.time != b.time { return a.time > b.time }
            if a.sequence != b.sequence { return a.sequence > b.sequence }
            return a.content.rank > b.content.rank
        }
    }

    private let file: BlockFile
    private let query: LogQuery
    private let limit: Int
    private let services: Set<Int>?
    private let needle: BodyNeedle?
    private let filterHashes: [UInt64]
    private var queue = Heap(Item.precedes)
    private var matched = 0

    private init(_ file: BlockFile, _ query: LogQuery) {
        self.file = file
        self.query = query
        limit = min(max(1, query.limit), LogQuery.maxLimit)
        services = query.service.map { Set(file.catalog.names.serviceIDs($0)) }
        needle = query.text.flatMap { BodyNeedle($0) }
        var filterHashes = LogFilter.hashes(of: query.text ?? "")
        if let id = query.traceID, id.isValid { filterHashes.append(LogFilter.hash(trace: TraceWords(id))) }
        self.filterHashes = filterHashes
    }

    static func run(_ query: LogQuery, in file: BlockFile) throws(ReadError) -> LogPage {
        var search = LogSearch(file, query)
        return try search.run()
    }

    private mutating func run() throws(ReadError) -> LogPage {
        for block in file.catalog.logBlocks where mayMatch(block) {
            queue.push(Item(time: block.end, sequence: .max, content: .block(block)))
        }
        var page: [(item: Item, record: LogRecord)] = []
        var hasMore = false
        while !hasMore, let item = queue.pop() {
            switch item.content {
            case .block(let block): try open(block)
            case .slice(let block, let slice): try scan(block, slice)
            case .record(let block, let slice, let index):
                let time = Timestamp(nanoseconds: item.time)
                guard query.cursor?.precedes(time: time, sequence: item.sequence) ?? true else { continue }
                if page.count == limit { hasMore = true } else { page.append((item, try record(block, slice, index))) }
            }
        }
        let next =
            hasMore
            ? page.last.map {
                LogCursor(time: Timestamp(nanoseconds: $0.item.time), sequence: $0.item.sequence)
            } : nil
        let isExact = !queue.contains { if case .record = $0.content { false } else { true } }
        return LogPage(logs: page.map(\.record), next: next, total: Total(matched, isExact: isExact))
    }

    private func record(_ block: LogBlockInfo, _ slice: Int, _ index: Int) throws(ReadError) -> LogRecord {
        let head = try file.head(block)
        let scan = try file.scan(block, slice, head)
        let columns = try file.columns(block, slice, head)
        var builder = SpanRecordBuilder(meta: columns.meta, names: file.catalog.names)
        return file.record(head, scan, columns, index, &builder)
    }

    private func mayMatch(_ block: LogBlockInfo) -> Bool {
        if let start = query.start, block.end < start.nanoseconds { return false }
        if let end = query.end, block.start >= end.nanoseconds { return false }
        return block.zones.contains { zone in
            if let services, !services.contains(zone.service) { return false }
            if let level = query.minLevel, zone.maxSeverity < Int(level.rawValue) { return false }
            return true
        }
    }

    private mutating func open(_ block: LogBlockInfo) throws(ReadError) {
        if block.level > 0, !filterHashes.isEmpty {
            let filter = try file.part(.logFilter, block.id, 0) { bytes throws(Damage) in try Filter(bytes) }
            guard filterHashes.allSatisfy({ filter.mayContain($0) }) else { return }
        }
        let head = try file.head(block)
        if let id = query.traceID, id.isValid, !head.traces.contains(TraceWords(id)) { return }
        for (number, slice) in head.slices.enumerated() {
            if let start = query.start, slice.end < start.nanoseconds { continue }
            if let end = query.end, slice.start >= end.nanoseconds { continue }
            queue.push(Item(time: slice.end, sequence: .max, content: .slice(block, number)))
        }
    }

    private mutating func scan(_ block: LogBlockInfo, _ slice: Int) throws(ReadError) {
        let head = try file.head(block)
        let scan = try file.scan(block, slice, head)
        let meta = try file.meta(.logCold, block.id)
        let allowed = meta.contexts.map { context in
            if let services, !services.contains(meta.services[Int(context.resource)]) { return false }
            if let level = query.minLevel, context.first < UInt32(level.rawValue) { return false }
            return true
        }
        let first = UInt64(bitPattern: block.sequence) + UInt64(head.slices[slice].rows.lowerBound)
        var bodies: [Bool]?
        for index in 0..<scan.times.count {
            guard allowed[Int(scan.contexts[index])], matchesHot(scan, head, index) else { continue }
            if let needle {
                if bodies == nil { bodies = needle.matches(try file.columns(block, slice, head)) }
                guard bodies?[index] == true else { continue }
            }
            matched += 1
            queue.push(
                Item(
                    time: scan.effectiveTime(index), sequence: first + UInt64(index),
                    content: .record(block, slice: slice, index: index)))
        }
    }

    private func matchesHot(_ scan: LogScan, _ head: LogHead, _ index: Int) -> Bool {
        let time = scan.effectiveTime(index)
        if let start = query.start, time < start.nanoseconds { return false }
        if let end = query.end, time >= end.nanoseconds { return false }
        if let span = query.spanID, scan.spans[index] != span.value { return false }
        if let id = query.traceID {
            let number = Int(scan.traces[index])
            guard (number == 0 ? .zero : head.traces[number - 1].id) == id else { return false }
        }
        return true
    }
}
