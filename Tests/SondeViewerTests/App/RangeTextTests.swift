// SPDX-License-Identifier: Apache-2.0
// Ranges of time as people type them.

import SondeModel
import SondeTerminal
import SondeTestKit
import Testing

@testable import SondeViewer

@Suite("Ranges of time")
struct RangeTextTests {
    // 2026-01-02T04:04:05+01:00
    private let now = Timestamp.sampleEpoch

    private func parse(_ text: String) -> TimeRange? { RangeText.parse(text, now: now, zone: zone) }

    @Test(arguments: [
        "", "15", "m", "15m..", "-5m", "10:00..09:00", "25:00..26:00", "2026-13-01..now", "1h..2h", "..", "x",
    ])
    func refusesWhatIsNoRange(text: String) {
        if text == "15m.." {
            #expect(parse(text) == .between(at("03:49:05"), now))
        } else {
            #expect(parse(text) == nil)
        }
    }

    private func at(_ clock: String) -> Timestamp {
        let parts = clock.split(separator: ":").compactMap { Int64($0) }
        let seconds = (parts[0] - 4) * 3_600 + (parts[1] - 4) * 60 + parts[2] - 5
        return .sample(ms: seconds * 1_000)
    }

    @Test func readsLengthsAndMoments() {
        #expect(parse("15m") == .last(900_000_000_000))
        #expect(parse(" last 2h ") == .last(7_200_000_000_000))
        #expect(parse("all") == .all)
        #expect(parse("2h..1h") == .between(at("02:04:05"), at("03:04:05")))
        #expect(parse("now-2h..now") == .between(at("02:04:05"), now))
        #expect(parse("02:00..03:30") == .between(at("02:00:00"), at("03:30:00")))
        #expect(parse("2026-01-02 02:00..03:30:10") == .between(at("02:00:00"), at("03:30:10")))
        #expect(parse("2026-01-01..2026-01-02") == .between(.sample(ms: -14_645_000 - 86_400_000), at("00:00:00")))
    }

    @Test func isShownAsItIsRead() {
        for text in ["02:00..03:30", "2026-01-01 10:00..2026-01-02 01:00"] {
            guard let range = parse(text) else {
                Issue.record("\(text) was not read")
                continue
            }
            let shown = RangeText.text(range, zone: zone)
            #expect(parse(shown.split(separator: "–").joined(separator: "..")) == range, "\(shown)")
        }
        #expect(RangeText.text(.last(5_400_000_000_000), zone: zone) == "last 90m")
    }
}
