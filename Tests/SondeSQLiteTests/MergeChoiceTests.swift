// SPDX-License-Identifier: Apache-2.0
// What is merged next.

import Testing

@testable import SondeSQLite

@Suite("Choice of blocks to merge")
struct MergeChoiceTests {
    private func block(_ level: Int, _ count: Int, isExcluded: Bool = false) -> MergeCandidate {
        MergeCandidate(level: level, count: count, isExcluded: isExcluded)
    }

    @Test func nothingIsMergedWhereNothingIsFresh() {
        #expect(MergeChoice.choose([]) == nil)
        #expect(MergeChoice.choose([block(1, 8_000), block(1, 8_000), block(1, 50)]) == nil)
    }

    @Test func freshBlocksComeFirstAndOldestFirst() {
        #expect(MergeChoice.choose([block(1, 8_000), block(0, 10), block(0, 20)]) == 1..<3)
        #expect(MergeChoice.choose([block(0, 1)]) == 0..<1)
    }

    @Test func oneMergeTakesABoundedNumberOfRecords() {
        #expect(MergeChoice.choose(Array(repeating: block(0, 16_000), count: 9)) == 0..<4)
        #expect(MergeChoice.choose([block(0, 1_000_000), block(0, 1)]) == 0..<1)
    }

    @Test func smallNeighboursOfOneLevelAreMergedOnceMore() {
        let small = Array(repeating: block(1, 100), count: Limits.smallBlocksToMerge)
        #expect(MergeChoice.choose(small) == 0..<8)
        #expect(MergeChoice.choose([block(1, 8_000)] + small) == 1..<9)
        #expect(MergeChoice.choose(small.dropLast() + [block(2, 100)]) == nil)
        #expect(MergeChoice.choose(small.dropLast() + [block(1, 8_000), block(1, 100)]) == nil)
    }

    @Test func smallNeighboursOfManyBytesAreLeftAlone() {
        func blocks(_ bytes: Int) -> [MergeCandidate] {
            Array(repeating: MergeCandidate(level: 1, count: 100, bytes: bytes), count: Limits.smallBlocksToMerge)
        }
        #expect(MergeChoice.choose(blocks(Limits.smallBlockBytes)) == nil)
        #expect(MergeChoice.choose(blocks(Limits.smallBlockBytes - 1)) == 0..<8)
    }

    @Test func damagedBlocksAreLeftAloneAndPartTheirNeighbours() {
        #expect(MergeChoice.choose([block(0, 10, isExcluded: true)]) == nil)
        #expect(MergeChoice.choose([block(0, 10), block(0, 10, isExcluded: true), block(0, 10)]) == 0..<1)
    }
}
