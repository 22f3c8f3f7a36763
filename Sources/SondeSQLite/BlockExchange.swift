// SPDX-License-Identifier: Apache-2.0
// Blocks that go and blocks that take their place, in one transaction.

struct BlockExchange: Sendable {
    /// A block to come.
    struct Spans: Sendable {
        var block: EncodedSpanBlock
        var sequence: Int64
        var level: Int
        var received: UInt64
        /// Whether retention spares it for its pinned traces.
        var isPinned = false
    }

    struct Logs: Sendable {
        var block: EncodedLogBlock
        var sequence: Int64
        var level: Int
        var received: UInt64
    }

    private(set) var goneSpans: [Int64] = []
    private(set) var goneLogs: [Int64] = []
    private(set) var spans: [Spans] = []
    private(set) var logs: [Logs] = []
    /// The filter over the first of ``spans``, so many of them.
    private(set) var pairs: (blocks: Int, filter: [UInt8])?

    var isEmpty: Bool { goneSpans.isEmpty && goneLogs.isEmpty }
    /// Bytes of the blocks to come.
    var bytes: Int {
        spans.reduce(pairs?.filter.count ?? 0) { $0 + $1.block.bytes } + logs.reduce(0) { $0 + $1.block.bytes }
    }
    /// Whether retention lets go of something: it makes room, also where it cuts blocks anew.
    private(set) var isRetention = false

    /// A merge: the outputs take the place of the first input, and the latest arrival. An unfinished one leaves them
    /// fresh.
    init(merging inputs: [SpanBlockInfo], into merged: MergedSpans, isPinned: Bool) {
        goneSpans = inputs.map(\.id)
        let level = merged.isComplete ? (inputs.map(\.level).max() ?? 0) + 1 : 0
        let sequence = inputs.map(\.sequence).min() ?? 0
        let received = inputs.map(\.received).max() ?? 0
        spans = merged.blocks.map {
            Spans(block: $0, sequence: sequence, level: level, received: received, isPinned: isPinned)
        }
        guard merged.isComplete else { return }
        pairs = PairFilter.encode(merged.blocks.map(\.pairs)).map { (merged.blocks.count, $0) }
    }

    init(merging inputs: [LogBlockInfo], into outputs: [EncodedLogBlock]) {
        goneLogs = inputs.map(\.id)
        let level = (inputs.map(\.level).max() ?? 0) + 1
        var sequence = inputs.map(\.sequence).min() ?? 0
        let received = inputs.map(\.received).max() ?? 0
        for block in outputs {
            logs.append(Logs(block: block, sequence: sequence, level: level, received: received))
            sequence += Int64(block.count)
        }
    }

    /// For retention, empty at first.
    init() { isRetention = true }

    mutating func remove(_ block: SpanBlockInfo) { goneSpans.append(block.id) }
    mutating func remove(_ block: LogBlockInfo) { goneLogs.append(block.id) }

    /// A block cut anew stays in its place.
    mutating func replace(_ rewritten: RewrittenSpans, isPinned: Bool) {
        let original = rewritten.original
        goneSpans.append(original.id)
        if let block = rewritten.staying {
            spans.append(
                Spans(
                    block: block, sequence: original.sequence, level: original.level, received: original.received,
                    isPinned: isPinned))
        }
        if let block = rewritten.pinned {
            spans.append(
                Spans(
                    block: block, sequence: original.sequence, level: original.level, received: original.received,
                    isPinned: true))
        }
    }

    mutating func replace(_ rewritten: RewrittenLogs) {
        let original = rewritten.original
        goneLogs.append(original.id)
        guard let block = rewritten.staying else { return }
        logs.append(
            Logs(block: block, sequence: original.sequence, level: original.level, received: original.received))
    }
}
