// SPDX-License-Identifier: Apache-2.0
// The index of fingerprints names the same blocks as a look into each.

import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("Index of fingerprints") struct FingerprintIndexTests {
    private func block(_ id: Int64, level: Int, _ fingerprints: [UInt32]) -> SpanBlockInfo {
        SpanBlockInfo(
            id: id, sequence: id, level: level, count: 1, received: 0, start: 0, lastStart: 0, newestTrace: 0, bytes: 0,
            fingerprints: fingerprints.sorted(), zones: [])
    }

    private func blocks(_ count: Int, _ dice: inout Dice) -> [SpanBlockInfo] {
        (0..<count).map { number in
            // Few distinct ones, also at the ends, and some twice in a block.
            let fingerprints = (0..<Int.random(in: 0...40, using: &dice)).map { _ in
                dice.pick([0, 1, .max, .max - 1, UInt32.random(in: 0...200, using: &dice) << 24])
            }
            return block(Int64(number + 1) * 3, level: dice.chance(20) ? 0 : 1, fingerprints)
        }
    }

    private func ids(_ blocks: [SpanBlockInfo]) -> [Int64] { blocks.map(\.id) }

    @Test(arguments: [0, 1, 2, 70, 900]) func namesWhatALookIntoEachBlockNames(count: Int) {
        var dice = Dice(state: UInt64(count) + 5)
        let blocks = blocks(count, &dice)
        let index = FingerprintIndex(blocks, known: nil)
        for fingerprint in [0, 1, 2, .max, .max - 1] + (0...210 as ClosedRange<UInt32>).map({ $0 << 24 }) {
            #expect(ids(index.blocks(mayHold: fingerprint)) == ids(blocks.filter { $0.mayContain(fingerprint) }))
        }
    }

    @Test func holdsForLaterSnapshotsOfWhichItTakesOverParts() {
        var dice = Dice(state: 9)
        var all = blocks(400, &dice)
        var index = FingerprintIndex(all, known: nil)
        for round in 0..<30 {
            _ = index.blocks(mayHold: 0)
            // One goes, one is cut anew in its place, one comes.
            all.remove(at: Int.random(in: 0..<all.count, using: &dice))
            all[Int.random(in: 0..<all.count, using: &dice)] = block(Int64(5_000 + round * 2), level: 1, [0, 7])
            all.append(block(Int64(5_001 + round * 2), level: round % 2, [1, 7]))
            index = FingerprintIndex(all, known: index)
            for fingerprint in [0, 1, 7, .max] as [UInt32] {
                #expect(ids(index.blocks(mayHold: fingerprint)) == ids(all.filter { $0.mayContain(fingerprint) }))
            }
        }
    }
}
