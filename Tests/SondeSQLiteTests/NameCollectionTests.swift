// SPDX-License-Identifier: Apache-2.0
// Names that nothing bears any longer leave the dictionaries, and their ids come to mean others: nobody may take the one
// for the other, neither a reader, nor a merge, nor the next start.

import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@testable import SondeSQLite

@Suite("Collection of names") struct NameCollectionTests {
    private let clock = ManualTime(.sample(ms: 0))

    private func configure(_ configuration: inout SQLiteStoreConfiguration) {
        let clock = clock
        configuration.now = { clock.now }
        configuration.retention = RetentionPolicy(maxAge: .seconds(60))
    }

    private func send(_ store: SQLiteStore, _ services: [String], trace: UInt64, operations: Int = 3) async throws {
        var spans: [SpanRecord] = []
        for (number, service) in services.enumerated() {
            for operation in 0..<operations {
                spans.append(
                    .sample(
                        trace: trace, UInt64(number * operations + operation + 1), service: service,
                        name: "\(service) does \(operation)"))
            }
        }
        try await store.accept(codec.spanBatch(spans))
        try await store.accept(codec.logBatch(services.map { .sample("a line of \($0)", service: $0) }))
    }

    private func counts(_ path: String) throws -> (services: Int, operations: Int) {
        let report = try StoreCheck.run(path: path)
        #expect(report.findings.map(\.sentence) == [])
        return (report.services, report.operations)
    }

    @Test func whatWasPrunedBeforeAStartIsCollectedAfterIt() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder, configure) { store async throws in
            try await send(store, ["first"], trace: 1)
            clock.now = .sample(ms: 70_000)
            // Upkeep prunes and, so soon, does not collect.
            let upkeep = Task { try await store.run() }
            let deadline = ContinuousClock.now + .seconds(60)
            while try await store.statistics().spans > 0, ContinuousClock.now < deadline { await Task.yield() }
            upkeep.cancel()
            try await upkeep.value
        }
        #expect(try counts(folder.path) == (1, 3))
        try await withStore(folder, configure) { store async throws in
            await store.settle()
            #expect(try counts(folder.path) == (0, 0))
        }
    }

    @Test func namesGoWithTheLastBlockThatBearsThem() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder, configure) { store async throws in
            try await send(store, ["first", "both"], trace: 1)
            await store.settle()
            clock.now = .sample(ms: 50_000)
            try await send(store, ["both", "second"], trace: 2, operations: 2)
            await store.settle()
            #expect(try counts(folder.path) == (3, 8))
            clock.now = .sample(ms: 70_000)
            await store.settle()
            #expect(try counts(folder.path) == (2, 4))
            #expect(try await store.operations(of: "first") == [])
            #expect(try await store.operations(of: "both").map(\.name) == ["both does 0", "both does 1"])
            // What comes now takes the ids; what is there keeps its meaning.
            try await send(store, ["third", "fourth"], trace: 3)
            for isSettled in [false, true] {
                if isSettled { await store.settle() }
                #expect(try await store.services().map(\.name) == ["both", "fourth", "second", "third"])
                let second = try await store.trace(.sample(2))?.spans.map(\.name).sorted()
                #expect(second == ["both does 0", "both does 1", "second does 0", "second does 1"])
                let third = try await store.trace(.sample(3))?.spans ?? []
                #expect(third.count == 6 && third.allSatisfy { $0.name.hasPrefix($0.resource.serviceName) })
                let bodies = try await store.logs(LogQuery()).logs
                #expect(bodies.allSatisfy { $0.body.text == "a line of \($0.resource.serviceName)" })
                #expect(bodies.count == 4)
            }
            #expect(try counts(folder.path) == (4, 10))
            let rows = try Connection(path: folder.file("sonde.db"), mode: .readOnly)
            #expect(try rows.integer("SELECT max(id) FROM service") == 4)
            #expect(try rows.integer("SELECT max(id) FROM op") == 10)
        }
        // The next start reads the same names, spare ids among them.
        try await withStore(folder, configure) { store async throws in
            #expect(try await store.operations(of: "third").count == 3)
            clock.now = .sample(ms: 115_000)
            await store.settle()
            #expect(try await store.services().map(\.name) == ["fourth", "third"])
        }
        try await withStore(folder, configure) { store async throws in
            try await send(store, ["fifth", "third"], trace: 4)
            #expect(try await store.operations(of: "fifth").count == 3)
            #expect(try await store.operations(of: "third").count == 3)
            #expect(try await store.trace(.sample(3))?.spans.count == 6)
        }
        #expect(try counts(folder.path) == (3, 9))
        #expect(try Connection(path: folder.file("sonde.db"), mode: .readOnly).integer("SELECT max(id) FROM op") == 10)
    }

    /// A question that is being answered sees its snapshot, names included.
    @Test func aReaderOfBeforeKeepsTheNamesOfBefore() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder, configure) { store async throws in
            try await send(store, ["old"], trace: 1)
            let session = try SQLSession.open(path: folder.path)
            #expect(try sql(session, "SELECT count(*) FROM spans") == [[.integer(3)]])
            clock.now = .sample(ms: 70_000)
            await store.settle()
            try await send(store, ["new"], trace: 2)
            #expect(try sql(session, "SELECT DISTINCT service FROM spans") == [[.text("old")]])
            let next = try SQLSession.open(path: folder.path)
            #expect(try sql(next, "SELECT DISTINCT service FROM spans") == [[.text("new")]])
        }
    }

    /// Services come and go, far more than there is room for at a time, while batches arrive; each span keeps its name.
    @Test func namesThatComeAndGoNeverFillTheDictionary() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder, configure) { store async throws in
            for round in 1...30 as ClosedRange<UInt64> {
                clock.now = .sample(ms: Int64(round) * 15_000)
                async let settled: Void = store.settle()
                for part in 0..<5 as Range<UInt64> {
                    try await send(
                        store, ["service \(round)", "part \(round % 3 * 5 + part)"], trace: round * 5 + part)
                }
                await settled
            }
            await store.settle()
            let traces = try await store.search(TraceQuery()).traces
            #expect(!traces.isEmpty)
            for trace in traces {
                let spans = try await store.trace(trace.traceID)?.spans ?? []
                #expect(spans.count == 6 && spans.allSatisfy { $0.name.hasPrefix($0.resource.serviceName) })
            }
        }
        let names = try counts(folder.path)
        #expect(names.services <= 25 && names.operations <= 75)
        let rows = try Connection(path: folder.file("sonde.db"), mode: .readOnly)
        #expect(try rows.integer("SELECT max(id) FROM service") < 45)
    }

    @Test func aBlockThatCannotBeReadKeepsAllNames() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder, configure) { store async throws in
            try await send(store, ["first"], trace: 1)
            await store.settle()
            clock.now = .sample(ms: 50_000)
            try await send(store, ["second"], trace: 2)
            await store.settle()
        }
        let file = try Connection(path: folder.file("sonde.db"), mode: .readWrite)
        try file.execute(
            "UPDATE hot SET blob = CAST(substr(blob, 1, 100) AS BLOB) WHERE id = (SELECT max(id) FROM hot)")
        try await withStore(folder, configure) { store async throws in
            clock.now = .sample(ms: 70_000)
            await store.settle()
            #expect(try await store.services().map(\.name) == ["second"])
        }
        #expect(try file.integer("SELECT count(*) FROM service WHERE name != ''") == 2)
    }

    @Test func aNameThatIsFreedWhileABlockBearsItIsDamage() async throws {
        let folder = try TemporaryFolder()
        try await withStore(folder) { try await send($0, ["first"], trace: 1) }
        let file = try Connection(path: folder.file("sonde.db"), mode: .readWrite)
        try file.execute("UPDATE op SET name = '', service = 0, kind = 0 WHERE id = 1")
        let findings = try StoreCheck.run(path: folder.path).findings.map(\.sentence)
        #expect(findings.contains("op 1: does not match its checksum"))
        #expect(findings.contains("block 1 (hot, chunk 0): a span names an operation that there is not"))
    }
}
