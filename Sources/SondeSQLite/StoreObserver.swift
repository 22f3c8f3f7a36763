// SPDX-License-Identifier: Apache-2.0
// What the store reports about its own work, for metrics. Called from the store's threads: return quickly.

package protocol StoreObserver: Sendable {
    /// A transaction was committed: what it held, how many senders waited for it and how long encoding and commit took.
    func committed(spans: Int, logs: Int, bytes: Int, batches: Int, duration: Duration)
    /// A batch was not taken; `reason` is one of a few constant words: `queue_full`, `disk_full`, `malformed`,
    /// `failed`, `closing`.
    func refused(records: Int, reason: String)
    /// Records that wait for the writer now.
    func queued(records: Int, bytes: Int)
    /// Blocks were merged.
    func merged(blocks: Int, into: Int, records: Int, duplicates: Int, duration: Duration)
    /// Retention has let go of blocks.
    func pruned(blocks: Int, spans: Int, logs: Int)
    /// The write-ahead log was copied into the file.
    func checkpointed(pages: Int, duration: Duration)
    /// Upkeep failed and will be tried again.
    func upkeepFailed(_ reason: String)
}

extension StoreObserver {
    package func committed(spans: Int, logs: Int, bytes: Int, batches: Int, duration: Duration) {}
    package func refused(records: Int, reason: String) {}
    package func queued(records: Int, bytes: Int) {}
    package func merged(blocks: Int, into: Int, records: Int, duplicates: Int, duration: Duration) {}
    package func pruned(blocks: Int, spans: Int, logs: Int) {}
    package func checkpointed(pages: Int, duration: Duration) {}
    package func upkeepFailed(_ reason: String) {}
}

/// Listens to nothing.
struct NoObserver: StoreObserver {}
