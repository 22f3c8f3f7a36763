// SPDX-License-Identifier: Apache-2.0
// What the store reports about its own work, for metrics and for tests that end it in the middle. Called from the
// store's threads: return quickly.

/// What the store is at, between ``StoreObserver/began(_:)`` and ``StoreObserver/ended(_:)``.
package enum StorePhase: String, Hashable, Sendable, CaseIterable {
    /// Encoding what waits and committing it.
    case commit
    /// Merging blocks, from the first read to the end of its transaction.
    case merge
    /// The transaction in which blocks take the place of others: the end of a merge, or of moving pinned spans.
    case exchange
    /// Retention letting go of blocks, one slice.
    case prune
    /// Copying spans of pinned traces, or of services that are kept longer, out of blocks that go.
    case rescue
    /// Freeing names that no block uses any longer, one slice.
    case names
    /// Giving free pages back, one slice.
    case vacuum
    /// Copying the write-ahead log into the file.
    case checkpoint
    /// All that is done when ingest pauses.
    case settle
}

/// Why retention let go of something.
package enum PruneReason: String, Hashable, Sendable, CaseIterable {
    case age
    case size
    /// Older than what its service is kept for.
    case service
    case diskFull = "disk_full"
}

/// Sizes and sums as they stand; the sums count from the start of the process.
package struct StoreGauges: Hashable, Sendable {
    package var fileBytes = 0
    /// Of the write-ahead log.
    package var logBytes = 0
    package var cacheBytes = 0
    /// Decoded parts of blocks that readers found, and that they did not.
    package var cacheHits = 0
    package var cacheMisses = 0

    package init() {}
}

package protocol StoreObserver: Sendable {
    /// A transaction was committed: what it held, how many senders waited for it and how long encoding and commit took.
    func committed(spans: Int, logs: Int, bytes: Int, batches: Int, duration: Duration)
    /// A batch was not taken; `reason` is one of a few constant words: `queue_full`, `disk_full`, `malformed`,
    /// `failed`, `closing`.
    func refused(records: Int, reason: String)
    /// Records that wait for the writer now.
    func queued(records: Int, bytes: Int)
    /// Blocks were merged; `bytes` are those of the blocks that came of it.
    func merged(blocks: Int, into: Int, records: Int, bytes: Int, duplicates: Int, duration: Duration)
    /// Retention has let go of blocks, or of some of their records; `duration` is the writer's time.
    func pruned(blocks: Int, spans: Int, logs: Int, reason: PruneReason, duration: Duration)
    /// Free pages were given back to the file system; `duration` is the writer's time.
    func vacuumed(pages: Int, duration: Duration)
    /// The write-ahead log was copied into the file.
    func checkpointed(pages: Int, duration: Duration)
    /// How large things are, told a few times a second while upkeep runs.
    func measured(_ gauges: StoreGauges)
    /// Upkeep failed and will be tried again.
    func upkeepFailed(_ reason: String)
    /// Something begins, or is over. Phases of different threads overlap; some lie inside others.
    func began(_ phase: StorePhase)
    func ended(_ phase: StorePhase)
}

extension StoreObserver {
    package func committed(spans: Int, logs: Int, bytes: Int, batches: Int, duration: Duration) {}
    package func refused(records: Int, reason: String) {}
    package func queued(records: Int, bytes: Int) {}
    package func merged(blocks: Int, into: Int, records: Int, bytes: Int, duplicates: Int, duration: Duration) {}
    package func pruned(blocks: Int, spans: Int, logs: Int, reason: PruneReason, duration: Duration) {}
    package func vacuumed(pages: Int, duration: Duration) {}
    package func checkpointed(pages: Int, duration: Duration) {}
    package func measured(_ gauges: StoreGauges) {}
    package func upkeepFailed(_ reason: String) {}
    package func began(_ phase: StorePhase) {}
    package func ended(_ phase: StorePhase) {}
}

/// Listens to nothing.
struct NoObserver: StoreObserver {}
