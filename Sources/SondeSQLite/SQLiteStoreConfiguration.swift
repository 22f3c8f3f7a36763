// SPDX-License-Identifier: Apache-2.0
// How a store is to be opened.

package import SondeModel
package import SondeStorage

/// When an acknowledged batch is safe.
package enum Durability: String, Hashable, Sendable, CaseIterable {
    /// It survives `kill -9` and a power cut: every commit waits for the disk.
    case full
    /// It survives `kill -9`; a power cut may cost the last moments.
    case relaxed
}

package struct SQLiteStoreConfiguration: Sendable {
    /// The data folder; it is made if it is missing.
    package var directory: String
    package var durability = Durability.full
    package var retention = RetentionPolicy()
    /// Bytes that batches in the queue, decoded blocks and page caches may take together.
    package var memoryBudget = 64 << 20
    package var observer: any StoreObserver = NoObserver()
    /// The time of day, by which arrival is noted and retention goes.
    package var now: @Sendable () -> Timestamp
    /// The most pages the file may have; nil leaves SQLite's own bound.
    package var maxPages: Int?
    /// Bytes that the file system would still give to a file there; nil if it does not say.
    var freeBytes: @Sendable (String) -> Int? = { StoreFiles.freeBytes($0) }
    /// Spans of merged blocks that one merge takes apart for copies of what is new.
    var rivalRecords = Limits.rivalRecords
    /// Bytes of attributes at which a merge takes no further block.
    var sessionBytes = Limits.sessionBytes

    package init(directory: String, now: @escaping @Sendable () -> Timestamp = SystemClock.now) {
        self.directory = directory
        self.now = now
    }
}
