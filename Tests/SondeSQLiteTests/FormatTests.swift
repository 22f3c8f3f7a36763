// SPDX-License-Identifier: Apache-2.0
// Files written by earlier versions open and answer as they did.

import FoundationEssentials
import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("File formats")
struct FormatTests {
    static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures")

    /// A copy, so that opening it for writing leaves the original as it is.
    private func copy(_ name: String) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try FileManager.default.copyItem(
            atPath: Self.fixtures.appendingPathComponent(name).path, toPath: folder.file("sonde.db"))
        return folder
    }

    @Test(arguments: ["format-1.db", "format-2.db", "format-3.db", "format-4.db"])
    func aFileOfAnEarlierFormatGivesTheSameAnswers(name: String) async throws {
        let folder = try copy(name)
        let reader = try await SQLiteReader.open(path: folder.path)
        try await check(reader, reader)
        await reader.close()
    }

    @Test(arguments: ["format-1.db", "format-2.db", "format-3.db", "format-4.db"])
    func aFileOfAnEarlierFormatIsWrittenOn(name: String) async throws {
        let folder = try copy(name)
        try await withStore(folder) { store async throws in
            try await store.accept(codec.spanBatch([.sample(trace: 1, 1)]))
            await store.settle()
            #expect(try await store.statistics().spans == 10_001)
            #expect(try await store.trace(FixtureTelemetry.traceID(77))?.spans.count == 10)
        }
    }

    @Test func readingAFileOfFormatOneLeavesItAsItIsAndOpeningItForWritingBringsItUpToDate() async throws {
        let folder = try copy("format-1.db")
        let version = { () throws(SQLiteError) in
            try Connection(path: folder.file("sonde.db"), mode: .readOnly).integer("PRAGMA user_version")
        }
        let reader = try await SQLiteReader.open(path: folder.path)
        #expect(try await reader.pins().isEmpty)
        #expect(try await reader.statistics().pinnedTraces == 0)
        await reader.close()
        #expect(try version() == 1)
        try await withStore(folder) { store async throws in
            #expect(try await store.pin(FixtureTelemetry.traceID(77), note: "of old") != nil)
        }
        #expect(try version() == Schema.version)
        #expect(try StoreCheck.run(path: folder.path).findings == [])
        try await withStore(folder, { $0.retention.maxAge = .seconds(1) }) { store async throws in
            await store.settle()
            #expect(try await store.statistics().traces == 1)
            #expect(try await store.trace(FixtureTelemetry.traceID(77))?.spans.count == 10)
        }
    }

    private func check(_ traces: some TraceReader, _ logs: some LogReader) async throws {
        let statistics = try await traces.statistics()
        #expect(
            [statistics.spans, statistics.traces, statistics.logs, statistics.services] == [10_000, 1_000, 1_000, 5])
        #expect(try await traces.services().map(\.spanCount) == [2_000, 2_000, 2_000, 2_000, 2_000])
        #expect(try await traces.operations(of: "gateway").map(\.name) == ["POST /checkout", "step 5"])
        for trace in [1, 10, 500, 1_000] as [UInt64] {
            let want = Trace(id: FixtureTelemetry.traceID(trace), assembling: FixtureTelemetry.spans(trace))
            #expect(try await traces.trace(want.id) == want)
        }
        var failed = TraceQuery()
        failed.status = .error
        failed.limit = 1_000
        #expect(try await traces.search(failed).traces.count == 100)
        var order = TraceQuery()
        order.attributes = [AttributeCondition(key: "order.id", value: "ord-\(321 * 7_919 % 100_003)")]
        #expect(try await traces.search(order).traces.map(\.traceID) == [FixtureTelemetry.traceID(321)])
        var declined = LogQuery()
        declined.text = "Payment Declined"
        declined.limit = 200
        #expect(try await logs.logs(declined).logs == (0..<100).reversed().map { FixtureTelemetry.log($0 * 10) })
    }

    /// With `SONDE_RECORD_FIXTURES=1` the file is kept as the fixture of its format; see Fixtures/README.md.
    @Test func recordsTheFixtureOfThisFormat() async throws {
        let folder = try TemporaryFolder()
        let time = Timestamp(nanoseconds: 1_767_323_100_000_000_000)
        try await withStore(folder, { $0.now = { time } }) { store async throws in
            for first in stride(from: 1 as UInt64, through: FixtureTelemetry.traces, by: 50) {
                let spans = (first..<(first + 50)).flatMap(FixtureTelemetry.spans)
                try await store.accept(codec.spanBatch(spans))
            }
            try await store.accept(codec.logBatch((0..<FixtureTelemetry.logs).map(FixtureTelemetry.log)))
            await store.settle()
            try await check(store, store)
        }
        guard ProcessInfo.processInfo.environment["SONDE_RECORD_FIXTURES"] == "1" else { return }
        let target = Self.fixtures.appendingPathComponent("format-\(Schema.version).db").path
        try? FileManager.default.removeItem(atPath: target)
        try FileManager.default.copyItem(atPath: folder.file("sonde.db"), toPath: target)
    }
}
