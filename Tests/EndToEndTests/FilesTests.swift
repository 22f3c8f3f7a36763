// SPDX-License-Identifier: Apache-2.0
// Story: a person at a terminal takes a long file in, breaks an export off, and is told what is broken in a file; a
// colleague's tools hand traces on through pipes.

import Foundation
import SondeModel
import SondeTestKit
import SondeWire
import Testing

@Suite("Files at a terminal")
struct FilesTests {
    private static let traces = 3_000
    private static let spansPerTrace = 10

    /// A file that takes longer than the eye needs to see a bar, one trace a line.
    private static func longFile(in scratch: ScratchFolder) throws -> String {
        var bytes: [UInt8] = []
        for trace in 1...UInt64(traces) {
            let spans = (1...UInt64(spansPerTrace)).map { SpanRecord.sample(trace: trace, $0, parent: $0 - 1) }
            bytes += OTLPJSON.traces(spans) + [UInt8(ascii: "\n")]
        }
        try Data(bytes).write(to: URL(fileURLWithPath: scratch.file("long.jsonl")))
        return "long.jsonl"
    }

    @Test func aLongImportShowsHowFarItIsAndAnExportThatIsBrokenOffLeavesNothing() async throws {
        let scratch = try ScratchFolder("terminal")
        let file = try Self.longFile(in: scratch)
        let seen = try await Terminal.sonde(["import", file, "--db", "data"], in: scratch)
        #expect(seen.status == 0)
        #expect(seen.last == ["imported 30 000 spans from 1 file into data"], "\(seen.last)")
        let bars = seen.screens.filter { $0.contains { $0.contains(" %  ") && $0.contains("█") } }
        #expect(!bars.isEmpty, "\(seen.screens)")
        for bar in bars {
            // One line, which the next one takes away.
            #expect(bar.count == 1, "\(bar)")
            #expect(bar[0].contains(" spans and log lines · "), "\(bar)")
        }
        let percents = bars.compactMap { $0[0].firstMatch(of: /([0-9]+) %/).flatMap { Int($0.output.1) } }
        #expect(percents == percents.sorted() && percents.allSatisfy { (0...100).contains($0) })

        let broken = try await Terminal.sonde(
            ["export", "--db", "data", "--to", "all.json"], interruptAt: " traces · ", in: scratch)
        #expect(broken.status == 130)
        #expect(broken.last == [], "\(broken.last)")
        let left = try FileManager.default.contentsOfDirectory(atPath: scratch.path).filter { $0.hasPrefix("all") }
        #expect(left == [])
    }

    @Test func aPipeGetsNoBarAndNoColour() async throws {
        let scratch = try ScratchFolder("pipe")
        let file = try Self.longFile(in: scratch)
        let run = try await ProgramRun.toEnd(Program.sonde, ["import", file, "--db", "data"], in: scratch)
        #expect(run.status == 0)
        #expect(run.standardOutput == "imported 30 000 spans from 1 file into data\n")
        #expect(run.standardError == "")
    }

    @Test func whatIsBrokenIsToldByFileAndPlace() async throws {
        let scratch = try ScratchFolder("broken")
        let good = String(decoding: OTLPJSON.traces([.sample(trace: 1, 1)]), as: UTF8.self)
        _ = try scratch.write(
            [good, good.replacing("]", with: ""), "", good].joined(separator: "\n"), to: "lines.jsonl")
        _ = try scratch.write(
            #"[{"traceId":"000000000000000a","id":"000000000000000b","name":"x"},"# + "\n"
                + #"{"traceId":"000000000000000a","id":7,"name":"y"},"# + "\n"
                + #"{"traceId":"000000000000000a","id":"000000000000000c","name":"z"}]"#, to: "zipkin.json")
        let seen = try await ProgramRun.toEnd(
            Program.sonde, ["import", "lines.jsonl", "zipkin.json", "--db", "data"], in: scratch)
        #expect(seen.status == 1)
        #expect(seen.standardOutput == "imported 4 spans from 2 files into data\n", "\(seen.standardError)")
        let told = seen.standardError.split(separator: "\n")
        #expect(told.count == 3 && told.last == "sonde: refused 2 lines or parts", "\(seen.standardError)")
        #expect(told.first?.hasPrefix("sonde: lines.jsonl, line 2: ") == true, "\(seen.standardError)")
        #expect(told.dropFirst().first?.hasPrefix("sonde: zipkin.json, line 2: ") == true, "\(seen.standardError)")
        #expect(told.dropFirst().first?.contains("expected a string for id") == true, "\(seen.standardError)")
    }

    @Test(arguments: ["jaeger", "zipkin", "otlp"])
    func aTraceWandersThroughPipesAndJaegersAPI(format: String) async throws {
        let scratch = try ScratchFolder("wander")
        let collector = try await RunningCollector(in: scratch)
        let python = try await PythonEnvironment.shared.interpreter()
        let sent = try await ProgramRun.toEnd(
            python, [PythonEnvironment.scripts + "/send_everything.py", collector.otlpURL], in: scratch)
        #expect(sent.status == 0, "\(sent.standardError)")
        // Out of the collector by one pipe, into a folder; out of that by another, and into a second one.
        let out = "\"$0\" export -o \(format)"
        let script = """
            set -e
            \(out) --at \(collector.queryURL) > a
            "$0" import - --db one < a
            \(out) --db one | tee b | "$0" import - --db two
            \(out) --db two > c
            curl -sSf '\(collector.queryURL)/api/traces?service=python-shop' > jaeger.json
            "$0" import jaeger.json --db three
            "$0" export -o jaeger --db three > d
            """
        let run = try await ProgramRun.toEnd("/bin/sh", ["-c", script, Program.sonde], in: scratch)
        #expect(run.status == 0, "\(run.standardError)")
        #expect(run.standardError == "")
        #expect(
            run.standardOutput
                == "imported 5 spans from 1 file into one\nimported 5 spans from 1 file into two\n"
                + "imported 5 spans from 1 file into three\n")
        func bytes(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: scratch.file(name))) }
        #expect(try bytes("b") == bytes("c"))
        if format == "otlp" { #expect(try bytes("a") == bytes("b")) }
        // Jaeger's JSON holds for itself what it holds for us.
        if format == "jaeger" { #expect(try bytes("a") == bytes("d")) }
        #expect(try await collector.stop() == 0)
    }
}
