// SPDX-License-Identifier: Apache-2.0
// What keeps the file small and quick: merging, retention, checkpoints, giving pages back. It may lag: it is an
// optimisation, never a matter of correctness.

import Dispatch
import Logging
import SondeModel
import SondeStorage

actor Upkeep {
    private let executor = QueueExecutor(label: "sonde.store.upkeep", qos: .utility)
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let configuration: SQLiteStoreConfiguration
    private let files: StoreFiles
    private let writer: Writer
    private let checkpointer: Checkpointer
    private let logger: Logger
    private let shared: SharedReadState
    private var connection: Connection?
    private var merger = BlockMerger()
    /// Blocks that could not be read: they stay as they are, for readers to tell.
    private var damagedBlocks: Set<Int64> = []
    private var damagedLogBlocks: Set<Int64> = []
    private var isBusy = false
    private var turns: [CheckedContinuation<Void, Never>] = []
    private var lastMerge = ContinuousClock.now
    private var settledCommit: ContinuousClock.Instant?

    init(
        configuration: SQLiteStoreConfiguration, files: StoreFiles, writer: Writer, checkpointer: Checkpointer,
        logger: Logger
    ) {
        self.configuration = configuration
        self.files = files
        self.writer = writer
        self.checkpointer = checkpointer
        self.logger = logger
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
    func tick() async { await exclusively { await doWhatIsDue() } }

    private func doWhatIsDue() async {
        let last = await writer.lastCommit
        let idle = last.duration(to: .now)
        guard idle < Limits.idleTime else {
            if settledCommit != last {
                await doSettle()
                settledCommit = last
            } else {
                await attempt { try await self.retain() }
            }
            return
        }
        await attempt { try await self.retain() }
        await attempt { try await self.mergeIfDue() }
    }

    func settle() async { await exclusively { await doSettle() } }

    /// Each step is tried whatever became of the one before: a full disk must not keep retention from making room.
    private func doSettle() async {
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
    private func read<T>(_ body: (BlockFile) throws -> T) throws -> T {
        guard let connection else { throw ReadError.unreachable("the store is closed") }
        try connection.execute("BEGIN")
        defer {
            connection.closeBlobs()
            try? connection.execute("COMMIT")
        }
        return try body(BlockFile(connection: connection, cache: shared.cache, catalog: try shared.catalog(connection)))
    }
}

// Merging.

extension Upkeep {
    private func mergeIfDue() async throws {
        let catalog = try read { $0.catalog }
        let fresh = catalog.blocks.count { $0.level == 0 }
        let freshLogs = catalog.logBlocks.count { $0.level == 0 }
        let isOld = lastMerge.duration(to: .now) >= Limits.mergeAge
        // While batches wait, the writer's need comes first; but reads grow dearer with every fresh block.
        let due = writer.isBehind ? Limits.mergeBlocksWhenBehind : Limits.mergeBlocks
        guard max(fresh, freshLogs) >= due || isOld else { return }
        try await mergeAll()
    }

    private func mergeAll() async throws {
        while try await mergeSpans() {}
        while try await mergeLogs() {}
        lastMerge = .now
    }

    /// One merge of spans; false if nothing is to be merged.
    private func mergeSpans() async throws -> Bool {
        let began = ContinuousClock.now
        let work = try read { file -> (inputs: [SpanBlockInfo], merged: MergedSpans)? in
            let candidates = file.catalog.blocks.map { block in
                MergeCandidate(
                    level: block.level, count: block.count, bytes: block.bytes,
                    isDamaged: damagedBlocks.contains(block.id))
            }
            guard let choice = MergeChoice.choose(candidates) else { return nil }
            let inputs = Array(file.catalog.blocks[choice])
            do { return (inputs, try merger.merge(inputs, in: file)) } catch {
                // Find the culprits, so that the others are merged next time.
                for block in inputs where (try? merger.merge([block], in: file)) == nil {
                    damagedBlocks.insert(block.id)
                }
                throw error
            }
        }
        guard let work, try await writer.replace(work.inputs, by: work.merged.blocks) else { return false }
        configuration.observer.merged(
            blocks: work.inputs.count, into: work.merged.blocks.count,
            records: work.merged.blocks.reduce(0) { $0 + $1.count }, duplicates: work.merged.duplicates,
            duration: began.duration(to: .now))
        return true
    }

    private func mergeLogs() async throws -> Bool {
        let began = ContinuousClock.now
        let work = try read { file -> (inputs: [LogBlockInfo], blocks: [EncodedLogBlock])? in
            let candidates = file.catalog.logBlocks.map { block in
                MergeCandidate(
                    level: block.level, count: block.count, bytes: block.bytes,
                    isDamaged: damagedLogBlocks.contains(block.id))
            }
            guard let choice = MergeChoice.choose(candidates) else { return nil }
            let inputs = Array(file.catalog.logBlocks[choice])
            do { return (inputs, try merger.merge(inputs, in: file)) } catch {
                for block in inputs where (try? merger.merge([block], in: file)) == nil {
                    damagedLogBlocks.insert(block.id)
                }
                throw error
            }
        }
        guard let work, try await writer.replace(work.inputs, by: work.blocks) else { return false }
        configuration.observer.merged(
            blocks: work.inputs.count, into: work.blocks.count, records: work.blocks.reduce(0) { $0 + $1.count },
            duplicates: 0, duration: began.duration(to: .now))
        return true
    }
}

// Retention.

extension Upkeep {
    /// Prunes by age, then by size, oldest arrival first, a few blocks a transaction.
    private func retain() async throws {
        let policy = configuration.retention
        if let maxAge = policy.maxAge {
            let age = UInt64(max(0, maxAge.nanoseconds))
            let now = configuration.now().nanoseconds
            let oldest = now > age ? now - age : 0
            while try await prune({ $0 < oldest }, bytesToFree: .max) {}
        }
        guard let maxBytes = policy.maxBytes else { return }
        guard files.bytes > maxBytes else { return }
        // The log is emptied before blocks are let go for it; what is left of it is taken off the bound.
        await checkpointer.truncate()
        let bound = max(maxBytes - (StoreFiles.size(files.log) ?? 0), maxBytes / 2)
        let target = Int(Double(bound) * Limits.pruneTarget)
        var used = try await usedBytes()
        while used > target {
            guard try await prune({ _ in true }, bytesToFree: used - target) else { break }
            used = try await usedBytes()
        }
        try await giveBackPages(downTo: bound)
        await checkpointer.truncate()
    }

    private func usedBytes() async throws -> Int {
        let pages = try await writer.pages()
        return (pages.all - pages.free) * pages.size
    }

    /// Prunes up to a few of the oldest blocks that `isOld` says may go; false if there is none.
    private func prune(_ isOld: (UInt64) -> Bool, bytesToFree: Int) async throws -> Bool {
        let catalog = try read { $0.catalog }
        var oldest = catalog.blocks.filter { isOld($0.received) }.map {
            (received: $0.received, bytes: $0.bytes, spans: Optional($0), logs: LogBlockInfo?.none)
        }
        oldest += catalog.logBlocks.filter { isOld($0.received) }.map {
            (received: $0.received, bytes: $0.bytes, spans: nil, logs: $0)
        }
        oldest.sort { $0.received < $1.received }
        var freed = 0
        let chosen = oldest.prefix(Limits.pruneBlocks).prefix { block in
            defer { freed += block.bytes }
            return freed < bytesToFree
        }
        guard !chosen.isEmpty else { return false }
        let blocks = chosen.compactMap(\.spans)
        let logBlocks = chosen.compactMap(\.logs)
        try await writer.prune(blocks: blocks, logBlocks: logBlocks)
        configuration.observer.pruned(
            blocks: chosen.count, spans: blocks.reduce(0) { $0 + $1.count }, logs: logBlocks.reduce(0) { $0 + $1.count }
        )
        return true
    }

    /// Gives free pages back in small steps, until the file has that many bytes or no free page.
    private func giveBackPages(downTo bytes: Int) async throws {
        var pages = try await writer.pages()
        while pages.free > 0, pages.all * pages.size > bytes {
            try await writer.vacuum()
            let left = try await writer.pages()
            guard left.free < pages.free else { return }
            pages = left
        }
    }
}

extension Duration {
    /// Whole nanoseconds, held inside 64 bits.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (seconds < 0 ? .min : .max) : scaled &+ attoseconds / 1_000_000_000
    }
}
