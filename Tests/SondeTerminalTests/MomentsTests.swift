// SPDX-License-Identifier: Apache-2.0
// Dates without a calendar library.

import SondeTerminal
import Testing

@Suite("Moments")
struct MomentsTests {
    @Test(arguments: [
        (0, "1970-01-01 00:00:00.000Z"), (1_767_323_045_123_456_789, "2026-01-02 03:04:05.123Z"),
        (951_782_399_999_999_999, "2000-02-28 23:59:59.999Z"), (951_782_400_000_000_000, "2000-02-29 00:00:00.000Z"),
        (951_868_800_000_000_000, "2000-03-01 00:00:00.000Z"), (4_107_542_400_000_000_000, "2100-03-01 00:00:00.000Z"),
        (UInt64.max, "2554-07-21 23:34:33.709Z"),
    ])
    func tellsUTC(nanoseconds: UInt64, text: String) {
        #expect(Moment.text(nanosecondsSince1970: nanoseconds, zone: .utc) == text)
    }

    @Test func tellsAnOffset() {
        let time: UInt64 = 1_767_323_045_000_000_000
        #expect(
            Moment.text(nanosecondsSince1970: time, zone: .offset(seconds: 19_800)) == "2026-01-02 08:34:05.000 +05:30")
        #expect(
            Moment.text(nanosecondsSince1970: time, zone: .offset(seconds: -14_400)) == "2026-01-01 23:04:05.000 -04:00"
        )
        #expect(
            Moment.text(nanosecondsSince1970: 0, zone: .offset(seconds: -3_600)) == "1969-12-31 23:00:00.000 -01:00")
    }

    @Test func localTimeNamesItsOffset() {
        let text = Moment.text(nanosecondsSince1970: 1_767_323_045_000_000_000, zone: .local)
        #expect(text.contains(/^2026-01-0[123] \d\d:\d\d:05\.000 [+-]\d\d:\d\d$/))
    }
}
