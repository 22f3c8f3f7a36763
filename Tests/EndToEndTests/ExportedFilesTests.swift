// SPDX-License-Identifier: Apache-2.0
// Story: traces of a service leave Sonde as files; the libraries that others read such files with understand them, and
// what those libraries write comes back without a difference.

import Foundation
import Testing

@Suite("Exported files")
struct ExportedFilesTests {
    @Test func othersReadThemAndWriteWhatWeRead() async throws {
        let scratch = try ScratchFolder("exported-files")
        let collector = try await RunningCollector(in: scratch)
        let python = try await PythonEnvironment.shared.interpreter()
        let sent = try await ProgramRun.toEnd(
            python, [PythonEnvironment.scripts + "/send_everything.py", collector.otlpURL], in: scratch)
        #expect(sent.status == 0, "\(sent.standardError)")

        for (format, name) in [("otlp-protobuf", "a.pb"), ("otlp", "a.json"), ("otlp-jsonl", "a.jsonl")] {
            let run = try await sonde(["export", "-o", format, "--to", name, "--at", collector.queryURL], in: scratch)
            #expect(run.status == 0, "\(run.standardError)")
        }
        let script = PythonEnvironment.scripts + "/read_exports.py"
        let read = try await ProgramRun.toEnd(python, [script, "a.pb", "a.json", "a.jsonl", "b.json"], in: scratch)
        #expect(read.status == 0 && read.standardOutput.hasPrefix("same: "), "\(read.standardError)")

        let back = try await sonde(["import", "b.json", "--db", "fresh"], in: scratch)
        #expect(back.status == 0, "\(back.standardError)")
        let again = try await sonde(["export", "-o", "otlp", "--db", "fresh", "--to", "c.json"], in: scratch)
        #expect(again.status == 0, "\(again.standardError)")
        let first = try Data(contentsOf: URL(fileURLWithPath: scratch.file("a.json")))
        #expect(try Data(contentsOf: URL(fileURLWithPath: scratch.file("c.json"))) == first)
        #expect(try await collector.stop() == 0)
    }

    private func sonde(_ arguments: [String], in scratch: ScratchFolder) async throws -> ProgramResult {
        try await ProgramRun.toEnd(Program.sonde, arguments, in: scratch)
    }
}
