// SPDX-License-Identifier: Apache-2.0
// Story: somebody generates a client from the collector's description of its API, and it never meets an answer that the
// description does not tell of, whatever it asks.

import Foundation
import Testing

@Suite("Schemathesis")
struct APIFuzzTests {
    @Test func everyAnswerIsAsDescribed() async throws {
        let scratch = try ScratchFolder("api-fuzz")
        let collector = try await RunningCollector(in: scratch)
        let python = try await PythonEnvironment.shared.interpreter()
        let sent = try await ProgramRun.toEnd(
            python, [PythonEnvironment.scripts + "/send_everything.py", collector.otlpURL], in: scratch)
        #expect(sent.status == 0, "\(sent.standardError)")
        let fuzzed = try await ProgramRun.toEnd(
            python, [PythonEnvironment.scripts + "/fuzz_api.py", collector.queryURL, "20260102", "25"], in: scratch,
            within: .seconds(240))
        #expect(fuzzed.status == 0, "\(fuzzed.standardOutput)\(fuzzed.standardError)")
        #expect(try await collector.stop() == 0)
    }
}
