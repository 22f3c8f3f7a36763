// SPDX-License-Identifier: Apache-2.0
// A damaged row of the dictionaries costs its own name, and no other moves into its place.

import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("Damaged names") struct DamagedNamesTests {
    private let services = ["first", "second", "third"]

    private func send(_ store: SQLiteStore, trace: UInt64) async throws {
        let spans = services.enumerated().map { number, service in
            SpanRecord.sample(trace: trace, UInt64(number + 1), service: service, name: "\(service) works")
        }
        try await store.accept(codec.spanBatch(spans))
        try await store.accept(codec.logBatch(services.map { .sample("a line of \($0)", service: $0) }))
    }

    @Test(arguments: [
        "UPDATE op SET service = -5 WHERE id = 1", "UPDATE op SET service = 9223372036854775807 WHERE id = 2",
        "UPDATE op SET service = -9223372036854775808 WHERE id = 2", "UPDATE op SET kind = 77 WHERE id = 2",
        "DELETE FROM op WHERE id = 2", "DELETE FROM op WHERE id = 1", "UPDATE op SET id = 70000000 WHERE id = 2",
        "UPDATE op SET id = 500 WHERE id = 2", "UPDATE op SET id = -1 WHERE id = 3",
        "UPDATE op SET service = 3, name = 'third works' WHERE id = 2", "DELETE FROM service WHERE id = 2",
        "UPDATE service SET name = 'first' WHERE id = 2", "UPDATE service SET name = '' WHERE id = 1",
        "UPDATE service SET id = 9223372036854775807 WHERE id = 2", "UPDATE service SET sum = 1 WHERE id = 1",
    ])
    func aDamagedRowCostsItsOwnNameAndNoOther(sql: String) async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder) { store async throws in
            try await send(store, trace: 1)
            await store.settle()
        }
        try Connection(path: folder.file("sonde.db"), mode: .readWrite).execute(sql)
        for round in 2...4 as ClosedRange<UInt64> {
            try await withStore(folder) { store async throws in
                try await send(store, trace: round)
                for isSettled in [false, true] {
                    if isSettled { await store.settle() }
                    let names = try await store.trace(.sample(round))?.spans.map(\.name)
                    #expect(names == services.map { "\($0) works" })
                    for service in services {
                        var query = TraceQuery()
                        query.service = service
                        #expect(try await store.search(query).traces.contains { $0.traceID == .sample(round) })
                        #expect(try await store.operations(of: service).map(\.name).contains("\(service) works"))
                    }
                }
            }
        }
    }

    @Test func everyRowThatIsWrongIsNamed() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder) { store async throws in try await send(store, trace: 1) }
        let connection = try Connection(path: folder.file("sonde.db"), mode: .readWrite)
        try connection.execute("UPDATE op SET service = -5 WHERE id = 1")
        try connection.execute("DELETE FROM op WHERE id = 2")
        try connection.execute("UPDATE service SET id = 99999999 WHERE id = 3")
        var names = NameTables()
        let damages = try names.load(connection)
        #expect(
            damages == [
                "service 99999999 should have the id 3", "op 1 does not match its checksum", "op 2 is missing",
                "op 3 names service 3 and kind 2, which there are not",
            ])
        #expect(names.newServices.isEmpty && names.newOperations.isEmpty)
    }
}
