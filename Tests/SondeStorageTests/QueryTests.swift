// SPDX-License-Identifier: Apache-2.0
// Cursors, prefixes and text matching: the small pieces of questions.

import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@Suite("Queries")
struct QueryTests {
    @Test(arguments: ["", "xyz", String(repeating: "a", count: 33), "12 4", "-1", "é"])
    func refusesAPrefixThatIsNotHex(text: String) {
        #expect(TraceIDPrefix(text) == nil)
    }

    @Test func prefixCoversEveryIdThatBeginsWithIt() throws {
        let prefix = try #require(TraceIDPrefix("5A5"))
        #expect(prefix.digits == "5a5")
        #expect(prefix.range.contains(.sample(1)))
        #expect(prefix.range.lowerBound.hex == "5a500000000000000000000000000000")
        #expect(prefix.range.upperBound.hex == "5a5fffffffffffffffffffffffffffff")
    }

    @Test func wholeIdIsAPrefixOfItself() throws {
        let id = TraceID.sample(1)
        #expect(try #require(TraceIDPrefix(id.hex)).range == id...id)
    }

    @Test(arguments: ["", "-", "12-34", "0000000000000001", "000000000000000g-5a5a0000000000000000000000000001"])
    func refusesACursorItDidNotMake(text: String) {
        #expect(TraceCursor(text: text) == nil)
        #expect(LogCursor(text: text) == nil)
    }

    @Test func cursorsSurviveTheirText() {
        let trace = TraceCursor(start: .sample(ms: 1), traceID: .sample(2))
        #expect(TraceCursor(text: trace.text) == trace)
        let log = LogCursor(time: .sample(ms: 1), sequence: .max)
        #expect(LogCursor(text: log.text) == log)
    }

    @Test func whatFollowsACursorIsOlderOrHasASmallerId() {
        let cursor = TraceCursor(start: .sample(ms: 5), traceID: .sample(5))
        #expect(cursor.precedes(start: .sample(ms: 4), traceID: .sample(9)))
        #expect(cursor.precedes(start: .sample(ms: 5), traceID: .sample(4)))
        #expect(!cursor.precedes(start: .sample(ms: 5), traceID: .sample(5)))
        #expect(!cursor.precedes(start: .sample(ms: 6), traceID: .sample(1)))
    }

    @Test func textIsFoundWhateverTheCaseOfAsciiLetters() {
        #expect(LogQuery.text("Payment DECLINED", contains: "t declined"))
        #expect(LogQuery.text("ÄPFEL", contains: "pfel"))
        #expect(!LogQuery.text("ÄPFEL", contains: "äpfel"))
        #expect(!LogQuery.text("ab", contains: "abc"))
        #expect(LogQuery.text("", contains: ""))
    }
}
