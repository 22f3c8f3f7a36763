// SPDX-License-Identifier: Apache-2.0
// Story: a service written in Python, with the OpenTelemetry SDK as it comes, reports to Sonde, and nothing of what it
// said is lost or changed.

import Foundation
import Testing

@Suite("OpenTelemetry SDK for Python")
struct PythonSDKTests {
    @Test(arguments: [[], ["gzip"], ["grpc"], ["grpc", "gzip"]])
    func everythingComesBackExactly(options: [String]) async throws {
        let scratch = try ScratchFolder("python-sdk")
        let collector = try await RunningCollector(in: scratch)
        let python = try await PythonEnvironment.shared.interpreter()

        let endpoint = options.contains("grpc") ? collector.grpcURL : collector.otlpURL
        let sent = try await ProgramRun.toEnd(
            python, [PythonEnvironment.scripts + "/send_everything.py", endpoint] + options, in: scratch)
        #expect(sent.status == 0, "\(sent.standardError)")
        #expect(sent.standardOutput.contains("\"flushed\": true"))

        let sentFile = try scratch.write(sent.standardOutput, to: "sent.json")
        let script = PythonEnvironment.scripts + "/check_everything.py"
        let checked = try await ProgramRun.toEnd(
            "/bin/sh", ["-c", "exec '\(python)' '\(script)' '\(collector.queryURL)' < '\(sentFile)'"], in: scratch)
        #expect(
            checked.standardOutput == "exact: 5 spans, 4 logs\n", "\(checked.standardOutput)\(checked.standardError)")
        #expect(checked.status == 0)
        #expect(try await collector.stop() == 0)
    }
}
