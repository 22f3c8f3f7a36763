// SPDX-License-Identifier: Apache-2.0
// What the store does, as metrics: it reports to an observer, since it knows no registry.

import CoreMetrics
import Sonde
import SondeSQLite
import Synchronization

/// Names and meanings; docs/operating.md and the dashboards speak of these names.
enum StoreMetricName {
    static let transactionDuration = "sonde_store_transaction_duration_seconds"
    static let batches = "sonde_store_committed_batches_total"
    static let writtenBytes = "sonde_store_written_bytes_total"
    static let refused = "sonde_store_refused_records_total"
    static let queuedRecords = "sonde_store_queued_records"
    static let queuedBytes = "sonde_store_queued_bytes"
    static let mergeDuration = "sonde_store_merge_duration_seconds"
    static let mergedBlocks = "sonde_store_merged_blocks_total"
    static let duplicates = "sonde_store_duplicates_dropped_total"
    static let prunedBlocks = "sonde_store_pruned_blocks_total"
    static let prunedRecords = "sonde_store_pruned_records_total"
    static let pruneDuration = "sonde_store_prune_duration_seconds"
    static let mergedRecords = "sonde_store_merged_records_total"
    static let mergedBytes = "sonde_store_merged_bytes_total"
    static let groupSize = "sonde_store_transaction_batches"
    static let vacuumedPages = "sonde_store_vacuumed_pages_total"
    static let vacuumDuration = "sonde_store_vacuum_duration_seconds"
    static let fileBytes = "sonde_store_file_bytes"
    static let logBytes = "sonde_store_log_bytes"
    static let cacheHits = "sonde_store_cache_hits_total"
    static let cacheMisses = "sonde_store_cache_misses_total"
    static let cacheBytes = "sonde_store_cache_bytes"
    static let checkpointDuration = "sonde_store_checkpoint_duration_seconds"
    static let upkeepFailures = "sonde_store_upkeep_failures_total"

    static let help: [String: String] = [
        transactionDuration: "Encoding and committing one transaction of the store.",
        batches: "Batches committed; over the count of transactions this is how many senders share one.",
        writtenBytes: "Bytes of blocks written by commits, before merges.",
        refused: "Records the store did not take, by reason; their senders were told.",
        queuedRecords: "Records waiting for the writer.",
        queuedBytes: "Bytes of batches waiting for the writer.",
        mergeDuration: "Merging fresh blocks into larger ones.",
        mergedBlocks: "Blocks that merges have replaced.",
        duplicates: "Resent records that merges have dropped.",
        mergedRecords: "Records that merges have written.",
        mergedBytes: "Bytes of blocks that merges have written.",
        groupSize: "Batches that shared a transaction.",
        prunedBlocks: "Blocks that retention has deleted or cut anew, by reason.",
        prunedRecords: "Records that retention has deleted, by signal and reason.",
        pruneDuration: "The writer's time for one slice of retention.",
        vacuumedPages: "Free pages given back to the file system.",
        vacuumDuration: "The writer's time for one slice of giving pages back.",
        fileBytes: "Size of the database file.",
        logBytes: "Size of the write-ahead log beside it.",
        cacheHits: "Parts of blocks that readers found decoded.",
        cacheMisses: "Parts of blocks that readers had to read and decode.",
        cacheBytes: "Memory that decoded parts of blocks take.",
        checkpointDuration: "Copying the write-ahead log into the file.",
        upkeepFailures: "Merges, prunings and checkpoints that failed and will be tried again.",
    ]
}

final class StoreMetrics: StoreObserver {
    private let registry: MetricsRegistry
    private let transactions: Timer
    private let batches: Counter
    private let writtenBytes: Counter
    private let queuedRecords: Gauge
    private let queuedBytes: Gauge
    private let merges: Timer
    private let mergedBlocks: Counter
    private let duplicates: Counter
    private let mergedRecords: Counter
    private let mergedBytes: Counter
    private let groupSize: Recorder
    private let prunes: Timer
    private let vacuumedPages: Counter
    private let vacuums: Timer
    private let pruned: [PruneReason: Pruned]
    private let fileBytes: Gauge
    private let logBytes: Gauge
    private let cacheBytes: Gauge
    private let cacheHits: Counter
    private let cacheMisses: Counter
    /// The sums told last: counters take what came since.
    private let known = Mutex(StoreGauges())
    private let checkpoints: Timer
    private let upkeepFailures: Counter

    /// Seconds: a commit takes one to ten milliseconds on a good disk, a merge ten to a hundred.
    private static let buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

    /// What retention has let go of for one reason.
    private struct Pruned {
        let blocks: Counter
        let spans: Counter
        let logs: Counter

        init(_ reason: PruneReason, _ registry: MetricsRegistry) {
            typealias Name = StoreMetricName
            let reason = ("reason", reason.rawValue)
            blocks = Counter(label: Name.prunedBlocks, dimensions: [reason], factory: registry)
            spans = Counter(label: Name.prunedRecords, dimensions: [("signal", "spans"), reason], factory: registry)
            logs = Counter(label: Name.prunedRecords, dimensions: [("signal", "logs"), reason], factory: registry)
        }
    }

    init(_ registry: MetricsRegistry) {
        typealias Name = StoreMetricName
        for (name, help) in Name.help { registry.describe(name, help: help) }
        for name in [
            Name.transactionDuration, Name.mergeDuration, Name.checkpointDuration, Name.pruneDuration,
            Name.vacuumDuration,
        ] {
            registry.setBuckets(Self.buckets, for: name)
        }
        registry.setBuckets([1, 2, 4, 8, 16, 32, 64, 128], for: Name.groupSize)
        self.registry = registry
        transactions = Timer(label: Name.transactionDuration, factory: registry)
        batches = Counter(label: Name.batches, factory: registry)
        writtenBytes = Counter(label: Name.writtenBytes, factory: registry)
        queuedRecords = Gauge(label: Name.queuedRecords, factory: registry)
        queuedBytes = Gauge(label: Name.queuedBytes, factory: registry)
        merges = Timer(label: Name.mergeDuration, factory: registry)
        mergedBlocks = Counter(label: Name.mergedBlocks, factory: registry)
        duplicates = Counter(label: Name.duplicates, factory: registry)
        mergedRecords = Counter(label: Name.mergedRecords, factory: registry)
        mergedBytes = Counter(label: Name.mergedBytes, factory: registry)
        groupSize = Recorder(label: Name.groupSize, dimensions: [], aggregate: true, factory: registry)
        prunes = Timer(label: Name.pruneDuration, factory: registry)
        vacuumedPages = Counter(label: Name.vacuumedPages, factory: registry)
        vacuums = Timer(label: Name.vacuumDuration, factory: registry)
        let pruned = PruneReason.allCases.map { ($0, Pruned($0, registry)) }
        self.pruned = Dictionary(uniqueKeysWithValues: pruned)
        fileBytes = Gauge(label: Name.fileBytes, factory: registry)
        logBytes = Gauge(label: Name.logBytes, factory: registry)
        cacheBytes = Gauge(label: Name.cacheBytes, factory: registry)
        cacheHits = Counter(label: Name.cacheHits, factory: registry)
        cacheMisses = Counter(label: Name.cacheMisses, factory: registry)
        checkpoints = Timer(label: Name.checkpointDuration, factory: registry)
        upkeepFailures = Counter(label: Name.upkeepFailures, factory: registry)
        // A rate over a counter that does not exist yet misses its first step.
        for counter in [
            batches, writtenBytes, mergedBlocks, mergedRecords, mergedBytes, duplicates, vacuumedPages, upkeepFailures,
            cacheHits, cacheMisses,
        ] + pruned.flatMap({ [$0.1.blocks, $0.1.spans, $0.1.logs] }) {
            counter.increment(by: 0)
        }
        for reason in ["queue_full", "disk_full"] { refusals(reason).increment(by: 0) }
    }

    func committed(spans: Int, logs: Int, bytes: Int, batches: Int, duration: Duration) {
        transactions.recordNanoseconds(duration.wholeNanoseconds)
        self.batches.increment(by: batches)
        groupSize.record(batches)
        writtenBytes.increment(by: bytes)
    }

    func refused(records: Int, reason: String) { refusals(reason).increment(by: records) }

    func queued(records: Int, bytes: Int) {
        queuedRecords.record(records)
        queuedBytes.record(bytes)
    }

    func merged(blocks: Int, into: Int, records: Int, bytes: Int, duplicates: Int, duration: Duration) {
        merges.recordNanoseconds(duration.wholeNanoseconds)
        mergedBlocks.increment(by: blocks)
        self.duplicates.increment(by: duplicates)
        mergedRecords.increment(by: records)
        mergedBytes.increment(by: bytes)
    }

    func pruned(blocks: Int, spans: Int, logs: Int, reason: PruneReason, duration: Duration) {
        prunes.recordNanoseconds(duration.wholeNanoseconds)
        pruned[reason]?.blocks.increment(by: blocks)
        pruned[reason]?.spans.increment(by: spans)
        pruned[reason]?.logs.increment(by: logs)
    }

    func vacuumed(pages: Int, duration: Duration) {
        vacuums.recordNanoseconds(duration.wholeNanoseconds)
        vacuumedPages.increment(by: pages)
    }

    func checkpointed(pages: Int, duration: Duration) { checkpoints.recordNanoseconds(duration.wholeNanoseconds) }

    func measured(_ gauges: StoreGauges) {
        fileBytes.record(gauges.fileBytes)
        logBytes.record(gauges.logBytes)
        cacheBytes.record(gauges.cacheBytes)
        let before = known.withLock { known in
            defer { known = gauges }
            return known
        }
        cacheHits.increment(by: max(0, gauges.cacheHits - before.cacheHits))
        cacheMisses.increment(by: max(0, gauges.cacheMisses - before.cacheMisses))
    }

    func upkeepFailed(_ reason: String) { upkeepFailures.increment() }

    private func refusals(_ reason: String) -> Counter {
        Counter(label: StoreMetricName.refused, dimensions: [("reason", reason)], factory: registry)
    }
}

extension Duration {
    fileprivate var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
