// SPDX-License-Identifier: Apache-2.0
// Finds the blocks that may hold a trace without a look into each: the fingerprints of some dozens of merged neighbours
// lie in one table. Tables are made when a trace is first looked for, and shared by all snapshots that have the same
// blocks.

import Synchronization

final class FingerprintIndex: Sendable {
    /// Merged blocks side by side, or one block alone.
    private let runs: [FingerprintRun]

    init(_ blocks: [SpanBlockInfo], known: FingerprintIndex?) {
        var old: [Int64: FingerprintRun] = [:]
        for run in known?.runs ?? [] { if let first = run.blocks.first { old[first.id] = run } }
        var runs: [FingerprintRun] = []
        var start = 0
        while start < blocks.count {
            var end = start + 1
            if blocks[start].level > 0 {
                while end < blocks.count, blocks[end].level > 0, !Self.begins(blocks[end]),
                    end - start < FingerprintRun.mostBlocks
                { end += 1 }
            }
            let part = blocks[start..<end]
            if let run = old[part[start].id], run.blocks.elementsEqual(part, by: { $0 === $1 }) {
                runs.append(run)
            } else {
                runs.append(FingerprintRun(Array(part)))
            }
            start = end
        }
        self.runs = runs
    }

    /// Whether a run begins with this block: one in 64, whatever comes before it, so that runs stay the same where blocks
    /// go or come elsewhere.
    private static func begins(_ block: SpanBlockInfo) -> Bool {
        (UInt64(bitPattern: block.id) &* 0x9E37_79B9_7F4A_7C15) >> 58 == 0
    }

    /// The blocks that may hold a trace of this fingerprint, in order of arrival.
    func blocks(mayHold fingerprint: UInt32) -> [SpanBlockInfo] {
        var found: [SpanBlockInfo] = []
        for run in runs { run.find(fingerprint, &found) }
        return found
    }
}

final class FingerprintRun: Sendable {
    /// Numbers of blocks are bytes.
    static let mostBlocks = 256
    /// Fingerprints of a bucket, about.
    private static let bucketSize = 8

    let blocks: [SpanBlockInfo]
    private let table = Mutex<Table?>(nil)

    /// Fingerprints by their upper bits; in a bucket by block.
    private final class Table: Sendable {
        let shift: UInt32
        /// Where each bucket begins, and the end.
        let starts: [UInt32]
        let fingerprints: [UInt32]
        let owners: [UInt8]

        init(_ blocks: [SpanBlockInfo]) {
            let total = blocks.reduce(0) { $0 + $1.fingerprints.count }
            var bits: UInt32 = 0
            while total >> bits > FingerprintRun.bucketSize, bits < 24 { bits += 1 }
            let shift = 32 - bits
            var starts = [UInt32](repeating: 0, count: 1 << Int(bits) + 1)
            for block in blocks { for fingerprint in block.fingerprints { starts[Int(fingerprint >> shift) + 1] += 1 } }
            for bucket in 1..<starts.count { starts[bucket] += starts[bucket - 1] }
            var next = starts
            var fingerprints = [UInt32](repeating: 0, count: total)
            var owners = [UInt8](repeating: 0, count: total)
            for (number, block) in blocks.enumerated() {
                for fingerprint in block.fingerprints {
                    let place = Int(next[Int(fingerprint >> shift)])
                    next[Int(fingerprint >> shift)] += 1
                    fingerprints[place] = fingerprint
                    owners[place] = UInt8(truncatingIfNeeded: number)
                }
            }
            self.shift = shift
            self.starts = starts
            self.fingerprints = fingerprints
            self.owners = owners
        }
    }

    init(_ blocks: [SpanBlockInfo]) { self.blocks = blocks }

    /// Appends the blocks that have the fingerprint, in order.
    func find(_ fingerprint: UInt32, _ found: inout [SpanBlockInfo]) {
        guard blocks.count > 1 else {
            if let block = blocks.first, block.mayContain(fingerprint) { found.append(block) }
            return
        }
        let table = table.withLock { table in
            if let table { return table }
            let made = Table(blocks)
            table = made
            return made
        }
        let bucket = Int(fingerprint >> table.shift)
        var last = -1
        for place in Int(table.starts[bucket])..<Int(table.starts[bucket + 1])
        where table.fingerprints[place] == fingerprint && Int(table.owners[place]) != last {
            last = Int(table.owners[place])
            found.append(blocks[last])
        }
    }
}
