// SPDX-License-Identifier: Apache-2.0
// Codes are complete, bounded, and short where symbols are frequent.

import Testing

@testable import SondeSQLite

@Suite("Prefix codes")
struct PrefixCodeTests {
    private func lengths(_ counts: [UInt32], longest: Int) -> [Int] {
        var code = PrefixCode(symbols: counts.count, longest: longest)
        for (symbol, count) in counts.enumerated() { code.counts[symbol] = count }
        code.build()
        return code.lengths.array.map { Int($0) }
    }

    /// Whether each sequence of bits means something, and one thing only.
    private func isComplete(_ lengths: [Int], longest: Int) -> Bool {
        lengths.filter { $0 > 0 }.reduce(0) { $0 + 1 << (longest - $1) } == 1 << longest
    }

    @Test func twoSymbolsHaveACodeHoweverFewCome() {
        for counts in [[0, 0, 0, 0], [0, 0, 9, 0], [5, 0, 0, 0], [0, 5, 0, 0]] as [[UInt32]] {
            let lengths = lengths(counts, longest: 15)
            #expect(lengths.count { $0 == 1 } == 2 && lengths.count { $0 > 0 } == 2)
            for symbol in counts.indices where counts[symbol] > 0 { #expect(lengths[symbol] == 1) }
        }
    }

    @Test func frequentSymbolsHaveShortCodes() {
        #expect(lengths([1, 1, 2, 4, 8], longest: 15) == [4, 4, 3, 2, 1])
        #expect(lengths([5, 5, 5, 5], longest: 15) == [2, 2, 2, 2])
    }

    @Test(arguments: [7, 9, 15])
    func noCodeIsLongerThanTheBound(longest: Int) {
        // Fibonacci's numbers make the deepest tree.
        var counts: [UInt32] = [1, 1]
        while counts.count < 19 { counts.append(counts[counts.count - 1] + counts[counts.count - 2]) }
        let lengths = lengths(counts, longest: longest)
        #expect(lengths.max() == longest)
        #expect(isComplete(lengths, longest: longest))
        #expect(lengths == lengths.sorted(by: >))
    }
}
