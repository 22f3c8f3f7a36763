// SPDX-License-Identifier: Apache-2.0
// Both interceptors around calls over grpc-swift's in-process transport. Empty without the trait GRPC.

#if GRPC
    import GRPCCore
    import GRPCInProcessTransport
    import SondeModel
    import SondeSight
    import Testing
    import Tracing

    @testable import Sonde
    @testable import SondeGRPC

    struct InterceptorTests {
        struct Broken: Error, CustomStringConvertible { var description: String { "it broke" } }

        private struct Bytes: MessageSerializer, MessageDeserializer {
            func serialize<Body: GRPCContiguousBytes>(_ message: [UInt8]) -> Body { Body(message) }
            func deserialize<Body: GRPCContiguousBytes>(_ body: Body) -> [UInt8] { body.withUnsafeBytes { Array($0) } }
        }

        /// Answers as it is asked to.
        private struct Echo: RegistrableRPCService {
            static let service = ServiceDescriptor(fullyQualifiedService: "test.Echo")
            static func method(_ name: String) -> MethodDescriptor { MethodDescriptor(service: service, method: name) }

            let headers: @Sendable (Metadata) -> Void

            func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
                register("Repeat", in: &router) { request in
                    headers(request.metadata)
                    let span = ServiceContext.current?.spanID ?? "none"
                    return StreamingServerResponse(metadata: ["span": .string(span)]) { writer in
                        for try await message in request.messages { try await writer.write(message) }
                        return ["written-in": .string(ServiceContext.current?.spanID ?? "none")]
                    }
                }
                register("Refuse", in: &router) { _ in
                    StreamingServerResponse(error: RPCError(code: .invalidArgument, message: "no"))
                }
                register("Throw", in: &router) { _ in throw Broken() }
                register("Stop", in: &router) { _ in
                    StreamingServerResponse(metadata: [:]) { writer in
                        try await writer.write([1])
                        throw RPCError(code: .unavailable, message: "gone")
                    }
                }
            }

            private func register<Transport: ServerTransport>(
                _ name: String, in router: inout RPCRouter<Transport>,
                _ handler:
                    @escaping @Sendable (StreamingServerRequest<[UInt8]>) async throws
                    -> StreamingServerResponse<[UInt8]>
            ) {
                router.registerHandler(
                    forMethod: Self.method(name), deserializer: Bytes(), serializer: Bytes()
                ) { request, _ in try await handler(request) }
            }
        }

        private struct Seen {
            var outcome: Result<[[UInt8]], any Error>
            var trailers: Metadata
            var headers: [Metadata]
            var server: [SpanRecord]
            var client: [SpanRecord]
            var metrics: [String]
        }

        private func telemetry(_ name: String) throws -> Telemetry {
            var configuration = TelemetryConfiguration(serviceName: name)
            configuration.logOutput = .none
            return try Telemetry(configuration)
        }

        /// One call of a method, with two messages, read to its end or not at all.
        private func call(
            _ method: String, reads: Bool = true, context: ServiceContext = .topLevel
        ) async throws -> Seen {
            let (server, client) = (try telemetry("server"), try telemetry("client"))
            let transport = InProcessTransport()
            let headers = Collected()
            let outcome: Result<([[UInt8]], Metadata), any Error> = try await withGRPCServer(
                transport: transport.server, services: [Echo { headers.add($0) }],
                interceptors: [TelemetryServerInterceptor(telemetry: server)]
            ) { _ in
                try await withGRPCClient(
                    transport: transport.client, interceptors: [TelemetryClientInterceptor(telemetry: client)]
                ) { grpc in
                    await ServiceContext.withValue(context) {
                        do { return .success(try await talk(grpc, method, reads: reads)) } catch {
                            return .failure(error)
                        }
                    }
                }
            }
            return Seen(
                outcome: outcome.map(\.0), trailers: (try? outcome.get())?.1 ?? [:], headers: headers.all,
                server: try server.takeSpans(), client: try client.takeSpans(),
                metrics: server.metrics.lines("rpc_") + client.metrics.lines("rpc_"))
        }

        private func talk(
            _ grpc: GRPCClient<InProcessTransport.Client>, _ method: String, reads: Bool
        ) async throws -> ([[UInt8]], Metadata) {
            let request = StreamingClientRequest<[UInt8]> { writer in
                try await writer.write([1])
                try await writer.write([2])
            }
            return try await grpc.bidirectionalStreaming(
                request: request, descriptor: Echo.method(method), serializer: Bytes(), deserializer: Bytes(),
                options: .defaults
            ) { response in
                guard reads else { return ([], [:]) }
                var messages: [[UInt8]] = []
                var trailers: Metadata = [:]
                for try await part in response.bodyParts {
                    switch part {
                    case .message(let message): messages.append(message)
                    case .trailingMetadata(let metadata): trailers = metadata
                    }
                }
                return (messages, trailers)
            }
        }

        @Test(
            arguments: [
                ("Refuse", "INVALID_ARGUMENT", StatusCode.unset, "no"), ("Throw", "UNKNOWN", .error, "it broke"),
                ("Stop", "UNAVAILABLE", .error, "gone"),
            ])
        func whoIsToBlameIsMarkedAsFailed(
            method: String, status: String, server: StatusCode, message: String
        ) async throws {
            let seen = try await call(method)
            #expect(throws: RPCError.self) { try seen.outcome.get() }
            let (served, called) = (try #require(seen.server.first), try #require(seen.client.first))
            #expect(seen.server.count == 1 && seen.client.count == 1)
            for span in [served, called] {
                #expect(span.attributes["rpc.response.status_code"] == .string(status))
            }
            #expect(served.status.code == server && called.status.code == .error)
            #expect((served.attributes["error.type"] == nil) == (server == .unset))
            #expect(called.attributes["error.type"] == .string(status))
            if server == .error { #expect(served.status.message == message) }
        }

        @Test func oneTraceReachesFromTheCallerIntoTheHandler() async throws {
            let telemetry = try telemetry("caller")
            var context = telemetry.tracer.startSpan("caller").context
            context.baggage["user"] = "alice"
            let seen = try await call("Repeat", context: context)
            #expect(try seen.outcome.get() == [[1], [2]])
            let (served, called) = (try #require(seen.server.first), try #require(seen.client.first))
            #expect(called.parentSpanID.hex == context.spanID && called.traceID.hex == context.traceID)
            #expect(served.parentSpanID == called.spanID && served.traceID == called.traceID)
            #expect(served.kind == .server && called.kind == .client)
            #expect(served.status.code == .unset && called.status.code == .unset)
            #expect(Array(seen.trailers[stringValues: "written-in"]) == [served.spanID.hex])
            let headers = try #require(seen.headers.first)
            #expect(Array(headers[stringValues: "baggage"]) == ["user=alice"])
            for span in [served, called] {
                #expect(span.name == "test.Echo/Repeat")
                #expect(span.attributes["rpc.system.name"] == .string("grpc"))
                #expect(span.attributes["rpc.method"] == .string("test.Echo/Repeat"))
                #expect(span.attributes["rpc.response.status_code"] == .string("OK"))
            }
        }

        @Test func callsAreMeasuredOnBothSides() async throws {
            let seen = try await call("Repeat")
            for side in ["server", "client"] {
                let line = try #require(seen.metrics.first { $0.hasPrefix("rpc_\(side)_call_duration_seconds_count") })
                #expect(line.contains(#"rpc_method="test.Echo/Repeat""#) && line.contains(#"="OK""#))
                #expect(line.hasSuffix(" 1"))
            }
        }

        @Test func anAnswerThatIsNotReadIsACancelledCall() async throws {
            let seen = try await call("Repeat", reads: false)
            let called = try #require(seen.client.first)
            #expect(called.attributes["rpc.response.status_code"] == .string("CANCELLED"))
            #expect(seen.client.count == 1)
        }

        @Test(
            arguments: [
                ("ipv4:127.0.0.1:50051", "127.0.0.1", 50_051), ("ipv6:[::1]:80", "::1", 80),
                ("ipv6:%5B::1%5D:80", "::1", 80), ("unix:/tmp/a:b", "/tmp/a:b", nil), ("dns:host:1", "host", 1),
                ("ipv4:", nil, nil), ("in-process:17", nil, nil), ("", nil, nil),
            ] as [(String, String?, Int?)])
        func takesPeersApart(text: String, address: String?, port: Int?) {
            let peer = RPCPeer(text)
            #expect(peer.address == address && peer.port == port)
        }
    }
#endif
