// SPDX-License-Identifier: Apache-2.0
// The budget never holds more than its capacity, and gets back what it gave.

import SondePipeline
import Testing

@Suite struct InFlightBudgetTests {
    private let budget = InFlightBudget(capacity: 100)

    @Test func refusesWhatDoesNotFit() throws {
        let held = try #require(budget.reserve(60))
        #expect(budget.reserve(41) == nil)
        #expect(budget.usedBytes == 60)
        held.release()
    }

    @Test func refusedGrowthChangesNothing() throws {
        let held = try #require(budget.reserve(60))
        #expect(!held.grow(by: 41))
        #expect(held.bytes == 60)
        #expect(held.grow(by: 40))
        #expect(budget.usedBytes == 100)
        held.release()
    }

    @Test func refusesNumbersThatWouldOverflow() throws {
        let held = try #require(budget.reserve(1))
        #expect(!held.grow(by: .max))
        #expect(budget.reserve(.max) == nil)
        held.release()
    }

    @Test func releasingTwiceGivesBackOnce() throws {
        let held = try #require(budget.reserve(60))
        let other = try #require(budget.reserve(10))
        held.release()
        held.release()
        #expect(budget.usedBytes == 10)
        other.release()
    }

    @Test func aForgottenReservationGivesBackWhenItGoes() {
        do {
            let held = budget.reserve(100)
            #expect(held != nil)
        }
        #expect(budget.usedBytes == 0)
    }

    @Test func manyTasksNeverHoldMoreThanTheCapacity() async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask { [budget] in
                    let held = budget.reserve(30)
                    #expect(budget.usedBytes <= 100)
                    held?.release()
                }
            }
        }
        #expect(budget.usedBytes == 0)
    }
}
