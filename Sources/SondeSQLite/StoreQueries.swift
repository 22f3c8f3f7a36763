// SPDX-License-Identifier: Apache-2.0
// The answers that need the catalog and little else: names, counts, ids.

import SondeModel
import SondeStorage

extension BlockFile {
    func services() -> [ServiceSummary] {
        var services: [String: ServiceSummary] = [:]
        for block in catalog.blocks {
            for zone in block.zones {
                let name = catalog.names.service(zone.service)
                services[name, default: ServiceSummary(name: name, spanCount: 0, errorCount: 0)].spanCount += zone.count
                services[name]?.errorCount += zone.errors
            }
        }
        return services.values.sorted { $0.name < $1.name }
    }

    func operations(of service: String) -> [OperationSummary] {
        let ids = Set(catalog.names.serviceIDs(service))
        let operations = catalog.names.operations.lazy.filter { ids.contains($0.service) }
            .map { OperationSummary(name: $0.name, kind: $0.kind) }
        return Set(operations).sorted { ($0.name, $0.kind.rawValue) < ($1.name, $1.kind.rawValue) }
    }

    func traceIDs(withPrefix prefix: TraceIDPrefix, limit: Int) throws(ReadError) -> [TraceID] {
        var found: Set<TraceID> = []
        for block in catalog.blocks {
            for trace in try head(block).traces where prefix.range.contains(trace.id.id) { found.insert(trace.id.id) }
        }
        return Array(found.sorted().prefix(max(0, limit)))
    }

    func statistics(_ shared: SharedReadState) throws(ReadError) -> StoreStatistics {
        var statistics = StoreStatistics()
        statistics.spans = catalog.blocks.reduce(0) { $0 + $1.count }
        statistics.unmergedSpans = catalog.blocks.reduce(0) { $0 + ($1.level == 0 ? $1.count : 0) }
        statistics.traces = try shared.traceCount(self)
        statistics.logs = catalog.logBlocks.reduce(0) { $0 + $1.count }
        statistics.bytes = shared.files.bytes
        statistics.blocks = catalog.blocks.count + catalog.logBlocks.count
        statistics.services = Set(catalog.blocks.flatMap { $0.zones.map { catalog.names.service($0.service) } }).count
        statistics.pinnedTraces = catalog.pins.pins.count
        statistics.pinnedBytes = catalog.pinnedBytes
        statistics.oldest = catalog.blocks.map(\.start).min().map { Timestamp(nanoseconds: $0) }
        statistics.newest = catalog.blocks.map(\.lastStart).max().map { Timestamp(nanoseconds: $0) }
        return statistics
    }

    func size(_ shared: SharedReadState) -> StoreSize {
        StoreSize(
            spans: catalog.blocks.reduce(0) { $0 + $1.count }, logs: catalog.logBlocks.reduce(0) { $0 + $1.count },
            bytes: shared.files.bytes)
    }

    /// How many traces there are. A fingerprint that occurs once is one; where it occurs again the ids decide.
    func distinctTraces() throws(ReadError) -> Int {
        let (single, repeated) = catalog.countFingerprints()
        guard !repeated.isEmpty else { return single }
        var ids: Set<TraceWords> = []
        for block in catalog.blocks where block.fingerprints.contains(where: repeated.contains) {
            for trace in try head(block).traces where repeated.contains(trace.id.fingerprint) { ids.insert(trace.id) }
        }
        return single + ids.count
    }
}

extension Catalog {
    /// How many fingerprints occur once, and those that occur again: of these a trace may lie in several blocks.
    func countFingerprints() -> (single: Int, repeated: Set<UInt32>) {
        var all: [UInt32] = []
        all.reserveCapacity(blocks.reduce(0) { $0 + $1.fingerprints.count })
        for block in blocks { all += block.fingerprints }
        all.sort()
        var single = 0
        var repeated: Set<UInt32> = []
        var index = 0
        while index < all.count {
            var next = index + 1
            while next < all.count, all[next] == all[index] { next += 1 }
            if next == index + 1 { single += 1 } else { repeated.insert(all[index]) }
            index = next
        }
        return (single, repeated)
    }
}
