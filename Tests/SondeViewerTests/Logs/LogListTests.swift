// SPDX-License-Identifier: Apache-2.0
// Pages of records joined: nothing twice, nothing lost, nothing pretended.

import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@testable import SondeViewer

@Suite("Log list")
struct LogListTests {
    /// A page of records at these milliseconds, newest first, as a reader answers.
    private func page(_ times: Int64..., more: Bool = false) -> LogPage {
        LogPage(
            logs: times.map { .sample("at \($0)", ms: $0) },
            next: more ? LogCursor(time: .sample(ms: times.last ?? 0), sequence: 1) : nil,
            total: Total(times.count, isExact: !more))
    }

    private func times(_ list: LogList) -> [Int64] {
        list.records.map { (Int64($0.time.nanoseconds) - Int64(Timestamp.sampleEpoch.nanoseconds)) / 1_000_000 }
    }

    @Test func newRecordsJoinAtTheFoot() {
        var list = LogList()
        #expect(list.refresh(with: page(5, 4, 3, more: true)) == .joined(inFront: 0))
        #expect(list.refresh(with: page(7, 6, 5, more: true)) == .joined(inFront: 0))
        #expect(times(list) == [3, 4, 5, 6, 7])
    }

    @Test func olderRecordsStandInFront() {
        var list = LogList()
        _ = list.refresh(with: page(5, 4, more: true))
        #expect(list.join(older: page(3, 2)) == .joined(inFront: 2))
        #expect(times(list) == [2, 3, 4, 5])
        #expect(list.older == nil)
        #expect(list.refresh(with: page(6, 5, 4, more: true)) == .joined(inFront: 0))
        #expect(times(list) == [2, 3, 4, 5, 6])
        #expect(list.older == nil)
    }

    @Test func whatCameLateFindsItsPlace() {
        var list = LogList()
        _ = list.refresh(with: page(9, 7, 5, more: true))
        _ = list.refresh(with: page(9, 8, 7, more: true))
        #expect(times(list) == [5, 7, 8, 9])
    }

    @Test func aGapIsNotPaperedOver() {
        var list = LogList()
        _ = list.refresh(with: page(3, 2, 1, more: true))
        #expect(list.refresh(with: page(90, 89, 88, more: true)) == .replaced)
        #expect(times(list) == [88, 89, 90])
        #expect(list.older == LogCursor(time: .sample(ms: 88), sequence: 1))
    }

    @Test func theSameRecordTwiceIsShownTwiceAndNotMore() {
        var list = LogList()
        _ = list.refresh(with: page(3, 3, 2, 2, more: true))
        _ = list.refresh(with: page(4, 3, 3, 2, more: true))
        #expect(times(list) == [2, 2, 3, 3, 4])
    }

    @Test func whatTheStoreLetGoOfGoes() {
        var list = LogList()
        _ = list.refresh(with: page(3, 2, 1))
        #expect(list.refresh(with: page(4, 3)) == .joined(inFront: -2))
        #expect(times(list) == [3, 4])
        #expect(list.refresh(with: page()) == .replaced)
        #expect(list.records.isEmpty)
    }

    @Test func aLongTailForgetsItsBeginningAtAMomentItCanReturnTo() {
        var list = LogList()
        var newest: Int64 = 0
        while newest < 21_000 {
            let fresh = (0..<500).map { LogRecord.sample("x", ms: newest + 500 - Int64($0)) }
            _ = list.refresh(
                with: LogPage(
                    logs: fresh, next: LogCursor(time: .sample(ms: newest), sequence: 1),
                    total: Total(1, isExact: false)))
            newest += 499
        }
        #expect(list.records.count == 20_000)
        #expect(list.older == list.records.first.map { LogCursor(time: $0.effectiveTime, sequence: 0) })
    }
}

@Suite("Log words")
struct LogWordsTests {
    @Test func whatIsTypedIsAsked() throws {
        let query = try LogWords.query("level=WARN connection service=\"my orders\" refused by a=b")
        #expect(query.minLevel == .warn)
        #expect(query.service == "my orders")
        #expect(query.text == "connection refused by a=b")
        #expect(try LogWords.query("  ") == LogQuery())
        #expect(try LogWords.query("trace=\(TraceID.sample(7).hex) span=00000000000000ab").spanID == SpanID(0xAB))
    }

    @Test(arguments: [
        ("level=loud", "expected one of trace, debug, info, warn, error, fatal"), ("trace=12", "32 hex digits"),
        ("span=zz", "16 hex digits"),
    ])
    func whatCantBeReadIsExplained(line: String, part: String) {
        #expect { _ = try LogWords.query(line) } throws: { ($0 as? LogWordsError)?.sentence.contains(part) == true }
    }

    @Test(arguments: [
        "refused", "a  b", " blanks ", "level=warn", "say \"hi\"", "back\\slash", "text=x", "\"", "service=a b", "注文 ü",
    ])
    func everyTextComesBack(text: String) throws {
        var query = LogQuery()
        query.text = text
        query.service = "a \"b\" c\\d"
        query.minLevel = .error
        #expect(try LogWords.query(LogWords.line(of: query)) == query, "\(LogWords.line(of: query))")
    }

    @Test func completesNamesLevelsAndServices() {
        #expect(LogWords.candidates("le", services: []).words == ["level="])
        #expect(LogWords.candidates("x level=e", services: []).words == ["error"])
        #expect(LogWords.candidates("service=o", services: ["orders", "users"]).words == ["orders"])
        #expect(LogWords.candidates("refused ", services: []).words.isEmpty)
    }
}
