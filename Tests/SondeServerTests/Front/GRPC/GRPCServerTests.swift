// SPDX-License-Identifier: Apache-2.0
// The rules of OTLP over gRPC, over real sockets.

import NIOCore
import NIOHTTP2
import SondeModel
import SondePipeline
import SondeServer
import SondeStorage
import SondeTestKit
import SondeWire
import Testing

@Suite(.timeLimit(.minutes(10))) struct GRPCServerTests {
    private let spans = OTLPEncoder.traces([.sample(1), .sample(2, parent: 1)])

    /// A collector with the gRPC listener open, and a connection to it.
    private func run(
        store: any TelemetryStore = MemoryStore(), configure: (inout CollectorConfiguration) -> Void = { _ in },
        _ body: @Sendable (RunningCollector, GRPCConnection) async throws -> Void
    ) async throws {
        try await RunningCollector.run(
            store: store,
            configure: {
                $0.listeners[.otlpGRPC] = .loopback(0)
                configure(&$0)
            }
        ) { collector in
            try await GRPCConnection.open(port: collector.grpcPort) { try await body(collector, $0) }
        }
    }

    // MARK: What the caller got wrong

    @Test func undecodableBytesAreAnInvalidArgumentThatNamesThePlace() async throws {
        try await run { _, connection in
            let reply = try await connection.call(GRPCPath.traces, [0x0a, 0x7f, 1, 2])
            #expect(reply.status == 3)
            #expect(reply.text.hasPrefix("cannot decode OTLP body: "))
            #expect(reply.blocks == 1)
            #expect(reply["google.rpc.retryinfo-bin"] == nil)
        }
    }

    @Test(arguments: [
        ("/a.B/Export", "there is no service a.B"),
        ("/opentelemetry.proto.collector.trace.v1.TraceService/Import", "has no method Import"),
        ("/grpc.health.v1.Health/Watch", "has no method Watch"), ("/v1/traces", "there is no service v1"),
        ("/", "is not /SERVICE/METHOD"),
    ])
    func unknownMethodsAreUnimplemented(path: String, text: String) async throws {
        try await run { _, connection in
            let reply = try await connection.call(path, spans)
            #expect(reply.status == 12)
            #expect(reply.text.contains(text))
        }
    }

    @Test(arguments: ["application/json", "application/x-protobuf", "application/grpc+json", "application/grpcs"])
    func foreignContentTypesAre415InWords(type: String) async throws {
        try await run { _, connection in
            let id = try await connection.begin(GRPCPath.traces, replacing: ["content-type": type])
            let reply = try await connection.reply(on: id)
            #expect(reply[":status"] == "415")
            #expect(String(decoding: reply.body, as: UTF8.self).contains("usually 4318"))
        }
    }

    @Test(arguments: ["application/grpc+proto", "Application/gRPC", "application/grpc;charset=utf-8"])
    func contentTypesOfGRPCAreTaken(type: String) async throws {
        try await run { _, connection in
            let id = try await connection.begin(GRPCPath.traces, replacing: ["content-type": type])
            try await connection.send(GRPCConnection.framed(spans), on: id, isLast: true)
            #expect(try await connection.reply(on: id).status == 0)
        }
    }

    @Test func otherMethodsOfHTTPAre405() async throws {
        try await run { _, connection in
            let id = try await connection.begin(GRPCPath.traces, replacing: [":method": "GET"], isLast: true)
            let reply = try await connection.reply(on: id)
            #expect(reply[":status"] == "405")
            #expect(reply["allow"] == "POST")
        }
    }

    @Test(arguments: ["br", "snappy", "deflate"])
    func otherEncodingsAreUnimplementedAndTheKnownOnesNamed(encoding: String) async throws {
        try await run { _, connection in
            let reply = try await connection.call(
                GRPCPath.traces, spans, isCompressed: true, headers: [("grpc-encoding", encoding)])
            #expect(reply.status == 12)
            #expect(reply["grpc-accept-encoding"] == "identity,gzip")
        }
    }

    @Test func aCompressedMessageWithoutAnEncodingIsInternal() async throws {
        try await run { _, connection in
            let reply = try await connection.call(GRPCPath.traces, Gzip.compress(spans), isCompressed: true)
            #expect(reply.status == 13)
        }
    }

    @Test func damagedGzipIsAnInvalidArgument() async throws {
        try await run { _, connection in
            let reply = try await connection.call(
                GRPCPath.traces, [1, 2, 3], isCompressed: true, headers: [("grpc-encoding", "gzip")])
            #expect(reply.status == 3)
            #expect(reply.text.contains("gzip"))
        }
    }

    @Test func aRequestWithoutMessageIsUnimplemented() async throws {
        try await run { _, connection in
            let id = try await connection.begin(GRPCPath.traces, isLast: true)
            let reply = try await connection.reply(on: id)
            #expect(reply.status == 12)
            #expect(reply.text.contains("no message"))
        }
    }

    @Test func twoMessagesAreUnimplementedAndNothingIsStored() async throws {
        let store = MemoryStore()
        try await run(store: store) { _, connection in
            let id = try await connection.begin(GRPCPath.traces)
            let framed = GRPCConnection.framed(spans)
            try await connection.send(framed + framed, on: id, isLast: true)
            #expect(try await connection.reply(on: id).status == 12)
            #expect(try await store.statistics().spans == 0)
        }
    }

    @Test func aMessageCutShortIsInternal() async throws {
        try await run { _, connection in
            let id = try await connection.begin(GRPCPath.traces)
            try await connection.send(GRPCConnection.framed(spans).dropLast(1), on: id, isLast: true)
            let reply = try await connection.reply(on: id)
            #expect(reply.status == 13)
            #expect(reply.text.contains("1 bytes before"))
        }
    }

    @Test func anUnreadableTimeoutIsInternal() async throws {
        try await run { _, connection in
            let reply = try await connection.call(GRPCPath.traces, spans, headers: [("grpc-timeout", "soon")])
            #expect(reply.status == 13)
            #expect(reply.text.contains("soon"))
        }
    }

    @Test func messagesAreCutAndEncodedForTrailers() async throws {
        try await run { _, connection in
            let reply = try await connection.call("/ü%\(String(repeating: "x", count: 5000))/Export", [])
            #expect(reply.status == 12)
            #expect(reply.text.hasPrefix("there is no service %C3%BC%25xxx"))
            #expect(reply.text.utf8.count < 1100)
        }
    }

    // MARK: Size and memory

    @Test func aMessageThatIsTooLargeIsRefusedByItsPrefixAlone() async throws {
        try await run(configure: { $0.limits.maxBodyBytes = 1000 }) { collector, connection in
            let id = try await connection.begin(GRPCPath.traces)
            try await connection.send(GRPCConnection.prefix(1001), on: id, isLast: false)
            let reply = try await connection.reply(on: id)
            #expect(reply.status == 8)
            #expect(reply.text.contains("the limit is 1000"))
            // Without a wait it means: never.
            #expect(reply["google.rpc.retryinfo-bin"] == nil)
            #expect(reply["grpc-status-details-bin"] == nil)
            #expect(try await connection.call(GRPCPath.traces, spans).status == 0)
        }
    }

    @Test func whatIsUnderWayOfARefusedMessageCostsTheConnectionNothing() async throws {
        try await run(configure: { $0.limits.maxBodyBytes = 1000 }) { _, connection in
            // Three times what the connection's window holds.
            for _ in 0..<12 {
                let id = try await connection.begin(GRPCPath.traces)
                try await connection.send(GRPCConnection.prefix(2_000_000), on: id, isLast: false)
                try? await connection.send([UInt8](repeating: 0, count: 2_000_000), on: id, isLast: true)
                #expect(try await connection.reply(on: id).status == 8)
            }
            #expect(try await connection.call(GRPCPath.traces, spans).status == 0)
        }
    }

    @Test func aMessageLargerThanTheWindowGoesThrough() async throws {
        try await run { _, connection in
            // Fields that nobody knows may be of any size.
            let unknown = [0x7A] + [0x80, 0x80, 0x80, 0x06] + [UInt8](repeating: 0, count: 12 << 20)
            let reply = try await connection.call(GRPCPath.traces, unknown)
            #expect(reply.status == 0, "\(reply.text)")
        }
    }

    @Test func aBombIsRefusedWhenItIsInflated() async throws {
        try await run(configure: { $0.limits.maxBodyBytes = 100_000 }) { _, connection in
            let bomb = Gzip.compress([UInt8](repeating: 0, count: 10_000_000), level: 9)
            let reply = try await connection.call(
                GRPCPath.traces, bomb, isCompressed: true, headers: [("grpc-encoding", "gzip")])
            #expect(reply.status == 8)
            #expect(reply["google.rpc.retryinfo-bin"] == nil)
        }
    }

    @Test func aFullBudgetAsksForPatienceUnderBothNames() async throws {
        try await run(configure: { $0.limits.inFlightBytes = 100 }) { _, connection in
            let reply = try await connection.call(GRPCPath.traces, spans)
            #expect(reply.status == 8)
            #expect(reply.text.contains("memory"))
            // RetryInfo { retry_delay { seconds: 1 } }, alone and as a detail of Status.
            #expect(reply["google.rpc.retryinfo-bin"] == "CgIIAQ==")
            #expect(reply["grpc-status-details-bin"]?.hasPrefix("CAg") == true)
        }
    }

    @Test func memoryIsGivenBackWhateverBecomesOfACall() async throws {
        try await run(configure: { $0.limits.inFlightBytes = 20_000 }) { collector, connection in
            for _ in 0..<10 {
                let id = try await connection.begin(GRPCPath.traces)
                try await connection.send(GRPCConnection.prefix(15_000), on: id, isLast: false)
                try await connection.send(.rstStream(.cancel), on: id)
                #expect(try await connection.call(GRPCPath.traces, [0x0a, 0x7f]).status == 3)
                #expect(try await connection.call(GRPCPath.traces, spans).status == 0)
            }
        }
    }

    // MARK: The store's moods

    @Test func aBusyStoreIsUnavailableWithAWait() async throws {
        let store = RefusingStore(.busy(reason: "the disk is full", retryAfter: .milliseconds(2500)))
        try await run(store: store) { _, connection in
            let reply = try await connection.call(GRPCPath.traces, spans)
            #expect(reply.status == 14)
            #expect(reply.text.contains("the disk is full"))
            // RetryInfo { retry_delay { seconds: 2, nanos: 500000000 } }
            #expect(reply["google.rpc.retryinfo-bin"] == "CggIAhCAyrXuAQ==")
        }
    }

    @Test func aBrokenStoreIsUnavailableSoThatNothingIsDropped() async throws {
        try await run(store: RefusingStore(.failed(reason: "block 7 is damaged"))) { _, connection in
            let reply = try await connection.call(GRPCPath.logs, OTLPEncoder.logs([.sample("hello")]))
            #expect(reply.status == 14)
            #expect(reply["google.rpc.retryinfo-bin"] != nil)
        }
    }

    @Test func aRejectedBatchIsAnInvalidArgument() async throws {
        try await run(store: RefusingStore(.rejected(reason: "too many"))) { _, connection in
            let reply = try await connection.call(GRPCPath.traces, spans)
            #expect(reply.status == 3)
        }
    }

    // MARK: What goes well

    @Test func anExportIsStoredWhenItIsAnswered() async throws {
        let store = MemoryStore()
        try await run(store: store) { _, connection in
            let reply = try await connection.call(GRPCPath.traces, spans)
            #expect(reply.status == 0)
            #expect(reply[":status"] == "200")
            #expect(reply["content-type"] == "application/grpc")
            #expect(reply.message == [])
            #expect(reply.blocks == 2)
            #expect(try await store.statistics().spans == 2)
        }
    }

    @Test func gzipIsInflated() async throws {
        let store = MemoryStore()
        try await run(store: store) { _, connection in
            let reply = try await connection.call(
                GRPCPath.traces, Gzip.compress(spans), isCompressed: true, headers: [("grpc-encoding", "gzip")])
            #expect(reply.status == 0)
            // An encoding may be named and not used.
            #expect(
                try await connection.call(
                    GRPCPath.logs, OTLPEncoder.logs([.sample("a")]), headers: [("grpc-encoding", "gzip")]
                )
                .status == 0)
            let statistics = try await store.statistics()
            #expect(statistics.spans == 2)
            #expect(statistics.logs == 1)
        }
    }

    @Test func aMessageInPiecesOfOneByteIsOneMessage() async throws {
        let store = MemoryStore()
        try await run(store: store) { _, connection in
            let id = try await connection.begin(GRPCPath.traces)
            for byte in GRPCConnection.framed(spans) { try await connection.send([byte], on: id, isLast: false) }
            try await connection.send([], on: id, isLast: true)
            #expect(try await connection.reply(on: id).status == 0)
            #expect(try await store.statistics().spans == 2)
        }
    }

    @Test func anEmptyMessageIsAFullSuccess() async throws {
        try await run { _, connection in
            for path in [GRPCPath.traces, GRPCPath.logs, GRPCPath.metrics] {
                let reply = try await connection.call(path, [])
                #expect(reply.status == 0)
                #expect(reply.message == [])
            }
        }
    }

    @Test func partialSuccessIsToldInTheMessage() async throws {
        try await run { _, connection in
            var bad = SpanRecord.sample(9)
            bad.traceID = .zero
            let reply = try await connection.call(GRPCPath.traces, OTLPEncoder.traces([.sample(1), bad]))
            #expect(reply.status == 0)
            let response = try OTLPResponse(protobuf: try #require(reply.message), signal: .traces)
            #expect(response.rejectedCount == 1)
            #expect(!response.errorMessage.isEmpty)
        }
    }

    @Test func callsOfOneConnectionRunSideBySide() async throws {
        let store = GatedStore()
        try await run(store: store) { _, connection in
            let waiting = try await connection.begin(GRPCPath.traces)
            try await connection.send(GRPCConnection.framed(spans), on: waiting, isLast: true)
            await store.gate.arrivals(1)
            #expect(try await connection.call(GRPCPath.health, []).status == 0)
            await store.gate.open()
            #expect(try await connection.reply(on: waiting).status == 0)
        }
    }

    @Test func healthIsServing() async throws {
        try await run { _, connection in
            let whole = try await connection.call(GRPCPath.health, [])
            #expect(whole.message == [8, 1])
            var request = ProtobufWriter()
            request.string("opentelemetry.proto.collector.trace.v1.TraceService", field: 1)
            #expect(try await connection.call(GRPCPath.health, request.bytes).message == [8, 1])
            request.bytes = []
            request.string("nobody", field: 1)
            #expect(try await connection.call(GRPCPath.health, request.bytes).status == 5)
            #expect(try await connection.call(GRPCPath.health, [0x0a, 0x7f]).status == 3)
        }
    }

    @Test func everyCallIsCounted() async throws {
        try await run { collector, connection in
            _ = try await connection.call(GRPCPath.traces, spans)
            _ = try await connection.call(GRPCPath.traces, [0x0a, 0x7f])
            _ = try await connection.call("/a.B/C", [])
            let page = try #require(try await collector.get("/metrics")).text
            for line in [
                #"sonde_records_accepted_total{signal="spans"} 2"#,
                #"sonde_ingest_requests_refused_total{reason="undecodable",signal="spans"} 1"#,
                #"sonde_http_requests_total{listener="otlp-grpc",route="\#(GRPCPath.traces)",status="OK"} 1"#,
                #"sonde_http_requests_total{listener="otlp-grpc",route="\#(GRPCPath.traces)",status="INVALID_ARGUMENT"} 1"#,
                #"sonde_http_requests_total{listener="otlp-grpc",route="none",status="UNIMPLEMENTED"} 1"#,
                #"sonde_http_connections{listener="otlp-grpc"} 1"#, "sonde_ingest_in_flight_bytes 0",
            ] {
                #expect(page.contains(line), "\(line)")
            }
        }
    }

    // MARK: Time

    /// 99999999 hours are more nanoseconds than 64 bits hold.
    @Test(arguments: ["99999999H", "99999999M", "99999999S", "99999999m"])
    func aCallerMayHaveAllTheTimeInTheWorld(timeout: String) async throws {
        try await run { _, connection in
            let reply = try await connection.call(GRPCPath.traces, spans, headers: [("grpc-timeout", timeout)])
            #expect(reply.status == 0)
            #expect(try await connection.call(GRPCPath.traces, spans).status == 0)
        }
    }

    @Test func aCallerThatHasNoMoreTimeIsTold() async throws {
        let store = GatedStore()
        try await run(store: store) { _, connection in
            let reply = try await connection.call(GRPCPath.traces, spans, headers: [("grpc-timeout", "50m")])
            #expect(reply.status == 4)
            await store.gate.open()
            #expect(try await connection.call(GRPCPath.traces, spans).status == 0)
        }
    }

    @Test func aMessageThatDoesNotArriveInTimeIsRefused() async throws {
        try await run(configure: { $0.limits.requestDeadline = .milliseconds(50) }) { _, connection in
            let id = try await connection.begin(GRPCPath.traces)
            try await connection.send(GRPCConnection.prefix(100), on: id, isLast: false)
            let reply = try await connection.reply(on: id)
            #expect(reply.status == 4)
            #expect(reply.text.contains("did not arrive in time"))
        }
    }

    // MARK: Bad manners

    @Test func rapidResetsEndTheConnection() async throws {
        try await run { collector, connection in
            do {
                for _ in 0..<400 {
                    let id = try await connection.begin(GRPCPath.traces)
                    try await connection.send(.rstStream(.cancel), on: id)
                }
            } catch {
                // Hung up while we were still sending.
            }
            #expect(await connection.isClosed())
            let reply = try await GRPCConnection.open(port: collector.grpcPort) { other in
                try await other.call(GRPCPath.traces, spans)
            }
            #expect(reply.status == 0)
        }
    }

    @Test func aFloodOfPingsEndsTheConnection() async throws {
        try await run { _, connection in
            do {
                for number in 0..<10_000 {
                    try await connection.send(.ping(HTTP2PingData(withInteger: UInt64(number)), ack: false))
                }
            } catch {
                // Hung up while we were still sending.
            }
            #expect(await connection.isClosed())
        }
    }

    @Test func pingsAreAnswered() async throws {
        try await run { _, connection in
            try await connection.send(.ping(HTTP2PingData(withInteger: 77), ack: false))
            try await connection.notice {
                if case .ping(let data, ack: true) = $0 { data == HTTP2PingData(withInteger: 77) } else { false }
            }
        }
    }

    @Test func moreCallsAtOnceThanAllowedWaitTheirTurn() async throws {
        let store = GatedStore()
        try await run(store: store, configure: { $0.limits.grpcStreams = 2 }) { _, connection in
            var calls: [HTTP2StreamID] = []
            // Our client keeps to the setting once it has read it.
            _ = try await connection.call(GRPCPath.health, [])
            for _ in 0..<2 {
                let id = try await connection.begin(GRPCPath.traces)
                try await connection.send(GRPCConnection.framed(spans), on: id, isLast: true)
                calls.append(id)
            }
            await store.gate.arrivals(2)
            await store.gate.open()
            for id in calls { #expect(try await connection.reply(on: id).status == 0) }
        }
    }

    @Test func headersWithoutBoundAreRefused() async throws {
        try await run { _, connection in
            let huge = String(repeating: "x", count: 30_000)
            do {
                let id = try await connection.begin(GRPCPath.traces, headers: [("x-a", huge)])
                _ = try await connection.reply(on: id)
                Issue.record("a request with 30 kB of headers was answered")
            } catch {
                #expect(await connection.isClosed())
            }
        }
    }

    // MARK: The end

    @Test func callsUnderWayAreAnsweredWhenTheCollectorStops() async throws {
        let store = GatedStore()
        let client = try await RunningCollector.run(
            store: store, configure: { $0.listeners[.otlpGRPC] = .loopback(0) }
        ) { collector in
            let client = Task {
                try await GRPCConnection.open(port: collector.grpcPort) { connection in
                    let id = try await connection.begin(GRPCPath.traces)
                    try await connection.send(GRPCConnection.framed(spans), on: id, isLast: true)
                    try await connection.notice { if case .goAway = $0 { true } else { false } }
                    await store.gate.open()
                    let status = try await connection.reply(on: id).status
                    #expect(await connection.isClosed())
                    return status
                }
            }
            await store.gate.arrivals(1)
            return client
        }
        #expect(try await client.value == 0)
    }

    // MARK: Strangers

    @Test func httpOnThePortIsToldWhereToGo() async throws {
        try await run { collector, _ in
            let reply = try #require(
                try await collector.send(
                    "POST", "/v1/traces", headers: ["content-type": "application/x-protobuf"], body: spans,
                    to: collector.grpcPort))
            #expect(reply.status == 400)
            #expect(try RPCStatus(protobuf: reply.body).message.contains("OTLP over HTTP is taken by another"))
            let page = try #require(try await collector.send("GET", "/", to: collector.grpcPort))
            #expect(page.status == 400)
            #expect(page.text.contains("this port takes OTLP over gRPC"))
        }
    }

    @Test func bytesThatAreNoProtocolAtAllEndTheConnection() async throws {
        try await run { collector, _ in
            try await RawConnection.open(port: collector.grpcPort) { connection in
                // The beginning of a TLS handshake.
                try await connection.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03])
                let reply = try await connection.response()
                #expect(reply == nil || reply?.status == 400)
            }
            try await RawConnection.open(port: collector.grpcPort) { connection in
                try await connection.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
                try await connection.send([UInt8](repeating: 0xFF, count: 100))
                #expect(try await connection.response() == nil)
            }
        }
    }

    @Test func grpcOnTheHTTPPortGetsARefusal() async throws {
        try await RunningCollector.run { collector in
            try await RawConnection.open(port: collector.otlpPort) { connection in
                try await connection.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
                let reply = try #require(try await connection.response())
                #expect(reply.status == 400)
                #expect(reply.text.contains("4317"))
            }
        }
    }
}
