// SPDX-License-Identifier: Apache-2.0
// Sums over a window that slides step by step. Distributions can be added and not taken away again, so the steps are held
// in blocks as long as the window; each window is the end of one block and the beginning of the next, and every step costs
// three additions however wide the window is.
//
//   block before      this block
//   │ a │ b │ c │     │ d │ e │ …         width 3
//           └─┴─ ─ ─ ─ ─┴───┘             the window at e: the suffix from c, and the prefix to e

/// The window's state; steps are pushed in order.
struct SlidingTally {
    private let width: Int
    /// The steps of this block.
    private var block: [ActivityTally?] = []
    /// Their sum.
    private var prefix: ActivityTally?
    /// Of the block before: sums from each step to the block's end.
    private var suffixes: [ActivityTally?] = []

    /// - Parameter width: steps of the window, at least 1.
    init(width: Int) {
        self.width = max(1, width)
    }

    /// The sum of this step and those before it that the window still holds; nil if none of them had calls.
    mutating func push(_ own: ActivityTally?) -> ActivityTally? {
        if block.count == width { turn() }
        block.append(own)
        prefix = Self.sum(prefix, own)
        guard block.count < suffixes.count else { return prefix }
        return Self.sum(suffixes[block.count], prefix)
    }

    private mutating func turn() {
        var sum: ActivityTally?
        suffixes = block
        for place in block.indices.reversed() {
            sum = Self.sum(block[place], sum)
            suffixes[place] = sum
        }
        block.removeAll(keepingCapacity: true)
        prefix = nil
    }

    private static func sum(_ a: ActivityTally?, _ b: ActivityTally?) -> ActivityTally? {
        guard var sum = a else { return b }
        if let b { sum.add(b) }
        return sum
    }
}
