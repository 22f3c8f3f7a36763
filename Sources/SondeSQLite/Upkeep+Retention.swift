// SPDX-License-Identifier: Apache-2.0
// Retention: what is past its time goes, then the oldest while the files are too large or the disk is full. Whole blocks
// where all of them goes, else the block is cut anew without what goes. A few blocks a transaction, so that no commit
// waits for long.

import Logging
import SondeModel
import SondeStorage

/// A block that retention may let go, whichever kind it is of.
private struct PruneCandidate {
    enum Block {
        case spans(SpanBlockInfo)
        case logs(LogBlockInfo)
    }

    var block: Block
    var received: UInt64
    var bytes: Int
}

/// What one slice lets go.
private struct PruneSlice {
    var exchange = BlockExchange()
    /// Whether blocks may be cut anew; else those are passed over of which something stays.
    var mayRewrite: Bool
    var blocks = 0
    var spans = 0
    var logs = 0
    /// As far as blocks went whole.
    var bytes = 0
    /// Blocks cut anew: dearer than those that just go.
    var rewritten = 0

    var isFull: Bool { blocks >= Limits.pruneBlocks || rewritten >= Limits.pruneRewrites }

    mutating func remove(_ block: SpanBlockInfo) {
        exchange.remove(block)
        blocks += 1
        spans += block.count
        bytes += block.bytes
    }

    mutating func remove(_ block: LogBlockInfo) {
        exchange.remove(block)
        blocks += 1
        logs += block.count
        bytes += block.bytes
    }

    mutating func replace(_ block: RewrittenSpans) {
        exchange.replace(block, isPinned: false)
        blocks += 1
        rewritten += 1
        spans += block.gone
        bytes += max(0, block.original.bytes - (block.staying?.bytes ?? 0) - (block.pinned?.bytes ?? 0))
    }

    mutating func replace(_ block: RewrittenLogs) {
        exchange.replace(block)
        blocks += 1
        rewritten += 1
        logs += block.gone
        bytes += max(0, block.original.bytes - (block.staying?.bytes ?? 0))
    }
}

extension Upkeep {
    func retain() async throws {
        if await writer.isOutOfRoom { try await makeRoom() }
        try await retainByAge()
        try await retainBySize()
    }

    private func retainByAge() async throws {
        let policy = configuration.retention
        guard policy.maxAge != nil || !policy.serviceMaxAge.isEmpty else { return }
        let now = configuration.now()
        while try await prune(.age, now: now) {}
        guard !policy.serviceMaxAge.isEmpty else { return }
        while try await prune(.service, now: now) {}
    }

    private func retainBySize() async throws {
        guard let maxBytes = configuration.retention.maxBytes, files.bytes > maxBytes else { return }
        // The log is emptied before blocks are let go for it; what is left of it is taken off the bound. A log that
        // somebody's snapshot holds goes with the snapshot, not with blocks; until then pages given back would only add
        // to it.
        let isHeld = try await truncateLog() == .held
        let bound = isHeld ? maxBytes : max(maxBytes - (StoreFiles.size(files.log) ?? 0), maxBytes / 2)
        let target = Int(Double(bound) * Limits.pruneTarget)
        var used = try await usedBytes()
        if isHeld, used <= bound { return }
        while used > target {
            guard try await prune(.size, bytesToFree: used - target) else { break }
            used = try await usedBytes()
        }
        if isHeld { return }
        try await giveBackPages(downTo: bound)
        await checkpointer.truncate()
    }

    private enum LogState {
        case cut
        /// As long as before: a reader needs it.
        case held
    }

    private func truncateLog() async throws -> LogState {
        let before = StoreFiles.size(files.log) ?? 0
        await checkpointer.truncate()
        let after = StoreFiles.size(files.log) ?? 0
        return after > 0 && after >= before ? .held : .cut
    }

    /// The disk is full: the oldest goes, and what it took is given back to the file system, for the log needs room too.
    /// Whatever becomes of one step, those after it are tried, and the writer as well.
    private func makeRoom() async throws {
        await checkpointer.truncate()
        if try await writer.hasRoomAgain() { return }
        var failure: (any Error)?
        do { try await pruneForRoom() } catch { failure = error }
        await checkpointer.truncate()
        do { try await giveBackPages(downTo: 0) } catch { failure = failure ?? error }
        await checkpointer.truncate()
        await writer.tryAgain()
        if let failure { throw failure }
    }

    /// Free pages of the file count as room: it may be that they could not be given back the last time.
    private func pruneForRoom() async throws {
        let pages = try await writer.pages()
        let bytes = pages.all * pages.size
        let target = bytes - max(Limits.roomLeast, Int(Double(bytes) * Limits.roomShare))
        var left = try await usedBytes()
        while left > target {
            guard try await prune(.diskFull, bytesToFree: left - target) else { break }
            left = try await usedBytes()
        }
    }

    private func usedBytes() async throws -> Int {
        let pages = try await writer.pages()
        return (pages.all - pages.free) * pages.size
    }

    /// Lets go of up to a few of the oldest blocks that may go for this reason; false if there is none. Where there is no
    /// room for what stays of them, of those that go whole.
    private func prune(_ reason: PruneReason, now: Timestamp? = nil, bytesToFree: Int = .max) async throws -> Bool {
        let slice = try read { file in choose(reason, now, bytesToFree, file, mayRewrite: true) }
        do { return try await letGo(slice, reason) } catch let error as SQLiteError {
            guard error.isDiskFull || error.isOutOfSpace, slice.rewritten > 0 else { throw error }
            return try await letGo(
                try read { file in choose(reason, now, bytesToFree, file, mayRewrite: false) }, reason)
        }
    }

    private func letGo(_ slice: PruneSlice, _ reason: PruneReason) async throws -> Bool {
        guard !slice.exchange.isEmpty else { return false }
        guard let duration = try await writer.exchange(slice.exchange) else { return false }
        hasPruned = true
        configuration.observer.pruned(
            blocks: slice.blocks, spans: slice.spans, logs: slice.logs, reason: reason, duration: duration)
        return true
    }

    private func choose(
        _ reason: PruneReason, _ now: Timestamp?, _ bytesToFree: Int, _ file: BlockFile, mayRewrite: Bool
    ) -> PruneSlice {
        let horizon = now.map { RetentionHorizon(configuration.retention, names: file.catalog.names, now: $0) }
        var slice = PruneSlice(mayRewrite: mayRewrite)
        for candidate in candidates(file) {
            guard !slice.isFull, slice.bytes < bytesToFree else { break }
            switch candidate.block {
            case .spans(let block): take(block, reason, horizon, file, &slice)
            case .logs(let block): take(block, reason, horizon, file, &slice)
            }
        }
        return slice
    }

    /// All blocks that may go at all, oldest arrival first.
    private func candidates(_ file: BlockFile) -> [PruneCandidate] {
        var candidates: [PruneCandidate] = []
        for block in file.catalog.blocks where !isSpared(block, file) {
            candidates.append(PruneCandidate(block: .spans(block), received: block.received, bytes: block.bytes))
        }
        for block in file.catalog.logBlocks {
            candidates.append(PruneCandidate(block: .logs(block), received: block.received, bytes: block.bytes))
        }
        candidates.sort { $0.received < $1.received }
        return candidates
    }

    /// Whether the block holds pinned traces and nothing else.
    private func isSpared(_ block: SpanBlockInfo, _ file: BlockFile) -> Bool {
        let pins = file.catalog.pins
        guard pins.blocks.contains(block.id) else { return false }
        if sparedBlocks.generation != pins.generation { sparedBlocks = (pins.generation, []) }
        if sparedBlocks.blocks.contains(block.id) { return true }
        // One that cannot be read is left for whoever can mend it.
        guard let head = try? file.head(block) else { return true }
        for trace in head.traces where !pins.traces.contains(trace.id) { return false }
        sparedBlocks.blocks.insert(block.id)
        return true
    }

    private func take(
        _ block: SpanBlockInfo, _ reason: PruneReason, _ horizon: RetentionHorizon?, _ file: BlockFile,
        _ slice: inout PruneSlice
    ) {
        guard isDue(block.received, block.zones.lazy.map(\.service), reason, horizon) else { return }
        let pinned = pinsToHonour(file)
        let isPart = reason == .service
        let failures = file.connection.failures
        do throws(ReadError) {
            if !isPart, try !file.holds(block, anyOf: pinned) { return slice.remove(block) }
            guard slice.mayRewrite else { return }
            if let rewritten = try sift(block, pinned, isPart ? horizon : nil, file) {
                return slice.replace(rewritten)
            }
        } catch {
            // It may be readable the next time.
            guard file.connection.failures == failures else { return }
            damagedBlocks.insert(block.id)
        }
        // Part of a block that cannot be read goes with the rest of it, later; and what may be of a pinned trace is left
        // for whoever can mend it, until there is no room for it.
        if reason == .diskFull { slice.remove(block) }
    }

    /// The block without what goes; nil if it is known to be damaged.
    private func sift(
        _ block: SpanBlockInfo, _ pinned: Set<TraceWords>, _ horizon: RetentionHorizon?, _ file: BlockFile
    ) throws(ReadError) -> RewrittenSpans? {
        guard !damagedBlocks.contains(block.id) else { return nil }
        configuration.observer.began(.rescue)
        defer { configuration.observer.ended(.rescue) }
        return try merger.sift(block, in: file, pinned: pinned) { service in
            horizon?.keeps(service, received: block.received) ?? false
        }
    }

    private func take(
        _ block: LogBlockInfo, _ reason: PruneReason, _ horizon: RetentionHorizon?, _ file: BlockFile,
        _ slice: inout PruneSlice
    ) {
        guard isDue(block.received, block.zones.lazy.map(\.service), reason, horizon) else { return }
        guard reason == .service, let horizon else { return slice.remove(block) }
        guard slice.mayRewrite, !damagedLogBlocks.contains(block.id) else { return }
        let failures = file.connection.failures
        do throws(ReadError) {
            slice.replace(
                try merger.sift(block, in: file) { service in horizon.keeps(service, received: block.received) })
        } catch {
            if file.connection.failures == failures { damagedLogBlocks.insert(block.id) }
        }
    }

    /// Whether a block goes for this reason: whole for its age, in part where some of its services are kept longer.
    private func isDue(
        _ received: UInt64, _ services: some Sequence<Int>, _ reason: PruneReason, _ horizon: RetentionHorizon?
    ) -> Bool {
        guard let horizon else { return true }
        switch horizon.verdict(received: received, services) {
        case .keep: return false
        case .drop: return reason == .age
        case .part: return reason == .service
        }
    }

    /// The pinned traces; none where they hold more than they may, for the rest of the store must go on.
    private func pinsToHonour(_ file: BlockFile) -> Set<TraceWords> {
        let bound = Limits.pinnedBytes(maxBytes: configuration.retention.maxBytes) * 2
        guard file.catalog.pinnedBytes > bound else { return file.catalog.pins.traces }
        if !hasWarnedOfPins {
            logger.warning(
                "pinned traces have grown past twice their bound; what still arrives of them is pruned as all else",
                metadata: ["bytes": "\(file.catalog.pinnedBytes)", "bound": "\(bound)"])
            hasWarnedOfPins = true
        }
        return []
    }

    /// Gives free pages back in small steps, until the file has that many bytes or no free page.
    func giveBackPages(downTo bytes: Int) async throws {
        var pages = try await writer.pages()
        while pages.free > 0, pages.all * pages.size > bytes {
            let given: Int
            let duration: Duration
            do { (given, duration) = try await writer.vacuum(pages: vacuumPages) } catch let error as SQLiteError {
                // A smaller slice may find the room it needs in the log, once that is empty.
                guard error.isDiskFull || error.isOutOfSpace, vacuumPages > Limits.vacuumPagesLeast else { throw error }
                vacuumPages = max(Limits.vacuumPagesLeast, vacuumPages / 2)
                await checkpointer.truncate()
                continue
            }
            configuration.observer.vacuumed(pages: given, duration: duration)
            // The slice follows the disk: half after one that took long, a little more after one that did not.
            vacuumPages =
                duration > Limits.vacuumTime
                ? max(Limits.vacuumPagesLeast, vacuumPages / 2) : min(Limits.vacuumPages, vacuumPages + vacuumPages / 4)
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
