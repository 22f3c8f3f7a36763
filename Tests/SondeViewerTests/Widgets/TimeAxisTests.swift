// SPDX-License-Identifier: Apache-2.0
// Axes of time: round steps, labels that tell neighbours apart, no mark outside.

import SondeModel
import SondeTerminal
import SondeTestKit
import Testing

@testable import SondeViewer

@Suite("Axis of times")
struct TimeAxisTests {
    static let minute: Int64 = 60_000

    @Test(arguments: [
        (TimeAxisTests.minute * 7, "04:05 04:06 04:07 04:08 04:09 04:10 04:11"),
        (TimeAxisTests.minute * 60, "04:10 04:20 04:30 04:40 04:50 05:00"),
        (TimeAxisTests.minute * 60 * 24 * 10, "01-03 01-05 01-07 01-09 01-11"),
        (2_000, "04:05.000 04:05.500 04:06.000 04:06.500 04:07.000"),
    ])
    func marksStandAtRoundMoments(length: Int64, labels: String) {
        let axis = TimeAxis.clock(from: .sample(ms: 0), to: .sample(ms: length), width: 100, zone: zone)
        #expect(axis.ticks.map(\.label).joined(separator: " ") == labels)
        #expect(axis.ticks.allSatisfy { (0..<100).contains($0.column) })
    }

    @Test(
        arguments: [
            (0, 123_000_000, "0 20 ms 40 ms 60 ms 80 ms 100 ms 120 ms"),
            (1_230_000_000, 1_240_000_000, "1.230 s 1.232 s 1.234 s 1.236 s 1.238 s 1.240 s"),
            (0, 5, "0 1 ns 2 ns 3 ns 4 ns 5 ns"),
            (0, 200_000_000_000, "0 0m 30s 1m 00s 1m 30s 2m 00s 2m 30s 3m 00s"),
            (125_000_000_000, 125_400_000_000, "2m 05.0s 2m 05.1s 2m 05.2s 2m 05.3s 2m 05.4s"),
            (7, 7, ""),
        ] as [(UInt64, UInt64, String)])
    func distancesHaveTheDigitsThatTellThemApart(start: UInt64, end: UInt64, labels: String) {
        let axis = TimeAxis.distances(from: start, to: end, width: 90)
        #expect(axis.ticks.map(\.label).joined(separator: " ") == labels)
    }

    @Test(arguments: [0, 1, 3, 12, 30, 200], [1, 999, 1_000_000_000, 7_200_000_000_000, UInt64.max - 1])
    func fitsEveryWidthAndLength(width: Int, length: UInt64) {
        for axis in [
            TimeAxis.distances(from: 1, to: 1 + length, width: width),
            .distances(from: 0, to: length, width: width),
            .clock(from: .zero, to: Timestamp(nanoseconds: length), width: width, zone: zone),
        ] {
            #expect(axis.line().width <= width)
            #expect(axis.ticks.count <= max(1, width) + 1)
            #expect(Set(axis.ticks.map(\.label)).count == axis.ticks.count)
            for tick in axis.ticks { #expect((0..<max(1, width)).contains(tick.column)) }
        }
    }
}
