// SPDX-License-Identifier: Apache-2.0
// Histograms of durations, a row each, in flat arrays: adding to one touches two cache lines and allocates nothing.

import SondeModel

struct HistogramTable {
    /// The first upper bound in nanoseconds; each next one is twice the one before.
    private let firstBound: UInt64
    private let boundCount: Int
    /// What fell below one bound and above the one before, and the last of it.
    private struct Cell {
        var count: UInt64 = 0
        var exemplar = SpanExemplar.none
    }

    private var cells: [Cell] = []
    private var sums: [Double] = []
    private var stride: Int { boundCount + 1 }

    init(firstBound: UInt64, boundCount: Int) {
        self.firstBound = firstBound
        self.boundCount = boundCount
    }

    /// Makes `row` an empty histogram; rows are numbered without gaps.
    mutating func clear(_ row: Int) {
        let missing = (row + 1) * stride - cells.count
        if missing > 0 {
            cells.append(contentsOf: repeatElement(Cell(), count: missing))
            sums.append(contentsOf: repeatElement(0, count: row + 1 - sums.count))
        }
        for cell in row * stride..<(row + 1) * stride { cells[cell] = Cell() }
        sums[row] = 0
    }

    mutating func add(_ exemplar: SpanExemplar, to row: Int) {
        let place = row * stride + bucket(of: exemplar.duration)
        let count = cells[place].count
        cells[place] = Cell(count: count &+ 1, exemplar: exemplar)
        sums[row] += Double(exemplar.duration) / 1e9
    }

    /// Bounds are inclusive: the number of doublings until `duration` is not more than the bound. After as many as make
    /// the bound as long in bits, at most one more is missing.
    private func bucket(of duration: UInt64) -> Int {
        guard duration > firstBound else { return 0 }
        let doublings = firstBound.leadingZeroBitCount &- (duration &- 1).leadingZeroBitCount
        let isMore = duration > firstBound &<< UInt64(truncatingIfNeeded: doublings)
        return min(boundCount, isMore ? doublings &+ 1 : doublings)
    }

    func snapshot(_ row: Int) -> DurationHistogram {
        let cells = cells[row * stride..<(row + 1) * stride]
        return DurationHistogram(
            bounds: (0..<boundCount).map { firstBound << UInt64($0) }, counts: cells.map(\.count),
            sumSeconds: sums[row], exemplars: cells.map { $0.exemplar.traceID.isValid ? $0.exemplar : nil })
    }
}

extension SpanExemplar {
    /// Of a bucket that nothing fell into.
    fileprivate static let none = SpanExemplar(traceID: .zero, spanID: .zero, duration: 0, time: .zero)
}
