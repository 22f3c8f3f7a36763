// SPDX-License-Identifier: Apache-2.0
// Export and import with the real binary: what goes out comes back, and what is damaged costs itself only.

import Foundation
import Logging
import SondeModel
import SondeSQLite
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite("Export and import")
struct ExportTests {
    static let formats = ["otlp", "otlp-jsonl", "otlp-protobuf", "jaeger", "zipkin"]

    /// A data folder with the fixture and a span that uses everything.
    private func filled(in scratch: Scratch) async throws -> String {
        let folder = scratch.file("data")
        let store = try await SQLiteStore.open(
            SQLiteStoreConfiguration(directory: folder), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await CollectorFixture.fill(store)
        // JSON has no place for fields that nobody knows.
        let everything = SpanRecord.sampleOfEverything().withoutUnknownFields
        try await store.accept(try OTLPDecoder.traces(OTLPEncoder.traces([everything])).batch)
        await store.close()
        return folder
    }

    private func text(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

    // MARK: What goes wrong

    @Test(arguments: [
        ["export", "abcd", "--errors"], ["export", "--output", "xml"], ["export", "--logs"],
        ["export", "abcd", "-o", "jaeger", "--logs"], ["export", "--limit", "0"], ["export", "orders"],
        ["export", "zz"],
        ["import"], ["import", "-", "-"], ["import", "x", "--format", "xml"],
        ["import", "x", "--at", "y", "--db", "z"],
    ])
    func aWrongCommandLineEndsWithTwo(arguments: [String]) async throws {
        let outcome = try await Binary.run(arguments, in: Scratch())
        #expect(outcome.status == 2, "\(outcome.errors)")
        #expect(outcome.output == "" && outcome.errors.hasPrefix("sonde: "))
    }

    @Test func whatCannotBeReachedEndsWithThree() async throws {
        let scratch = try Scratch()
        let folder = scratch.file("new")
        for arguments in [
            ["export", "abcd", "--at", "http://127.0.0.1:9"], ["import", "nothing.json", "--db", folder],
            ["import", scratch.path, "--db", folder], ["import", "-", "--at", "http://127.0.0.1:9"],
        ] {
            let outcome = try await Binary.run(arguments, in: scratch)
            #expect(outcome.status == 3, "\(arguments): \(outcome.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: folder))
    }

    @Test func nothingFoundLeavesNoFile() async throws {
        let scratch = try Scratch()
        let folder = try await filled(in: scratch)
        for arguments in [["export", "ffff"], ["export", "--service", "nobody"]] {
            let outcome = try await Binary.run(
                arguments + ["--db", folder, "--to", scratch.file("out.json")], in: scratch)
            #expect(outcome.status == 1, "\(outcome.errors)")
            #expect(outcome.output == "")
        }
        let left = try FileManager.default.contentsOfDirectory(atPath: scratch.path).filter { $0.hasPrefix("out") }
        #expect(left == [])
    }

    @Test func aFolderInUseIsNotWrittenTo() async throws {
        let scratch = try Scratch()
        let folder = scratch.file("data")
        let store = try await SQLiteStore.open(
            SQLiteStoreConfiguration(directory: folder), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try Data(OTLPJSON.traces([.sample(1)])).write(to: URL(filePath: scratch.file("a.json")))
        let outcome = try await Binary.run(["import", "a.json", "--db", folder], in: scratch)
        #expect(outcome.status == 4)
        #expect(outcome.errors.contains("--at"))
        await store.close()
    }

    @Test func aBadLineIsNamedAndCostsNothingElse() async throws {
        let scratch = try Scratch()
        let lines =
            [
                String(decoding: OTLPJSON.traces([.sample(1), .sample(trace: 2, 2)]), as: UTF8.self), "{\"torn\": ",
                #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"12","spanId":"34","name":"short"}]}]}]}"#,
                String(decoding: OTLPJSON.traces([.sample(trace: 3, 3)]), as: UTF8.self),
            ]
        try Data(lines.joined(separator: "\n").utf8).write(to: URL(filePath: scratch.file("some.jsonl")))
        let outcome = try await Binary.run(["import", "some.jsonl", "--db", scratch.file("a")], in: scratch)
        #expect(outcome.status == 1)
        #expect(outcome.output == "imported 3 spans from 1 file into \(scratch.file("a"))\n")
        let said = outcome.errors.split(separator: "\n")
        #expect(said.count == 3)
        #expect(said[0].hasPrefix("sonde: some.jsonl, line 2: "))
        #expect(said[1].hasPrefix("sonde: some.jsonl, line 3: ") && said[1].contains("short"))
        #expect(said[2] == "sonde: refused 1 item and 1 line or part")

        let strict = try await Binary.run(["import", "some.jsonl", "--strict", "--db", scratch.file("b")], in: scratch)
        #expect(strict.status == 1 && strict.output == "")
        #expect(strict.errors.contains("imported 2 spans"))
        #expect(strict.errors.contains("--strict"))
    }

    @Test func aDamagedArchiveKeepsWhatCameBefore() async throws {
        let scratch = try Scratch()
        let spans = (1...3_000).map { SpanRecord.sample(trace: UInt64($0), UInt64($0)) }
        var bytes: [UInt8] = []
        for part in stride(from: 0, to: 3_000, by: 100) {
            bytes += OTLPJSON.traces(Array(spans[part..<part + 100])) + [UInt8(ascii: "\n")]
        }
        let archive = Gzip.compress(bytes)
        try Data(archive.dropLast(10)).write(to: URL(filePath: scratch.file("cut.gz")))
        let outcome = try await Binary.run(["import", "cut.gz", "--db", scratch.file("a")], in: scratch)
        #expect(outcome.status == 4)
        #expect(outcome.errors.contains("cut.gz") && outcome.errors.contains("in the middle of a member"))
        let stats = try await Binary.run(["stats", "--db", scratch.file("a"), "-o", "json"], in: scratch)
        #expect(!stats.output.contains("\"spans\":0,"))
    }

    // MARK: There and back

    @Test(arguments: formats)
    func whatIsExportedComesBackTheSame(format: String) async throws {
        let scratch = try Scratch()
        let folder = try await filled(in: scratch)
        let fresh = scratch.file("fresh")
        for (index, name) in ["one", "two.gz"].enumerated() {
            let out = try await Binary.run(
                ["export", "--output", format, "--to", name, "--db", index == 0 ? folder : fresh], in: scratch)
            #expect(out.status == 0, "\(out.errors)")
            #expect(out.output == "exported 4 traces, 7 spans to \(name)\n")
            let back = try await Binary.run(["import", name, "--db", fresh], in: scratch)
            #expect(back.status == 0, "\(back.errors)")
            #expect(back.output == "imported 7 spans from 1 file into \(fresh)\n")
        }
        let one = try text(scratch.file("one"))
        // OTLP is exact at once; what the others can't carry is lost on the first way only.
        let second = try Gzip.inflate(Array(try text(scratch.file("two.gz"))), limit: 1 << 24)
        if format.hasPrefix("otlp") { #expect(Array(one) == second) }
        let again = try await Binary.run(["export", "--output", format, "--db", fresh], in: scratch)
        #expect(Array(again.output.utf8) == second || format == "otlp-protobuf")
        if format.hasPrefix("otlp") {
            for id in [CollectorFixture.failedTrace.hex, TraceID.sample(7).hex] {
                let command = ["trace", id, "--output", "json", "--db"]
                let before = try await Binary.run(command + [folder], in: scratch)
                let after = try await Binary.run(command + [fresh], in: scratch)
                #expect(before.status == 0 && before.output == after.output)
            }
        }
        // Imported twice by now, stored once.
        let stats = try await Binary.run(["traces", "--db", fresh, "-o", "ndjson"], in: scratch)
        #expect(stats.output.split(separator: "\n").count == 4)
        #expect(stats.output.contains("\"spanCount\":3") && !stats.output.contains("\"spanCount\":6"))
    }

    @Test(arguments: formats)
    func aCollectorGivesWhatItsFileGives(format: String) async throws {
        let scratch = try Scratch()
        let folder = try await filled(in: scratch)
        let store = MemoryStore()
        let exported = try await Binary.run(
            ["export", CollectorFixture.failedTrace.hex, "-o", format, "--db", folder], in: scratch)
        #expect(exported.status == 0 && exported.errors == "")
        let file = try await Binary.run(
            ["export", CollectorFixture.failedTrace.hex, "-o", format, "--db", folder, "--to", "one"], in: scratch)
        #expect(file.output == "exported 1 trace, 3 spans to one\n")
        try await CollectorFixture.with(store) { url in
            let taken = try await Binary.run(["import", "one", "--at", url], in: scratch)
            #expect(taken.status == 0, "\(taken.errors)")
            #expect(taken.output == "imported 3 spans from 1 file into the collector at \(url)\n")
            let again = try await Binary.run(["export", "5b8e", "-o", format, "--at", url, "--to", "two"], in: scratch)
            #expect(again.status == 0, "\(again.errors)")
            let one = try Data(contentsOf: URL(filePath: scratch.file("one")))
            if format.hasPrefix("otlp") { #expect(try Data(contentsOf: URL(filePath: scratch.file("two"))) == one) }
        }
    }

    @Test func logLinesTravelWithTheirTraces() async throws {
        let scratch = try Scratch()
        let folder = try await filled(in: scratch)
        let out = try await Binary.run(
            ["export", "--errors", "-o", "otlp-jsonl", "--logs", "--db", folder, "--to", "a.jsonl"], in: scratch)
        #expect(out.output == "exported 2 traces, 4 spans, 2 log lines to a.jsonl\n")
        let back = try await Binary.run(["import", "a.jsonl", "--db", scratch.file("fresh")], in: scratch)
        #expect(back.output == "imported 4 spans and 2 log lines from 1 file into \(scratch.file("fresh"))\n")
        let command = ["trace", CollectorFixture.failedTrace.hex, "--logs", "-o", "json", "--db"]
        let before = try await Binary.run(command + [folder], in: scratch)
        let after = try await Binary.run(command + [scratch.file("fresh")], in: scratch)
        #expect(before.output == after.output)
    }

    @Test func whoImportsLogLinesAgainIsTold() async throws {
        let scratch = try Scratch()
        let folder = try await filled(in: scratch)
        let export = ["export", "--errors", "-o", "otlp-jsonl", "--logs", "--db", folder, "--to"]
        let out = try await Binary.run(export + ["a.jsonl"], in: scratch)
        #expect(out.status == 0, "\(out.errors)")
        let fresh = scratch.file("fresh")
        let first = try await Binary.run(["import", "a.jsonl", "--db", fresh], in: scratch)
        #expect(first.status == 0 && first.errors == "")
        let told =
            "sonde: a.jsonl: its first log line is stored already; log lines have no identity and are added again\n"
        let second = try await Binary.run(["import", "a.jsonl", "--db", fresh], in: scratch)
        #expect(second.status == 0 && second.errors == told)
        let logs = try await Binary.run(["logs", "--db", fresh, "-o", "ndjson"], in: scratch)
        #expect(logs.output.split(separator: "\n").count == 4)
        // Spans alone are not worth a word: they are stored once.
        let spans = try await Binary.run(["export", "-o", "otlp", "--db", folder, "--to", "a.json"], in: scratch)
        #expect(spans.status == 0)
        for _ in 1...2 {
            let back = try await Binary.run(["import", "a.json", "--db", fresh], in: scratch)
            #expect(back.status == 0 && back.errors == "")
        }
        let store = MemoryStore()
        try await CollectorFixture.with(store) { url in
            for expected in ["", told] {
                let taken = try await Binary.run(["import", "a.jsonl", "--at", url], in: scratch)
                #expect(taken.status == 0 && taken.errors == expected)
            }
        }
    }

    @Test func aSearchIsFollowedToItsEnd() async throws {
        let scratch = try Scratch()
        let folder = scratch.file("data")
        let store = try await SQLiteStore.open(
            SQLiteStoreConfiguration(directory: folder), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let count = TraceQuery.maxLimit + 5
        let spans = (1...count).map { SpanRecord.sample(trace: UInt64($0), UInt64($0), start: Int64($0)) }
        try await store.accept(try OTLPDecoder.traces(OTLPEncoder.traces(spans)).batch)
        await store.close()
        let all = try await Binary.run(["export", "-o", "otlp-jsonl", "--db", folder], in: scratch)
        #expect(all.output.split(separator: "\n").count == count)
        let some = try await Binary.run(
            ["export", "service=orders", "--limit", "7", "-o", "otlp-jsonl", "--db", folder], in: scratch)
        #expect(some.output.split(separator: "\n").count == 7)
    }

    @Test func standardInputAndSeveralFilesAreTaken() async throws {
        let scratch = try Scratch()
        let names = ["a.json", "b.pb"]
        try Data(OTLPJSON.traces([.sample(1)])).write(to: URL(filePath: scratch.file(names[0])))
        try Data(OTLPEncoder.traces([.sample(2)])).write(to: URL(filePath: scratch.file(names[1])))
        let process = Binary.process(["import", "-", "b.pb", "--db", scratch.file("fresh")], [:], in: scratch)
        process.standardInput = try FileHandle(forReadingFrom: URL(filePath: scratch.file("a.json")))
        let output = Pipe()
        process.standardOutput = output
        try await Binary.end(of: process) { try process.run() }
        let said = String(decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
        #expect(said == "imported 2 spans from 2 files into \(scratch.file("fresh"))\n")
    }
}
