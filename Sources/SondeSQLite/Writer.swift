// SPDX-License-Identifier: Apache-2.0
// The one writer: takes what waits, encodes one block, commits, answers its senders. All changes to the file go through
// it, on its own thread, in one order.

import Dispatch
import GRDBSQLite
import SondeModel
import SondeStorage

actor Writer {
    private let executor = QueueExecutor(label: "sonde.store.writer")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let configuration: SQLiteStoreConfiguration
    var observer: any StoreObserver { configuration.observer }
    private let waiting: CommitQueue
    private var connection: Connection?
    var names = NameTables()
    /// The names in what was committed since upkeep began to look for unused ones; nil while it does not.
    var watchedNames: UsedNames?
    private(set) var spans = SpanSession()
    private var logs = LogSession()
    private var spanWriter = SpanBlockWriter(isFresh: true)
    private var logWriter = LogBlockWriter(isFresh: true)
    /// The next place in the order of arrival, and the next log record's number.
    private var nextSequence: Int64 = 1
    private var nextLog: Int64 = 1
    private let files: StoreFiles
    private let checkpointer: Checkpointer
    /// When something was last committed for a sender.
    private(set) var lastCommit = ContinuousClock.now
    /// Spans and log records committed for senders since the store was opened.
    private(set) var committedRecords = 0
    /// Senders that seem to be at work: those of the last group, and those who waited when it was committed.
    private var busySenders = 0
    /// Whether the last commit found no room; upkeep prunes until there is some.
    private(set) var isOutOfRoom = false
    /// Whether that was our own caution: an empty log may then be room enough.
    private var wasCautious = false

    init(
        configuration: SQLiteStoreConfiguration, files: StoreFiles, waiting: CommitQueue, checkpointer: Checkpointer
    ) {
        self.configuration = configuration
        self.files = files
        self.waiting = waiting
        self.checkpointer = checkpointer
    }

    /// Opens the connection and reads the dictionaries; returns what is wrong with them.
    func open() throws(SQLiteError) -> [String] {
        let connection = try Connection(path: files.database, mode: .readWrite)
        try connection.execute("PRAGMA synchronous = \(configuration.durability == .full ? "FULL" : "NORMAL")")
        try connection.execute("PRAGMA journal_size_limit = \(Limits.journalSizeLimit)")
        try connection.execute("PRAGMA secure_delete = OFF")
        let cacheBytes = Int(Double(configuration.memoryBudget) * Limits.pageCacheShare / 2)
        try connection.execute("PRAGMA cache_size = -\(cacheBytes / 1024)")
        if let maxPages = configuration.maxPages { try connection.execute("PRAGMA max_page_count = \(maxPages)") }
        let damages = try names.load(connection)
        nextSequence = try connection.integer("SELECT max(seq) FROM block") + 1
        nextLog = try connection.integer("SELECT max(seq + n) FROM log_block")
        self.connection = connection
        return damages
    }

    func close() { connection = nil }

    /// Writes what still waits; called once the queue is closed.
    func finish() { while commitNext() {} }

    // Ingest.

    /// Begins to empty the queue; called when it was empty before. After each commit it goes to the back of the line, so
    /// that merges and retention get their turn however steadily batches arrive.
    nonisolated func wake() {
        executor.queue.async {
            self.assumeIsolated { writer in
                if writer.commitNext() { writer.wake() }
            }
        }
    }

    /// Commits what waits; false if nothing did.
    private func commitNext() -> Bool {
        waiting.waitForBatches(busySenders, patience: Limits.commitPatience)
        let group = waiting.take()
        busySenders = 0
        guard !group.isEmpty else { return false }
        commit(group)
        let left = waiting.count
        // One sender alone is never waited for.
        if group.count + left > 1 { busySenders = group.count + left }
        noteLog()
        return true
    }

    private func commit(_ group: [WaitingBatch]) {
        let began = ContinuousClock.now
        configuration.observer.began(.commit)
        defer { configuration.observer.ended(.commit) }
        spans.removeAll()
        logs.removeAll()
        var results: [Result<Void, SinkError>] = []
        for batch in group { results.append(add(batch)) }
        var bytes = 0
        do {
            if spans.count + logs.count > 0 { bytes = try store() }
        } catch {
            names.rollBack()
            if let error = error as? SQLiteError, error.isDiskFull || error.isOutOfSpace { isOutOfRoom = true }
            let failure = Self.sinkError(error)
            for index in results.indices { if case .success = results[index] { results[index] = .failure(failure) } }
        }
        report(group, results, bytes: bytes, duration: began.duration(to: .now))
        for (batch, result) in zip(group, results) { batch.sender.resume(returning: result) }
        // A commit that failed is no sign of life: upkeep comes sooner to make room.
        guard bytes > 0 else { return }
        lastCommit = .now
        committedRecords += spans.count + logs.count
    }

    private func add(_ batch: WaitingBatch) -> Result<Void, SinkError> {
        do throws(MalformedProtobuf) {
            switch batch.content {
            case .spans(let batch): try spans.add(batch, names: &names)
            case .logs(let batch): try logs.add(batch, names: &names)
            }
            return .success(())
        } catch { return .failure(.rejected(reason: "cannot read a batch: \(error.reason)")) }
    }

    private func report(
        _ group: [WaitingBatch], _ results: [Result<Void, SinkError>], bytes: Int, duration: Duration
    ) {
        let observer = configuration.observer
        for (batch, result) in zip(group, results) {
            guard case .failure(let error) = result else { continue }
            let word =
                switch error {
                case .busy: "disk_full"
                case .rejected: "malformed"
                case .failed: "failed"
                }
            observer.refused(records: batch.count, reason: word)
        }
        if bytes > 0 {
            observer.committed(
                spans: spans.count, logs: logs.count, bytes: bytes, batches: group.count, duration: duration)
        }
        let depth = waiting.depth
        observer.queued(records: depth.records, bytes: depth.bytes)
    }

    /// The reason alone: who is told begins the sentence with what could not be done.
    private static func sinkError(_ error: any Error) -> SinkError {
        guard let error = error as? SQLiteError else { return .failed(reason: "\(error)") }
        if error.isDiskFull || error.isOutOfSpace {
            return .busy(reason: "the disk is full (\(error.message))", retryAfter: Limits.diskFullRetry)
        }
        if error.isBusy { return .busy(reason: "the file is in use", retryAfter: Limits.busyRetry) }
        return .failed(reason: error.message)
    }

    /// Encodes the sessions and commits them; returns the bytes of their blocks.
    private func store() throws -> Int {
        var spanBlocks: [EncodedSpanBlock] = []
        if spans.count > 0 {
            for plan in spans.plan(blockRecords: Limits.blockRecords) { spanBlocks.append(encode(plan)) }
        }
        var logBlocks: [EncodedLogBlock] = []
        if logs.count > 0 {
            for range in LogSession.cut(logs.count) {
                logBlocks.append(logWriter.encode(range, of: logs, withFilter: false))
            }
        }
        noteNames(spanBlocks, logBlocks)
        let bytes = spanBlocks.reduce(0) { $0 + $1.bytes } + logBlocks.reduce(0) { $0 + $1.bytes }
        try checkRoom(for: bytes)
        let received = configuration.now().nanoseconds
        var nextSequence = nextSequence
        var nextLog = nextLog
        try transaction { connection throws in
            try storeNames(connection)
            for block in spanBlocks {
                try connection.insert(block, sequence: nextSequence, level: 0, received: received)
                nextSequence += 1
            }
            for block in logBlocks {
                try connection.insert(block, sequence: nextLog, level: 0, received: received)
                nextLog += Int64(block.count)
            }
        }
        names.markStored()
        self.nextSequence = nextSequence
        self.nextLog = nextLog
        isOutOfRoom = false
        return bytes
    }

    // Room on the disk.

    /// Throws "full" before the disk is: what lies in the log must still find its place in the file, and pruning needs a
    /// few pages to write in. A disk that is full to the last byte could not be emptied.
    private func checkRoom(for bytes: Int) throws(SQLiteError) {
        guard let free = freeBytes else { return }
        wasCautious = free < bytesInLog + 2 * bytes + Limits.roomSpare
        guard wasCautious else { return }
        throw Self.noRoom(free)
    }

    /// The same for retention, which needs less: what it writes finds its place in what it frees, once it is through the
    /// log. Deleting alone lives on what is spared for it.
    private func checkRetentionRoom(for bytes: Int) throws(SQLiteError) {
        guard bytes > 0, let free = freeBytes, free < bytesInLog + bytes + Limits.roomSpare / 2 else { return }
        throw Self.noRoom(free)
    }

    private static func noRoom(_ free: Int) -> SQLiteError {
        SQLiteError(code: SQLITE_FULL, message: "\(free >> 10) KiB are left on it")
    }

    private var freeBytes: Int? { configuration.freeBytes(files.database) }

    /// Bytes that the log may still bring into the file.
    private var bytesInLog: Int { min(logPages * Limits.pageSize, StoreFiles.size(files.log) ?? 0) }

    /// Whether there is room without pruning, now that the log is empty; then the writer is told so.
    func hasRoomAgain() throws -> Bool {
        guard wasCautious, let free = freeBytes else { return false }
        guard free > Limits.roomLeast + 2 * Limits.roomSpare else { return false }
        isOutOfRoom = false
        return true
    }

    /// Upkeep has made room; the next commit finds out whether it is enough.
    func tryAgain() { isOutOfRoom = false }

    private func encode(_ plan: SpanBlockPlan) -> EncodedSpanBlock {
        let services = names.operationServices
        return spanWriter.encode(plan, of: spans, withFilter: false) { services[$0 - 1] }
    }

    /// Runs `body` in a write transaction that raises the generation.
    func transaction<R>(_ body: (Connection) throws -> R) throws -> R {
        guard let connection else { throw SQLiteError(code: SQLITE_MISUSE, message: "the store is closed") }
        try connection.prepare("BEGIN IMMEDIATE").run()
        do {
            let result = try body(connection)
            try connection.prepare(Schema.raiseGeneration).run()
            try connection.prepare("COMMIT").run()
            return result
        } catch {
            // After some errors SQLite has rolled back by itself; asking again is refused and harmless.
            try? connection.execute("ROLLBACK")
            throw error
        }
    }

    // Upkeep.

    /// Lets blocks go and others take their place; nil if one of them is gone already, else the time it took.
    func exchange(_ exchange: BlockExchange) throws -> Duration? {
        if exchange.isRetention {
            try checkRetentionRoom(for: exchange.bytes)
        } else {
            try checkRoom(for: exchange.bytes)
        }
        defer { noteLog() }
        let phase = exchange.bytes == 0 ? StorePhase.prune : .exchange
        configuration.observer.began(phase)
        defer { configuration.observer.ended(phase) }
        let began = ContinuousClock.now
        let isDone = try transaction { connection in
            guard try connection.count(exchange.goneSpans, in: "block") == exchange.goneSpans.count,
                try connection.count(exchange.goneLogs, in: "log_block") == exchange.goneLogs.count
            else { return false }
            for block in exchange.goneSpans { try connection.deleteBlock(block) }
            for block in exchange.goneLogs { try connection.deleteLogBlock(block) }
            var ids: [Int64] = []
            for new in exchange.spans {
                let id = try connection.insert(
                    new.block, sequence: new.sequence, level: new.level, received: new.received)
                if new.isPinned { try connection.markPinned(id) }
                ids.append(id)
            }
            // Ids follow one another; should they ever not, the blocks do without the filter.
            if let (blocks, filter) = exchange.pairs, let first = ids.first,
                ids[blocks - 1] == first + Int64(blocks) - 1
            {
                try connection.insert(.pairs, first, filter)
            }
            for new in exchange.logs {
                try connection.insert(new.block, sequence: new.sequence, level: new.level, received: new.received)
            }
            return true
        }
        return isDone ? began.duration(to: .now) : nil
    }

    // Pins.

    /// Notes a pin, or its new note.
    func pin(_ pin: TracePin) throws {
        try transaction { connection in try connection.insert(pin) }
    }

    /// Takes a pin out; false if there was none.
    func unpin(_ id: TraceID) throws -> Bool {
        try transaction { connection in try connection.deletePin(id) }
    }

    /// Pages of the file: all, and the free ones among them.
    func pages() throws -> (all: Int, free: Int, size: Int) {
        guard let connection else { return (0, 0, 0) }
        return (
            Int(try connection.integer("PRAGMA page_count")), Int(try connection.integer("PRAGMA freelist_count")),
            Int(try connection.integer("PRAGMA page_size"))
        )
    }

    /// Gives some free pages back to the file system; returns how many, and the time it took.
    func vacuum(pages: Int) throws -> (pages: Int, duration: Duration) {
        guard let connection else { return (0, .zero) }
        defer { noteLog() }
        configuration.observer.began(.vacuum)
        defer { configuration.observer.ended(.vacuum) }
        let began = ContinuousClock.now
        let free = try connection.integer("PRAGMA freelist_count")
        try connection.execute("PRAGMA incremental_vacuum(\(pages))")
        let given = Int(free - (try connection.integer("PRAGMA freelist_count")))
        return (given, began.duration(to: .now))
    }

    /// Has the log copied where it has grown; called after every change, when nothing is measured any more.
    func noteLog() { checkpointer.noteLog(pages: logPages) }

    /// Pages in the write-ahead log as of the last commit.
    private var logPages: Int {
        guard let connection else { return 0 }
        return connection.logPages
    }
}
