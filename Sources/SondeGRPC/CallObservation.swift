// SPDX-License-Identifier: Apache-2.0
// One call from its beginning to its status, on either side.

#if GRPC
    import CoreMetrics
    import GRPCCore
    import Sonde
    import Synchronization
    import Tracing

    /// Ends span and measurement exactly once: when told, or when the answer is thrown away unread.
    final class CallObservation: Sendable {
        enum Side {
            case client
            case server
        }

        let span: any Span
        private let side: Side
        private let method: String
        private let peer: RPCPeer
        private let factory: any MetricsFactory
        private let start = ContinuousClock.now
        private let isFinished = Atomic(false)

        /// The client's side: what it calls is told who called.
        convenience init(_ context: ClientContext, _ metadata: inout Metadata, _ telemetry: Telemetry?) {
            let tracer: any Tracer = telemetry?.tracer ?? InstrumentationSystem.tracer
            self.init(
                .client, method: context.descriptor, peer: context.remotePeer,
                caller: ServiceContext.current ?? .topLevel, tracer: tracer, telemetry: telemetry)
            tracer.inject(span.context, into: &metadata, using: MetadataCarrier())
        }

        /// The server's side: who called is read from the metadata.
        convenience init(_ context: ServerContext, _ metadata: Metadata, _ telemetry: Telemetry?) {
            let tracer: any Tracer = telemetry?.tracer ?? InstrumentationSystem.tracer
            var caller = ServiceContext.topLevel
            tracer.extract(metadata, into: &caller, using: MetadataCarrier())
            self.init(
                .server, method: context.descriptor, peer: context.remotePeer, caller: caller, tracer: tracer,
                telemetry: telemetry)
        }

        private init(
            _ side: Side, method: MethodDescriptor, peer: String, caller: ServiceContext, tracer: any Tracer,
            telemetry: Telemetry?
        ) {
            self.side = side
            self.method = method.fullyQualifiedMethod
            self.peer = RPCPeer(peer)
            factory = telemetry?.metrics ?? MetricsSystem.factory
            span = tracer.startSpan(
                self.method, context: caller, ofKind: side == .client ? .client : .server)
            guard span.isRecording else { return }
            span.updateAttributes { attributes in
                attributes[RPCName.system] = "grpc"
                attributes[RPCName.method] = self.method
                attributes["network.peer.address"] = self.peer.address
                attributes["network.peer.port"] = self.peer.port
                guard side == .client else { return }
                attributes["server.address"] = self.peer.address
                attributes["server.port"] = self.peer.port
            }
        }

        deinit { finish(RPCError(code: .cancelled, message: "the answer was not read to its end")) }

        /// Runs a part of the call inside of its span; an error ends the call.
        func run<Result>(_ part: () async throws -> Result) async throws -> Result {
            do {
                return try await ServiceContext.withValue(span.context) { try await part() }
            } catch {
                span.recordError(error)
                finish(RPCError(seenBySender: error))
                throw error
            }
        }

        /// - Parameter error: nil for the status OK.
        func finish(_ error: RPCError?) {
            guard isFinished.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged else {
                return
            }
            let status = error?.code.name ?? "OK"
            let isFailure = error.map { side == .client || $0.code.isServerFault } ?? false
            if span.isRecording {
                span.attributes[RPCName.status] = status
                if let error, isFailure {
                    span.attributes[RPCName.errorType] = status
                    span.setStatus(SpanStatus(code: .error, message: error.message.isEmpty ? nil : error.message))
                }
            }
            measure(status: status, isFailure: isFailure)
            span.end()
        }

        private func measure(status: String, isFailure: Bool) {
            var labels = [(RPCName.system, "grpc"), (RPCName.method, method), (RPCName.status, status)]
            if isFailure { labels.append((RPCName.errorType, status)) }
            if side == .client {
                if let address = peer.address { labels.append(("server.address", address)) }
                if let port = peer.port { labels.append(("server.port", "\(port)")) }
            }
            let name = side == .client ? RPCName.clientDuration : RPCName.serverDuration
            Timer(label: name, dimensions: labels, factory: factory)
                .recordNanoseconds((ContinuousClock.now - start).nanoseconds)
        }
    }
#endif
