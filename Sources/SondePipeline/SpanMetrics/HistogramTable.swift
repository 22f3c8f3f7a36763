// SPDX-License-Identifier: Apache-2.0
// Histograms of durations, a row each, in flat arrays: adding to one touches three cache lines and allocates nothing.

import SondeModel

struct HistogramTable {
    /// The first upper bound in nanoseconds; each next one is twice the one before.
    private let firstBound: UInt64
    private let boundCount: Int
    private var counts: [UInt64] = []
    private var sums: [Double] = []
    private var exemplars: [SpanExemplar] = []
    private var stride: Int { boundCount + 1 }

    init(firstBound: UInt64, boundCount: Int) {
        self.firstBound = firstBound
        self.boundCount = boundCount
    }

    /// Makes `row` an empty histogram; rows are numbered without gaps.
    mutating func clear(_ row: Int) {
        let missing = (row + 1) * stride - counts.count
        if missing > 0 {
            counts.append(contentsOf: repeatElement(0, count: missing))
            exemplars.append(contentsOf: repeatElement(.none, count: missing))
            sums.append(contentsOf: repeatElement(0, count: row + 1 - sums.count))
        }
        for cell in row * stride..<(row + 1) * stride {
            counts[cell] = 0
            exemplars[cell] = .none
        }
        sums[row] = 0
    }

    mutating func add(_ exemplar: SpanExemplar, to row: Int) {
        let cell = row * stride + bucket(of: exemplar.duration)
        counts[cell] &+= 1
        sums[row] += Double(exemplar.duration) / 1e9
        exemplars[cell] = exemplar
    }

    /// Bounds are inclusive: the number of doublings until `duration` is not more than the bound.
    private func bucket(of duration: UInt64) -> Int {
        guard duration > firstBound else { return 0 }
        let quotient = (duration - 1) / firstBound
        return min(boundCount, UInt64.bitWidth - quotient.leadingZeroBitCount)
    }

    func snapshot(_ row: Int) -> DurationHistogram {
        let cells = row * stride..<(row + 1) * stride
        return DurationHistogram(
            bounds: (0..<boundCount).map { firstBound << UInt64($0) }, counts: Array(counts[cells]),
            sumSeconds: sums[row], exemplars: exemplars[cells].map { $0.traceID.isValid ? $0 : nil })
    }
}

extension SpanExemplar {
    /// Of a bucket that nothing fell into.
    fileprivate static let none = SpanExemplar(traceID: .zero, spanID: .zero, duration: 0, time: .zero)
}
