// SPDX-License-Identifier: Apache-2.0
// Until when arrivals are kept.

import SondeModel
import SondeStorage
import Testing

@testable import SondeSQLite

@Suite("Horizon of retention") struct RetentionHorizonTests {
    /// Services 1 to 4; the last row is spare.
    private let names = {
        var names = StoredNames()
        names.services = ["loud", "usual", "dear", ""]
        return names
    }()

    private func horizon(_ policy: RetentionPolicy, now: UInt64 = 1_000) -> RetentionHorizon {
        RetentionHorizon(policy, names: names, now: Timestamp(nanoseconds: now * 1_000_000_000))
    }

    private func second(_ second: UInt64) -> UInt64 { second * 1_000_000_000 }

    @Test func keepsAllWithoutAPolicy() {
        let all = horizon(RetentionPolicy())
        #expect(all.verdict(received: 0, [1, 2, 3]) == .keep)
        #expect(all.keeps(2, received: 0))
    }

    @Test func theBoundItselfIsKept() {
        let minute = horizon(RetentionPolicy(maxAge: .seconds(60)))
        #expect(minute.verdict(received: second(940), [1]) == .keep)
        #expect(minute.verdict(received: second(940) - 1, [1]) == .drop)
    }

    @Test func aBlockIsCutWhereOnlySomeOfItsServicesArePastTheirTime() {
        let policy = RetentionPolicy(
            maxAge: .seconds(60), serviceMaxAge: ["loud": .seconds(10), "dear": .seconds(600), "unheard": .seconds(1)])
        let own = horizon(policy)
        #expect(own.verdict(received: second(995), [1, 2, 3]) == .keep)
        #expect(own.verdict(received: second(980), [1, 2, 3]) == .part)
        #expect(own.verdict(received: second(980), [1]) == .drop)
        #expect(own.verdict(received: second(980), [2, 3]) == .keep)
        #expect(own.verdict(received: second(900), [2, 3]) == .part)
        #expect(own.verdict(received: second(900), [3]) == .keep)
        #expect(own.verdict(received: second(399), [1, 2, 3]) == .drop)
        #expect([1, 2, 3, 4].map { own.keeps($0, received: second(900)) } == [false, false, true, false])
    }

    @Test func aServiceKeptForGoodHoldsItsBlocksForever() {
        let own = horizon(RetentionPolicy(maxAge: .seconds(60), serviceMaxAge: ["dear": Duration?.none]))
        #expect(own.verdict(received: 1, [2, 3]) == .part)
        #expect(own.verdict(received: 1, [3]) == .keep)
        #expect(own.verdict(received: 1, [2]) == .drop)
    }

    @Test func onlySomeServicesMayHaveABound() {
        let own = horizon(RetentionPolicy(serviceMaxAge: ["loud": .seconds(10)]))
        #expect(own.verdict(received: 1, [2, 3]) == .keep)
        #expect(own.verdict(received: 1, [1, 2]) == .part)
        #expect(own.verdict(received: 1, [1]) == .drop)
    }

    /// A clock that stands before what is kept, and times that no number holds.
    @Test func strangeTimesKeepRatherThanDrop() {
        #expect(horizon(RetentionPolicy(maxAge: .seconds(60)), now: 5).verdict(received: 0, [1]) == .keep)
        let long = RetentionPolicy(maxAge: .seconds(Int64.max))
        #expect(horizon(long).verdict(received: 0, [1]) == .keep)
        #expect(horizon(RetentionPolicy(maxAge: .seconds(-5))).verdict(received: second(1_000), [1]) == .keep)
    }
}
