// SPDX-License-Identifier: Apache-2.0
// The client's side of a gRPC call.

#if GRPC
    public import GRPCCore
    public import Sonde
    import Tracing

    /// Opens a client span for each call, passes the trace on in the metadata, and measures the call
    /// (`rpc.client.call.duration`).
    ///
    /// ```swift
    /// let client = GRPCClient(transport: transport, interceptors: [TelemetryClientInterceptor()])
    /// ```
    ///
    /// The span ends with the status: when the last message of the answer has been read, or when the answer is thrown away
    /// (CANCELLED). Every status but OK fails it. Each attempt that grpc-swift makes of a call has a span of its own.
    public struct TelemetryClientInterceptor: ClientInterceptor {
        private let telemetry: Telemetry?

        /// - Parameter telemetry: Whose tracer and metrics to use; the global ones if nil.
        public init(telemetry: Telemetry? = nil) { self.telemetry = telemetry }

        public func intercept<Input: Sendable, Output: Sendable>(
            request: StreamingClientRequest<Input>, context: ClientContext,
            next: (StreamingClientRequest<Input>, ClientContext) async throws -> StreamingClientResponse<Output>
        ) async throws -> StreamingClientResponse<Output> {
            var request = request
            let observation = CallObservation(context, &request.metadata, telemetry)
            let response = try await observation.run { [request] in try await next(request, context) }
            return finishing(response, observation)
        }

        private func finishing<Output>(
            _ response: StreamingClientResponse<Output>, _ observation: CallObservation
        ) -> StreamingClientResponse<Output> {
            switch response.accepted {
            case .failure(let error):
                observation.finish(error)
                return response
            case .success(let contents):
                let parts = ObservedParts(parts: contents.bodyParts, observation: observation)
                return StreamingClientResponse(
                    metadata: contents.metadata, bodyParts: RPCAsyncSequence(wrapping: parts))
            }
        }
    }

    /// The parts of an answer, the last of which ends the call.
    private struct ObservedParts<Part: Sendable>: AsyncSequence, Sendable {
        typealias Element = Part
        typealias Failure = any Error

        let parts: RPCAsyncSequence<Part, any Error>
        let observation: CallObservation

        func makeAsyncIterator() -> AsyncIterator {
            AsyncIterator(parts: parts.makeAsyncIterator(), observation: observation)
        }

        struct AsyncIterator: AsyncIteratorProtocol {
            fileprivate var parts: RPCAsyncSequence<Part, any Error>.AsyncIterator
            let observation: CallObservation

            mutating func next() async throws -> Part? { try await next(isolation: nil) }

            mutating func next(isolation actor: isolated (any Actor)?) async throws -> Part? {
                do {
                    let part = try await parts.next(isolation: actor)
                    if part == nil { observation.finish(nil) }
                    return part
                } catch {
                    observation.finish(RPCError(seenBySender: error))
                    throw error
                }
            }
        }
    }
#endif
