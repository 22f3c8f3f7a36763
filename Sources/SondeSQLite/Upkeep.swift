// SPDX-License-Identifier: Apache-2.0
// What keeps the file small and quick: merging, retention, checkpoints, giving pages back. It may lag: it is an
// optimisation, never a matter of correctness. Here is when what is done; the rest lies in Upkeep+Merging.swift and
// Upkeep+Retention.swift.

import Dispatch
import Logging
import SondeModel
import SondeStorage

actor Upkeep {
    private let executor = QueueExecutor(label: "sonde.store.upkeep", qos: .utility)
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    let configuration: SQLiteStoreConfiguration
    let files: StoreFiles
    let writer: Writer
    let checkpointer: Checkpointer
    let logger: Logger
    /// That of the readers.
    private let readCache: BlockCache
    private let shared: SharedReadState
    private var connection: Connection?
    var merger = BlockMerger()
    /// Blocks that could not be read: they stay as they are, for readers to tell.
    var damagedBlocks: Set<Int64> = []
    var damagedLogBlocks: Set<Int64> = []
    /// Merges in a row for which the file could not be read, though it may be the next time.
    var failedMerges = (spans: 0, logs: 0)
    private var isBusy = false
    private var turns: [CheckedContinuation<Void, Never>] = []
    var lastMerge = ContinuousClock.now
    /// Whether copies were left that a further round of merges finds.
    var hasUnfinishedMerge = false
    /// Records committed when load was last looked at, and whether much arrived since the time before.
    private var lastLook = (records: 0, at: ContinuousClock.now)
    private(set) var isLoadHigh = false
    /// Whether retention may have let go of something since names were last collected, and when that was. Before a start
    /// nobody has counted.
    var hasPruned = true
    var lastCollection = ContinuousClock.now
    private var settledCommit: ContinuousClock.Instant?
    /// Pages that one slice of vacuum gives back, so that it takes the writer no longer than it should.
    var vacuumPages = Limits.vacuumPages
    /// Pinned blocks that were found to hold pinned traces only, and the generation of pins for which that holds.
    var sparedBlocks: (generation: Int64, blocks: Set<Int64>) = (-1, [])
    var hasWarnedOfPins = false

    init(
        configuration: SQLiteStoreConfiguration, files: StoreFiles, writer: Writer, checkpointer: Checkpointer,
        readCache: BlockCache, logger: Logger
    ) {
        self.readCache = readCache
        self.configuration = configuration
        self.files = files
        self.writer = writer
        self.checkpointer = checkpointer
        self.logger = logger
        merger.rivalRecords = configuration.rivalRecords
        merger.sessionBytes = configuration.sessionBytes
        // Merging reads every part once: a cache would only push out what readers need.
        shared = SharedReadState(files: files, cacheBytes: 1 << 20)
    }

    func open() throws(SQLiteError) {
        let connection = try Connection(path: files.database, mode: .readOnly)
        try connection.execute("PRAGMA query_only = ON")
        try connection.execute("PRAGMA cache_size = -1024")
        self.connection = connection
    }

    func close() async { await exclusively { connection = nil } }

    /// Waits for its turn: an actor alone would let a merge begin while another waits for the writer.
    private func exclusively(_ work: () async -> Void) async {
        while isBusy { await withCheckedContinuation { turns.append($0) } }
        isBusy = true
        await work()
        isBusy = false
        if !turns.isEmpty { turns.removeFirst().resume() }
    }

    /// Does what is due.
    func tick() async {
        await exclusively { await doWhatIsDue() }
        var gauges = StoreGauges()
        gauges.fileBytes = StoreFiles.size(files.database) ?? 0
        gauges.logBytes = StoreFiles.size(files.log) ?? 0
        (gauges.cacheHits, gauges.cacheMisses, gauges.cacheBytes) = readCache.use
        configuration.observer.measured(gauges)
    }

    private func doWhatIsDue() async {
        let last = await writer.lastCommit
        await lookAtLoad()
        let idle = last.duration(to: .now)
        guard idle < Limits.idleTime else {
            if settledCommit != last {
                await doSettle()
                // What a round has left waits for the next look: retention gets its turn in between.
                if !hasUnfinishedMerge { settledCommit = last }
            } else {
                await attempt { try await self.retain() }
                await attempt { try await self.collectNames() }
            }
            return
        }
        await attempt { try await self.retain() }
        await attempt { try await self.collectNames() }
        await attempt { try await self.mergeIfDue() }
    }

    /// Finds out whether records arrive faster than merges can follow without taking the processor from senders.
    private func lookAtLoad() async {
        let committed = await writer.committedRecords
        let seconds = Double(lastLook.at.duration(to: .now).nanoseconds) / 1e9
        isLoadHigh = Double(committed - lastLook.records) > Limits.highLoadRecords * seconds
        lastLook = (committed, .now)
    }

    func settle() async {
        repeat { await exclusively { await doSettle() } } while hasUnfinishedMerge
        await exclusively { await attempt { try await self.collectNames(atOnce: true) } }
    }

    /// Each step is tried whatever became of the one before: a full disk must not keep retention from making room.
    private func doSettle() async {
        configuration.observer.began(.settle)
        defer { configuration.observer.ended(.settle) }
        await attempt { try await self.retain() }
        await attempt { try await self.mergeAll() }
        await checkpointer.truncate()
        await attempt { try await self.giveBackPages(downTo: 0) }
        await checkpointer.truncate()
    }

    private func attempt(_ work: () async throws -> Void) async {
        do { try await work() } catch {
            let reason = (error as? ReadError)?.reason ?? (error as? SQLiteError)?.message ?? "\(error)"
            configuration.observer.upkeepFailed(reason)
            logger.warning("upkeep of the store failed and will be tried again", metadata: ["reason": "\(reason)"])
        }
    }

    /// Runs `body` in one read transaction.
    func read<T>(_ body: (BlockFile) throws -> T) throws -> T {
        guard let connection else { throw ReadError.unreachable("the store is closed") }
        try connection.execute("BEGIN")
        defer {
            connection.closeBlobs()
            try? connection.execute("COMMIT")
        }
        return try body(BlockFile(connection: connection, cache: shared.cache, catalog: try shared.catalog(connection)))
    }
}
