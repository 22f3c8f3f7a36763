// SPDX-License-Identifier: Apache-2.0
// The dictionary behind every dictionary of the store.

import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("Byte table")
struct ByteTableTests {
    private func find(_ text: String, tag: UInt32 = 0, in table: inout ByteTable) -> Int {
        Array(text.utf8).withUnsafeBytes { table.find($0, tag: tag) }
    }

    @Test func numbersStringsInOrderOfFirstAppearance() {
        var table = ByteTable()
        let numbers = ["a", "b", "", "a", "longer than eight bytes", "b", ""].map { find($0, in: &table) }
        #expect(numbers == [0, 1, 2, 0, 3, 1, 2])
        #expect(String(decoding: table.bytes(3), as: UTF8.self) == "longer than eight bytes")
    }

    @Test func keepsStringsOfDifferentTagsApart() {
        var table = ByteTable()
        #expect(find("a", tag: 1, in: &table) == 0)
        #expect(find("a", tag: 2, in: &table) == 1)
        #expect(find("a", tag: 1, in: &table) == 0)
    }

    @Test func growsWithoutForgetting() {
        var table = ByteTable()
        for n in 0..<5_000 { #expect(find("string \(n)", in: &table) == n) }
        for n in 0..<5_000 { #expect(find("string \(n)", in: &table) == n) }
    }

    @Test func forgetsWhatIsCutOffAndFindsTheRest() {
        var table = ByteTable()
        for n in 0..<1_000 { _ = find("string \(n)", in: &table) }
        table.truncate(to: 400)
        #expect(table.count == 400)
        #expect(find("string 399", in: &table) == 399)
        #expect(find("string 700", in: &table) == 400)
        #expect(find("string 400", in: &table) == 401)
    }

    /// Against a plain dictionary, over growth, releases, roll-backs and compaction.
    @Test(arguments: 1...4 as ClosedRange<UInt64>) func givesNumbersOfReleasedStringsAgain(seed: UInt64) {
        var dice = Dice(state: seed)
        var table = ByteTable()
        var known: [String: Int] = [:]
        for round in 0..<60 {
            for _ in 0..<50 {
                let text = "string \(Int.random(in: 0..<900, using: &dice))"
                let number = find(text, in: &table)
                if let before = known[text] { #expect(number == before) }
                known[text] = number
            }
            table.keepReused()
            let gone = known.filter { _ in dice.chance(40) }
            table.release(Array(gone.values))
            for text in gone.keys { known[text] = nil }
            if round % 7 == 3 { table.compact() }
            #expect(table.liveCount == known.count)
            #expect(Set(known.values).count == known.count)
            for (text, number) in known {
                #expect(find(text, in: &table) == number)
                #expect(String(decoding: table.bytes(number), as: UTF8.self) == text)
            }
        }
        #expect(table.count < 900)
    }

    @Test func anAppendedStringIsNotFound() {
        var table = ByteTable()
        let appended = Array("x".utf8).withUnsafeBufferPointer { bytes in
            bytes.baseAddress.map { table.append($0, count: 1) }
        }
        #expect(appended == 0)
        #expect(find("x", in: &table) == 1)
    }
}
