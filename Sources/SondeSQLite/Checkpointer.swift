// SPDX-License-Identifier: Apache-2.0
// Copies the write-ahead log into the file, on a connection and a thread of its own, so that commits need not wait.

import Dispatch
import GRDBSQLite
import Synchronization

actor Checkpointer {
    private let executor = QueueExecutor(label: "sonde.store.checkpoint")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let observer: any StoreObserver
    private var connection: Connection?

    init(observer: any StoreObserver) { self.observer = observer }

    func open(path: String, durability: Durability) throws(SQLiteError) {
        let connection = try Connection(path: path, mode: .readWrite)
        try connection.execute("PRAGMA synchronous = \(durability == .full ? "FULL" : "NORMAL")")
        // A checkpoint that must wait for readers holds up the writer: better to leave it to the next.
        try connection.execute("PRAGMA busy_timeout = \(Limits.checkpointWaitMilliseconds)")
        try connection.execute("PRAGMA journal_size_limit = \(Limits.journalSizeLimit)")
        self.connection = connection
    }

    func close() { connection = nil }

    /// What has been done about the log since it was last begun anew.
    private struct Progress {
        /// Pages of log at the last step.
        var pages = 0
        var isRunning = false
        /// Whether all but the last commits has been copied beside the writer.
        var isAlmostDone = false
    }

    private enum Step {
        case beside, atOnce
    }

    private nonisolated let progress = Mutex(Progress())

    /// Called by the writer after each change, on its thread. When the log has grown, most of it is copied beside the
    /// writer; then the writer waits for the short rest, since only a log that is copied whole is begun anew. While a
    /// reader needs an older state that cannot be; it is tried again as the log grows.
    nonisolated func noteLog(pages: Int) {
        switch progress.withLock({ Self.step(&$0, pages: pages) }) {
        case .beside:
            executor.queue.async {
                _ = self.assumeIsolated { $0.checkpoint(SQLITE_CHECKPOINT_PASSIVE) }
                self.progress.withLock {
                    $0.isRunning = false
                    $0.isAlmostDone = true
                }
            }
        case .atOnce:
            let isWhole = executor.queue.sync { self.assumeIsolated { $0.checkpoint(SQLITE_CHECKPOINT_PASSIVE) } }
            progress.withLock { $0.isAlmostDone = !isWhole }
        case nil: return
        }
    }

    private static func step(_ progress: inout Progress, pages: Int) -> Step? {
        if pages < progress.pages { progress = Progress(isRunning: progress.isRunning) }
        let grown = (pages - progress.pages) * Limits.pageSize
        if progress.isAlmostDone && grown > Limits.checkpointBytesAgain || grown > Limits.checkpointBytesAtMost {
            progress.pages = pages
            return .atOnce
        }
        guard grown > Limits.checkpointBytes, !progress.isRunning, !progress.isAlmostDone else { return nil }
        progress.isRunning = true
        return .beside
    }

    /// Empties the log and cuts its file to nothing, unless a reader needs it.
    func truncate() { _ = checkpoint(SQLITE_CHECKPOINT_TRUNCATE) }

    /// Whether all of the log is in the file now.
    private func checkpoint(_ mode: Int32) -> Bool {
        guard let connection else { return false }
        observer.began(.checkpoint)
        defer { observer.ended(.checkpoint) }
        let began = ContinuousClock.now
        var logged: Int32 = 0
        var copied: Int32 = 0
        let code = sqlite3_wal_checkpoint_v2(connection.handle, "main", mode, &logged, &copied)
        switch code & 0xFF {
        case SQLITE_OK:
            observer.checkpointed(pages: Int(copied), duration: began.duration(to: .now))
            return copied == logged
        // A reader or the writer is in the way: the next one does it.
        case SQLITE_BUSY, SQLITE_LOCKED: break
        default: observer.upkeepFailed("cannot checkpoint: \(connection.error(code).message)")
        }
        return false
    }
}
