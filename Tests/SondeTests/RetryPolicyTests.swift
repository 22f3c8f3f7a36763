// SPDX-License-Identifier: Apache-2.0

import SondeModel
import SondeTestKit
import SondeWire
import Testing

@testable import Sonde

struct RetryPolicyTests {
    @Test func givesUpWhenABatchHasWaitedLongEnough() {
        var generator = Dice(state: 1)
        var policy = RetryPolicy()
        var waits: [Duration] = []
        while let wait = policy.nextWait(retryAfter: nil, using: &generator) { waits.append(wait) }
        #expect((7...10).contains(waits.count))
        #expect(waits.reduce(.zero, +) <= .seconds(60))
        for (wait, seconds) in zip(waits, [1.0, 2, 4, 8, 10, 10, 10, 10, 10, 10]) {
            #expect(wait >= .seconds(seconds * 0.8) && wait <= .seconds(seconds * 1.2))
        }
    }

    @Test func waitsAsLongAsTheCollectorAsksWithinReason() {
        var generator = Dice(state: 1)
        var policy = RetryPolicy()
        #expect(policy.nextWait(retryAfter: .seconds(3), using: &generator) == .seconds(3))
        #expect(policy.nextWait(retryAfter: .zero, using: &generator) == .seconds(1), "never without a pause")
        #expect(policy.nextWait(retryAfter: .seconds(3_600), using: &generator) == nil)
    }

    @Test(
        arguments: [
            (nil, nil), ("", nil), ("soon", nil), ("-1", nil), ("0", Duration.zero), (" 7 ", .seconds(7)),
            ("999999999999", .seconds(86_400)), ("Sun, 06 Nov 1994 08:49:37 GMT", .seconds(37)),
            ("Sun, 06 Nov 1994 08:48:00 GMT", .zero), ("Sun, 06 Foo 1994 08:49:37 GMT", nil),
            ("Sunday, 06-Nov-94 08:49:37 GMT", nil),
        ] as [(String?, Duration?)])
    func readsRetryAfter(header: String?, wait: Duration?) throws {
        let now = try #require(RFC3339.parse("1994-11-06T08:49:00Z"))
        #expect(RetryAfter.wait(header, now: now) == wait)
    }
}
