// SPDX-License-Identifier: Apache-2.0
// docs/sql.md: every example runs and finds something, every column it names is there.

import FoundationEssentials
import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("docs/sql.md") struct SQLDocumentTests {
    private static let page: String = {
        var url = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { url.deleteLastPathComponent() }
        return (try? String(contentsOf: url.appendingPathComponent("docs/sql.md"), encoding: .utf8)) ?? ""
    }()

    static let examples = page.components(separatedBy: "```sql\n").dropFirst().map {
        $0.components(separatedBy: "```")[0]
    }

    /// The shop of the fixtures, moved to now: some examples look at the last minutes.
    private func openSession() async throws -> SQLSession {
        let folder = try TemporaryFolder()
        let now = SystemClock.now().nanoseconds
        try await withStore(folder) { store async throws in
            let spans = (1...20 as ClosedRange<UInt64>).flatMap { trace in
                FixtureTelemetry.spans(trace).map { span in
                    var span = span
                    let length = span.start.nanoseconds(until: span.end)
                    span.start = Timestamp(nanoseconds: now - 60_000_000_000 + trace * 1_000_000_000)
                    span.end = Timestamp(nanoseconds: span.start.nanoseconds + length)
                    return span
                }
            }
            try await store.accept(codec.spanBatch(spans))
            try await store.accept(codec.logBatch((0..<20).map { FixtureTelemetry.log($0) }))
            await store.settle()
        }
        return try SQLSession.open(path: folder.path)
    }

    @Test func hasExamples() { #expect(Self.examples.count >= 10) }

    @Test(arguments: examples) func everyExampleFindsSomething(query: String) async throws {
        let rows = try sql(try await openSession(), query)
        #expect(!rows.isEmpty)
        #expect(rows.contains { row in row.contains { $0 != .null } })
    }

    @Test(arguments: ["spans", "traces", "logs"]) func namesEveryColumn(table: String) async throws {
        let columns = try sql(try await openSession(), "SELECT name FROM pragma_table_info('\(table)')")
        #expect(columns.count >= 10)
        for column in columns {
            guard case .text(let name)? = column.first else { continue }
            #expect(Self.page.contains("`\(name)`"), "\(table).\(name)")
        }
    }
}
