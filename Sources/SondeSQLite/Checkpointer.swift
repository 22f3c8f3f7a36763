// SPDX-License-Identifier: Apache-2.0
// Copies the write-ahead log into the file, on a connection and a thread of its own, so that commits need not wait.

import Dispatch
import GRDBSQLite

actor Checkpointer {
    private let executor = QueueExecutor(label: "sonde.store.checkpoint")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let observer: any StoreObserver
    private let isRunning = Flag()
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

    /// Called by the writer after each commit, on its thread. Starts a checkpoint when the log has grown; where one
    /// beside the writer cannot keep up (the log never ends, so it is never begun anew), the writer waits for a short
    /// one.
    nonisolated func noteLog(pages: Int) {
        let bytes = pages * Limits.pageSize
        guard bytes > Limits.checkpointBytes else { return }
        if bytes > Limits.checkpointBytes * 4 {
            executor.queue.sync { self.assumeIsolated { $0.checkpoint(SQLITE_CHECKPOINT_PASSIVE) } }
        } else if isRunning.raise() {
            executor.queue.async {
                self.assumeIsolated { $0.checkpoint(SQLITE_CHECKPOINT_PASSIVE) }
                self.isRunning.lower()
            }
        }
    }

    /// Empties the log and cuts its file to nothing, unless a reader needs it.
    func truncate() { checkpoint(SQLITE_CHECKPOINT_TRUNCATE) }

    private func checkpoint(_ mode: Int32) {
        guard let connection else { return }
        observer.began(.checkpoint)
        defer { observer.ended(.checkpoint) }
        let began = ContinuousClock.now
        var logged: Int32 = 0
        var copied: Int32 = 0
        let code = sqlite3_wal_checkpoint_v2(connection.handle, "main", mode, &logged, &copied)
        switch code & 0xFF {
        case SQLITE_OK: observer.checkpointed(pages: Int(copied), duration: began.duration(to: .now))
        // A reader or the writer is in the way: the next one does it.
        case SQLITE_BUSY, SQLITE_LOCKED: return
        default: observer.upkeepFailed("cannot checkpoint: \(connection.error(code).message)")
        }
    }
}
