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

        init(_ side: Side, method: MethodDescriptor, peer: String, caller: ServiceContext, telemetry: Telemetry?) {
            self.side = side
            self.method = method.fullyQualifiedMethod
            self.peer = RPCPeer(peer)
            factory = telemetry?.metrics ?? MetricsSystem.factory
            let tracer: any Tracer = telemetry?.tracer ?? InstrumentationSystem.tracer
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
