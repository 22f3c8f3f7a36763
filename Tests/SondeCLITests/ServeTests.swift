// SPDX-License-Identifier: Apache-2.0
// `sonde serve` as a process: what it says, what it leaves behind, how it ends.

import Foundation
import SondeServer
import SondeTerminal
import SondeTestKit
import SondeWire
import Testing

@testable import SondeCLI

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

@Suite("Serve")
struct ServeTests {
    @Test func saysWhereItListensAndStopsCleanlyOnSIGTERM() async throws {
        let scratch = try Scratch()
        let serve = try RunningServe([], in: scratch)
        let url = try await serve.url(of: "query")
        _ = try await serve.url(of: "otlp-http")
        let stats = try await Binary.run(["stats", "--at", url, "--output", "json"], in: scratch)
        #expect(stats.status == 0)
        #expect(await serve.stop() == 0)
        #expect(serve.process.terminationReason == .exit)
        #expect(serve.errors.contains("stopped"))
        #expect(!serve.errors.contains("\u{1B}"))
    }

    @Test func createsItsFolderForItsOwnerOnly() async throws {
        let scratch = try Scratch()
        let serve = try RunningServe([], in: scratch)
        _ = try await serve.url(of: "query")
        let attributes = try FileManager.default.attributesOfItem(atPath: scratch.file("data"))
        #expect(attributes[.posixPermissions] as? Int == 0o700)
        #expect(await serve.stop() == 0)
    }

    @Test func aPortInUseEndsWithFiveAndNamesTheFlag() async throws {
        let scratch = try Scratch()
        let serve = try RunningServe([], in: scratch)
        let url = try await serve.url(of: "query")
        let address = String(url.dropFirst("http://".count))
        let second = try await Binary.run(
            [
                "serve", "--otlp-http", "off", "--otlp-grpc", "off", "--zipkin", "off", "--query", address, "--data",
                scratch.file("other"),
            ],
            in: scratch)
        #expect(second.status == 5, "\(second.errors)")
        #expect(second.errors.contains("--query"))
        #expect(second.errors.contains(address))
        #expect(await serve.stop() == 0)
    }

    @Test func everyPortInUseIsNamedAtOnce() async throws {
        let scratch = try Scratch()
        let serve = try RunningServe([], in: scratch)
        let flags = ["--otlp-http", "--otlp-grpc", "--zipkin", "--query"]
        var arguments = ["serve", "--data", scratch.file("other")]
        for flag in flags {
            let url = try await serve.url(of: String(flag.dropFirst(2)))
            arguments += [flag, String(url.dropFirst("http://".count))]
        }
        let second = try await Binary.run(arguments, in: scratch)
        #expect(second.status == 5, "\(second.errors)")
        for flag in flags { #expect(second.errors.contains("or do without: \(flag) off"), "\(second.errors)") }
        #expect(await serve.stop() == 0)
    }

    @Test func aFolderInUseEndsWithFiveAndNamesTheProcess() async throws {
        let scratch = try Scratch()
        let serve = try RunningServe([], in: scratch)
        _ = try await serve.url(of: "query")
        let second = try await Binary.run(
            [
                "serve", "--otlp-http", "0", "--otlp-grpc", "0", "--zipkin", "0", "--query", "0", "--data",
                scratch.file("data"),
            ],
            in: scratch)
        #expect(second.status == 5, "\(second.errors)")
        #expect(second.errors.contains("pid \(serve.process.processIdentifier)"))
        #expect(await serve.stop() == 0)
    }

    @Test func whatIsKeptIsThereAfterARestart() async throws {
        let scratch = try Scratch()
        let first = try RunningServe([], in: scratch)
        let otlp = try await first.url(of: "otlp-http")
        var request = URLRequest(url: try #require(URL(string: otlp + "/v1/traces")))
        request.httpMethod = "POST"
        request.setValue("application/x-protobuf", forHTTPHeaderField: "content-type")
        request.httpBody = Data(OTLPEncoder.traces(CollectorFixture.spans))
        let (_, response) = try await URLSession.shared.data(for: request)
        #expect((response as? HTTPURLResponse)?.statusCode == 200)
        #expect(await first.stop() == 0)
        let second = try RunningServe([], in: scratch)
        let url = try await second.url(of: "query")
        let outcome = try await Binary.run(["trace", "5b8efff798038", "--at", url, "--utc"], in: scratch)
        try Golden().expect(outcome.output, is: "trace-120.txt")
        #expect(await second.stop() == 0)
    }

    @Test func aFileInTheWayOfTheFolderEndsWithFive() async throws {
        let scratch = try Scratch()
        try Data("x".utf8).write(to: URL(filePath: scratch.file("data")))
        let outcome = try await Binary.run(
            [
                "serve", "--otlp-http", "0", "--otlp-grpc", "0", "--zipkin", "0", "--query", "0", "--data",
                scratch.file("data/x"),
            ],
            in: scratch)
        #expect(outcome.status == 5)
        #expect(outcome.errors.contains("cannot create the data folder \(scratch.file("data/x"))"))
    }

    @Test func everyListenerOffEndsWithFive() async throws {
        let scratch = try Scratch()
        let outcome = try await Binary.run(
            [
                "serve", "--otlp-http", "off", "--otlp-grpc", "off", "--zipkin", "off", "--query", "off", "--data",
                scratch.file("data"),
            ],
            in: scratch)
        #expect(outcome.status == 5)
        #expect(outcome.errors.contains("every listener is off"))
    }

    @Test func unknownVariablesAreADebugLine() async throws {
        let scratch = try Scratch()
        let serve = try RunningServe(["--log-level", "debug"], environment: ["SONDE_MAX_DSIK": "1GB"], in: scratch)
        _ = try await serve.url(of: "query")
        #expect(serve.errors.contains("SONDE_MAX_DSIK"))
        #expect(await serve.stop() == 0)
    }

    @Test func logsJSONWhenAsked() async throws {
        let scratch = try Scratch()
        let serve = try RunningServe(["--log-format", "json"], in: scratch)
        _ = try await serve.url(of: "query")
        #expect(await serve.stop() == 0)
        for line in serve.errors.split(separator: "\n") {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            #expect(object?["service.name"] as? String == "sonde")
            #expect(object?["message"] is String)
        }
    }

    @Test func saysWhereGRPCIsTaken() {
        let steps = CollectorRun.nextSteps([
            BoundListener(name: .otlpGRPC, address: .loopback(4317)),
            BoundListener(name: .otlpHTTP, address: .loopback(4318)),
            BoundListener(name: .query, address: .loopback(7)),
        ]).map(\.text)
        #expect(
            steps == [
                "", "  send to it  OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318",
                "  or by gRPC  OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4317",
                "  look at it  sonde traces --at http://127.0.0.1:7", "  stop it     Ctrl-C", "",
            ])
    }

    @Test func saysWhatToDoNext() {
        let steps = CollectorRun.nextSteps([
            BoundListener(name: .otlpHTTP, address: .loopback(4318)),
            BoundListener(name: .query, address: .loopback(16686)),
        ]).map(\.text)
        #expect(
            steps == [
                "", "  send to it  OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318", "  look at it  sonde traces",
                "  stop it     Ctrl-C", "",
            ])
    }
}
