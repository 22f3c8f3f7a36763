// SPDX-License-Identifier: Apache-2.0
// A response's body with a deadline for all of it. AsyncHTTPClient's own deadline ends with the head: a server that
// sends a byte now and then would hold its caller for as long as it likes.

#if HTTPClient
    import AsyncHTTPClient
    import NIOCore

    /// The chunks of a body; past the deadline, wherever it is read, `HTTPClientError.deadlineExceeded`.
    struct TimedBody: AsyncSequence, Sendable {
        let body: HTTPClientResponse.Body
        let deadline: ContinuousClock.Instant

        func makeAsyncIterator() -> AsyncIterator { AsyncIterator(reader: Reader(body), deadline: deadline) }

        struct AsyncIterator: AsyncIteratorProtocol {
            fileprivate let reader: Reader
            let deadline: ContinuousClock.Instant

            func next() async throws -> ByteBuffer? {
                try await withThrowingTaskGroup(of: ByteBuffer?.self) { group in
                    // The client gives a body up as soon as the task that reads it is cancelled.
                    defer { group.cancelAll() }
                    group.addTask { [reader] in try await reader.next() }
                    group.addTask { [deadline] in
                        try await Task.sleep(until: deadline, clock: .continuous)
                        throw HTTPClientError.deadlineExceeded
                    }
                    return try await group.next() ?? nil
                }
            }
        }

        /// Holds the place in the body: an iterator can't be handed to a task.
        fileprivate actor Reader {
            private var iterator: HTTPClientResponse.Body.AsyncIterator

            init(_ body: HTTPClientResponse.Body) { iterator = body.makeAsyncIterator() }

            func next() async throws -> ByteBuffer? {
                var iterator = iterator
                defer { self.iterator = iterator }
                return try await iterator.next(isolation: self)
            }
        }
    }
#endif
