// SPDX-License-Identifier: Apache-2.0
// Moments as text.

import SondeModel
import SondeTestKit
import SondeWire
import Testing

struct RFC3339Tests {
    @Test(arguments: [
        "", "2026", "2026-01-02", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z", "2026-02-29T03:04:05Z",
        "1900-02-29T00:00:00Z", "2026-01-00T03:04:05Z", "2026-01-02T24:00:00Z", "2026-01-02T03:60:05Z",
        "2026-01-02T03:04:61Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05+0200", "2026-01-02T03:04:05+24:00",
        "2026-01-02T03:04:05Zz", "１2026-01-02T03:04:05Z", "1969-12-31T23:59:59Z", "2555-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00", "2026-1-2T03:04:05Z", "-026-01-02T03:04:05Z",
    ])
    func refusesWhatIsNotAMoment(_ text: String) {
        #expect(RFC3339.parse(text) == nil)
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000000000Z"),
            (1_767_323_045_000_000_000, "2026-01-02T03:04:05.000000000Z"),
            (1_767_323_045_123_456_789, "2026-01-02T03:04:05.123456789Z"),
            (951_782_399_999_999_999, "2000-02-28T23:59:59.999999999Z"),
            (951_782_400_000_000_000, "2000-02-29T00:00:00.000000000Z"),
            (4_107_542_400_000_000_000, "2100-03-01T00:00:00.000000000Z"),
            (UInt64.max, "2554-07-21T23:34:33.709551615Z"),
        ] as [(UInt64, String)])
    func printsAndReadsNineFractionDigits(_ nanoseconds: UInt64, _ text: String) {
        #expect(RFC3339.text(Timestamp(nanoseconds: nanoseconds)) == text)
        #expect(RFC3339.parse(text) == Timestamp(nanoseconds: nanoseconds))
    }

    @Test(arguments: [
        "2026-01-02T03:04:05Z", "2026-01-02t03:04:05z", "2026-01-02 03:04:05Z", "2026-01-02+03:04:05Z",
        "2026-01-02T05:04:05+02:00", "2026-01-02T05:04:05 02:00", "2026-01-01T22:34:05-04:30",
        "2026-01-02T03:04:05.0Z", "2026-01-02T03:04:05,000Z", "2026-01-02T03:04:05.000000000999Z",
    ])
    func readsEveryTolerableSpelling(_ text: String) {
        #expect(RFC3339.parse(text) == .sampleEpoch)
    }

    @Test func readsALeapSecondAsTheNextMinute() {
        #expect(RFC3339.parse("2016-12-31T23:59:60Z") == RFC3339.parse("2017-01-01T00:00:00Z"))
    }

    @Test func everyThirteenthDayComesBack() {
        for day in stride(from: UInt64(0), to: 213_000, by: 13) {
            let moment = Timestamp(nanoseconds: day * 86_400_000_000_000)
            let text = RFC3339.text(moment)
            if RFC3339.parse(text) != moment { Issue.record("\(text) does not come back") }
        }
    }
}
