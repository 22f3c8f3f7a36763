// SPDX-License-Identifier: Apache-2.0
// When blocks are merged, and how a merge is put in their place.

import SondeModel
import SondeStorage

extension Upkeep {
    func mergeIfDue() async throws {
        let catalog = try read { $0.catalog }
        let fresh = catalog.blocks.count { $0.level == 0 }
        let freshLogs = catalog.logBlocks.count { $0.level == 0 }
        // The age counts from the first fresh block, not from the merge before it.
        if max(fresh, freshLogs) == 0 { lastMerge = .now }
        let isOld = lastMerge.duration(to: .now) >= Limits.mergeAge
        // While much arrives, the senders' need comes first; but reads grow dearer with every fresh block.
        let due = isLoadHigh ? Limits.mergeBlocksUnderLoad : Limits.mergeBlocks
        guard max(fresh, freshLogs) >= due || isOld else { return }
        try await mergeAll()
    }

    /// Merges all that is fresh now. What arrives meanwhile is left for the next time: under steady load there would be no
    /// end, and retention would never get its turn.
    ///
    /// A merge that meets more copies than it may take apart is gone on with a few times, then left for the next time too.
    func mergeAll() async throws {
        // By sequence, not by id: what an unfinished merge leaves is new, and stands where it stood.
        let last = try read { file in
            (
                spans: file.catalog.blocks.reduce(0) { max($0, $1.sequence) },
                logs: file.catalog.logBlocks.reduce(0) { max($0, $1.id) }
            )
        }
        hasUnfinishedMerge = false
        var unfinished = 0
        while unfinished < Limits.unfinishedMerges, let merge = try await mergeSpans(upTo: last.spans) {
            if !merge.isComplete { unfinished += 1 }
        }
        hasUnfinishedMerge = unfinished == Limits.unfinishedMerges
        while try await mergeLogs(upTo: last.logs) {}
        lastMerge = .now
    }

    /// One merge of spans; nil if nothing is to be merged.
    private func mergeSpans(upTo last: Int64) async throws -> MergedSpans? {
        let began = ContinuousClock.now
        configuration.observer.began(.merge)
        defer { configuration.observer.ended(.merge) }
        let work = try read { file -> (inputs: [SpanBlockInfo], merged: MergedSpans, pins: PinCatalog)? in
            let pins = file.catalog.pins
            let candidates = file.catalog.blocks.map { block in
                MergeCandidate(
                    block,
                    isExcluded: damagedBlocks.contains(block.id) || block.level == 0 && block.sequence > last,
                    isPinned: pins.blocks.contains(block.id))
            }
            guard let choice = MergeChoice.choose(candidates) else { return nil }
            let inputs = Array(file.catalog.blocks[choice])
            let failures = file.connection.failures
            do {
                let merged = try merger.merge(inputs, in: file, damaged: damagedBlocks)
                return (Array(inputs.prefix(merged.taken)), merged, pins)
            } catch {
                guard Self.isLasting(file.connection.failures - failures, &failedMerges.spans) else { throw error }
                // Find the culprits, so that the others are merged next time.
                for block in inputs where !merger.canRead(block, in: file) { damagedBlocks.insert(block.id) }
                throw error
            }
        }
        failedMerges.spans = 0
        guard let work else { return nil }
        damagedBlocks.formUnion(work.merged.unreadable)
        let isPinned = work.inputs.first.map { work.pins.blocks.contains($0.id) } ?? false
        var exchange = BlockExchange(merging: work.inputs, into: work.merged, isPinned: isPinned)
        for block in work.merged.rewritten {
            exchange.replace(block, isPinned: work.pins.blocks.contains(block.original.id))
        }
        guard try await writer.exchange(exchange) != nil else { return nil }
        configuration.observer.merged(
            blocks: work.inputs.count, into: work.merged.blocks.count,
            records: work.merged.blocks.reduce(0) { $0 + $1.count }, bytes: exchange.bytes,
            duplicates: work.merged.duplicates, duration: began.duration(to: .now))
        return work.merged
    }

    /// Whether a merge failed for good: for what its blocks hold, or since the disk refuses again and again, so that the
    /// others would wait for ever. A failure that passes must not make a block count as damaged.
    private static func isLasting(_ failures: Int, _ failedMerges: inout Int) -> Bool {
        guard failures > 0 else { return true }
        failedMerges += 1
        return failedMerges > Limits.failedMerges
    }

    private func mergeLogs(upTo last: Int64) async throws -> Bool {
        let began = ContinuousClock.now
        configuration.observer.began(.merge)
        defer { configuration.observer.ended(.merge) }
        let work = try read { file -> (inputs: [LogBlockInfo], blocks: [EncodedLogBlock])? in
            let candidates = file.catalog.logBlocks.map { block in
                MergeCandidate(
                    block,
                    isExcluded: damagedLogBlocks.contains(block.id) || block.level == 0 && block.id > last)
            }
            guard let choice = MergeChoice.choose(candidates) else { return nil }
            let inputs = Array(file.catalog.logBlocks[choice])
            let failures = file.connection.failures
            do {
                let merged = try merger.merge(inputs, in: file)
                return (Array(inputs.prefix(merged.taken)), merged.blocks)
            } catch {
                guard Self.isLasting(file.connection.failures - failures, &failedMerges.logs) else { throw error }
                for block in inputs where (try? merger.merge([block], in: file)) == nil {
                    damagedLogBlocks.insert(block.id)
                }
                throw error
            }
        }
        failedMerges.logs = 0
        guard let work else { return false }
        let exchange = BlockExchange(merging: work.inputs, into: work.blocks)
        guard try await writer.exchange(exchange) != nil else { return false }
        configuration.observer.merged(
            blocks: work.inputs.count, into: work.blocks.count, records: work.blocks.reduce(0) { $0 + $1.count },
            bytes: exchange.bytes, duplicates: 0, duration: began.duration(to: .now))
        return true
    }
}
