// SPDX-License-Identifier: Apache-2.0
// Every hostile body at every door that takes its format, over real sockets and into a real file: the right answer in
// words, memory given back, what came before and what comes after kept, the collector alive.

import FoundationEssentials
import Logging
import SondeModel
import SondeSQLite
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct HostileBodyTests {
    @Test(arguments: HostileBody.compressed + HostileBody.protobuf)
    func overHTTP(_ hostile: HostileBody) async throws {
        try await survive(hostile) { collector in
            let headers = hostile.isGzip ? ["content-encoding": "gzip"] : [:]
            let reply = try #require(try await collector.post(hostile.bytes, headers: headers))
            #expect(reply.status == hostile.fate.status, "\(reply.text)")
            guard hostile.fate.status != 200 else { return }
            #expect(try !RPCStatus(protobuf: reply.body).message.isEmpty)
        }
    }

    @Test(arguments: HostileBody.compressed + HostileBody.protobuf)
    func overGRPC(_ hostile: HostileBody) async throws {
        try await survive(hostile) { collector in
            let reply = try await GRPCConnection.open(port: collector.grpcPort) { connection in
                try await connection.call(
                    GRPCPath.traces, hostile.bytes, isCompressed: hostile.isGzip,
                    headers: hostile.isGzip ? [("grpc-encoding", "gzip")] : [])
            }
            #expect(reply.status == hostile.fate.code, "\(reply.text)")
            #expect(hostile.fate.code == 0 || !reply.text.isEmpty)
            // Sending it again would not help.
            #expect(reply["google.rpc.retryinfo-bin"] == nil)
        }
    }

    @Test(arguments: HostileBody.compressed + HostileBody.zipkin)
    func overZipkin(_ hostile: HostileBody) async throws {
        try await survive(hostile) { collector in
            var headers = ["content-type": "application/json"]
            if hostile.isGzip { headers["content-encoding"] = "gzip" }
            let reply = try #require(
                try await collector.send(
                    "POST", "/api/v2/spans", headers: headers, body: hostile.bytes, to: collector.zipkinPort))
            #expect(reply.status == (hostile.fate.status == 200 ? 202 : hostile.fate.status), "\(reply.text)")
            #expect(hostile.fate.status == 200 || reply.text.hasSuffix("\n"))
        }
    }

    /// Bits turned over in what a sender has sent: whatever it means then, it is answered, and nothing breaks.
    @Test(arguments: 0..<8)
    func flippedBits(seed: Int) async throws {
        let bodies = [
            OTLPEncoder.traces([.sampleOfEverything(), .sample(2)]), Gzip.compress(OTLPEncoder.traces([.sample(3)])),
        ]
        try await survive(HostileBody("", [], .stored(0)), countsSpans: false) { collector in
            var random = Dice(state: UInt64(seed))
            for round in 0..<40 {
                var body = bodies[round % 2]
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    body[Int.random(in: 0..<body.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                }
                let headers = round % 2 == 0 ? [:] : ["content-encoding": "gzip"]
                let reply = try #require(try await collector.post(body, headers: headers))
                #expect([200, 400, 413].contains(reply.status), "\(body)")
            }
        }
    }

    /// Stores something, lets `send` do its worst, stores something else, and looks whether both are there.
    private func survive(
        _ hostile: HostileBody, countsSpans: Bool = true, _ send: @Sendable (RunningCollector) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "sonde-hostile-\(UInt64.random(in: 0 ... .max))")
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = try await SQLiteStore.open(SQLiteStoreConfiguration(directory: folder.path), logger: .quiet)
        try await RunningCollector.run(
            store: store,
            configure: {
                $0.listeners[.otlpGRPC] = .loopback(0)
                $0.listeners[.zipkin] = .loopback(0)
                $0.limits.maxBodyBytes = HostileBody.limit
            }
        ) { collector in
            #expect(try await collector.post(OTLPEncoder.traces([.sample(trace: 100, 1)]))?.status == 200)
            try await send(collector)
            #expect(try await collector.post(OTLPEncoder.traces([.sample(trace: 101, 1)]))?.status == 200)
            for trace in [100, 101] as [UInt64] {
                let reply = try #require(try await collector.get("/sonde/v1/traces/\(TraceID.sample(trace).hex)"))
                #expect(reply.status == 200)
            }
            // What was taken can be shown, by the tree and by the list.
            if hostile.fate.spans > 0 {
                let tree = try #require(try await collector.get("/sonde/v1/traces/\(TraceID.sample(1).hex)"))
                #expect(tree.status == 200)
                let total = try JSONValue.parse(tree.body)["trace"]?["spanTotal"]
                #expect(total == .int(Int64(hostile.fate.spans)))
            }
            let list = try #require(try await collector.get("/sonde/v1/traces"))
            #expect(list.status == 200)
            #expect(try JSONValue.parse(list.body)["traces"]?.array?.isEmpty == false)
            let page = try #require(try await collector.get("/metrics")).text
            #expect(page.contains("sonde_ingest_in_flight_bytes 0\n"))
            #expect(
                page.split(separator: "\n").allSatisfy {
                    $0.hasPrefix("#") || $0.contains(/^[a-z_]+(\{.*\})? [-+0-9.eInfNa]+$/.dotMatchesNewlines())
                })
        }
    }
}
