// SPDX-License-Identifier: Apache-2.0
// The server's side of a gRPC call.

#if GRPC
    public import GRPCCore
    public import Sonde
    import Tracing

    /// Opens a server span for each call and measures it (`rpc.server.call.duration`).
    ///
    /// ```swift
    /// let server = GRPCServer(
    ///     transport: transport, services: [greeter], interceptors: [TelemetryServerInterceptor()])
    /// ```
    ///
    /// The caller's trace context is read from the metadata; handlers run inside the span, the writing of a streamed
    /// answer included. UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE and DATA_LOSS fail the span; what
    /// the caller did wrong does not. A call to a method that the server does not have never reaches an interceptor.
    public struct TelemetryServerInterceptor: ServerInterceptor {
        private let telemetry: Telemetry?

        /// - Parameter telemetry: Whose tracer and metrics to use; the global ones if nil.
        public init(telemetry: Telemetry? = nil) { self.telemetry = telemetry }

        public func intercept<Input: Sendable, Output: Sendable>(
            request: StreamingServerRequest<Input>, context: ServerContext,
            next:
                @Sendable (StreamingServerRequest<Input>, ServerContext) async throws -> StreamingServerResponse<Output>
        ) async throws -> StreamingServerResponse<Output> {
            let observation = CallObservation(context, request.metadata, telemetry)
            let response = try await observation.run { try await next(request, context) }
            return finishing(response, observation)
        }

        /// The answer is written after this returns; the call ends with it.
        private func finishing<Output>(
            _ response: StreamingServerResponse<Output>, _ observation: CallObservation
        ) -> StreamingServerResponse<Output> {
            switch response.accepted {
            case .failure(let error):
                observation.finish(error)
                return response
            case .success(let contents):
                return StreamingServerResponse(metadata: contents.metadata) { writer in
                    let trailers = try await observation.run { try await contents.producer(writer) }
                    observation.finish(nil)
                    return trailers
                }
            }
        }
    }
#endif
