// SPDX-License-Identifier: Apache-2.0
// What is told of many durations is right, whatever their number and order.

import SondeModel
import SondeStorage
import Testing

struct DurationDistributionTests {
    private func gathered(_ values: some Sequence<UInt64>) -> DurationDistribution {
        var distribution = DurationDistribution(keepsQuantiles: true)
        for value in values { distribution.add(value) }
        return distribution
    }

    @Test func nothingHasNoQuantiles() {
        let statistics = gathered([]).statistics([0.5])
        #expect(statistics == DurationStatistics())
    }

    @Test func aSumThatNoNumberHoldsStaysAtTheLargest() {
        #expect(gathered([.max, 1]).statistics([]).total == .max)
    }

    @Test func fewAreToldExactly() {
        let statistics = gathered((1...1_000).shuffled().map(UInt64.init)).statistics([0, 0.5, 0.95, 0.999, 1])
        #expect(statistics.quantiles.map(\.nanoseconds) == [1, 500, 950, 999, 1_000])
        #expect(statistics.isExact)
    }

    @Test(arguments: [1, 1_000, 1_000_000, 1_000_000_000_000] as [UInt64])
    func manyAreToldWithinTheErrorThatIsStated(unit: UInt64) {
        let fractions = [0, 0.001, 0.25, 0.5, 0.95, 0.99, 1]
        let statistics = gathered((1...50_000).map { $0 * unit }).statistics(fractions)
        #expect(!statistics.isExact)
        for (fraction, quantile) in zip(fractions, statistics.quantiles) {
            let right = max(1, (fraction * 50_000).rounded(.up)) * Double(unit)
            #expect(abs(Double(quantile.nanoseconds) - right) <= right * DurationDistribution.maxError)
        }
        #expect(statistics.least == unit && statistics.largest == 50_000 * unit && statistics.count == 50_000)
    }

    @Test func theLargestNumbersHaveTheirPlace() {
        let statistics = gathered((0..<5_000).map { UInt64.max - $0 }).statistics([0, 0.5, 1])
        for quantile in statistics.quantiles { #expect(quantile.nanoseconds >= .max - 5_000) }
    }

    @Test(arguments: [10, 1_024, 1_025, 5_000])
    func orderAndPiecesMakeNoDifference(count: Int) {
        let values = (0..<count).map { UInt64($0 * $0 % 7_919) * 1_000 }
        var pieces = gathered(values[..<(count / 3)])
        pieces.add(gathered(values[(count / 3)...].reversed()))
        let fractions = [0, 0.5, 0.95, 1]
        #expect(pieces.statistics(fractions) == gathered(values).statistics(fractions))
    }
}
