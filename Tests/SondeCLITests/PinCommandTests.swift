// SPDX-License-Identifier: Apache-2.0
// `sonde pin` against a collector, and against a file that none holds.

import Foundation
import Logging
import SondeModel
import SondeSQLite
import SondeStorage
import Testing

@testable import SondeCLI

@Suite("sonde pin")
struct PinCommandTests {
    private static let id = CollectorFixture.failedTrace.hex

    @Test(arguments: [
        ["pin"], ["pin", "zz"], ["pin", "--list", "--remove"], ["pin", "5b8e", "--list"],
        ["pin", "5b8e", "--note", String(repeating: "x", count: 1_025)],
    ])
    func refusesWhatIsNoQuestion(words: [String]) async throws {
        let outcome = try await Binary.run(words, in: Scratch())
        #expect(outcome.status == 2)
        #expect(!outcome.errors.isEmpty && outcome.output.isEmpty)
    }

    @Test func refusesToChangePinsOfAFileThatACollectorHolds() async throws {
        let scratch = try Scratch()
        let folder = scratch.file("data")
        let store = try await SQLiteStore.open(
            SQLiteStoreConfiguration(directory: folder), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await CollectorFixture.fill(store)
        let outcome = try await Binary.run(["pin", Self.id, "--db", folder], in: scratch)
        #expect(outcome.status == 4)
        #expect(outcome.errors.contains("writes to this data folder"))
        #expect(outcome.errors.contains("leave out --db"))
        let list = try await Binary.run(["pin", "--list", "--db", folder], in: scratch)
        #expect(list.status == 1 && list.errors.contains("no trace is pinned"))
        await store.close()
        try await tellTheStory(["--db", folder + "/sonde.db"], scratch)
    }

    @Test func pinsListsAndUnpinsATraceOfACollector() async throws {
        let store = MemoryStore()
        try await CollectorFixture.fill(store)
        try await CollectorFixture.with(store) { url in try await tellTheStory(["--at", url], Scratch()) }
    }

    private func tellTheStory(_ place: [String], _ scratch: Scratch) async throws {
        let unknown = try await Binary.run(["pin", "feedfeed"] + place, in: scratch)
        #expect(unknown.status == 1 && unknown.errors.contains("no trace begins with feedfeed"))
        let pinned = try await Binary.run(["pin", "5b8efff798038", "--note", "the slow one"] + place, in: scratch)
        #expect(pinned.status == 0, "\(pinned.errors)")
        #expect(pinned.output == "\(Self.id) is pinned\n")
        let list = try await Binary.run(["pin", "--list"] + place, in: scratch)
        #expect(list.status == 0 && list.output.contains(Self.id) && list.output.contains("the slow one"))
        let lines = try await Binary.run(["pin", "--list", "--output", "ndjson"] + place, in: scratch)
        #expect(lines.output.hasPrefix("{\"traceId\":\"\(Self.id)\",\"note\":\"the slow one\",\"pinnedAt\":\""))
        let stats = try await Binary.run(["stats", "--output", "json"] + place, in: scratch)
        #expect(stats.output.contains("\"pinnedTraces\":1"))
        let removed = try await Binary.run(["pin", "5b8e", "--remove"] + place, in: scratch)
        #expect(removed.status == 0 && removed.output == "\(Self.id) is no longer pinned\n", "\(removed.errors)")
        let again = try await Binary.run(["pin", "5b8e", "--remove"] + place, in: scratch)
        #expect(again.status == 1)
    }
}
