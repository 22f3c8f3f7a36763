// SPDX-License-Identifier: Apache-2.0
// The query language in the shell: errors show the place, hits show what was found, on a collector and on a file.

import Foundation
import Logging
import SondeModel
import SondeSQLite
import SondeStorage
import SondeTestKit
import Testing

@Suite("Queries in the shell")
struct QueryCommandTests {
    private func outcomes(of commands: [[String]]) async throws -> [Outcome] {
        let store = MemoryStore()
        try await CollectorFixture.fill(store)
        let collected = Collected()
        try await CollectorFixture.with(store) { url in
            let scratch = try Scratch()
            for command in commands {
                await collected.add(try await Binary.run(command + ["--at", url], environment: [:], in: scratch))
            }
        }
        return await collected.outcomes
    }

    private actor Collected {
        private(set) var outcomes: [Outcome] = []

        func add(_ outcome: Outcome) { outcomes.append(outcome) }
    }

    @Test func aMistakeIsShownWithACaretBelowIt() async throws {
        let commands = [
            ["traces", "{ status = \"error\" }"], ["traces", "{ name =~ \"(\" }"], ["traces", "{} | rate()"],
            ["traces", "service=orders", "duration>fast"], ["traces", "(error", "OR", "root"], ["traces", "orders"],
            ["export", "{ .a = 1"],
        ]
        var text = ""
        for (command, outcome) in zip(commands, try await outcomes(of: commands)) {
            #expect(outcome.status == 2, "\(command)")
            #expect(outcome.output == "")
            text += "$ sonde " + command.map { "'\($0)'" }.joined(separator: " ") + "\n" + outcome.errors + "\n"
        }
        try Golden().expect(text, is: "query-errors.txt")
    }

    private static let query = "{ resource.service.name = \"gateway\" } >> { status = error } | select(.amount, name)"

    @Test func hitsShowWhatWasFound() async throws {
        let outcome = try await outcomes(of: [["traces", Self.query, "--output", "json"]])[0]
        #expect(outcome.status == 0, "\(outcome.errors)")
        try Golden().expect(outcome.output, is: "traces-traceql.json")
    }

    @Test func aFileAnswersAsACollectorDoes() async throws {
        let scratch = try Scratch()
        let folder = scratch.file("data")
        var configuration = SQLiteStoreConfiguration(directory: folder)
        configuration.durability = .relaxed
        let store = try await SQLiteStore.open(
            configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await CollectorFixture.fill(store)
        await store.close()
        let outcome = try await Binary.run(
            ["traces", Self.query, "--output", "json", "--db", folder], environment: [:], in: scratch)
        #expect(outcome.status == 0, "\(outcome.errors)")
        try Golden().expect(outcome.output, is: "traces-traceql.json")
    }

    @Test func nothingFoundByAQueryIsSaidSo() async throws {
        let outcome = try await outcomes(of: [["traces", "{ name = \"nothing\" }"]])[0]
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("Loosen the conditions"))
    }
}
