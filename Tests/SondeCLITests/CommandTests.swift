// SPDX-License-Identifier: Apache-2.0
// The commands against a running collector: what they print and how they end.

import Foundation
import SondeModel
import SondeStorage
import SondeTestKit
import Testing

@Suite("Commands")
struct CommandTests {
    /// Runs each command line against one collector and hands the outcomes over.
    private func outcomes(of commands: [[String]], environment: [String: String] = [:]) async throws -> [Outcome] {
        let store = MemoryStore()
        try await CollectorFixture.fill(store)
        let collected = Collected()
        try await CollectorFixture.with(store) { url in
            let scratch = try Scratch()
            for command in commands {
                await collected.add(
                    try await Binary.run(command + ["--at", url], environment: environment, in: scratch))
            }
        }
        return await collected.outcomes
    }

    static let found: [(String, [String])] = [
        ("services", ["services"]), ("operations", ["operations", "orders"]), ("traces", ["traces"]),
        ("traces-errors", ["traces", "--errors"]), ("traces-limit", ["traces", "--limit", "1"]),
        ("trace", ["trace", "5b8efff798038"]), ("trace-logs", ["trace", CollectorFixture.failedTrace.hex, "--logs"]),
        ("trace-incomplete", ["trace", "00f0"]), ("logs", ["logs"]), ("logs-error", ["logs", "--level", "error"]),
        ("stats", ["stats"]),
    ]

    @Test func answersLookAsAgreed() async throws {
        for columns in ["80", "120", "200"] {
            let outcomes = try await outcomes(
                of: Self.found.map { $0.1 + ["--utc"] }.map { $0[0] == "services" || $0[0] == "operations" ? $0 : $0 },
                environment: ["COLUMNS": columns])
            for ((name, _), outcome) in zip(Self.found, outcomes) {
                #expect(outcome.status == 0, "\(name): \(outcome.errors)")
                #expect(outcome.errors == "")
                try Golden().expect(outcome.output, is: "\(name)-\(columns).txt")
            }
        }
    }

    @Test func documentsLookAsAgreed() async throws {
        for format in ["json", "ndjson"] {
            let outcomes = try await outcomes(of: Self.found.map { $0.1 + ["--output", format] })
            for ((name, _), outcome) in zip(Self.found, outcomes) {
                #expect(outcome.status == 0, "\(name): \(outcome.errors)")
                try Golden().expect(outcome.output, is: "\(name).\(format)")
                for line in outcome.output.split(separator: "\n") {
                    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
                }
                if format == "json" { #expect(outcome.output.split(separator: "\n").count == 1) }
            }
        }
    }

    @Test func aTraceIsGivenAsOTLP() async throws {
        let outcomes = try await outcomes(of: [["trace", CollectorFixture.failedTrace.hex, "--output", "otlp"]])
        let outcome = try #require(outcomes.first)
        #expect(outcome.output.contains("\"resourceSpans\""))
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) }
    }

    @Test func pagesFollowTheirCursors() async throws {
        let first = try await outcomes(of: [["traces", "--limit", "2", "--output", "json"]])[0]
        let answer = try JSONSerialization.jsonObject(with: Data(first.output.utf8)) as? [String: Any]
        let cursor = try #require(answer?["next"] as? String)
        let second = try await outcomes(of: [["traces", "--cursor", cursor, "--output", "ndjson"]])[0]
        #expect(second.output.split(separator: "\n").count == 1)
        #expect(second.output.contains(CollectorFixture.failedTrace.hex))
    }

    static let conditions: [(String, [String])] = [
        ("5b8efff798038103", ["{ status = error && .amount > 41 }"]),
        ("5b8efff798038103", ["{", "duration", ">", "120ms", "}"]),
        ("00f067aa0ba902b7", ["NOT", "service=gateway", "kind=consumer"]),
        ("5b8efff79803ffff", ["root", "duration<100ms"]),
        ("5b8efff79803ffff", ["--root-only", "--max-duration", "100ms"]),
        ("5b8efff798038103", ["--operation-like", "POST /pay*"]),
        ("00f067aa0ba902b7", ["--operation-like", "s*d", "--kind", "consumer"]),
        ("5b8efff798038103", ["{ status = error } << {}", "--root-only"]),
        ("5b8efff798038103", ["amount>=42", "has:card.brand"]),
        ("5b8efff798038103", ["service=payments", "error"]), ("5b8efff798038103", ["card.brand=visa duration>50ms"]),
        ("5b8efff798038103", ["amount=42", "--service", "payments"]),
        ("00f067aa0ba902b7", ["kind=consumer", "traceDuration<10ms"]),
        ("5b8efff798038103", ["--service", "payments"]), ("5b8efff798038103", ["--attr", "card.brand=visa"]),
        ("5b8efff798038103", ["--attr", "amount=42", "--status", "error", "--kind", "server"]),
        ("5b8efff798038103", ["--min-duration", "110ms"]),
        ("5b8efff79803ffff", ["--service", "gateway", "--max-duration", "100ms"]),
        ("5b8efff798038103", ["--min-trace-duration", "0.1s"]), ("00f067aa0ba902b7", ["--max-trace-duration", "10ms"]),
        ("00f067aa0ba902b7", ["--kind", "consumer"]), ("00f067aa0ba902b7", ["--operation", "send"]),
        ("00f067aa0ba902b7", ["--start", "2026-01-02T03:04:07Z"]),
        ("5b8efff798038103", ["--end", "2026-01-02 04:04:06.000 +01:00"]),
        ("00f067aa0ba902b7", ["--since", "2000w"].map { $0 == "2000w" ? "20000d" : $0 } + ["--limit", "1"]),
    ]

    @Test func everyConditionFindsItsTraceOnly() async throws {
        let outcomes = try await outcomes(of: Self.conditions.map { ["traces", "--output", "ndjson"] + $0.1 })
        for ((id, flags), outcome) in zip(Self.conditions, outcomes) {
            let lines = outcome.output.split(separator: "\n")
            #expect(lines.count == 1, "\(flags): \(outcome.output)\(outcome.errors)")
            #expect(lines.first?.contains("\"traceId\":\"\(id)") == true, "\(flags)")
        }
    }

    @Test func nothingFoundEndsWithOneAndSaysSo() async throws {
        let commands = [
            ["traces", "--service", "nobody"], ["operations", "nobody"], ["logs", "--text", "unicorn"],
            ["trace", "ffff"],
            ["trace", "0123456789abcdef0123456789abcdef"], ["logs", "--trace", "abcd"],
        ]
        for (command, outcome) in zip(commands, try await outcomes(of: commands)) {
            #expect(outcome.status == 1, "\(command)")
            #expect(outcome.output == "", "\(command)")
            #expect(outcome.errors.hasPrefix("sonde: "), "\(command)")
        }
        let json = try await outcomes(of: [["traces", "--service", "nobody", "--output", "json"]])[0]
        #expect(json.status == 1)
        #expect(json.output == "{\"traces\":[],\"next\":null,\"total\":{\"value\":0,\"exact\":true}}\n")
    }

    @Test func anAmbiguousPrefixEndsWithTwoAndListsTheCandidates() async throws {
        let outcome = try await outcomes(of: [["trace", "5b8efff79803"]])[0]
        #expect(outcome.status == 2)
        #expect(outcome.output == "")
        #expect(
            outcome.errors == """
                sonde: more than one trace begins with 5b8efff79803
                Give more digits of one of these:
                  \(CollectorFixture.failedTrace.hex)
                  \(CollectorFixture.wellTrace.hex)

                """)
    }

    @Test func aPipeGetsNoColoursAndAHundredAndTwentyColumns() async throws {
        let commands = [["trace", CollectorFixture.failedTrace.hex], ["logs"], ["traces"]]
        for outcome in try await outcomes(of: commands, environment: ["TERM": "xterm-256color"]) {
            #expect(!outcome.output.contains("\u{1B}"))
            #expect(outcome.output.split(separator: "\n").allSatisfy { $0.count <= 120 })
        }
        let colourful = try await outcomes(of: [["trace", CollectorFixture.failedTrace.hex, "--color", "always"]])[0]
        #expect(colourful.output.contains("\u{1B}[31m✗ \u{1B}[0m"))
    }

    @Test func anAnswerThatCannotBeWrittenIsNoSuccess() async throws {
        let store = MemoryStore()
        try await CollectorFixture.fill(store)
        try await CollectorFixture.with(store) { url in
            let scratch = try Scratch()
            let process = Binary.process(["traces", "--at", url], [:], in: scratch)
            process.standardOutput = try FileHandle(forWritingTo: URL(filePath: "/dev/full"))
            let errors = scratch.file("errors")
            try Data().write(to: URL(filePath: errors))
            process.standardError = try FileHandle(forWritingTo: URL(filePath: errors))
            try await Binary.end(of: process) { try process.run() }
            #expect(process.terminationStatus == 4)
            #expect(
                try String(contentsOfFile: errors, encoding: .utf8)
                    == "sonde: cannot write the answer: the disk is full\n")
        }
    }

    @Test func aReaderThatLeavesEarlyIsNoError() async throws {
        let store = MemoryStore()
        try await CollectorFixture.fill(store)
        try await CollectorFixture.with(store) { url in
            let scratch = try Scratch()
            let process = Binary.process(["traces", "--at", url], [:], in: scratch)
            let pipe = Pipe()
            try pipe.fileHandleForReading.close()
            process.standardOutput = pipe
            let errors = scratch.file("errors")
            try Data().write(to: URL(filePath: errors))
            process.standardError = try FileHandle(forWritingTo: URL(filePath: errors))
            try await Binary.end(of: process) { try process.run() }
            #expect(process.terminationReason == .exit)
            #expect(process.terminationStatus == 0)
            #expect(try String(contentsOfFile: errors, encoding: .utf8) == "")
        }
    }
}

private actor Collected {
    var outcomes: [Outcome] = []
    func add(_ outcome: Outcome) { outcomes.append(outcome) }
}
