// SPDX-License-Identifier: Apache-2.0
// Durations as text.

import SondeModel
import Testing

struct DurationTextTests {
    @Test(arguments: [
        "", "s", "1", "-1s", "1x", "1 s", "1.s.", ".", ".s", "1.2", "1s2", "s1", "1e3s", "99999999999999999999ns",
        "20000000h", "600000000000000000m", "213504d1h",
    ])
    func refusesWhatIsNotADuration(_ text: String) {
        #expect(DurationText.parse(text) == nil)
    }

    @Test(
        arguments: [
            ("0", 0), ("0s", 0), ("1.2s", 1_200_000_000), ("100ms", 100_000_000), ("4500ns", 4_500),
            ("1h5m", 3_900_000_000_000), ("7d", 604_800_000_000_000), ("1.5us", 1_500), ("2\u{B5}s", 2_000),
            ("2\u{3BC}s", 2_000), (".5s", 500_000_000), ("1.s", 1_000_000_000), ("0.1234567891s", 123_456_789),
            ("1.000000000000000000000001h", 3_600_000_000_000), ("0.3333333333333333333d", 28_800_000_000_000 - 1),
            ("18446744073709551615ns", UInt64.max),
        ] as [(String, UInt64)])
    func readsNumbersWithUnits(_ text: String, _ nanoseconds: UInt64) {
        #expect(DurationText.parse(text) == nanoseconds)
    }

    @Test(
        arguments: [
            (0, "0ns"), (999, "999ns"), (1_000, "1µs"), (4_500, "4.5µs"), (4_050, "4.05µs"), (9_996, "10µs"),
            (99_960, "100µs"), (999_499, "999µs"), (999_500, "1ms"), (12_345_678, "12.3ms"), (100_000_000, "100ms"),
            (999_950_000, "1s"), (1_234_567_890, "1.23s"), (59_940_000_000, "59.9s"), (59_950_000_000, "1m"),
            (65_000_000_000, "1m5s"), (3_599_600_000_000, "1h"), (3_900_000_000_000, "1h5m"),
            (7_200_000_000_000, "2h"), (273_600_000_000_000, "3d4h"), (UInt64.max, "213503d23h"),
        ] as [(UInt64, String)])
    func printsThreeDigitsOrTwoUnits(_ nanoseconds: UInt64, _ text: String) {
        #expect(DurationText.text(nanoseconds) == text)
    }
}
