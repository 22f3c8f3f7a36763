// SPDX-License-Identifier: Apache-2.0
// Every number that bounds something in this room, with its unit and its reason.

/// The bounds of the store.
enum Limits {
    /// Spans (or log records) in a full block. 32 k gained nothing in size and made every read dearer.
    static let blockRecords = 8_192
    /// Records in a slice: reading one trace inflates one slice, some 20 kB.
    static let sliceRecords = 1_024
    /// Values in a slice, all its columns together; more is damage. What one commit or one merge takes in comes to a
    /// quarter of it, were every attribute empty.
    static let sliceValues = 1 << 26
    /// How long a commit waits for senders that were just answered, where there are several: about what a quick one
    /// takes to come back. Groups twice as large cost a tenth less processor time and half as many syncs.
    static let commitPatience = Duration.milliseconds(1)
    /// Records that one commit takes from the queue; more only lengthen the wait of those who came first. A batch
    /// larger than this is committed alone, in several blocks.
    static let commitRecords = 16_384
    /// Bytes that one commit takes from the queue, likewise: about what the largest request brings.
    static let commitBytes = 64 << 20
    /// Records that wait for the writer before senders are told to slow down: about two seconds of work.
    static let waitingRecords = 2_000_000
    /// Share of the memory budget for batches that wait for the writer.
    static let waitingShare = 0.3
    /// Share of the memory budget for decoded parts of blocks.
    static let cacheShare = 0.2
    /// Share of the memory budget for SQLite's page caches, all connections together.
    static let pageCacheShare = 0.15
    /// Spans that one merge takes: about 30 MB of columns.
    static let mergeRecords = 65_536
    /// Spans of blocks merged before that one merge of fresh ones takes apart for copies of its spans: as many again.
    static let rivalRecords = 65_536
    /// Merges of one round that may leave copies for the next: some seconds of work at most.
    static let unfinishedMerges = 16
    /// Merges in a row that may fail for want of a readable disk before the blocks that cannot be read are left out.
    static let failedMerges = 8
    /// Bytes of fresh blocks, as stored, that one merge takes: records of unusual size must not multiply the bound above.
    static let mergeBytes = 32 << 20
    /// Bytes of a small merged block, as stored: compressed, so that eight of them stay a small part of the bound above.
    static let smallBlockBytes = mergeBytes / smallBlocksToMerge / 4
    /// Bytes of attributes in memory at which a merge takes no further block: what is stored says little of it, since it
    /// is compressed. Twice what fresh blocks come to.
    static let sessionBytes = 64 << 20
    /// Bytes of attributes in memory past which a block is not taken apart at all: places in a dictionary are 32 bits.
    static let sessionBytesMost = 1 << 30
    /// Fresh blocks that make a merge due.
    static let mergeBlocks = 64
    /// The same while much arrives: a million spans or more, which a search still reads in good time.
    static let mergeBlocksUnderLoad = 2_048
    /// Records a second from which merges step back: a tenth of what a core can take in.
    static let highLoadRecords = 50_000.0
    /// Age at which fresh blocks are merged, however few.
    static let mergeAge = Duration.seconds(10)
    /// Small merged blocks side by side that are merged once more.
    static let smallBlocksToMerge = 8
    /// Pause in ingest after which everything is merged and the log is emptied.
    static let idleTime = Duration.seconds(1)
    /// How often upkeep looks around.
    static let upkeepInterval = Duration.milliseconds(250)
    /// Bytes of write-ahead log at which a checkpoint is started beside the writer. Larger saves writes, since pages
    /// that changed often are copied once; smaller opens faster after a crash, which reads the log: 20 ms for this much.
    static let checkpointBytes = 24 << 20
    /// Growth of the log after which a checkpoint that a reader held up is tried again.
    static let checkpointBytesAgain = 1 << 20
    /// Bytes of log at which the writer waits for a checkpoint: one beside it cannot keep up.
    static let checkpointBytesAtMost = 48 << 20
    /// Bytes to which the log's file is cut after a checkpoint.
    static let journalSizeLimit = 48 << 20
    /// How long a checkpoint that empties the log waits for readers, while the writer waits for it.
    static let checkpointWaitMilliseconds = 50
    /// Bytes of a page. 8 kB lose less at the end of a blob than 16 kB and chain fewer pages than 4 kB.
    static let pageSize = 8_192
    /// Connections that answer questions side by side.
    static let readers = 4
    /// Blocks that one retention transaction deletes, so that no commit waits more than about 10 ms for it.
    static let pruneBlocks = 16
    /// Of these, blocks that are cut anew because some of their spans stay.
    static let pruneRewrites = 4
    /// Free pages given back to the file system in one step, for the same reason: at most, and at least.
    static let vacuumPages = 256
    static let vacuumPagesLeast = 16
    /// What one such step should take the writer; the number of pages follows it.
    static let vacuumTime = Duration.milliseconds(5)
    /// Traces that can be pinned: enough for every incident of a year, few enough to look for in each block that goes.
    static let pins = 1_000
    /// Bytes on disk that pinned traces may take, and the share of `maxBytes`: pins must not crowd out what is new.
    static let pinnedBytesMost = 256 << 20
    static let pinnedShare = 0.25

    static func pinnedBytes(maxBytes: Int?) -> Int {
        min(pinnedBytesMost, maxBytes.map { Int(Double($0) * pinnedShare) } ?? .max)
    }

    /// Bytes that stay free on the disk beside what the log still has to bring into the file: what pruning writes.
    static let roomSpare = 1 << 20
    /// Share of the data that goes when the disk is full, and bytes at least: a little would be full again at once.
    static let roomShare = 0.1
    static let roomLeast = 4 << 20
    /// Share of `maxBytes` down to which retention prunes, so that it does not run for every block.
    static let pruneTarget = 0.95
    /// When senders should try again while the queue is full.
    static let busyRetry = Duration.seconds(1)
    /// When senders should try again while the disk is full.
    static let diskFullRetry = Duration.seconds(5)
    /// Bits an entry in the filter of a block of logs takes: about 1 % of the blocks opened in vain.
    static let filterBitsPerKey = 10
    /// Bits that each sets.
    static let filterProbes = 6
    /// The same for the filter of a slice of spans, of which the filter of its merge has told the block: about 2 %.
    static let sliceFilterBitsPerKey = 8
    static let sliceFilterProbes = 5
    /// Bytes of the longest directory that is read ahead with a blob's header.
    static let headerReadAhead = 1_024
    /// Largest length of one chunk as read back; anything larger is damage.
    static let chunkBytes = 1 << 30
    /// Bytes that one byte of zlib's can stand for at most: a wrong size must not make us ask for memory without bound.
    static let inflation = 1_032
    /// How long a connection waits for another process that holds the file.
    static let busyTimeoutMilliseconds: Int32 = 5_000
    /// Values in a column before it may be called mostly distinct, and is no longer looked up in a dictionary.
    static let distinctSample: UInt32 = 128
    /// Distinct operations (service, name, kind) that the global dictionary takes. Names past it are kept with their
    /// spans: senders that put ids into span names must not fill memory.
    static let operations = 200_000
    /// Bytes of all their names together: about a third of what the memory budget leaves beside its shares.
    static let operationBytes = 8 << 20
    /// Distinct services that the dictionary takes, and bytes of their names. Past them spans keep their service in the
    /// resource; lists and searches know them under one name.
    static let services = 10_000
    static let serviceBytes = 1 << 20
    /// Missing rows of names side by side that are told as such; an id further on is wrong itself.
    static let nameGap = 4_096
    /// Damaged names that are told one by one at a start.
    static let damagedNamesTold = 20
    /// How often, while retention is at work, names are looked for that no block uses any longer: the heads of all blocks
    /// are read for it, half a second of a core at 20 million spans.
    static let nameCollectionInterval = Duration.seconds(300)
    /// Names that one transaction frees, so that no commit waits more than about 10 ms for it.
    static let namesFreed = 1_000
    /// Damages that a check tells one by one; those past it are only counted.
    static let findings = 1_000
    /// Bytes of the longest text or query in SQL: no span comes larger than the request that brought it.
    static let sqlValueBytes: Int32 = 64 << 20
    /// Pages that a backup copies in one step: half a megabyte, between two looks at how far it is.
    static let backupPages: Int32 = 64
    /// Steps of SQLite's machine between two looks at the clock: some tens of microseconds.
    static let sqlStepsBetweenLooks: Int32 = 4_096
    /// Spans whose attributes are counted for one list of keys or values, newest first: half a second of a core. Spans of
    /// which columns are read count as several.
    static let censusRecords = 4_000_000
    static let censusColumnsCost = 4
    /// Spans of traces in several blocks that a count over all traces keeps until the last of their blocks is read: 24 MB.
    /// Past it such traces are put together one by one, which is slower.
    static let activityRowsWaiting = 500_000
    /// Calls whose attributes are read together, once every block: 2 MB of them.
    static let activityCallsWaiting = 65_536
    /// Senders of messages that a graph keeps because a receiver links to them: some 25 MB.
    static let linkedSenders = 400_000
}
