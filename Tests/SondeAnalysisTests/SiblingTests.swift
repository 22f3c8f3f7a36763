// SPDX-License-Identifier: Apache-2.0
// Repetitions, serial runs and retries on hand-made traces.

import SondeAnalysis
import SondeModel
import SondeTestKit
import Testing

@Suite("Siblings")
struct SiblingTests {
    private func report(_ spans: [SpanRecord]) -> TraceReport {
        TraceAnalysis.report(on: Trace(id: .sample(1), assembling: spans))
    }

    private func query(_ id: UInt64, start: Int64, duration: Int64 = 5, _ sql: String = "SELECT 1") -> SpanRecord {
        .sample(
            id, parent: 1, name: "SELECT item", kind: .client, start: start, duration: duration,
            attributes: [Attribute("db.query.text", .string(sql))])
    }

    private let root = SpanRecord.sample(1, duration: 1_000)

    // MARK: Repetitions

    @Test func queriesThatDifferInLiteralsAreOneRepetitionAndNPlusOne() throws {
        let queries = (0..<4).map { query(UInt64($0) + 2, start: $0 * 10, "SELECT a FROM item WHERE id = \($0)") }
        let found = try #require(report([root] + queries).repeats.first)
        #expect(found.count == 4 && found.isSerial && found.isNPlusOne)
        #expect(found.statement == "SELECT a FROM item WHERE id = ?")
        #expect(found.totalNanos == 20_000_000 && found.elapsedNanos == 35_000_000)
    }

    @Test func queriesAtTheSameTimeAreARepetitionButNotNPlusOne() throws {
        let found = try #require(report([root] + (0..<4).map { query(UInt64($0) + 2, start: $0) }).repeats.first)
        #expect(found.count == 4 && !found.isSerial && !found.isNPlusOne)
    }

    @Test func twoQueriesAreNoNPlusOne() throws {
        let found = try #require(report([root, query(2, start: 0), query(3, start: 10)]).repeats.first)
        #expect(found.count == 2 && !found.isNPlusOne)
    }

    @Test func statementsThatDifferAreNoRepetition() {
        #expect(
            report([root, query(2, start: 0, "SELECT a FROM b"), query(3, start: 10, "SELECT c FROM b")]).repeats == [])
    }

    @Test func messagesTakenFromAQueueAreNoNPlusOne() throws {
        let messages = (0..<9).map {
            SpanRecord.sample(
                UInt64($0) + 2, parent: 1, name: "orders process", kind: .consumer, start: $0 * 10, duration: 5)
        }
        let found = try #require(report([root] + messages).repeats.first)
        #expect(found.count == 9 && !found.isNPlusOne)
    }

    @Test func callsToURLsThatDifferInIDsAreNPlusOne() throws {
        let calls = (0..<3).map {
            SpanRecord.sample(
                UInt64($0) + 2, parent: 1, name: "GET", kind: .client, start: $0 * 10, duration: 5,
                attributes: [
                    Attribute("http.request.method", .string("GET")),
                    Attribute("url.full", .string("http://users:80/users/\($0 + 100)?page=\($0)")),
                ])
        }
        let found = try #require(report([root] + calls).repeats.first)
        #expect(found.isNPlusOne && found.statement == "GET http://users:{id}/users/{id}")
    }

    // MARK: Serial runs

    private func step(_ id: UInt64, _ name: String, start: Int64, duration: Int64) -> SpanRecord {
        .sample(id, parent: 1, name: name, kind: .client, start: start, duration: duration)
    }

    @Test func callsOneAfterAnotherTellWhatTogetherTheyWouldSave() throws {
        let found = try #require(
            report([
                root, step(2, "a", start: 0, duration: 300), step(3, "b", start: 300, duration: 200),
                step(4, "c", start: 510, duration: 100),
            ])
            .serialRuns.first)
        #expect(found.steps.map(\.operation) == ["a", "b", "c"])
        #expect(found.savedNanos == 300_000_000 && found.elapsedNanos == 610_000_000 && !found.hasWrites)
    }

    @Test func callsThatOverlapAreNoRun() {
        #expect(
            report([root, step(2, "a", start: 0, duration: 300), step(3, "b", start: 100, duration: 300)]).serialRuns
                == [])
    }

    @Test func whatSavesLittleIsNotTold() {
        #expect(
            report([root, step(2, "a", start: 0, duration: 300), step(3, "b", start: 300, duration: 20)]).serialRuns
                == [])
    }

    // MARK: Retries

    private func attempt(_ id: UInt64, start: Int64, fails: Bool = true) -> SpanRecord {
        .sample(
            id, parent: 1, name: "POST", kind: .client, start: start, duration: 10,
            status: SpanStatus(code: fails ? .error : .unset))
    }

    @Test func callsRepeatedAfterFailuresAreRetriesAndNoNPlusOne() throws {
        let report = report([root, attempt(2, start: 0), attempt(3, start: 10), attempt(4, start: 20, fails: false)])
        let found = try #require(report.retries.first)
        #expect(found.attempts == 3 && found.failures == 2 && found.succeeded && found.backoff == .none)
        #expect(report.repeats == [])
    }

    @Test func growingPausesAreBackoff() throws {
        let found = try #require(
            report([root, attempt(2, start: 0), attempt(3, start: 110), attempt(4, start: 320), attempt(5, start: 730)])
                .retries.first)
        #expect(found.backoff == .growing && !found.succeeded && found.waitedNanos == 700_000_000)
    }

    @Test func evenPausesAreConstant() throws {
        let found = try #require(
            report([root, attempt(2, start: 0), attempt(3, start: 110), attempt(4, start: 220)]).retries.first)
        #expect(found.backoff == .constant)
    }

    @Test func aFailureBeforeASuccessAndAnotherCallIsOneRetry() throws {
        let found = report([
            root, attempt(2, start: 0), attempt(3, start: 10, fails: false), attempt(4, start: 20, fails: false),
        ]).retries
        #expect(found.map(\.attempts) == [2])
    }
}
