// SPDX-License-Identifier: Apache-2.0
// What became of one signal's batches: which were tried and acknowledged, in which order that was told, and what may be
// missing of them.

/// The account of spans, or of logs. A batch has pieces that are stored whole or not at all: a trace, a record.
struct TortureLedger {
    /// "spans" or "logs".
    let name: String
    let pieces: Int
    /// Where in all that was told the batch was first tried, and where it was acknowledged.
    private(set) var tried: [Int: Int] = [:]
    private(set) var acknowledged: [Int: Int] = [:]

    init(_ name: String, pieces: Int) {
        self.name = name
        self.pieces = pieces
    }

    mutating func hear(_ verb: Substring, _ batch: Int, at moment: Int) {
        switch verb {
        case "try": if tried[batch] == nil { tried[batch] = moment }
        case "ack": acknowledged[batch] = moment
        default: break
        }
    }

    /// Where nothing is pruned: what was acknowledged is whole, what was not is whole or absent.
    func check(kept: [Int: Set<Int>]) throws {
        for batch in tried.keys {
            let there = kept[batch]?.count ?? 0
            let isAcknowledged = acknowledged[batch] != nil
            guard there == pieces || there == 0 && !isAcknowledged else {
                let state = isAcknowledged ? "acknowledged" : "unacknowledged"
                throw BrokenPromise(description: "of \(state) batch \(batch) \(there) of \(pieces) \(name) are there")
            }
        }
    }

    /// Where retention runs, oldest first: if something of a batch is gone, all that certainly arrived before it is gone.
    /// Certainly before is what was acknowledged before the other was tried; the lower number beside that because a
    /// merge puts what it takes in the order of times. Pieces that a pin may keep, and batches that were sent again
    /// later, prove nothing. Returns how many batches are gone, wholly or in part.
    func checkOldestFirst(kept: [Int: Set<Int>], mayBePinned: (Int, Int) -> Bool, isResent: (Int) -> Bool) throws -> Int
    {
        var gone = 0
        var latest = (moment: Int.min, batch: 0)
        for (batch, acknowledgedAt) in acknowledged.sorted(by: { $0.key > $1.key }) {
            let there = kept[batch] ?? []
            let loose = (0..<pieces).filter { !mayBePinned(batch, $0) }
            let left = loose.filter(there.contains)
            // Retention may cut a batch in two; then its first pieces go.
            guard Array(loose.suffix(left.count)) == left else {
                throw BrokenPromise(description: "of batch \(batch) only \(left) of \(name) \(loose) are there")
            }
            if !left.isEmpty, acknowledgedAt < latest.moment, !isResent(batch) {
                throw BrokenPromise(
                    description: "\(name) of batch \(latest.batch) are pruned, and those of batch \(batch), which came "
                        + "before, are not")
            }
            guard left.count < loose.count else { continue }
            gone += 1
            if let triedAt = tried[batch], triedAt > latest.moment { latest = (triedAt, batch) }
        }
        return gone
    }
}
