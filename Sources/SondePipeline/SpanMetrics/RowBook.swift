// SPDX-License-Identifier: Apache-2.0
// The numbers of a table's rows: those in use with the moment of their last use, and those to use again.

struct RowBook {
    private var lastUse: [ContinuousClock.Instant] = []
    private var isUsed: [Bool] = []
    private var free: [Int] = []

    var usedCount: Int { lastUse.count - free.count }

    mutating func take(_ now: ContinuousClock.Instant) -> Int {
        if let row = free.popLast() {
            lastUse[row] = now
            isUsed[row] = true
            return row
        }
        lastUse.append(now)
        isUsed.append(true)
        return lastUse.count - 1
    }

    mutating func use(_ row: Int, _ now: ContinuousClock.Instant) { lastUse[row] = now }

    /// Gives back the rows that were not used since `moment`, and tells which.
    /// - Parameter kept: A row that is never given back.
    mutating func giveBackIdle(since moment: ContinuousClock.Instant, except kept: Int) -> [Int] {
        let idle = lastUse.indices.filter { isUsed[$0] && lastUse[$0] < moment && $0 != kept }
        for row in idle { isUsed[row] = false }
        free += idle
        return idle
    }
}
