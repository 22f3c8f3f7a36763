// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them.

import SondeTerminal
import Testing

@Suite("Quantities")
struct QuantitiesTests {
    @Test(arguments: [
        (0, "0 ns"), (999, "999 ns"), (1_000, "1.00 µs"), (1_234, "1.23 µs"), (12_345, "12.3 µs"), (123_456, "123 µs"),
        (999_499, "999 µs"), (999_500, "1.00 ms"), (9_994_999, "9.99 ms"), (9_995_000, "10.0 ms"),
        (99_950_000, "100 ms"), (1_230_000_000, "1.23 s"), (12_300_000_000, "12.3 s"), (59_949_999_999, "59.9 s"),
        (59_950_000_000, "1m 00s"), (125_000_000_000, "2m 05s"), (3_599_499_999_999, "59m 59s"),
        (3_599_500_000_000, "1h 00m"), (3_900_000_000_000, "1h 05m"), (86_400_000_000_000, "1d 00h"),
        (273_600_000_000_000, "3d 04h"), (UInt64.max, "213504d 00h"),
    ])
    func durationsHaveThreeDigits(nanoseconds: UInt64, text: String) {
        #expect(Quantity.duration(nanoseconds: nanoseconds) == text)
    }

    @Test(arguments: [
        (-1, "0 B"), (0, "0 B"), (999, "999 B"), (1_000, "1.00 kB"), (12_345, "12.3 kB"), (999_999, "1.00 MB"),
        (10_000_000_000, "10.0 GB"), (2_000_000_000_000, "2.00 TB"), (Int.max, "9 223 372 TB"),
    ])
    func sizesHaveThreeDigits(bytes: Int, text: String) {
        #expect(Quantity.size(bytes: bytes) == text)
    }

    @Test(arguments: [(0, "0"), (9_999, "9999"), (10_000, "10 000"), (1_234_567, "1 234 567"), (-12_345, "-12 345")])
    func countsKeepThousandsApart(value: Int, text: String) {
        #expect(Quantity.count(value) == text)
    }

    @Test func oneIsNotMany() {
        #expect(Quantity.counted(1, "span") == "1 span")
        #expect(Quantity.counted(0, "span") == "0 spans")
        #expect(Quantity.counted(2, "query", "queries") == "2 queries")
    }
}
