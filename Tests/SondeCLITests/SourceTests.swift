// SPDX-License-Identifier: Apache-2.0
// A collector and the file it writes give the same answers, at the same time.

import Foundation
import Logging
import SondeModel
import SondeSQLite
import SondeTestKit
import Testing

@Suite("Sources")
struct SourceTests {
    static let questions: [[String]] = [
        ["services"], ["operations", "orders"], ["operations", "nobody"], ["traces"], ["traces", "--errors"],
        ["traces", "--limit", "1"], ["traces", "--attr", "card.brand=visa"], ["traces", "--service", "nobody"],
        ["trace", "5b8efff798038"], ["trace", "5b8efff79803"], ["trace", "00f0", "--logs"], ["trace", "ffff"], ["logs"],
        ["logs", "--level", "error"], ["logs", "--text", "DECLINED"], ["logs", "--trace", "5b8efff798038"],
    ]

    @Test func aFileAnswersAsTheCollectorThatWritesIt() async throws {
        let scratch = try Scratch()
        let folder = scratch.file("data")
        let store = try await SQLiteStore.open(
            SQLiteStoreConfiguration(directory: folder), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await CollectorFixture.fill(store)
        try await CollectorFixture.with(store) { url in
            for question in Self.questions {
                for format in ["text", "json", "ndjson"] {
                    let command = question + ["--output", format]
                    let remote = try await Binary.run(command + ["--at", url], in: scratch)
                    let file = try await Binary.run(command + ["--db", folder], in: scratch)
                    #expect(remote.output == file.output, "\(command)")
                    #expect(remote.errors == file.errors, "\(command)")
                    #expect(remote.status == file.status, "\(command)")
                }
            }
            let byName = try await Binary.run(
                ["traces", "--db", folder + "/sonde.db", "--output", "ndjson"], in: scratch)
            #expect(byName.output.split(separator: "\n").count == 3)
        }
        // The collector is gone; the file stays.
        let outcome = try await Binary.run(
            ["trace", CollectorFixture.failedTrace.hex, "--db", folder, "--utc"], in: scratch)
        try Golden().expect(outcome.output, is: "trace-120.txt")
    }

    @Test func otlpIsTheSameFromBoth() async throws {
        let scratch = try Scratch()
        let folder = scratch.file("data")
        let store = try await SQLiteStore.open(
            SQLiteStoreConfiguration(directory: folder), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await CollectorFixture.fill(store)
        try await CollectorFixture.with(store) { url in
            let command = ["trace", CollectorFixture.failedTrace.hex, "--output", "otlp"]
            let remote = try await Binary.run(command + ["--at", url], in: scratch)
            let file = try await Binary.run(command + ["--db", folder], in: scratch)
            #expect(remote.output == file.output)
            #expect(remote.output.hasPrefix("{\"resourceSpans\":["))
        }
    }
}
