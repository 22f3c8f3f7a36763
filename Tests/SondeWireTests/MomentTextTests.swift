// SPDX-License-Identifier: Apache-2.0
// Moments as people write them.

import SondeModel
import SondeTestKit
import SondeWire
import Testing

struct MomentTextTests {
    let now = Timestamp.sampleEpoch

    @Test(arguments: [
        "", "yesterday", "nowish", "now-", "now-1", "now*1h", "now-300000d", "99999999999", "999999999999999999999",
        "-5", "1.5", "2026-01-02",
    ])
    func refusesWhatIsNotAMoment(_ text: String) {
        #expect(MomentText.parse(text, now: now) == nil)
    }

    @Test(
        arguments: [
            ("now", 0), ("now-1h", -3_600_000), ("now+5m", 300_000), ("now 5m", 300_000), ("now-1h5m", -3_900_000),
        ] as [(String, Int64)])
    func readsDistancesFromNow(_ text: String, _ ms: Int64) {
        #expect(MomentText.parse(text, now: now) == .sample(ms: ms))
    }

    @Test func neverGoesBelowTheFirstMoment() {
        #expect(MomentText.parse("now-100000d", now: now) == .zero)
    }

    @Test(arguments: [
        "1767323045", "1767323045000", "1767323045000000", "1767323045000000000", "2026-01-02T03:04:05Z",
    ])
    func readsTheUnitFromTheDigits(_ text: String) {
        #expect(MomentText.parse(text, now: now) == .sampleEpoch)
    }

    @Test(
        arguments: [
            ("12345678901", 12_345_678_901_000_000_000), ("123456789012", 123_456_789_012_000_000),
            ("12345678901234", 12_345_678_901_234_000_000), ("123456789012345", 123_456_789_012_345_000),
            ("12345678901234567", 12_345_678_901_234_567_000), ("123456789012345678", 123_456_789_012_345_678),
        ] as [(String, UInt64)])
    func changesUnitAtElevenFourteenAndSeventeenDigits(_ text: String, _ nanoseconds: UInt64) {
        #expect(MomentText.parse(text, now: now)?.nanoseconds == nanoseconds)
    }
}
