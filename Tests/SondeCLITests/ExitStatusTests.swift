// SPDX-License-Identifier: Apache-2.0
// How the real binary ends where nothing runs or everything is wrong.

import Foundation
import Testing

@Suite("Exit status")
struct ExitStatusTests {
    @Test(arguments: [
        ["bogus"], ["traces", "--bogus"], ["traces", "--kind", "x"], ["traces", "--status", "bad"],
        ["traces", "--limit", "0"],
        ["traces", "--limit", "many"], ["traces", "--min-duration", "fast"], ["traces", "--since", "yesterday"],
        ["traces", "--since", "1h", "--start", "now"], ["traces", "--start", "now", "--end", "now-1h"],
        ["traces", "--attr", "novalue"], ["traces", "--attr", "=x"], ["traces", "--cursor", "xyz"],
        ["traces", "--errors", "--status", "ok"],
        ["traces", "--min-duration", "2s", "--max-duration", "1s"], ["traces", "--at", "x", "--db", "y"],
        ["traces", "--at", "ftp://x"], ["traces", "--at", "nonsense"], ["traces", "--color", "pink"],
        ["traces", "-o", "xml"],
        ["traces", "orders"], ["traces", "{ .a = }"], ["traces", "service=a", "--service", "b"],
        ["traces", "duration>fast"],
        ["trace"], ["trace", "xyz"], ["trace", "a", "--output", "csv"], ["operations"], ["logs", "--span", "12"],
        ["logs", "--level", "loud"], ["logs", "--trace", "nothex"], ["serve", "--max-disk", "banana"],
        ["serve", "extra"],
        ["serve", "--query", "nowhere"], ["serve", "--config", "/nowhere.json"], ["version", "extra"],
        ["expect"], ["expect", "service=a", "--trace", "abcd"], ["expect", "service=a", "--has", "duration>fast"],
        ["expect", "service=a", "--min-spans", "3", "--max-spans", "2"], ["tail", "--timeout", "soon"],
        ["tail", "--until", "duration>fast"], ["exec"], ["exec", "--"], ["exec", "--bogus", "--", "true"],
        ["exec", "--attr", "novalue", "--", "true"], ["completions", "tcsh"],
        ["trace", "abcd", "--as", "circle"], ["trace", "abcd", "--as", "flame", "--fold"],
        ["attributes", "--scope", "moon"],

        ["diff"], ["diff", "abcd"], ["diff", "--slow", "--before", "now"], ["diff", "--a", "error"],
        ["diff", "service=a", "--versions", "1"], ["diff", "service=a", "--before", "lately"],
    ])
    func aWrongCommandLineEndsWithTwo(arguments: [String]) async throws {
        let outcome = try await Binary.run(arguments, in: Scratch())
        #expect(outcome.status == 2, "\(outcome.errors)")
        #expect(outcome.output == "")
        #expect(outcome.errors.hasPrefix("sonde: "))
        #expect(!outcome.errors.contains("Error"))
    }

    @Test(arguments: [
        (["operatoins"], "there is no command operatoins; did you mean `sonde operations`?"),
        (["--db", "x", "traces"], "flags come after the command: sonde traces --db …"),
        (["traces", "--limt", "3"], "unknown option '--limt'. Did you mean '--limit'?"),
        (["traces", "orders"], "For a service give service=orders, for an operation name=orders."),
        (["traces", "abcd1234"], "To see a trace: sonde trace abcd1234"),
    ])
    func aSlipOfTheHandIsUnderstood(arguments: [String], said: String) async throws {
        let outcome = try await Binary.run(arguments, in: Scratch())
        #expect(outcome.status == 2)
        #expect(outcome.errors.contains(said), "\(outcome.errors)")
    }

    @Test(arguments: [
        ["services"], ["traces"], ["trace", "abcd"], ["logs"], ["stats"], ["operations", "x"],
        ["expect", "service=a", "--timeout", "0"], ["tail"], ["attributes"], ["doctor"], ["errors"],

        ["diff", "abcd", "ef01"],
    ])
    func nobodyAtTheAddressEndsWithThree(arguments: [String]) async throws {
        // Port 9 (discard) is served by nobody.
        let outcome = try await Binary.run(arguments + ["--at", "http://127.0.0.1:9"], in: Scratch())
        #expect(outcome.status == 3, "\(outcome.errors)")
        #expect(outcome.errors.contains("http://127.0.0.1:9"))
        #expect(outcome.errors.contains("sonde serve"))
    }

    @Test func anAddressWithoutSchemeMeansHTTP() async throws {
        let outcome = try await Binary.run(["stats", "--at", "127.0.0.1:9"], in: Scratch())
        #expect(outcome.status == 3)
        #expect(outcome.errors.contains("http://127.0.0.1:9"))
    }

    @Test func theVariableNamesTheCollector() async throws {
        let outcome = try await Binary.run(["stats"], environment: ["SONDE_URL": "http://127.0.0.1:9"], in: Scratch())
        #expect(outcome.status == 3)
        #expect(outcome.errors.contains("http://127.0.0.1:9"))
        let wrong = try await Binary.run(["stats"], environment: ["SONDE_URL": "nonsense"], in: Scratch())
        #expect(wrong.status == 2)
        #expect(wrong.errors.contains("SONDE_URL"))
    }

    @Test func aFileThatIsNotThereEndsWithThree() async throws {
        let scratch = try Scratch()
        let outcome = try await Binary.run(["traces", "--db", scratch.file("nothing.db")], in: scratch)
        #expect(outcome.status == 3)
        #expect(outcome.errors.contains(scratch.file("nothing.db")))
    }

    @Test func aFileThatIsSomethingElseEndsWithFour() async throws {
        let scratch = try Scratch()
        try Data(repeating: 0x41, count: 10_000).write(to: URL(filePath: scratch.file("letters.db")))
        let outcome = try await Binary.run(["traces", "--db", scratch.file("letters.db")], in: scratch)
        #expect(outcome.status == 4, "\(outcome.errors)")
        #expect(outcome.errors.contains(scratch.file("letters.db")))
    }

    @Test(arguments: [["--help"], ["help"], ["serve", "--help"], ["help", "traces"], ["--version"], ["version"], []])
    func askingForHelpIsNoError(arguments: [String]) async throws {
        let outcome = try await Binary.run(arguments, in: Scratch())
        #expect(outcome.status == 0)
        #expect(outcome.output != "")
        #expect(outcome.errors == "")
    }

    @Test func theVersionNamesItsParts() async throws {
        let outcome = try await Binary.run(["version"], in: Scratch())
        #expect(outcome.output.contains(/^sonde \d+\.\d+\.\d+\nSwift 6\.\d.*\nSQLite 3\.\d+\.\d+\nfile format \d+\n$/))
        let json = try await Binary.run(["version", "--output", "json"], in: Scratch())
        #expect(
            json.output.contains(
                /^\{"version":"\d+\.\d+\.\d+","swift":"6\.\d[^"]*","sqlite":"3\.\d+\.\d+","formatVersion":\d+\}\n$/))
    }
}
