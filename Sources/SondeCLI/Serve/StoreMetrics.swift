// SPDX-License-Identifier: Apache-2.0
// What the store does, as metrics: it reports to an observer, since it knows no registry.

import CoreMetrics
import Sonde
import SondeSQLite

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
        prunedBlocks: "Blocks that retention has deleted.",
        prunedRecords: "Records that retention has deleted, by signal.",
        checkpointDuration: "Copying the write-ahead log into the file.",
        upkeepFailures: "Merges, prunings and checkpoints that failed and will be tried again.",
    ]
}

struct StoreMetrics: StoreObserver {
    private let registry: MetricsRegistry
    private let transactions: Timer
    private let batches: Counter
    private let writtenBytes: Counter
    private let queuedRecords: Gauge
    private let queuedBytes: Gauge
    private let merges: Timer
    private let mergedBlocks: Counter
    private let duplicates: Counter
    private let prunedBlocks: Counter
    private let prunedSpans: Counter
    private let prunedLogs: Counter
    private let checkpoints: Timer
    private let upkeepFailures: Counter

    /// Seconds: a commit takes one to ten milliseconds on a good disk, a merge ten to a hundred.
    private static let buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]

    init(_ registry: MetricsRegistry) {
        typealias Name = StoreMetricName
        for (name, help) in Name.help { registry.describe(name, help: help) }
        for name in [Name.transactionDuration, Name.mergeDuration, Name.checkpointDuration] {
            registry.setBuckets(Self.buckets, for: name)
        }
        self.registry = registry
        transactions = Timer(label: Name.transactionDuration, factory: registry)
        batches = Counter(label: Name.batches, factory: registry)
        writtenBytes = Counter(label: Name.writtenBytes, factory: registry)
        queuedRecords = Gauge(label: Name.queuedRecords, factory: registry)
        queuedBytes = Gauge(label: Name.queuedBytes, factory: registry)
        merges = Timer(label: Name.mergeDuration, factory: registry)
        mergedBlocks = Counter(label: Name.mergedBlocks, factory: registry)
        duplicates = Counter(label: Name.duplicates, factory: registry)
        prunedBlocks = Counter(label: Name.prunedBlocks, factory: registry)
        prunedSpans = Counter(label: Name.prunedRecords, dimensions: [("signal", "traces")], factory: registry)
        prunedLogs = Counter(label: Name.prunedRecords, dimensions: [("signal", "logs")], factory: registry)
        checkpoints = Timer(label: Name.checkpointDuration, factory: registry)
        upkeepFailures = Counter(label: Name.upkeepFailures, factory: registry)
        // A rate over a counter that does not exist yet misses its first step.
        for counter in [
            batches, writtenBytes, mergedBlocks, duplicates, prunedBlocks, prunedSpans, prunedLogs, upkeepFailures,
        ] {
            counter.increment(by: 0)
        }
        for reason in ["queue_full", "disk_full"] { refusals(reason).increment(by: 0) }
    }

    func committed(spans: Int, logs: Int, bytes: Int, batches: Int, duration: Duration) {
        transactions.recordNanoseconds(duration.wholeNanoseconds)
        self.batches.increment(by: batches)
        writtenBytes.increment(by: bytes)
    }

    func refused(records: Int, reason: String) { refusals(reason).increment(by: records) }

    func queued(records: Int, bytes: Int) {
        queuedRecords.record(records)
        queuedBytes.record(bytes)
    }

    func merged(blocks: Int, into: Int, records: Int, duplicates: Int, duration: Duration) {
        merges.recordNanoseconds(duration.wholeNanoseconds)
        mergedBlocks.increment(by: blocks)
        self.duplicates.increment(by: duplicates)
    }

    func pruned(blocks: Int, spans: Int, logs: Int) {
        prunedBlocks.increment(by: blocks)
        prunedSpans.increment(by: spans)
        prunedLogs.increment(by: logs)
    }

    func checkpointed(pages: Int, duration: Duration) { checkpoints.recordNanoseconds(duration.wholeNanoseconds) }

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
